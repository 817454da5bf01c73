/**
 * ⑤ The promises of the revocation protocol, searched through every interleaving, and the mutants that show that the
 * search would notice a broken rule.
 */
import { beforeAll, describe, expect, it } from 'vitest'
import { checkAll } from './check-all.ts'
import { missingTool, readVerdict, type Finding } from './spin.ts'
import { limits, mutants, variants, witnesses, worlds, type Variant } from './variants.ts'

const missing = await missingTool()
const note = missing === 'spin' ? ' (skipped: spin is not installed; Debian: apt-get install spin)' : ''

describe.skipIf(missing === 'spin')(`the model of the revocation protocol${note}`, () => {
  const findings = new Map<string, Finding>()

  beforeAll(async () => {
    for (const finding of await checkAll(variants, AbortSignal.timeout(890_000))) {
      findings.set(finding.variant.name, finding)
    }
  }, 900_000)

  function expectVerdict({ name, expected }: Variant): void {
    const finding = findings.get(name)
    expect(finding?.found, finding?.output).toBe(expected)
  }

  for (const world of worlds) {
    it(`no request is admitted after \`confirmed\`, in every interleaving, ${world.says}`, () =>
      expectVerdict(world))
  }

  for (const mutant of mutants) {
    it(`the mutant '${mutant.says}' is caught`, () => expectVerdict(mutant))
  }

  for (const witness of witnesses) {
    it(`the search reaches the good case: ${witness.says}`, () => expectVerdict(witness))
  }

  for (const limit of limits) {
    it(`the promise ends where ${limit.says}`, () => expectVerdict(limit))
  }
})

describe('a verdict', () => {
  it('is not `holds` when the search was cut short', () => {
    const search = 'State-vector 76 byte, depth reached 9, errors: 0\n 12 states, stored\n'
    expect(readVerdict(search).found).toBe('holds')
    expect(readVerdict(`error: max search depth too small\n${search}`).found).toBe('unfinished')
    expect(readVerdict(`Warning: Search not completed\n${search}`).found).toBe('unfinished')
  })

  it('is not `violated` when another error ended the search', () => {
    expect(readVerdict('pan: out of memory\nerrors: 1\n 12 states, stored\n').found).toBe('unfinished')
  })
})
