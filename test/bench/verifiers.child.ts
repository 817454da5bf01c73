/** ② Verifiers in a process of their own, each with its own connection and its own memory. */
import type { Audience } from '@curfew/contracts'
import { connectMessaging } from '@curfew/messaging'
import { createVerifier, type Verifier } from '@curfew/verifier'

import { serveCommands } from './child.ts'
import { fill, silent, type Range } from './filling.ts'
import { collectGarbage } from './garbage.ts'
import { relayTokenOf } from './population.ts'

const AUDIENCE = 'documents' as Audience
const LOAD_EVERY_MS = 5

const opened: { verifier: Verifier; close: () => Promise<void> }[] = []
let load: NodeJS.Timeout | undefined

export const commands = serveCommands(
  {
    /** More verifiers. */
    async open({ url, verifiers }: { url: string; verifiers: number }) {
      for (let nth = 0; nth < verifiers; nth += 1) {
        const nc = await connectMessaging({ url, name: 'bench' })
        const verifier = await createVerifier({ nc, audience: AUDIENCE, logger: silent })
        const close = async (): Promise<void> => {
          await verifier.close()
          await nc.close()
        }
        opened.push({ verifier, close })
      }
    },
    /** Brings these sessions of the population into the memory of each. */
    async remember(range: Range) {
      for (const { verifier } of opened) await fill(verifier, range, (index) => relayTokenOf(index, AUDIENCE))
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
    for (const { close } of opened) await close()
  },
)
