/**
 * ① ③ ⑦ The documents page: what is uploaded in a browser comes back to it, once for each link.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'

import { expectJson } from '@curfew/test-kit'
import type { Download, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'

import { describeInChromium } from './chromium.ts'
import { endedNotice, expectNothingShown, revoke, startPageStage, type PageStage } from './stage.ts'

const NAME = 'Grüße “aus” Köln – 100%.html'

describeInChromium('the documents page', () => {
  let stage: PageStage
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'curfew-browser-'))
    // Only for the links in the last test; a claim travels in a form everywhere else.
    stage = await startPageStage({ env: { files: { FILES_ALLOW_CLAIM_IN_URL: 'true' } } })
  })
  afterEach(async () => {
    for (const context of stage.browser.contexts()) await context.close()
    await revoke(stage.system, 'alice')
  })
  afterAll(async () => {
    await stage[Symbol.asyncDispose]()
    await rm(folder, { recursive: true })
  })

  async function documentsOf(username: string): Promise<Page> {
    const page = await stage.signedIn(username)
    await page.getByRole('link', { name: 'Documents' }).click()
    await page.getByRole('heading', { level: 1, name: 'Documents' }).waitFor()
    await page.locator('main[aria-busy=false]').waitFor()
    return page
  }

  async function upload(page: Page, name: string, content: string): Promise<void> {
    const path = join(folder, name)
    await writeFile(path, content)
    const [chooser] = await Promise.all([
      page.waitForEvent('filechooser'),
      page.getByRole('button', { name: 'Upload' }).click(),
    ])
    await chooser.setFiles(path)
    await page.getByRole('status').getByText(`${name} has been uploaded.`).waitFor()
    await row(page, name).waitFor()
  }
  const row = (page: Page, name: string) => page.getByRole('listitem').filter({ hasText: name })

  async function saved(download: Download): Promise<string> {
    return readFile(await download.path(), 'utf8')
  }

  it('uploads and downloads, under the very name; a second use of the same link says that it has been used', async () => {
    const page = await documentsOf('alice')
    await page.getByText('There are no documents yet.').waitFor()
    await upload(page, NAME, '<script>document.title = "ran"</script>')
    await row(page, NAME).getByText('39 bytes').waitFor()

    const button = page.getByRole('button', { name: `Download ${NAME}` })
    const [download] = await Promise.all([page.waitForEvent('download'), button.click()])
    expect(download.suggestedFilename()).toBe(NAME.replaceAll('"', '_'))
    expect(await saved(download)).toContain('ran')
    expect(download.url()).not.toContain('claim')
    await page.getByRole('status').getByText('has been used with that').waitFor()

    // The form still holds the link: sending it again is the second click on it.
    await page.evaluate(`document.querySelector('.document form').submit()`)
    await page.getByRole('heading', { level: 1, name: 'This link has been used' }).waitFor()
    await page.getByText('A link to a file works once.').waitFor()
    expect(await page.title()).toBe('This link has been used')
    await page.goBack()
    await row(page, NAME).waitFor()

    // Whoever asks again gets another link.
    const [again] = await Promise.all([page.waitForEvent('download'), button.click()])
    expect(await saved(again)).toContain('ran')
    page.once('dialog', (dialog) => void dialog.accept())
    await page.getByRole('button', { name: `Delete ${NAME}` }).click()
    await page.getByText('There are no documents yet.').waitFor()
    expect(stage.complaints()).toEqual([])
  })

  it('offers to those who may only read nothing but reading', async () => {
    const alice = await documentsOf('alice')
    await upload(alice, 'for-all.txt', 'for all')
    const bob = await documentsOf('bob')
    await row(bob, 'for-all.txt').waitFor()
    expect(await bob.getByRole('button', { name: 'Upload' }).isVisible()).toBe(false)
    expect(await bob.getByRole('button', { name: /^Delete/ }).count()).toBe(0)
    const [download] = await Promise.all([
      bob.waitForEvent('download'),
      bob.getByRole('button', { name: 'Download for-all.txt' }).click(),
    ])
    expect(await saved(download)).toBe('for all')
    expect(stage.complaints()).toEqual([])
  })

  it('shows nothing any more when its session is over', async () => {
    const page = await documentsOf('alice')
    await upload(page, 'secret-plan.txt', 'x')
    await revoke(stage.system, 'alice')
    await endedNotice(page).waitFor()
    await expectNothingShown(page, 'secret-plan')
  })

  it('a link that somebody has sent offers the file, gives it once, and says afterwards that it has been used', async () => {
    const caller = await stage.system.login('alice')
    const created = await expectJson<{ document: { id: string }; upload: { url: string; claim: string } }>(
      await caller.post('/api/documents', { name: 'linked.txt', content_type: 'text/plain' }),
      201,
    )
    const { upload: transfer, document } = created
    await fetch(transfer.url, {
      method: 'PUT',
      body: 'linked',
      headers: { authorization: `Bearer ${transfer.claim}`, 'content-type': 'text/plain' },
    })
    const { url, claim } = await expectJson<{ url: string; claim: string }>(
      await caller.post(`/api/documents/${document.id}/download`),
      200,
    )
    const page = await stage.openPage()
    for (let looks = 0; looks < 3; looks += 1) await page.goto(`${url}?claim=${claim}`)
    await page.getByText('This link lets you download “linked.txt”, once.').waitFor()
    const button = page.getByRole('button', { name: 'Download' })
    const [download] = await Promise.all([page.waitForEvent('download'), button.click()])
    expect(await saved(download)).toBe('linked')
    await button.click()
    await page.getByRole('heading', { level: 1, name: 'This link has been used' }).waitFor()
    expect(stage.complaints()).toEqual([])
  })
})
