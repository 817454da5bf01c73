/**
 * ④ The image of a service, built from infra/Dockerfile and run beside NATS and Redis, all through Testcontainers.
 */
import {
  LoopbackContainer,
  expectProblem,
  startServerContainers,
  type ContainerServers,
} from '@curfew/test-kit'
import { connect } from '@nats-io/transport-node'
import { GenericContainer, Wait, getContainerRuntimeClient, type StartedTestContainer } from 'testcontainers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { whySkipped } from './engine.ts'
import { BASE_IMAGE, stageContext } from './staged-context.ts'

const IMAGE = 'curfew/session:test'
const PORT = 8081

describe.skipIf(whySkipped !== undefined)(`the image of the session service ${whySkipped ?? ''}`, () => {
  let servers: ContainerServers
  let session: StartedTestContainer
  let url: string

  beforeAll(async () => {
    await using context = await stageContext()
    await GenericContainer.fromDockerfile(context.path, 'infra/Dockerfile')
      .withBuildArgs({ BASE_IMAGE })
      .withTarget('session')
      .build(IMAGE)
    servers = await startServerContainers()
    session = await new LoopbackContainer(IMAGE)
      .withNetwork(servers.network)
      .withEnvironment({
        CURFEW_NATS_URL: servers.inside.natsUrl('session'),
        CURFEW_REDIS_URL: servers.inside.redisUrl('session'),
      })
      .withExposedPorts(PORT)
      .withWaitStrategy(Wait.forHealthCheck())
      .start()
    url = `http://127.0.0.1:${session.getMappedPort(PORT)}`
  })
  afterAll(async () => {
    await session?.stop()
    await servers?.stop()
  })

  const inspect = async () => {
    const { dockerode } = (await getContainerRuntimeClient()).container
    return dockerode.getContainer(session.getId()).inspect()
  }

  test('shows readiness and metrics to no caller of its port, and outside the container to nobody', async () => {
    for (const path of ['/healthz', '/readyz', '/metrics'])
      await expectProblem(await fetch(`${url}${path}`), 404, 'not-found')
    const { stdout } = await session.exec(['cat', '/proc/net/tcp'])
    // 127.0.0.1:9081, listening.
    expect(stdout).toMatch(/^ +\d+: 0100007F:2379 00000000:0000 0A /m)
  })

  test('refuses who has no session, with a complete problem', async () => {
    const { code } = await expectProblem(await fetch(`${url}/v1/sessions`), 401, 'unauthenticated')
    expect(code).toBe('unauthenticated')
  })

  test('answers the other services over NATS', async () => {
    const { username, password, host } = new URL(servers.natsUrl('gateway'))
    const nc = await connect({ servers: host, user: username, pass: password, inboxPrefix: '_INBOX_gateway' })
    try {
      const answer = (await nc.request('curfew.hello', '{}', { timeout: 3_000 })).json<{ ok?: unknown }>()
      expect(answer.ok).toBeDefined()
    } finally {
      await nc.close()
    }
  })

  test('runs as an ordinary user and can write nothing of its own', async () => {
    const script = `try { require('fs').writeFileSync('/app/x', '') } catch ({ code }) { console.log(process.getuid(), code) }`
    const { stdout } = await session.exec(['node', '-e', script])
    expect(stdout.trim()).toBe('10001 EACCES')
  })

  test('holds production dependencies only, and no tests', async () => {
    const script = `console.log(JSON.stringify(require('fs').readdirSync('/app/node_modules/.pnpm')))`
    const { stdout } = await session.exec(['node', '-e', script])
    const installed = JSON.parse(stdout) as string[]
    expect(installed.some((name) => name.startsWith('fastify@'))).toBe(true)
    expect(installed.filter((name) => /^(vitest|testcontainers|typescript|oxlint)@/.test(name))).toEqual([])
  })

  test('tells the engine that it is healthy', async () => {
    await expect
      .poll(async () => (await inspect()).State.Health?.Status, { timeout: 45_000, interval: 500 })
      .toBe('healthy')
  })

  test('ends on SIGTERM by itself, with exit code 0', async () => {
    const { dockerode } = (await getContainerRuntimeClient()).container
    const container = dockerode.getContainer(session.getId())
    await container.kill({ signal: 'SIGTERM' })
    const { StatusCode } = (await container.wait()) as { StatusCode: number }
    expect(StatusCode).toBe(0)
  })
})
