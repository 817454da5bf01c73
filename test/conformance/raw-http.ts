/**
 * ①–⑦ Bytes on a socket, for requests that no well-behaved client can be brought to send.
 */
import { connect } from 'node:net'

/** Longer than any answer takes, shorter than a test may. */
const ANSWERED_WITHIN_MS = 15_000

/**
 * Sends the head as it is, one byte for each character, and the body; reads until the server closes.
 * @returns the status; 0 when the connection ended without an answer
 */
export function rawStatus(url: string, head: readonly string[], body = ''): Promise<number> {
  const { hostname, port, host } = new URL(url)
  const lines = [...head, `host: ${host}`, 'connection: close', '', '']
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname)
    let text = ''
    socket.setTimeout(ANSWERED_WITHIN_MS, () => socket.destroy(new Error(`${host} does not answer`)))
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      text += chunk
    })
    // Some answers come with a reset behind them; what was read counts.
    socket.on('error', (error) => (text === '' ? reject(error) : undefined))
    socket.on('close', () => resolve(Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0)))
    socket.write(lines.join('\r\n') + body, 'latin1')
  })
}
