/**
 * What the environment says; the only reader of process.env.
 * Promise: nothing that opens a door is taken from it but the servers that `doctor` looks into.
 */
import { homedir } from 'node:os'
import { join } from 'node:path'

export interface Settings {
  readonly server: string | undefined
  readonly gateway: string | undefined
  readonly profile: string
  /** Holds the profiles. */
  readonly directory: string
  /** Passwords and tokens may cross a network in the clear: for networks that are private by other means. */
  readonly isPlainHttpAllowed: boolean
  readonly isTerminalDumb: boolean
  /** For `doctor` alone. */
  readonly natsUrl: string | undefined
  readonly redisUrl: string | undefined
}

type Environment = Readonly<Record<string, string | undefined>>

export function readSettings(env: Environment = process.env): Settings {
  return {
    server: given(env, 'CURFEW_SERVER'),
    gateway: given(env, 'CURFEW_GATEWAY'),
    profile: given(env, 'CURFEW_PROFILE') ?? 'default',
    directory: configDirectory(env),
    isPlainHttpAllowed: given(env, 'CURFEW_ALLOW_PLAIN_HTTP') === 'true',
    isTerminalDumb: env['TERM'] === 'dumb',
    natsUrl: given(env, 'CURFEW_NATS_URL'),
    redisUrl: given(env, 'CURFEW_REDIS_URL'),
  }
}

/** XDG Base Directory Specification; what Windows calls roaming application data there. */
function configDirectory(env: Environment): string {
  const base = process.platform === 'win32' ? given(env, 'APPDATA') : given(env, 'XDG_CONFIG_HOME')
  return join(base ?? join(given(env, 'HOME') ?? homedir(), '.config'), 'curfew')
}

/** What is set to nothing is not set. */
function given(env: Environment, name: string): string | undefined {
  return env[name] === '' ? undefined : env[name]
}
