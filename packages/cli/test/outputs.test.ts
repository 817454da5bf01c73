/**
 * Output that cannot be written: whether a command acts never depends on its output.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { buildProgram, curfew, curfewJson } from './cli-process.ts'
import { answer, startFakeAuthority, type FakeAuthority, type Handler } from './fake-authority.ts'

let directory: string
let program: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'curfew-cli-'))
  program = await buildProgram(directory)
})
afterAll(() => rm(directory, { recursive: true }))

const start = (handler: Handler): Promise<FakeAuthority> => startFakeAuthority(program, handler)

const POSITION = '000001.0000000000000042'
const verifiers = { total: 1, acknowledged: 1, lapsed: 0 }
const effect = { state: 'confirmed', recorded: true, verifiers, elapsed_ms: 3 }
const ID = `rev_${'a'.repeat(22)}`
const revocation = (scope: object) => ({
  id: ID,
  position: POSITION,
  scope,
  reason: 'x',
  actor: 'curfew/operator',
  at: '2026-07-01T12:00:00.000Z',
  except: [],
})
const exactly = (sessions: number) => ({ sessions, exact: true, at_most: sessions })

/** Does everything that it is asked. */
const obliging: Handler = ({ method, url = '' }, response: ServerResponse) => {
  if (method === 'GET' && url.endsWith('/grants'))
    return answer(response, 404, { code: 'not-found', title: 'x' })
  if (method === 'GET' && url.startsWith('/v1/events')) {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    const entry = JSON.stringify({ at: '2026-07-01T12:00:00.000Z', actor: 'a/b', tenant: 'acme' })
    for (let n = 1; n < 100; n++)
      response.write(`id: 000001.${String(n).padStart(16, '0')}\nevent: suspended\ndata: ${entry}\n\n`)
    return
  }
  if (method === 'GET') return answer(response, 200, [])
  if (url === '/logout') return response.writeHead(204).end()
  if (url.endsWith('/reject'))
    return answer(response, 200, {
      revocation: revocation({ type: 'global' }),
      state: 'rejected',
      expires_at: 'x',
    })
  const changed = {
    tenant: 'acme',
    user: 'bob',
    suspended: true,
    roles: [],
    permissions: [],
    position: POSITION,
  }
  const scope = { type: 'user', tenant: 'acme', user: 'bob' }
  answer(response, 200, { ...changed, revocation: revocation(scope), ended: exactly(2), ...effect })
}

const FULL = { stdout: '/dev/full' }
const NOTHING = { stdout: '/dev/full', stderr: '/dev/full' }
const ENOSPC = 'The answer cannot be written: ENOSPC.'
const REVOKE = ['revoke', '--user', 'acme/bob', '--reason', 'x']
const REVOCATION = 'POST /v1/revocations'

describe('what is asked for is done, and the exit code tells of it', () => {
  it.each([
    [REVOCATION, REVOKE, FULL, ENOSPC],
    [REVOCATION, [...REVOKE, '--json'], FULL, ENOSPC],
    [REVOCATION, REVOKE, { stdout: 'closed' }, ''],
    [REVOCATION, REVOKE, NOTHING, ''],
    [`${REVOCATION}/${ID}/approve`, ['approvals', 'approve', ID, '--yes', '--json'], NOTHING, ''],
    [`${REVOCATION}/${ID}/reject`, ['approvals', 'reject', ID], FULL, ENOSPC],
    ['PUT /v1/subjects/acme/bob/grants', ['grants', 'set', 'acme/bob', '--role', 'viewer'], FULL, ENOSPC],
    ['PUT /v1/tenants/acme/roles/viewer', ['roles', 'set', 'acme', 'viewer'], NOTHING, ''],
    ['POST /v1/subjects/acme/bob/suspend', ['suspend', '--user', 'acme/bob'], { stdout: 'closed' }, ''],
    ['POST /logout', ['logout'], FULL, ENOSPC],
  ])('%s by %j, where outputs are %j', async (line, args, outputs, told) => {
    await using server = await start(obliging)
    const { code, stderr } = await curfew(args, { ...server.options, ...outputs })
    expect({ code, asked: server.asked.map((each) => each.line) }).toEqual({
      code: 0,
      asked: expect.arrayContaining([line]),
    })
    expect(stderr).toContain(told)
  })
})

