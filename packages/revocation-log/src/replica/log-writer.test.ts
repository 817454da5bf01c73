import { formatPosition, newSessionId, type LogEntry } from '@curfew/contracts'
import type { Connection } from '@curfew/messaging'
import { describe, expect, it } from 'vitest'

import type { ProvenAttempt } from '../follow/proven-publish.ts'
import { LogRoom } from '../stream/log-room.ts'
import { createLogWriter } from './log-writer.ts'

const entry: LogEntry = { v: 1, id: 'x', type: 'revoked', at: '', actor: 'system', scope: { type: 'global' } }
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }
const up: Connection = { up: true, lost: new AbortController().signal, restored: AbortSignal.abort() }
const unanswered: ProvenAttempt = { kind: 'unanswered', err: new Error('timeout') }
const refused: ProvenAttempt = { kind: 'refused', err: new Error('not now') }
const full: ProvenAttempt = { kind: 'full', err: new Error('no room') }
const conflict: ProvenAttempt = { kind: 'conflict' }
const stored: ProvenAttempt = { kind: 'acknowledged', seq: 5, duplicate: false }

function scripted(attempts: ProvenAttempt[], connection = up, room = new LogRoom()) {
  const sent: { id: string; expectLast: number | undefined; expectEnd: number | undefined }[] = []
  const writer = createLogWriter({
    epoch: 2,
    log: { lastSequenceOf: async () => 0, lastGrantsOf: async () => undefined },
    connection,
    room,
    logger: silent,
    publishOnce: async ({ id }, { expectLast, expectEnd }) => {
      sent.push({ id, expectLast, expectEnd })
      return attempts.shift() ?? unanswered
    },
  })
  return { writer, sent }
}

describe('LogWriter', () => {
  it('answers with the position once the entry is stored', async () => {
    const { writer } = scripted([stored])
    expect(await writer.publish(entry)).toEqual({
      kind: 'stored',
      position: formatPosition(2, 5),
      duplicate: false,
    })
  })

  it('tries again under the same id and with the same expectation until there is an answer', async () => {
    const { writer, sent } = scripted([unanswered, refused, { ...stored, duplicate: true }])
    const result = await writer.publish(entry, { expectLast: formatPosition(2, 4) })
    expect(result).toMatchObject({ kind: 'stored', duplicate: true })
    expect(sent).toEqual(Array.from({ length: 3 }, () => ({ id: 'x', expectLast: 4 })))
  })

  it('is certain of a conflict when no attempt went unanswered', async () => {
    expect(await scripted([conflict]).writer.publish(entry)).toEqual({ kind: 'conflict' })
    expect(await scripted([refused, conflict]).writer.publish(entry)).toEqual({ kind: 'conflict' })
  })

  it('is not certain of a conflict after an attempt that went unanswered', async () => {
    expect(await scripted([unanswered, conflict]).writer.publish(entry)).toEqual({ kind: 'unknown' })
  })

  it('is certain at once that there was no room, unless an earlier attempt may be stored', async () => {
    const { writer, sent } = scripted([full, stored])
    expect(await writer.publish(entry)).toEqual({ kind: 'full' })
    expect(sent).toHaveLength(1)
    expect(await scripted([unanswered, full, stored]).writer.publish(entry)).toMatchObject({ kind: 'stored' })
    const perhaps: ProvenAttempt = { kind: 'perhaps-full', err: new Error('no room here') }
    expect(await scripted([perhaps, full, stored]).writer.publish(entry)).toMatchObject({ kind: 'stored' })
  })

  it('does not send what would take room that is kept back', async () => {
    const room = new LogRoom()
    room.read({ bytes: 98, maxBytes: 100 })
    const { writer, sent } = scripted([stored], up, room)
    const scope = { type: 'session', session: newSessionId() } as const
    expect(await writer.publish({ ...entry, scope })).toEqual({ kind: 'full' })
    expect(sent).toEqual([])
    expect(await writer.publish(entry)).toMatchObject({ kind: 'stored' })
  })

  it('stops at once when the log is in doubt', async () => {
    const { writer, sent } = scripted([{ kind: 'frozen' }, stored])
    expect(await writer.publish(entry)).toEqual({ kind: 'unknown' })
    expect(sent).toHaveLength(1)
  })

  it('expects nothing of an entity whose latest entry lies in an earlier epoch', async () => {
    const { writer, sent } = scripted([stored])
    await writer.publish(entry, { expectLast: formatPosition(1, 77) })
    expect(sent).toEqual([{ id: 'x', expectLast: 0 }])
  })

  it('knows that an entry of a later epoch cannot be the latest here', async () => {
    const { writer, sent } = scripted([stored])
    expect(await writer.publish(entry, { expectLast: formatPosition(3, 1) })).toEqual({ kind: 'conflict' })
    expect(sent).toEqual([])
  })

  it('demands to be the next entry of this log, and of no other', async () => {
    const { writer, sent } = scripted([stored, stored])
    const last = formatPosition(2, 3)
    await writer.publish(entry, { expectLast: last, expectEnd: formatPosition(2, 4) })
    expect(sent).toEqual([{ id: 'x', expectLast: 3, expectEnd: 4 }])
    for (const epoch of [1, 3]) {
      const expectEnd = formatPosition(epoch, 4)
      expect(await writer.publish(entry, { expectLast: last, expectEnd })).toEqual({ kind: 'conflict' })
    }
    expect(sent).toHaveLength(1)
  })

  it('never stores an entry that would stop every reader', async () => {
    const { writer, sent } = scripted([stored])
    const broken = { ...entry, surprise: true } as LogEntry
    await expect(writer.publish(broken)).rejects.toMatchObject({ code: 'LOG_UNREADABLE' })
    expect(sent).toEqual([])
  })

  it('sends nothing into a connection that is down, and goes on when it is back', async () => {
    const restored = new AbortController()
    const connection = { up: false, lost: AbortSignal.abort(), restored: restored.signal }
    const { writer, sent } = scripted([stored], connection)
    const publishing = writer.publish(entry)
    await Promise.resolve()
    expect(sent).toEqual([])
    restored.abort()
    expect(await publishing).toMatchObject({ kind: 'stored' })
  })
})
