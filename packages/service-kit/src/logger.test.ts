import { onBehalfOf } from '@curfew/contracts'
import { describe, expect, it } from 'vitest'

import { createLogger, type Logger } from './logger.ts'

function capture(): { logger: Logger; lines: string[]; last: () => Record<string, unknown> } {
  const lines: string[] = []
  const logger = createLogger(
    { service: 'session', level: 'debug' },
    { write: (line) => void lines.push(line) },
  )
  return { logger, lines, last: () => JSON.parse(lines.at(-1) ?? '') as Record<string, unknown> }
}

const TOKEN = `cfs_${'A'.repeat(65)}`
const JWT = 'eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl'

describe('a line', () => {
  it('says when, which service and which event', () => {
    const { logger, last } = capture()
    logger.info({ event: 'session.created', sessionId: 'abc' })
    expect(last()).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      service: 'session',
      event: 'session.created',
      sessionId: 'abc',
    })
  })

  it('of a library that knows no events has one too', () => {
    const { logger, last } = capture()
    logger.info('Server listening')
    expect(last()).toMatchObject({ event: 'text', msg: 'Server listening' })
  })

  it('says on whose request it was written, once, wherever that is known from', () => {
    const { logger, lines, last } = capture()
    logger.info({ event: 'x' })
    expect(last()).not.toHaveProperty('requestId')
    onBehalfOf('r1', () => logger.child({ part: 'a' }).info({ event: 'x' }))
    expect(last()).toMatchObject({ requestId: 'r1', part: 'a' })
    onBehalfOf('r1', () => logger.info({ event: 'x', requestId: 'r2' }))
    expect(last()).toMatchObject({ requestId: 'r2' })
    onBehalfOf('r1', () => logger.child({ requestId: 'r3' }).child({ part: 'a' }).info({ event: 'x' }))
    expect(last()).toMatchObject({ requestId: 'r3' })
    for (const line of lines) expect(line.split('"requestId"').length).toBeLessThanOrEqual(2)
  })

  it('stays one line whatever is logged', () => {
    const { logger, lines, last } = capture()
    const hostile = '\n{"level":"fatal","event":"forged"}\r\u001b[31m\u009b2J\u2028\u202e\u2066"'
    logger.info({ event: 'x', reason: hostile })
    expect(lines).toHaveLength(1)
    expect(lines[0]?.trimEnd()).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}]/u)
    expect(last()).toMatchObject({ reason: hostile })
  })
})

describe('a secret is not written', () => {
  it.each([
    'authorization',
    'Authorization',
    'cookie',
    'set-cookie',
    'password',
    'token',
    'access_token',
    'client_secret',
    'csrfToken',
    'X-CSRF-Token',
    'claim',
    'secret',
    'privateJwk',
  ])('under the name %s, at any depth', (name) => {
    const { logger, lines } = capture()
    logger.info({ event: 'x', [name]: 'hunter2' })
    logger.info({ event: 'x', request: { headers: { [name]: ['hunter2'] } } })
    logger.info({ event: 'x', list: [{ [name]: { value: 'hunter2' } }] })
    logger
      .child({ [name]: 'hunter2' })
      .child({ request: { [name]: 'hunter2' } })
      .info({ event: 'x' })
    expect(lines).toHaveLength(4)
    expect(lines.join('')).not.toContain('hunter2')
  })

  it.each([
    ['a session token', TOKEN],
    ['a relay token', TOKEN.replace('cfs', 'cfr')],
    ['a claim', JWT],
    ['a query string', 'GET /files/1?claim=abc&x=hunter2 failed'],
    ['a password in a URL', 'cannot connect to nats://session:hunter2@127.0.0.1:4222'],
  ])('that is %s, wherever it stands', (_, text) => {
    const { logger, lines } = capture()
    logger.info(text)
    logger.info({ event: 'x', reason: text })
    logger.info({ event: 'x', list: [[text]] })
    logger.error({ event: 'x', err: new Error(text, { cause: new Error(text) }) })
    logger.child({ note: text }).info({ event: 'x' })
    expect(lines).toHaveLength(5)
    for (const line of lines) JSON.parse(line)
    expect(lines.join('')).not.toMatch(/hunter2|AAAA|eyJ/)
  })

  it('that a client library hung on its error', () => {
    const { logger, lines, last } = capture()
    const error = Object.assign(new Error('WRONGTYPE'), {
      code: 'X',
      command: { name: 'set', args: ['key', 'hunter2'] },
    })
    logger.error({ event: 'x', err: error })
    expect(last()).toMatchObject({ err: { type: 'Error', message: 'WRONGTYPE', code: 'X' } })
    logger.error(error)
    logger.error({ event: 'x', failure: error, nested: { error } })
    logger.error({ event: 'x', err: new Error('outer', { cause: error }) })
    logger.error({ event: 'x', err: new AggregateError([error], 'all failed') })
    expect(last()).toMatchObject({ err: { cause: { message: 'WRONGTYPE' } } })
    expect(lines.join('')).not.toContain('hunter2')
  })

  it('that was thrown without an error around it', () => {
    const { logger, lines } = capture()
    logger.error({ event: 'x', err: 'hunter2' })
    logger.error({ event: 'x', err: new Error('outer', { cause: 'hunter2' }) })
    expect(lines.join('')).not.toContain('hunter2')
  })

  it('that belongs to a whole request', () => {
    const { logger, last } = capture()
    const req = { method: 'GET', id: 'r1', url: '/?token=hunter2', headers: { cookie: 'hunter2' } }
    logger.info({ event: 'x', req })
    expect(last()['req']).toEqual({ method: 'GET', id: 'r1' })
  })
})

describe('what is not secret stays readable', () => {
  it.each(['why did this happen? because=nothing', 'documents:read', 'alice@example.com', '127.0.0.1:4222'])(
    '%s',
    (text) => {
      const { logger, last } = capture()
      logger.info({ event: 'x', reason: text })
      expect(last()).toMatchObject({ reason: text })
    },
  )

  it('an error that refers to itself ends', () => {
    const { logger, last } = capture()
    const error = new Error('circle')
    error.cause = error
    logger.error({ event: 'x', err: error })
    expect(last()).toMatchObject({ err: { message: 'circle' } })
  })
})
