/**
 * A NATS client of a few lines that asks for what no well-behaved client would, and hears the server's own words about it.
 */
import { connect } from 'node:net'

import type { Credentials, NatsUser } from '../src/index.ts'

export interface NatsWire {
  /** True when the server takes the message. */
  mayPublish(user: NatsUser, subject: string): Promise<boolean>
  maySubscribe(user: NatsUser, subject: string): Promise<boolean>
  /** The server's words after a login with this password: `PONG` or an error. */
  logIn(user: string, password: string): Promise<string>
}

export function natsWire(port: number, credentials: Credentials): NatsWire {
  const say = async (user: NatsUser, line: string): Promise<boolean> => {
    const heard = await converse(port, `${login(user, credentials.nats[user])}${line}\r\nPING\r\n`)
    if (/-ERR 'Permissions Violation/.test(heard)) return false
    if (/-ERR/.test(heard) || !/^PONG\r$/m.test(heard)) throw new Error(`unexpected answer: ${heard}`)
    return true
  }
  return {
    mayPublish: (user, subject) => say(user, `PUB ${subject} 2\r\n{}`),
    maySubscribe: (user, subject) => say(user, `SUB ${subject} 1`),
    logIn: (user, password) => converse(port, `${login(user, password)}PING\r\n`),
  }
}

function login(user: string, pass: string): string {
  return `CONNECT ${JSON.stringify({ verbose: false, user, pass })}\r\n`
}

/** Everything that the server says until it answers the ping or closes the connection. */
function converse(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let heard = ''
    const socket = connect({ port, host: '127.0.0.1', timeout: 5_000 })
    socket.setEncoding('utf8')
    socket.on('connect', () => socket.write(text))
    socket.on('data', (chunk: string) => {
      heard += chunk
      if (/^PONG\r$/m.test(heard)) socket.end()
    })
    socket.on('timeout', () => socket.destroy(new Error('the server says nothing')))
    socket.on('error', reject)
    socket.on('close', () => resolve(heard))
  })
}

export const SERVICES = ['session', 'gateway', 'documents', 'files'] as const satisfies readonly NatsUser[]

async function whoMay(may: (user: NatsUser) => Promise<boolean>): Promise<NatsUser[]> {
  const answers = await Promise.all(SERVICES.map(may))
  return SERVICES.filter((_, index) => answers[index])
}

/** The services that the server lets say something, or hear it. */
export function permissionsOn(wire: () => NatsWire) {
  return {
    publishersOf: (subject: string) => whoMay((user) => wire().mayPublish(user, subject)),
    subscribersOf: (subject: string) => whoMay((user) => wire().maySubscribe(user, subject)),
  }
}
