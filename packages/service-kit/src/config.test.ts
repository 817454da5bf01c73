import { inspect } from 'node:util'

import { Type } from 'typebox'
import { describe, expect, it } from 'vitest'

import { ConfigError, loadConfig } from './config.ts'
import { serviceLinks } from './service-links.fixture.ts'

const Settings = Type.Object({
  SESSION_HOST: Type.String({ default: '127.0.0.1', description: 'Address to listen on' }),
  SESSION_PORT: Type.Integer({
    default: 8081,
    minimum: 1,
    maximum: 65_535,
    description: 'Port to listen on',
  }),
  SESSION_OPERATIONS_PORT: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 65_535, description: 'Port of /healthz' }),
  ),
  SESSION_STRICT: Type.Boolean({ default: true, description: 'Refuse more' }),
  SESSION_LOG_LEVEL: Type.Union([Type.Literal('info'), Type.Literal('warn')], {
    default: 'info',
    description: 'Least level that is logged',
  }),
  CURFEW_NATS_URL: Type.String({ minLength: 1, secret: true, description: 'nats://user:password@host:port' }),
})
const CURFEW_NATS_URL = 'nats://session:hunter2@127.0.0.1:4222'

const load = (env: Record<string, string | undefined>) =>
  loadConfig(Settings, { env, prefixes: ['SESSION_', 'CURFEW_'] })

const faultsOf = (env: Record<string, string | undefined>): readonly string[] => {
  try {
    load(env)
  } catch (error) {
    if (error instanceof ConfigError) return error.faults
  }
  throw new Error('it loaded')
}

describe('a configuration', () => {
  it('has the defaults of what is not set, or set to nothing', () => {
    expect({ ...load({ CURFEW_NATS_URL, SESSION_PORT: '', SESSION_OPERATIONS_PORT: '' }) }).toEqual({
      SESSION_HOST: '127.0.0.1',
      SESSION_PORT: 8081,
      SESSION_STRICT: true,
      SESSION_LOG_LEVEL: 'info',
      CURFEW_NATS_URL,
    })
  })

  it('has what is set, as the type that the setting has', () => {
    const config = load({
      CURFEW_NATS_URL,
      SESSION_PORT: '9000',
      SESSION_OPERATIONS_PORT: '9001',
      SESSION_STRICT: 'false',
    })
    expect(config).toMatchObject({ SESSION_PORT: 9000, SESSION_OPERATIONS_PORT: 9001, SESSION_STRICT: false })
  })

  it('names every fault at once, with what the setting is for', () => {
    const env = {
      SESSION_PORT: '80a',
      SESSION_OPERATIONS_PORT: '70000',
      SESSION_STRICT: 'yes',
      SESSION_LOG_LEVEL: 'loud',
      SESSION_PROT: '8081',
    }
    expect(faultsOf(env)).toEqual([
      'SESSION_PROT is not a setting of this service',
      'SESSION_PORT must be integer (Port to listen on; default 8081)',
      'SESSION_OPERATIONS_PORT must be <= 65535 (Port of /healthz)',
      'SESSION_STRICT must be boolean (Refuse more; default true)',
      'SESSION_LOG_LEVEL must be one of "info", "warn" (Least level that is logged; default "info")',
      'CURFEW_NATS_URL is missing (nats://user:password@host:port)',
    ])
  })

  it('leaves alone what belongs to others', () => {
    const env = { CURFEW_NATS_URL, CURFEW_REDIS_URL: 'redis://x', GATEWAY_PORT: 'x', PATH: '/bin' }
    expect(Object.keys(load(env))).not.toContain('CURFEW_REDIS_URL')
  })

  it.each(['session', 'session-api', 'session-operations'])(
    'takes nothing for a setting that Kubernetes says of a Service called %s',
    (service) => {
      const env = { CURFEW_NATS_URL, ...serviceLinks(service), ...serviceLinks('curfew') }
      expect({ ...load(env) }).toEqual({ ...load({ CURFEW_NATS_URL }) })
      expect(load({ ...env, SESSION_HOST: '0.0.0.0' }).SESSION_HOST).toBe('0.0.0.0')
    },
  )

  it.each([
    ['SESSION_SERVICE_HOST', 'session.example'],
    ['SESSION_SERVICE_PORT', 'http'],
    ['SESSION_PORT_80_TCP', 'http://10.0.0.1:80'],
    ['SESSION_PORT_80_TCP_ADDR', 'session'],
    ['SESSION_PORT_80', 'tcp://10.0.0.1:80'],
    ['SESSION_SERVICE', '10.0.0.1'],
  ])('takes %s=%s for a mistake: Kubernetes does not say that', (name, value) => {
    expect(faultsOf({ CURFEW_NATS_URL, [name]: value })).toEqual([`${name} is not a setting of this service`])
  })

  it('does not depend on white space around a value', () => {
    const env = {
      CURFEW_NATS_URL: `${CURFEW_NATS_URL}\r\n`,
      SESSION_HOST: '\t0.0.0.0 ',
      SESSION_PORT: '9000\r',
      SESSION_STRICT: ' false\n',
      SESSION_LOG_LEVEL: 'warn\r',
      SESSION_OPERATIONS_PORT: ' \r\n',
    }
    expect({ ...load(env) }).toEqual({
      CURFEW_NATS_URL,
      SESSION_HOST: '0.0.0.0',
      SESSION_PORT: 9000,
      SESSION_STRICT: false,
      SESSION_LOG_LEVEL: 'warn',
    })
  })

  it('cannot be changed', () => {
    expect(() => Object.assign(load({ CURFEW_NATS_URL }), { SESSION_PORT: 1 })).toThrow(TypeError)
  })

  it('does not show its secrets when printed, logged or serialised', () => {
    const config = load({ CURFEW_NATS_URL })
    for (const text of [
      JSON.stringify(config),
      inspect(config),
      inspect({ config }),
      JSON.stringify([config]),
    ]) {
      expect(text).toContain('8081')
      expect(text).not.toContain('hunter2')
    }
    expect(config.CURFEW_NATS_URL).toBe(CURFEW_NATS_URL)
  })

  it('does not show a wrong value, which may be a secret in the wrong place', () => {
    expect(faultsOf({ CURFEW_NATS_URL, SESSION_PORT: 'hunter2' }).join()).not.toContain('hunter2')
  })
})

describe('a schema', () => {
  it('must say what each setting is for', () => {
    const schema = Type.Object({ SESSION_X: Type.String({ default: '' }) })
    expect(() => loadConfig(schema, { env: {}, prefixes: ['SESSION_'] })).toThrow('has no description')
  })

  it('must name its settings by the prefixes', () => {
    const schema = Type.Object({ SESION_X: Type.String({ default: '', description: 'x' }) })
    expect(() => loadConfig(schema, { env: {}, prefixes: ['SESSION_'] })).toThrow('no known prefix')
  })

  it('whose default breaks its own rule does not load', () => {
    const schema = Type.Object({ SESSION_X: Type.Integer({ default: 0, minimum: 1, description: 'x' }) })
    expect(() => loadConfig(schema, { env: {}, prefixes: ['SESSION_'] })).toThrow(ConfigError)
  })
})
