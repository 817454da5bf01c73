/**
 * The settings of the console, and the only reader of its environment.
 * Promise: what starts is complete and checked; there is no secret among it, because the console has none.
 */
import { fileURLToPath } from 'node:url'

import { networksIn, trustOf } from '@curfew/browser-boundary'
import {
  ConfigError,
  DrainDelaySeconds,
  OperationsHost,
  OperationsPort,
  loadConfig,
  type ListenAddress,
} from '@curfew/service-kit'
import { Type } from 'typebox'

export const Settings = Type.Object({
  CONSOLE_HOST: Type.String({ description: 'Address to listen on', default: '127.0.0.1' }),
  CONSOLE_PORT: Type.Integer({ minimum: 1, maximum: 65_535, description: 'Port of the page', default: 8084 }),
  CONSOLE_OPERATIONS_HOST: OperationsHost,
  CONSOLE_OPERATIONS_PORT: OperationsPort(9084),
  CONSOLE_LOG_LEVEL: Type.Union(
    [Type.Literal('debug'), Type.Literal('info'), Type.Literal('warn'), Type.Literal('error')],
    { description: 'Least level that is logged', default: 'info' },
  ),
  CONSOLE_GATEWAY_URL: Type.String({
    description: 'Origin of the gateway, where operators log in',
    default: 'http://127.0.0.1:8080',
  }),
  CONSOLE_SESSION_URL: Type.String({
    description: 'Origin of the session authority, whose operator API is called',
    default: 'http://127.0.0.1:8081',
  }),
  CONSOLE_COOKIE_NAME: Type.String({
    pattern: '^__Host-[A-Za-z0-9_-]{1,64}$',
    description: "Name of the cookie that holds the operator's session; another one than the gateway's",
    default: '__Host-console',
  }),
  CONSOLE_PAGE_DIRECTORY: Type.String({
    minLength: 1,
    description: 'The built page',
    default: fileURLToPath(new URL('../page/dist', import.meta.url)),
  }),
  CURFEW_DRAIN_DELAY_SECONDS: DrainDelaySeconds,
  CONSOLE_TRUSTED_PROXIES: Type.String({
    description: 'Addresses or networks (CIDR), separated by commas, whose X-Forwarded-* headers count',
    default: '',
  }),
})

export interface ConsoleConfig {
  readonly listen: ListenAddress
  readonly operations: ListenAddress
  readonly drainDelayMs: number
  readonly logLevel: string
  readonly gatewayOrigin: string
  readonly sessionOrigin: string
  readonly cookieName: string
  readonly pageDirectory: string
  readonly isTrustedProxy: (address: string) => boolean
}

/** @throws ConfigError */
export function readConfig(env: NodeJS.ProcessEnv = process.env): ConsoleConfig {
  const settings = loadConfig(Settings, { env, prefixes: ['CONSOLE_', 'CURFEW_'] })
  const faults: string[] = []
  const gatewayOrigin = originIn('CONSOLE_GATEWAY_URL', settings.CONSOLE_GATEWAY_URL, faults)
  const sessionOrigin = originIn('CONSOLE_SESSION_URL', settings.CONSOLE_SESSION_URL, faults)
  const proxies = networksIn('CONSOLE_TRUSTED_PROXIES', settings.CONSOLE_TRUSTED_PROXIES, faults)
  if (faults.length > 0) throw new ConfigError(faults)

  return {
    listen: { host: settings.CONSOLE_HOST, port: settings.CONSOLE_PORT },
    operations: { host: settings.CONSOLE_OPERATIONS_HOST, port: settings.CONSOLE_OPERATIONS_PORT },
    drainDelayMs: settings.CURFEW_DRAIN_DELAY_SECONDS * 1_000,
    logLevel: settings.CONSOLE_LOG_LEVEL,
    gatewayOrigin,
    sessionOrigin,
    cookieName: settings.CONSOLE_COOKIE_NAME,
    pageDirectory: settings.CONSOLE_PAGE_DIRECTORY,
    isTrustedProxy: trustOf(proxies),
  }
}

function originIn(name: string, text: string, faults: string[]): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isOrigin = url !== undefined && /^https?:$/.test(url.protocol) && `${url.origin}/` === url.href
  if (!isOrigin) faults.push(`${name} is not an origin such as http://127.0.0.1:8080, without a path`)
  return url?.origin ?? ''
}
