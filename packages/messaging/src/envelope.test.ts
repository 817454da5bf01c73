import { Type } from 'typebox'
import { describe, expect, it } from 'vitest'

import { readAnswer, readQuestion, writeAnswer, writeError, writeQuestion } from './envelope.ts'

const utf8 = new TextEncoder()
const bytes = (text: string): Uint8Array => utf8.encode(text)
const schema = Type.Object({ birth: Type.String({ minLength: 1 }) }, { additionalProperties: false })

describe('a question', () => {
  it('is read back as it was written', () => {
    const question = { birth: '000001.7' }
    expect(readQuestion(schema, bytes(writeQuestion(question)))).toEqual({ kind: 'read', value: question })
  })

  it.each([
    ['nothing', ''],
    ['no JSON', '{"birth":'],
    ['another type', '"000001.7"'],
    ['null', 'null'],
    ['a member missing', '{}'],
    ['a member too many', '{"birth":"000001.7","and":1}'],
    ['a member of the wrong type', '{"birth":1}'],
    ['a member that breaks its rule', '{"birth":""}'],
    ['an own __proto__', '{"birth":"000001.7","__proto__":{"x":1}}'],
    ['bytes that are not text', '\u0000\ufffd'],
  ])('of %s is malformed', (_, text) => {
    expect(readQuestion(schema, bytes(text))).toEqual({ kind: 'malformed' })
  })
})

it.each([[0xe9], [0xff], [0xed, 0xa0, 0x80], [0xc0, 0xae], [0xf4, 0x90, 0x80, 0x80]])(
  'a question or an answer with the bytes %j, which are not UTF-8, is malformed and never repaired',
  (...broken) => {
    const around = (before: string, after: string): Uint8Array =>
      Buffer.concat([bytes(before), Uint8Array.from(broken), bytes(after)])
    expect(readQuestion(schema, around('{"birth":"', '"}'))).toEqual({ kind: 'malformed' })
    expect(readAnswer(schema, around('{"ok":{"birth":"', '"}}'))).toEqual({ kind: 'malformed' })
  },
)

describe('an answer', () => {
  it('is read back as it was written', () => {
    const answer = { birth: '000001.7' }
    expect(readAnswer(schema, bytes(writeAnswer(answer)))).toEqual({ kind: 'read', value: answer })
  })

  it.each(['unavailable', 'malformed'] as const)('may be the error %s', (error) => {
    expect(readAnswer(schema, bytes(writeError(error)))).toEqual({ kind: 'error', error })
  })

  it.each([
    ['nothing', ''],
    ['no JSON', '{"ok":'],
    ['no envelope', '{"birth":"000001.7"}'],
    ['an empty envelope', '{}'],
    ['a list', '[{"ok":{"birth":"000001.7"}}]'],
    ['null', 'null'],
    ['an answer of another shape', '{"ok":{"birth":7}}'],
    ['an answer with a member too many', '{"ok":{"birth":"000001.7","and":1}}'],
    ['an answer and an error', '{"ok":{"birth":"000001.7"},"error":"unavailable"}'],
    ['an error that nobody knows', '{"error":"forbidden"}'],
    ['an error that is no word', '{"error":{"unavailable":true}}'],
    ['an envelope with a member too many', '{"error":"unavailable","why":"…"}'],
  ])('of %s is malformed', (_, text) => {
    expect(readAnswer(schema, bytes(text))).toEqual({ kind: 'malformed' })
  })
})
