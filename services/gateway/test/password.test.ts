import { BearerClient, HttpClient, expectJson, expectProblem, type BrowserClient } from '@curfew/test-kit'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { COOKIE, openBrowser, setEdgeStage, tokenOf, type EdgeStage, type Replica } from './edge-stage.ts'
import { eventually } from './eventually.ts'

let stage: EdgeStage
let one: Replica
let other: Replica
beforeAll(async () => {
  stage = await setEdgeStage()
  one = await stage.start()
  other = await stage.start()
})
afterAll(() => stage[Symbol.asyncDispose]())

/** Every test has a password of its own for alice; the last that was set is hers. */
let current = ''
let count = 0
const fresh = (): string => `a fresh passphrase no. ${(count += 1)} for Ålesund`
const alice = (password = current) => ({ ...stage.credentials('alice'), password })
const change = (caller: HttpClient, new_password: string, current_password = current): Promise<Response> =>
  caller.post('/session/password', { current_password, new_password })
const statusOf = async (url: string, password: string): Promise<number> =>
  (await new HttpClient(url).post('/login', { ...alice(password), client: 'api' })).status

beforeEach(() => {
  current ||= stage.credentials('alice').password
  stage.service.script = {}
  for (const list of [stage.service.rotated, stage.service.othersEnded, stage.service.events]) list.length = 0
})

interface Changed {
  session: { id: string }
  csrf_token?: string
  token?: string
  other_sessions: string
}

async function changed(caller: HttpClient, password: string): Promise<Changed> {
  const response = await change(caller, password)
  const body = await expectJson<Changed>(response, 200)
  current = password
  return body
}

describe('a changed password', () => {
  it('holds at every replica at once, and the old one nowhere any more', async () => {
    const before = current
    await changed(await openBrowser(one.url, alice()), fresh())
    for (const { url } of [one, other]) {
      expect(await statusOf(url, current)).toBe(200)
      expect(await statusOf(url, before)).toBe(401)
    }
  })

  it('holds after a restart, and for its own account only', async () => {
    await changed(await openBrowser(one.url, alice()), fresh())
    const third = await stage.start()
    expect(await statusOf(third.url, current)).toBe(200)
    expect((await new HttpClient(third.url).post('/login', stage.credentials('bob'))).status).toBe(200)
    await third.close()
  })

  it('ends the other sessions of its owner, and gives this browser a new token and value', async () => {
    const elsewhere = new BearerClient(other.url, await tokenOf(other.url, alice()))
    const browser = await openBrowser(one.url, alice())
    const [oldToken, oldValue] = [browser.cookie(COOKIE), browser.csrfToken]
    const body = await changed(browser, fresh())
    expect(body.other_sessions).toBe('confirmed')
    expect(browser.cookie(COOKIE)).not.toBe(oldToken)
    expect((await browser.get('/session')).status).toBe(200)
    await expectProblem(await elsewhere.get('/session'), 401, 'unauthenticated')
    const headers = { cookie: `${COOKIE}=${oldToken}` }
    expect((await fetch(`${one.url}/session`, { headers })).status).toBe(401)
    // The old value is worth nothing with the new token, the new one is.
    browser.csrfToken = oldValue
    await expectProblem(await change(browser, fresh()), 403, 'csrf-rejected')
    browser.csrfToken = body.csrf_token
    await changed(browser, fresh())
  })

  it('gives a program its new token in the body', async () => {
    const program = new BearerClient(one.url, await tokenOf(one.url, alice()))
    const response = await change(program, fresh())
    expect(response.headers.getSetCookie()).toEqual([])
    expect(response.headers.get('cache-control')).toBe('no-store')
    current = `a fresh passphrase no. ${count} for Ålesund`
    const body = await expectJson<Changed>(response, 200)
    expect(Object.keys(body).toSorted()).toEqual(['other_sessions', 'session', 'token', 'token_type'])
    expect((await new BearerClient(one.url, body.token ?? '').get('/session')).status).toBe(200)
    expect((await program.get('/session')).status).toBe(401)
  })

  it('is asked of the authority in the name of the owner, others first', async () => {
    const browser = await openBrowser(one.url, alice())
    const { session } = await changed(browser, fresh())
    const who = { tenant: 'acme', user: 'alice', actor: 'acme/alice', reason: 'password changed' }
    expect(stage.service.othersEnded).toEqual([{ ...who, except: session.id, isProven: true }])
    expect(stage.service.rotated).toMatchObject([{ ...who, session: session.id }])
    await eventually(() => expect(stage.service.events.map(({ type }) => type)).toContain('password.changed'))
  })

  it('wins against a login with the old one that began before', async () => {
    const browser = await openBrowser(one.url, alice())
    const before = current
    // The old password has been found right at the other replica; before its session exists, the change happens.
    stage.service.script.beforeCreate = async () => {
      stage.service.script = {}
      await changed(browser, fresh())
    }
    expect(await statusOf(other.url, before)).toBe(401)
    expect(await statusOf(other.url, current)).toBe(200)
  })

  it('is the same however it is typed: composed, decomposed or wide', async () => {
    const typed = 'Zoë drinkt ﬁjne koffie'
    await changed(await openBrowser(one.url, alice()), typed)
    expect(await statusOf(other.url, typed.normalize('NFD'))).toBe(200)
    expect(await statusOf(other.url, typed.normalize('NFKC'))).toBe(200)
    expect(await statusOf(other.url, typed.toLowerCase())).toBe(401)
  })
})

