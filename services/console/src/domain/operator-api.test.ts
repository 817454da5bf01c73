import { describe, expect, it } from 'vitest'

import { OPERATOR_CALLS, headersForApi, pathOf } from './operator-api.ts'

const grants = { method: 'GET', path: '/v1/subjects/:tenant/:user/grants' } as const

describe('the path of a call', () => {
  it('is put together of what the router has read', () => {
    expect(pathOf(grants, { tenant: 'acme', user: 'a@b.example' }, '?x=1')).toBe(
      '/v1/subjects/acme/a%40b.example/grants?x=1',
    )
    expect(pathOf(grants, { tenant: 'a/b', user: 'c?d#e' }, '')).toBe('/v1/subjects/a%2Fb/c%3Fd%23e/grants')
  })

  it.each(['', '.', '..', undefined])('is none with a parameter that is %j', (user) => {
    expect(pathOf(grants, { tenant: 'acme', user }, '')).toBeUndefined()
  })
})

describe('the calls of operators', () => {
  it('hold none that answers with a token', () => {
    const issuing = new Set([
      'POST /v1/sessions',
      'POST /v1/sessions/prepare',
      'POST /introspect',
      'POST /revoke',
    ])
    const passing = OPERATOR_CALLS.map(({ method, path }) => `${method} ${path}`)
    expect(passing.filter((call) => issuing.has(call))).toEqual([])
    expect(new Set(passing).size).toBe(passing.length)
  })

  it('bring neither cookies nor credentials of a browser', () => {
    expect(headersForApi({ cookie: 'x', authorization: 'Bearer x', 'if-match': '"1"' })).toEqual({
      'if-match': '"1"',
    })
  })
})
