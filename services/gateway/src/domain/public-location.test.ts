import { describe, expect, it } from 'vitest'

import { publicLocation } from './public-location.ts'

const place = {
  origin: 'http://10.0.0.7:8082',
  service: 'documents',
  host: 'app.example',
  prefix: '/api',
}

describe('a location that a service gives', () => {
  it.each([
    ['/documents/42', '/api/documents/42'],
    ['/documents', '/api/documents'],
    ['/documents?page=2#end', '/api/documents?page=2#end'],
    ['http://10.0.0.7:8082/documents/42?full=1', '/api/documents/42?full=1'],
    ['//10.0.0.7:8082/documents/42', '/api/documents/42'],
    ['https://app.example/documents/42', '/api/documents/42'],
    ['https://app.example/api/documents/42', '/api/documents/42'],
    ['http://10.0.0.7:8082/elsewhere', '/elsewhere'],
  ])('%s is %s at the gateway', (location, expected) => {
    expect(publicLocation(location, place)).toBe(expected)
    expect(publicLocation(location, { ...place, prefix: '/shop/api' })).toBe(
      expected.replace(
        '/api/documents',
        location.includes('/api/') ? '/api/documents' : '/shop/api/documents',
      ),
    )
  })

  it.each([
    '/api/documents/42',
    '/documentsother',
    '/login',
    '42',
    '../42',
    '?page=2',
    '#end',
    '',
    'https://idp.example/authorize',
    'http://10.0.0.7:9999/documents',
    'mailto:a@b.example',
    'http://[',
  ])('%j stays as it is', (location) => expect(publicLocation(location, place)).toBe(location))
})
