/**
 * ④ ⑤ NATS and Redis as processes of this machine, on loopback.
 * Promise: private instances, told apart from any other by their passwords; both are up when the promise resolves, or neither.
 */
import { join, resolve } from 'node:path'

import { Child, type UnexpectedExit } from './child.ts'
import { currentEnvironment, inheritedEnvironment } from './config.ts'
import type { Credentials } from './credentials.ts'
import { newLogFile } from './log-files.ts'
import { makePrivateDirectory } from './private-files.ts'
import {
  findInstalledBinaries,
  unpackedBinaries,
  type Binary,
  type ServerBinaries,
} from './server-binaries.ts'
import { NATS_CONFIG_FILE, REDIS_CONFIG_FILE, natsEnvironment, redisUsers } from './server-config.ts'
import { natsAnswers, redisAnswers } from './server-probes.ts'
import { serversOfChildren } from './servers-of-children.ts'
import type { Progress, Servers } from './servers.ts'
import { freePort } from './tcp-ports.ts'

export interface ServerProcessesOptions {
  /** Data and logs go below it. */
  readonly directory: string
  readonly credentials: Credentials
  /** A free one where absent. */
  readonly natsPort?: number
  readonly redisPort?: number
  readonly onProgress?: Progress
  readonly onUnexpectedExit?: (exit: UnexpectedExit) => void
}

const SERVER_READY_TIMEOUT_MS = 20_000

/**
 * Uses the programs of this machine, or of Debian's packages unpacked into `.cache/`.
 * @throws when there is no way to get them, or one does not start; the message says what to do.
 */
export async function startServerProcesses(options: ServerProcessesOptions): Promise<Servers> {
  const binaries = findInstalledBinaries() ?? (await unpackedBinaries(options.onProgress))
  return startBinaries(binaries, options)
}

/** The same with programs that have been found already. */
export async function startBinaries(
  binaries: ServerBinaries,
  options: ServerProcessesOptions,
): Promise<Servers> {
  const directory = resolve(options.directory)
  const nats = natsProcess(options, binaries.nats, {
    directory,
    port: options.natsPort ?? (await freePort()),
  })
  const redis = redisProcess(options, binaries.redis, {
    directory,
    port: options.redisPort ?? (await freePort()),
  })
  return serversOfChildren('processes', options.credentials, { nats, redis })
}

interface Place {
  readonly directory: string
  readonly port: number
}

function natsProcess(options: ServerProcessesOptions, binary: Binary, { directory, port }: Place) {
  const { credentials, onUnexpectedExit } = options
  const store = join(directory, 'nats')
  makePrivateDirectory(store)
  const child = new Child({
    name: 'nats',
    command: binary.path,
    args: ['--config', NATS_CONFIG_FILE, '--addr', '127.0.0.1', '--port', String(port)],
    env: {
      ...inheritedEnvironment(currentEnvironment()),
      ...binary.env,
      ...natsEnvironment(credentials, store),
    },
    cwd: store,
    logFile: newLogFile(directory, 'nats'),
    isReady: () => natsAnswers(port, 'admin', credentials.nats.admin),
    readyTimeoutMs: SERVER_READY_TIMEOUT_MS,
    onUnexpectedExit,
  })
  return { child, port }
}

function redisProcess(options: ServerProcessesOptions, binary: Binary, { directory, port }: Place) {
  const { credentials, onUnexpectedExit } = options
  const store = join(directory, 'redis')
  makePrivateDirectory(store)
  const args = [REDIS_CONFIG_FILE, '--bind', '127.0.0.1', '--port', String(port), '--dir', store]
  const child = new Child({
    name: 'redis',
    command: binary.path,
    // The last word makes it read more configuration from standard input: the users.
    args: [...args, '-'],
    input: redisUsers(credentials),
    env: { ...inheritedEnvironment(currentEnvironment()), ...binary.env },
    cwd: store,
    logFile: newLogFile(directory, 'redis'),
    isReady: () => redisAnswers(port, 'admin', credentials.redis.admin),
    readyTimeoutMs: SERVER_READY_TIMEOUT_MS,
    onUnexpectedExit,
  })
  return { child, port }
}