describe('an answer that cannot be written', () => {
  it.each([[['verifiers']], [['verifiers', '--json']], [['--help']], [['watch']], [['completion', 'bash']]])(
    'is a failure of %j, but for a reader that has seen enough',
    async (args) => {
      await using server = await start(obliging)
      const lost = await curfew(args, { ...server.options, stdout: '/dev/full' })
      expect(lost).toMatchObject({ code: 74, stderr: expect.stringContaining('cannot be written: ENOSPC') })
      expect(await curfew(args, { ...server.options, stdout: 'closed' })).toMatchObject({ code: 0 })
    },
  )

  it('leaves a refusal what it is, and tells it on standard error', async () => {
    await using server = await start((_, response) =>
      answer(response, 403, { code: 'forbidden', title: 'No' }),
    )
    const refused = await curfew(['verifiers', '--json'], { ...server.options, stdout: '/dev/full' })
    expect(refused).toMatchObject({ code: 4, stderr: expect.stringContaining('cannot be written') })
  })
})

describe('how many sessions ended', () => {
  const revoke = ['revoke', '--tenant', 'acme', '--reason', 'x', '--yes']
  const everyone = (counts: readonly (object | null)[]): Handler => {
    let asked = 0
    return ({ method }, response) => {
      const known = { revocation: revocation({ type: 'tenant', tenant: 'acme' }), target_known: true }
      if (method === 'POST') return answer(response, 200, { ...known, ...effect, ended: null })
      answer(response, 200, { ...known, state: 'confirmed', recorded: true, ended: counts[asked++] ?? null })
    }
  }

  it.each([
    [exactly(1), '1 session ended'],
    [{ sessions: 12, exact: false, at_most: 5048 }, '12 to 5048 sessions ended'],
    [{ sessions: 594, exact: false, at_most: null }, 'at least 594 sessions ended'],
  ])('of many is waited for and told: %j', async (count, told) => {
    await using server = await start(everyone([null, count]))
    expect((await curfew(revoke, server.options)).stdout).toContain(told)
    await using again = await start(everyone([null, count]))
    expect(await curfewJson(revoke, again.options)).toMatchObject({ code: 0, body: { ended: count } })
  })

  it('is said to be unknown where it cannot be had, and the revocation holds', async () => {
    const count = everyone([])
    await using server = await start((request, response, body) =>
      request.method === 'POST'
        ? count(request, response, body)
        : answer(response, 403, { code: 'forbidden', title: 'No' }),
    )
    const { code, stdout } = await curfew(revoke, server.options)
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining(`revocations show ${ID}`) })
  })

  it('is none of somebody who is not known, which is said beside the confirmation and in a member of its own', async () => {
    const scope = { type: 'user', tenant: 'acme', user: 'alcie' }
    const unknown = { revocation: revocation(scope), ended: exactly(0), target_known: false, ...effect }
    await using server = await start((_, response) => answer(response, 200, unknown))
    const args = ['revoke', '--user', 'acme/alcie', '--reason', 'x']
    const { code, stdout } = await curfew(args, server.options)
    expect(code).toBe(0)
    expect(stdout).toMatch(/confirmed by 1 of 1[\s\S]*0 sessions ended[\s\S]*no user acme\/alcie is known/)
    expect((await curfewJson(args, server.options)).body).toMatchObject({ target_known: false })
  })

  it('beforehand is as exact for each tenant as for all', async () => {
    const counted = {
      sessions: 594,
      exact: false,
      at_most: 5040,
      tenants: [{ tenant: 'acme', sessions: 590 }],
    }
    const dry = { dry_run: true, scope: { type: 'global' }, would_affect: counted }
    await using server = await start((_, response) => answer(response, 200, dry))
    const { stdout } = await curfew(['revoke', '--everyone', '--reason', 'x', '--dry-run'], server.options)
    expect(stdout).toMatch(/594 to 5040 sessions[\s\S]*acme +at least 590/)
  })
})

describe('times', () => {
  it.each([
    ['Asia/Kolkata', '2026-07-01 17:30:00 +05:30'],
    ['America/St_Johns', '2026-07-01 09:30:00 -02:30'],
    ['UTC', '2026-07-01 12:00:00 +00:00'],
  ])('name their zone: %s', async (zone, shown) => {
    const page = { revocations: [revocation({ type: 'global' })], next_cursor: null }
    await using server = await start((_, response) => answer(response, 200, page))
    const { stdout } = await curfew(['revocations', 'ls'], { ...server.options, env: { TZ: zone } })
    expect(stdout).toContain(shown)
  })
})
