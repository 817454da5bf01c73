/** How requests and answers are put at the boundary, over real sockets: headers, paths, locations, and what a proxy in front says. */
import { once } from 'node:events'
import { connect } from 'node:net'

import { parseNetwork, trustOf } from '@curfew/browser-boundary'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'

import { newToken, setRelayStage, type RelayStage } from './relay-stage.ts'

const { token, session } = newToken()
let stage: RelayStage
let proxied: RelayStage
beforeAll(async () => {
  stage = await setRelayStage(() => ({ kind: 'admitted', session }))
  proxied = await setRelayStage(
    () => ({ kind: 'admitted', session }),
    trustOf([parseNetwork('127.0.0.1')].filter((network) => network !== undefined)),
  )
})
afterAll(async () => {
  await stage[Symbol.asyncDispose]()
  await proxied[Symbol.asyncDispose]()
})
beforeEach(() => {
  for (const { service } of [stage, proxied]) {
    service.arrivals.length = 0
    service.behave(undefined)
  }
})

/** Sends the lines as they are, and returns all that comes back. */
async function send(
  target: string,
  lines: readonly string[],
  { at = stage, body = '' } = {},
): Promise<string> {
  const socket = connect(Number(new URL(at.url).port), '127.0.0.1')
  let text = ''
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()))
  const own = ['host: app.example', `authorization: Bearer ${token}`, 'connection: close']
  socket.write([`PUT ${target} HTTP/1.1`, ...own, ...lines, '', body].join('\r\n'))
  await once(socket, 'close')
  return text
}

const headersSeen = ({ service } = stage) => service.arrivals[0]?.headers ?? {}

describe('towards a service', () => {
  it('no spelling of an identity passes, neither in a header nor in a trailer', async () => {
    const lines = [
      'x_session_user: evil',
      'X.Webauth.User: evil',
      'Ssl-Client-Cert: evil',
      'x-user-preference: dark',
    ]
    const trailers = '4\r\nbody\r\n0\r\nx-session-user: evil\r\nx-webauth-user: evil\r\n\r\n'
    const options = { body: trailers }
    let seen: readonly string[] = ['nothing']
    stage.service.behave((request, response) => {
      request.resume().once('end', () => {
        seen = request.rawTrailers
        response.end('ok')
      })
    })
    const chunked = ['transfer-encoding: chunked', 'trailer: x-session-user', ...lines]
    expect(await send('/api/documents/1', chunked, options)).toContain('200 OK')
    expect(seen).toEqual([])
    expect(JSON.stringify(stage.service.arrivals[0]?.rawHeaders)).not.toContain('evil')
    expect(headersSeen()['x-user-preference']).toBe('dark')
  })

  it('what a client calls its connection’s own cannot take away what the gateway says', async () => {
    await send('/api/documents/1', ['connection: authorization, x-forwarded-prefix, x-forwarded-host'])
    expect(headersSeen()).toMatchObject({
      authorization: 'Bearer cfr_relay',
      'x-forwarded-host': 'app.example',
      'x-forwarded-prefix': '/api',
    })
  })

  it.each([
    '/api/documents/a[1]|b^c',
    '/api/documents/42?filter[name]=a|b',
    'http://app.example/api/documents/42',
  ])('the target %s goes as it came', async (target) => {
    expect(await send(target, [])).toContain('200 OK')
    expect(stage.service.arrivals[0]?.url).toBe(target.replace(/^(?:http:\/\/app.example)?\/api/, ''))
  })

  it('an encoded slash passes only where the settings say so', async () => {
    expect(await send('/api/documents/a%2Fb', [])).toContain('400 Bad Request')
    expect(await send('/api/files/a%2Fb', [])).toContain('200 OK')
    expect(stage.service.arrivals.map(({ url }) => url)).toEqual(['/files/a%2Fb'])
    expect(await send('/api/files/a%2F..%2F..%2Fb', [])).toContain('400 Bad Request')
  })
})

describe('a proxy in front that is trusted', () => {
  const lines = [
    'x-forwarded-host: shop.example',
    'x-forwarded-proto: https',
    'x-forwarded-for: 203.0.113.9:4711, [::ffff:127.0.0.1]:80',
    'x-forwarded-prefix: /shop/',
  ]

  it('says for the service as well how the client called', async () => {
    await send('/api/documents/1', lines, { at: proxied })
    expect(headersSeen(proxied)).toMatchObject({
      'x-forwarded-host': 'shop.example',
      'x-forwarded-proto': 'https',
      'x-forwarded-for': '203.0.113.9',
      'x-forwarded-prefix': '/shop/api',
    })
  })

  it('is answered with locations that lead through it', async () => {
    proxied.service.behave((_request, response) =>
      response.writeHead(303, { location: `${proxied.service.origin}/documents/7?a=b` }).end(),
    )
    const answer = await send('/api/documents/1', lines, { at: proxied })
    expect(answer).toMatch(/^location: \/shop\/api\/documents\/7\?a=b\r$/m)
  })

  it('is the only one that says so', async () => {
    await send('/api/documents/1', lines)
    expect(headersSeen()).toMatchObject({
      'x-forwarded-host': 'app.example',
      'x-forwarded-proto': 'http',
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-prefix': '/api',
    })
  })
})

it('a service cannot order anything of the origin, nor of a proxy in front', async () => {
  const orders = {
    'set-cookie': '__Host-session=evil',
    'alt-svc': 'h3="evil.example:443"',
    'service-worker-allowed': '/',
    refresh: '0; url=https://evil.example/',
    'x-accel-redirect': '/etc/passwd',
    'x-session-user': 'evil',
  }
  stage.service.behave((_request, response) => response.writeHead(200, { ...orders, etag: '"1"' }).end())
  const answer = await send('/api/documents/1', [])
  expect(answer).toMatch(/^etag: "1"\r$/m)
  for (const name of Object.keys(orders)) expect(answer.toLowerCase()).not.toContain(`${name}:`)
})
