/**
 * ① How the pages look and read: every state at phone and desktop width, light and dark, without a fault that axe finds, with
 * nothing that has to be scrolled sideways and nothing that jumps. Screenshots are left in a temporary folder.
 */
import { expectJson, type TestSystem } from '@curfew/test-kit'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'

import { describeInChromium } from './chromium.ts'
import { LOOKS, SIZES, goodLook, shiftWhile, type GoodLook } from './good-look.ts'
import { endedNotice, others, revoke, startPageStage, type PageStage } from './stage.ts'

/** One of them with a name that fits into no line. */
async function putDocuments(system: TestSystem): Promise<void> {
  const caller = await system.login('alice')
  const { documents } = await expectJson<{ documents: unknown[] }>(await caller.get('/api/documents'), 200)
  if (documents.length > 0) return
  const long = `Quartalsbericht 2026 ${'mit einem sehr langen Namen '.repeat(4)}.pdf`
  for (const [name, size] of [
    [long, 483_000],
    ['hello.txt', 20],
  ] as const) {
    const { document, upload } = await expectJson<{
      document: { id: string }
      upload: { url: string; claim: string }
    }>(await caller.post('/api/documents', { name, content_type: 'text/plain' }), 201)
    const headers = { authorization: `Bearer ${upload.claim}`, 'content-type': 'text/plain' }
    await fetch(upload.url, { method: 'PUT', body: 'x'.repeat(size), headers })
    await expectJson(await caller.get(`/api/documents/${document.id}`), 200)
  }
}

describeInChromium('the pages', () => {
  let stage: PageStage
  let expectGoodLook: GoodLook
  beforeAll(async () => {
    expectGoodLook = await goodLook('pages')
    stage = await startPageStage()
  })
  afterEach(async () => {
    for (const context of stage.browser.contexts()) await context.close()
    await revoke(stage.system, 'alice')
  })
  afterAll(() => stage[Symbol.asyncDispose]())

  it.each(LOOKS)('are sound in every state: $size, $colorScheme', async ({ size, viewport, colorScheme }) => {
    const named = (state: string): string => `${state}-${size}-${colorScheme}`
    // What is injected to look at a page is no part of it; the policy itself is tested in isolation.test.ts.
    const options = { viewport, colorScheme, bypassCSP: true, reducedMotion: 'reduce' as const }
    const signIn = await stage.openPage(options)
    await signIn.goto('/login')
    await expectGoodLook(signIn, named('sign-in'))

    const page = await stage.signedIn('alice', options)
    await page.getByText('on this device only').waitFor()
    await expectGoodLook(page, named('alone'))

    await stage.signedIn('alice')
    await stage.signedIn('alice')
    await page.reload()
    await others(page).nth(1).waitFor()
    await expectGoodLook(page, named('account'))
    await page.getByRole('button', { name: 'Change password' }).click()
    await expectGoodLook(page, named('password'))
    await page.getByRole('button', { name: 'Cancel' }).click()

    await page.route('**/sessions/revoke-others', (route) => {
      const problem = { status: 401, code: 'insufficient-authentication' }
      return route.fulfill({
        status: 401,
        contentType: 'application/problem+json',
        body: JSON.stringify(problem),
      })
    })
    await page.getByRole('button', { name: 'Sign out all others' }).click()
    await page.getByRole('dialog').waitFor()
    await expectGoodLook(page, named('step-up'))
    await page.getByRole('button', { name: 'Cancel' }).click()

    await putDocuments(stage.system)
    const documents = await page.context().newPage()
    await documents.goto('/documents')
    await documents.getByText('483 kB').waitFor()
    await expectGoodLook(documents, named('documents'))

    const waiting = await page.context().newPage()
    await waiting.route('**/session/events', (route) => route.fulfill({ status: 503 }))
    await waiting.goto('/account')
    await waiting.getByText('Nobody can say').waitFor()
    await expectGoodLook(waiting, named('unsure'))

    await revoke(stage.system, 'alice')
    await endedNotice(page).waitFor()
    await expectGoodLook(page, named('ended'))
  })

  it.each(Object.entries(SIZES))('do not jump while they fill (%s)', async (_, viewport) => {
    const page = await stage.signedIn('alice', { viewport })
    const shift = await shiftWhile(page, async () => {
      await page.getByText('on this device only').waitFor()
      await page.waitForFunction('document.fonts.status === "loaded"')
    })
    expect(shift).toBeLessThan(0.05)
  })

  it('can be worked with the keyboard alone', async () => {
    const mine = await stage.signedIn('alice')
    const theirs = await stage.signedIn('alice')
    await mine.reload()
    await others(mine).getByRole('button').waitFor()
    const focused = () => mine.evaluate<string>('document.activeElement.textContent.trim()')
    const reached: string[] = []
    for (let presses = 0; presses < 4; presses += 1) {
      await mine.keyboard.press('Tab')
      reached.push(await focused())
    }
    expect(reached).toEqual(['Documents', 'Sign out', 'Sign out', 'Change password'])
    await mine.keyboard.press('Shift+Tab')
    const outline = 'getComputedStyle(document.activeElement).outlineStyle'
    expect(await mine.evaluate(outline)).toBe('solid')
    await mine.keyboard.press('Enter')
    await endedNotice(theirs).waitFor()
    await mine.getByText('on this device only').waitFor()
    expect(await focused()).toBe('Other devices')
  })
})
