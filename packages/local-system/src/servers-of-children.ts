/**
 * ④ ⑤ The servers seen through the children that run them.
 * Promise: no half-started pair is left behind.
 */
import type { Child } from './child.ts'
import type { Credentials } from './credentials.ts'
import type { ServerHandle, Servers } from './servers.ts'

export interface RunningServer {
  readonly child: Pick<Child, 'pid' | 'start' | 'stop' | 'kill' | 'restart'>
  readonly port: number
}

/** Starts both and hands them out; when one fails the other is stopped, and the failure passed on. */
export async function serversOfChildren(
  kind: 'processes' | 'containers',
  credentials: Credentials,
  { nats, redis }: { nats: RunningServer; redis: RunningServer },
): Promise<Servers> {
  const stop = async (): Promise<void> => {
    await Promise.all([nats.child.stop(), redis.child.stop()])
  }
  const started = await Promise.allSettled([nats.child.start(), redis.child.start()])
  const failed = started.find((outcome) => outcome.status === 'rejected')
  if (failed !== undefined) {
    await stop()
    throw failed.reason
  }
  return {
    kind,
    nats: handleOf(nats),
    redis: handleOf(redis),
    natsUrl: (user) => `nats://${user}:${credentials.nats[user]}@127.0.0.1:${nats.port}`,
    redisUrl: (user) => `redis://${user}:${credentials.redis[user]}@127.0.0.1:${redis.port}`,
    stop,
  }
}

function handleOf({ child, port }: RunningServer): ServerHandle {
  return {
    port,
    get pid() {
      return child.pid
    },
    kill: (signal) => child.kill(signal),
    restart: () => child.restart(),
  }
}
