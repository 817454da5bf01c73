import { describe, expect, it } from 'vitest'

import { createRouteMethods } from './route-methods.ts'

const routes = createRouteMethods()
routes.add('/', 'GET')
routes.add('/documents', 'GET')
routes.add('/documents', ['POST', 'HEAD'])
routes.add('/documents/:id', ['GET', 'DELETE'])
routes.add('/documents/:id/download', 'POST')
routes.add('/api/*', ['GET', 'PUT'])

describe('the methods of a path', () => {
  it.each([
    ['/', ['GET']],
    ['/documents', ['GET', 'HEAD', 'POST']],
    ['/documents/42', ['DELETE', 'GET']],
    ['/documents/%2F', ['DELETE', 'GET']],
    ['/documents/42/download', ['POST']],
    ['/api/', ['GET', 'PUT']],
    ['/api/a/b/c', ['GET', 'PUT']],
  ])('%s are those of its routes', (path, methods) => expect(routes.of(path)).toEqual(methods))

  it('are not those of a wider pattern where a gap is in it', () => {
    const gapped = createRouteMethods()
    gapped.add('/*', 'GET')
    gapped.add('/api/*', 'GET', true)
    gapped.add('/api/login', 'POST')
    expect(['/views', '/api', '/api/login', '/api/nope', '/api/'].map((path) => gapped.of(path))).toEqual([
      ['GET'],
      ['GET'],
      ['POST'],
      [],
      [],
    ])
  })

  it.each([
    '',
    '/nope',
    '/documents/',
    '/documents//download',
    '/documents/42/download/x',
    '/api',
    '//',
    '*',
  ])('%j are none, for no route fits', (path) => expect(routes.of(path)).toEqual([]))
})
