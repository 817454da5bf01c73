/**
 * ① Bytes on a socket, for requests that no well-behaved client can be brought to send.
 */
import { connect } from 'node:net'

export interface RawAnswer {
  /** 0 when the connection ended without an answer. */
  readonly status: number
  readonly text: string
}

/** Sends the lines with CRLF and an empty line at the end, then the body; reads until the server closes. */
export function rawRequest(url: string, lines: readonly string[], body = ''): Promise<RawAnswer> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname)
    let text = ''
    socket.setEncoding('latin1').on('data', (chunk) => (text += chunk))
    // Some answers come with a reset behind them; what was read counts.
    socket.on('error', (error) => (text === '' ? reject(error) : undefined))
    socket.on('close', () => resolve({ status: Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0), text }))
    socket.write(`${[...lines, '', ''].join('\r\n')}${body}`, 'latin1')
  })
}
