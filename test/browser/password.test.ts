/**
 * ① Changing the password on the account page: its rules are shown, and it signs out every other browser.
 */
import { randomBytes } from 'node:crypto'

import { afterAll, beforeAll, expect, it } from 'vitest'

import { describeInChromium } from './chromium.ts'
import { accountShown, endedNotice, startPageStage, type PageStage } from './stage.ts'

describeInChromium('a new password', () => {
  let stage: PageStage
  beforeAll(async () => {
    stage = await startPageStage()
  })
  afterAll(() => stage[Symbol.asyncDispose]())

  it('is refused with the reason, accepted with the right one, and signs out everywhere else', async ({
    skip,
  }) => {
    const isServed = (await fetch(`${stage.url}/session/password`, { method: 'POST' })).status !== 404
    skip(!isServed, 'POST /session/password is not served here')
    const [mine, theirs] = [await stage.signedIn('carol'), await stage.signedIn('carol')]
    const { password: current, tenant } = stage.system.account('carol')
    const renewed = randomBytes(18).toString('base64url')

    await mine.getByRole('button', { name: 'Change password' }).click()
    const dialog = mine.getByRole('dialog', { name: 'Change password' })
    const attempt = async (now: string, next: string): Promise<void> => {
      await dialog.getByLabel('Current password').fill(now)
      await dialog.getByLabel('New password').fill(next)
      await dialog.getByRole('button', { name: 'Change password' }).click()
    }
    await attempt('not this one', renewed)
    await dialog.getByRole('alert').getByText('current password is not right').waitFor()
    await attempt(current, 'password')
    await dialog.getByRole('alert').getByText('The new password cannot be used').waitFor()
    await attempt(current, renewed)
    await dialog.waitFor({ state: 'hidden' })
    await mine.getByRole('status').getByText('Your password has been changed').waitFor()
    expect(await mine.locator('#password input[name=new]').inputValue()).toBe('')
    await endedNotice(theirs).waitFor()
    await mine.reload()
    await accountShown(mine, 'carol')
    await mine.goto('/.well-known/change-password')
    await dialog.waitFor()
    await dialog.getByRole('button', { name: 'Cancel' }).click()
    await accountShown(mine, 'carol')

    await theirs.goto('/login')
    await theirs.getByLabel('Organisation').fill(tenant)
    await theirs.getByLabel('User name').fill('carol')
    await theirs.getByLabel('Password').fill(renewed)
    await theirs.keyboard.press('Enter')
    await accountShown(theirs, 'carol')
    expect(stage.complaints()).toEqual([])
  })
})
