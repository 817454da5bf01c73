/**
 * A revocation from the call to its confirmation, told step by step.
 * Promise: an answer that is lost half way is `unknown`, never a failure: repeated with the same key it is the same revocation.
 */
import { beginWave, endWave, settleLane } from '../state/wave.ts'
import { call, open, type CallOptions } from './client.ts'
import { eventsIn, type ServerEvent } from './events.ts'
import { problemFrom } from './problem.ts'
import type { DryRun, RevocationResult, Scope } from './types.ts'

export interface RevocationOrder {
  readonly scope: Scope
  readonly reason: string
  readonly except_current?: true
}

export interface NamedVerifier {
  readonly id: string
  readonly service: string | null
  readonly host: string | null
}

/** Called once it stands in the log. */
type OnRecorded = (verifiers: readonly NamedVerifier[]) => void

/** @throws ApiProblem for a refusal, and for an answer that broke off. Undefined where it ended without a result. */
export function revoke(
  order: RevocationOrder,
  key: string,
  onRecorded: OnRecorded,
): Promise<RevocationResult | undefined> {
  return travel('/v1/revocations', { body: order, headers: { 'idempotency-key': key } }, onRecorded)
}

/** The word of a second operator, upon which it happens. @throws as `revoke` does */
export function approve(id: string, onRecorded: OnRecorded): Promise<RevocationResult | undefined> {
  return travel(`/v1/revocations/${encodeURIComponent(id)}/approve`, {}, onRecorded)
}

export async function reject(id: string): Promise<void> {
  await call('POST', `/v1/revocations/${encodeURIComponent(id)}/reject`)
}

async function travel(
  path: string,
  options: CallOptions,
  onRecorded: OnRecorded,
): Promise<RevocationResult | undefined> {
  const headers = { ...options.headers, accept: 'text/event-stream, application/json' }
  const response = await open('POST', path, { ...options, headers })
  if (response.headers.get('content-type')?.startsWith('text/event-stream') !== true)
    return (await response.json()) as RevocationResult
  let position = ''
  try {
    for await (const event of eventsIn(response)) {
      if (event.type === 'result') return event.data as unknown as RevocationResult
      if (event.type === 'problem') throw problemFrom(Number(event.data['status']), event.data)
      position = follow(event, position, onRecorded)
    }
  } finally {
    endWave(position)
  }
  return undefined
}

function follow({ type, data }: ServerEvent, before: string, onRecorded: OnRecorded): string {
  const verifier = String(data['verifier'])
  switch (type) {
    case 'recorded': {
      const position = String(data['position'])
      const verifiers = data['verifiers'] as readonly NamedVerifier[]
      beginWave(
        position,
        verifiers.map(({ id }) => id),
      )
      onRecorded(verifiers)
      return position
    }
    case 'acknowledged':
      settleLane(before, verifier, { state: 'acknowledged', elapsedMs: Number(data['elapsed_ms']) })
      return before
    case 'lapsed':
      settleLane(before, verifier, { state: 'lapsed' })
      return before
    default:
      return before
  }
}

/** Whom it would hit; changes nothing. */
export async function countAffected(
  order: Omit<RevocationOrder, 'reason'>,
  signal: AbortSignal,
): Promise<DryRun> {
  const body = { ...order, reason: 'dry run', dry_run: true }
  return call<DryRun>('POST', '/v1/revocations', { body, signal, isPrompt: true })
}
