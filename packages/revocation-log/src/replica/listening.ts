/** ② ④ What is told rather than asked over NATS: checked, and passed over when it has not the right shape. */
import type { NatsConnection } from '@nats-io/nats-core'

export interface Listening {
  stop(): void
}

interface Shape<T> {
  Check(value: unknown): value is T
}

/** Nothing may throw out of `heed`: nats.js would stop reading the whole connection. */
// oxlint-disable-next-line max-params -- reads as a sentence at the call
export function listen<T>(
  nc: NatsConnection,
  subject: string,
  shape: Shape<T>,
  heed: (message: T, subject: string) => void,
): Listening {
  const subscription = nc.subscribe(subject, {
    callback: (error, message) => {
      const value = error === null ? parsed(message.string()) : undefined
      if (shape.Check(value)) heed(value, message.subject)
    },
  })
  return { stop: () => subscription.unsubscribe() }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
