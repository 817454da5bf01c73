/**
 * README.md, second example: tests of the whole system.
 */
import { expectProblem, startTestSystem } from '@curfew/test-kit'
import { afterAll, beforeAll, expect, test } from 'vitest'

let system: Awaited<ReturnType<typeof startTestSystem>>
beforeAll(async () => {
  system = await startTestSystem({
    replicas: { session: 2 },
    env: { session: { SESSION_IDLE_TIMEOUT_SECONDS: '60' } },
  })
})
afterAll(() => system[Symbol.asyncDispose]())

test('logging out ends the session everywhere', async () => {
  const alice = await system.login('alice')
  expect((await alice.get('/session')).status).toBe(200)
  await alice.post('/logout')
  await expectProblem(await alice.get('/session'), 401, 'unauthenticated')
})

test('a session outlives the replica that made it', async () => {
  const browser = await system.openBrowser('bob')
  await system.services.session.kill('SIGKILL')
  expect((await browser.get('/session')).status).toBe(200)
})
