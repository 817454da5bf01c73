/**
 * Which TCP ports of this machine are free.
 * Promise: a port named taken is in use right now; a free one was free a moment ago, which is the most that can be said.
 */
import { once } from 'node:events'
import { createServer } from 'node:net'
import { randomInt } from 'node:crypto'

/** True when nothing listens on the port of the loopback address, or of every address. */
export async function isPortFree(port: number, host = '127.0.0.1'): Promise<boolean> {
  const server = createServer()
  try {
    server.listen({ port, host, exclusive: true })
    await once(server, 'listening')
  } catch {
    return false
  }
  server.close()
  await once(server, 'close')
  return true
}

// Below the range from which systems take the ports of outgoing connections, which come and go at any moment.
const LOWEST = 20_000
const HIGHEST = 32_000
const handedOut = new Set<number>()

/**
 * A port for a server that will be started soon, never the same twice in this process. Processes that look at the same
 * moment may find the same one: who cannot try again takes them from a range of its own.
 */
export async function freePort(lowest = LOWEST, highest = HIGHEST): Promise<number> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const port = randomInt(lowest, highest)
    if (handedOut.has(port)) continue
    handedOut.add(port)
    if (await isPortFree(port)) return port
  }
  throw new Error(`no free port found between ${lowest} and ${highest}`)
}
