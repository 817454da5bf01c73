/**
 * ① What browsers keep away from the pages: other sites, foreign scripts, frames.
 */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'

import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { describeInChromium } from './chromium.ts'
import { accountShown, startPageStage, type PageStage } from './stage.ts'

describeInChromium('another site', () => {
  let stage: PageStage
  let elsewhere: Server
  let foreignUrl: string
  beforeAll(async () => {
    stage = await startPageStage()
    elsewhere = createServer((_request, response) => {
      response.setHeader('content-type', 'text/html; charset=utf-8')
      response.end('<!doctype html><title>Elsewhere</title>')
    }).listen(0, '127.0.0.1')
    await once(elsewhere, 'listening')
    // The same site as `localhost` on another port would get the cookie; another name does not.
    foreignUrl = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}`
  })
  afterAll(async () => {
    elsewhere.close()
    await stage[Symbol.asyncDispose]()
  })

  async function elsewhereInSameBrowser(url: string): Promise<{ mine: Page; foreign: Page }> {
    const mine = await stage.signedIn('alice')
    const foreign = await mine.context().newPage()
    await foreign.goto(url)
    return { mine, foreign }
  }
  const siblingUrl = (): string => foreignUrl.replace('127.0.0.1', 'localhost')

  it('cannot put the pages into a frame', async () => {
    const { foreign } = await elsewhereInSameBrowser(siblingUrl())
    for (const path of ['/account', '/login']) {
      const refused = foreign.waitForEvent('console', (message) => message.text().includes('frame-ancestors'))
      await foreign.evaluate(
        `document.body.append(Object.assign(document.createElement('iframe'), { src: '${stage.url}${path}' }))`,
      )
      await refused
    }
    const frames = foreign.frames().slice(1)
    expect(frames).toHaveLength(2)
    for (const frame of frames)
      expect(await frame.evaluate('document.body.textContent')).not.toContain('Curfew')
    await foreign.context().close()
  })

  it.each([
    ['of another site', () => foreignUrl],
    ['of a sibling on another port', siblingUrl],
  ])('%s can read nothing and end nothing', async (_, url) => {
    const { mine, foreign } = await elsewhereInSameBrowser(url())
    const reading = (path: string): Promise<string> =>
      foreign.evaluate(
        `fetch('${stage.url}${path}', { credentials: 'include' }).then((r) => r.text(), () => 'nothing')`,
      )
    for (const path of ['/session', '/sessions', '/session/events'])
      expect(await reading(path)).toBe('nothing')

    for (const path of ['/logout', '/sessions/revoke-others', '/session/elevate'])
      await foreign.evaluate(
        `fetch('${stage.url}${path}', { method: 'POST', mode: 'no-cors', credentials: 'include' }).catch(() => undefined)`,
      )
    const form = `document.body.append(Object.assign(document.createElement('form'), { method: 'post', action: '${stage.url}/logout' }))`
    await foreign.evaluate(form)
    await Promise.all([
      foreign.waitForNavigation(),
      foreign.evaluate(`document.querySelector('form').submit()`),
    ])
    await mine.reload()
    await accountShown(mine, 'alice')
    await mine.context().close()
  })

  it('has no window of ours that it opened, and ours runs no script that it did not serve', async () => {
    const { mine, foreign } = await elsewhereInSameBrowser(foreignUrl)
    const [popup] = await Promise.all([
      foreign.waitForEvent('popup'),
      foreign.evaluate(`void (window.opened = window.open('${stage.url}/login'))`),
    ])
    await popup.waitForLoadState()
    await expect.poll(() => foreign.evaluate('window.opened.closed')).toBe(true)

    stage.complaints()
    const ran = await mine.evaluate(`(async () => {
      // What the test itself evaluates is exempt from the policy, until it has waited for something.
      await new Promise((resolve) => setTimeout(resolve))
      const script = document.createElement('script')
      try { script.textContent = 'window.ran = true' } catch { /* Trusted Types */ }
      document.body.append(script)
      try { document.body.insertAdjacentHTML('beforeend', '<img src=x onerror="window.ran = true">') } catch { /* likewise */ }
      try { eval('window.ran = true') } catch { /* no unsafe-eval */ }
      await fetch('${foreignUrl}').catch(() => undefined)
      return window.ran === true
    })()`)
    expect(ran).toBe(false)
    expect(stage.complaints().length).toBeGreaterThan(1)
    await mine.context().close()
  })
})
