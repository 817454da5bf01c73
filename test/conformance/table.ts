/**
 * ①–⑦ The table of statements: for docs/conformance.md, and for whoever runs `pnpm conformance`.
 */
import { covers, groups, passed, type Cover } from './register.ts'
import type { Group, Statement } from './statement.ts'

export function coversOf(id: string): readonly Cover[] {
  return covers.filter((cover) => cover.id === id)
}

const HEAD = `# Conformance

What standards ask of Curfew, how it is shown, and what is exempt, with the reason. Written by \`pnpm conformance\`, which runs
all of it; CI fails when this file is not what the run generates. How to add to it: [test/conformance](../test/conformance/README.md).

P0 holds before anything is published, P1 before 1.0. Sources: OWASP ASVS 5.0 and cheat sheets (SMCS: session management,
CSRF-CS, LOG-CS, LV-CS: logging), NIST SP 800-63B-4 (N63B), RFCs by number, 6265bis: the cookie draft.
`

/** docs/conformance.md, whole. It depends on what is registered alone, not on how a run went. */
export function document(): string {
  return [HEAD, ...groups.map(sectionOf)].join('\n')
}

function sectionOf({ title, statements }: Group): string {
  const rows = statements.map(
    ({ id, priority, text, source }) =>
      `| ${id} | ${priority} | ${cell(text)} | ${cell(source)} | ${coversOf(id).map(inDocument).join('<br>')} |`,
  )
  return [
    `## ${title}`,
    '',
    '| id | | statement | source | how |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n')
}

function inDocument(cover: Cover): string {
  switch (cover.kind) {
    case 'shown':
      return `shown: ${cell(cover.title)}`
    case 'shown-elsewhere':
      return `shown: ${cell(cover.title)} (\`${cover.file}\`)`
    case 'exempt':
    case 'except':
      return `**${cover.kind}**: ${cell(cover.reason)}`
  }
}

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '&lt;')

/** For a terminal, with the outcome of this run. */
export function printed(): string {
  const all = groups.flatMap(({ statements }) => statements)
  const lines = groups.flatMap(({ title, statements }) => ['', title, ...statements.flatMap(linesOf)])
  const tally = ['pass', 'exempt', 'FAIL'].map(
    (outcome) => `${all.filter((statement) => outcomeOf(statement) === outcome).length} ${outcome}`,
  )
  return [...lines, '', `${all.length} statements: ${tally.join(', ')}`, ''].join('\n')
}

function linesOf(statement: Statement): string[] {
  const detail = coversOf(statement.id).map((cover) => ' '.repeat(16) + inTerminal(cover))
  return [`${statement.id}  ${outcomeOf(statement).padEnd(6)}  ${statement.text}`, ...detail]
}

function outcomeOf({ id }: Statement): 'pass' | 'exempt' | 'FAIL' {
  const own = coversOf(id)
  if (own.length === 0 || !own.every((cover) => passed.has(cover))) return 'FAIL'
  return own.every(({ kind }) => kind === 'exempt') ? 'exempt' : 'pass'
}

function inTerminal(cover: Cover): string {
  switch (cover.kind) {
    case 'shown':
      return `· ${cover.title}`
    case 'shown-elsewhere':
      return `· ${cover.title} (${cover.file})`
    case 'exempt':
      return `· ${cover.reason}`
    case 'except':
      return `· except: ${cover.reason}`
  }
}
