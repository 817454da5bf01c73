/**
 * ① Which headers pass the boundary, in either direction.
 * Promise: a service behind never sees a client's credential or a client's claim to be somebody, and a client no cookie of a service.
 */
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

/** Words by which proxies and platforms name the caller in a header. */
const IDENTITY_WORDS = new Set(
  `account accounts actor admin administrator assertion auth authn authz authuser authenticated authentication authorized
   behalf cas cert certificate certs claim claims clientcert clientip consumer credential credentials curfew delegate
   delegation dn email entitlement entitlements eppn fingerprint forwarded group groups iap identity idp impersonate
   impersonated impersonation internal ip jwt kerberos ldap login logon mail mellon mtls oauth oauth2 oidc openid
   originating peer permission permissions principal principals privilege privileges remote role roles root saml saml2
   scope scopes session sessions shib shibboleth socketip spiffe ssl sso sub subject sudo superuser svid tenant tls
   trusted uid upn user userid userinfo username users verified verify`.split(/\s+/),
)

const IDENTITY_PREFIXES = [
  'cf-',
  'fastly-',
  'iv-',
  'oam-',
  'sm-',
  'tailscale-',
  'x-apigateway-',
  'x-appengine-',
  'x-arr-',
  'x-authentik-',
  'x-azure-',
  'x-endpoint-',
  'x-envoy-',
  'x-hasura-',
  'x-ms-client-',
  'x-ms-token-',
  'x-nf-',
  'x-pomerium-',
  'x-vercel-',
  'x-vouch-',
  'x-webauth-',
  // Headers that change the meaning of a request behind the gateway.
  'x-original-',
  'x-rewrite-',
  'x-override-',
]
const IDENTITY_NAMES = new Set([
  'from',
  'x-access-token',
  'x-host',
  'x-http-host-override',
  'x-http-method',
  'x-http-method-override',
  'x-id-token',
  'x-method-override',
])
/** `user-agent`, and as some libraries have to call it. */
const AGENT = /(?:^|-)user-agent$/
/** Set by browsers, which let no script write a name that begins so. */
const BROWSERS_OWN = /^sec-(?:ch|fetch)-/

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
  'report-to',
  'service-worker-allowed',
  'set-login',
  // A proxy in front would take these for orders of the gateway.
  'x-accel-charset',
  'x-accel-expires',
  'x-accel-limit-rate',
  'x-accel-redirect',
  'x-lighttpd-send-file',
  'x-sendfile',
])
/** The gateway alone says which origins may read an answer, and tells a proxy in front about a session. */
const NOT_FROM_UPSTREAMS_PREFIXES = ['access-control-', 'x-curfew-', 'x-session-']

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

/** Settings about headers of clients, beyond the rules here. Names in lower case. */
export interface ClientHeaderRules {
  /** Names, or the beginnings of names with a `*` behind, that services do not get. */
  readonly withheld: readonly string[]
  /** Names that services get although they look like an identity. */
  readonly passed: readonly string[]
}

export type HeadersForUpstream = (received: ReceivedHeaders, relay: Relay) => Headers

export function createHeadersForUpstream(rules: ClientHeaderRules): HeadersForUpstream {
  const isFromClients = remembered((name) => mayComeFromClients(name, rules))
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
  return headers
}

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

function mayComeFromClients(name: string, { withheld, passed }: ClientHeaderRules): boolean {
  if (!PLAIN_NAME.test(name) || isNeverFromClients(name)) return false
  if (withheld.some((rule) => fits(name, rule))) return false
  return passed.includes(name) || !namesIdentity(name)
}

/** True for a name that no setting lets through. */
export function isNeverFromClients(name: string): boolean {
  return NEVER_FROM_CLIENTS.has(name) || NEVER_FROM_CLIENTS_PREFIXES.some((prefix) => name.startsWith(prefix))
}

function fits(name: string, rule: string): boolean {
  return rule.endsWith('*') ? name.startsWith(rule.slice(0, -1)) : name === rule
}

function namesIdentity(name: string): boolean {
  if (AGENT.test(name) || BROWSERS_OWN.test(name)) return false
  return (
    IDENTITY_NAMES.has(name) ||
    IDENTITY_PREFIXES.some((prefix) => name.startsWith(prefix)) ||
    name.split('-').some((word) => IDENTITY_WORDS.has(word))
  )
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
  const listed = [connection ?? []].flat().join(',').toLowerCase().split(',')
  return new Set(listed.map((name) => name.trim()))
}
