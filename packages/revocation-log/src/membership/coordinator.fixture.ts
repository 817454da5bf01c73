/** ④ ⑤ One coordinator, the log that it follows and the time, as the tests of it need them. */
import { formatPosition, type LogEntry, type Member, type MemberId } from '@curfew/contracts'
import { waitForMs, type Grant, type Instant } from '@curfew/protocol'

import type { Confirmation } from './confirmation.ts'
import { Coordinator } from './coordinator.ts'
import type { Refusal } from './lease-granter.ts'

export const LEASE_MS = 5000
export const WAIT_MS = waitForMs(LEASE_MS)
export const [self, other, gateway] = ['self', 'other', 'gateway'] as MemberId[] as [
  MemberId,
  MemberId,
  MemberId,
]
export const head = { v: 1, actor: 'system', at: '2026-01-01T00:00:00.000Z' } as const

export const scene = { coordinator: new Coordinator({ replica: self, leaseMs: LEASE_MS }), seq: 0, nowMs: 0 }
let count = 0

/** A replica that follows the log, in which it has just joined. */
export function begin(): void {
  Object.assign(scene, {
    coordinator: new Coordinator({ replica: self, leaseMs: LEASE_MS }),
    seq: 0,
    nowMs: 0,
  })
  scene.coordinator.follow(1)
  scene.coordinator.following(now())
  join(self)
}

export function now(): Instant {
  return { monotonicMs: scene.nowMs, wallMs: scene.nowMs }
}

export function memberNamed(member: MemberId): Member {
  const kind = member === gateway ? 'verifier' : 'replica'
  return { member, kind, service: kind, host: 'host', protocol: 1 }
}

/** The log has one entry more, and this replica has applied it. */
export function say(fact: object): number {
  scene.seq += 1
  const entry = { ...head, id: `e${++count}`, ...fact } as unknown as LogEntry
  scene.coordinator.entryApplied(entry, formatPosition(1, scene.seq), now())
  scene.coordinator.reached(scene.seq, now())
  return scene.seq
}

export function join(member: MemberId, change: Partial<Member> = {}): number {
  return say({ type: 'joined', ...memberNamed(member), ...change })
}

export function revoke(): number {
  return say({ type: 'revoked', scope: { type: 'global' } })
}

export function config(leaseMs: number, previousLeaseMs: number): number {
  return say({ type: 'config', leaseMs, previousLeaseMs })
}

export function barrier(): number {
  const begun = scene.coordinator.beginBarrier(`n${++count}`, now())
  begun.stored(scene.seq + 1, now())
  return say({ type: 'barrier', replica: scene.coordinator.replica })
}

/** How it was settled, or that it was not yet. */
export function confirming(at: number): { get(): Confirmation | undefined | 'pending' } {
  let settled: Confirmation | undefined | 'pending' = 'pending'
  scene.coordinator.confirm(at, now(), (confirmation) => {
    settled = confirmation
  })
  return { get: () => settled }
}

export function asking(member: MemberId): () => Grant | Refusal | undefined {
  let answer: Grant | Refusal | undefined
  scene.coordinator.renewalAsked({ member, reply: (reply) => (answer ??= reply) })
  return () => answer
}

export function byAcknowledgement(total: number): Confirmation {
  return { confirmedBy: 'acknowledgement', verifiers: { total, acknowledged: total, lapsed: 0 } }
}
