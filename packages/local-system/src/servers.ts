/**
 * ④ ⑤ The two servers that Curfew stands on, whichever way they run.
 * Promise: what holds a `Servers` can kill, pause and restart them, and finds the same port and the same data again.
 */
import type { NatsUser, RedisUser } from './credentials.ts'

export interface ServerHandle {
  /** Undefined while it is down, and where it is not a process of this machine. */
  readonly pid: number | undefined
  readonly port: number
  /** A signal that ends it is waited for. */
  kill(signal: NodeJS.Signals): Promise<void>
  /** Same port, same data; starts it if it is down. */
  restart(): Promise<void>
}

export interface Servers {
  readonly kind: 'processes' | 'containers' | 'external'
  readonly nats: ServerHandle
  readonly redis: ServerHandle
  natsUrl(user: NatsUser): string
  redisUrl(user: RedisUser): string
  /** Ends both; what they have stored stays. */
  stop(): Promise<void>
}

/** Told what is going on during the long steps, one sentence each. */
export type Progress = (line: string) => void

/** There is no way to run NATS and Redis here; the message says what helps. */
export class NoServers extends Error {
  override readonly name = 'NoServers'
  readonly code = 'NO_SERVERS'
}
