/**
 * The browser of these tests: Chromium where this machine has one.
 * Promise: without it the tests are skipped and say so; where it is demanded (`CURFEW_TEST_BROWSER=required`, as in CI) its
 * absence is a failure.
 */
import { existsSync } from 'node:fs'

import { chromium, type Browser } from 'playwright-core'
import { describe } from 'vitest'

const PROGRAMS = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]

const program = process.env['CURFEW_TEST_CHROMIUM'] ?? PROGRAMS.find((path) => existsSync(path))

if (program === undefined) {
  const missing = 'no Chromium on this machine (CURFEW_TEST_CHROMIUM can name one)'
  if (process.env['CURFEW_TEST_BROWSER'] === 'required') throw new Error(missing)
  console.info(`curfew: tests of the pages are skipped: ${missing}`)
}

export const describeInChromium = program === undefined ? describe.skip : describe

export function launchChromium(): Promise<Browser> {
  // Its sandbox does not start as root, as which CI runs; nothing but this checkout's own pages is opened.
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  return chromium.launch({
    ...(program !== undefined && { executablePath: program }),
    args,
    // It decodes the names of files by the caller's locale, which may not know their letters.
    env: { ...process.env, LC_ALL: 'C.UTF-8' },
  })
}
