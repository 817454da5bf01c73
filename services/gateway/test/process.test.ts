import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { HELLO, SUBJECTS } from '@curfew/contracts'
import { createDevelopmentIdentities, freePort, leashed } from '@curfew/local-system'
import { answer, connectMessaging } from '@curfew/messaging'
import { startTestServers, type TestServers } from '@curfew/test-kit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { eventually } from './eventually.ts'

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))

let servers: TestServers
let directory: string
let publicUrl: string
let operationsUrl: string
let settings: Record<string, string>

beforeAll(async () => {
  servers = await startTestServers()
  directory = await mkdtemp(join(tmpdir(), 'curfew-gateway-'))
  const { files } = await createDevelopmentIdentities(directory)
  const [port, operationsPort] = [await freePort(), await freePort()]
  publicUrl = `http://127.0.0.1:${port}`
  operationsUrl = `http://127.0.0.1:${operationsPort}`
  settings = {
    GATEWAY_PORT: String(port),
    GATEWAY_OPERATIONS_PORT: String(operationsPort),
    CURFEW_DRAIN_DELAY_SECONDS: '0',
    GATEWAY_ACCOUNTS_FILE: files.accounts,
    GATEWAY_CSRF_KEY_FILE: files.csrfKey,
    CURFEW_NATS_URL: servers.natsUrl('gateway'),
  }
})
afterAll(async () => {
  await servers.stop()
  await rm(directory, { recursive: true })
})

function startGateway(env: Record<string, string>) {
  const child = leashed(spawn(process.execPath, [main], { env }))
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += String(data)))
  const ended = once(child, 'close').then(([code]: unknown[]) => ({ code, output }))
  return { child, ended }
}

describe('the process of the gateway', () => {
  it('is alive without the session service, ready when it comes, and ends in order', async () => {
    const { child, ended } = startGateway(settings)
    const statusOf = async (path: string) => (await fetch(`${operationsUrl}${path}`)).status
    await eventually(async () => expect(await statusOf('/healthz')).toBe(200))
    const readiness = await fetch(`${operationsUrl}/readyz`)
    expect(readiness.status).toBe(503)
    expect(await readiness.json()).toMatchObject({
      checks: { nats: 'ok', verifier: 'no session service answers' },
    })

    const nc = await connectMessaging({ url: servers.natsUrl('session'), name: 'test-authority' })
    answer(nc, HELLO, SUBJECTS.hello, () => ({ epoch: 1, leaseMs: 5_000 }))
    await eventually(async () => expect(await statusOf('/readyz')).toBe(200))
    await nc.close()
    const metrics = await (await fetch(`${operationsUrl}/metrics`)).text()
    expect(metrics).toContain('curfew_verifier_checks_total')
    for (const path of ['/healthz', '/readyz', '/metrics'])
      expect((await fetch(`${publicUrl}${path}`)).status).toBe(404)
    child.kill('SIGTERM')
    expect((await ended).code).toBe(0)
  })

  it('ends in order also when the broker has gone first', async () => {
    const { child, ended } = startGateway(settings)
    await eventually(async () => {
      expect((await fetch(`${operationsUrl}/healthz`)).status).toBe(200)
    })
    await servers.nats.kill('SIGKILL')
    child.kill('SIGTERM')
    expect((await ended).code).toBe(0)
    await servers.nats.restart()
  })

  it.each<[string, Record<string, string>, string]>([
    ['an unknown setting', { GATEWAY_COLOUR: 'red' }, 'GATEWAY_COLOUR'],
    ['a cookie that browsers do not protect', { GATEWAY_COOKIE_NAME: 'session' }, 'GATEWAY_COOKIE_NAME'],
    ['no accounts', { GATEWAY_ACCOUNTS_FILE: '/nowhere/accounts.json' }, 'GATEWAY_ACCOUNTS_FILE'],
    ['no key', { GATEWAY_CSRF_KEY_FILE: '/nowhere/key' }, 'GATEWAY_CSRF_KEY_FILE'],
  ])('does not start with %s, and says so', async (_, env, name) => {
    const { code, output } = await startGateway({ ...settings, ...env }).ended
    expect(code).toBe(1)
    expect(output).toContain(name)
  })

  it('does not start where it cannot reach the broker, and quotes no password', async () => {
    const url = 'nats://gateway:pSecretSecretSecret@127.0.0.1:1'
    const { code, output } = await startGateway({ ...settings, CURFEW_NATS_URL: url }).ended
    expect(code).toBe(1)
    expect(output).not.toContain('pSecret')
  })
})
