import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage, type Server } from 'node:http'
import type { Duplex } from 'node:stream'

import { parseNetwork, trustOf } from '@curfew/browser-boundary'
import type { Audience } from '@curfew/contracts'
import { createTemporaryDirectory, type BrowserClient } from '@curfew/test-kit'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'

import { COOKIE, openBrowser, setEdgeStage, tokenOf, type EdgeStage, type Replica } from './edge-stage.ts'
import { FRONT_PROXIES, startFrontProxy } from './front-proxies.ts'
import { plainGet, type PlainAnswer } from './plain-request.ts'
import { startRecordingUpstream, type RecordingUpstream } from './recording-upstream.ts'

let stage: EdgeStage
let service: RecordingUpstream
let gateway: Replica
let directory: Awaited<ReturnType<typeof createTemporaryDirectory>>
let token: string
let browser: BrowserClient

const TOKEN_GUESSES = 5
const UPLOAD_BYTES = 300 * 1024 * 1024

beforeAll(async () => {
  stage = await setEdgeStage()
  service = await startRecordingUpstream()
  directory = await createTemporaryDirectory()
  gateway = await startGateway()
  token = await tokenOf(gateway.url, stage.credentials('alice'))
  browser = await openBrowser(gateway.url, stage.credentials('alice'))
})
afterAll(async () => {
  await stage[Symbol.asyncDispose]()
  await service.close()
  await directory.remove()
})
beforeEach(() => {
  service.arrivals.length = 0
  service.behave(undefined)
  stage.service.forgetCounts()
})

function startGateway(port = 0): Promise<Replica> {
  const loopback = ['127.0.0.0/8', '::1'].map(parseNetwork).filter((network) => network !== undefined)
  return stage.start({
    listen: { host: '127.0.0.1', port },
    isTrustedProxy: trustOf(loopback),
    forwardAuthAudiences: new Set(['documents' as Audience]),
    limits: {
      loginsPerMinute: 100_000,
      accountLoginsPerDay: 100_000,
      loginFailuresFree: 10_000,
      loginChancesPerMinute: 0,
      tokenGuessesPerMinute: TOKEN_GUESSES,
    },
  })
}

const bearer = () => ({ authorization: `Bearer ${token}` })
const cookie = () => ({
  cookie: `theme=dark; ${COOKIE}=${browser.cookie(COOKIE)}; __Host-device=known; lang=en`,
})
const page = { accept: 'text/html,application/xhtml+xml', 'sec-fetch-mode': 'navigate' }

