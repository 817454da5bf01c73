import type { TenantId } from '@curfew/contracts'
import { beforeEach, describe, expect, it } from 'vitest'

import { createHeavyReads, type HeavyReads } from './heavy-reads.ts'

const [ACME, GLOBEX, INITECH] = ['acme', 'globex', 'initech'] as TenantId[] as [TenantId, TenantId, TenantId]

let heavyReads: HeavyReads
let begun: string[]
let ends: Map<string, PromiseWithResolvers<string>>
beforeEach(() => {
  heavyReads = createHeavyReads()
  begun = []
  ends = new Map()
})

/** A read that ends when the test says so. */
function read(tenant: TenantId, name: string): Promise<string> {
  const end = Promise.withResolvers<string>()
  ends.set(name, end)
  return heavyReads(tenant, () => {
    begun.push(name)
    return end.promise
  })
}

const finish = async (name: string, reading: Promise<string>): Promise<void> => {
  ends.get(name)?.resolve(name)
  expect(await reading).toBe(name)
}

describe('heavy reads', () => {
  it('run one at a time for each tenant, in the order of their arrival', async () => {
    const [first, second] = [read(ACME, 'first'), read(ACME, 'second')]
    const third = read(ACME, 'third')
    expect(begun).toEqual(['first'])
    await finish('first', first)
    expect(begun).toEqual(['first', 'second'])
    await finish('second', second)
    await finish('third', third)
  })

  it('run two at a time in all, and a waiting tenant is not held up by the queue of another', async () => {
    const first = read(ACME, 'acme-1')
    const rest = Array.from({ length: 8 }, (_, index) => read(ACME, `acme-${index + 2}`))
    const other = read(GLOBEX, 'globex')
    const last = read(INITECH, 'initech')
    expect(begun).toEqual(['acme-1', 'globex'])
    await finish('globex', other)
    expect(begun).toEqual(['acme-1', 'globex', 'initech'])
    await finish('initech', last)
    await finish('acme-1', first)
    for (const [index, reading] of rest.entries()) await finish(`acme-${index + 2}`, reading)
  })

  it('are refused with 429 and a delay when eight of the tenant wait, or sixteen of all', async () => {
    const refusal = { code: 'too-many-requests', headers: { 'retry-after': '2' } }
    for (const [tenant, count] of [
      [ACME, 9],
      [GLOBEX, 9],
    ] as const) {
      for (let index = 0; index < count; index++) void read(tenant, `${tenant}-${index}`)
      await expect(read(tenant, 'too many')).rejects.toMatchObject(refusal)
    }
    await expect(read(INITECH, 'too many')).rejects.toMatchObject(refusal)
    expect(begun).toEqual(['acme-0', 'globex-0'])
  })

  it('give their place back when they fail', async () => {
    const [failing, next] = [read(ACME, 'failing'), read(ACME, 'next')]
    ends.get('failing')?.reject(new Error('lost'))
    await expect(failing).rejects.toThrow('lost')
    await finish('next', next)
  })
})
