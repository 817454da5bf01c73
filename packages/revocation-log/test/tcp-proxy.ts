/**
 * ⑤ Stands between a client and the server, and loses what it is told to lose.
 * Promise: only what travels from the server to the client is ever dropped, in whole chunks, and each drop is counted.
 */
import { createServer, connect, type AddressInfo, type Socket } from 'node:net'
import { once } from 'node:events'

export interface TcpProxy extends AsyncDisposable {
  readonly dropped: number
  /** The same address by way of this proxy. */
  through(url: string): string
  /** Chunks for which this answers true are lost. */
  dropWhile(shouldDrop: (chunk: string) => boolean): void
  dropNothing(): void
  /** Cuts every connection; new ones are accepted. */
  cut(): void
}

const never = (_chunk: string): boolean => false

export async function startTcpProxy(serverPort: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>()
  let shouldDrop = never
  let dropped = 0
  const server = createServer((client) => {
    const upstream = connect(serverPort, '127.0.0.1')
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket)
      socket.setNoDelay()
      socket.on('error', () => socket.destroy())
      socket.on('close', () => {
        sockets.delete(socket)
        other.destroy()
      })
    }
    client.pipe(upstream)
    upstream.on('data', (chunk) => {
      if (shouldDrop(chunk.toString('latin1'))) dropped += 1
      else client.write(chunk)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const cut = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    through(url) {
      const through = new URL(url)
      through.port = String((server.address() as AddressInfo).port)
      return through.href
    },
    get dropped() {
      return dropped
    },
    dropWhile: (next) => {
      shouldDrop = next
    },
    dropNothing: () => {
      shouldDrop = never
    },
    cut,
    [Symbol.asyncDispose]: async () => {
      cut()
      server.close()
      await once(server, 'close')
    },
  }
}
