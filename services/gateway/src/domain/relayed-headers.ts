/**
 * ① Which headers pass the boundary, in either direction.
 * Promise: a service behind never sees a client's credential or a client's claim to be somebody, and a client no cookie of a service.
 */
/** Names in lower case. */
export type ReceivedHeaders = Readonly<Record<string, string | string[] | undefined>>

type Headers = Record<string, string | string[]>

/** Of one connection, not of the message (RFC 9110 §7.6.1); the names listed in `Connection` come on top. */
const HOP_BY_HOP = [
  'connection',
  'expect',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]

const NOT_FROM_CLIENTS = new Set([
  ...HOP_BY_HOP,
  'authorization',
  'cookie',
  'cookie2',
  'set-cookie',
  'x-csrf-token',
  'x-request-id',
  'host',
  'forwarded',
  'via',
  // What others' proxies put identities and addresses into, and what rewrites a request's meaning.
  'x-real-ip',
  'x-client-ip',
  'x-cluster-client-ip',
  'true-client-ip',
  'x-original-url',
  'x-rewrite-url',
  'x-original-method',
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
  'remote-user',
])
const NOT_FROM_CLIENTS_PREFIXES = [
  'x-curfew-',
  'x-session-',
  'x-forwarded-',
  'x-auth-',
  'x-authenticated-',
  'x-user',
  'x-remote-',
  'x-original-forwarded-',
  'cf-connecting-',
]

const NOT_FROM_UPSTREAMS = new Set([
  ...HOP_BY_HOP,
  // Cookies and the rules of the origin belong to the gateway.
  'set-cookie',
  'set-cookie2',
  'clear-site-data',
  'strict-transport-security',
  'x-request-id',
  'server',
  'x-powered-by',
])
/** Who may read across origins is the gateway's to say. */
const NOT_FROM_UPSTREAMS_PREFIX = 'access-control-'

/** What the gateway says of itself to the service behind. */
export interface Relay {
  /** `Bearer`, and the session's relay token for the service. */
  readonly credentials: string
  readonly requestId: string
  readonly clientAddress: string
  readonly protocol: string
}

const HOST = /^[A-Za-z0-9.:[\]-]{1,255}$/

export function headersForUpstream(received: ReceivedHeaders, relay: Relay): Headers {
  const headers = passing(received, isFromClients)
  headers['authorization'] = relay.credentials
  headers['x-request-id'] = relay.requestId
  headers['x-forwarded-proto'] = relay.protocol
  if (relay.clientAddress !== '') headers['x-forwarded-for'] = relay.clientAddress
  const { host } = received
  if (typeof host === 'string' && HOST.test(host)) headers['x-forwarded-host'] = host
  return headers
}

export function headersForClient(received: ReceivedHeaders): Headers {
  return passing(received, isFromUpstreams)
}

function passing(received: ReceivedHeaders, passes: (name: string) => boolean): Headers {
  const named = namesIn(received.connection)
  const headers: Headers = {}
  for (const name of Object.keys(received)) {
    const value = received[name]
    if (value !== undefined && passes(name) && !named.has(name)) headers[name] = value
  }
  return headers
}

const isFromClients = remembered((name) => {
  // Servers that hand headers on as variables (CGI, WSGI) do not tell `x_user` from `x-user`.
  const canonical = name.replaceAll('_', '-')
  return (
    !NOT_FROM_CLIENTS.has(canonical) &&
    !NOT_FROM_CLIENTS_PREFIXES.some((prefix) => canonical.startsWith(prefix))
  )
})

const isFromUpstreams = remembered(
  (name) => !NOT_FROM_UPSTREAMS.has(name) && !name.startsWith(NOT_FROM_UPSTREAMS_PREFIX),
)

/** Most messages have the same few names. Strangers may invent others, which must not fill memory. */
const NAMES_KNOWN_MAX = 1_000

function remembered(decide: (name: string) => boolean): (name: string) => boolean {
  const known = new Map<string, boolean>()
  return (name) => {
    const before = known.get(name)
    if (before !== undefined) return before
    const decided = decide(name)
    if (known.size < NAMES_KNOWN_MAX) known.set(name, decided)
    return decided
  }
}

/** What nearly every message has, and `keep-alive` is held back anyway. */
const NAMELESS: ReadonlySet<string> = new Set()

/** Undici hands a repeated header over as a list, Node joined by commas. */
function namesIn(connection: string | string[] | undefined): ReadonlySet<string> {
  if (connection === undefined || connection === 'keep-alive') return NAMELESS
  const listed = [connection ?? []].flat().join(',').toLowerCase().split(',')
  return new Set(listed.map((name) => name.trim()))
}
