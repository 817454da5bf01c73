/**
 * ④ Group 11 on the running system: what operators can do, what they cannot, and what is written down of it.
 */
import { randomUUID } from 'node:crypto'

import { BearerClient, expectJson, expectProblem } from '@curfew/test-kit'
import { expect } from 'vitest'

import { newOperatorToken, newToken } from './backend.ts'
import { introspect, plain } from './calls.ts'
import { atAuthority } from './operating.ts'
import { conforms } from './register.ts'
import { otherAuthorityUrl, system } from './stage.ts'
import { operators } from './statements/operators.ts'
import { SURFACES, type Surface } from './surfaces.ts'
import { eventsOfTrail } from './trail.ts'

const TENANT = 'op-tenant'
const idIn = (token: string): string => token.slice(4, 26)

/** Each scope of OP-01, for a session that a backend has begun just now. */
const SCOPES = [
  { of: (token: string) => ({ type: 'session', session: idIn(token) }), isOwnSpared: false },
  { of: () => ({ type: 'user', tenant: TENANT, user: 'op-alice' }), isOwnSpared: false },
  { of: () => ({ type: 'tenant', tenant: TENANT }), isOwnSpared: false },
  { of: () => ({ type: 'global' }), isOwnSpared: true },
] as const

const historyOf = async (reason: string): Promise<object[]> => {
  const page = await (await atAuthority()).get('/v1/revocations')
  const { revocations } = await expectJson<{ revocations: { reason: string }[] }>(page, 200)
  return revocations.filter((revocation) => revocation.reason === reason)
}

async function expectSameEffect(surface: Surface): Promise<void> {
  for (const { of, isOwnSpared } of SCOPES) {
    const token = await newToken('op-alice', { tenant: TENANT })
    const scope = of(token)
    const reason = randomUUID()
    await surface.revoke({ scope, reason, isOwnSpared })
    expect(await introspect(token), scope.type).toEqual({ active: false })
    expect(await introspect(token, otherAuthorityUrl()), scope.type).toEqual({ active: false })
    expect(await introspect(await newToken('op-alice', { tenant: TENANT }))).toMatchObject({ active: true })
    expect(await historyOf(reason)).toEqual([
      expect.objectContaining({ scope, reason, actor: 'curfew/operator' }),
    ])
    const told = (await eventsOfTrail({ type: 'revocation.recorded' })).filter(
      (event) => event.reason === reason,
    )
    expect(told).toEqual([
      expect.objectContaining({ actor: 'curfew/operator', outcome: 'done', effect: expect.any(String) }),
    ])
    expect(told[0]?.effect).toContain(`scope ${scope.type}`)
    expect(told[0]?.effect).toMatch(/confirmed by (\d+) of \1/)
  }
}

/** An operator with these permissions alone. */
async function operatorOf(user: string, permissions: readonly string[]): Promise<BearerClient> {
  const grants = { roles: [], permissions }
  await expectJson(await (await atAuthority()).put(`/v1/subjects/${TENANT}/${user}/grants`, grants), 200)
  return new BearerClient(system().services.session.url, await newOperatorToken(TENANT, user))
}

const READS = ['sessions', 'revocations', 'audit', 'subjects', 'roles', 'tenants', 'statistics', 'approvals']

/** Everything that an operator can see, as one text. */
async function everythingShownTo(operator: BearerClient): Promise<string> {
  const texts = await Promise.all(READS.map(async (list) => (await operator.get(`/v1/${list}`)).text()))
  return texts.join('\n')
}

