/**
 * ④ The page to try the operators' API out: it works under its policy, and only where it is switched on.
 */
import { expectProblem } from '@curfew/test-kit'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { describeInChromium } from './chromium.ts'
import { startPageStage, type PageStage } from './stage.ts'

describeInChromium('the page of the API', () => {
  let stage: PageStage
  beforeAll(async () => {
    stage = await startPageStage({ env: { session: { SESSION_API_PAGE: 'true' } } })
  })
  afterAll(() => stage[Symbol.asyncDispose]())

  it('calls the API with the token that is typed into it, and complains of nothing', async () => {
    const { session } = stage.system.services
    const operator = await stage.system.login('operator')
    const page = await stage.openPage()
    await page.goto(`${session.url}/docs`)
    await page.getByRole('button', { name: 'Authorize' }).first().click()
    await page.locator('.auth-container input').first().fill(operator.token)
    await page.locator('.auth-container button.authorize').first().click()
    await page.locator('.modal-ux button.btn-done').first().click()
    const listed = page.locator('#operations-default-get_v1_verifiers')
    await listed.locator('.opblock-summary-control').click()
    await listed.getByRole('button', { name: 'Try it out' }).click()
    await listed.getByRole('button', { name: 'Execute' }).click()
    await listed.locator('.live-responses-table').getByText('"lease_remaining_ms"').first().waitFor()
    expect(stage.complaints()).toEqual([])
  })

  it('is nowhere else', async () => {
    const { gateway, documents } = stage.system.services
    for (const { url } of [gateway, documents])
      await expectProblem(await fetch(`${url}/docs`), 404, 'not-found')
  })
})
