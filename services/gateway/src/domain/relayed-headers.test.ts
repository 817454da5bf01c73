import { describe, expect, it } from 'vitest'

import { createHeadersForUpstream, headersForClient } from './relayed-headers.ts'

const headersForUpstream = createHeadersForUpstream([
  'x-shop-*',
  'x-user-preference',
  'x-forwarded-user',
  'x-ses*',
])

const relay = {
  credentials: 'Bearer cfr_made-here',
  requestId: 'r1',
  clientAddress: '192.0.2.1',
  protocol: 'https',
  host: 'app.example',
  prefix: '/api',
}
const own = {
  authorization: 'Bearer cfr_made-here',
  'x-request-id': 'r1',
  'x-forwarded-for': '192.0.2.1',
  'x-forwarded-proto': 'https',
  'x-forwarded-host': 'app.example',
  'x-forwarded-prefix': '/api',
}
const place = { origin: 'http://10.0.0.7:8082', service: 'documents', host: 'app.example', prefix: '/api' }

describe('towards a service', () => {
  it('go the relay token, the request id and where the request came from', () => {
    expect(headersForUpstream({ host: 'inner.example' }, relay)).toEqual(own)
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
      'user-agent': 'curl/8',
      'sec-fetch-user': '?1',
      'sec-ch-ua-platform': '"Linux"',
      'last-event-id': '7',
      'x-requested-with': 'fetch',
      'content-digest': 'sha-256=:…:',
      priority: 'u=1',
      'x-shop-basket': 'named in the settings by its beginning',
      'x-user-preference': 'named in the settings',
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
    // Of other systems that put into a header who a caller is.
    'x-webauth-user',
    'x-goog-iap-jwt-assertion',
    'x-ms-client-principal',
    'impersonate-user',
    'ssl-client-cert',
    'client-cert',
    'cf-connecting-ip',
    'sm-user',
    'eppn',
    'from',
    'proxy',
    // Under another spelling for whoever gets headers as variables.
    'x_webauth_user',
    'x-shop_basket',
    'x-shop.basket',
    'x.webauth.user',
    'x-webauth_user',
    'ssl_client_cert',
    'remote_user',
    'remote.user',
    'x~session~user',
    'content_length',
    'transfer_encoding',
    // Unknown to every standard: nothing says that they are harmless.
    ...`x-tenants x-orgid x-org-id x-organization x-grafana-org-id x-customer-id x-authorization x-authtoken x-token x-api-key
        x-requester x-requester-id x-caller x-owner x-member x-person x-profile x-client-id x-sid x-oid x-cn x-common-name x-acct
        x-usr x-grants x-authorities x-access-level x-workspace x-realm x-team x-staff osiprincipal obssocookie
        x-name-of-tomorrow content-user accept-user if-user sec-user user-agent-user`.split(/\s+/),
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
    expect(headersForUpstream({}, { ...relay, host })).not.toHaveProperty('x-forwarded-host'),
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
    expect(headersForClient(message, place)).toEqual(message)
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
    'alt-svc',
    'service-worker-allowed',
    'nel',
    'public-key-pins-report-only',
    'refresh',
    'secure-session-registration',
    'sec-session-registration',
    'timing-allow-origin',
    'use-as-dictionary',
    'x-litespeed-location',
    'x-reproxy-url',
    'x-sendfile2',
    'report-to',
    'accept-ch',
    'set-login',
    'x-accel-redirect',
    'x-accel-expires',
    'x-sendfile',
    'x-session-user',
    'x-curfew-anything',
    'authorization',
    'cookie',
    'forwarded',
    'remote-user',
    'x-auth-request-email',
    'x-authenticated-userid',
    'x-forwarded-user',
    'x-remote-groups',
    'x-user',
    'x-user-id',
    'x-webauth-user',
  ])('goes no %s of a service', (name) => expect(headersForClient({ [name]: 'value' }, place)).toEqual({}))

  it.each([
    'Basic realm="staff"',
    'Bearer realm="a", basic realm="b"',
    'Digest realm="a", nonce="n"',
    'Negotiate',
    'NTLM',
  ])('goes no challenge that makes a browser ask for a password: %j', (challenge) => {
    for (const received of [challenge, ['Bearer', challenge]])
      expect(headersForClient({ 'www-authenticate': received }, place)).toEqual({
        'www-authenticate': 'Bearer',
      })
  })

  it('goes every other challenge as it is', () => {
    const challenge = { 'www-authenticate': ['Bearer error="invalid_token"', 'DPoP algs="ES256"'] }
    expect(headersForClient(challenge, place)).toEqual(challenge)
  })

  it('goes a location as clients reach it', () => {
    const location = 'http://10.0.0.7:8082/documents/42'
    expect(headersForClient({ location, 'content-location': location }, place)).toEqual({
      location: '/api/documents/42',
      'content-location': '/api/documents/42',
    })
  })

  it('goes nothing that the service called its connection’s own', () => {
    const received = { connection: ['X-Internal', 'close'], 'x-internal': '1', etag: '"1"' }
    expect(headersForClient(received, place)).toEqual({ etag: '"1"' })
  })
})
