/** What stands for `@nats-io/transport-node` in the code under test: everything as it is, but for the connection. */
import { errors, type NatsConnection } from '@nats-io/transport-node'

import type { Broker } from './broker.ts'
import { SimulatedConnection } from './connection.ts'
import { theWorld } from './virtual-globals.ts'

export * from '@nats-io/transport-node'

let broker: Broker | undefined
let made = 0

export function serveFrom(next: Broker): void {
  broker = next
  made = 0
}

export async function connect(): Promise<NatsConnection> {
  const { current } = theWorld()
  if (broker === undefined || current === undefined) throw new Error('only a simulated process connects')
  if (!broker.isUp) throw new errors.ConnectionError('refused')
  made += 1
  return new SimulatedConnection(broker, current, made).asNats
}
