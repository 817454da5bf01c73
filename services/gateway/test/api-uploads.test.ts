import { request, type ClientRequest, type IncomingMessage } from 'node:http'

import { expectProblem, type BearerClient } from '@curfew/test-kit'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'

import { eventually } from './eventually.ts'
import { BODY_BYTES_MAX, startGatewaySystem, type GatewaySystem } from './gateway-system.ts'

let system: GatewaySystem
let program: BearerClient

beforeAll(async () => {
  system = await startGatewaySystem()
  program = await system.loginAsProgram('alice')
})
afterAll(() => system.stop())
beforeEach(() => {
  system.upstream.behave(undefined)
  system.upstream.arrivals.length = 0
})

interface Upload {
  readonly client: ClientRequest
  readonly answer: Promise<{ status: number; text: string }>
}

/** A request whose body the test writes as it likes. */
function startUpload(headers: Record<string, string | number> = {}): Upload {
  const client = request(`${system.url}/api/documents`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${program.token}`, ...headers },
  })
  const answer = new Promise<{ status: number; text: string }>((resolve, reject) => {
    client.on('error', reject)
    client.on('response', (response) => {
      void read(response).then((text) => resolve({ status: response.statusCode ?? 0, text }), reject)
    })
  })
  return { client, answer }
}

async function read(response: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of response) text += String(chunk)
  return text
}

const arrived = () => system.upstream.arrivals[0]
const chunk = Buffer.alloc(16 * 1024, 'x')

describe('an upload', () => {
  it('of unknown length reaches the service while it is still being sent', async () => {
    const { client, answer } = startUpload({ 'content-type': 'application/octet-stream' })
    client.write(chunk)
    await eventually(() => expect(arrived()?.bytes).toBe(chunk.length))
    expect(arrived()?.headers['transfer-encoding']).toBe('chunked')
    client.write(chunk)
    await eventually(() => expect(arrived()?.bytes).toBe(2 * chunk.length))
    client.end()
    expect((await answer).status).toBe(200)
    expect(arrived()?.ending).toBe('complete')
  })

  it('of known length says so to the service', async () => {
    const response = await program.request('PUT', '/api/documents', { body: chunk })
    expect(response.status).toBe(200)
    expect(arrived()?.headers['content-length']).toBe(String(chunk.length))
    expect(arrived()?.bytes).toBe(chunk.length)
  })

  it.each(['text/plain', 'multipart/form-data; boundary=x', 'application/json', 'weird/type; a="b"'])(
    'passes unread, whatever it is: %s',
    async (type) => {
      const response = await program.request('POST', '/api/documents', {
        body: '{not json',
        headers: { 'content-type': type },
      })
      expect(response.status).toBe(200)
      expect(arrived()).toMatchObject({ bytes: 9, headers: { 'content-type': type } })
    },
  )

  it('up to the limit passes', async () => {
    const response = await program.request('PUT', '/api/documents', { body: new Uint8Array(BODY_BYTES_MAX) })
    expect(response.status).toBe(200)
    expect(arrived()?.bytes).toBe(BODY_BYTES_MAX)
  })

  it('that says it is larger is 413 before anything is sent on', async () => {
    const body = new Uint8Array(BODY_BYTES_MAX + 1)
    await expectProblem(await program.request('PUT', '/api/documents', { body }), 413, 'payload-too-large')
    expect(arrived()).toBeUndefined()
  })

  it('that turns out to be larger is 413, and the service sees it broken off', async () => {
    const { client, answer } = startUpload()
    for (let sent = 0; sent <= BODY_BYTES_MAX; sent += chunk.length) client.write(chunk)
    client.end()
    const { status, text } = await answer
    expect([status, (JSON.parse(text) as { code: string }).code]).toEqual([413, 'payload-too-large'])
    await eventually(() => expect(arrived()?.ending).toBe('aborted'))
    expect(arrived()?.bytes).toBeLessThanOrEqual(BODY_BYTES_MAX)
  })

  it('that its sender breaks off is broken off at the service, and the gateway goes on', async () => {
    const { client, answer } = startUpload({ 'content-length': 10 * chunk.length })
    client.write(chunk)
    await eventually(() => expect(arrived()?.bytes).toBe(chunk.length))
    client.destroy()
    await expect(answer).rejects.toThrow(/hang up/)
    await eventually(() => expect(arrived()?.ending).toBe('aborted'))
    expect((await program.get('/api/documents')).status).toBe(200)
  })

  it('that the service refuses early gets the refusal, however much is still to come', async () => {
    system.upstream.behave((_request, response) =>
      response.writeHead(403, { 'content-type': 'text/plain' }).end('no'),
    )
    const { client, answer } = startUpload()
    const sending = setInterval(() => client.write(chunk), 5)
    try {
      expect(await answer).toEqual({ status: 403, text: 'no' })
    } finally {
      clearInterval(sending)
      client.destroy()
    }
  })

  it('to a service that is down or hangs up is answered, not cut off', async () => {
    system.upstream.behave((incoming) => incoming.socket.destroy())
    const { client, answer } = startUpload()
    client.write(chunk)
    expect((await answer).status).toBe(502)
    client.destroy()

    const down = await program.request('PUT', '/api/down/1', { body: new Uint8Array(BODY_BYTES_MAX) })
    await expectProblem(down, 503, 'unavailable')
  })

  it('without a session is 401 and never reaches the service', async () => {
    const response = await fetch(`${system.url}/api/documents`, {
      method: 'PUT',
      body: new Uint8Array(200_000),
    })
    await expectProblem(response, 401, 'unauthenticated')
    expect(arrived()).toBeUndefined()
  })

  it('of which there are many at once stays apart from the others', async () => {
    const sizes = Array.from({ length: 30 }, (_, index) => 1_000 * (index + 1))
    const uploads = sizes.map((size) =>
      program.request('PUT', `/api/documents/${size}`, { body: new Uint8Array(size) }),
    )
    const statuses = (await Promise.all(uploads)).map(({ status }) => status)
    expect(new Set(statuses)).toEqual(new Set([200]))
    for (const { url, bytes } of system.upstream.arrivals) expect(url).toBe(`/documents/${bytes}`)
  })
})
