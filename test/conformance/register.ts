/**
 * ①–⑦ How a statement is covered: by tests here, by a test that stands elsewhere, or by the reason why it is not.
 * Promise: what is registered is what runs, what the table prints and what docs/conformance.md holds.
 */
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'

import { describe, expect, it } from 'vitest'

import type { Group } from './statement.ts'

export type Cover =
  | { readonly id: string; readonly kind: 'shown'; readonly title: string }
  | { readonly id: string; readonly kind: 'shown-elsewhere'; readonly title: string; readonly file: string }
  | { readonly id: string; readonly kind: 'exempt' | 'except'; readonly reason: string }

export interface Register<Id extends string> {
  /** A test of this suite, against the running system. A statement may have several. */
  readonly shows: (id: Id, title: string, proof: () => Promise<void>) => void
  /** A test that stands in `file` (from the root of the repository) and would cost too much twice. */
  readonly shownBy: (id: Id, file: string, title: string) => void
  /** Instead of a test; the reason is for whoever reviews the product. */
  readonly exempt: (id: Id, reason: string) => void
  /** Beside tests: a part of the statement that does not hold here, and why. */
  readonly except: (id: Id, reason: string) => void
}

export const groups: Group[] = []
export const covers: Cover[] = []
/** Those whose test has passed in this run. */
export const passed: Set<Cover> = new Set()

/** One file calls this for one group. */
export function conforms<Id extends string>(group: Group<Id>, cover: (register: Register<Id>) => void): void {
  groups.push(group)
  describe(group.title, () => {
    cover({
      shows: (id, title, proof) => run({ id, kind: 'shown', title }, `${id} ${title}`, proof),
      shownBy: (id, file, title) =>
        run({ id, kind: 'shown-elsewhere', title, file }, `${id} is shown in ${file}: ${title}`, () =>
          expectTest(file, title),
        ),
      exempt: (id, reason) =>
        run({ id, kind: 'exempt', reason }, `${id} is exempt`, () => expectReason(reason)),
      except: (id, reason) =>
        run({ id, kind: 'except', reason }, `${id} has an exception`, () => expectReason(reason)),
    })
  })
}

function run(cover: Cover, name: string, proof: () => Promise<void>): void {
  covers.push(cover)
  it(name, async () => {
    await proof()
    passed.add(cover)
  })
}

async function expectReason(reason: string): Promise<void> {
  expect(reason.length, 'a reason that somebody can judge').toBeGreaterThan(40)
}

const ROOT = resolve(import.meta.dirname, '../..')

/** It runs in the same `npm test`: this only looks that nobody has renamed or removed it. */
async function expectTest(file: string, title: string): Promise<void> {
  expect(file).toMatch(/^(packages|services|test)\/.*\.test\.ts$/)
  const source = (await readFile(resolve(ROOT, file), 'utf8')).replaceAll(/\\(['"`])/g, '$1')
  const isThere = ["'", '"', '`'].some((quote) => source.includes(quote + title + quote))
  expect(isThere, `${file} has a test called ${title}`).toBe(true)
}
