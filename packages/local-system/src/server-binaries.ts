/**
 * Where nats-server and redis-server are on this machine.
 * Promise: what it names can be run; finding it changes nothing outside the checkout.
 */
import { currentEnvironment, type Environment } from './config.ts'
import { unpackDebianPackages } from './debian-packages.ts'
import { findProgram } from './programs.ts'
import { NoServers, type Progress } from './servers.ts'

export interface Binary {
  readonly path: string
  /** What it needs beside the usual environment: the libraries that were unpacked with it. */
  readonly env: Readonly<Record<string, string>>
}

export interface ServerBinaries {
  readonly nats: Binary
  readonly redis: Binary
}

/** The installed ones; undefined unless both are there. */
export function findInstalledBinaries(env: Environment = currentEnvironment()): ServerBinaries | undefined {
  const nats = findProgram('nats-server', env)
  const redis = findProgram('redis-server', env)
  if (nats === undefined || redis === undefined) return undefined
  return { nats: { path: nats, env: {} }, redis: { path: redis, env: {} } }
}

/** Those of Debian's packages, unpacked into `.cache/`. @throws NoServers where that cannot be done */
export async function unpackedBinaries(onProgress?: Progress): Promise<ServerBinaries> {
  const unpacked = await unpackDebianPackages(onProgress)
  if (unpacked === undefined) throw new NoServers(HOW_TO_GET_THEM)
  const env = { LD_LIBRARY_PATH: unpacked.libraries }
  return { nats: { path: unpacked.nats, env }, redis: { path: unpacked.redis, env } }
}

const HOW_TO_GET_THEM = `NATS and Redis are needed, and none were found. Any one of these helps:
  Debian, Ubuntu   sudo apt-get install nats-server redis-server
  macOS            brew install nats-server redis
  Docker           start an engine that this user may use
  elsewhere        set CURFEW_NATS_URL and CURFEW_REDIS_URL to servers that run already`