describe('a change that is refused', () => {
  let browser: BrowserClient
  beforeEach(async () => {
    browser = await openBrowser(one.url, alice())
  })

  async function expectUnchanged(): Promise<void> {
    expect(stage.service.rotated).toEqual([])
    expect(stage.service.othersEnded).toEqual([])
    expect(await statusOf(other.url, current)).toBe(200)
    expect((await browser.get('/session')).status).toBe(200)
  }

  it('for a wrong current password changes nothing and leaves the session alone', async () => {
    const response = await change(browser, fresh(), 'not my password at all')
    await expectProblem(response, 401, 'invalid-credentials')
    expect(response.headers.getSetCookie()).toEqual([])
    await expectUnchanged()
  })

  it.each([
    ['too short', 'short', '15 characters'],
    ['common', 'password12345678', 'attackers try first'],
    ['made of names', 'alice-acme-curfew-1', 'user name'],
    ['monotonous', 'abababababababab', 'repeats'],
  ])('because it is %s says so', async (_, password, why) => {
    const problem = await expectProblem(await change(browser, password), 422, 'password-unacceptable')
    expect(problem.detail).toContain(why)
    expect(JSON.stringify(problem)).not.toContain(password)
    await expectUnchanged()
  })

  it('because nothing would change says so', async () => {
    const problem = await expectProblem(await change(browser, current), 422, 'password-unacceptable')
    expect(problem.detail).toContain('current')
    await expectUnchanged()
  })

  it.each<[string, Record<string, string>]>([
    ['without the anti-forgery value', { 'x-csrf-token': '' }],
    ['from another site', { 'sec-fetch-site': 'cross-site' }],
    ['from a sibling site', { 'sec-fetch-site': 'same-site' }],
    ['from another origin', { origin: 'https://evil.example' }],
  ])('%s changes nothing', async (_, headers) => {
    const json = { current_password: current, new_password: fresh() }
    const response = await browser.request('POST', '/session/password', { json, headers })
    await expectProblem(response, 403, 'csrf-rejected')
    await expectUnchanged()
  })

  it('without a session, or with members that do not belong there, is refused', async () => {
    await expectProblem(await change(new HttpClient(one.url), fresh()), 401, 'unauthenticated')
    const json = { current_password: current, new_password: fresh(), user: 'bob' }
    await expectProblem(await browser.request('POST', '/session/password', { json }), 400, 'bad-request')
    await expectUnchanged()
  })

  it('because its session ended while the passwords were checked changes nothing', async () => {
    const elsewhere = await openBrowser(one.url, alice())
    stage.service.script.beforeCount = async () => {
      stage.service.script = {}
      await expectJson(await elsewhere.post('/sessions/revoke-others'), 200)
    }
    await expectProblem(await change(browser, fresh()), 401, 'unauthenticated')
    expect(stage.service.rotated).toEqual([])
    expect(await statusOf(other.url, current)).toBe(200)
  })

  it('is slowed down for whoever holds the session and guesses, and nobody else', async () => {
    // Failures of the tests before are counted for the same account.
    stage.service.forgetCounts()
    const strict = await stage.start({
      limits: {
        loginsPerMinute: 100_000,
        accountLoginsPerDay: 100_000,
        loginFailuresFree: 3,
        loginChancesPerMinute: 0,
        tokenGuessesPerMinute: 10_000,
      },
    })
    const [thief, owner] = [await openBrowser(strict.url, alice()), await openBrowser(strict.url, alice())]
    for (let guess = 0; guess < 4; guess += 1)
      await expectProblem(await change(thief, fresh(), `guess number ${guess}`), 401, 'invalid-credentials')
    // Until the wait is long enough for the next attempt to fall into it, which holds for the right one, too.
    let waitSeconds = 0
    while (waitSeconds < 4)
      waitSeconds = Number((await change(thief, fresh(), 'one more guess')).headers.get('retry-after'))
    const response = await change(thief, fresh())
    await expectProblem(response, 429, 'too-many-requests')
    expect(response.headers.get('ratelimit')).toMatch(/^"login-wait";r=0;t=\d+$/)
    await changed(owner, fresh())
    await strict.close()
  })
})

