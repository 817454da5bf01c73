/**
 * ④ How the console looks and reads: every view at phone and desktop width, light and dark, with nothing that jumps.
 */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'

import { describeInChromium } from './chromium.ts'
import { heading, panel, startConsoleStage, type ConsoleStage } from './console-stage.ts'
import { SOON } from './stage.ts'
import { LOOKS, SIZES, goodLook, shiftWhile, type GoodLook } from './good-look.ts'

describeInChromium('the console', () => {
  let stage: ConsoleStage
  let expectGoodLook: GoodLook
  beforeAll(async () => {
    expectGoodLook = await goodLook('console')
    stage = await startConsoleStage({ replicas: { gateway: 2, documents: 2 } })
  })
  afterEach(async () => {
    for (const context of stage.browser.contexts()) await context.close()
  })
  afterAll(() => stage[Symbol.asyncDispose]())

  it.each(LOOKS)('is sound: $size, $colorScheme', async ({ size, viewport, colorScheme }) => {
    const named = (state: string): string => `${state}-${size}-${colorScheme}`
    // What is injected to look at a page is no part of it; the policy itself is tested with the service.
    const options = { viewport, colorScheme, bypassCSP: true, reducedMotion: 'reduce' as const }
    for (const user of ['alice', 'bob', 'carol']) await stage.system.login(user)
    const signIn = await stage.openPage(options)
    await signIn.goto('/')
    await signIn.getByLabel('Organisation').waitFor()
    await expectGoodLook(signIn, named('sign-in'))

    const page = await stage.signedIn('operator', options)
    await panel(page, 'Verifiers').getByRole('listitem').first().waitFor()
    await expectGoodLook(page, named('overview'))
    await page.getByRole('button', { name: 'End sessions…' }).click()
    await page.getByLabel('Everyone').check()
    await page.getByText(/would end/).waitFor()
    await expectGoodLook(page, named('revoke'))
    await page.getByLabel('Reason').fill('A stolen laptop, reported at three in the morning')
    await page.getByLabel('Type everyone').fill('everyone')
    await page.keyboard.press('Enter')
    await page.getByText('Confirmed everywhere').waitFor()
    await expectGoodLook(page, named('confirmed'))
    await page.getByRole('button', { name: 'Done' }).click()
    await expectGoodLook(page, named('overview-after'))

    // Of the other views each is looked at once narrow and once wide, once light and once dark.
    if ((size === 'phone') !== (colorScheme === 'dark')) return
    await stage.system.login('alice')
    for (const [view, shown] of [
      ['/sessions', 'acme/alice'],
      ['/users/acme/alice', 'editor'],
      ['/users', 'globex'],
      ['/roles?tenant=acme', 'viewer'],
      ['/revocations', 'A stolen laptop'],
      ['/audit', 'login.succeeded'],
    ] as const) {
      await page.goto(view)
      await page.getByRole('region').getByText(shown).first().waitFor()
      await expectGoodLook(page, named(view.slice(1).replaceAll(/[/?=]/g, '-')))
    }
    await page.route('**/api/**', (route) => route.abort())
    await page.goto('/sessions', { waitUntil: 'commit' })
    await heading(page, 'Nobody can say who you are').waitFor()
    await expectGoodLook(page, named('away'))
  })

  it.each([
    { size: 'desktop', viewport: SIZES.desktop, colorScheme: 'light' as const },
    { size: 'phone', viewport: { width: 390, height: 844 }, colorScheme: 'dark' as const },
  ])('keeps its columns whatever sessions are called: $size', async ({ size, viewport, colorScheme }) => {
    const options = { viewport, colorScheme, bypassCSP: true, reducedMotion: 'reduce' as const }
    const page = await stage.signedIn('operator', options)
    const rowOf = (user: string, label: string, n: number) => ({
      id: String(n).padStart(22, 'A'),
      tenant: user === 'alice' ? 'acme' : 't'.repeat(128),
      user,
      client: user === 'alice' ? 'browser' : 'c'.repeat(128),
      created_at: new Date().toISOString(),
      idle_expires_at: new Date(Date.now() + 1_700_000).toISOString(),
      expires_at: new Date(Date.now() + 36_000_000).toISOString(),
      auth_time: new Date().toISOString(),
      acr: 'aal1',
      amr: [],
      roles: [],
      permissions: [],
      label,
      address_class: '2001:db8::/56',
      ...(n === 3 && { current: true }),
    })
    const hostile = ['u'.repeat(128), '設備'.repeat(64), '👩‍👩‍👧‍👦'.repeat(16), 'W'.repeat(128)]
    const sessions = Array.from({ length: 40 }, (_, n) =>
      n % 2 === 0 ? rowOf('alice', 'Firefox on Linux', n) : rowOf('u'.repeat(128), hostile[n % 4] ?? '', n),
    )
    await page.route('**/api/v1/sessions*', (route) =>
      route.fulfill({ json: { sessions, next_cursor: null } }),
    )
    await page.goto('/sessions')
    const rows = panel(page, 'Live sessions').getByRole('row')
    await expect.poll(() => rows.count(), SOON).toBe(41)
    await expectGoodLook(page, `sessions-hostile-${size}`)
    const heights = await page.evaluate<number[]>(
      '[...document.querySelectorAll("tbody tr")].map((row) => row.getBoundingClientRect().height)',
    )
    expect(Math.max(...heights)).toBeLessThan(size === 'desktop' ? 90 : 260)
    const widths = await page.evaluate<number[]>(
      '[...document.querySelectorAll("tbody td:nth-of-type(2)")].map((cell) => cell.getBoundingClientRect().width)',
    )
    expect(Math.max(...widths) - Math.min(...widths)).toBeLessThan(1)
  })

  it('shows a count for what it is, and looks on while the pages of a list hold nothing', async () => {
    const page = await stage.signedIn()
    await page.route('**/api/v1/statistics*', async (route) => {
      const answer = await route.fetch()
      const sessions = { live: 2, exact: false, at_most: 5048 }
      await route.fulfill({ response: answer, json: { ...(await answer.json()), sessions } })
    })
    await page.reload()
    await page.getByText('2 to 5,048').waitFor()
    await page.route('**/api/v1/revocations', (route) => {
      const tenants = ['acme', 'globex'].map((tenant) => ({ tenant, sessions: 297 }))
      const would_affect = { sessions: 594, exact: false, at_most: 5037, tenants }
      return route.fulfill({ json: { dry_run: true, scope: { type: 'global' }, would_affect } })
    })
    await page.getByRole('button', { name: 'End sessions…' }).click()
    await page.getByRole('dialog').getByLabel('Everyone').check()
    await page
      .getByRole('dialog')
      .getByText('594 to 5,037 live sessions in at least 2 tenants would end.')
      .waitFor()
    await page.getByRole('dialog').getByText('acme at least 297 · globex at least 297').waitFor()
    await page.keyboard.press('Escape')

    let pages = 0
    await page.route('**/api/v1/sessions*', async (route) => {
      pages += 1
      if (pages >= 5) return route.continue()
      return route.fulfill({ json: { sessions: [], next_cursor: 'bG9naW46MQ' } })
    })
    await page.getByRole('link', { name: 'Sessions' }).click()
    await panel(page, 'Live sessions').getByText('None found so far').waitFor()
    expect(await panel(page, 'Live sessions').getByText('No live sessions').count()).toBe(0)
  })

  it('copies the id that a filter asks for, and dates what it shows, with its zone', async () => {
    const bob = await stage.system.login('bob')
    const id = bob.token.slice(4, 26)
    const page = await stage.signedIn('operator', { timezoneId: 'Asia/Kolkata' })
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
    await page.goto('/sessions?tenant=acme&user=bob')
    const copy = page.getByRole('button', { name: `Copy session id ${id.slice(0, 8)}` })
    await copy.focus()
    await page.keyboard.press('Enter')
    await page.getByText('Copied').waitFor({ state: 'attached' })
    expect(await page.evaluate<string>('navigator.clipboard.readText()')).toBe(id)
    await page.goto(`/audit?session=${id}`)
    const row = page.getByRole('region').getByRole('listitem').filter({ hasText: 'login.succeeded' }).first()
    await row.getByText(id).waitFor()
    expect(await row.getByRole('time').textContent()).toMatch(
      /^\d+ [A-Z][a-z]{2,3} \d{4}, \d\d:\d\d:\d\d GMT\+5:30$/,
    )
  })

  it.each(Object.entries(SIZES))('does not jump while it fills (%s)', async (_, viewport) => {
    const page = await stage.signedIn('operator', { viewport })
    const shift = await shiftWhile(page, async () => {
      await panel(page, 'Verifiers').getByRole('listitem').first().waitFor()
      await panel(page, 'Latest revocations').getByRole('listitem').first().waitFor()
    })
    expect(shift).toBeLessThan(0.1)
  })
})
