/**
 * What every state of a page is held to: no fault that axe finds, nothing that has to be scrolled sideways. A screenshot of each
 * is left in a temporary folder, to be looked at.
 */
import { mkdtemp, readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { AxeResults } from 'axe-core'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'

export const SIZES = { phone: { width: 360, height: 760 }, desktop: { width: 1280, height: 900 } }

export const LOOKS = Object.entries(SIZES).flatMap(([size, viewport]) =>
  (['light', 'dark'] as const).map((colorScheme) => ({ size, viewport, colorScheme })),
)

/** @param name of the state, and of its screenshot */
export type GoodLook = (page: Page, name: string) => Promise<void>

/** @param what of which pages the screenshots are */
export async function goodLook(what: string): Promise<GoodLook> {
  const folder = await mkdtemp(join(tmpdir(), `curfew-${what}-`))
  const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
  console.info(`screenshots of the ${what}: ${folder}`)
  return async (page, name) => {
    await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true, animations: 'disabled' })
    await page.evaluate(axe)
    const results = await page.evaluate<AxeResults>('axe.run()')
    expect(results.violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([])
    expect(results.passes.length).toBeGreaterThan(10)
    const sideways = 'document.documentElement.scrollWidth - document.documentElement.clientWidth'
    expect(await page.evaluate(sideways)).toBe(0)
  }
}

/** How far things move in all while the page fills; what is called good is 0.1. */
export async function shiftWhile(page: Page, filled: () => Promise<unknown>): Promise<number> {
  await page.addInitScript(`
    window.shift = 0
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) window.shift += entry.value
    }).observe({ type: 'layout-shift', buffered: true })
  `)
  await page.reload()
  await filled()
  return page.evaluate<number>('window.shift')
}
