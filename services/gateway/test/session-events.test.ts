import { expectJson, expectProblem, type BearerClient } from '@curfew/test-kit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { eventually } from './eventually.ts'
import { startGatewaySystem, type GatewaySystem } from './gateway-system.ts'

let system: GatewaySystem
let operator: BearerClient
beforeAll(async () => {
  system = await startGatewaySystem()
  operator = (await system.loginAsProgram('operator')).at(system.sessionUrl)
})
afterAll(() => system.stop())

interface Stream {
  readonly response: Response
  /** Everything so far. */
  text: string
  isOver: boolean
  leave(): void
}

async function open(token: string): Promise<Stream> {
  const gone = new AbortController()
  const headers = { authorization: `Bearer ${token}` }
  const response = await fetch(`${system.url}/session/events`, { headers, signal: gone.signal })
  const stream: Stream = { response, text: '', isOver: false, leave: () => gone.abort() }
  void (async () => {
    try {
      for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? [])
        stream.text += chunk
    } catch {
      stream.text += '(cut)'
    }
    stream.isOver = true
  })()
  return stream
}

const revoke = async (session: string): Promise<void> => {
  const scope = { type: 'session', session }
  await expectJson(await operator.post('/v1/revocations', { scope, reason: 'a test' }), 200)
}
const idIn = (token: string): string => token.slice(4, 26)
const grants = async (roles: string[], permissions: string[]): Promise<void> => {
  await expectJson(await operator.put('/v1/subjects/acme/bob/grants', { roles, permissions }), 200)
}

describe('a stream of events', () => {
  it('begins at once, and tells proxies to let it through', async () => {
    const { token } = await system.loginAsProgram('alice')
    const stream = await open(token)
    expect(Object.fromEntries(stream.response.headers)).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
      'x-content-type-options': 'nosniff',
    })
    await eventually(() => expect(stream.text).toBe('retry: 2000\n\n'))
    stream.leave()
  })

  it.each(['logout', 'revocation'])('says `revoked` and nothing after it: %s', async (how) => {
    const program = await system.loginAsProgram('alice')
    const stream = await open(program.token)
    if (how === 'logout') expect((await program.post('/logout')).status).toBe(204)
    else await revoke(idIn(program.token))
    await eventually(() => expect(stream.isOver).toBe(true))
    expect(stream.text).toBe('retry: 2000\n\nevent: revoked\ndata: {}\n\n')
    await expectProblem(await program.get('/session/events'), 401, 'unauthenticated')
  })

  it('says what the session may do when that changes, and nothing when it does not', async () => {
    const { token } = await system.loginAsProgram('bob')
    const stream = await open(token)
    await grants(['viewer'], ['extra:one'])
    await eventually(() => expect(stream.text).toContain('extra:one'))
    await grants(['viewer'], ['extra:one'])
    await grants(['viewer'], [])
    const events = (): string[] =>
      stream.text.split('\n\n').filter((block) => block.startsWith('event: permissions'))
    await eventually(() => expect(events()).toHaveLength(2))
    expect(events()[1]).toBe(
      'event: permissions\ndata: {"roles":["viewer"],"permissions":["documents:read"]}',
    )
    expect(stream.isOver).toBe(false)
    stream.leave()
  })

  it('beyond eight of one session takes the place of the oldest, which is told', async () => {
    const { token } = await system.loginAsProgram('alice')
    const first = await open(token)
    const others: Stream[] = []
    for (let count = 0; count < 8; count += 1) others.push(await open(token))
    await eventually(() => expect(first.isOver).toBe(true))
    expect(first.text).toBe('retry: 2000\n\nevent: replaced\ndata: {}\n\n')
    // Whoever leaves makes room.
    others[0]?.leave()
    await eventually(() => expect(others[0]?.isOver).toBe(true))
    const another = await open(token)
    await eventually(() => expect(another.text).not.toBe(''))
    expect(others.slice(1).map(({ isOver }) => isOver)).toEqual(Array(7).fill(false))
    await revoke(idIn(token))
    await eventually(() => expect([...others.slice(1), another].every(({ isOver }) => isOver)).toBe(true))
  })

  it('is not for who has no session, and not for HEAD', async () => {
    await expectProblem(await fetch(`${system.url}/session/events`), 401, 'unauthenticated')
    const { token } = await system.loginAsProgram('alice')
    const headers = { authorization: `Bearer ${token}` }
    expect((await fetch(`${system.url}/session/events`, { method: 'HEAD', headers })).status).toBe(405)
  })

  // The last: nobody answers for a while.
  it('says `unsure`, which is no verdict, when nobody can say for long; with a replica back it begins again', async () => {
    const { token } = await system.loginAsProgram('alice')
    const stream = await open(token)
    await system.session.kill('SIGKILL')
    await eventually(() => expect(stream.isOver).toBe(true))
    expect(stream.text).toBe('retry: 2000\n\nevent: unsure\ndata: {}\n\n')
    await system.session.restart()
    await eventually(async () => {
      const again = await open(token)
      again.leave()
      expect(again.response.status).toBe(200)
    })
  })
})
