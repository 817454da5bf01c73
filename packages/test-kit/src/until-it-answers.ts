/**
 * ④ ⑤ Waits for a server in a container by asking it.
 * Promise: holds at a restart too. Log lines do not: the line that says "ready" may be older than the recorded start.
 */
import { setTimeout as delay } from 'node:timers/promises'

import { getContainerRuntimeClient, type WaitStrategy } from 'testcontainers'

const POLL_MS = 25
const DEFAULT_TIMEOUT_MS = 60_000

export class UntilItAnswers implements WaitStrategy {
  readonly #isReady: () => Promise<boolean>
  #timeoutMs = DEFAULT_TIMEOUT_MS
  #isTimeoutSet = false

  constructor(isReady: () => Promise<boolean>) {
    this.#isReady = isReady
  }

  /** @throws when the container ends first or the time is up. */
  async waitUntilReady(container: { readonly id: string }): Promise<void> {
    const { dockerode } = (await getContainerRuntimeClient()).container
    const deadline = performance.now() + this.#timeoutMs
    while (!(await this.#isReady())) {
      const { State: state } = await dockerode.getContainer(container.id).inspect()
      if (!state.Running) throw new Error(`it ended with code ${state.ExitCode}`)
      if (performance.now() > deadline) throw new Error(`it did not answer for ${this.#timeoutMs / 1000} s`)
      await delay(POLL_MS)
    }
  }

  withStartupTimeout(timeoutMs: number): this {
    this.#timeoutMs = timeoutMs
    this.#isTimeoutSet = true
    return this
  }

  isStartupTimeoutSet(): boolean {
    return this.#isTimeoutSet
  }

  getStartupTimeout(): number {
    return this.#timeoutMs
  }
}
