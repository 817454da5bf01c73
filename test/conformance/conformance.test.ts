/**
 * ①–⑦ The conformance suite: every statement of every group that is imported here is shown or exempt, on one running system.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import './tokens.ts'
import './cookies.ts'
import './lifecycle.ts'
import './timeouts.ts'
import './revocation.ts'
import './permissions.ts'
import './step-up.ts'
import './forgery.ts'
import './claims.ts'
import './secrets-and-links.ts'
import './operators.ts'
import './introspection.ts'
import './errors.ts'
import './downloads.ts'
import './logging.ts'
import './fuzz.ts'
import { covers, groups } from './register.ts'
import { startStage, stopStage } from './stage.ts'
import { coversOf, document, printed } from './table.ts'

beforeAll(startStage)
afterAll(stopStage)
afterAll(() => {
  if (process.env['CONFORMANCE_TABLE'] === 'print') process.stdout.write(printed())
})

describe('the table', () => {
  const ids = groups.flatMap(({ statements }) => statements.map(({ id }) => id))

  it('has no gap', () => {
    expect(ids.filter((id) => coversOf(id).length === 0)).toEqual([])
  })

  it('has no id twice, and none that is no statement', () => {
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([])
    expect(covers.map(({ id }) => id).filter((id) => !ids.includes(id))).toEqual([])
    expect(ids.filter((id) => !/^[A-Z]{2,3}-\d{2}$/.test(id))).toEqual([])
  })

  it('is exempt or shown, never both, and no test stands in it twice', () => {
    const kindsOf = (id: string) => new Set(coversOf(id).map(({ kind }) => kind === 'exempt'))
    expect(ids.filter((id) => kindsOf(id).size > 1)).toEqual([])
    const rows = covers.map((cover) => JSON.stringify(cover))
    expect(new Set(rows).size).toBe(rows.length)
  })

  it('is what docs/conformance.md holds (pnpm conformance writes it)', async () => {
    await expect(document()).toMatchFileSnapshot('../../docs/conformance.md')
  })
})
