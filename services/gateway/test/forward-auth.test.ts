import { readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

import { relayValueFor, hashSecret, parseToken, formatRelayToken, type Audience } from '@curfew/contracts'
import { BearerClient, expectProblem, HttpClient, type BrowserClient } from '@curfew/test-kit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { trustOf, parseNetwork } from '@curfew/browser-boundary'
import { COOKIE, openBrowser, setEdgeStage, tokenOf, type EdgeStage, type Replica } from './edge-stage.ts'
import { plainGet } from './plain-request.ts'

let stage: EdgeStage
let gateway: Replica
let token: string
let browser: BrowserClient
const loopback = ['127.0.0.0/8', '::1'].map(parseNetwork).filter((network) => network !== undefined)

beforeAll(async () => {
  stage = await setEdgeStage()
  gateway = await stage.start({
    isTrustedProxy: trustOf(loopback),
    forwardAuthAudiences: new Set(['wiki' as Audience]),
  })
  token = await tokenOf(gateway.url, stage.credentials('alice'))
  browser = await openBrowser(gateway.url, stage.credentials('alice'))
})
afterAll(() => stage[Symbol.asyncDispose]())

const ask = (
  headers: Record<string, string>,
  query = '',
  method = 'GET',
  url = gateway.url,
): Promise<Response> => fetch(`${url}/forward-auth${query}`, { method, headers })
const bearer = () => ({ authorization: `Bearer ${token}` })
const askRaw = (headers: Record<string, string>, rest = '') =>
  plainGet(`${gateway.url}/forward-auth${rest}`, headers)
const page = { accept: 'text/html,*/*;q=0.8', 'sec-fetch-mode': 'navigate' }
const cookie = () => ({ cookie: `${COOKIE}=${browser.cookie(COOKIE)}` })

/** A replica in whose file these users have the password of alice. */
async function gatewayOf(usernames: string[]): Promise<{ readonly url: string; readonly password: string }> {
  const { accounts } = stage.identities.files
  const { tenant, username: known, password } = stage.credentials('alice')
  const content = JSON.parse(await readFile(accounts, 'utf8')) as { accounts: Record<string, string>[] }
  const alice = content.accounts.find((account) => account['username'] === known)
  const accountsFile = join(dirname(accounts), 'other-names.json')
  const others = usernames.map((username) => ({ ...alice, tenant, username }))
  await writeFile(accountsFile, JSON.stringify({ accounts: others }))
  return { url: (await stage.start({ accountsFile })).url, password }
}

describe('a proxy that asks about a request', () => {
  it('is told who sends it', async () => {
    for (const credential of [bearer(), cookie()]) {
      const response = await ask(credential)
      expect(response.status).toBe(200)
      expect(await response.text()).toBe('')
      expect(Object.fromEntries(response.headers)).toMatchObject({
        'x-session-tenant': 'acme',
        'x-session-user': 'alice',
        'x-session-roles': 'editor',
        'x-session-permissions': 'documents:read',
        'cache-control': 'no-store',
      })
      expect(response.headers.get('x-session-id')).toMatch(/^[A-Za-z0-9_-]{22}$/)
      expect(response.headers.has('x-session-relay')).toBe(false)
      expect(JSON.stringify([...response.headers])).not.toContain(token.slice(26))
    }
  })

  it('is told a user of any name in ASCII, so that it stands for no other', async () => {
    const told = new Map([
      ['auth0|a.b+c~d-e_f', 'auth0|a.b+c~d-e_f'],
      ["o'neil,root@example.com", "o'neil%2Croot@example.com"],
      ['did:web:example.com%3A3000:user', 'did:web:example.com%253A3000:user'],
      ['Zoë 用户/😀', 'Zo%C3%AB%20%E7%94%A8%E6%88%B7%2F%F0%9F%98%80'],
    ])
    const { url, password } = await gatewayOf([...told.keys()])
    for (const [username, text] of told) {
      const other = await tokenOf(url, { tenant: 'acme', username, password })
      const { headers } = await ask({ authorization: `Bearer ${other}` }, '', 'GET', url)
      expect(headers.get('x-session-user')).toBe(text)
      expect(decodeURIComponent(text)).toBe(username)
    }
    const otherForm = { tenant: 'acme', username: 'Zoë 用户/😀'.normalize('NFD'), password }
    await expectProblem(await new HttpClient(url).post('/login', otherForm), 401, 'invalid-credentials')
  })

  it('hears 401 without a session, and the same with a cookie that is over, which stays', async () => {
    const none = await ask({})
    await expectProblem(none, 401, 'unauthenticated')
    expect(none.headers.get('www-authenticate')).toBe('Bearer realm="curfew"')
    const over = await ask({ cookie: `${COOKIE}=over` })
    await expectProblem(over, 401, 'unauthenticated')
    // Another one may have come into the browser since.
    expect(over.headers.getSetCookie()).toEqual([])
    await expectProblem(await ask({ ...bearer(), ...cookie() }), 400, 'ambiguous-credentials')
  })

  it('may demand permissions, all of them', async () => {
    expect((await ask(bearer(), '?permission=documents:read')).status).toBe(200)
    const response = await ask(bearer(), '?permission=documents:read&permission=documents:write')
    await expectProblem(response, 403, 'forbidden')
    expect(response.headers.get('www-authenticate')).toContain('error="insufficient_scope"')
    expect((await ask(bearer(), '?permission=')).status).toBe(400)
    expect((await ask(bearer(), '?permision=documents:write')).status).toBe(400)
  })

  it('gets a relay token of a service that the settings name, in both of its headers', async () => {
    const { headers } = await ask(bearer(), '?audience=wiki')
    const parsed = parseToken(token)
    if (parsed?.kind !== 'session') throw new Error('not a session token')
    const relay = formatRelayToken(
      parsed.sessionId,
      relayValueFor(hashSecret(parsed.secret), 'wiki' as Audience),
    )
    expect(headers.get('x-session-relay')).toBe(relay)
    expect(headers.get('authorization')).toBe(`Bearer ${relay}`)
    expect((await new BearerClient(gateway.url, relay).get('/session')).status).toBe(401)
  })

  it.each(['down', 'gateway', 'documents', '*'])(
    'gets none of %s, which they do not name',
    async (audience) => {
      const response = await ask(bearer(), `?audience=${audience}`)
      await expectProblem(response, 403, 'forbidden')
      expect(response.headers.has('x-session-relay')).toBe(false)
    },
  )

  it('gets none at all when nobody has called it a proxy', async () => {
    const strict = await stage.start({ forwardAuthAudiences: new Set(['wiki' as Audience]) })
    expect((await ask(bearer(), '', 'GET', strict.url)).status).toBe(200)
    await expectProblem(await ask(bearer(), '?audience=wiki', 'GET', strict.url), 403, 'forbidden')
    await strict.close()
  })
})

describe('a request that changes something, by cookie', () => {
  const unsafe = { 'x-forwarded-method': 'POST', 'x-forwarded-host': 'wiki.example' }
  const ours = { origin: 'https://wiki.example', 'sec-fetch-site': 'same-origin' }
  const value = () => ({ 'x-csrf-token': browser.csrfToken ?? '' })

  it('passes from the page that the proxy serves, with the anti-forgery value', async () => {
    expect((await ask({ ...cookie(), ...unsafe, ...ours, ...value() })).status).toBe(200)
    const original = { 'x-original-method': 'DELETE', 'x-forwarded-host': 'wiki.example' }
    expect((await ask({ ...cookie(), ...original, ...ours, ...value() })).status).toBe(200)
  })

  it.each<[string, Record<string, string>]>([
    ['without the value', { ...unsafe, ...ours, 'x-csrf-token': '' }],
    ['from another site', { ...unsafe, ...ours, 'sec-fetch-site': 'cross-site' }],
    ['from another origin', { ...unsafe, ...ours, origin: 'https://evil.example' }],
    ['from nowhere', { ...unsafe, origin: '' }],
    ['named by the other header', { 'x-original-method': 'PUT', ...ours, 'x-csrf-token': '' }],
    [
      'called safe by one header only',
      { ...unsafe, 'x-original-method': 'GET', ...ours, 'x-csrf-token': '' },
    ],
    ['of a method that nobody knows', { 'x-forwarded-method': 'get', ...ours, 'x-csrf-token': '' }],
  ])('%s does not', async (_, headers) => {
    await expectProblem(await ask({ ...cookie(), ...value(), ...headers }), 403, 'csrf-rejected')
  })

  it('asked about with its own method and path is the same request', async () => {
    const url = `${gateway.url}/forward-auth/pages/1?x=1`
    const said = { 'x-forwarded-host': 'wiki.example', ...ours }
    const send = (headers: Record<string, string>) =>
      fetch(url.replace('?x=1', ''), {
        method: 'PUT',
        headers: { ...cookie(), ...said, ...headers },
        body: 'a=b',
      })
    await expectProblem(await send({}), 403, 'csrf-rejected')
    await expectProblem(await send({ 'x-forwarded-method': 'GET' }), 403, 'csrf-rejected')
    expect((await send(value())).status).toBe(200)
    expect(
      (await fetch(url.replace('?x=1', ''), { method: 'POST', headers: bearer(), body: 'a=b' })).status,
    ).toBe(200)
  })

  it('of a program needs no value', async () => {
    expect((await ask({ ...bearer(), ...unsafe })).status).toBe(200)
  })
})

describe('an upgrade to a WebSocket, by cookie', () => {
  const opening = { upgrade: 'websocket', 'x-forwarded-host': 'wiki.example' }

  it('passes from a page of the host that the browser sees', async () => {
    const ours = { origin: 'https://wiki.example' }
    expect((await askRaw({ ...cookie(), ...opening, ...ours })).status).toBe(200)
    expect((await askRaw({ ...bearer(), ...opening })).status).toBe(200)
  })

  it.each<[string, Record<string, string>]>([
    ['another origin', { origin: 'https://evil.example' }],
    ['a sibling host', { origin: 'https://other.wiki.example' }],
    ['no page that says where it is', {}],
    ['a sandboxed page', { origin: 'null' }],
  ])('does not pass from %s', async (_, headers) => {
    expect((await askRaw({ ...cookie(), ...opening, ...headers })).status).toBe(403)
    const key = { 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==' }
    expect((await askRaw({ ...cookie(), ...key, ...headers })).status).toBe(403)
  })
})

describe('a proxy that puts its path in front of the client’s own', () => {
  const path = '/pages/1?audience=wiki&permission=nothing'

  it('states its demands in a header, and the client’s query says nothing', async () => {
    const plain = await askRaw(bearer(), path)
    expect(plain.status).toBe(200)
    expect(plain.headers['x-session-relay']).toBeUndefined()
    const demands = 'audience=wiki&permission=documents:read&permission=documents:write'
    expect((await askRaw({ ...bearer(), 'x-curfew-demands': demands }, path)).status).toBe(403)
    const relayed = await askRaw({ ...bearer(), 'x-curfew-demands': 'audience=wiki' }, path)
    expect(relayed.headers['x-session-relay']).toMatch(/^cfr_/)
    expect((await askRaw({ ...bearer(), 'x-curfew-demands': 'audiense=wiki' }, path)).status).toBe(400)
  })

  it('sends people back to the whole path that they came for', async () => {
    const { status, headers } = await askRaw({ ...page, 'x-curfew-demands': 'sign_in=redirect' }, path)
    expect(status).toBe(303)
    expect(headers.location).toBe(`/login?return_to=${encodeURIComponent(path)}`)
  })
})

describe('a page that is opened without a session', () => {
  const open = (headers: Record<string, string>) =>
    askRaw({ 'x-forwarded-uri': '/pages/1', ...headers }, '?sign_in=redirect')

  it('is led to the sign-in page, and back by nothing but a path', async () => {
    expect((await open(page)).headers.location).toBe('/login?return_to=%2Fpages%2F1')
    expect((await open({ ...page, cookie: `${COOKIE}=over` })).status).toBe(303)
    const elsewhere = await open({ ...page, 'x-forwarded-uri': 'https://evil.example/' })
    expect(elsewhere.headers.location).toBe('/login')
    const endless = await open({ ...page, 'x-forwarded-uri': `/${'a'.repeat(4_096)}` })
    expect(endless.headers.location).toBe('/login')
  })

  it.each<[string, Record<string, string>]>([
    ['a program', { accept: '*/*' }],
    ['a program that takes pages, with a token', { ...page, authorization: 'Bearer over' }],
    ['a script', { ...page, 'sec-fetch-mode': 'cors' }],
    ['a form that is sent', { ...page, 'x-forwarded-method': 'POST' }],
  ])('is not what %s asks for', async (_, headers) => {
    expect((await open(headers)).status).toBe(401)
  })
})

it('says nothing about TLS for the host of another application, in answers and refusals', async () => {
  for (const headers of [bearer(), {}, page])
    expect((await askRaw(headers)).headers['strict-transport-security']).toBeUndefined()
  expect((await askRaw({}, '/pages/1')).headers['strict-transport-security']).toBeUndefined()
})

it('a proxy hears 503 when nobody can say, and the cookie stays', async () => {
  await stage.service.close()
  for (const credential of [bearer(), cookie()]) {
    const response = await ask(credential)
    await expectProblem(response, 503, 'unavailable')
    expect(response.headers.getSetCookie()).toEqual([])
  }
})
