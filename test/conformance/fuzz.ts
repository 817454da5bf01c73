/**
 * ①–⑦ Tokens, cookies, bodies and ids by chance: whatever is sent, nothing falls over, nothing grows, nothing is a 5xx.
 * `CONFORMANCE_FUZZ_FACTOR=100 pnpm conformance -t chance` goes on for longer.
 */
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { newToken } from './backend.ts'
import { asBearer, asCookie, basicOf, COOKIE, logIn, plain, tokenSet } from './calls.ts'
import { atAuthority, grant } from './operating.ts'
import { rawStatus } from './raw-http.ts'
import { everybody, gatewayUrl, system } from './stage.ts'

const FACTOR = Number(process.env['CONFORMANCE_FUZZ_FACTOR'] ?? 1)
const runs = (numRuns: number) => ({ numRuns: Math.ceil(numRuns * FACTOR) })

/** Anything but the end of a line, which would begin another header. */
const headerText = fc.string({
  unit: fc.oneof(
    fc.constantFrom('=', ';', ',', ' ', '"', '%', '*', '.', '{', '_', '-', '\0', '\t', '\u007f'),
    fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCodePoint(code)),
  ),
  maxLength: 300,
})

function expectVerdict(status: number, what: string): void {
  expect(status, what).toBeGreaterThanOrEqual(200)
  expect(status, what).toBeLessThan(500)
}

