/**
 * A server that answers as a test tells it to, at an address where somebody is logged in: for answers that Curfew never gives.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { CliOptions } from './cli-process.ts'

export type Handler = (request: IncomingMessage, response: ServerResponse, body: string) => void

/** What must never be shown. */
export const TOKEN = `cfs_${'t'.repeat(65)}`

export interface FakeAuthority extends AsyncDisposable {
  readonly url: string
  readonly options: CliOptions
  /** Everything that has been asked, as `METHOD /path`. */
  readonly asked: { readonly line: string; readonly headers: IncomingMessage['headers'] }[]
}

export async function startFakeAuthority(program: string, handler: Handler): Promise<FakeAuthority> {
  const asked: FakeAuthority['asked'] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      asked.push({ line: `${request.method} ${request.url}`, headers: request.headers })
      handler(request, response, Buffer.concat(chunks).toString('utf8'))
    })
  })
  await listen(server)
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const home = await mkdtemp(join(tmpdir(), 'curfew-cli-'))
  await writeProfile(home, url)
  return {
    url,
    asked,
    options: { program, home },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await rm(home, { recursive: true })
    },
  }
}

export async function writeProfile(home: string, url: string, mode = 0o600): Promise<string> {
  const directory = join(home, '.config', 'curfew')
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const file = join(directory, 'default.json')
  const who = { tenant: 'curfew', user: 'operator', session: 's'.repeat(22), token: TOKEN }
  const profile = { version: 1, server: url, gateway: url, ...who, expires_at: '2030-01-01T00:00:00.000Z' }
  await writeFile(file, JSON.stringify(profile), { mode })
  return file
}

export function answer(
  response: ServerResponse,
  status: number,
  body: unknown,
  type = 'application/json',
): void {
  response.writeHead(status, { 'content-type': type })
  response.end(typeof body === 'string' ? body : JSON.stringify(body))
}

export function problem(response: ServerResponse, status: number, code: string, detail?: string): void {
  const body = { type: `urn:curfew:problem:${code}`, title: code, status, code, detail, request_id: 'req-1' }
  answer(response, status, body, 'application/problem+json')
}

function listen(server: Server): Promise<void> {
  return new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
}
