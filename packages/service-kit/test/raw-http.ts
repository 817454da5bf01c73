/** HTTP as bytes, for requests that no client library would send. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

import { PROBLEMS, type ProblemBody, type ProblemCode } from '@curfew/contracts'
import { expect } from 'vitest'

import type { CurfewServer } from '../src/index.ts'

export interface RawResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export function portOf(app: CurfewServer): number {
  const address = app.server.address()
  if (typeof address !== 'object' || address === null) throw new Error('not listening')
  return address.port
}

export function operationsPortOf(app: CurfewServer): number {
  return Number(new URL(app.operationsUrl()).port)
}

export async function open(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  return socket
}

/** Writes the bytes on a connection of their own and reads until the server closes it. */
export async function exchange(port: number, bytes: string | Uint8Array): Promise<RawResponse> {
  const socket = await open(port)
  socket.write(bytes)
  return parseResponse(await readToEnd(socket))
}

export async function readToEnd(socket: Socket): Promise<string> {
  const chunks: Buffer[] = []
  socket.on('data', (chunk) => chunks.push(chunk))
  // The server may cut off what is still being sent to it.
  socket.on('error', () => undefined)
  await once(socket, 'close')
  return Buffer.concat(chunks).toString()
}

export function parseResponse(text: string): RawResponse {
  const end = text.indexOf('\r\n\r\n')
  const [statusLine = '', ...lines] = text.slice(0, end).split('\r\n')
  const headers = lines.map((line) => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const
  })
  return {
    status: Number(statusLine.split(' ')[1]),
    headers: Object.fromEntries(headers),
    body: text.slice(end + 4),
  }
}

/** A request that asks for the connection to be closed after it. */
export function request(
  target: string,
  options: { method?: string; headers?: Record<string, string>; body?: string } = {},
): string {
  const { method = 'GET', body = '' } = options
  const headers = {
    host: 'localhost',
    connection: 'close',
    ...(body !== '' && {
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(body)),
    }),
    ...options.headers,
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return `${method} ${target} HTTP/1.1\r\n${lines.join('')}\r\n${body}`
}

/** The code of a refusal that has everything which every refusal must have. */
export function refusalIn(response: RawResponse): ProblemCode {
  const { status, headers, body } = response
  const problem = JSON.parse(body) as ProblemBody
  expect(problem).toMatchObject({
    type: `urn:curfew:problem:${problem.code}`,
    ...PROBLEMS[problem.code],
    request_id: headers['x-request-id'],
  })
  expect(status).toBe(problem.status)
  expect(headers['x-request-id']).toMatch(/^[A-Za-z0-9._-]{1,64}$/)
  expect(headers).toMatchObject({
    'content-type': 'application/problem+json; charset=utf-8',
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
    'content-length': String(Buffer.byteLength(body)),
  })
  return problem.code
}

export function detailIn({ body }: RawResponse): string | undefined {
  return (JSON.parse(body) as ProblemBody).detail
}

export function connectionsOf(app: CurfewServer): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>()
  app.server.getConnections((_, count) => resolve(count))
  return promise
}
