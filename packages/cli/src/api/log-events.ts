import { setTimeout as sleep } from 'node:timers/promises'

/**
 * `GET /v1/events`: the entries of the log, as they are written.
 * Promise: a stream that breaks off is taken up behind the last entry that was seen; nothing is shown twice.
 */
import { Backoff } from '@curfew/protocol'
import type { EventSourceMessage } from 'eventsource-parser'

import type { Operator } from '../account/operator.ts'
import { eventsOf, isEventStream } from './event-stream.ts'
import { NoAnswer, Refusal } from './http.ts'

export interface FollowOptions {
  readonly after: string | undefined
  readonly signal: AbortSignal
  /** Told each time before it is tried again. */
  readonly onTrouble: (reason: string) => void
}

/** Three heartbeats. */
const SILENCE_MS = 45_000
const RETRY = { firstMs: 250, mostMs: 10_000 }

/** Goes on until the signal. @throws Refusal; NoAnswer where the very first attempt fails */
export async function* followLog(
  operator: Operator,
  { after, signal, onTrouble }: FollowOptions,
): AsyncGenerator<EventSourceMessage> {
  let last = after
  const backoff = new Backoff(RETRY)
  for (let isFirst = true; ; isFirst = false) {
    try {
      const response = await operator.open(
        {
          method: 'GET',
          path: '/v1/events',
          headers: last === undefined ? {} : { 'last-event-id': last },
          signal,
        },
        'text/event-stream',
      )
      if (!isEventStream(response)) throw new NoAnswer('The server has no stream of events.', false)
      for await (const message of eventsOf(response, { silenceMs: SILENCE_MS, signal })) {
        last = message.id ?? last
        backoff.reset()
        yield message
      }
      onTrouble('the stream has ended')
    } catch (error) {
      signal.throwIfAborted()
      const isPassing = error instanceof NoAnswer || (error instanceof Refusal && isTemporary(error.status))
      if (!isPassing || isFirst) throw error
      onTrouble(error.message)
    }
    await sleep(backoff.nextMs(), undefined, { signal })
  }
}

function isTemporary(status: number): boolean {
  return status >= 500 || status === 429
}
