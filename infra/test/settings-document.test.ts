/** docs/settings.md is what the services read: `pnpm docs:generate` writes it, and this fails where it is another. */
import { fileURLToPath } from 'node:url'

import { expect, it } from 'vitest'

import { Settings as console } from '../../services/console/src/config.ts'
import { Settings as documents } from '../../services/documents/src/config.ts'
import { Settings as files } from '../../services/files/src/config.ts'
import { Settings as gateway } from '../../services/gateway/src/config.ts'
import { Settings as session } from '../../services/session/src/config.ts'

interface Schema {
  readonly properties: Readonly<Record<string, object>>
  readonly required?: readonly string[]
}

interface Described {
  readonly description?: string
  readonly default?: string | number | boolean
}

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

const SERVICES: Readonly<Record<string, Schema>> = { gateway, session, documents, files, console }

it('names every setting of every service, with its default and its meaning', async () => {
  await expect(page()).toMatchFileSnapshot('../../docs/settings.md')
})

function page(): string {
  const sections = Object.entries(SERVICES).map(([name, schema]) => `## ${name}\n\n${table(schema)}`)
  return `# Settings

Every service reads its settings from the environment once, at its start, and names every fault before it ends. A variable with the
service's prefix that is not listed here is such a fault. Written by \`pnpm docs:generate\` from \`services/*/src/config.ts\`.

${sections.join('\n\n')}
`
}

function table({ properties, required = [] }: Schema): string {
  const rows = Object.entries(properties).map(([name, setting]) => {
    const { description = '', default: standard } = setting as Described
    const text = description.replaceAll('|', '\\|').replaceAll('<', '&lt;')
    return `| \`${name}\` | ${defaultText(standard, required.includes(name))} | ${text} |`
  })
  return ['| setting | default | meaning |', '| --- | --- | --- |', ...rows].join('\n')
}

function defaultText(standard: string | number | boolean | undefined, isRequired: boolean): string {
  if (standard === undefined) return isRequired ? 'required' : 'not set'
  // A default inside this repository is named from its root, which is elsewhere on each machine.
  return standard === '' ? 'empty' : `\`${String(standard).replace(ROOT, '')}\``
}
