import { formatSessionToken, newSessionId, newSessionSecret, parseToken } from '@curfew/contracts'
import { BearerClient, HttpClient, expectJson, expectProblem } from '@curfew/test-kit'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'

import { trustOf, parseNetwork } from '@curfew/browser-boundary'
import { COOKIE, openBrowser, setEdgeStage, tokenOf, type EdgeStage, type Replica } from './edge-stage.ts'
import { eventually } from './eventually.ts'

let stage: EdgeStage
let one: Replica
let other: Replica
/** Tests speak for several addresses through a proxy that is trusted: this machine. */
const isTrustedProxy = trustOf(
  ['127.0.0.0/8', '::1'].map(parseNetwork).filter((network) => network !== undefined),
)
/** Limits that no test reaches; each test tightens the one that it is about. */
const LAX = {
  loginsPerMinute: 1_000,
  accountLoginsPerDay: 100_000,
  loginFailuresFree: 1_000,
  loginChancesPerMinute: 0,
  tokenGuessesPerMinute: 50,
}
const STRICT = { ...LAX, loginsPerMinute: 20, loginFailuresFree: 3 }

beforeAll(async () => {
  stage = await setEdgeStage()
  one = await stage.start({ isTrustedProxy, limits: STRICT })
  other = await stage.start({ isTrustedProxy, limits: STRICT })
})
afterAll(() => stage[Symbol.asyncDispose]())
beforeEach(() => {
  stage.service.forgetCounts()
  stage.service.events.length = 0
})

let addresses = 0
const freshAddress = (): string => `203.0.113.${(addresses += 1)}`

interface From {
  readonly address: string
  readonly url?: string
  readonly cookie?: string
  /** Sent by a page of another site. */
  readonly foreign?: true
}
const login = (body: object, { address, url = one.url, cookie, foreign }: From): Promise<Response> =>
  new HttpClient(url).request('POST', '/login', {
    json: body,
    headers: {
      'x-forwarded-for': address,
      ...(cookie !== undefined && { cookie }),
      ...(foreign && { 'sec-fetch-site': 'cross-site' }),
    },
  })
const wrong = (username: string) => ({ ...stage.credentials('alice'), username, password: 'wrong' })

function deviceOf(response: Response): string {
  const cookie = response.headers.getSetCookie().find((value) => value.startsWith('__Host-device='))
  return cookie?.split(';')[0] ?? ''
}

async function expectThrottled(response: Response, policy: string): Promise<void> {
  await expectProblem(response, 429, 'too-many-requests')
  const { headers } = response
  const seconds = Number(headers.get('retry-after'))
  expect(headers.get('ratelimit-policy')).toMatch(new RegExp(`^"${policy}";q=\\d+;w=\\d+$`))
  expect(headers.get('ratelimit')).toBe(`"${policy}";r=0;t=${seconds}`)
  expect(seconds).toBeGreaterThan(0)
}

