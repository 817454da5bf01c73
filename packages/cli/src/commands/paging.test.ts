import { describe, expect, it } from 'vitest'

import { collectPages, type Page } from './paging.ts'

function pagesOf(...pages: readonly Page<number>[]) {
  return async (cursor: string | undefined): Promise<Page<number>> =>
    pages[cursor === undefined ? 0 : Number(cursor)] ?? { items: [], next: null }
}

describe('pages', () => {
  it('are read until nothing more comes, empty ones included', async () => {
    const read = pagesOf({ items: [1], next: '1' }, { items: [], next: '2' }, { items: [2], next: null })
    expect(await collectPages(10, read)).toEqual({ items: [1, 2], hasMore: false })
  })

  it('are read no further than asked for, and say that there is more', async () => {
    const read = pagesOf({ items: [1, 2, 3], next: null })
    expect(await collectPages(2, read)).toEqual({ items: [1, 2], hasMore: true })
    expect(await collectPages(3, read)).toEqual({ items: [1, 2, 3], hasMore: false })
    expect(await collectPages(1, pagesOf({ items: [1], next: '1' }))).toEqual({ items: [1], hasMore: true })
  })

  it('that lead in a circle end', async () => {
    const read = pagesOf({ items: [1], next: '1' }, { items: [2], next: '1' })
    expect(await collectPages(10, read)).toEqual({ items: [1, 2], hasMore: true })
  })
})
