/**
 * What the command line makes of answers that are slow, cut off, lost, malicious or not Curfew's: the exit codes of README.md.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { buildProgram, curfew, curfewJson, startCurfew } from './cli-process.ts'
import {
  answer,
  problem,
  startFakeAuthority,
  writeProfile,
  type FakeAuthority,
  type Handler,
} from './fake-authority.ts'

let directory: string
let program: string

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'curfew-cli-'))
  program = await buildProgram(directory)
})
afterAll(() => rm(directory, { recursive: true }))

const start = (handler: Handler): Promise<FakeAuthority> => startFakeAuthority(program, handler)

const REVOKE = ['revoke', '--user', 'acme/alice', '--reason', 'stolen']
const revocation = {
  id: 'rev_abcdefghijklmnopqrstuv',
  position: '000001.0000000000000042',
  scope: { type: 'user', tenant: 'acme', user: 'alice' },
  reason: 'stolen',
  actor: 'curfew/operator',
  at: '2026-11-28T00:00:00.000Z',
  except: [],
}
const confirmed = {
  revocation,
  state: 'confirmed',
  confirmed_by: 'acknowledgement',
  recorded: true,
  verifiers: { total: 2, acknowledged: 2, lapsed: 0 },
  elapsed_ms: 7,
}

describe('an answer that is not one of Curfew’s', () => {
  const strange: readonly (readonly [string, Handler])[] = [
    ['HTML with status 200', (_, response) => answer(response, 200, '<h1>Welcome</h1>', 'text/html')],
    ['HTML with status 500', (_, response) => answer(response, 500, '<h1>Oops</h1>', 'text/html')],
    ['half a document', (_, response) => answer(response, 200, '{"sessions":[')],
    ['JSON of another shape', (_, response) => answer(response, 200, { sessions: 'many' })],
    ['a redirect', redirect],
    ['a connection that is cut', (_, response) => response.destroy()],
    ['a body that is cut', cutBody],
  ]
  it.each(strange)('is exit code 5: %s', async (_name, handler) => {
    await using server = await start(handler)
    const { code, body } = await curfewJson(['sessions', 'ls'], server.options)
    expect({ code, body }).toMatchObject({ code: 5, body: { error: { exit: 5 } } })
  })

  it('does not lead the token anywhere else', async () => {
    await using elsewhere = await start((_, response) => answer(response, 200, {}))
    await using server = await start((_, response) => {
      response.writeHead(307, { location: elsewhere.url })
      response.end()
    })
    expect((await curfew(['verifiers'], server.options)).code).toBe(5)
    expect(elsewhere.asked).toEqual([])
  })

  it('cannot move the cursor, change colours or hide text', async () => {
    const evil = 'a\u001b[2J\u001b]0;title\u0007\u009b31m\u202eevil\u2028b'
    await using server = await start((request, response) => {
      if (request.url?.startsWith('/v1/revocations') === true)
        return answer(response, 200, { revocations: [{ ...revocation, reason: evil }], next_cursor: null })
      return problem(response, 403, 'forbidden', evil)
    })
    const shown = [
      await curfew(['revocations', 'ls'], server.options),
      await curfew(['revocations', 'ls', '--json'], server.options),
      await curfew(['sessions', 'ls'], server.options),
      await curfew(['sessions', 'ls', '--json'], server.options),
    ]
    for (const { stdout, stderr } of shown) {
      // oxlint-disable-next-line no-control-regex -- they must not be there
      expect(stdout + stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028-\u202e]/)
      expect(stdout + stderr).toContain('evil')
    }
    expect(JSON.parse(shown[1]?.stdout ?? '')).toMatchObject({ revocations: [{ reason: evil }] })
  })
})

describe('a refusal', () => {
  it.each([
    [401, 'unauthenticated', 4],
    [403, 'forbidden', 4],
    [404, 'not-found', 4],
    [429, 'too-many-requests', 4],
    [503, 'unavailable', 5],
    [500, 'internal', 5],
  ])('%d %s of a question is exit code %d', async (status, code, exit) => {
    await using server = await start((_, response) => problem(response, status, code))
    const result = await curfewJson(['verifiers'], server.options)
    expect(result).toEqual({
      code: exit,
      body: { error: expect.objectContaining({ code, exit, request_id: 'req-1' }) },
    })
  })

  it('for want of a recent authentication says what a script has to do', async () => {
    await using server = await start((_, response) => problem(response, 401, 'insufficient-authentication'))
    const result = await curfewJson(['revoke', '--everyone', '--reason', 'x', '--yes'], server.options)
    expect(result).toMatchObject({
      code: 4,
      body: {
        error: { code: 'insufficient-authentication', hint: expect.stringContaining('--password-stdin') },
      },
    })
  })
})

describe('a log without room', () => {
  it('is said at once to have recorded nothing: nobody has to find out', async () => {
    await using server = await start((_, response) => problem(response, 503, 'log-full'))
    for (const change of [REVOKE, ['grants', 'set', 'acme/alice', '--permission', 'x:y', '--reason', 'x']]) {
      const result = await curfewJson(change, server.options)
      expect(result).toMatchObject({ code: 5, body: { error: { code: 'log-full' } } })
    }
    expect(server.asked.filter(({ line }) => line === 'POST /v1/revocations')).toHaveLength(1)
  })

  it('leaves it open what an attempt has done that nobody answered', async () => {
    let calls = 0
    await using server = await start((_, response) => {
      calls += 1
      if (calls === 1) response.destroy()
      else problem(response, 503, 'log-full')
    })
    const result = await curfewJson([...REVOKE, '--wait', '1'], server.options)
    expect(result).toMatchObject({ code: 3, body: { error: { code: 'unknown' } } })
  })
})

describe('a revocation whose answer is lost', () => {
  it('is sent again under the same key until it is confirmed', async () => {
    let calls = 0
    await using server = await start((_, response) => {
      calls += 1
      if (calls === 1) return response.destroy()
      if (calls === 2) return problem(response, 503, 'unavailable')
      if (calls === 3)
        return answer(response, 202, { revocation, state: 'recorded', recorded: true, elapsed_ms: 1 })
      return answer(response, 200, confirmed)
    })
    const { code, body } = await curfewJson(REVOKE, server.options)
    expect({ code, body }).toMatchObject({ code: 0, body: { state: 'confirmed' } })
    const keys = new Set(server.asked.map(({ headers }) => headers['idempotency-key']))
    expect({ calls, keys: keys.size }).toEqual({ calls: 4, keys: 1 })
  })

  it('for good is exit code 3, and says how to find out', async () => {
    await using server = await start((_, response) => response.destroy())
    const result = await curfewJson([...REVOKE, '--wait', '1'], server.options)
    expect(result).toMatchObject({
      code: 3,
      body: { error: { code: 'unknown', hint: expect.stringContaining('--idempotency-key ') } },
    })
  })

  it('and ends the session that it is done with, is not taken for refused', async () => {
    let calls = 0
    await using server = await start((_, response) => {
      calls += 1
      if (calls === 1) return response.destroy()
      return problem(response, 401, 'unauthenticated')
    })
    const result = await curfewJson(REVOKE, server.options)
    expect(result).toMatchObject({
      code: 3,
      body: { error: { code: 'unknown', hint: expect.stringContaining('Log in again') } },
    })
  })

  it('because nobody listens is exit code 5: it cannot have happened', async () => {
    const server = await start((_, response) => response.destroy())
    const { home } = server.options
    await server[Symbol.asyncDispose]()
    await writeProfile(home, server.url)
    const result = await curfewJson([...REVOKE, '--wait', '1'], { program, home })
    expect(result).toMatchObject({ code: 5, body: { error: { code: 'unreachable' } } })
    await rm(home, { recursive: true })
  })

  it('that is recorded and not confirmed in time is exit code 3', async () => {
    await using server = await start((_, response) =>
      answer(response, 202, { revocation, state: 'recorded', recorded: true, elapsed_ms: 1 }),
    )
    const result = await curfewJson([...REVOKE, '--wait', '1'], server.options)
    expect(result).toMatchObject({ code: 3, body: { state: 'recorded' } })
  })

  it('that is interrupted says what is known and how to finish it', async () => {
    await using server = await start(() => undefined)
    const running = startCurfew(REVOKE, server.options)
    await expect.poll(() => server.asked.length, { timeout: 20_000 }).toBe(1)
    running.child.kill('SIGINT')
    const { code, stderr } = await running.ended
    expect(code).toBe(3)
    expect(stderr).toContain('nobody has said yet whether it is recorded')
    expect(stderr).toContain(`--idempotency-key ${String(server.asked[0]?.headers['idempotency-key'])}`)
  })
})

describe('a revocation that is followed on a stream', () => {
  it('shows each verifier as it agrees, and ends with the result', async () => {
    await using server = await start((_, response) => {
      stream(response, ['recorded', recorded], ['acknowledged', acknowledged('g-1', 3.2)])
      stream(response, ['lapsed', { verifier: 'd-1' }], ['result', confirmed])
      response.end()
    })
    const { code, stdout } = await curfew(REVOKE, server.options)
    expect(code).toBe(0)
    expect(stdout).toMatch(
      /recorded at 1\.42[\s\S]*● gateway a g-1 {2}3\.2 ms[\s\S]*◌ documents b d-1[\s\S]*confirmed/,
    )
  })

  it('and breaks off in the middle is sent again, and still is one revocation', async () => {
    let calls = 0
    await using server = await start((_, response) => {
      calls += 1
      stream(response, ['recorded', recorded])
      if (calls === 1) setImmediate(() => response.destroy())
      else {
        stream(response, ['result', confirmed])
        response.end()
      }
    })
    expect(await curfewJson(REVOKE, server.options)).toMatchObject({ code: 0, body: { state: 'confirmed' } })
    expect(new Set(server.asked.map(({ headers }) => headers['idempotency-key'])).size).toBe(1)
  })

  it('that ends in a problem is that refusal', async () => {
    await using server = await start((_, response) => {
      stream(response, ['problem', { title: 'no', status: 403, code: 'forbidden', request_id: 'req-9' }])
      response.end()
    })
    const result = await curfewJson(REVOKE, server.options)
    expect(result).toMatchObject({ code: 4, body: { error: { code: 'forbidden', request_id: 'req-9' } } })
  })

  it('that is interrupted says how many have agreed', async () => {
    await using server = await start((_, response) =>
      stream(response, ['recorded', recorded], ['acknowledged', acknowledged('g-1', 3)]),
    )
    const running = startCurfew(REVOKE, server.options)
    await running.shows(/● gateway/)
    running.child.kill('SIGINT')
    const { code, stderr } = await running.ended
    expect(code).toBe(3)
    expect(stderr).toContain('recorded at 1.42, so it will hold everywhere; 1 of 2 verifiers')
  })
})

const recorded = {
  revocation,
  position: revocation.position,
  verifiers: [
    { id: 'g-1', service: 'gateway', host: 'a' },
    { id: 'd-1', service: 'documents', host: 'b' },
  ],
}

function acknowledged(verifier: string, elapsedMs: number): object {
  return { verifier, service: 'gateway', elapsed_ms: elapsedMs }
}

function stream(response: ServerResponse, ...events: readonly (readonly [string, object])[]): void {
  if (!response.headersSent) response.writeHead(200, { 'content-type': 'text/event-stream' })
  for (const [event, data] of events) response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
}

function redirect(_: unknown, response: ServerResponse): void {
  response.writeHead(302, { location: 'http://127.0.0.1:1/' })
  response.end()
}

function cutBody(_: unknown, response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' })
  response.write('{"sessions":')
  setImmediate(() => response.destroy())
}
