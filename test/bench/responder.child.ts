/** The other end of a NATS round trip, in a process of its own. */
import { connectMessaging } from '@curfew/messaging'
import type { NatsConnection } from '@nats-io/transport-node'

import { serveCommands } from './child.ts'

let nc: NatsConnection | undefined

export const commands = serveCommands(
  {
    async start({ url, subject }: { url: string; subject: string }) {
      nc = await connectMessaging({ url, name: 'bench' })
      nc.subscribe(subject, { callback: (_, message) => void message.respond(message.data) })
      await nc.flush()
    },
  },
  () => nc?.close(),
)
