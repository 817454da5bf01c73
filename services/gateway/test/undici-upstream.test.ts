import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { createUpstream, type UpstreamConnections } from '../src/adapters/undici-upstream.ts'
import type { UpstreamCaller, UpstreamRefusal } from '../src/ports.ts'
import { eventually } from './eventually.ts'
import { startRecordingUpstream, type RecordingUpstream } from './recording-upstream.ts'

const UNDER_WAY_MAX = 512
/** As many of one address as it may have, each of a session of its own. */
const PER_ADDRESS_MAX = 256

let service: RecordingUpstream
let upstream: UpstreamConnections
beforeEach(async () => {
  callers = 0
  service = await startRecordingUpstream()
  upstream = createUpstream(service.origin, 60_000)
})
afterEach(async () => {
  await upstream.close()
  await service.close()
})

type Answer = { kind: 'answered'; body: { destroy(): void } } | { kind: UpstreamRefusal['kind'] }

let callers = 0
const nextCaller = (): UpstreamCaller => {
  callers += 1
  return { session: `session-${callers}`, address: `192.0.2.${Math.floor(callers / PER_ADDRESS_MAX)}` }
}

const forward = (signal: AbortSignal, caller = nextCaller()): Promise<Answer> =>
  new Promise((resolve) => {
    const exchange = upstream.forward(
      { method: 'GET', path: '/documents/1', headers: {}, body: undefined, caller },
      {
        refused: ({ kind }) => resolve({ kind }),
        begins: () => resolve({ kind: 'answered', body: { destroy: () => exchange.giveUp() } }),
        takes: () => true,
        ends: () => undefined,
        breaksOff: () => undefined,
      },
    )
    signal.addEventListener('abort', () => exchange.giveUp())
  })

describe('the connections to one service', () => {
  it('are bounded: beyond that a request is turned away at once, and let in again when others have ended', async () => {
    service.behave(() => undefined)
    const gone = new AbortController()
    const hanging = Array.from({ length: UNDER_WAY_MAX }, () => forward(gone.signal))
    expect((await forward(gone.signal)).kind).toBe('full')
    gone.abort()
    for (const answer of await Promise.all(hanging)) expect(answer.kind).toBe('failed')

    service.behave((_request, response) => response.end('ok'))
    const later = await forward(new AbortController().signal)
    expect(later.kind).toBe('answered')
    if (later.kind === 'answered') later.body.destroy()
  })

  it('are shared: one address gets half of them, and others still find the service', async () => {
    service.behave(() => undefined)
    const gone = new AbortController()
    const hanging = Array.from({ length: PER_ADDRESS_MAX }, (_, index) =>
      forward(gone.signal, { session: `session-${index}`, address: '192.0.2.1' }),
    )
    const caller = { session: 'one-more', address: '192.0.2.1' }
    expect((await forward(gone.signal, caller)).kind).toBe('share-used-up')
    service.behave((_request, response) => response.end('ok'))
    expect((await forward(gone.signal, { ...caller, address: '192.0.2.2' })).kind).toBe('answered')
    gone.abort()
    await Promise.all(hanging)
    expect((await forward(new AbortController().signal, caller)).kind).toBe('answered')
  })

  it('count an answer until its last byte', async () => {
    service.behave((_request, response) => response.writeHead(200).write('first'))
    const gone = new AbortController()
    const open = await Promise.all(Array.from({ length: UNDER_WAY_MAX }, () => forward(gone.signal)))
    expect(new Set(open.map(({ kind }) => kind))).toEqual(new Set(['answered']))
    expect((await forward(gone.signal)).kind).toBe('full')
    for (const answer of open) if (answer.kind === 'answered') answer.body.destroy()
    await eventually(async () => expect((await forward(gone.signal)).kind).toBe('answered'))
    gone.abort()
  })
})