describe('logins', () => {
  it('of one address are limited over all replicas and accounts, those of another address are not', async () => {
    const address = freshAddress()
    const statuses: number[] = []
    for (let count = 0; count < 21; count += 1)
      statuses.push(
        (await login(wrong(`u${count}`), { address, url: count % 2 ? one.url : other.url })).status,
      )
    expect(statuses).toEqual([...Array.from({ length: 20 }, () => 401), 429])
    await expectThrottled(await login(stage.credentials('alice'), { address }), 'login')
    expect((await login(stage.credentials('alice'), { address: freshAddress() })).status).toBe(200)
    await eventually(() =>
      expect(stage.service.events).toContainEqual(
        expect.objectContaining({ type: 'rate.limited', reason: 'login', addressClass: '203.0.113.0/24' }),
      ),
    )
  })

  it('of an account that many guess at go on for its owner: at a known device, and from elsewhere', async () => {
    const home = freshAddress()
    const first = await login(stage.credentials('alice'), { address: home })
    const cookie = deviceOf(first)
    for (let count = 0; count < 12; count += 1) {
      const address = freshAddress()
      await login(wrong('alice'), { address })
      // A second attempt of the same address has to wait by now.
      if (count > 6) await expectThrottled(await login(wrong('alice'), { address }), 'login-wait')
    }
    expect((await login(stage.credentials('alice'), { address: freshAddress(), cookie })).status).toBe(200)
    expect((await login(stage.credentials('alice'), { address: home })).status).toBe(200)
  })

  it('are slowed down alike for accounts that do not exist', async () => {
    const address = freshAddress()
    const seen: Record<string, unknown[]> = { bob: [], nobody: [] }
    for (const username of ['bob', 'nobody'])
      for (let count = 0; count < 6; count += 1) {
        const response = await login(wrong(username), { address: freshAddress() })
        seen[username]?.push([response.status, response.headers.get('ratelimit-policy')])
      }
    expect(seen['bob']).toEqual(seen['nobody'])
    const waits = await Promise.all(['bob', 'nobody'].map((name) => login(wrong(name), { address })))
    expect(waits.map(({ status }) => status)).toEqual([401, 401])
  })

  it('with the cookie of a device for another account, or one that is forged, are those of a stranger', async () => {
    const bobs = deviceOf(await login(stage.credentials('bob'), { address: freshAddress() }))
    const address = freshAddress()
    for (let count = 0; count < 5; count += 1) await login(wrong('alice'), { address: freshAddress() })
    await login(wrong('alice'), { address })
    for (const cookie of [bobs, `${bobs.slice(0, -2)}AA`, '__Host-device=x', `${bobs}; ${bobs}`])
      await expectThrottled(await login(stage.credentials('alice'), { address, cookie }), 'login-wait')
  })

  it('of one person do not make the browser forget another', async () => {
    const alices = deviceOf(await login(stage.credentials('alice'), { address: freshAddress() }))
    const both = deviceOf(await login(stage.credentials('bob'), { address: freshAddress(), cookie: alices }))
    const address = freshAddress()
    for (let count = 0; count < 6; count += 1) await login(wrong('alice'), { address: freshAddress() })
    await login(wrong('alice'), { address })
    await expectThrottled(await login(stage.credentials('alice'), { address }), 'login-wait')
    expect((await login(stage.credentials('alice'), { address, cookie: both })).status).toBe(200)
  })

  it('at a known device go on though a stranger has used up every limit of the same address', async () => {
    const address = freshAddress()
    const cookie = deviceOf(await login(stage.credentials('alice'), { address }))
    const program = { ...stage.credentials('bob'), client: 'api' }
    const { device } = await expectJson<{ device: string }>(await login(program, { address }), 200)
    for (let count = 0; count < 30; count += 1) await login(wrong('alice'), { address })
    await expectThrottled(await login(stage.credentials('alice'), { address }), 'login')
    await expectThrottled(await login(program, { address }), 'login')
    for (let count = 0; count < 10; count += 1) {
      expect((await login(stage.credentials('alice'), { address, cookie })).status).toBe(200)
      expect((await login({ ...program, device }, { address })).status).toBe(200)
    }
    await expectThrottled(
      await login({ ...program, device: `${device.slice(0, -2)}AA` }, { address }),
      'login',
    )
  })

  it('with the right password get in by lot, at an unknown device behind the address of an attacker', async () => {
    const fair = await stage.start({ isTrustedProxy, limits: { ...STRICT, loginChancesPerMinute: 30 } })
    const address = freshAddress()
    for (let count = 0; count < 40; count += 1) await login(wrong('alice'), { address, url: fair.url })
    const statuses: number[] = []
    while (!statuses.includes(200) && statuses.length < 60)
      statuses.push((await login(stage.credentials('alice'), { address, url: fair.url })).status)
    expect(statuses.at(-1)).toBe(200)
    await fair.close()
  })

  it('of one account are bounded for a day, over all addresses, devices and replicas; wrong passwords use up nothing', async () => {
    const strict = { isTrustedProxy, limits: { ...LAX, accountLoginsPerDay: 4 } }
    const replicas = [await stage.start(strict), await stage.start(strict)] as const
    const [{ url: first }, { url: second }] = replicas
    const known = deviceOf(await login(stage.credentials('alice'), { address: freshAddress(), url: first }))
    for (const url of [second, first, second]) {
      await expectProblem(
        await login(wrong('alice'), { address: freshAddress(), url }),
        401,
        'invalid-credentials',
      )
      expect((await login(stage.credentials('alice'), { address: freshAddress(), url })).status).toBe(200)
    }
    const begun = stage.service.created.length
    for (const from of [{ url: first }, { url: second }, { url: first, cookie: known }])
      await expectThrottled(
        await login(stage.credentials('alice'), { address: freshAddress(), ...from }),
        'account-logins',
      )
    expect(stage.service.created).toHaveLength(begun)
    // The owner of another account, and one who guesses at this one, meet what they met before.
    expect((await login(stage.credentials('bob'), { address: freshAddress(), url: first })).status).toBe(200)
    await expectProblem(
      await login(wrong('alice'), { address: freshAddress(), url: first }),
      401,
      'invalid-credentials',
    )
    await eventually(() =>
      expect(stage.service.events).toContainEqual(
        expect.objectContaining({ type: 'rate.limited', reason: 'account-logins', user: 'alice' }),
      ),
    )
    for (const replica of replicas) await replica.close()
  })

  it('keep the id of a device, and its cookie is no credential', async () => {
    const first = deviceOf(await login(stage.credentials('alice'), { address: freshAddress() }))
    const second = deviceOf(
      await login(stage.credentials('alice'), { address: freshAddress(), cookie: first }),
    )
    expect(second.split('.')[0]).toBe(first.split('.')[0])
    expect((await fetch(`${one.url}/session`, { headers: { cookie: first } })).status).toBe(401)
    const value = first.slice('__Host-device='.length)
    expect((await new BearerClient(one.url, value).get('/session')).status).toBe(401)
  })

  it('tell the authority the network and the kind of device, and nothing more of either', async () => {
    await new HttpClient(one.url).request('POST', '/login', {
      json: stage.credentials('alice'),
      headers: {
        'x-forwarded-for': '2001:db8:7:8:9::1',
        'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0',
      },
    })
    expect(stage.service.created.at(-1)).toMatchObject({
      label: 'Firefox on Linux',
      addressClass: '2001:db8:7::/48',
    })
  })

  it('are counted under hashes: neither address nor name leaves the gateway', async () => {
    await login(wrong('alice'), { address: '198.51.100.77' })
    const text = JSON.stringify(stage.service.takes)
    expect(text).not.toMatch(/198\.51|alice|acme/)
    expect(stage.service.takes.length).toBeGreaterThan(0)
  })
})

