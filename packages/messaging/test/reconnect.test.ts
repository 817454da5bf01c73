import { mkdtempDisposable } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { RequestContract } from '@curfew/contracts'
import { createCredentials, startServerProcesses } from '@curfew/local-system'
import { startTestServers } from '@curfew/test-kit'
import { Type } from 'typebox'
import { expect, it, vi } from 'vitest'

import { answer, ask, connectMessaging, isConnected } from '../src/index.ts'
import { recordingLogger } from './recording-logger.ts'

const ECHO = { name: 'echo', question: Type.String(), answer: Type.String() } satisfies RequestContract
const untilTrue = { timeout: 30_000, interval: 20 }

it('a killed server costs what was under way its certainty, later questions nothing, and comes back by itself', async () => {
  await using servers = await startTestServers()
  const { logger, logged } = recordingLogger()
  const serving = await connectMessaging({ url: servers.natsUrl('session'), name: 'test-serving' })
  const asking = await connectMessaging({ url: servers.natsUrl('gateway'), name: 'test-asking', logger })
  const asked = Promise.withResolvers<void>()
  const release = Promise.withResolvers<void>()
  answer(serving, ECHO, 'curfew.sessions.slow', async (text) => {
    asked.resolve()
    await release.promise
    return text
  })
  answer(serving, ECHO, 'curfew.sessions.echo', (text) => text)
  await serving.flush()

  // Caught from the beginning: on a busy machine the time is up before the server has been killed.
  const failure = ask(asking, ECHO, 'curfew.sessions.slow', 'hello', { timeoutMs: 300 }).catch(
    (error: unknown) => error,
  )
  await asked.promise
  await servers.nats.kill('SIGKILL')
  expect(await failure).toMatchObject({ code: 'timeout' })
  release.resolve()

  await vi.waitUntil(() => !isConnected(asking), untilTrue)
  const started = performance.now()
  await expect(ask(asking, ECHO, 'curfew.sessions.echo', 'hello')).rejects.toMatchObject({
    code: 'unavailable',
  })
  expect(performance.now() - started).toBeLessThan(1_000)

  await servers.nats.restart()
  await vi.waitUntil(() => isConnected(asking) && isConnected(serving), untilTrue)
  await serving.flush()
  await expect(ask(asking, ECHO, 'curfew.sessions.echo', 'back')).resolves.toBe('back')
  expect(logged.map(({ event }) => event)).toEqual(['nats.connection.lost', 'nats.connection.restored'])
  await asking.close()
  await serving.close()
  await expect(ask(asking, ECHO, 'curfew.sessions.echo', 'hello')).rejects.toMatchObject({
    code: 'unavailable',
  })
})

it('a password that was changed on the server first does not end the connection for good', async () => {
  await using directories = await mkdtempDisposable(join(tmpdir(), 'curfew-messaging-'))
  const [before, meanwhile] = ['before', 'meanwhile'].map((name) => ({
    directory: join(directories.path, name),
    credentials: createCredentials(),
  }))
  if (!before || !meanwhile) throw new Error('unreachable')
  const servers = await startServerProcesses(before)
  const { logger, logged } = recordingLogger()
  const nc = await connectMessaging({ url: servers.natsUrl('gateway'), name: 'test', logger })
  await servers.stop()

  const others = await startServerProcesses({ ...meanwhile, natsPort: servers.nats.port })
  const refusals = (): number => logged.filter(({ event }) => event === 'nats.connection.error').length
  await vi.waitUntil(() => refusals() >= 3, untilTrue)
  await others.stop()

  await servers.nats.restart()
  await expect.poll(() => isConnected(nc), untilTrue).toBe(true)
  await nc.close()
  await servers.stop()
})

it('a server that is there but says nothing any more is noticed', async () => {
  await using servers = await startTestServers()
  const nc = await connectMessaging({ url: servers.natsUrl('gateway'), name: 'test' })
  await servers.nats.kill('SIGSTOP')
  await expect.poll(() => isConnected(nc), untilTrue).toBe(false)
  await servers.nats.kill('SIGCONT')
  await nc.close()
})

it.each([
  ['a wrong password', (url: string) => url.replace(/:[^:@]+@/, ':planted-secret@')],
  ['a server without the TLS that was asked for', (url: string) => url.replace('nats://', 'tls://')],
  ['no server there', () => 'nats://gateway:planted-secret@127.0.0.1:1'],
  ['no NATS URL', () => 'gateway:planted-secret@127.0.0.1'],
])('%s fails the start, and the password is not in the message', async (_, change) => {
  await using servers = await startTestServers()
  const failure: unknown = await connectMessaging({
    url: change(servers.natsUrl('gateway')),
    name: 'test',
  }).catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(Error)
  expect(String(failure)).not.toContain('planted-secret')
})