conforms(operators, ({ shows, shownBy, except }) => {
  for (const surface of SURFACES)
    shows('OP-01', `each scope by ${surface.name}: over at every replica, in history and trail alike`, () =>
      expectSameEffect(surface),
    )

  shows('OP-02', 'a user without a permission is refused everywhere', async () => {
    const user = await operatorOf('op-user', [])
    for (const list of READS) await expectProblem(await user.get(`/v1/${list}`), 403, 'forbidden')
    const json = { scope: { type: 'user', tenant: TENANT, user: 'x' }, reason: 'x' }
    await expectProblem(await user.post('/v1/revocations', json), 403, 'forbidden')
  })
  shows(
    'OP-02',
    'an operator of one tenant finds another’s session, user and list empty or missing',
    async () => {
      const chief = await operatorOf('op-chief', ['curfew:operator'])
      const token = await newToken('op-victim', { tenant: 'op-other' })
      const scopes = [
        { type: 'session', session: idIn(token) },
        { type: 'user', tenant: 'op-other', user: 'op-victim' },
        { type: 'tenant', tenant: 'op-other' },
      ]
      for (const scope of scopes)
        for (const more of [{}, { dry_run: true }]) {
          const answer = await chief.post('/v1/revocations', { scope, reason: 'x', ...more })
          await expectProblem(answer, 404, 'not-found')
        }
      const everyone = { scope: { type: 'global' }, reason: 'x' }
      await expectProblem(await chief.post('/v1/revocations', everyone), 403, 'forbidden')
      await expectProblem(await chief.get(`/v1/sessions/${idIn(token)}`), 404, 'not-found')
      await expectProblem(await chief.get('/v1/subjects?tenant=op-other'), 404, 'not-found')
      await expectProblem(await chief.post('/v1/subjects/op-other/op-victim/suspend'), 404, 'not-found')
      const grants = { roles: [], permissions: [] }
      await expectProblem(await chief.put('/v1/subjects/op-other/op-victim/grants', grants), 404, 'not-found')
      expect(await everythingShownTo(chief)).not.toMatch(/op-other|op-victim/)
      expect(await introspect(token)).toMatchObject({ active: true })
    },
  )
  shownBy(
    'OP-02',
    'services/session/test/directory.test.ts',
    'are written down alike, so that waiting for it tells nothing',
  )
  shownBy('OP-02', 'services/session/test/events.test.ts', 'is told of his tenant and of nothing else')

  shownBy('OP-03', 'services/session/test/revocations.test.ts', 'is needed for %j')
  shownBy(
    'OP-03',
    'services/session/test/approvals.test.ts',
    'waits, at every replica, until another operator approves it; then it happens, once',
  )

  shows('OP-04', 'who, why, whom, how many, when and on which request are in the trail', async () => {
    const reason = randomUUID()
    await newToken('op-counted', { tenant: TENANT })
    await newToken('op-counted', { tenant: TENANT })
    const scope = { type: 'user', tenant: TENANT, user: 'op-counted' }
    const headers = { 'x-request-id': `op-04-${reason.slice(0, 8)}` }
    const asked = { json: { scope, reason }, headers }
    await expectJson(await (await atAuthority()).request('POST', '/v1/revocations', asked), 200)
    const [event] = await eventsOfTrail({ request_id: headers['x-request-id'] })
    expect(event).toMatchObject({ actor: 'curfew/operator', reason, tenant: TENANT, user: 'op-counted' })
    expect(event?.effect).toContain('2 sessions')
    expect(Math.abs(Date.now() - Date.parse(event?.at ?? ''))).toBeLessThan(60_000)
  })
  shows('OP-04', 'a revocation without a reason, or with a blank one, is refused', async () => {
    const scope = { type: 'user', tenant: TENANT, user: 'nobody' }
    for (const more of [{}, { reason: '' }, { reason: ' \u00a0' }]) {
      const answer = await (await atAuthority()).post('/v1/revocations', { scope, ...more })
      await expectProblem(answer, 400, 'bad-request')
    }
  })
  shownBy('OP-04', 'services/session/test/directory.test.ts', 'is needed for every change where that is set')
  except(
    'OP-04',
    'grants, roles and suspensions need a reason only with SESSION_REASONS=always; security event tokens for third parties are not sent by this version',
  )

  shows('OP-05', 'nothing that operators are shown is a token, a hash or a part of one', async () => {
    const token = await newToken('op-seen', { tenant: TENANT })
    const operator = await atAuthority()
    const secret = token.slice(26)
    const text = [
      await everythingShownTo(operator),
      await (await operator.get(`/v1/sessions?tenant=${TENANT}&user=op-seen`)).text(),
      await (await operator.get(`/v1/sessions/${idIn(token)}`)).text(),
      await (await operator.get('/v1/verifiers')).text(),
    ].join('\n')
    expect(text).toContain(idIn(token))
    expect(text).not.toContain(secret)
    expect(text).not.toMatch(/cf[sr]_[A-Za-z0-9_-]{22}/)
    const id = { authorization: `Bearer cfs_${idIn(token)}${'A'.repeat(43)}` }
    await expectProblem(await plain(operator.url).get('/v1/sessions', id), 401, 'unauthenticated')
  })

  shows('OP-06', 'without a token nobody is let in, from this machine either', async () => {
    const { url } = system().services.session
    for (const list of READS) await expectProblem(await plain(url).get(`/v1/${list}`), 401, 'unauthenticated')
    await expectProblem(await plain(url).get('/v1/events'), 401, 'unauthenticated')
    await expectProblem(await plain(url).post('/v1/sessions', {}), 401, 'invalid-client')
  })
  shownBy('OP-06', 'services/session/src/config.test.ts', '%s=%s stops the boot')

  for (const [file, title] of [
    ['killed-revocations', 'leaves nobody from before and harms nobody from after: %s'],
    ['killed-revocations', 'holds up no bulk of them: each happens, once, and what began after it goes on'],
  ] as const)
    shownBy('OP-07', `services/session/test/${file}.test.ts`, title)

  for (const title of [
    'is stopped who calls too often, at whichever replica, and no other is',
    'tokens is slowed down, seen, and in nobody’s way who has one',
    'a client’s secret has to wait with the right one too; other clients need not',
    'a client that asks too often is stopped, and no other',
  ])
    shownBy('OP-08', 'services/session/test/limits.test.ts', title)
  shownBy(
    'OP-08',
    'services/gateway/test/throttling.test.ts',
    'of an account that many guess at go on for its owner: at a known device, and from elsewhere',
  )
})