it('whoever is no trusted proxy cannot speak for another address', async () => {
  const direct = await stage.start({ limits: { ...LAX, loginsPerMinute: 2 } })
  const statuses: number[] = []
  for (let count = 0; count < 3; count += 1)
    statuses.push((await login(wrong('alice'), { address: freshAddress(), url: direct.url })).status)
  expect(statuses).toEqual([401, 401, 429])
  // Most likely a console that the settings have forgotten: the log says so, once.
  const program = { ...stage.credentials('alice'), client: 'api' }
  stage.service.forgetCounts()
  for (let count = 0; count < 2; count += 1)
    await login(program, { address: freshAddress(), url: direct.url })
  expect(stage.log.join('').match(/"event":"proxy\.untrusted"/g)).toHaveLength(1)
  await direct.close()
})

describe('who tries tokens', () => {
  const show = (token: string, address: string, url = one.url): Promise<Response> =>
    fetch(`${url}/session`, { headers: { authorization: `Bearer ${token}`, 'x-forwarded-for': address } })
  const guess = (): string => formatSessionToken(newSessionId(), newSessionSecret())

  it('is answered 429 after a while, on every replica, is told of once, and harms nobody else', async () => {
    const [attacker, user] = [freshAddress(), freshAddress()]
    const token = await tokenOf(one.url, stage.credentials('alice'))
    const statuses = new Set<number>()
    for (let count = 0; count < 60; count += 1) statuses.add((await show(guess(), attacker)).status)
    await eventually(async () => await expectThrottled(await show(guess(), attacker), 'token-guesses'))
    expect(statuses.has(401)).toBe(true)
    // The other replica learns it with the next guess there.
    await show(guess(), attacker, other.url)
    await eventually(async () => expect((await show(guess(), attacker, other.url)).status).toBe(429))

    expect((await show(token, user)).status).toBe(200)
    expect((await show(guess(), user)).status).toBe(401)
    // Behind the address of the attacker there may be others: what is good stays good.
    expect((await show(token, attacker)).status).toBe(200)
    await eventually(() => {
      const told = stage.service.events.filter(({ type }) => type === 'token.guessing')
      expect(told.map(({ addressClass }) => addressClass)).toEqual(['203.0.113.0/24', '203.0.113.0/24'])
    })
    expect(stage.log.join('').match(/"event":"token\.guessing"/g)).toHaveLength(2)
    const metrics = await (await fetch(`${one.operationsUrl}/metrics`)).text()
    expect(metrics).toMatch(/curfew_gateway_token_guessing_total\{[^}]*\} 1\b/)
    expect(metrics).toMatch(/curfew_gateway_rate_limited_total\{[^}]*policy="token-guesses"[^}]*\} \d/)
  })

  it('with a cookie is not freed of it, and hears the same whatever is wrong with a token', async () => {
    const attacker = freshAddress()
    const session = await tokenOf(one.url, stage.credentials('alice'))
    const ended = new BearerClient(one.url, await tokenOf(one.url, stage.credentials('alice')))
    expect((await ended.post('/logout')).status).toBe(204)
    for (let count = 0; count < 60; count += 1) await show(guess(), attacker)
    await eventually(async () => expect((await show(guess(), attacker)).status).toBe(429))
    const seen = new Set<string>()
    const id = parseToken(session)?.sessionId ?? newSessionId()
    for (const token of [guess(), 'garbage', ended.token, formatSessionToken(id, newSessionSecret())]) {
      const { status, headers } = await show(token, attacker)
      seen.add(`${status} ${headers.get('ratelimit-policy')} ${headers.get('www-authenticate')}`)
    }
    expect([...seen]).toEqual(['429 "token-guesses";q=50;w=60 null'])
    const cookie = `${COOKIE}=${guess()}`
    const response = await fetch(`${one.url}/session`, { headers: { cookie, 'x-forwarded-for': attacker } })
    expect(response.status).toBe(429)
    expect(response.headers.getSetCookie()).toEqual([])
  })
})

