/**
 * ④ Where what reaches far needs the word of a second operator: asked for at one console, decided at another.
 */
import { expectJson, expectProblem } from '@curfew/test-kit'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { describeInChromium } from './chromium.ts'
import { grant, panel, startConsoleStage, type ConsoleStage } from './console-stage.ts'

describeInChromium('a revocation that needs a second operator', () => {
  let stage: ConsoleStage
  beforeAll(async () => {
    stage = await startConsoleStage({ env: { session: { SESSION_SECOND_APPROVER: 'tenant,global' } } })
    await grant(stage.system, 'alice', { roles: ['editor'], permissions: ['curfew:operator'] })
  })
  afterAll(() => stage[Symbol.asyncDispose]())

  async function ask(page: Page, reason: string): Promise<void> {
    await page.getByRole('button', { name: 'End sessions…' }).click()
    await page.getByRole('dialog').getByLabel('A tenant').check()
    await page.getByRole('dialog').getByLabel('Reason').fill(reason)
    await page.getByRole('dialog').getByLabel('Type acme to confirm').fill('acme')
    await page.keyboard.press('Enter')
    await page.getByRole('dialog').getByText('Waiting for approval').waitFor()
    await page.getByRole('button', { name: 'Done' }).click()
  }

  it('waits, happens when another one approves it, and is seen to', async () => {
    const bob = await stage.system.login('bob')
    const asking = await stage.signedIn('alice')
    await ask(asking, 'a drill for two')
    await expectJson(await bob.get('/api/documents'), 200)

    await asking.goto('/revocations')
    await panel(asking, 'Waiting for a second operator').getByRole('button', { name: 'Decide…' }).click()
    await asking.getByRole('dialog').getByText('Another operator than the one who asked').waitFor()
    expect(await asking.getByRole('button', { name: 'Approve' }).count()).toBe(0)
    await asking.keyboard.press('Escape')

    const deciding = await stage.signedIn('operator')
    await deciding.getByRole('link', { name: 'Decide' }).click()
    await panel(deciding, 'Waiting for a second operator').getByRole('button', { name: 'Decide…' }).click()
    await deciding.getByRole('dialog').getByText('acme/alice wants to end these sessions').waitFor()
    await deciding.getByRole('button', { name: 'Approve and end sessions' }).click()
    await deciding.getByRole('dialog').getByText('Confirmed everywhere').waitFor()
    await expectProblem(await bob.get('/api/documents'), 401, 'unauthenticated')
    await deciding.getByRole('button', { name: 'Done' }).click()
    await panel(deciding, 'History').getByText('a drill for two').waitFor()
    expect(await panel(deciding, 'Waiting for a second operator').count()).toBe(0)
    expect(stage.complaints()).toEqual([])
  })

  it('does not happen when it is rejected', async () => {
    const bob = await stage.system.login('bob')
    const asking = await stage.signedIn('alice')
    await ask(asking, 'by mistake')
    const deciding = await stage.signedIn('operator')
    await deciding.goto('/revocations')
    await panel(deciding, 'Waiting for a second operator').getByRole('button', { name: 'Decide…' }).click()
    await deciding.getByRole('button', { name: 'Reject' }).click()
    await panel(deciding, 'Waiting for a second operator').waitFor({ state: 'detached' })
    await expectJson(await bob.get('/api/documents'), 200)
    expect(stage.complaints()).toEqual([])
  })
})
