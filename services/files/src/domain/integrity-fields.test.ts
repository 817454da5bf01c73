import { hash } from 'node:crypto'

import { expect, it } from 'vitest'

import { demandedDigests } from './integrity-fields.ts'

const SHA256 = hash('sha256', 'x', 'base64')
const SHA512 = hash('sha512', 'x', 'base64')
const sha256 = { algorithm: 'sha-256', base64: SHA256 }
const sha512 = { algorithm: 'sha-512', base64: SHA512 }

it.each([
  [`sha-256=:${SHA256}:`, [sha256]],
  [`sha-512=:${SHA512}:`, [sha512]],
  [`sha-256=:${SHA256}:, sha-512=:${SHA512}:`, [sha256, sha512]],
  [`\tsha-256=:${SHA256}:;q=1;  flag , sha-512=:${SHA512}: `, [sha256, sha512]],
  ['', []],
  ['md5=:AAAA:', []],
  [`md5=:AAAA:,sha-256=:${SHA256}:`, [sha256]],
  [`x="a\\",sha-256=:AAAA:", sha-256=:${SHA256}:`, [sha256]],
  ['crc32c=?1, unixsum=30637, other;a=1, token=abc/def', []],
  [`sha-256=:${hash('sha256', 'y', 'base64')}:, sha-256=:${SHA256}:`, [sha256]],
])('%s demands %j', (field, demanded) => {
  expect(demandedDigests(field)).toEqual(demanded)
})

it.each([
  'sha-256',
  'sha-256=',
  `sha-256=${SHA256}`,
  'sha-256=::',
  'sha-256=:AAAA:',
  `sha-256=:${SHA512}:`,
  `sha-256="${SHA256}"`,
  `SHA-256=:${SHA256}:`,
  `sha-256=:${SHA256}:,`,
  `,sha-256=:${SHA256}:`,
  `sha-256=:${SHA256}: sha-512=:${SHA512}:`,
  `sha-256 = :${SHA256}:`,
  'x="open',
  'grüße=1',
])('%s is a fault', (field) => {
  expect(demandedDigests(field)).toBeUndefined()
})

it('a field of any length is read in no time', { timeout: 2_000 }, () => {
  demandedDigests('a;b;c;d;'.repeat(2_000))
  demandedDigests(`x="${'\\"'.repeat(8_000)}`)
  expect(demandedDigests('a,'.repeat(8_000))).toBeUndefined()
})