describe('when something fails on the way', () => {
  it('of two changes at once one holds, and the other is told', async () => {
    const [a, b] = [await openBrowser(one.url, alice()), await openBrowser(other.url, alice())]
    const [first, second] = [fresh(), fresh()]
    const responses = await Promise.all([change(a, first), change(b, second)])
    const statuses = responses.map(({ status }) => status)
    const winner = statuses.indexOf(200)
    expect(winner).not.toBe(-1)
    // The loser has found another password, or its session over, depending on how far it had come.
    expect([401, 409]).toContain(statuses[1 - winner])
    const [kept, lost] = winner === 0 ? [first, second] : [second, first]
    current = kept
    expect([await statusOf(one.url, kept), await statusOf(one.url, lost)]).toEqual([200, 401])
  })

  it('the new password holds although the others could not be ended, and the answer says so', async () => {
    const browser = await openBrowser(one.url, alice())
    stage.service.script.endOthers = () => {
      throw new Error('away')
    }
    const password = fresh()
    const problem = await expectProblem(await change(browser, password), 503, 'unavailable')
    expect(problem.detail).toContain('has been changed')
    expect(stage.service.othersEnded).toHaveLength(2)
    current = password
    expect(await statusOf(other.url, current)).toBe(200)
    expect(browser.cookie(COOKIE)).toBeDefined()
  })

  it('the session goes on as it was where the log has no room for another token, and the answer says what is certain', async () => {
    const browser = await openBrowser(one.url, alice())
    stage.service.script.rotate = () => ({ outcome: 'no-room' })
    const password = fresh()
    const problem = await expectProblem(await change(browser, password), 503, 'unavailable')
    expect(problem.detail).toMatch(/has been changed and the other sessions end; this one goes on as it was/)
    current = password
    expect((await browser.get('/session')).status).toBe(200)
    await expectProblem(await browser.post('/session/elevate', { password }), 503, 'log-full')
  })

  it('where another token is not certain, the answer does not say so of the other sessions', async () => {
    const browser = await openBrowser(one.url, alice())
    stage.service.script.rotate = () => {
      throw new Error('away')
    }
    const password = fresh()
    const problem = await expectProblem(await change(browser, password), 503, 'unavailable')
    expect(problem.detail).toMatch(/other sessions end; whether this one has another token is not certain/)
    current = password
  })

  it('a session that ended meanwhile is over, and its cookie stays, which may be another one by then', async () => {
    const browser = await openBrowser(one.url, alice())
    stage.service.script.endOthers = () => ({ outcome: 'refused' })
    const password = fresh()
    const response = await change(browser, password)
    await expectProblem(response, 401, 'unauthenticated')
    current = password
    expect(response.headers.getSetCookie()).toEqual([])
  })

  it('a session that was rotated meanwhile is a conflict', async () => {
    const browser = await openBrowser(one.url, alice())
    stage.service.script.rotate = () => ({ outcome: 'superseded' })
    const password = fresh()
    await expectProblem(await change(browser, password), 409, 'conflict')
    current = password
  })

  it('a login is 503 while the passwords cannot be read, never right and never wrong', async () => {
    await changed(await openBrowser(one.url, alice()), fresh())
    const keys: string[] = []
    for await (const found of await stage.bucket.keys()) keys.push(found)
    const [key = ''] = keys
    expect(keys).toHaveLength(1)
    const kept = await stage.bucket.get(key)
    await stage.bucket.put(key, 'not what the gateway has written')
    const response = await new HttpClient(one.url).post('/login', alice())
    await expectProblem(response, 503, 'unavailable')
    await stage.bucket.put(key, kept?.value ?? '')
    expect(await statusOf(one.url, current)).toBe(200)
  })
})

it('no password gets into the log, the events or the bucket', async () => {
  const texts = [stage.log.join(''), JSON.stringify(stage.service.events)]
  for await (const key of await stage.bucket.keys())
    texts.push(key, (await stage.bucket.get(key))?.string() ?? '')
  for (const text of texts) expect(text).not.toMatch(/fresh passphrase|not my password/)
})
