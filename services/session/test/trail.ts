/** ④ The audit trail as an operator reads it, and as somebody who has the broker's own password could change it. */
import { RECORD_EVENT, SUBJECTS, type GatewayEvent } from '@curfew/contracts'
import { ask, connectMessaging } from '@curfew/messaging'
import { expectJson, type BearerClient } from '@curfew/test-kit'
import { jetstreamManager } from '@nats-io/jetstream'

import type { Stage } from './stage.ts'

export interface EventJson {
  readonly id: string
  readonly position: string
  readonly at: string
  readonly type: string
  readonly actor: string
  readonly outcome: string
  readonly request_id?: string
  readonly [member: string]: unknown
}

interface Page {
  readonly events: readonly EventJson[]
  readonly next: string | null
}

interface Verification {
  readonly intact: boolean
  readonly checked: number
  readonly faults: readonly { position: string; fault: string }[]
}

export async function pageOf(
  operator: BearerClient,
  query: Readonly<Record<string, string>> = {},
): Promise<Page> {
  return expectJson(await operator.get(`/v1/audit?${new URLSearchParams(query).toString()}`), 200)
}

/** All that fit, newest first. */
export async function eventsOf(
  operator: BearerClient,
  query: Readonly<Record<string, string>> = {},
): Promise<EventJson[]> {
  const events: EventJson[] = []
  for (let cursor: string | null = ''; cursor !== null;) {
    const page: Page = await pageOf(operator, { limit: '200', ...query, ...(cursor !== '' && { cursor }) })
    events.push(...page.events)
    cursor = page.next
  }
  return events
}

export async function verificationOf(operator: BearerClient): Promise<Verification> {
  return expectJson(await operator.get('/v1/audit/verify'), 200)
}

export async function faultsOf(operator: BearerClient): Promise<string[]> {
  const { faults } = await verificationOf(operator)
  return faults.map(({ position, fault }) => `${Number.parseInt(position, 10)} ${fault}`)
}

export function record(stage: Pick<Stage, 'gateway'>, event: GatewayEvent): Promise<object> {
  return ask(stage.gateway, RECORD_EVENT, SUBJECTS.recordEvent, event)
}

/** Puts other records in the place of those that are stored: what deletion and purging refuse, a new stream does. */
export async function rewriteTrail(stage: Stage, rewrite: (records: string[]) => string[]): Promise<void> {
  const nc = await connectMessaging({ url: stage.servers.natsUrl('admin'), name: 'test-intruder' })
  try {
    const manager = await jetstreamManager(nc)
    const { config, state } = await manager.streams.info('CURFEW_AUDIT')
    const records: string[] = []
    for (let seq = state.first_seq; seq <= state.last_seq; seq++)
      records.push((await manager.streams.getMessage('CURFEW_AUDIT', { seq }))?.string() ?? '')
    await manager.streams.delete('CURFEW_AUDIT')
    await manager.streams.add(config)
    for (const each of rewrite(records)) await manager.jetstream().publish('curfew.audit.trail', each)
  } finally {
    await nc.close()
  }
}
