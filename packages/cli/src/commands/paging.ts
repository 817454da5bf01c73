/** Reads pages until there is enough or nothing more. */

export interface Page<Item> {
  readonly items: readonly Item[]
  readonly next: string | null
}

export interface Collected<Item> {
  readonly items: readonly Item[]
  readonly hasMore: boolean
}

/** @param read answers the page that a cursor leads to; a page may be empty and still have a next one */
export async function collectPages<Item>(
  limit: number,
  read: (cursor: string | undefined) => Promise<Page<Item>>,
): Promise<Collected<Item>> {
  const items: Item[] = []
  const seen = new Set<string>()
  let cursor: string | undefined
  for (;;) {
    const page = await read(cursor)
    items.push(...page.items)
    if (items.length >= limit)
      return { items: items.slice(0, limit), hasMore: page.next !== null || items.length > limit }
    if (page.next === null) return { items, hasMore: false }
    // A server that leads in a circle would be asked for ever.
    if (seen.has(page.next)) return { items, hasMore: true }
    seen.add(page.next)
    cursor = page.next
  }
}
