/** The machine and the programs that figures were measured on. */
import { availableParallelism, cpus, loadavg, platform, release, totalmem } from 'node:os'

import { connectMessaging } from '@curfew/messaging'
import { Redis } from 'ioredis'

import { startBenchServers } from './servers.ts'

export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryGb: number
  readonly system: string
  readonly node: string
  readonly nats: string
  readonly redis: string
  /** Of the minute before the first benchmark. */
  readonly loadAtStart: number
}

export async function describeMachine(): Promise<Machine> {
  const [load = 0] = loadavg()
  await using servers = await startBenchServers()
  const nc = await connectMessaging({ url: servers.natsUrl('admin'), name: 'bench' })
  const nats = nc.info?.version ?? 'unknown'
  await nc.close()
  const redis = new Redis(servers.redisUrl('admin'))
  const info = await redis.info('server')
  redis.disconnect()
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system: `${platform()} ${release()}`,
    node: process.versions.node,
    nats,
    redis: /^redis_version:(\S+)/m.exec(info)?.[1] ?? 'unknown',
    loadAtStart: Math.round(load * 100) / 100,
  }
}
