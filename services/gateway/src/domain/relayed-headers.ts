/**
 * ① Which headers pass the boundary, in either direction.
 * Promise: a service behind never sees a client's credential or a client's claim to be somebody, and a client no cookie of a service.
 */
import { listItems } from '@curfew/service-kit'

import { publicLocation, type PublicPlace } from './public-location.ts'

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

/** Headers that the gateway itself sends to a service, and those between a client and the gateway. No setting lets them through. */
const NEVER_FROM_CLIENTS = new Set([
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
  // CGI programs would take it for the proxy that they are to use (HTTP_PROXY).
  'proxy',
])
const NEVER_FROM_CLIENTS_PREFIXES = ['x-curfew-', 'x-session-', 'x-forwarded-']

/**
 * Headers of clients that every service gets: those whose meaning a standard gives, none of which says who the caller is.
 * A list of the others would never be complete: each proxy and platform names callers in headers of its own.
 */
const FROM_CLIENTS = new Set(
  `accept accept-charset accept-datetime accept-encoding accept-language baggage cache-control content-digest
   content-disposition content-encoding content-language content-length content-location content-md5 content-range
   content-type date dnt early-data idempotency-key if-match if-modified-since if-none-match if-range
   if-unmodified-since last-event-id mime-version origin pragma prefer priority range referer repr-digest save-data
   sec-gpc sec-purpose traceparent tracestate upgrade-insecure-requests user-agent want-content-digest
   want-repr-digest x-requested-with`.split(/\s+/),
)
/** Client hints and fetch metadata, set by browsers; no script can write a name that begins so. */
const FROM_CLIENTS_PREFIXES = ['sec-ch-', 'sec-fetch-']

/**
 * Headers of a service's answer that reach beyond the answer: its page is one of the gateway's origin, which other services
 * and the sign-in share. All others pass; what they say holds for the answer alone.
 */
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
  // These hold for the whole origin, or for longer than the answer.
  'accept-ch',
  'alt-svc',
  'critical-ch',
  'expect-ct',
  'nel',
  'origin-agent-cluster',
  'public-key-pins',
  'public-key-pins-report-only',
  'report-to',
  'sec-session-challenge',
  'sec-session-registration',
  'secure-session-challenge',
  'secure-session-registration',
  'service-worker-allowed',
  'set-login',
  'use-as-dictionary',
  // Where it leads is not put as clients reach it; `location` says the same.
  'refresh',
  // Which origins may look at an answer is the gateway's to say.
  'timing-allow-origin',
  // A proxy in front would take these for orders of the gateway.
  'x-accel-charset',
  'x-accel-expires',
  'x-accel-limit-rate',
  'x-accel-redirect',
  'x-lighttpd-send-file',
  'x-litespeed-location',
  'x-reproxy-url',
  'x-sendfile',
  'x-sendfile2',
  // Of requests: a service that echoes them would show the relay token, or who calls it.
  'authorization',
  'cookie',
  'cookie2',
  'forwarded',
  'x-csrf-token',
  'x-user',
  'x-username',
])
/**
 * The gateway alone says which origins may read an answer, and tells a proxy in front about a session. Headers of requests that
 * say who somebody is tell a client about the people and proxies inside, and a proxy in front may take them for its own.
 */
const NOT_FROM_UPSTREAMS_PREFIXES = [
  'access-control-',
  'x-curfew-',
  'x-session-',
  'remote-',
  'x-amzn-oidc-',
  'x-auth-request-',
  'x-authenticated-',
  'x-forwarded-',
  'x-goog-authenticated-user-',
  'x-goog-iap-',
  'x-ms-client-principal',
  'x-remote-',
  'x-user-',
  'x-webauth-',
]

/** What the gateway says of itself to the service behind. */
export interface Relay {
  /** `Bearer`, and the session's relay token for the service. */
  readonly credentials: string
  readonly requestId: string
  readonly clientAddress: string
  readonly protocol: string
  /** As the client called the gateway. */
  readonly host: string
  /** The prefix that the gateway has removed from the path. */
  readonly prefix: string
}

const HOST = /^[A-Za-z0-9.:[\]-]{1,255}$/

export type HeadersForUpstream = (received: ReceivedHeaders, relay: Relay) => Headers

/**
 * @param named headers of clients that services get besides those of the standards, in lower case; a `*` at the end of one
 * stands for all names that begin so.
 */
export function createHeadersForUpstream(named: readonly string[]): HeadersForUpstream {
  const isFromClients = remembered((name) => mayComeFromClients(name, named))
  return (received, relay) => {
    const headers = passing(received, isFromClients)
    headers['authorization'] = relay.credentials
    headers['x-request-id'] = relay.requestId
    headers['x-forwarded-proto'] = relay.protocol
    if (relay.clientAddress !== '') headers['x-forwarded-for'] = relay.clientAddress
    if (HOST.test(relay.host)) headers['x-forwarded-host'] = relay.host
    headers['x-forwarded-prefix'] = relay.prefix
    return headers
  }
}

export function headersForClient(received: ReceivedHeaders, place: PublicPlace): Headers {
  const headers = passing(received, isFromUpstreams)
  for (const name of LOCATIONS) {
    const location = headers[name]
    if (typeof location === 'string') headers[name] = publicLocation(location, place)
  }
  const challenge = headers['www-authenticate']
  if (challenge !== undefined && OPENS_DIALOG.test(challenge.toString()))
    headers['www-authenticate'] = 'Bearer'
  return headers
}

/**
 * Schemes for which a browser asks the person itself. It would then send what it was given to the whole origin, where two
 * credentials at once are refused.
 */
const OPENS_DIALOG = /\b(?:basic|digest|negotiate|ntlm)\b/i

const LOCATIONS = ['location', 'content-location'] as const

function passing(received: ReceivedHeaders, passes: (name: string) => boolean): Headers {
  const named = namesIn(received.connection)
  const headers: Headers = {}
  for (const name of Object.keys(received)) {
    const value = received[name]
    if (value !== undefined && passes(name) && !named.has(name)) headers[name] = value
  }
  return headers
}

/**
 * Programs that are handed headers as variables (CGI, WSGI, PHP) do not tell `x_user` or `x.user` from `x-user`, so that only
 * letters, digits and dashes pass.
 */
const PLAIN_NAME = /^[a-z0-9-]+$/

function mayComeFromClients(name: string, named: readonly string[]): boolean {
  if (!PLAIN_NAME.test(name) || isNeverFromClients(name)) return false
  if (FROM_CLIENTS.has(name) || FROM_CLIENTS_PREFIXES.some((prefix) => name.startsWith(prefix))) return true
  return named.some((rule) => (rule.endsWith('*') ? name.startsWith(rule.slice(0, -1)) : name === rule))
}

/** True for a name that no setting lets through. */
export function isNeverFromClients(name: string): boolean {
  return NEVER_FROM_CLIENTS.has(name) || NEVER_FROM_CLIENTS_PREFIXES.some((prefix) => name.startsWith(prefix))
}

const isFromUpstreams = remembered(
  (name) =>
    !NOT_FROM_UPSTREAMS.has(name) && !NOT_FROM_UPSTREAMS_PREFIXES.some((prefix) => name.startsWith(prefix)),
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
  return new Set(listItems([connection].flat().join(',').toLowerCase()))
}
