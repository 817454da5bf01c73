import { describe, expect, it } from 'vitest'

import { headersForClient, headersForUpstream } from './relayed-headers.ts'

const relay = {
  credentials: 'Bearer cfr_made-here',
  requestId: 'r1',
  clientAddress: '192.0.2.1',
  protocol: 'https',
}
const own = {
  authorization: 'Bearer cfr_made-here',
  'x-request-id': 'r1',
  'x-forwarded-for': '192.0.2.1',
  'x-forwarded-proto': 'https',
}

describe('towards a service', () => {
  it('go the relay token, the request id and where the request came from', () => {
    expect(headersForUpstream({ host: 'app.example' }, relay)).toEqual({
      ...own,
      'x-forwarded-host': 'app.example',
    })
  })

  it('goes what belongs to the message', () => {
    const message = {
      accept: 'application/json',
      'content-type': 'text/plain',
      'content-length': '5',
      'if-match': '"1"',
      range: 'bytes=0-1',
      traceparent: '00-…',
      'idempotency-key': 'k',
    }
    expect(headersForUpstream(message, relay)).toEqual({ ...message, ...own })
  })

  it.each([
    'authorization',
    'cookie',
    'set-cookie',
    'x-csrf-token',
    'x-request-id',
    'x-curfew-session',
    'x-curfew-anything',
    'x-session-user',
    'x-session-id',
    'x_session_user',
    'x-session_roles',
    'forwarded',
    'x-forwarded-for',
    'x-forwarded-host',
    'x-forwarded-proto',
    'x-forwarded-user',
    'x-forwarded-email',
    'x-forwarded-prefix',
    'x_forwarded_for',
    'x-real-ip',
    'x-user',
    'x-user-id',
    'x-remote-user',
    'remote_user',
    'x-auth-request-user',
    'x-authenticated-user',
    'x-original-url',
    'x-rewrite-url',
    'x-http-method-override',
    'connection',
    'keep-alive',
    'proxy-authorization',
    'proxy-connection',
    'te',
    'trailer',
    'transfer-encoding',
    'upgrade',
    'http2-settings',
    'expect',
    'via',
  ])('nobody but the gateway says %s', (name) => {
    const sent = headersForUpstream({ [name]: 'evil' }, relay)
    expect(Object.values(sent)).not.toContain('evil')
    expect(sent).toEqual(own)
  })

  it('a client cannot have the gateway drop what the gateway adds', () => {
    const connection = 'close, Authorization, X-Request-Id, x-forwarded-for, x-custom'
    expect(headersForUpstream({ connection, 'x-custom': 'dropped' }, relay)).toEqual(own)
  })

  it.each(['app.example/evil', 'a b', 'evil"><script>', 'a'.repeat(300)])('goes no host like %.40j', (host) =>
    expect(headersForUpstream({ host }, relay)).toEqual(own),
  )
})

describe('towards the client', () => {
  it('goes what belongs to the message, the service’s own refusals included', () => {
    const message = {
      'content-type': 'application/problem+json',
      'www-authenticate': 'Bearer',
      etag: '"1"',
      link: ['<a>', '<b>'],
    }
    expect(headersForClient(message)).toEqual(message)
  })

  it.each([
    'set-cookie',
    'clear-site-data',
    'strict-transport-security',
    'connection',
    'keep-alive',
    'transfer-encoding',
    'trailer',
    'upgrade',
    'server',
    'access-control-allow-origin',
    'access-control-allow-credentials',
    'x-request-id',
  ])('goes no %s of a service', (name) => expect(headersForClient({ [name]: 'value' })).toEqual({}))

  it('goes nothing that the service called its connection’s own', () => {
    const received = { connection: ['X-Internal', 'close'], 'x-internal': '1', etag: '"1"' }
    expect(headersForClient(received)).toEqual({ etag: '"1"' })
  })
})
