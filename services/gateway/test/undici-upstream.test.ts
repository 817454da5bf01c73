import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { createUpstream, type UpstreamConnections } from '../src/adapters/undici-upstream.ts'
import { eventually } from './eventually.ts'
import { startRecordingUpstream, type RecordingUpstream } from './recording-upstream.ts'

const UNDER_WAY_MAX = 512

let service: RecordingUpstream
let upstream: UpstreamConnections
beforeEach(async () => {
  service = await startRecordingUpstream()
  upstream = createUpstream(service.origin, 60_000)
})
afterEach(async () => {
  await upstream.close()
  await service.close()
})

type Answer = { kind: 'answered'; body: { destroy(): void } } | { kind: 'busy' | 'unreachable' | 'failed' }

const forward = (signal: AbortSignal): Promise<Answer> =>
  new Promise((resolve) => {
    const exchange = upstream.forward(
      { method: 'GET', path: '/documents/1', headers: {}, body: undefined },
      {
        refused: resolve,
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
    expect((await forward(gone.signal)).kind).toBe('busy')
    gone.abort()
    for (const answer of await Promise.all(hanging)) expect(answer.kind).toBe('failed')

    service.behave((_request, response) => response.end('ok'))
    const later = await forward(new AbortController().signal)
    expect(later.kind).toBe('answered')
    if (later.kind === 'answered') later.body.destroy()
  })

  it('count an answer until its last byte', async () => {
    service.behave((_request, response) => response.writeHead(200).write('first'))
    const gone = new AbortController()
    const open = await Promise.all(Array.from({ length: UNDER_WAY_MAX }, () => forward(gone.signal)))
    expect(new Set(open.map(({ kind }) => kind))).toEqual(new Set(['answered']))
    expect((await forward(gone.signal)).kind).toBe('busy')
    for (const answer of open) if (answer.kind === 'answered') answer.body.destroy()
    await eventually(async () => expect((await forward(gone.signal)).kind).toBe('answered'))
    gone.abort()
  })
})
