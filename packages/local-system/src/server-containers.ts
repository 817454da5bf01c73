/**
 * ④ ⑤ NATS and Redis as containers of a Docker engine, with the configuration and the data folders that processes use.
 * Promise: published on loopback only; the containers run as this user, so that the data stays this user's.
 */
import { createHash } from 'node:crypto'
import { join, resolve } from 'node:path'
import { userInfo } from 'node:os'

import { Child } from './child.ts'
import { currentEnvironment, inheritedEnvironment } from './config.ts'
import { newLogFile } from './log-files.ts'
import { makePrivateDirectory } from './private-files.ts'
import { findProgram, runProgram } from './programs.ts'
import { NATS_CONFIG_FILE, REDIS_CONFIG_FILE, natsEnvironment, redisUsers } from './server-config.ts'
import type { ServerProcessesOptions } from './server-processes.ts'
import { natsAnswers, redisAnswers } from './server-probes.ts'
import { serversOfChildren, type RunningServer } from './servers-of-children.ts'
import type { Progress, Servers } from './servers.ts'
import { freePort } from './tcp-ports.ts'

const IMAGES = { nats: 'nats:2', redis: 'redis:7' } as const
const ENGINE_TIMEOUT_MS = 10_000
const PULL_TIMEOUT_MS = 600_000
const READY_TIMEOUT_MS = 30_000

/** The docker program, if an engine answers it and both images are there or can be pulled. */
export async function findDocker(onProgress?: Progress): Promise<string | undefined> {
  const docker = findProgram('docker')
  if (docker === undefined) return undefined
  try {
    await runProgram(docker, ['version', '--format', '{{.Server.Version}}'], { timeoutMs: ENGINE_TIMEOUT_MS })
  } catch {
    return undefined
  }
  for (const image of Object.values(IMAGES)) {
    try {
      await runProgram(docker, ['image', 'inspect', image], { timeoutMs: ENGINE_TIMEOUT_MS })
    } catch {
      onProgress?.(`pulling the image ${image}`)
      try {
        await runProgram(docker, ['pull', image], { timeoutMs: PULL_TIMEOUT_MS })
      } catch (error) {
        onProgress?.(`a Docker engine is here, but ${image} cannot be pulled: ${String(error)}`)
        return undefined
      }
    }
  }
  return docker
}

export async function startServerContainers(
  docker: string,
  options: ServerProcessesOptions,
): Promise<Servers> {
  const { credentials } = options
  const directory = resolve(options.directory)
  const natsPort = options.natsPort ?? (await freePort())
  const redisPort = options.redisPort ?? (await freePort())
  const nats = container({
    docker,
    options,
    server: 'nats',
    publish: `127.0.0.1:${natsPort}:4222`,
    environment: natsEnvironment(credentials, '/data'),
    mount: `${NATS_CONFIG_FILE}:/curfew/nats.conf:ro`,
    command: ['--config', '/curfew/nats.conf', '--addr', '0.0.0.0'],
    isReady: () => natsAnswers(natsPort, 'admin', credentials.nats.admin),
    store: join(directory, 'nats'),
  })
  const redis = container({
    docker,
    options,
    server: 'redis',
    publish: `127.0.0.1:${redisPort}:6379`,
    environment: {},
    mount: `${REDIS_CONFIG_FILE}:/curfew/redis.conf:ro`,
    command: ['redis-server', '/curfew/redis.conf', '--bind', '0.0.0.0', '--dir', '/data', '-'],
    input: redisUsers(credentials),
    isReady: () => redisAnswers(redisPort, 'admin', credentials.redis.admin),
    store: join(directory, 'redis'),
  })
  return serversOfChildren('containers', credentials, {
    nats: { child: nats, port: natsPort },
    redis: { child: redis, port: redisPort },
  })
}

interface ContainerPlan {
  readonly docker: string
  readonly options: ServerProcessesOptions
  readonly server: 'nats' | 'redis'
  readonly publish: string
  readonly environment: Readonly<Record<string, string>>
  readonly mount: string
  readonly command: readonly string[]
  readonly input?: string
  readonly store: string
  readonly isReady: () => Promise<boolean>
}

/** The child is `docker run` itself, which passes SIGTERM on: what ends it when this process is gone ends its container. */
function container(plan: ContainerPlan): RunningServer['child'] {
  const { docker, options, server, store } = plan
  makePrivateDirectory(store)
  // The same checkout finds, and removes, the containers that a crash left behind.
  const name = `curfew-${createHash('sha256').update(store).digest('hex').slice(0, 12)}-${server}`
  const { uid, gid } = userInfo()
  const run = ['run', '--rm', '--interactive', '--name', name, '--user', `${uid}:${gid}`]
  const ask = (...args: string[]): Promise<string> =>
    runProgram(docker, args, { timeoutMs: ENGINE_TIMEOUT_MS })
  // Named without values: those pass through the environment, where other users cannot read them.
  const variables = Object.keys(plan.environment).flatMap((variable) => ['--env', variable])
  const child = new Child({
    name: server,
    command: docker,
    args: [...run, '--publish', plan.publish, '--volume', plan.mount, '--volume', `${store}:/data`]
      .concat(variables)
      .concat(IMAGES[server], plan.command),
    env: { ...inheritedEnvironment(currentEnvironment()), ...plan.environment },
    cwd: store,
    ...(plan.input === undefined ? {} : { input: plan.input }),
    logFile: newLogFile(options.directory, server),
    deliver: async (signal) => {
      // It may have ended meanwhile, which is as good.
      await ask('kill', '--signal', signal, name).catch(() => '')
    },
    isReady: plan.isReady,
    readyTimeoutMs: READY_TIMEOUT_MS,
    onUnexpectedExit: options.onUnexpectedExit,
  })
  const remove = async (): Promise<void> => {
    await ask('rm', '--force', name).catch(() => '')
  }
  const stop = async (): Promise<void> => {
    await child.stop()
    await remove()
  }
  const start = async (): Promise<void> => {
    await remove()
    await child.start()
  }
  return {
    pid: undefined,
    start,
    stop,
    restart: async () => {
      await stop()
      await start()
    },
    kill: (signal) => child.kill(signal),
  }
}
