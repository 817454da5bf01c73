/** ② Verifiers in a process of their own, each with its own connection and its own memory. */
import type { Audience } from '@curfew/contracts'
import { connectMessaging } from '@curfew/messaging'
import { createVerifier, type Verifier } from '@curfew/verifier'
import type { NatsConnection } from '@nats-io/transport-node'

import { serveCommands } from './child.ts'
import { fill, silent, type Range } from './filling.ts'
import { collectGarbage } from './garbage.ts'
import { relayTokenOf } from './population.ts'

const AUDIENCE = 'documents' as Audience
const LOAD_EVERY_MS = 5

/** Each opening is a dozen messages; more at a time would only wait for each other. */
const OPENED_AT_ONCE = 20

interface Opened {
  readonly verifier: Verifier
  readonly nc: NatsConnection
}

const opened: Opened[] = []
let load: NodeJS.Timeout | undefined

export const commands = serveCommands(
  {
    /** More verifiers. */
    async open({ url, verifiers }: { url: string; verifiers: number }) {
      for (let left = verifiers; left > 0; left -= OPENED_AT_ONCE)
        opened.push(
          ...(await Promise.all(Array.from({ length: Math.min(left, OPENED_AT_ONCE) }, () => open(url)))),
        )
    },
    /** Brings these sessions of the population into the memory of each. @returns milliseconds of the slowest check */
    async remember(range: Range) {
      let slowestMs = 0
      for (const { verifier } of opened)
        slowestMs = Math.max(slowestMs, await fill(verifier, range, (index) => relayTokenOf(index, AUDIENCE)))
      return slowestMs
    },
    /** Others in place of those that there are: they remember nothing. */
    async restart({ url }: { url: string }) {
      const before = opened.splice(0)
      await Promise.all(before.map(close))
      for (const _ of before) opened.push(await open(url))
    },
    /** Checks at a steady rate, spread over the verifiers. */
    startLoad({ checksPerSecond, sessions }: { checksPerSecond: number; sessions: number }) {
      const checks = Math.ceil((checksPerSecond * LOAD_EVERY_MS) / 1_000)
      load = setInterval(() => {
        for (let nth = 0; nth < checks; nth += 1) {
          const one = opened[Math.floor(Math.random() * opened.length)]
          void one?.verifier.check(relayTokenOf(Math.floor(Math.random() * sessions), AUDIENCE))
        }
      }, LOAD_EVERY_MS)
    },
    stopLoad() {
      clearInterval(load)
    },
    memory() {
      collectGarbage()
      const { rss, heapUsed } = process.memoryUsage()
      return { rss, heapUsed }
    },
  },
  async () => {
    clearInterval(load)
    await Promise.all(opened.map(close))
  },
)

async function open(url: string): Promise<Opened> {
  const nc = await connectMessaging({ url, name: 'bench' })
  return { nc, verifier: await createVerifier({ nc, audience: AUDIENCE, logger: silent }) }
}

async function close({ nc, verifier }: Opened): Promise<void> {
  await verifier.close()
  await nc.close()
}
