/**
 * The descriptions of the interfaces in docs/openapi are what the services say of themselves. `pnpm docs:generate` writes them.
 */
import { expectJson, startTestSystem, type TestSystem } from '@curfew/test-kit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

interface Operation {
  readonly summary?: string
  readonly responses: Record<string, unknown>
}

interface Description {
  readonly openapi: string
  readonly paths: Record<string, Record<string, Operation>>
}

let system: TestSystem
beforeAll(async () => {
  system = await startTestSystem()
})
afterAll(() => system[Symbol.asyncDispose]())

describe.each(['gateway', 'session', 'documents'] as const)('the description of %s', (service) => {
  const served = async (): Promise<Description> =>
    expectJson(await fetch(`${system.services[service].url}/openapi.json`), 200)

  it('is what docs/openapi holds (pnpm docs:generate writes it)', async () => {
    const text = `${JSON.stringify(await served(), null, 2)}\n`
    await expect(text).toMatchFileSnapshot(`../../docs/openapi/${service}.json`)
  })

  it('names every operation, and what it answers', async () => {
    const { openapi, paths } = await served()
    expect(openapi).toBe('3.1.0')
    for (const [path, operations] of Object.entries(paths))
      for (const [method, { summary, responses }] of Object.entries(operations))
        expect([method, path, summary, Object.keys(responses).length > 1]).toEqual([
          method,
          path,
          expect.stringMatching(/^[A-Z]/),
          true,
        ])
  })

  it('describes each path by itself: what one call does is not said of another', async () => {
    const { paths } = await served()
    const summaries = Object.values(paths).flatMap((operations) => [
      ...new Set(Object.values(operations).map(({ summary }) => summary)),
    ])
    expect(summaries.filter((summary, at) => summaries.indexOf(summary) !== at)).toEqual([])
  })
})
