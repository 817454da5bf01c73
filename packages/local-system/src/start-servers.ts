/**
 * ④ ⑤ Servers for a development machine, whatever it has.
 * Promise: says what was found; asks for nothing that is not needed and changes nothing outside the checkout.
 */
import { currentEnvironment, type Environment } from './config.ts'
import { externalServers } from './external-servers.ts'
import { findInstalledBinaries, unpackedBinaries } from './server-binaries.ts'
import { findDocker, startServerContainers } from './server-containers.ts'
import { startBinaries, type ServerProcessesOptions } from './server-processes.ts'
import type { Servers } from './servers.ts'

/**
 * In this order: the servers that CURFEW_NATS_URL and CURFEW_REDIS_URL name, installed programs, a Docker engine,
 * Debian's packages unpacked into `.cache/`.
 * @throws NoServers when none of these can be had
 */
export async function startServers(
  options: ServerProcessesOptions,
  env: Environment = currentEnvironment(),
): Promise<Servers> {
  const { onProgress } = options
  const external = externalServers(env)
  if (external !== undefined) {
    onProgress?.('using the NATS and Redis that CURFEW_NATS_URL and CURFEW_REDIS_URL name')
    return external
  }
  const installed = findInstalledBinaries(env)
  if (installed !== undefined) {
    onProgress?.(`starting ${installed.nats.path} and ${installed.redis.path}`)
    return startBinaries(installed, options)
  }
  const docker = await findDocker(onProgress)
  if (docker !== undefined) {
    onProgress?.('starting NATS and Redis in containers')
    return startServerContainers(docker, options)
  }
  const unpacked = await unpackedBinaries(onProgress)
  onProgress?.("starting NATS and Redis from Debian's packages in .cache/")
  return startBinaries(unpacked, options)
}
