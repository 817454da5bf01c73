/**
 * Reads a service's settings from the environment, once, before anything else.
 * Promise: a service starts with settings that are complete and checked, or not at all, and then it names every fault.
 */
import type { Static, TObject, TSchema } from 'typebox'
import { Value } from 'typebox/value'

import { explain } from './explain.ts'
import { defaultOf, valueFromText } from './text-values.ts'

/** All faults of a configuration together, one a line. Holds names and rules, never a value. */
export class ConfigError extends Error {
  readonly faults: readonly string[]

  constructor(faults: readonly string[]) {
    super(faults.join('\n'))
    this.name = 'ConfigError'
    this.faults = faults
  }
}

export interface ConfigSource {
  readonly env: Readonly<Record<string, string | undefined>>
  /**
   * What the names of settings begin with. The first is the service's own: a variable of that prefix which the schema
   * does not know stops the boot. The others are shared between services, which do not all use the same ones.
   */
  readonly prefixes: readonly [string, ...string[]]
}

/**
 * Throws ConfigError. White space around a value does not count, and a variable that is set to nothing counts as not set. A property with `secret: true` is shown as
 * `[redacted]` wherever the result is printed, logged or serialised as a whole.
 */
export function loadConfig<T extends TObject>(schema: T, source: ConfigSource): Readonly<Static<T>> {
  const texts = textsIn(source.env)
  const faults = unknownNames(schema, texts, source.prefixes[0])
  const config: Record<string, unknown> = {}
  for (const [name, property] of settingsOf(schema, source)) {
    const text = texts.get(name)
    const value = text === undefined || text === '' ? defaultOf(property) : valueFromText(property, text)
    if (value !== undefined) config[name] = value
    const fault = faultOf(property, value, schema.required.includes(name))
    if (fault !== undefined) faults.push(`${name} ${fault} (${describe(property)})`)
  }
  if (faults.length > 0) throw new ConfigError(faults)
  return Object.freeze(withoutSecretsInPrint(schema, config)) as Readonly<Static<T>>
}

function settingsOf(schema: TObject, { prefixes }: ConfigSource): [string, TSchema][] {
  const settings = Object.entries(schema.properties)
  for (const [name, property] of settings) {
    if (!prefixes.some((prefix) => name.startsWith(prefix)))
      throw new Error(`${name} begins with no known prefix`)
    if (!('description' in property)) throw new Error(`${name} has no description`)
  }
  return settings
}

/** The variables without what Kubernetes adds, and without the line ends and blanks that files and editors leave behind. */
function textsIn(env: ConfigSource['env']): Map<string, string> {
  const texts = new Map<string, string>()
  for (const [name, value] of Object.entries(env)) {
    const text = value?.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, '')
    if (text !== undefined && !isServiceLink(name, text)) texts.set(name, text)
  }
  return texts
}

const LINK_ADDRESS = /^(?:[\da-f:]+|[\d.]+|None)$/i
const LINK_PORT = /^\d{1,5}$/
const LINK_URL = /^(?:tcp|udp|sctp):\/\/[\da-f.:[\]]+:\d{1,5}$/i
/**
 * Kubernetes describes each Service to the containers beside it: one that is called `gateway` becomes `GATEWAY_SERVICE_HOST`,
 * `GATEWAY_PORT=tcp://…` and more, which are no settings.
 */
const SERVICE_LINKS: readonly [name: RegExp, value: RegExp][] = [
  [/_SERVICE_HOST$/, LINK_ADDRESS],
  [/_SERVICE_PORT(?:_[A-Z0-9_]+)?$/, LINK_PORT],
  [/_PORT(?:_\d{1,5}_(?:TCP|UDP|SCTP))?$/, LINK_URL],
  [/_PORT_\d{1,5}_(?:TCP|UDP|SCTP)_PROTO$/, /^(?:tcp|udp|sctp)$/],
  [/_PORT_\d{1,5}_(?:TCP|UDP|SCTP)_PORT$/, LINK_PORT],
  [/_PORT_\d{1,5}_(?:TCP|UDP|SCTP)_ADDR$/, LINK_ADDRESS],
]

function isServiceLink(name: string, value: string): boolean {
  return SERVICE_LINKS.some(([ofName, ofValue]) => ofName.test(name) && ofValue.test(value))
}

function unknownNames(schema: TObject, texts: ReadonlyMap<string, string>, own: string): string[] {
  return [...texts.keys()]
    .filter((name) => name.startsWith(own) && !Object.hasOwn(schema.properties, name))
    .map((name) => `${name} is not a setting of this service`)
}

function faultOf(property: TSchema, value: unknown, required: boolean): string | undefined {
  if (value === undefined) return required ? 'is missing' : undefined
  return Value.Check(property, value) ? undefined : explain(property, value).rule
}

function describe(property: TSchema): string {
  const standard = defaultOf(property)
  const description = 'description' in property ? String(property.description) : ''
  return standard === undefined ? description : `${description}; default ${JSON.stringify(standard)}`
}

function withoutSecretsInPrint(schema: TObject, config: Record<string, unknown>): object {
  const printable = (): Record<string, unknown> =>
    Object.fromEntries(
      Object.entries(config).map(([name, value]) => {
        const property: TSchema = schema.properties[name] ?? {}
        return [name, 'secret' in property && property.secret === true ? '[redacted]' : value]
      }),
    )
  // Not enumerable, so that neither turns up as a setting.
  return Object.defineProperties(config, {
    toJSON: { value: printable },
    [Symbol.for('nodejs.util.inspect.custom')]: { value: printable },
  })
}
