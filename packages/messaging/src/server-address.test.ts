import { describe, expect, it } from 'vitest'

import { inboxPrefix, parseServerAddress } from './server-address.ts'

describe('a NATS URL', () => {
  it('is taken apart into servers and credentials', () => {
    expect(parseServerAddress('nats://session:s3cret@127.0.0.1:4222')).toEqual({
      servers: ['127.0.0.1:4222'],
      credentials: { user: 'session', password: 's3cret' },
      tls: false,
    })
  })

  it('may name several servers, which share the credentials', () => {
    expect(parseServerAddress('tls://session:s3cret@a.example,b.example:4223,[::1]:4224')).toEqual({
      servers: ['a.example', 'b.example:4223', '[::1]:4224'],
      credentials: { user: 'session', password: 's3cret' },
      tls: true,
    })
  })

  it('may come without credentials', () => {
    expect(parseServerAddress('nats://localhost/')).toEqual({
      servers: ['localhost'],
      credentials: undefined,
      tls: false,
    })
  })

  it('may hold a password of any characters, percent-encoded', () => {
    const password = 'p@ss:w/rd %,#?'
    const { credentials } = parseServerAddress(`nats://session:${encodeURIComponent(password)}@127.0.0.1`)
    expect(credentials?.password).toBe(password)
  })

  it.each([
    '',
    '127.0.0.1:4222',
    'http://127.0.0.1:4222',
    'nats://',
    'nats://session@127.0.0.1',
    'nats://:s3cret@127.0.0.1',
    'nats://session:s3cret@',
    'nats://session:s3cret@a,',
    'nats://session:s3cret@a:4222:4223',
    'nats://session:s3cret@a:port',
    'nats://session:s3cret@a/path',
    'nats://session:s3cret@a?x=1',
    'nats://session:s3cret%zz@a',
    'nats://session:s3cret@a,nats://session:s3cret@b',
    'nats://session:s3cret@a\nb',
  ])('like %j is refused, without saying the password', (url) => {
    expect(() => parseServerAddress(url)).toThrow('must look like')
    expect(() => parseServerAddress(url)).not.toThrow('s3cret')
  })
})

describe('the inbox prefix of a user', () => {
  it('is one subject token, whatever the user is called', () => {
    expect(inboxPrefix('session')).toBe('_INBOX_session')
    expect(inboxPrefix('a.b>*')).toBe('_INBOX_a=2Eb=3E=2A')
  })
})
