/**
 * ① Ending sessions and changing the password where the gateway demands a proof that is a few seconds old.
 */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import type { Page } from 'playwright-core'

import { describeInChromium } from './chromium.ts'
import {
  SOON,
  accountShown,
  endedNotice,
  others,
  revoke,
  startPageStage,
  type PageStage,
  sessionCookies,
} from './stage.ts'

const RECENT_SECONDS = 4

describeInChromium('a proof that is too old', () => {
  let stage: PageStage
  beforeAll(async () => {
    const gateway = { GATEWAY_RECENT_AUTHENTICATION_SECONDS: String(RECENT_SECONDS) }
    stage = await startPageStage({ env: { gateway } })
  })
  afterEach(async () => {
    for (const context of stage.browser.contexts()) await context.close()
    await revoke(stage.system, 'alice')
  })
  afterAll(() => stage[Symbol.asyncDispose]())

  /** Until it is too old, however long that took to get here. */
  async function untilOld(page: Page): Promise<void> {
    const age = `fetch('/session').then((r) => r.json()).then(({ session }) => Date.now() - Date.parse(session.auth_time))`
    await expect.poll(() => page.evaluate<number>(age), SOON).toBeGreaterThan(RECENT_SECONDS * 1_000)
  }

  it('is renewed with the password, and what was intended happens then', async () => {
    const [mine, second, third] = [
      await stage.signedIn('alice'),
      await stage.signedIn('alice'),
      await stage.signedIn('alice'),
    ]
    await mine.reload()
    await expect.poll(() => others(mine).count(), SOON).toBe(2)
    await untilOld(mine)
    const [before] = await sessionCookies(mine)

    await mine.getByRole('button', { name: 'Sign out all others' }).click()
    const dialog = mine.getByRole('dialog', { name: 'Confirm that it is you' })
    await dialog.getByText('sign out all your other devices').waitFor()
    await dialog.getByLabel('Password').fill('not this one')
    await dialog.getByRole('button', { name: 'Confirm' }).click()
    await dialog.getByRole('alert').getByText('not your password').waitFor()

    await dialog.getByLabel('Password').fill(stage.system.account('alice').password)
    await mine.keyboard.press('Enter')
    await endedNotice(second).waitFor()
    await endedNotice(third).waitFor()
    await mine.getByText('You are signed in on this device only.').waitFor()
    expect(await dialog.isVisible()).toBe(false)

    const [after] = await sessionCookies(mine)
    expect(after?.value).not.toBe(before?.value)
    await mine.reload()
    await accountShown(mine, 'alice')
    expect(stage.complaints()).toEqual([])
  })

  it('changes nothing when the person thinks better of it, by button or by Escape', async () => {
    const [mine, theirs] = [await stage.signedIn('alice'), await stage.signedIn('alice')]
    await mine.reload()
    await others(mine).getByRole('button').waitFor()
    await untilOld(mine)
    for (const leave of [
      () => mine.getByRole('button', { name: 'Cancel' }).click(),
      () => mine.keyboard.press('Escape'),
    ]) {
      await others(mine).getByRole('button').click()
      const dialog = mine.getByRole('dialog')
      await dialog.getByLabel('Password').fill('half a pass')
      await leave()
      await dialog.waitFor({ state: 'hidden' })
      expect(await mine.locator('#step-up [name=password]').inputValue()).toBe('')
    }
    // Whoever came by keyboard goes on where they were.
    expect(await mine.evaluate<string>('document.activeElement.textContent')).toBe('Sign out')
    await theirs.reload()
    await accountShown(theirs, 'alice')
  })

  it('is not asked for by signing out', async () => {
    const page = await stage.signedIn('alice')
    await untilOld(page)
    await page.getByRole('button', { name: 'Sign out', exact: true }).click()
    await page.getByText('You are signed out.').waitFor()
    expect(stage.complaints()).toEqual([])
  })
})
