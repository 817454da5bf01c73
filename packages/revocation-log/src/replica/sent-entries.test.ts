import { formatPosition, ORIGIN, type LogEntry, type Position } from '@curfew/contracts'
import { describe, expect, it } from 'vitest'

import type { Publication } from './ports.ts'
import { SentEntries } from './sent-entries.ts'

const at = (seq: number): Position => formatPosition(2, seq)
const entry: LogEntry = {
  v: 1,
  id: 'mine',
  type: 'resumed',
  at: '',
  actor: 'system',
  tenant: 'acme' as never,
}
const others: LogEntry = { ...entry, id: 'others' }
const UNKNOWN: Publication = { kind: 'unknown' }

/** @param meanwhile what the replica reads up to the barrier. */
function scripted(said: Publication, last: Position, meanwhile: readonly [LogEntry, Position][] = []) {
  const sent: SentEntries = new SentEntries({
    publish: async () => said,
    lastPositionOf: async () => last,
    catchUp: async () => {
      for (const [read, position] of meanwhile) sent.note(read, position)
      return true
    },
  })
  return sent
}

describe('an entry that was to follow a certain one, with no answer from the server', () => {
  it('was stored when the log has it, also when something else has followed', async () => {
    const sent = scripted(UNKNOWN, at(8), [
      [entry, at(7)],
      [others, at(8)],
    ])
    expect(await sent.publish(entry, { last: at(5) })).toEqual({
      kind: 'stored',
      position: at(7),
      duplicate: false,
    })
  })

  it('was not, and never will be, when something else has followed instead', async () => {
    const sent = scripted(UNKNOWN, at(8), [[others, at(8)]])
    expect(await sent.publish(entry, { last: at(5) })).toEqual({ kind: 'conflict' })
  })

  it('never will be when it was to be the next of the log: the barrier has taken that place', async () => {
    const sent = scripted(UNKNOWN, at(5))
    expect(await sent.publish(entry, { last: at(5), end: at(9) })).toEqual({ kind: 'conflict' })
    const met = scripted(UNKNOWN, at(10), [[entry, at(10)]])
    const stored = { kind: 'stored', position: at(10), duplicate: false }
    expect(await met.publish(entry, { last: at(5), end: at(9) })).toEqual(stored)
  })

  it.each([
    ['in this log', at(5), at(5)],
    ['ever', at(0), ORIGIN],
    ['in this log, though in an earlier one', at(0), formatPosition(1, 99)],
  ])('stays unknown when nothing has followed %s: it may still arrive', async (_, last, expected) => {
    expect(await scripted(UNKNOWN, last).publish(entry, { last: expected })).toEqual(UNKNOWN)
  })

  it('stays unknown when the log cannot be read', async () => {
    const publish = async (): Promise<Publication> => UNKNOWN
    const lastPositionOf = async (): Promise<Position> => at(8)
    const behind = new SentEntries({ publish, lastPositionOf, catchUp: async () => false })
    expect(await behind.publish(entry, { last: at(5) })).toEqual(UNKNOWN)
    const lost = (): Promise<never> => Promise.reject(new Error('no server'))
    const silent = new SentEntries({ publish, lastPositionOf: lost, catchUp: async () => true })
    expect(await silent.publish(entry, { last: at(5) })).toEqual(UNKNOWN)
  })

  it('leaves what the server has said alone', async () => {
    for (const said of [{ kind: 'conflict' }, { kind: 'stored', position: at(6), duplicate: true }] as const)
      expect(await scripted(said, at(8), [[entry, at(7)]]).publish(entry, { last: at(5) })).toEqual(said)
  })
})
