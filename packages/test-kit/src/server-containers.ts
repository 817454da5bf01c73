/**
 * ④ ⑤ NATS and Redis in Testcontainers, with the configuration files, users and permissions of every other way to run them.
 * Promise: both serve when the promise resolves, or neither is left; other containers reach them by name.
 */
import {
  createCredentials,
  natsAnswers,
  natsConfig,
  natsEnvironment,
  redisAnswers,
  redisConfig,
  type Credentials,
  type Servers,
} from '@curfew/local-system'
import { Network, type StartedNetwork } from 'testcontainers'

import { serverImages } from './config.ts'
import { LOOPBACK, LoopbackContainer } from './loopback-container.ts'
import { startServerContainer, type ServerContainer } from './server-container.ts'

const NATS_PORT = 4222
const REDIS_PORT = 6379

export interface ContainerServers extends Servers, AsyncDisposable {
  /** For further containers beside the servers: there the URLs are those of `inside`. */
  readonly network: StartedNetwork
  readonly inside: Pick<Servers, 'natsUrl' | 'redisUrl'>
}

/** @throws when no engine answers, an image cannot be had or a server does not start, with the end of its log. */
export async function startServerContainers(): Promise<ContainerServers> {
  const credentials = createCredentials()
  const network = await new Network().start()
  const started = await Promise.allSettled([
    startServerContainer({
      make: () => natsContainer(credentials, network),
      containerPort: NATS_PORT,
      answers: (port) => natsAnswers(port, 'admin', credentials.nats.admin),
    }),
    startServerContainer({
      make: () => redisContainer(credentials, network),
      containerPort: REDIS_PORT,
      answers: (port) => redisAnswers(port, 'admin', credentials.redis.admin),
    }),
  ])
  const [nats, redis] = started
  if (nats.status === 'fulfilled' && redis.status === 'fulfilled')
    return serversOf({ nats: nats.value, redis: redis.value }, credentials, network)
  const failed = started.find((outcome) => outcome.status === 'rejected')
  await removeAll(
    started.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : [])),
    network,
  )
  throw failed?.reason
}

function natsContainer(credentials: Credentials, network: StartedNetwork): LoopbackContainer {
  return new LoopbackContainer(serverImages().nats)
    .withCopyContentToContainer([{ content: natsConfig(), target: '/etc/curfew/nats.conf' }])
    .withEnvironment(natsEnvironment(credentials, '/data'))
    .withCommand(['--config', '/etc/curfew/nats.conf', '--addr', '0.0.0.0', '--port', String(NATS_PORT)])
    .withNetwork(network)
    .withHostname('nats')
}

function redisContainer(credentials: Credentials, network: StartedNetwork): LoopbackContainer {
  const config = { content: redisConfig(credentials), target: '/etc/curfew/redis.conf' }
  return new LoopbackContainer(serverImages().redis)
    .withCopyContentToContainer([config])
    .withCommand([
      'redis-server',
      config.target,
      '--bind',
      '0.0.0.0',
      '--port',
      String(REDIS_PORT),
      '--dir',
      '/data',
    ])
    .withNetwork(network)
    .withHostname('redis')
}

function serversOf(
  { nats, redis }: { readonly nats: ServerContainer; readonly redis: ServerContainer },
  credentials: Credentials,
  network: StartedNetwork,
): ContainerServers {
  const urls = (natsAt: string, redisAt: string): Pick<Servers, 'natsUrl' | 'redisUrl'> => ({
    natsUrl: (user) => `nats://${user}:${credentials.nats[user]}@${natsAt}`,
    redisUrl: (user) => `redis://${user}:${credentials.redis[user]}@${redisAt}`,
  })
  const stop = (): Promise<void> => removeAll([nats, redis], network)
  return {
    kind: 'containers',
    nats,
    redis,
    ...urls(`${LOOPBACK}:${nats.port}`, `${LOOPBACK}:${redis.port}`),
    network,
    inside: urls(`nats:${NATS_PORT}`, `redis:${REDIS_PORT}`),
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

async function removeAll(containers: readonly ServerContainer[], network: StartedNetwork): Promise<void> {
  await Promise.all(containers.map((container) => container.remove()))
  await network.stop()
}
