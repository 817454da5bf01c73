/**
 * ④ The connections of the session service to NATS: one for the log and the trail, one for questions, one for claims.
 */
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'

import { expectJson } from '@curfew/test-kit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { setStage, until, type Replica, type Stage } from './stage.ts'

/** In the order in which the service opens them. */
const CONNECTIONS = ['log', 'questions', 'claims'] as const

let stage: Stage
let links: Links
let replica: Replica
beforeEach(async () => {
  stage = await setStage()
  links = await Links.start(stage.servers.nats.port)
  const url = new URL(stage.servers.natsUrl('session'))
  url.port = String(links.port)
  replica = await stage.start({ CURFEW_NATS_URL: url.href.replace(/\/$/, '') })
})
afterEach(async () => {
  await stage[Symbol.asyncDispose]()
  await links[Symbol.asyncDispose]()
})

describe('a replica', () => {
  it('whose questions are held up goes on to follow the log and to record revocations', async () => {
    const operator = await stage.login('curfew/operator')
    await expectJson(await replica.as(operator).get('/v1/sessions'), 200)
    links.hold(CONNECTIONS.indexOf('questions'))
    const answer = await stage.revokeUser(replica.as(operator), 'alice')
    expect(await expectJson(answer, 200)).toMatchObject({ state: 'confirmed', recorded: true })
  })

  it.each(CONNECTIONS)('without its connection for %s is not ready and says so', async (name) => {
    await until('it is ready', () => replica.isReady())
    links.cut(CONNECTIONS.indexOf(name))
    const reason = async (): Promise<string> => (await fetch(`${replica.operationsUrl}/readyz`)).text()
    await until('it says so', async () => (await reason()).includes(`no connection for ${name}`))
    expect(await replica.isReady()).toBe(false)
    links.restore()
    await until('it is ready again', () => replica.isReady())
  })
})

/** A way to NATS on which single connections can be held up or cut. */
class Links implements AsyncDisposable {
  readonly #server: Server
  readonly #opened: { readonly client: Socket; readonly upstream: Socket }[] = []
  #isCut = false

  private constructor(natsPort: number) {
    this.#server = createServer((client) => {
      if (this.#isCut) return void client.resetAndDestroy()
      const upstream = connect(natsPort, '127.0.0.1')
      for (const socket of [client, upstream]) socket.on('error', () => undefined)
      client.pipe(upstream).pipe(client)
      this.#opened.push({ client, upstream })
    })
  }

  static async start(natsPort: number): Promise<Links> {
    const started = new Links(natsPort)
    started.#server.listen(0, '127.0.0.1')
    await once(started.#server, 'listening')
    return started
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Nothing arrives there any more, as when the service takes it more slowly than it is sent. */
  hold(index: number): void {
    const { client, upstream } = this.#opened[index]!
    upstream.unpipe(client)
    upstream.pause()
  }

  /** Ends this connection, and lets nobody dial. */
  cut(index: number): void {
    this.#isCut = true
    this.#opened[index]!.client.resetAndDestroy()
  }

  restore(): void {
    this.#isCut = false
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { client, upstream } of this.#opened) {
      client.destroy()
      upstream.destroy()
    }
    this.#server.close()
    await once(this.#server, 'close')
  }
}
