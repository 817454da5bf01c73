/**
 * ⑦ Bytes of a file on their way out, through one buffer.
 * Promise: memory does not grow with the file; the handle is closed however the reading ends.
 */
import type { FileHandle } from 'node:fs/promises'
import { Readable } from 'node:stream'

/**
 * The memory of one download while its caller reads nothing. A new buffer for each chunk costs more than the reading: the system has to
 * find and clear its pages. Larger ones than this do not stay in the processor's cache between reading and sending.
 */
const BUFFER_BYTES = 128 * 1024

/**
 * Why the buffer may be read into again: nothing is read ahead (the high-water mark is zero), and what is piped from here waits
 * until the chunk before has left this process whenever that is no less than its own high-water mark, which every chunk but the
 * last one is.
 */
export class FileContent extends Readable {
  bytesRead = 0
  readonly #handle: FileHandle
  readonly #until: number
  readonly #buffer: Buffer
  #position: number

  /** @param part from its first byte to the one before `until`; it lies within the file */
  constructor(handle: FileHandle, { from, until }: { readonly from: number; readonly until: number }) {
    super({ highWaterMark: 0 })
    this.#handle = handle
    this.#position = from
    this.#until = until
    this.#buffer = Buffer.allocUnsafeSlow(Math.min(BUFFER_BYTES, until - from))
  }

  override _read(): void {
    void this.#passOn()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    void this.#closeWith(error, done)
  }

  async #passOn(): Promise<void> {
    try {
      const chunk = await this.#fill()
      if (chunk !== undefined) this.push(chunk)
      // With its last byte the response is over: nobody has to ask once more.
      if (this.#position >= this.#until) this.push(null)
    } catch (error) {
      this.destroy(error instanceof Error ? error : new Error('the file cannot be read', { cause: error }))
    }
  }

  async #closeWith(error: Error | null, done: (error?: Error | null) => void): Promise<void> {
    let failure: unknown
    try {
      await this.#handle.close()
    } catch (reason) {
      failure = reason
    }
    done(error ?? (failure instanceof Error ? failure : null))
  }

  async #fill(): Promise<Buffer | undefined> {
    const buffer = this.#buffer
    const wanted = Math.min(buffer.length, this.#until - this.#position)
    let filled = 0
    // A short chunk in the middle could be sent beside the next one.
    while (filled < wanted) {
      const { bytesRead } = await this.#handle.read(buffer, filled, wanted - filled, this.#position)
      if (bytesRead === 0) throw new Error('stored file is damaged: it ends early')
      filled += bytesRead
      this.#position += bytesRead
    }
    this.bytesRead += filled
    if (filled === 0) return undefined
    return filled === buffer.length ? buffer : buffer.subarray(0, filled)
  }
}
