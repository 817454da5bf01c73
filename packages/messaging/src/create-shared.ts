/**
 * Creates a stream or a bucket that replicas which start together all create.
 * Promise: all of them get it, whichever is first. What exists with the same settings is what creating it answers.
 */
const ATTEMPTS = 3

/**
 * Of two that create the same at the same moment, nats-server 2.9.10 tells one in forty that its subjects overlap with those of
 * an existing stream, which is the very same, and now and then nothing at all. Asked again, it finds it there.
 * @throws what creating it says at last
 */
export async function createShared<T>(create: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1)
    try {
      return await create()
    } catch (err) {
      if (attempt === ATTEMPTS) throw err
    }
}
