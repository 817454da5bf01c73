import { expect, it } from 'vitest'

import { formFields } from './form-bodies.ts'

it.each<[string, Record<string, string>]>([
  ['', {}],
  ['a=1&b=&c&&d=x=y', { a: '1', b: '', c: '', d: 'x=y' }],
  ['a+b=c%2Bd+e', { 'a b': 'c+d e' }],
  ['n=Gr%C3%BC%C3%9Fe', { n: 'Grüße' }],
  ['n=Grüße', { n: 'Grüße' }],
])('%j is a form', (text, fields) => expect(formFields(Buffer.from(text))).toEqual(fields))

it.each([
  ['a byte that is no UTF-8', Buffer.from('n=\xe9', 'latin1')],
  ['one that is percent-encoded', Buffer.from('n=%E9')],
  ['half a surrogate pair', Buffer.from('n=%ED%A0%80')],
  ['a percent sign alone', Buffer.from('n=100%')],
  ['a name that comes twice', Buffer.from('a=1&%61=2')],
])('%s makes it none', (_, body) => expect(formFields(body)).toBeUndefined())

it('keeps a name that objects have already', () =>
  expect(Object.entries(formFields(Buffer.from('__proto__=x')) ?? {})).toEqual([['__proto__', 'x']]))
