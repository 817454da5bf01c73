/**
 * ① The account page in two browsers at once: what is ended in one is over in the other, at once and for good.
 */
import { expectJson } from '@curfew/test-kit'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'

import { describeInChromium } from './chromium.ts'
import {
  COOKIE,
  SOON,
  accountShown,
  endedNotice,
  expectNothingShown,
  others,
  revoke,
  signIn,
  startPageStage,
  type PageStage,
  sessionCookies,
} from './stage.ts'

describeInChromium('the account page', () => {
  let stage: PageStage
  beforeAll(async () => {
    stage = await startPageStage()
  })
  afterEach(async () => {
    for (const context of stage.browser.contexts()) await context.close()
    await revoke(stage.system, 'alice')
  })
  afterAll(() => stage[Symbol.asyncDispose]())

  it('shows who is signed in, with which roles, on this device only', async () => {
    const page = await stage.signedIn('alice')
    await page.getByText('acme', { exact: true }).waitFor()
    await page.getByRole('list', { name: 'Roles' }).getByText('editor').waitFor()
    await page.getByRole('region', { name: 'This device' }).getByText('Active now').waitFor()
    await page.getByText('You are signed in on this device only.').waitFor()
    expect(await page.getByRole('button', { name: 'Sign out all others' }).isVisible()).toBe(false)
    expect(stage.complaints()).toEqual([])
  })

  it('says what is wrong with a sign-in, keeps the name and forgets nothing else', async () => {
    const page = await stage.openPage()
    await page.goto('/account')
    await page.waitForURL('**/login')
    await page.getByLabel('Organisation').fill('acme')
    await page.getByLabel('User name').fill('alice')
    await page.getByLabel('Password').fill('not this one')
    await page.keyboard.press('Enter')
    await page.getByRole('alert').getByText('is wrong').waitFor()
    expect(await page.getByLabel('User name').inputValue()).toBe('alice')
    expect(page.url()).not.toContain('not')
    expect(stage.complaints()).toEqual([])
  })

  it('ends the session of another browser, which is told at once and shows nothing any more', async () => {
    const mine = await stage.signedIn('alice')
    const theirs = await stage.signedIn('alice')
    await mine.reload()
    await others(mine).first().getByRole('button').click()
    await endedNotice(theirs).waitFor()
    await expectNothingShown(theirs, 'alice', 'editor', 'acme')
    await mine.getByText('You are signed in on this device only.').waitFor()
    await mine.getByRole('status').getByText('has been signed out').waitFor()

    await theirs.getByRole('link', { name: 'Sign in again' }).click()
    await theirs.waitForURL('**/login')
    // The dead cookie goes with the first answer that meets it.
    await theirs.goto('/account')
    await theirs.waitForURL('**/login')
    // The dead cookie stays: only a logout deletes one, because a refusal may be late.
    expect(await sessionCookies(theirs)).toHaveLength(1)
    expect(stage.complaints()).toEqual([])
  })

  it('ends all other sessions and keeps its own', async () => {
    const mine = await stage.signedIn('alice')
    const [second, third] = [await stage.signedIn('alice'), await stage.signedIn('alice')]
    await mine.reload()
    await expect.poll(() => others(mine).count(), SOON).toBe(2)
    await mine.getByRole('button', { name: 'Sign out all others' }).click()
    await endedNotice(second).waitFor()
    await endedNotice(third).waitFor()
    await mine.getByText('You are signed in on this device only.').waitFor()
    await mine.reload()
    await accountShown(mine, 'alice')
    expect(stage.complaints()).toEqual([])
  })

  it('is told when an operator ends everything', async () => {
    const page = await stage.signedIn('alice')
    await page.getByText('Active now').waitFor()
    await revoke(stage.system, 'alice')
    await endedNotice(page).waitFor()
    expect(await page.title()).toContain('Signed out')
    expect(await page.evaluate('document.activeElement.tagName')).toBe('H1')
  })

  it('shows nothing after signing out, not by the back button either', async () => {
    const page = await stage.signedIn('alice')
    await page.goto('/account?again')
    await page.getByRole('heading', { level: 1, name: 'alice' }).waitFor()
    await page.getByRole('button', { name: 'Sign out', exact: true }).click()
    await page.getByText('You are signed out.').waitFor()
    expect(await sessionCookies(page)).toEqual([])
    await page.goBack()
    await page.waitForURL('**/login')
    await expectNothingShown(page, 'alice', 'editor')
    expect(stage.complaints()).toEqual([])
  })

  it('is told in every tab, and goes on with whoever signs in next', async () => {
    const page = await stage.signedIn('alice')
    const tab = await page.context().newPage()
    await tab.goto('/account')
    await accountShown(tab, 'alice')
    await page.getByRole('button', { name: 'Sign out', exact: true }).click()
    await endedNotice(tab).waitFor()
    await page.getByText('You are signed out.').waitFor()
    await signIn(page, stage.system, 'bob')
    // As when somebody comes back to it.
    await tab.evaluate(`dispatchEvent(new Event('focus'))`)
    await accountShown(tab, 'bob')
    await expectNothingShown(tab, 'alice')
  })

  it('leaves the new session alone when one tab signs in again while another shows the old one', async () => {
    const page = await stage.signedIn('alice')
    const tab = await page.context().newPage()
    await tab.goto('/account')
    await accountShown(tab, 'alice')
    await signIn(page, stage.system, 'alice')
    await endedNotice(tab).waitFor()
    await page.reload()
    await accountShown(page, 'alice')
    expect(await sessionCookies(page)).toHaveLength(1)
  })

  it('shows new roles without being asked', async () => {
    const page = await stage.signedIn('bob')
    const operator = (await stage.system.login('operator')).at(stage.system.services.session.url)
    const grants = (roles: string[]) =>
      operator.put('/v1/subjects/acme/bob/grants', { roles, permissions: [] })
    await expectJson(await grants(['viewer', 'editor']), 200)
    await page.getByRole('list', { name: 'Roles' }).getByText('editor').waitFor()
    await expectJson(await grants(['viewer']), 200)
    await page.getByRole('list', { name: 'Roles' }).getByText('editor').waitFor({ state: 'detached' })
    expect(stage.complaints()).toEqual([])
  })

  it('says that nobody can say, and never that one is signed out, while the gateway is away', async () => {
    const page = await stage.signedIn('alice')
    await page.getByText('Active now').waitFor()
    await stage.system.services.gateway.kill('SIGKILL')
    await page.getByRole('status').getByText('Nobody can say').waitFor()
    await page.getByRole('heading', { level: 1, name: 'alice' }).waitFor()
    await stage.system.services.gateway.restart()
    await page.getByRole('status').getByText('Nobody can say').waitFor({ state: 'detached' })
    await accountShown(page, 'alice')
    expect(await endedNotice(page).count()).toBe(0)
    stage.complaints()
  })

  it('learns after an outage of the network that the session ended meanwhile', async () => {
    const page = await stage.signedIn('alice')
    await page.getByText('Active now').waitFor()
    await page.context().setOffline(true)
    await page.getByRole('status').getByText('You are offline').waitFor()
    await revoke(stage.system, 'alice')
    await page.context().setOffline(false)
    await endedNotice(page).waitFor()
    await expectNothingShown(page, 'alice')
    stage.complaints()
  })

  it('holds no token anywhere that a script can look', async () => {
    const page = await stage.signedIn('alice')
    const [cookie] = await sessionCookies(page)
    expect(cookie).toMatchObject({ name: COOKIE, httpOnly: true, secure: true, sameSite: 'Lax', expires: -1 })
    const secret = cookie?.value.slice(26) ?? ''
    expect(secret).toHaveLength(43)
    const seen = await page.evaluate<string>(`(async () => JSON.stringify([
      document.cookie,
      { ...localStorage },
      { ...sessionStorage },
      await indexedDB.databases(),
      await caches.keys(),
      document.documentElement.outerHTML,
      await (await fetch('/session')).text(),
      await (await fetch('/sessions')).text(),
    ]))()`)
    const [cookies, local, session, databases, kept] = JSON.parse(seen) as unknown[]
    expect({ cookies, local, session, databases, kept }).toEqual({
      cookies: '',
      local: {},
      session: {},
      databases: [],
      kept: [],
    })
    expect(seen).not.toContain(secret)
    expect(seen).not.toContain('cfs_')
  })
})
