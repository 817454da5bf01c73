/**
 * Operators at the console, in front of a whole system.
 */
import { expectJson, startTestSystem, type TestSystem, type TestSystemOptions } from '@curfew/test-kit'
import type { BrowserContextOptions, Page } from 'playwright-core'

import { startBrowserStage, type BrowserStage } from './stage.ts'

export const CONSOLE_COOKIE = '__Host-console'

export interface ConsoleStage extends BrowserStage {
  readonly system: TestSystem
  readonly url: string
  /** A browser of its own in which the operator has signed in, with the overview shown. */
  signedIn(username?: string, options?: BrowserContextOptions): Promise<Page>
}

export async function startConsoleStage(options: TestSystemOptions = {}): Promise<ConsoleStage> {
  const system = await startTestSystem({ ...options, console: true })
  const url = system.services.console.url.replace('127.0.0.1', 'localhost')
  const stage = await startBrowserStage(url)
  return {
    ...stage,
    system,
    url,
    signedIn: async (username = 'operator', contextOptions = {}) => {
      const page = await stage.openPage(contextOptions)
      await page.goto('/')
      await fillSignIn(page, system, username)
      await heading(page, 'Overview').waitFor()
      return page
    },
    [Symbol.asyncDispose]: async () => {
      await stage[Symbol.asyncDispose]()
      await system[Symbol.asyncDispose]()
    },
  }
}

export async function fillSignIn(page: Page, system: TestSystem, username: string): Promise<void> {
  const { tenant, password } = system.account(username)
  await page.getByLabel('Organisation').fill(tenant)
  await page.getByLabel('User name').fill(username)
  await page.getByLabel('Password').fill(password)
  await page.keyboard.press('Enter')
}

export const heading = (page: Page, name: string) =>
  page.getByRole('heading', { level: 1, name, exact: true })
export const panel = (page: Page, name: string) => page.getByRole('region', { name, exact: true })

/** As an operator would by API. */
export async function grant(
  system: TestSystem,
  username: string,
  grants: { readonly roles: string[]; readonly permissions: string[] },
): Promise<void> {
  const operator = (await system.login('operator')).at(system.services.session.url)
  const { tenant } = system.account(username)
  await expectJson(await operator.put(`/v1/subjects/${tenant}/${username}/grants`, grants), 200)
}
