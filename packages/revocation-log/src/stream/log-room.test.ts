import type { LogEntry, MemberId, SessionId, TenantId, UserId } from '@curfew/contracts'
import { describe, expect, it } from 'vitest'

import { LogRoom } from './log-room.ts'
import { roomOf } from './measure-room.ts'

const head = { v: 1, id: 'x', at: '', actor: 'system' } as const
const tenant = 'acme' as TenantId
const user = 'bob' as UserId
const member = 'm' as MemberId
const session = 's' as SessionId
const revoked = (scope: Extract<LogEntry, { type: 'revoked' }>['scope']): LogEntry => ({
  ...head,
  type: 'revoked',
  scope,
})
const joined = (kind: 'verifier' | 'replica'): LogEntry => ({
  ...head,
  type: 'joined',
  member,
  kind,
  service: 'x',
  host: 'x',
  protocol: 1,
})

const CHANGES: LogEntry[] = [
  { ...head, type: 'grants-changed', tenant, user, roles: [], permissions: [] },
  { ...head, type: 'resumed', tenant },
  joined('verifier'),
]
const END = revoked({ type: 'session', session })
const ROTATED: LogEntry = { ...head, type: 'rotated', session }
/** From the first that is refused to the last. */
const USES = ['rotations', 'sessions', 'changes', 'ends', 'operators'] as const
const OF_TENANT: LogEntry[] = [
  { ...revoked({ type: 'user', tenant, user }), actor: 'acme/chief' },
  { ...head, type: 'suspended', tenant, user, actor: 'acme/chief' },
]
const KEPT: LogEntry[] = [
  { ...revoked({ type: 'user', tenant, user }), actor: 'curfew/operator' },
  { ...head, type: 'suspended', tenant, user, actor: 'curfew/operator' },
  { ...revoked({ type: 'tenant', tenant }), actor: 'acme/chief' },
  revoked({ type: 'user', tenant, user }),
  revoked({ type: 'global' }),
  { ...head, type: 'suspended', tenant },
  { ...head, type: 'barrier', replica: member },
  { ...head, type: 'evicted', member },
  { ...head, type: 'closed' },
  joined('replica'),
]

function roomAt(percent: number, isOfAccount = false): LogRoom {
  const room = new LogRoom()
  room.read({ bytes: percent, maxBytes: 100, isOfAccount })
  return room
}

describe('the room of the log', () => {
  it('keeps its last part for administrators: a tenant’s operators cannot use it up with users whom they invent', () => {
    for (const entry of OF_TENANT) {
      expect(roomAt(98.4).takes(entry)).toBe(true)
      expect(roomAt(98.5).takes(entry)).toBe(false)
    }
    for (const entry of KEPT) expect(roomAt(98.9).takes(entry)).toBe(true)
  })

  it.each([
    [69, 'plenty', 0],
    [70, 'low', 0],
    [80, 'rotations-refused', 1],
    [85, 'reserved', 2],
    [95, 'changes-refused', 3],
    [98, 'ends-refused', 4],
    [98.5, 'full', 5],
    [120, 'full', 5],
  ] as const)('at %d %% is %s, and of its uses the first %d are refused', (...[percent, state, refused]) => {
    const room = roomAt(percent)
    expect(room.state).toBe(state)
    expect(USES.filter((use) => !room.hasRoomFor(use))).toEqual(USES.slice(0, refused))
    for (const entry of CHANGES) expect(room.takes(entry)).toBe(room.hasRoomFor('changes'))
    expect(room.takes(END)).toBe(room.hasRoomFor('ends'))
    expect(room.takes(ROTATED)).toBe(room.hasRoomFor('operators'))
    for (const entry of KEPT) expect(room.takes(entry)).toBe(true)
    expect(room.isOpen).toBe(true)
  })

  it('refused by the server is full whatever was read, until the server takes something', () => {
    const room = new LogRoom()
    expect(room.state).toBe('unknown')
    room.refused()
    expect(room.state).toBe('full')
    room.read({ bytes: 1, maxBytes: 100 })
    expect(USES.filter((use) => room.hasRoomFor(use))).toEqual([])
    // It is the server that has to say so again.
    for (const entry of KEPT) expect(room.takes(entry)).toBe(true)
    room.stored()
    expect(room.state).toBe('plenty')
  })

  it("that is the account's is left untouched at its end", () => {
    expect(roomAt(98, true).isOpen).toBe(true)
    expect(roomAt(99, true).isOpen).toBe(false)
  })
})

describe('as NATS tells it, the room', () => {
  const stream = (max_bytes: number, copies = 1) =>
    ({ config: { max_bytes, num_replicas: copies }, state: { bytes: 10 } }) as Parameters<typeof roomOf>[0]
  const account = (storage: number, max_storage: number, reserved_storage = 0) =>
    ({ storage, reserved_storage, limits: { max_storage } }) as Parameters<typeof roomOf>[1]

  it.each([
    ['has no limit that anybody sees', stream(-1), account(10, -1), { bytes: 10, maxBytes: undefined }],
    ['is the limit of the stream', stream(50), account(10, -1), { bytes: 10, maxBytes: 50 }],
    ['is that where the account may not be seen', stream(50), undefined, { bytes: 10, maxBytes: 50 }],
    [
      'is what others have left of the account',
      stream(-1),
      account(30, 100),
      { bytes: 10, maxBytes: 80, isOfAccount: true },
    ],
    [
      'is what is not set aside for others',
      stream(-1),
      account(30, 100, 60),
      { bytes: 10, maxBytes: 40, isOfAccount: true },
    ],
    ['has its own reservation', stream(50), account(30, 100, 50), { bytes: 10, maxBytes: 50 }],
    [
      'is a third where each of three copies counts',
      stream(-1, 3),
      account(30, 300),
      { bytes: 10, maxBytes: 100, isOfAccount: true },
    ],
    [
      'is nothing where others have taken it all',
      stream(-1),
      account(99, 50),
      { bytes: 10, maxBytes: 1, isOfAccount: true },
    ],
  ])('%s', (_, info, stats, room) => {
    expect(roomOf(info, stats)).toEqual(room)
  })
})
