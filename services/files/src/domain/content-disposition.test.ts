import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { contentDisposition } from './content-disposition.ts'

describe('the name of a download', () => {
  it.each([
    ['report.pdf', 'attachment; filename="report.pdf"'],
    ['two words.txt', 'attachment; filename="two words.txt"'],
    ['Grüße.txt', `attachment; filename="Gr__e.txt"; filename*=UTF-8''Gr%C3%BC%C3%9Fe.txt`],
    ['日本.txt', `attachment; filename="__.txt"; filename*=UTF-8''%E6%97%A5%E6%9C%AC.txt`],
    ['👩‍🚀', `attachment; filename="___"; filename*=UTF-8''%F0%9F%91%A9%E2%80%8D%F0%9F%9A%80`],
    ['a"b.txt', `attachment; filename="a_b.txt"; filename*=UTF-8''a%22b.txt`],
    ["it's (1)*.txt", `attachment; filename="it's (1)*.txt"`],
    ['100%.txt', `attachment; filename="100_.txt"; filename*=UTF-8''100%25.txt`],
    ["ü'(*).txt", `attachment; filename="_'(*).txt"; filename*=UTF-8''%C3%BC%27%28%2A%29.txt`],
  ])('%s is written %s', (name, header) => expect(contentDisposition(name)).toBe(header))

  it('that there is none of leaves it to the browser', () => {
    expect(contentDisposition(undefined)).toBe('attachment')
  })

  it('cannot be read backwards to hide its extension', () => {
    expect(contentDisposition('photo\u202Egpj.exe')).toBe('attachment; filename="photo_gpj.exe"')
  })

  it('stays within its header, whatever it is, and comes back as it was', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        const header = contentDisposition(name)
        expect(header).toMatch(/^attachment; filename="[^"\\%]*"(; filename\*=UTF-8''[\w.!#$&+^`|~%-]*)?$/)
        expect(header).toMatch(/^[ -~]*$/)
        const [, encoded] = /filename\*=UTF-8''(.*)$/.exec(header) ?? []
        const [, plain] = /filename="(.*)"$/.exec(header) ?? []
        const read = encoded === undefined ? plain : decodeURIComponent(encoded)
        expect(read).toBe(name.toWellFormed().replace(/[\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/g, '_'))
      }),
    )
  })
})
