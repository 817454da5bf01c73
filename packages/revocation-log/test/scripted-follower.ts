/**
 * ⑤ A follower that is told step by step what the stream and the feed bring.
 * Promise: only what the test says happens; what was handed out and doubted is kept.
 */
import {
  formatPosition,
  type LogEntry,
  type MemberId,
  type Position,
  type SessionId,
} from '@curfew/contracts'

import { describeDoubt } from '../src/follow/doubt.ts'
import { Follower } from '../src/follow/follower.ts'
import { Witness } from '../src/follow/witness.ts'

export const at = (seq: number): Position => formatPosition(1, seq)

export const ack = (seq: number, floor: number) => ({ seq, id: `entry-${seq}`, duplicate: false, floor })

/** The entry at a sequence, or another one that claims its place. */
export function json(seq: number, id = `entry-${seq}`): string {
  const entry: LogEntry = { v: 1, id, type: 'revoked', at: '', actor: 'system', scope: { type: 'global' } }
  return JSON.stringify(entry)
}

export function barrierJson(seq: number): string {
  const replica = 'replica' as MemberId
  const entry: LogEntry = { v: 1, id: `barrier-${seq}`, type: 'barrier', at: '', actor: 'system', replica }
  return JSON.stringify(entry)
}

/** The end of one session. */
export function sessionJson(seq: number): string {
  const scope = { type: 'session', session: 'A'.repeat(22) as SessionId } as const
  const entry: LogEntry = { v: 1, id: `entry-${seq}`, type: 'revoked', at: '', actor: 'system', scope }
  return JSON.stringify(entry)
}

export class ScriptedFollower extends Follower {
  readonly handed: Position[]
  readonly doubts: string[]
  /** `onEntry` throws at these positions. */
  readonly refused: Set<Position>

  constructor(
    startAfter = 0,
    bufferLimits = { entries: 100, characters: 100_000 },
    witness = new Witness(startAfter),
    factsExpire = false,
  ) {
    const handed: Position[] = []
    const doubts: string[] = []
    const refused = new Set<Position>()
    super({
      epoch: 1,
      startAfter,
      bufferLimits,
      witness,
      factsExpire,
      onEntry: (_, position) => {
        if (refused.has(position)) throw new Error('not now')
        handed.push(position)
      },
      onDoubt: (doubt) => doubts.push(describeDoubt(doubt)),
    })
    this.handed = handed
    this.doubts = doubts
    this.refused = refused
  }

  begin(nowMs = 0): number {
    const step = this.next(nowMs)
    if (step.kind !== 'catch-up') throw new Error(`${step.kind} instead of a catch-up`)
    return step.run
  }

  /** Reads `from` to `barrier` from the stream; the feed then brings the second barrier, one later. */
  catchUp(from: number, barrier: number, nowMs = 0): void {
    const run = this.begin(nowMs)
    this.readUpTo(run, barrier)
    for (let seq = from; seq <= barrier; seq += 1) this.read(run, { seq, json: json(seq) }, nowMs)
    this.settleAt(run, barrier + 1)
    this.feed(barrier + 1, json(barrier + 1), nowMs)
  }
}
