/**
 * ④ An operator at the console: ends sessions and sees that it took effect, changes grants and roles, and is told the truth when
 * nobody answers.
 */
import { type BearerClient, expectJson, expectProblem } from '@curfew/test-kit'
import type { Locator, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'

import { describeInChromium } from './chromium.ts'
import {
  CONSOLE_COOKIE,
  fillSignIn,
  grant,
  heading,
  panel,
  startConsoleStage,
  type ConsoleStage,
} from './console-stage.ts'
import { SOON } from './stage.ts'

const RECENT_SECONDS = 4

const dialogOf = (page: Page): Locator => page.getByRole('dialog').last()
const focused = (page: Page): Promise<string> => page.evaluate('document.activeElement.textContent.trim()')

describeInChromium('the console', () => {
  let stage: ConsoleStage
  beforeAll(async () => {
    const session = { SESSION_RECENT_AUTHENTICATION_SECONDS: String(RECENT_SECONDS) }
    stage = await startConsoleStage({ env: { session } })
  })
  afterEach(async () => {
    for (const context of stage.browser.contexts()) await context.close()
  })
  afterAll(() => stage[Symbol.asyncDispose]())

  const documentsOf = (client: BearerClient): Promise<Response> => client.get('/api/documents')
  const acknowledged = (page: Page): Locator =>
    dialogOf(page).getByRole('list', { name: 'Acknowledgements' }).getByRole('listitem')

  /** Until the proof is too old for what reaches far, however long that took to get here. */
  async function untilOld(page: Page): Promise<void> {
    const age = `fetch('/api/session').then((r) => r.json()).then(({ session }) => Date.now() - Date.parse(session.auth_time))`
    await expect.poll(() => page.evaluate<number>(age), SOON).toBeGreaterThan(RECENT_SECONDS * 1_000)
  }

  it('ends all sessions but the own, after a fresh proof, and shows every verifier turn', async () => {
    const [alice, carol] = [await stage.system.login('alice'), await stage.system.login('carol')]
    await expectJson(await documentsOf(alice), 200)
    const page = await stage.signedIn()
    await untilOld(page)
    await page.getByRole('button', { name: 'End sessions…' }).click()
    await dialogOf(page).getByLabel('Everyone').check()
    await dialogOf(page)
      .getByText(/[2-9]\d* live sessions in 2 tenants would end/)
      .waitFor()
    const end = dialogOf(page).getByRole('button', { name: 'End sessions' })
    expect(await end.isDisabled()).toBe(true)
    await dialogOf(page).getByLabel('Reason').fill('a drill')
    await dialogOf(page).getByLabel('Type everyone to confirm').fill('everyon')
    expect(await end.isDisabled()).toBe(true)
    await dialogOf(page).getByLabel('Type everyone to confirm').fill('everyone')
    await end.click()

    const proof = page.getByRole('dialog', { name: 'Confirm that it is you' })
    await proof.getByLabel('Password').fill('not this one')
    await proof.getByRole('button', { name: 'Confirm' }).click()
    await proof.getByText('That is not your password.').waitFor()
    await expectJson(await documentsOf(alice), 200)
    await proof.getByLabel('Password').fill(stage.system.account('operator').password)
    await page.keyboard.press('Enter')

    await dialogOf(page).getByText('Confirmed everywhere').waitFor()
    for (const client of [alice, carol])
      await expectProblem(await documentsOf(client), 401, 'unauthenticated')
    await dialogOf(page)
      .getByText(/^(?:At least )?(?:[2-9]|[1-9]\d+)(?: to \d+)? sessions ended\.$/)
      .waitFor()
    expect(await acknowledged(page).count()).toBe(3)
    for (const service of ['documents', 'gateway', 'session'])
      await acknowledged(page)
        .filter({ hasText: new RegExp(`${service}.* ms`) })
        .waitFor()
    await page.keyboard.press('Enter')
    await heading(page, 'Overview').waitFor()
    await panel(page, 'Verifiers').getByText('the latest change is at 3 of 3').waitFor()
    await panel(page, 'Latest revocations').getByText('a drill').first().waitFor()
    await panel(page, 'As it happens').getByText('Sessions ended: Everyone').waitFor()
    expect(stage.complaints()).toEqual([])
  })

  it('ends one session of a user and leaves the other', async () => {
    const [first, second] = [await stage.system.login('bob'), await stage.system.login('bob')]
    await expectJson(await documentsOf(first), 200)
    const page = await stage.signedIn()
    await page.getByRole('link', { name: 'Sessions' }).click()
    await page.getByLabel('Tenant').fill('acme')
    await page.getByLabel('User', { exact: true }).fill('bob')
    await page.getByRole('button', { name: 'Find' }).click()
    await page.waitForURL('**/sessions?tenant=acme&user=bob')
    const id = first.token.slice(4, 26)
    await page.getByRole('button', { name: `session ${id.slice(0, 8)}` }).click()
    await dialogOf(page).getByText('1 live session would end').waitFor()
    await dialogOf(page).getByLabel('Reason').fill('a lost phone')
    await page.keyboard.press('Enter')
    await dialogOf(page).getByText('Confirmed everywhere').waitFor()
    await dialogOf(page).getByText('1 session ended.').waitFor()
    await expectProblem(await documentsOf(first), 401, 'unauthenticated')
    await expectJson(await documentsOf(second), 200)
    await dialogOf(page).getByRole('button', { name: 'Done' }).click()
    await expect.poll(() => panel(page, 'Live sessions').getByRole('row').count(), SOON).toBe(2)
    expect(stage.complaints()).toEqual([])
  })

  it('leads from a list to the user of exactly that name, and there again by the address', async () => {
    const names = ['x%2Fy', "x'+&#?用 户"]
    const operator = (await stage.system.login('operator')).at(stage.system.services.session.url)
    for (const name of names)
      await expectJson(
        await operator.post(`/v1/subjects/acme/${encodeURIComponent(name)}/suspend`, { reason: 'x' }),
        200,
      )
    const page = await stage.signedIn()
    for (const name of names) {
      await page.goto(`/users?${new URLSearchParams({ tenant: 'acme', q: name }).toString()}`)
      await page.getByRole('link', { name: `acme/${name}` }).click()
      await heading(page, `acme/${name}`).waitFor()
      await page.reload()
      await heading(page, `acme/${name}`).waitFor()
      await page.getByRole('button', { name: 'Let in again…' }).waitFor()
    }
    expect(stage.complaints()).toEqual([])
  })

  it('says before and after that nobody of a mistyped name is known, and that nothing ended', async () => {
    const page = await stage.signedIn()
    await page.getByRole('button', { name: 'End sessions…' }).click()
    await dialogOf(page).getByLabel('A user').check()
    await dialogOf(page).getByLabel('Tenant', { exact: true }).fill('acme')
    await dialogOf(page).getByLabel('User', { exact: true }).fill('alcie')
    await dialogOf(page).getByText('No user acme/alcie is known').waitFor()
    await dialogOf(page).getByLabel('Reason').fill('a typing error')
    await page.keyboard.press('Enter')
    await dialogOf(page).getByText('Confirmed everywhere').waitFor()
    await dialogOf(page).getByText('0 sessions ended.').waitFor()
    await dialogOf(page).getByText('No user acme/alcie is known').waitFor()
    expect(stage.complaints()).toEqual([])
  })

  it('sees what somebody else does, without asking', async () => {
    const page = await stage.signedIn()
    await panel(page, 'As it happens').getByText('Quiet so far').waitFor()
    const operator = (await stage.system.login('operator')).at(stage.system.services.session.url)
    const scope = { type: 'user', tenant: 'globex', user: 'carol' }
    await expectJson(await operator.post('/v1/revocations', { scope, reason: 'by the command line' }), 200)
    await panel(page, 'As it happens').getByText('Sessions ended: globex/carol').waitFor()
    await panel(page, 'Latest revocations').getByText('by the command line').waitFor()
    await panel(page, 'Verifiers').getByText('the latest change is at 3 of 3').waitFor()
    expect(stage.complaints()).toEqual([])
  })

  it('gives a role, which a live session has at once, and is not overruled by what it did not see', async () => {
    const bob = await stage.system.login('bob')
    const create = (): Promise<Response> =>
      bob.post('/api/documents', { name: 'a.txt', content_type: 'text/plain' })
    await expectProblem(await create(), 403, 'forbidden')
    const page = await stage.signedIn()
    await page.goto('/users/acme/bob')
    const editor = panel(page, 'Roles and permissions')
    await editor.getByLabel('Add a role').fill('editor')
    await page.keyboard.press('Enter')
    await editor.getByText('adds editor').waitFor()
    await editor.getByRole('button', { name: 'Save' }).click()
    await editor.getByText(/Confirmed by 3 of 3 verifiers/).waitFor()
    await expectJson(await create(), 201)

    await editor.getByRole('button', { name: 'Take editor away' }).click()
    await grant(stage.system, 'bob', { roles: ['viewer'], permissions: ['documents:audit'] })
    await editor.getByText('Somebody else has changed these grants meanwhile').waitFor()
    expect(await editor.getByRole('button', { name: 'Save' }).isDisabled()).toBe(true)
    await editor.getByRole('button', { name: 'Start again' }).click()
    await editor.getByText('documents:audit').waitFor()
    await grant(stage.system, 'bob', { roles: ['viewer'], permissions: [] })
    expect(stage.complaints()).toEqual([])
  })

  it('changes what a role allows for everybody who has it', async () => {
    const bob = await stage.system.login('bob')
    const create = (): Promise<Response> =>
      bob.post('/api/documents', { name: 'a.txt', content_type: 'text/plain' })
    await expectProblem(await create(), 403, 'forbidden')
    const page = await stage.signedIn()
    await page.getByRole('link', { name: 'Roles' }).click()
    await panel(page, 'Tenants').getByRole('link', { name: 'acme' }).click()
    for (const [change, said, allowed] of [
      ['add', 'adds documents:write', 201],
      ['remove', 'takes away documents:write', 403],
    ] as const) {
      await page.getByRole('button', { name: 'Edit… viewer of acme' }).click()
      if (change === 'remove')
        await dialogOf(page).getByRole('button', { name: 'Take documents:write away' }).click()
      else {
        await dialogOf(page).getByLabel('Add a permission').fill('documents:write')
        await page.keyboard.press('Enter')
      }
      await dialogOf(page).getByText(said).waitFor()
      await dialogOf(page).getByRole('button', { name: 'Save for everybody who has it' }).click()
      await dialogOf(page)
        .getByText(/Confirmed by 3 of 3 verifiers/)
        .waitFor()
      expect((await create()).status).toBe(allowed)
      await dialogOf(page).getByRole('button', { name: 'Done' }).click()
    }
    expect(stage.complaints()).toEqual([])
  })

  it('lets an operator of one tenant see and reach nothing of another', async () => {
    await stage.system.login('carol')
    await grant(stage.system, 'alice', { roles: ['editor'], permissions: ['curfew:operator'] })
    const page = await stage.signedIn('alice')
    expect(await panel(page, 'Verifiers').count()).toBe(0)
    await page.getByRole('button', { name: 'End sessions…' }).click()
    expect(await dialogOf(page).getByRole('radio').count()).toBe(3)
    expect(await dialogOf(page).getByLabel('Everyone').count()).toBe(0)
    await page.keyboard.press('Escape')
    await page.getByRole('link', { name: 'Sessions' }).click()
    await panel(page, 'Live sessions').getByRole('link', { name: 'acme/alice' }).first().waitFor()
    for (const path of ['/sessions', '/revocations', '/audit', '/audit?tenant=globex']) {
      await page.goto(path)
      await page.getByRole('region').first().waitFor()
      expect(await page.content()).not.toMatch(/globex\/|carol/)
    }
    await page.goto('/users/globex/carol')
    await panel(page, 'Devices').getByText('No live sessions').waitFor()
    await panel(page, 'History').getByText('Nothing of that kind has happened').waitFor()
    await grant(stage.system, 'alice', { roles: ['editor'], permissions: [] })
  })

  it('keeps what it knows, and says how old it is, while nobody answers', async () => {
    const page = await stage.signedIn()
    await panel(page, 'Verifiers').getByRole('listitem').first().waitFor()
    await stage.system.services.session.kill('SIGKILL')
    await page.getByRole('alert').getByText('What is shown is from').waitFor()
    await panel(page, 'Verifiers').getByText('as of').waitFor()
    expect(await panel(page, 'Verifiers').getByRole('listitem').count()).toBe(3)
    await stage.system.services.session.restart()
    await page.getByText('Live', { exact: true }).waitFor()
    await expect.poll(() => panel(page, 'Verifiers').getByText('as of').count(), SOON).toBe(0)
    await stage.system.untilReady()
    stage.complaints()
  })

  it('calls nothing live five seconds after the last answer, and leaves nobody waiting without a word', async () => {
    const quiet = await stage.signedIn()
    await quiet.goto('/revocations')
    await quiet.getByText('Live', { exact: true }).waitFor()
    const page = await quiet.context().newPage()
    await page.goto('/')
    await panel(page, 'Verifiers').getByRole('listitem').first().waitFor()
    await page.getByRole('button', { name: 'End sessions…' }).click()
    await dialogOf(page).getByLabel('A user').check()
    await dialogOf(page).getByLabel('Tenant', { exact: true }).fill('globex')
    await dialogOf(page).getByLabel('User', { exact: true }).fill('carol')
    await dialogOf(page).getByLabel('Reason').fill('nobody listens')

    const { session, console: served } = stage.system.services
    await session.kill('SIGSTOP')
    const since = performance.now()
    await page.keyboard.press('Enter')
    const blank = await quiet.context().newPage()
    await blank.goto('/')
    await Promise.all([
      dialogOf(page).getByText('No answer yet').waitFor(),
      quiet.getByRole('alert').getByText('What is shown is from').waitFor(),
      page.getByText('What is shown is from').waitFor(),
      heading(blank, 'Nobody can say who you are').waitFor(),
    ])
    await panel(page, 'Verifiers').getByText('not known').first().waitFor()
    expect(await panel(page, 'Verifiers').getByText('lease').count()).toBe(0)
    // Of five seconds, on a machine with much to do; what hangs would be given up after thirty.
    expect(performance.now() - since).toBeLessThan(15_000)
    await session.kill('SIGCONT')
    await stage.system.untilReady()
    await Promise.all([quiet, blank].map((each) => each.getByText('Live', { exact: true }).waitFor()))
    // The replica had no lease when it came back, or took it up where it was: either way it stays one revocation.
    await dialogOf(page)
      .getByText(/^(Confirmed everywhere|Unknown)$/)
      .waitFor()
    const again = dialogOf(page).getByRole('button', { name: 'Ask again' })
    if (await again.isVisible()) await again.click()
    await dialogOf(page).getByText('Confirmed everywhere').waitFor()

    await served.kill('SIGSTOP')
    const stoppedAt = performance.now()
    await quiet.getByRole('alert').getByText('What is shown is from').waitFor()
    expect(performance.now() - stoppedAt).toBeLessThan(15_000)
    await served.kill('SIGCONT')
    await quiet.getByText('Live', { exact: true }).waitFor()
    stage.complaints()
  })

  it('shows nothing any more once the own session is over', async () => {
    const page = await stage.signedIn()
    const mine = await page.evaluate<string>(
      `fetch('/api/session').then((r) => r.json()).then(({ session }) => session.id)`,
    )
    const operator = (await stage.system.login('operator')).at(stage.system.services.session.url)
    const scope = { type: 'session', session: mine }
    await expectJson(await operator.post('/v1/revocations', { scope, reason: 'a test' }), 200)
    await page.getByText('Your session is over').waitFor()
    expect(await page.content()).not.toContain('curfew/operator')
    await fillSignIn(page, stage.system, 'operator')
    await heading(page, 'Overview').waitFor()
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByText('For operators. Sign in').waitFor()
    // The one of the device is no session.
    const left = (await page.context().cookies()).map(({ name }) => name)
    expect(left).not.toContain(CONSOLE_COOKIE)
    await page.goBack({ waitUntil: 'commit' })
    expect(await page.content()).not.toContain('curfew/operator')
    stage.complaints()
  })

  it('can be worked by keyboard alone: skip, choose, end, and back where one was', async () => {
    const carol = await stage.system.login('carol')
    await expectJson(await documentsOf(carol), 200)
    const page = await stage.signedIn()
    await page.keyboard.press('Tab')
    expect(await focused(page)).toBe('Skip to content')
    await page.keyboard.press('Enter')
    await page.keyboard.press('Tab')
    expect(await focused(page)).toBe('End sessions…')
    expect(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')).toBe('solid')
    await page.keyboard.press('Enter')
    await dialogOf(page).waitFor()
    await page.keyboard.press('ArrowUp')
    for (let steps = 0; steps < 4 && !(await dialogOf(page).getByLabel('A user').isChecked()); steps += 1)
      await page.keyboard.press('ArrowDown')
    for (const text of ['globex', 'carol', 'no mouse at hand']) {
      await page.keyboard.press('Tab')
      await page.keyboard.type(text)
    }
    await page.keyboard.press('Enter')
    await dialogOf(page).getByText('Confirmed everywhere').waitFor()
    await expectProblem(await documentsOf(carol), 401, 'unauthenticated')
    await expect.poll(() => focused(page), SOON).toBe('Done')
    await page.keyboard.press('Enter')
    await expect.poll(() => focused(page), SOON).toBe('End sessions…')
    expect(stage.complaints()).toEqual([])
  })

  it('holds no token anywhere that a script can look', async () => {
    const page = await stage.signedIn()
    const cookies = await page.context().cookies()
    expect(cookies.every(({ httpOnly }) => httpOnly)).toBe(true)
    const cookie = cookies.find(({ name }) => name === CONSOLE_COOKIE)
    expect(cookie).toMatchObject({
      name: CONSOLE_COOKIE,
      httpOnly: true,
      secure: true,
      sameSite: 'Strict',
      expires: -1,
    })
    const seen = await page.evaluate<string>(`(async () => JSON.stringify([
      document.cookie,
      { ...localStorage },
      { ...sessionStorage },
      await indexedDB.databases(),
      await caches.keys(),
      document.documentElement.outerHTML,
      await (await fetch('/api/session')).text(),
      await (await fetch('/api/v1/sessions')).text(),
    ]))()`)
    expect(JSON.parse(seen).slice(0, 5)).toEqual(['', {}, {}, [], []])
    expect(seen).not.toContain(cookie?.value.slice(26))
    expect(seen).not.toContain('cfs_')
  })
})