it('a login is 503 while the counters cannot be had', async () => {
  const alone = await setEdgeStage()
  const replica = await alone.start()
  await alone.service.close()
  const response = await new HttpClient(replica.url).post('/login', alone.credentials('alice'))
  await expectProblem(response, 503, 'unavailable')
  await alone[Symbol.asyncDispose]()
})

describe('the audit trail', () => {
  const typesOf = (): string[] => stage.service.events.map(({ type }) => type)

  it('hears of logins, logouts, planted and repeated cookies and forgeries, with where and which request', async () => {
    // The others have told of these refusals in this window already.
    const { url } = await stage.start({ isTrustedProxy })
    const address = freshAddress()
    const browser = await openBrowser(url, stage.credentials('alice'))
    await login(wrong('alice'), { address, url })
    await login(wrong('nobody-here'), { address, url })
    await login(stage.credentials('bob'), { address, url, cookie: `${COOKIE}=${'x'.repeat(69)}` })
    const twice = `${COOKIE}=a; ${COOKIE}=b`
    expect((await fetch(`${url}/session`, { headers: { cookie: twice } })).status).toBe(401)
    await login(stage.credentials('bob'), { address, url })
    const foreign = { 'sec-fetch-site': 'cross-site', 'x-request-id': 'forged-1' }
    await browser.request('POST', '/logout', { headers: foreign })
    expect((await browser.post('/logout')).status).toBe(204)
    const answers = ['login.succeeded', 'login.refused', 'session.ended']
    const attacks = ['cookie.planted', 'cookie.repeated', 'csrf.refused']
    await eventually(() => expect(typesOf()).toEqual(expect.arrayContaining([...answers, ...attacks])))
    const { events } = stage.service
    expect(events.find(({ type }) => type === 'csrf.refused')).toMatchObject({
      outcome: 'refused',
      reason: 'fetch-site',
      requestId: 'forged-1',
    })
    const refused = events.filter(({ type }) => type === 'login.refused')
    expect(refused).toContainEqual(
      expect.objectContaining({ user: 'alice', reason: 'wrong-password', addressClass: '203.0.113.0/24' }),
    )
    // A name that nobody has may be a password in the wrong field.
    expect(JSON.stringify(events)).not.toContain('nobody-here')
    expect(events.find(({ type }) => type === 'session.ended')).toMatchObject({
      actor: 'acme/alice',
      reason: 'logout',
    })
  })

  it('is not flooded by strangers: what is refused is told once and then counted, by account or by network', async () => {
    const flooded = await stage.start({ isTrustedProxy, limits: LAX })
    const { url } = flooded
    for (let count = 0; count < 12; count += 1) {
      await login(wrong('alice'), { address: `198.51.${count % 3}.${count}`, url })
      await login(wrong('nobody-here'), { address: '198.51.100.9', url })
      await login(stage.credentials('alice'), { address: '198.51.100.9', url, foreign: true })
    }
    await flooded.close()
    const { events } = stage.service
    const told = events.map(({ type, reason, user, count }) => [type, reason, user, count].join(' '))
    expect(told.toSorted()).toEqual([
      'csrf.refused fetch-site  ',
      'csrf.refused fetch-site  11',
      'login.refused unknown-account  ',
      'login.refused unknown-account  11',
      'login.refused wrong-password alice ',
      'login.refused wrong-password alice 11',
    ])
    const sum = events.find(({ user, count }) => user === 'alice' && count === 11)
    expect(sum).toMatchObject({ effect: '11 more within 60 s, from 3 networks' })
    expect(sum).not.toHaveProperty('requestId')
    expect(events.find(({ reason, count }) => reason === 'unknown-account' && count === 11)).toMatchObject({
      addressClass: '198.51.100.0/24',
    })
  })

  it('that does not answer at first is asked again, and no request waits for it', async () => {
    let attempts = 0
    stage.service.script.record = () => {
      attempts += 1
      if (attempts < 3) throw new Error('away')
    }
    await expectJson(await login(stage.credentials('alice'), { address: freshAddress() }), 200)
    await eventually(() => expect(typesOf()).toEqual(['login.succeeded']))
    expect(attempts).toBe(3)
    stage.service.script = {}
  })

  it('that never answers costs a log line and a number', async () => {
    stage.service.script.record = () => {
      throw new Error('away')
    }
    await expectJson(await login(stage.credentials('alice'), { address: freshAddress() }), 200)
    await eventually(() =>
      expect(stage.log.join('')).toMatch(/"event":"audit.event.lost"[^\n]*"type":"login.succeeded"/),
    )
    const metrics = await (await fetch(`${one.operationsUrl}/metrics`)).text()
    expect(metrics).toMatch(/curfew_gateway_security_events_lost_total\{[^}]*\} [1-9]/)
    stage.service.script = {}
  })
})