describe('by chance', () => {
  let cookie = ''
  let token = ''
  let pids: readonly (number | undefined)[] = []
  beforeAll(async () => {
    await grant('fuzzed', ['editor'])
    cookie = tokenSet(await logIn('alice'))
    token = await newToken('fuzzed')
    pids = everybody().map(({ pid }) => pid)
  })
  afterAll(async () => {
    // Nobody has fallen over, of a heap that is full either: all have a small one here.
    expect(everybody().map(({ pid }) => pid)).toEqual(pids)
    expect((await plain().get('/session', asCookie(cookie))).status).toBe(200)
    expect((await plain().get('/session', asBearer(token))).status).toBe(200)
  })

  it('tokens open nothing and break nothing, at every service', async () => {
    const { gateway, session, documents, files } = system().services
    const doors = [
      [gateway.url, 'GET /session'],
      [gateway.url, 'GET /api/documents'],
      [gateway.url, 'GET /forward-auth'],
      [session.url, 'GET /v1/sessions'],
      [documents.url, 'GET /documents'],
      [files.url, 'GET /files/AAAAAAAAAAAAAAAAAAAAAA'],
    ] as const
    const almost = fc
      .tuple(fc.constantFrom('cfs_', 'cfr_', 'eyJ', ''), headerText, fc.nat(80))
      .map(([prefix, rest, length]) => (prefix + rest.padEnd(80, 'A')).slice(0, length))
    // A real one, changed in one place.
    const changed = fc
      .tuple(fc.nat(68), fc.constantFrom('A', '.', '%', '\0', 'é'))
      .map(([at, letter]) => token.slice(0, at) + letter + token.slice(at + 1))
      .filter((text) => text !== token)
    const scheme = fc.constantFrom('Bearer ', 'bearer ', 'Basic ', 'Bearer', '')
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...doors),
        scheme,
        fc.oneof(headerText, almost, changed),
        async ([url, target], how, text) => {
          const status = await rawStatus(url, [`${target} HTTP/1.1`, `authorization: ${how}${text}`])
          expect([400, 401, 403, 429, 431], `${target} ${how}${JSON.stringify(text)}`).toContain(status)
        },
      ),
      runs(400),
    )
  })

  it('cookies open nothing but for the one whose name and value are exact', async () => {
    const pair = fc.oneof(
      headerText,
      fc
        .tuple(fc.constantFrom(COOKIE, '__host-session', ' ', 'a', '__Host-device'), headerText)
        .map((two) => two.join('=')),
      fc.constantFrom(
        `${COOKIE}=`,
        COOKIE,
        `"${COOKIE}"=x`,
        `${COOKIE}=${cookie}x`,
        `${COOKIE.toUpperCase()}=${cookie}`,
      ),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(pair, { maxLength: 8 }), fc.boolean(), async (pairs, isReal) => {
        const all = isReal ? [...pairs, `${COOKIE}=${cookie}`] : pairs
        const head = ['GET /session HTTP/1.1', `cookie: ${all.join('; ')}`]
        const status = await rawStatus(gatewayUrl(), head)
        const allowed = isReal ? [200, 400, 401, 431] : [400, 401, 431]
        expect(allowed, JSON.stringify(all)).toContain(status)
      }),
      runs(250),
    )
  })

  it('bodies are taken as they are meant or refused, at every route that takes JSON', async () => {
    const operator = await atAuthority()
    const [client] = system().clients
    const own = { authorization: client === undefined ? '' : basicOf(client) }
    const page = { ...asCookie(cookie), 'sec-fetch-site': 'same-origin', origin: gatewayUrl() }
    const authority = system().services.session.url
    const routes: readonly [string, string, Record<string, string>, Record<string, unknown>][] = [
      [gatewayUrl(), 'POST /login', {}, { tenant: 'acme', username: 'nobody', client: 'api' }],
      [gatewayUrl(), 'POST /session/elevate', page, {}],
      [gatewayUrl(), 'POST /session/password', asBearer(token), { new_password: 'x' }],
      [
        gatewayUrl(),
        'POST /api/documents',
        asBearer(token),
        { name: 'a.txt', content_type: 'text/plain', size: 1 },
      ],
      [
        authority,
        'POST /v1/sessions',
        own,
        { tenant: 'acme', user: 'fuzzed-too', acr: 'aal1', amr: ['pwd'], label: 'x' },
      ],
      [
        authority,
        'POST /v1/revocations',
        asBearer(operator.token),
        { scope: { type: 'user', tenant: 'acme', user: 'fuzzed-too' }, reason: 'x', dry_run: true },
      ],
      [
        authority,
        'PUT /v1/subjects/acme/fuzzed-too/grants',
        asBearer(operator.token),
        { roles: [], permissions: [] },
      ],
      [authority, 'PUT /v1/tenants/acme/roles/fuzzed', asBearer(operator.token), { permissions: [] }],
      [authority, 'POST /v1/subjects/acme/fuzzed-too/resume', asBearer(operator.token), { reason: 'x' }],
    ]
    const broken = fc.tuple(fc.nat(40), fc.constantFrom('', '{', '\0', '\u00ff', '"', ',', '\ud800', '1e999'))
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...routes),
        fc.dictionary(
          fc.constantFrom('scope', 'reason', 'roles', 'amr', 'name', 'size', '__proto__', 'constructor', 'x'),
          fc.jsonValue(),
        ),
        fc.option(broken),
        async ([url, target, headers, template], extras, damage) => {
          const whole = JSON.stringify({ ...template, ...extras })
          const body =
            damage === null ? whole : whole.slice(0, damage[0]) + damage[1] + whole.slice(damage[0] + 1)
          const [method = '', path = ''] = target.split(' ')
          const answer = await plain(url).request(method, path, {
            body,
            headers: { 'content-type': 'application/json', ...headers },
          })
          await answer.arrayBuffer()
          expectVerdict(answer.status, `${target} ${body}`)
        },
      ),
      runs(400),
    )
  })

  it('ids, cursors and forms lead to something or to nothing', async () => {
    const operator = asBearer((await atAuthority()).token)
    const [client] = system().clients
    const own = {
      authorization: client === undefined ? '' : basicOf(client),
      'content-type': 'application/x-www-form-urlencoded',
    }
    const { session, files } = system().services
    const id = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 150 }).map((text) => encodeURIComponent(text.toWellFormed())),
      fc.string({
        unit: fc.constantFrom('.', '/', '%', '*', '>', '{', '}', ':', '0', 'A', '\u0001'),
        maxLength: 60,
      }),
      fc.constantFrom('..', '%2e%2e', '%00', '%zz', '%', 'a%2fb', 'A'.repeat(22), 'A'.repeat(4_000)),
    )
    const places = [
      (text: string) => [gatewayUrl(), `GET /api/documents/${text}`, asBearer(token)],
      (text: string) => [gatewayUrl(), `GET /api/documents?cursor=${text}`, asBearer(token)],
      (text: string) => [gatewayUrl(), `DELETE /api/documents/${text}`, asBearer(token)],
      (text: string) => [gatewayUrl(), `DELETE /sessions/${text}`, asBearer(token)],
      (text: string) => [gatewayUrl(), `GET /${text}`, {}],
      (text: string) => [session.url, `GET /v1/sessions/${text}`, operator],
      (text: string) => [session.url, `GET /v1/sessions?tenant=${text}&cursor=${text}`, operator],
      (text: string) => [session.url, `GET /v1/subjects/${text}/${text}/grants`, operator],
      (text: string) => [session.url, `GET /v1/revocations/${text}`, operator],
      (text: string) => [session.url, `GET /v1/audit?cursor=${text}&type=${text}`, operator],
      (text: string) => [session.url, 'POST /introspect', own, `token=${text}`],
      (text: string) => [session.url, 'POST /revoke', own, `token=${text}&token_type_hint=${text}`],
      (text: string) => [files.url, `GET /files/${text}`, asBearer('x')],
    ] as const
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...places), id, async (place, text) => {
        const [url, target, headers, body = ''] = place(text) as [
          string,
          string,
          Record<string, string>,
          string?,
        ]
        const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
        const length = body === '' ? [] : [`content-length: ${body.length}`]
        expectVerdict(
          await rawStatus(url, [`${target} HTTP/1.1`, ...fields, ...length], body),
          `${target} ${body}`,
        )
      }),
      runs(500),
    )
  })
})
