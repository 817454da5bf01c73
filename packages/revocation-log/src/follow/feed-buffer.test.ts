import { describe, expect, it } from 'vitest'

import { FeedBuffer } from './feed-buffer.ts'

describe('FeedBuffer', () => {
  it('gives each message once, whatever the order of arrival', () => {
    const buffer = new FeedBuffer()
    buffer.put(3, 'three')
    buffer.put(2, 'two')
    buffer.put(2, 'two again')
    expect(buffer.take(1)).toBeUndefined()
    expect(buffer.take(2)).toBe('two')
    expect(buffer.take(2)).toBeUndefined()
    expect(buffer.size).toBe(1)
  })

  it('holds no more entries than its bound and says that it turned one away', () => {
    const buffer = new FeedBuffer({ entries: 2, characters: 1_000 })
    for (const seq of [1, 2, 3]) buffer.put(seq, 'x')
    expect(buffer.size).toBe(2)
    expect(buffer.overflowed).toBe(true)
    expect(buffer.take(3)).toBeUndefined()
  })

  it('holds no more text than its bound, and has room again when some was taken', () => {
    const buffer = new FeedBuffer({ entries: 10, characters: 10 })
    buffer.put(1, '12345678')
    buffer.put(2, '123')
    expect(buffer.overflowed).toBe(true)
    buffer.take(1)
    buffer.put(3, '1234567890')
    expect(buffer.take(3)).toBe('1234567890')
  })

  it('forgets what was applied by other means', () => {
    const buffer = new FeedBuffer({ entries: 10, characters: 4 })
    for (const seq of [1, 2, 3, 4]) buffer.put(seq, 'x')
    buffer.dropThrough(3)
    expect(buffer.size).toBe(1)
    for (const seq of [5, 6, 7]) buffer.put(seq, 'x')
    expect(buffer.overflowed).toBe(false)
  })

  it('starts afresh when cleared', () => {
    const buffer = new FeedBuffer({ entries: 1, characters: 4 })
    buffer.put(1, 'x')
    buffer.put(2, 'x')
    buffer.clear()
    expect(buffer.overflowed).toBe(false)
    buffer.put(3, 'wxyz')
    expect(buffer.take(3)).toBe('wxyz')
  })
})
