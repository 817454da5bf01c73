import { assert, property, string, webQueryParameters } from 'fast-check'
import { describe, expect, it } from 'vitest'

import { upstreamPath } from './api-path.ts'

describe('an honest path', () => {
  it.each([
    ['/api/documents', '/documents'],
    ['/api/documents/', '/documents/'],
    ['/api/documents/42', '/documents/42'],
    ['/api/documents/42/download', '/documents/42/download'],
    ['/api/documents?limit=1&limit=2', '/documents?limit=1&limit=2'],
    ['/api/documents/42?', '/documents/42?'],
    ['/api/documents/42?next=/../x&q=%2e%2e%2f', '/documents/42?next=/../x&q=%2e%2e%2f'],
    ['/api/documents/a%20b', '/documents/a%20b'],
    ['/api/documents/%C3%A9', '/documents/%C3%A9'],
    ['/api/documents/100%25', '/documents/100%25'],
    ['/api/documents/100%252525', '/documents/100%252525'],
    ['/api/documents/a.b..c', '/documents/a.b..c'],
    ['/api/documents/...', '/documents/...'],
    ['/api/documents/.well-known/jwks.json', '/documents/.well-known/jwks.json'],
    ["/api/documents/a;v=1/b@c:d!$&'()*+,=~", "/documents/a;v=1/b@c:d!$&'()*+,=~"],
    ['/api/documents/auth0%7C5f7c', '/documents/auth0%7C5f7c'],
    ['/api/documents/a[0]|b^c', '/documents/a[0]|b^c'],
    ['/api/documents/42?filter[name]=a|b', '/documents/42?filter[name]=a|b'],
  ])('%s goes on as %s', (target, path) => expect(upstreamPath(target, 'documents')).toBe(path))

  it('keeps any query that a browser can send as it is', () => {
    assert(
      property(webQueryParameters(), (query) => {
        expect(upstreamPath(`/api/documents/1?${query}`, 'documents')).toBe(`/documents/1?${query}`)
      }),
    )
  })
})

describe('an encoded slash', () => {
  it.each(['/api/documents/a%2Fb', '/api/documents/group%2fproject/files', '/api/documents/a%2Fb%2Fc%20d'])(
    'is a part of a segment for a service that reads it so: %s',
    (target) => {
      expect(upstreamPath(target, 'documents', true)).toBe(target.slice('/api'.length))
      expect(upstreamPath(target, 'documents')).toBeUndefined()
    },
  )

  it.each([
    '/api/documents/..%2Ffiles',
    '/api/documents/a%2F..%2F..%2Ffiles',
    '/api/documents/a%2F%2e%2e',
    '/api/documents/%2Fetc',
    '/api/documents/a%2F%2Fb',
    '/api/documents/a%252Fb',
    '/api/documents/a%5Cb',
    '/api/documents/a%2F..;x',
  ])('does not climb, begin a path or hide another one even then: %s', (target) =>
    expect(upstreamPath(target, 'documents', true)).toBeUndefined(),
  )
})

const hostile = [
  // Out of the prefix, plainly and encoded.
  '/api/documents/..',
  '/api/documents/../x',
  '/api/documents/../../etc/passwd',
  '/api/documents/a/../../files/1',
  '/api/documents/.',
  '/api/documents/./1',
  '/api/documents/a/..',
  '/api/documents/%2e%2e',
  '/api/documents/%2e%2e/files',
  '/api/documents/%2E%2E/files',
  '/api/documents/.%2e/files',
  '/api/documents/%2e./files',
  '/api/documents/%2e',
  '/api/documents/%252e%252e/files',
  '/api/documents/%25252e%25252e/files',
  '/api/documents/%2525252525252e',
  // With parameters, as some servers cut them off before they look.
  '/api/documents/..;/files',
  '/api/documents/..;x=1/files',
  '/api/documents/.;/files',
  '/api/documents/%2e%2e;/files',
  '/api/documents/..%3b/files',
  // Separators in disguise.
  '/api/documents/..%2ffiles',
  '/api/documents/..%2Ffiles',
  '/api/documents/a%2f..%2f..%2ffiles',
  '/api/documents/..%252ffiles',
  '/api/documents/..\\files',
  '/api/documents/..%5cfiles',
  '/api/documents/a%5C..%5Cfiles',
  '/api/documents/%5c%5cfiles',
  '/api/documents/%255cfiles',
  // Overlong and broken UTF-8.
  '/api/documents/%c0%ae%c0%ae/files',
  '/api/documents/%c0%af',
  '/api/documents/%e0%80%af',
  '/api/documents/%ff',
  '/api/documents/%C3',
  // Empty segments.
  '/api/documents//1',
  '/api/documents//files/1',
  '/api/documents/1//',
  '/api/documents//',
  '/api/documents///evil.example/',
  // Another service, another prefix, another host.
  '/api/documentsx/1',
  '/api/documents.files/1',
  '/api/documents@evil.example/',
  '/api/documents:80/1',
  '/api/files/1',
  '/api/Documents/1',
  '/API/documents/1',
  '/api//documents/1',
  '//api/documents/1',
  '/api/%64ocuments/1',
  '/%61pi/documents/1',
  '/api/x/../documents/1',
  '/documents/1',
  'api/documents/1',
  '',
  '/',
  '*',
  'http://evil.example/api/documents/1',
  // What must come encoded, and what no reader agrees on.
  '/api/documents/a b',
  '/api/documents/a\tb',
  '/api/documents/a\0b',
  '/api/documents/a%00b',
  '/api/documents/a%0d%0aX-Evil:1',
  '/api/documents/a%2500b',
  '/api/documents/a%7fb',
  '/api/documents/\r\nHost: evil',
  '/api/documents/é',
  '/api/documents/a#b',
  '/api/documents/1#?x',
  '/api/documents/1?a#b',
  '/api/documents/1?é',
  '/api/documents/1?a b',
  '/api/documents/1?a\r\nb',
  '/api/documents/"<x>"',
  '/api/documents/{id}',
  '/api/documents/%',
  '/api/documents/%2',
  '/api/documents/%zz',
  '/api/documents/%u002e',
]

describe('a hostile path', () => {
  it.each(hostile)('%j is not passed on', (target) =>
    expect(upstreamPath(target, 'documents')).toBeUndefined(),
  )

  it('never leaves the service, however often what comes out is decoded and normalised', () => {
    const piece = string({ unit: 'grapheme-ascii', maxLength: 40 })
    assert(
      property(piece, (text) => {
        const path = upstreamPath(`/api/documents/${text}`, 'documents')
        if (path === undefined) return
        let seen = path.split('?')[0] ?? ''
        for (let times = 0; times < 4; times += 1) {
          expect(new URL(seen, 'http://upstream').pathname).toMatch(/^\/documents\//)
          seen = decodeLeniently(seen)
        }
      }),
      { numRuns: 2000 },
    )
  })
})

function decodeLeniently(text: string): string {
  return text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}
