/**
 * A change, sent once and looked on while verifiers acknowledge it.
 * Promise: what has become known is kept in `Progress`, for whoever loses the rest; nothing counts as not sent that may have
 * arrived.
 */
import type { ProblemCode } from '@curfew/contracts'
import { Type, type Static, type TSchema } from 'typebox'

import type { Operator, OperatorCall } from '../account/operator.ts'
import { ProblemAnswer } from './answers.ts'
import { eventsOf, isEventStream } from './event-stream.ts'
import { bodyOf, expected, NoAnswer, Refusal, type Call } from './http.ts'

/** Somebody who has to agree, or has. */
export interface AwaitedVerifier {
  readonly id: string
  readonly service: string
  readonly host: string
  readonly state: 'waiting' | 'acknowledged' | 'lapsed'
  readonly elapsedMs?: number | undefined
}

export interface Progress {
  /** Something may have reached the server. */
  isSent: boolean
  position: string | undefined
  /** Why it is being tried again. */
  trouble: string | undefined
  readonly verifiers: Map<string, AwaitedVerifier>
}

export interface Looking {
  readonly progress: Progress
  readonly onProgress: () => void
  readonly signal: AbortSignal
  /** Until an answer begins; a server that does not stream answers only when all have agreed. */
  readonly timeoutMs: number
}

/** Three heartbeats. */
const SILENCE_MS = 45_000

export function newProgress(): Progress {
  return { isSent: false, position: undefined, trouble: undefined, verifiers: new Map() }
}

/** @throws NoAnswer, Refusal; the signal's reason */
export async function sendWatched<T extends TSchema>(
  operator: Operator,
  schema: T,
  call: OperatorCall,
  looking: Looking,
): Promise<Static<T>> {
  const { progress, signal, timeoutMs } = looking
  const wasSent = progress.isSent
  // Until the opposite is certain.
  progress.isSent = true
  try {
    const accept = 'text/event-stream, application/json;q=0.9'
    const response = await operator.open({ ...call, signal, timeoutMs }, accept)
    const addressed: Call = { ...call, base: operator.profile.server }
    if (isEventStream(response)) return await followed(response, schema, { call: addressed, looking })
    return expected(schema, { body: await bodyOf(response, addressed), status: response.status }, addressed)
  } catch (error) {
    signal.throwIfAborted()
    if (!mayHaveHappened(error)) progress.isSent = wasSent
    throw error
  }
}

const NOT_DONE: ReadonlySet<string> = new Set([
  'log-full',
  'audit-unavailable',
] satisfies readonly ProblemCode[])

/** Unavailable is said of the audit trail as well, when the log has taken the change already. */
export function mayHaveHappened(error: unknown): boolean {
  if (error instanceof NoAnswer) return error.mayHaveArrived
  return error instanceof Refusal && error.status >= 500 && !isNotDone(error)
}

/** The service is sure that nothing was recorded, though it may be another time. */
export function isNotDone({ code }: Refusal): boolean {
  return NOT_DONE.has(code)
}

const Name = Type.Union([Type.String(), Type.Null()])
const Recorded = Type.Object({
  position: Type.String(),
  verifiers: Type.Array(Type.Object({ id: Type.String(), service: Name, host: Name })),
})
const Acknowledged = Type.Object({
  verifier: Type.String(),
  service: Type.Optional(Name),
  elapsed_ms: Type.Optional(Type.Number()),
})
const ProblemEvent = Type.Intersect([ProblemAnswer, Type.Object({ status: Type.Integer() })])

async function followed<T extends TSchema>(
  response: Response,
  schema: T,
  { call, looking }: { readonly call: Call; readonly looking: Looking },
): Promise<Static<T>> {
  const { progress, signal, onProgress } = looking
  for await (const { event, data } of eventsOf(response, { silenceMs: SILENCE_MS, signal })) {
    const as = <S extends TSchema>(shape: S): Static<S> =>
      expected(shape, { body: jsonOf(data), status: 200 }, call)
    switch (event) {
      case 'recorded':
        noteRecorded(progress, as(Recorded))
        break
      case 'acknowledged':
      case 'lapsed':
        noteAgreed(progress, event, as(Acknowledged))
        break
      case 'result':
        return as(schema)
      case 'problem': {
        const problem = as(ProblemEvent)
        throw new Refusal({ status: problem.status, headers: new Headers() }, problem)
      }
      case undefined:
      default:
    }
    onProgress()
  }
  throw new NoAnswer('The stream ended before the result.', true)
}

function noteRecorded(progress: Progress, { position, verifiers }: Static<typeof Recorded>): void {
  progress.position = position
  // Sent again, it is told again who has to agree: those who have by now will be told of at once.
  progress.verifiers.clear()
  for (const { id, service, host } of verifiers)
    progress.verifiers.set(id, { id, service: service ?? '', host: host ?? '', state: 'waiting' })
}

function noteAgreed(
  { verifiers }: Progress,
  state: 'acknowledged' | 'lapsed',
  { verifier: id, service, elapsed_ms: elapsedMs }: Static<typeof Acknowledged>,
): void {
  const known = verifiers.get(id) ?? { id, service: service ?? '', host: '' }
  verifiers.set(id, { ...known, state, elapsedMs })
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
