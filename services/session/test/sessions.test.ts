import { relayValueFor, hashSecret, parseToken, type Audience, type SessionId } from '@curfew/contracts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { sessionIdOf, setStage, until, type Replica, type Stage } from './stage.ts'

let stage: Stage
let replica: Replica
beforeAll(async () => {
  stage = await setStage()
  replica = await stage.start({ SESSION_MAX_PER_USER: '1000' })
})
afterAll(() => stage[Symbol.asyncDispose]())

const NOBODY = 'AAAAAAAAAAAAAAAAAAAAAA' as SessionId

describe('a new session', () => {
  it('is resolved for the gateway with the hash of its secret and what its user may do', async () => {
    const { token, session } = await stage.login('acme/alice', { label: 'laptop' })
    const parsed = parseToken(token)
    const [resolved] = await stage.resolve([session.id])
    expect(parsed?.kind).toBe('session')
    expect(resolved).toMatchObject({
      status: 'live',
      proof: parsed?.kind === 'session' ? hashSecret(parsed.secret) : '',
      session: {
        id: session.id,
        tenant: 'acme',
        user: 'alice',
        client: 'cli',
        acr: 'password',
        amr: ['pwd'],
        roles: ['editor'],
        permissions: ['documents:read', 'documents:write', 'reports:read'],
        label: 'laptop',
      },
    })
  })

  it('is resolved for a domain service with the relay value of that service only', async () => {
    const { token, session } = await stage.login('acme/alice')
    const parsed = parseToken(token)
    if (parsed?.kind !== 'session') throw new Error('no session token')
    const [resolved] = await stage.resolve([session.id], 'documents')
    expect(resolved).toMatchObject({
      status: 'live',
      proof: relayValueFor(hashSecret(parsed.secret), 'documents' as Audience),
    })
    expect(JSON.stringify(resolved)).not.toContain(hashSecret(parsed.secret))
  })

  it('is compact in Redis and leaves two minutes after its nearer deadline', async () => {
    const { session } = await stage.login('acme/alice')
    const key = `curfew:session:${session.id}`
    expect(await stage.redis.object('ENCODING', key)).toBe('listpack')
    expect(await stage.redis.pexpiretime(key)).toBe(Date.parse(session.idleExpiresAt) + 120_000)
  })

  it('leaves no trace of its secret in Redis or in the log', async () => {
    const { token, session } = await stage.login('acme/alice')
    const stored = JSON.stringify(await stage.redis.hgetall(`curfew:session:${session.id}`))
    const secret = token.slice(-43)
    expect(stored).not.toContain(secret)
    expect(replica.lines.join('')).not.toContain(secret)
    expect(replica.lines.join('')).toContain('"event":"session.created"')
  })

  it('is listed by its user, by its client and among all', async () => {
    const operator = replica.as(await stage.login('curfew/operator'))
    const { session } = await stage.login('acme/lister', { client: 'cli' as never })
    for (const query of ['tenant=acme&user=lister', 'tenant=acme&client=cli', 'client=cli', '']) {
      const { sessions } = await allPages(operator, query)
      expect(sessions, query).toContain(session.id)
    }
    const { sessions: others } = await allPages(operator, 'tenant=globex')
    expect(others).not.toContain(session.id)
  })

  async function allPages(
    operator: ReturnType<Replica['as']>,
    query: string,
  ): Promise<{ sessions: string[]; pages: number }> {
    const sessions: string[] = []
    let cursor: string | null = ''
    let pages = 0
    while (cursor !== null) {
      const response = await operator.get(`/v1/sessions?${query}${cursor === '' ? '' : `&cursor=${cursor}`}`)
      const page = (await response.json()) as { sessions: { id: string }[]; next_cursor: string | null }
      expect(response.status, JSON.stringify(page)).toBe(200)
      sessions.push(...page.sessions.map(({ id }) => id))
      cursor = page.next_cursor
      pages++
    }
    return { sessions, pages }
  }

  it('is found once among hundreds, page by page', async () => {
    const operator = replica.as(await stage.login('curfew/operator'))
    const created = await Promise.all(Array.from({ length: 300 }, () => stage.login('acme/many')))
    const { sessions, pages } = await allPages(operator, 'tenant=acme&user=many')
    expect(pages).toBeGreaterThan(1)
    expect(sessions.toSorted()).toEqual(created.map(({ session }) => session.id).toSorted())
  })
})

