/**
 * ⑦ Bytes of a file on their way out, through two buffers that take turns.
 * Promise: memory does not grow with the file; the handle is closed however the reading ends.
 */
import type { FileHandle } from 'node:fs/promises'
import { Readable } from 'node:stream'

/**
 * A new buffer for each chunk costs more than the reading: the system has to find and clear its pages. Larger ones than this are
 * slower again, since they do not stay in the processor's cache between reading and sending.
 */
const BUFFER_BYTES = 512 * 1024

/**
 * Why a buffer may be read into again: what is piped from here waits until the chunk before has left this process whenever that
 * is more than its high-water mark, which every chunk but the last one is. So while one buffer is being sent, only the other
 * one can be waiting or being filled.
 */
export class FileContent extends Readable {
  bytesRead = 0
  readonly #handle: FileHandle
  readonly #until: number
  readonly #buffers: readonly [Buffer, Buffer]
  #position: number
  #turn: 0 | 1 = 0

  /** @param part from its first byte to the one before `until`; it lies within the file */
  constructor(handle: FileHandle, { from, until }: { readonly from: number; readonly until: number }) {
    const bytes = Math.min(BUFFER_BYTES, Math.max(1, until - from))
    super({ highWaterMark: bytes })
    this.#handle = handle
    this.#position = from
    this.#until = until
    this.#buffers = [
      Buffer.allocUnsafeSlow(bytes),
      // What fits into one needs no other.
      Buffer.allocUnsafeSlow(until - from > bytes ? bytes : 0),
    ]
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
    const buffer = this.#buffers[this.#turn]
    this.#turn = this.#turn === 0 ? 1 : 0
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
