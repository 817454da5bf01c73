/**
 * ② ④ Reads sessions with everything that decides about them: one question to the store for sessions, one for subjects.
 * Promise: a verdict rests on all facts up to `asOf`, wherever they are at that moment, in Redis or still on their way.
 */
import { subjectKey, type Position, type SessionId, type SubjectKey } from '@curfew/contracts'

import type { SubjectFacts } from '../log/facts.ts'
import type { LogView, Pin } from '../log/log-view.ts'
import type { Clock, FactLog, Reading } from '../log/ports.ts'
import { requireLease } from '../log/require-lease.ts'
import { Unavailable } from '../log/unavailable.ts'
import type { WideFacts } from '../log/wide-facts.ts'
import type { SessionStore, SubjectStore } from './ports.ts'
import type { SessionRecord } from './session-record.ts'
import { judge, type Verdict } from './validity.ts'

export interface LookUpPorts {
  readonly view: LogView
  readonly log: FactLog
  readonly sessions: SessionStore
  readonly subjects: SubjectStore
  readonly clock: Clock
}

export type LookedUp =
  | { readonly verdict: 'unknown' }
  | { readonly verdict: Verdict; readonly session: SessionRecord; readonly subject: SubjectFacts }

export interface LookUp {
  /** Taken before the store was read. */
  readonly asOf: Position
  /** What the view had reached when the verdicts were made. */
  readonly decidedAt: Position
  readonly nowMs: number
  readonly sessions: readonly LookedUp[]
}

/**
 * Answers in the order of the question. Throws Unavailable, or what the store threw, when the truth cannot be had.
 * @param asIf by which wide facts to judge, instead of those that hold
 */
export async function lookUp(
  ports: LookUpPorts,
  ids: readonly SessionId[],
  asIf: (wide: WideFacts) => WideFacts = (wide) => wide,
): Promise<LookUp> {
  return withPin(ports, async (pin) => {
    const asOf = ports.view.applied
    const stored = trusted(ports, pin, await ports.sessions.read(ids))
    const subjects = await readSubjects(ports, pin, stored)
    // No await from here on: the verdicts, their time and `decidedAt` belong together.
    const nowMs = ports.clock.nowMs()
    const wide = asIf(ports.view.wide)
    const sessions = stored.map((session): LookedUp => {
      if (session === undefined) return { verdict: 'unknown' }
      const subject = subjects(subjectKey(session.tenant, session.user))
      const evidence = { subject, wide, endedAt: ports.view.endedAt(session.id) }
      return { verdict: judge(session, evidence, nowMs), session, subject }
    })
    return { asOf, decidedAt: ports.view.applied, nowMs, sessions }
  })
}

/** Everything known about one subject, whether or not it has sessions. */
export async function lookUpSubject(ports: LookUpPorts, key: SubjectKey): Promise<SubjectFacts> {
  const [facts] = await lookUpSubjects(ports, [key])
  return facts ?? {}
}

/** In the order of the question. */
export async function lookUpSubjects(
  ports: LookUpPorts,
  keys: readonly SubjectKey[],
): Promise<readonly SubjectFacts[]> {
  return withPin(ports, async (pin) => {
    const stored = trusted(ports, pin, await ports.subjects.read(keys))
    return keys.map((key, index) => ports.view.subject(key, stored[index] ?? {}))
  })
}

async function withPin<T>(ports: LookUpPorts, read: (pin: Pin) => Promise<T>): Promise<T> {
  requireLease(ports.log)
  if (!ports.view.complete) throw new Unavailable('view-incomplete')
  const pin = ports.view.pin()
  try {
    return await read(pin)
  } finally {
    pin.release()
  }
}

async function readSubjects(
  ports: LookUpPorts,
  pin: Pin,
  sessions: readonly (SessionRecord | undefined)[],
): Promise<(key: SubjectKey) => SubjectFacts> {
  const keys = [
    ...new Set(sessions.flatMap((session) => (session ? [subjectKey(session.tenant, session.user)] : []))),
  ]
  const stored = keys.length === 0 ? [] : trusted(ports, pin, await ports.subjects.read(keys))
  const facts = new Map(keys.map((key, index) => [key, stored[index] ?? {}]))
  return (key) => ports.view.subject(key, facts.get(key) ?? {})
}

/** A store that has gone back in time, or a view that has gaps by now, must not decide anything. */
function trusted<T>(ports: LookUpPorts, pin: Pin, reading: Reading<T>): readonly T[] {
  // Reading takes time, and the process may have been stopped meanwhile.
  requireLease(ports.log)
  if (!pin.intact) throw new Unavailable('view-reset')
  if (!ports.view.complete) throw new Unavailable('view-incomplete')
  if (reading.projected < pin.floor) {
    ports.log.startAgain('redis-rewound')
    throw new Unavailable('redis-rewound')
  }
  return reading.found
}
