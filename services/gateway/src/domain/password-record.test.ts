import { describe, expect, it } from 'vitest'

import { currentHash, recordOf } from './password-record.ts'

const [first, second, third] = ['hash-1', 'hash-2', 'hash-3']

describe('the password that holds', () => {
  it('is that of the file until it is changed, and the changed one then', () => {
    expect(currentHash(first, undefined)).toBe(first)
    const changed = recordOf('mine', first, undefined)
    expect(currentHash(first, changed)).toBe('mine')
    expect(currentHash(first, recordOf('mine-2', first, changed))).toBe('mine-2')
  })

  it('is that of the file again when the operator has written another into it', () => {
    const changed = recordOf('mine', first, undefined)
    expect(currentHash(second, changed)).toBe(second)
    const again = recordOf('mine-2', second, changed)
    expect(currentHash(second, again)).toBe('mine-2')
    expect(currentHash(third, again)).toBe(third)
  })

  it('is the changed one also at a replica that still has an older file', () => {
    const changed = recordOf('mine', first, undefined)
    const again = recordOf('mine-2', second, changed)
    expect(currentHash(first, again)).toBe('mine-2')
  })

  it('is kept without a hash of the file, in bounded space', () => {
    let record = recordOf('mine', first, undefined)
    for (let reset = 0; reset < 100; reset += 1) record = recordOf('mine', `reset-${reset}`, record)
    expect(JSON.stringify(record).length).toBeLessThan(1_500)
    expect(JSON.stringify(record)).not.toContain('reset-99')
    expect(currentHash('reset-99', record)).toBe('mine')
  })
})
