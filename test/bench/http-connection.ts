/**
 * One kept-alive HTTP/1.1 connection with one request under way, and nothing else: a client that leaves the processor to
 * the server. Load generators for Node cost more than the fastest servers measured here.
 */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

const HEAD_END = Buffer.from('\r\n\r\n')
const LENGTH = /\r\ncontent-length: *(\d+)\r\n/i
/** Of `HTTP/1.1 200 OK`. */
const STATUS_AT = 9

export class HttpConnection {
  readonly #socket: Socket
  #received: Buffer = Buffer.alloc(0)
  #waiting: PromiseWithResolvers<number> | undefined
  /** Whoever sends afterwards hears of it too, and does not wait for ever. */
  #failure: Error | undefined

  private constructor(socket: Socket) {
    this.#socket = socket.setNoDelay(true)
    socket.on('data', (chunk) => this.#take(chunk))
    socket.once('close', () => this.#fail(new Error('the server closed the connection')))
    socket.on('error', (error) => this.#fail(error))
  }

  static async open(url: string): Promise<HttpConnection> {
    const { hostname, port } = new URL(url)
    const socket = connect(Number(port), hostname)
    await once(socket, 'connect')
    return new HttpConnection(socket)
  }

  /** @param request as `requestText` makes it. @returns the status, when the body has arrived. @throws for a lost connection */
  send(request: string): Promise<number> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    this.#waiting = Promise.withResolvers<number>()
    this.#socket.write(request, 'latin1')
    return this.#waiting.promise
  }

  close(): void {
    this.#waiting = undefined
    this.#socket.destroy()
  }

  #take(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk])
    const headEnd = this.#received.indexOf(HEAD_END)
    if (headEnd === -1) return
    const head = this.#received.toString('latin1', 0, headEnd + 2)
    const length = LENGTH.exec(head)?.[1]
    if (length === undefined) return this.#fail(new Error(`an answer without content-length: ${head}`))
    if (this.#received.length < headEnd + HEAD_END.length + Number(length)) return
    this.#received = Buffer.alloc(0)
    this.#waiting?.resolve(Number(head.slice(STATUS_AT, STATUS_AT + 3)))
  }

  #fail(error: Error): void {
    this.#failure ??= error
    this.#waiting?.reject(error)
  }
}

/** @param header one line without its end */
export function requestText(url: string, path: string, header: string): string {
  return `GET ${path} HTTP/1.1\r\nhost: ${new URL(url).host}\r\n${header}\r\n\r\n`
}