for (const proxy of FRONT_PROXIES) {
  if (proxy.command === undefined && process.env['CURFEW_TEST_FRONT_PROXIES'] === 'required')
    throw new Error(`${proxy.name} is not on this machine`)

  describe.skipIf(proxy.command === undefined)(`the example for ${proxy.name}`, () => {
    let url: string
    let stop: () => Promise<void>

    beforeAll(async () => {
      const started = await startFrontProxy(proxy, directory.path, {
        gateway: gateway.url,
        service: service.origin,
      })
      ;({ url, stop } = started)
    })
    afterAll(() => stop())

    const get = (path: string, headers: Record<string, string>): Promise<PlainAnswer> =>
      plainGet(`${url}${path}`, headers)

    it('tells the service whose session it is, and hands on neither its token nor its cookie', async () => {
      for (const credential of [bearer(), cookie()]) {
        service.arrivals.length = 0
        expect((await get('/pages/1?a=b', credential)).status).toBe(200)
        const [arrival] = service.arrivals
        expect(arrival?.url).toBe('/pages/1?a=b')
        expect(arrival?.headers).toMatchObject({ 'x-session-user': 'alice', 'x-session-tenant': 'acme' })
        expect(arrival?.headers.authorization).toMatch(/^Bearer cfr_/)
        expect(JSON.stringify(arrival?.rawHeaders)).not.toContain('cfs_')
      }
      expect(service.arrivals[0]?.headers.cookie).toBe('theme=dark; lang=en')
    })

    it.each(['X-Session-', 'X_Session_', 'x-Session-'])(
      'lets no header that begins with %s through to the service',
      async (prefix) => {
        const names = ['Id', 'Tenant', 'User', 'Client', 'Roles', 'Permissions', 'Relay']
        const forged = Object.fromEntries(names.map((name) => [`${prefix}${name}`, 'admin']))
        await get('/', { ...bearer(), ...forged })
        expect(service.arrivals).toHaveLength(1)
        expect(service.arrivals[0]?.rawHeaders.filter((value) => value === 'admin')).toEqual([])
      },
    )

    it('demands the anti-forgery value whatever method the client names in a header', async () => {
      const post = (headers: Record<string, string>): Promise<Response> =>
        fetch(`${url}/pages`, {
          method: 'POST',
          body: 'a=b',
          headers: { ...cookie(), origin: url, ...headers },
        })
      for (const name of ['x-forwarded-method', 'x-original-method', 'x-http-method-override'])
        expect((await post({ [name]: 'GET' })).status).toBe(403)
      expect(service.arrivals).toEqual([])
      expect((await post({ 'x-csrf-token': browser.csrfToken ?? '' })).status).toBe(200)
      expect(service.arrivals).toHaveLength(1)
      expect(service.arrivals[0]?.bytes).toBe(3)
    })

    it('refuses a program in the words of the gateway, and says nothing about TLS for the host', async () => {
      const refused = await get('/', {})
      expect(refused.status).toBe(401)
      expect(refused.headers['www-authenticate']).toContain('Bearer realm="curfew"')
      expect(refused.headers['strict-transport-security']).toBeUndefined()
      expect((await get('/', { ...bearer(), ...cookie() })).status).toBe(400)
      const guess = { authorization: `Bearer cfs_${'A'.repeat(65)}` }
      await expect.poll(async () => (await get('/', guess)).status).toBe(429)
      expect(Number((await get('/', guess)).headers['retry-after'])).toBeGreaterThan(0)
      expect(service.arrivals).toEqual([])
      expect((await get('/forward-auth', bearer())).headers['x-session-id']).toBeUndefined()
    })

    it('sends a person to the sign-in page, with its styles and scripts, and says where to come back to', async () => {
      const refused = await get('/pages/1?a=b&c=d', page)
      expect(refused.status).toBe(303)
      const location = new URL(refused.headers.location ?? '', url)
      expect(location.pathname).toBe('/login')
      expect(location.searchParams.get('return_to')).toBe('/pages/1?a=b&c=d')
      const signIn = await get('/login', page)
      expect(signIn.status).toBe(200)
      const linked = [...signIn.text.matchAll(/(?:href|src)="(\/assets\/[^"]+)"/g)]
      expect(linked.length).toBeGreaterThan(1)
      for (const [, path = ''] of linked) expect((await get(path, {})).status, path).toBe(200)
      const script = await get('/data', { accept: 'text/html', 'sec-fetch-mode': 'cors' })
      expect(script.status).toBe(401)
    })

    it('passes a WebSocket of a live session from a page of this host, and no other', async () => {
      const echo = echoUpgrades(service.server)
      try {
        const { status, socket } = await upgrade(url, { ...cookie(), origin: url })
        expect(status).toBe(101)
        socket?.write('ping')
        const [echoed] = (await once(socket as Duplex, 'data')) as [Buffer]
        expect(echoed.toString()).toBe('ping')
        socket?.destroy()
        expect((await upgrade(url, bearer())).status).toBe(101)
        expect((await upgrade(url, { origin: url })).status).toBe(401)
        expect((await upgrade(url, { ...cookie(), origin: 'https://evil.example' })).status).toBe(403)
        expect(echo.opened()).toBe(2)
      } finally {
        echo.end()
      }
    })

    it('passes an event as soon as the service has sent it', async () => {
      const closing = Promise.withResolvers<void>()
      service.behave((_request, response) => {
        response.setHeader('content-type', 'text/event-stream')
        response.write('data: first\n\n')
        void closing.promise.then(() => response.end('data: last\n\n'))
      })
      const response = await fetch(`${url}/events`, { headers: bearer() })
      const reader = response.body?.getReader()
      const first = await reader?.read()
      expect(Buffer.from(first?.value ?? []).toString()).toContain('data: first')
      closing.resolve()
      await reader?.cancel()
    })

    it('passes an upload of 300 MB whole', async () => {
      const response = await fetch(`${url}/upload`, {
        method: 'PUT',
        headers: { ...bearer(), 'content-length': String(UPLOAD_BYTES) },
        body: chunks(UPLOAD_BYTES),
        duplex: 'half',
      })
      expect(response.status).toBe(200)
      expect(service.arrivals[0]).toMatchObject({ bytes: UPLOAD_BYTES, ending: 'complete' })
    })

    it('answers 503 while the gateway is down, lets nothing pass, and goes on when it is back', async () => {
      const port = Number(new URL(gateway.url).port)
      await gateway.close()
      for (const headers of [cookie(), page]) {
        const response = await get('/', headers)
        expect(response.status).toBe(503)
        expect(Number(response.headers['retry-after'])).toBeGreaterThan(0)
      }
      expect(service.arrivals).toEqual([])
      gateway = await startGateway(port)
      await expect.poll(async () => (await get('/', bearer())).status).toBe(200)
    })
  })
}

/** Accepts every upgrade at the service and sends back what arrives, without a look at frames. */
function echoUpgrades(server: Server): { opened(): number; end(): void } {
  const sockets: Duplex[] = []
  const accept = ({ headers }: IncomingMessage, socket: Duplex): void => {
    sockets.push(socket)
    const key = createHash('sha1')
      .update(`${headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
      .digest('base64')
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${key}\r\n\r\n`,
    )
    socket.on('error', () => socket.destroy())
    socket.pipe(socket)
  }
  server.on('upgrade', accept)
  return {
    opened: () => sockets.length,
    end: () => {
      server.off('upgrade', accept)
      for (const socket of sockets) socket.destroy()
    },
  }
}

interface Upgraded {
  readonly status: number
  readonly socket?: Duplex
}

function upgrade(url: string, headers: Record<string, string>): Promise<Upgraded> {
  return new Promise((resolve, reject) => {
    const asked = httpRequest(`${url}/live`, {
      headers: {
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
        ...headers,
      },
    })
    asked.once('upgrade', ({ statusCode = 0 }, socket) => resolve({ status: statusCode, socket }))
    asked.once('response', (response) => {
      response.resume()
      resolve({ status: response.statusCode ?? 0 })
    })
    asked.once('error', reject)
    asked.end()
  })
}

async function* chunks(bytes: number): AsyncGenerator<Uint8Array> {
  const chunk = new Uint8Array(256 * 1024)
  for (let sent = 0; sent < bytes; sent += chunk.length)
    yield chunk.subarray(0, Math.min(chunk.length, bytes - sent))
}
