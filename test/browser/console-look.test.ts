/**
 * ④ How the console looks and reads: every view at phone and desktop width, light and dark, with nothing that jumps.
 */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'

import { describeInChromium } from './chromium.ts'
import { heading, panel, startConsoleStage, type ConsoleStage } from './console-stage.ts'
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

  it.each(Object.entries(SIZES))('does not jump while it fills (%s)', async (_, viewport) => {
    const page = await stage.signedIn('operator', { viewport })
    const shift = await shiftWhile(page, async () => {
      await panel(page, 'Verifiers').getByRole('listitem').first().waitFor()
      await panel(page, 'Latest revocations').getByRole('listitem').first().waitFor()
    })
    expect(shift).toBeLessThan(0.1)
  })
})
