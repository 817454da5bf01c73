import { describe, expect, it } from 'vitest'

import { baseUrl } from './addresses.ts'

const strict = { isPlainHttpAllowed: false }

describe('an address', () => {
  it.each([
    ['https://curfew.example/', 'https://curfew.example'],
    ['https://curfew.example/authority/', 'https://curfew.example/authority'],
    ['http://127.0.0.1:8081', 'http://127.0.0.1:8081'],
    ['http://[::1]:8081', 'http://[::1]:8081'],
    ['http://localhost:8081/', 'http://localhost:8081'],
  ])('%s is kept as %s', (text, kept) => {
    expect(baseUrl(text, strict)).toBe(kept)
  })

  it.each([
    'curfew.example',
    'ftp://curfew.example',
    'https://user:secret@curfew.example',
    'https://curfew.example/?a=b',
    'https://curfew.example/#a',
    'http://curfew.example',
    'http://127.0.0.1.evil.example',
    'http://localhost.evil.example',
  ])('%s is refused', (text) => {
    expect(() => baseUrl(text, strict)).toThrow(/address|encrypted|credentials/)
  })

  it('may be unencrypted where that has been said', () => {
    expect(baseUrl('http://session:8081', { isPlainHttpAllowed: true })).toBe('http://session:8081')
  })
})
