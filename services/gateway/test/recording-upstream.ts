/**
 * ③ A service behind the gateway that does what a test asks of it, and remembers what reached it.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Arrival {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly rawHeaders: readonly string[]
  /** Bytes of the body so far. */
  bytes: number
  /** How the request ended: with its last byte, or before. */
  ending: 'open' | 'complete' | 'aborted'
}

type Behaviour = (request: IncomingMessage, response: ServerResponse) => void

export interface RecordingUpstream {
  readonly origin: string
  /** For what is no request and answer: a connection that is taken over. */
  readonly server: Server
  readonly arrivals: Arrival[]
  /** Until told otherwise it answers 200 with `{"ok":true}` when the body has arrived. */
  behave(behaviour: Behaviour | undefined): void
  close(): Promise<void>
}

const answerOk: Behaviour = (request, response) => {
  request.once('end', () => response.setHeader('content-type', 'application/json').end('{"ok":true}'))
}

export async function startRecordingUpstream(): Promise<RecordingUpstream> {
  const arrivals: Arrival[] = []
  let behaviour: Behaviour | undefined
  const server = createServer((request, response) => {
    const { method = '', url = '', headers, rawHeaders } = request
    const arrival: Arrival = { method, url, headers, rawHeaders, bytes: 0, ending: 'open' }
    arrivals.push(arrival)
    request.on('data', (chunk: Buffer) => (arrival.bytes += chunk.length))
    request.once('end', () => (arrival.ending = 'complete'))
    response.once('close', () => {
      if (!response.writableFinished) arrival.ending = 'aborted'
    })
    const behave = behaviour ?? answerOk
    behave(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    origin: `http://127.0.0.1:${port}`,
    server,
    arrivals,
    behave: (next) => void (behaviour = next),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