describe('resolving', () => {
  it('answers in the order of the question, unknown and repeated ids included', async () => {
    const [first, second] = [await stage.login('acme/alice'), await stage.login('acme/bob')]
    const answers = await stage.resolve([second.session.id, NOBODY, first.session.id, second.session.id])
    expect(answers.map((each) => (each.status === 'live' ? each.session.user : each))).toEqual([
      'bob',
      { status: 'refused', reason: 'unknown' },
      'alice',
      'bob',
    ])
  })

  it('moves the idle deadline of a session that is used, but not at every question', async () => {
    await using own = await setStage()
    await own.start({ SESSION_IDLE_TIMEOUT_SECONDS: '60', SESSION_ABSOLUTE_TIMEOUT_SECONDS: '60' })
    const created = await own.login('acme/alice')
    const key = `curfew:session:${created.session.id}`
    const seenAtFirst = await own.redis.hget(key, 's')
    await own.statusOf(created)
    expect(await own.redis.hget(key, 's')).toBe(seenAtFirst)
    await until('last seen has moved', async () => {
      await own.statusOf(created)
      return (await own.redis.hget(key, 's')) !== seenAtFirst
    })
    // The absolute limit is nearer here, and nothing moves that.
    expect(await own.redis.pexpiretime(key)).toBe(Date.parse(created.session.expiresAt) + 120_000)
  })

  it('moves no idle deadline of a session that is only watched', async () => {
    await using own = await setStage()
    await own.start({ SESSION_IDLE_TIMEOUT_SECONDS: '2', SESSION_ABSOLUTE_TIMEOUT_SECONDS: '30' })
    const [watched, used] = [await own.login('acme/alice'), await own.login('acme/bob')]
    await until('the watched one has ended', async () => {
      const ids = [watched.session.id, used.session.id]
      const [ofWatched, ofUsed] = await own.resolve(ids, 'gateway', [watched.session.id])
      expect(ofUsed?.status).toBe('live')
      return ofWatched?.status === 'refused'
    })
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(watched.session.idleExpiresAt))
  })

  it('keeps a used session beyond its idle limit and ends it at the absolute one', async () => {
    await using own = await setStage()
    await own.start({ SESSION_IDLE_TIMEOUT_SECONDS: '1', SESSION_ABSOLUTE_TIMEOUT_SECONDS: '3' })
    const created = await own.login('acme/alice')
    const startedAtMs = Date.parse(created.session.createdAt)
    let lastLiveMs = 0
    await until('it has ended', async () => {
      const isLive = (await own.statusOf(created)) === 'live'
      if (isLive) lastLiveMs = Date.now()
      return !isLive
    })
    expect(lastLiveMs - startedAtMs).toBeGreaterThan(1_500)
    expect(Date.now() - startedAtMs).toBeGreaterThanOrEqual(3_000)
  })

  it('ends an unused session at the idle limit', async () => {
    await using own = await setStage()
    await own.start({ SESSION_IDLE_TIMEOUT_SECONDS: '1', SESSION_ABSOLUTE_TIMEOUT_SECONDS: '30' })
    const created = await own.login('acme/alice')
    const deadlineMs = Date.parse(created.session.idleExpiresAt)
    await until('the deadline has passed', () => Date.now() >= deadlineMs)
    expect(['expired', 'unknown']).toContain(await own.statusOf(created))
  })
})

describe('logout', () => {
  it('ends the session for every audience, and succeeds again', async () => {
    const created = await stage.login('acme/alice')
    expect(await stage.logout(created)).toBe('confirmed')
    expect(await stage.statusOf(created)).not.toBe('live')
    const [forDocuments] = await stage.resolve([sessionIdOf(created.token)], 'documents')
    expect(forDocuments?.status).toBe('refused')
    expect(await stage.logout(created)).toBe('confirmed')
  })

  it('takes the session out of the lists', async () => {
    const created = await stage.login('acme/leaver')
    const isListed = () => stage.redis.hexists('curfew:user:acme/leaver', created.session.id)
    expect(await isListed()).toBe(1)
    await stage.logout(created)
    const left = Promise.all([isListed(), stage.redis.exists(`curfew:session:${created.session.id}`)])
    await expect(left).resolves.toEqual([0, 0])
  })
})
