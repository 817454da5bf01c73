/**
 * Asks a server whether it serves.
 * Promise: true means that this very server, the one with our passwords, has finished loading and answers commands.
 */
import { connect } from 'node:net'

const PROBE_TIMEOUT_MS = 1_000

/** NATS: log in, ping, pong. */
export async function natsAnswers(port: number, user: string, password: string): Promise<boolean> {
  const login = JSON.stringify({ verbose: false, user, pass: password, name: 'readiness', lang: 'curfew' })
  return hears(port, `CONNECT ${login}\r\nPING\r\n`, /^PONG\r$/m)
}

/** Redis: log in, ping, pong; while it still reads its append-only file it answers LOADING instead. */
export async function redisAnswers(port: number, user: string, password: string): Promise<boolean> {
  return hears(port, `AUTH ${user} ${password}\r\nPING\r\n`, /^\+PONG\r$/m)
}

function hears(port: number, question: string, expected: RegExp): Promise<boolean> {
  return new Promise((resolve) => {
    let heard = ''
    const socket = connect({ port, host: '127.0.0.1', timeout: PROBE_TIMEOUT_MS })
    const finish = (answer: boolean): void => {
      socket.destroy()
      resolve(answer)
    }
    socket.setEncoding('utf8')
    socket.on('connect', () => socket.write(question))
    socket.on('data', (chunk: string) => {
      heard += chunk
      if (expected.test(heard)) finish(true)
    })
    socket.on('timeout', () => finish(false))
    socket.on('error', () => finish(false))
    socket.on('close', () => finish(false))
  })
}
