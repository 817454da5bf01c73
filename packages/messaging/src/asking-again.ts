/**
 * Asks JetStream again where its first answer says nothing about what was asked.
 * Promise: bounded; what the server says at last is what the caller hears.
 */
const ATTEMPTS = 3

/**
 * Creates a stream or a bucket that replicas which start together all create: all of them get it, whichever is first, since
 * what exists with the same settings is what creating it answers. Of two that create the same at the same moment,
 * nats-server 2.9.10 tells one in forty that its subjects overlap with those of an existing stream, which is the very same.
 * Asked again, it finds it there.
 */
export async function createShared<T>(create: () => Promise<T>): Promise<T> {
  return again(create, () => true)
}

/** For questions that change nothing: one answer that is lost on its way, or with a server that is started again, ends nothing. */
export async function untilAnswered<T>(ask: () => Promise<T>): Promise<T> {
  return again(ask, (err) => err instanceof Error && err.name === 'TimeoutError')
}

async function again<T>(ask: () => Promise<T>, isWorthIt: (err: unknown) => boolean): Promise<T> {
  for (let attempt = 1; ; attempt += 1)
    try {
      return await ask()
    } catch (err) {
      if (attempt === ATTEMPTS || !isWorthIt(err)) throw err
    }
}
