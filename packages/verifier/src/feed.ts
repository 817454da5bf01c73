/**
 * ② Brings the entries of the log into the core, as the broker republishes them.
 * Promise: an entry is acknowledged after it has taken effect here, and whatever cannot be applied is a doubt, never skipped.
 */
import {
  ackSubject,
  feedSubject,
  parseLogEntry,
  streamName,
  type Audience,
  type MemberId,
} from '@curfew/contracts'
import { AckSender, FeedOrder } from '@curfew/protocol'
import type { Msg, NatsConnection } from '@nats-io/transport-node'

import type { CoherentVerifier } from './coherent-verifier.ts'
import type { Watching } from './watching.ts'

export interface FeedOptions {
  readonly nc: NatsConnection
  readonly audience: Audience
  readonly core: CoherentVerifier
  readonly watching: Watching
  /** In whose name entries are acknowledged. */
  readonly member: () => MemberId
  /** Memory is empty and nothing more comes from here: start again. */
  readonly onDoubt: (reason: string, error?: unknown) => void
}

/** The reason for doubt after which a verifier is nobody that anyone has heard of. */
export const ANOTHER_LOG = 'another log'

/** The epoch is the one that the core follows now. @returns stops following */
export function followFeed(options: FeedOptions): () => void {
  const { nc, audience, core, watching, member, onDoubt } = options
  const { epoch } = core
  const acks = new AckSender((replica, applied) => {
    // What was applied has taken effect, also when it is heard of late; a connection that is closed tells nobody.
    if (nc.isClosed()) return
    nc.publish(ackSubject(epoch, replica, audience), JSON.stringify({ member: member(), applied }))
  })
  let isOver = false

  function stop(): void {
    isOver = true
    acks.close()
    order.close()
    if (!subscription.isClosed()) subscription.unsubscribe()
  }

  function doubt(reason: string, error?: unknown): void {
    stop()
    core.doubt()
    onDoubt(reason, error)
  }

  function receive(message: Msg): void {
    // A message that the log republishes names its stream. Anything else is an answer that another process of this service has had sent
    // here: it says nothing about the log, whose entries are told by their sequences.
    if (message.headers?.get('Nats-Stream') !== streamName(epoch)) return
    const seq = Number(message.headers.get('Nats-Sequence'))
    if (!Number.isSafeInteger(seq) || seq < 1) return doubt('no sequence')
    order.take(seq, message.string())
  }

  function apply(seq: number, json: string): void {
    const entry = parseLogEntry(json)
    const outcome = core.receive(seq, entry)
    if (outcome === 'another-log') return doubt(ANOTHER_LOG)
    if (outcome === 'doubt') return doubt(entry === undefined ? 'unreadable' : 'gap')
    if (outcome === 'ignored' || entry === undefined) return
    watching.entryApplied(entry)
    if ('ackTo' in entry && entry.ackTo !== undefined) acks.owe(entry.ackTo)
    acks.applied(seq)
  }

  const order = new FeedOrder<string>((seq, json) => {
    try {
      apply(seq, json)
    } catch (thrown) {
      doubt('failed', thrown)
    }
  })
  const subscription = nc.subscribe(feedSubject(epoch), {
    callback: (error, message) => {
      if (isOver) return
      // The server has ended the subscription, for want of permission.
      if (error !== null) return doubt('feed ended', error)
      receive(message)
    },
  })
  return stop
}
