/**
 * ①–⑦ infra/compose.yaml: the whole system in containers, used as its README says.
 */
import { randomBytes, randomInt } from 'node:crypto'
import { BlockList } from 'node:net'
import { join } from 'node:path'

import { freePort } from '@curfew/local-system'
import { BearerClient, BrowserClient, HttpClient, expectJson } from '@curfew/test-kit'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'

import { composeCommand, composeFor, type Compose } from './compose.ts'
import { whySkipped } from './engine.ts'
import { BASE_IMAGE, stageContext, type StagedContext } from './staged-context.ts'

const skipped =
  whySkipped ?? (composeCommand === undefined ? 'skipped: there is no docker compose' : undefined)

/** That of the images. Fails while the service is not ready. */
const HEALTH_CHECK =
  'fetch(process.env.HEALTH_URL).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))'

/** Docker takes addresses from here for networks that name none. */
const POOLS = new BlockList()
POOLS.addSubnet('172.16.0.0', 12)
POOLS.addSubnet('192.168.0.0', 16)

const SERVICES = ['session', 'gateway', 'documents', 'files', 'console']

interface Transfer {
  readonly url: string
  readonly claim: string
}

describe.skipIf(skipped !== undefined)(`the compose file ${skipped ?? ''}`, () => {
  let context: StagedContext
  let file: string
  let compose: Compose
  let gateway: string
  let console: string
  let alice: BearerClient

  const login = async (): Promise<BearerClient> => {
    const { accounts } = JSON.parse(await compose('run', '--rm', 'setup', 'accounts')) as {
      accounts: { tenant: string; username: string; password: string }[]
    }
    const { tenant, username, password } =
      accounts.find((account) => account.username === 'alice') ?? accounts[0]!
    const answer = await new HttpClient(gateway).post('/login', { tenant, username, password, client: 'api' })
    const { token } = await expectJson<{ token: string }>(answer, 200)
    return new BearerClient(gateway, token)
  }
  const untilReady = async (): Promise<void> => {
    const healthy = (service: string) => async (): Promise<void> => {
      await compose('exec', '-T', service, 'node', '-e', HEALTH_CHECK)
    }
    await Promise.all(SERVICES.map((name) => vi.waitFor(healthy(name), { timeout: 60_000, interval: 250 })))
  }

  beforeAll(async () => {
    context = await stageContext()
    const ports = {
      GATEWAY_PORT: String(await freePort()),
      SESSION_PORT: String(await freePort()),
      FILES_PORT: String(await freePort()),
      CONSOLE_PORT: String(await freePort()),
    }
    gateway = `http://127.0.0.1:${ports.GATEWAY_PORT}`
    console = `http://127.0.0.1:${ports.CONSOLE_PORT}`
    file = join(context.path, 'infra/compose.yaml')
    compose = composeFor(file, {
      ...ports,
      // Somebody may run Curfew on this machine.
      CURFEW_NETWORK_PREFIX: `10.${randomInt(64, 192)}.${randomInt(256)}`,
      // The name by which .ci/run finds what is left when a run is cut short.
      COMPOSE_PROJECT_NAME: `curfew-test-${process.env['CURFEW_TEST_RUN'] ?? randomBytes(4).toString('hex')}`,
      CURFEW_BASE_IMAGE: BASE_IMAGE,
      CURFEW_NATS_IMAGE: process.env['CURFEW_TEST_NATS_IMAGE'] ?? 'nats:2-alpine',
      CURFEW_REDIS_IMAGE: process.env['CURFEW_TEST_REDIS_IMAGE'] ?? 'redis:7-alpine',
    })
    await compose('up', '--detach', '--build')
    await untilReady()
    alice = await login()
  })
  afterAll(async () => {
    await compose?.('down', '--volumes', '--timeout', '5')
    await context?.[Symbol.asyncDispose]()
  })

  test('runs a system in which a document goes up and comes down with one-time claims', async () => {
    const request = { name: 'hello.txt', content_type: 'text/plain' }
    const { document, upload } = await expectJson<{ document: { id: string }; upload: Transfer }>(
      await alice.post('/api/documents', request),
      201,
    )
    const sent = await fetch(upload.url, {
      method: 'PUT',
      headers: { authorization: `Bearer ${upload.claim}`, 'content-type': 'text/plain' },
      body: 'hello',
    })
    expect(`${sent.status} ${await sent.text()}`).toMatch(/^2/)
    const download = await expectJson<Transfer>(
      await alice.post(`/api/documents/${document.id}/download`),
      200,
    )
    const headers = { authorization: `Bearer ${download.claim}` }
    expect(await (await fetch(download.url, { headers })).text()).toBe('hello')
    expect((await fetch(download.url, { headers })).status).toBe(409)
  })

  test('has a console for its operators', async () => {
    const page = await vi.waitFor(
      async () => {
        const answer = await fetch(console, { headers: { accept: 'text/html' } })
        expect(answer.status).toBe(200)
        return answer
      },
      { timeout: 30_000, interval: 250 },
    )
    const [, script = ''] = /src="([^"]+)"/.exec(await page.text()) ?? []
    expect((await fetch(`${console}${script}`)).status).toBe(200)
    // The gateway takes its word for who calls.
    const unknown = { tenant: 'curfew', username: 'nobody', password: 'wrong' }
    await new BrowserClient(console).post('/api/login', unknown)
    expect(await compose('logs', 'gateway')).not.toContain('proxy.untrusted')
  })

  test('keeps sessions and accounts when all is taken down and up again', { timeout: 180_000 }, async () => {
    await compose('down', '--timeout', '5')
    await compose('up', '--detach')
    await untilReady()
    expect((await alice.get('/session')).status).toBe(200)
    expect((await (await login()).get('/api/documents')).status).toBe(200)
  })

  test('shows no password of a service in what the engine tells about its containers', async () => {
    const config = await compose('config')
    expect(config).not.toMatch(/p[A-Za-z0-9_-]{32}/)
    expect(config).not.toContain('0.0.0.0:')
  })

  test('takes no addresses that the engine may have given to another network', async () => {
    const [, subnet = ''] = /subnet: ([\d.]+)/.exec(await composeFor(file, {})('config')) ?? []
    expect(subnet).toMatch(/^10\./)
    expect(POOLS.check(subnet)).toBe(false)
  })
})
