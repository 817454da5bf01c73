/**
 * A TCP link that fails as it is told: cut, silent in one direction or both, slow.
 * Promise: bytes arrive in order and unchanged or not at all, and every fault counts what it did.
 */
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server } from 'node:net'

import { ProxiedConnection, type Direction } from './proxied-connection.ts'

export type LinkFault =
  /** Both ends see a reset; whoever dials is reset as well. */
  | { readonly kind: 'cut' }
  /** Nobody is told anything: neither bytes nor the end of a connection get through. */
  | { readonly kind: 'black-hole'; readonly directions: readonly Direction[] }
  | { readonly kind: 'delay'; readonly ms: number }

interface LinkCounters {
  /** Since the proxy was started. */
  readonly connectionsCut: number
  readonly bytesHeld: number
  readonly bytesDelayed: number
}

export class FaultProxy implements AsyncDisposable {
  readonly #server: Server
  readonly #connections = new Set<ProxiedConnection>()
  #fault: LinkFault | undefined
  /** The only connection that has the fault, where it is one. */
  #only: ProxiedConnection | undefined
  #connectionsCut = 0
  #bytesHeld = 0
  #bytesDelayed = 0

  private constructor(serverPort: number) {
    this.#server = createServer({ noDelay: true }, (client) => {
      if (this.#fault?.kind === 'cut') {
        this.#connectionsCut += 1
        client.resetAndDestroy()
        return
      }
      const connection = new ProxiedConnection(client, connect({ port: serverPort, host: '127.0.0.1' }), {
        isHeld: (direction) => {
          const fault = this.#faultOf(connection)
          return fault?.kind === 'black-hole' && fault.directions.includes(direction)
        },
        delayMs: () => {
          const fault = this.#faultOf(connection)
          return fault?.kind === 'delay' ? fault.ms : 0
        },
        held: (bytes) => {
          this.#bytesHeld += bytes
        },
        delayed: (bytes) => {
          this.#bytesDelayed += bytes
        },
        closed: () => this.#connections.delete(connection),
      })
      this.#connections.add(connection)
    })
  }

  /** In front of a server on loopback, without a fault. */
  static async start(serverPort: number): Promise<FaultProxy> {
    const proxy = new FaultProxy(serverPort)
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    return proxy
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** The same URL through this proxy. */
  through(url: string): string {
    const proxied = new URL(url)
    proxied.port = String(this.port)
    return proxied.href.replace(/\/$/, '')
  }

  get counters(): LinkCounters {
    return {
      connectionsCut: this.#connectionsCut,
      bytesHeld: this.#bytesHeld,
      bytesDelayed: this.#bytesDelayed,
    }
  }

  /**
   * From now on, in the place of the fault before, for the connections that are open and for new ones.
   * @param only of the open connections, in the order in which they were opened, the one that alone has the fault; whoever dials
   * during a cut is reset all the same
   */
  fail(fault: LinkFault, only?: number): void {
    this.#fault = fault
    this.#only = only === undefined ? undefined : [...this.#connections][only]
    if (fault.kind === 'cut') this.#cut(this.#only === undefined ? this.#connections : [this.#only])
  }

  /** Resets every connection that is open now; new ones are as before. */
  cutConnections(): void {
    this.#cut(this.#connections)
  }

  #cut(connections: Iterable<ProxiedConnection>): void {
    for (const connection of connections) {
      this.#connectionsCut += 1
      connection.reset()
    }
  }

  #faultOf(connection: ProxiedConnection): LinkFault | undefined {
    return this.#only === undefined || this.#only === connection ? this.#fault : undefined
  }

  /**
   * The link is whole again. What a black hole has held arrives now, late and in order, as TCP retransmits it; `cut`:
   * instead, the connections that it was held from are reset, as when the ends have given up meanwhile.
   */
  restore(held: 'deliver' | 'cut' = 'deliver'): void {
    this.#fault = undefined
    for (const connection of this.#connections) {
      if (held === 'cut' && connection.isHolding) {
        this.#connectionsCut += 1
        connection.reset()
      } else connection.release()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const connection of this.#connections) connection.reset()
    this.#server.close()
    await once(this.#server, 'close')
  }
}
