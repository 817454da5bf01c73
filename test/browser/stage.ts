/**
 * ① People at their browsers, in front of a whole system.
 * Promise: whatever the console of a page complains of, its policy has blocked, or its script has thrown fails the test.
 */
import { expectJson, startTestSystem, type TestSystem, type TestSystemOptions } from '@curfew/test-kit'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { expect } from 'vitest'

import { launchChromium } from './chromium.ts'

export const COOKIE = '__Host-session'
/** A check of a password, an answer confirmed by every verifier, on a machine with much to do. */
export const SOON = { timeout: 30_000 }

/** A browser, and what the pages in it have complained of. */
export interface BrowserStage extends AsyncDisposable {
  readonly browser: Browser
  /** A browser of its own, with no cookies yet. */
  openPage(options?: BrowserContextOptions): Promise<Page>
  /** What pages have complained of since it was last asked. */
  complaints(): string[]
}

export interface PageStage extends BrowserStage {
  readonly system: TestSystem
  /** Of the gateway, by a name for which browsers keep `Secure` cookies without TLS. */
  readonly url: string
  /** The same, signed in, with the account shown. */
  signedIn(username: string, options?: BrowserContextOptions): Promise<Page>
}

export async function startPageStage(options: TestSystemOptions = {}): Promise<PageStage> {
  const system = await startTestSystem(options)
  const url = system.services.gateway.url.replace('127.0.0.1', 'localhost')
  const stage = await startBrowserStage(url)
  return {
    ...stage,
    system,
    url,
    signedIn: async (username, contextOptions) => {
      const page = await stage.openPage(contextOptions)
      await signIn(page, system, username)
      return page
    },
    [Symbol.asyncDispose]: async () => {
      await stage[Symbol.asyncDispose]()
      await system[Symbol.asyncDispose]()
    },
  }
}

/** @param url where pages are opened that name no place */
export async function startBrowserStage(url: string): Promise<BrowserStage> {
  const browser = await launchChromium()
  const complaints: string[] = []

  async function openPage(contextOptions: BrowserContextOptions = {}): Promise<Page> {
    const context = await browser.newContext({ baseURL: url, locale: 'en', ...contextOptions })
    context.setDefaultTimeout(SOON.timeout)
    const page = await context.newPage()
    page.on('pageerror', (error) => complaints.push(`error: ${error.message}`))
    page.on('console', (message) => {
      // The browser itself notes every refusal and every lost connection; what follows from them is the page's business.
      const isNote = message.text().startsWith('Failed to load resource:')
      if (!isNote && ['error', 'warning'].includes(message.type())) complaints.push(message.text())
    })
    return page
  }

  return {
    browser,
    openPage,
    complaints: () => complaints.splice(0),
    [Symbol.asyncDispose]: () => browser.close(),
  }
}

export async function signIn(page: Page, system: TestSystem, username: string): Promise<void> {
  const { tenant, password } = system.account(username)
  await page.goto('/login')
  await page.getByLabel('Organisation').fill(tenant)
  await page.getByLabel('User name').fill(username)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await accountShown(page, username)
}

export async function accountShown(page: Page, username: string): Promise<void> {
  await page.waitForURL('**/account')
  await page.getByRole('heading', { level: 1, name: username, exact: true }).waitFor()
}

/** Ends every session of the user, as an operator does. */
export async function revoke(system: TestSystem, username: string): Promise<void> {
  const operator = (await system.login('operator')).at(system.services.session.url)
  const { tenant } = system.account(username)
  const scope = { type: 'user', tenant, user: username }
  await expectJson(await operator.post('/v1/revocations', { scope, reason: 'a test' }), 200)
}

export const others = (page: Page) =>
  page.getByRole('region', { name: 'Other devices' }).getByRole('listitem')
export const endedNotice = (page: Page) => page.getByRole('heading', { name: 'You have been signed out' })

/** Nothing that belonged to the session is left on the page. */
export async function expectNothingShown(page: Page, ...words: string[]): Promise<void> {
  const html = await page.content()
  for (const word of words) expect(html).not.toContain(word)
}

/** There is one more, which only tells that somebody has signed in with this browser before. */
export async function sessionCookies(page: Page) {
  return (await page.context().cookies()).filter(({ name }) => name === COOKIE)
}
