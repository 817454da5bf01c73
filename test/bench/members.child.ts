/**
 * ② Simulated verifiers: members of the protocol that join, renew their leases and acknowledge like whole ones, one by one, but
 * remember no session and share connections, so that a thousand of them find room on one machine.
 */
import { randomBytes, randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'

import {
  HELLO,
  JOIN,
  LEAVE,
  PROTOCOL_VERSION,
  RENEW_LEASE,
  SUBJECTS,
  ackSubject,
  feedSubject,
  memberSubject,
  parseLogEntry,
  renewSubject,
  type Audience,
  type MemberId,
} from '@curfew/contracts'
import { ask, connectMessaging } from '@curfew/messaging'
import { AckSender, FeedOrder, renewEveryMs } from '@curfew/protocol'
import type { NatsConnection } from '@nats-io/transport-node'

import { serveCommands } from './child.ts'

const AUDIENCE = 'documents' as Audience
const MEMBERS_OF_A_CONNECTION = 25

interface Connection {
  readonly nc: NatsConnection
  readonly epoch: number
  readonly leaseMs: number
  readonly members: MemberId[]
  applied: number
}

const connections: Connection[] = []
const closing = new AbortController()
const renewing: Promise<void>[] = []

export const commands = serveCommands(
  {
    async open({ url, members }: { url: string; members: number }) {
      for (let left = members; left > 0; left -= MEMBERS_OF_A_CONNECTION) {
        const connection = await connect(url)
        connections.push(connection)
        for (let nth = 0; nth < Math.min(left, MEMBERS_OF_A_CONNECTION); nth += 1) await join(connection)
      }
    },
    /** Messages since the beginning: what has come, and what was sent. */
    messages() {
      let [received, sent] = [0, 0]
      for (const { nc } of connections) {
        const { inMsgs, outMsgs } = nc.stats()
        received += inMsgs
        sent += outMsgs
      }
      return { received, sent }
    },
  },
  async () => {
    closing.abort()
    await Promise.all(renewing)
    for (const { nc, epoch, members } of connections) {
      const subject = memberSubject(epoch, 'leave', AUDIENCE)
      await Promise.all(members.map((member) => ask(nc, LEAVE, subject, { member })))
      await nc.close()
    }
  },
)

async function connect(url: string): Promise<Connection> {
  const nc = await connectMessaging({ url, name: 'bench' })
  const { epoch, leaseMs } = await ask(nc, HELLO, SUBJECTS.hello, {})
  const connection: Connection = { nc, epoch, leaseMs, members: [], applied: 0 }
  const acks = new AckSender((replica, applied) => {
    for (const member of connection.members)
      nc.publish(ackSubject(epoch, replica, AUDIENCE), JSON.stringify({ member, applied }))
  })
  const order = new FeedOrder<string>((seq, json) => {
    const entry = parseLogEntry(json)
    if (entry === undefined) throw new Error('an entry that does not parse')
    if ('ackTo' in entry && entry.ackTo !== undefined) acks.owe(entry.ackTo)
    connection.applied = seq
    acks.applied(seq)
  })
  nc.subscribe(feedSubject(epoch), {
    callback: (_, message) => order.take(Number(message.headers?.get('Nats-Sequence')), message.string()),
  })
  await nc.flush()
  return connection
}

async function join(connection: Connection): Promise<void> {
  const { nc, epoch, members } = connection
  const member = `${AUDIENCE}-${randomBytes(8).toString('hex')}` as MemberId
  await ask(nc, JOIN, memberSubject(epoch, 'join', AUDIENCE), {
    member,
    kind: 'verifier',
    service: AUDIENCE,
    host: 'bench',
    protocol: PROTOCOL_VERSION,
  })
  members.push(member)
  renewing.push(keepLease(connection, member))
}

/** As whole verifiers do: every third of a lease, and somewhat earlier, so that they do not come together. */
async function keepLease(connection: Connection, member: MemberId): Promise<void> {
  const { nc, epoch, leaseMs } = connection
  while (!closing.signal.aborted) {
    const news = { member, nonce: randomUUID(), applied: connection.applied, cachedSessions: 0 }
    await ask(nc, RENEW_LEASE, renewSubject(epoch, AUDIENCE), news).catch(() => undefined)
    const pauseMs = renewEveryMs(leaseMs) * (0.75 + Math.random() / 4)
    await pause(pauseMs, undefined, { signal: closing.signal }).catch(() => undefined)
  }
}
