import { PROBLEMS } from '@curfew/contracts'
import { describe, expect, it } from 'vitest'

import { Problem, problemBody } from './problem.ts'
import { problemOf } from './problem-of.ts'

const failure = (properties: object, message = 'inner text'): Error =>
  Object.assign(new Error(message), properties)

describe('what was thrown becomes', () => {
  it.each([
    ['an unknown error', new Error('inner text'), 'internal'],
    ['a string', 'inner text', 'internal'],
    ['nothing', undefined, 'internal'],
    ['null', null, 'internal'],
    ['an error that calls itself a status', failure({ statusCode: 404 }), 'internal'],
    [
      'an error of a client library with a status',
      failure({ status: 401, code: 'UND_ERR_RESPONSE' }),
      'internal',
    ],
    ['a lost Redis', failure({ code: 'REDIS_UNAVAILABLE' }), 'unavailable'],
    ['nobody to ask', failure({ name: 'RequestFailed', code: 'unavailable' }), 'unavailable'],
    ['an unknown outcome', failure({ name: 'RequestFailed', code: 'timeout' }), 'unavailable'],
    [
      'a question of ours that was malformed',
      failure({ name: 'RequestFailed', code: 'refused' }),
      'internal',
    ],
    ['an answer that was malformed', failure({ name: 'RequestFailed', code: 'malformed' }), 'internal'],
    ['a code of another class', failure({ code: 'unavailable' }), 'internal'],
    [
      'a framework limit',
      failure({ code: 'FST_ERR_CTP_BODY_TOO_LARGE', statusCode: 413 }),
      'payload-too-large',
    ],
    ['a framework fault', failure({ code: 'FST_ERR_SCH_VALIDATION_BUILD', statusCode: 500 }), 'internal'],
    ['a framework status without a code of ours', failure({ code: 'FST_X', statusCode: 418 }), 'internal'],
    ['a rate limit', failure({ statusCode: 429 }), 'too-many-requests'],
    [
      'a failed upstream',
      failure({ code: 'FST_REPLY_FROM_BAD_GATEWAY', statusCode: 502 }),
      'upstream-failed',
    ],
  ])('%s', (_, thrown, code) => {
    const problem = problemOf(thrown)
    expect(problem.code).toBe(code)
    expect(JSON.stringify(problemBody(problem, 'r1'))).not.toContain('inner text')
    expect(problem.cause).toBe(thrown)
  })

  it('what it is, when it is a problem', () => {
    const problem = new Problem('claim-spent')
    expect(problemOf(problem)).toBe(problem)
  })
})

describe('a problem', () => {
  it.each(Object.entries(PROBLEMS))('%s says what the table says', (code, { status, title }) => {
    const body = problemBody(new Problem(code as keyof typeof PROBLEMS), 'r1')
    expect(body).toEqual({ type: `urn:curfew:problem:${code}`, title, status, code, request_id: 'r1' })
  })

  it('carries a challenge with every 401 and a delay with every 429 and 503', () => {
    for (const code of Object.keys(PROBLEMS) as (keyof typeof PROBLEMS)[]) {
      const { headers, status } = new Problem(code)
      expect('www-authenticate' in headers).toBe(status === 401)
      expect('retry-after' in headers).toBe(status === 429 || status === 503)
    }
  })

  it('may set a challenge and a delay of its own', () => {
    const basic = new Problem('invalid-client', undefined, {
      headers: { 'www-authenticate': 'Basic realm="x"' },
    })
    expect(basic.headers).toEqual({ 'www-authenticate': 'Basic realm="x"' })
    const later = new Problem('unavailable', undefined, { headers: { 'retry-after': '5' } })
    expect(later.headers).toEqual({ 'retry-after': '5' })
  })
})
