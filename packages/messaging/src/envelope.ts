/**
 * The shape of every answer on the wire: `{"ok": …}` or `{"error": "unavailable" | "malformed"}`.
 * Promise: bytes from the network become a checked value or are called malformed; nothing in between gets in.
 */
import type { Static, TSchema } from 'typebox'
import { Compile } from 'typebox/compile'

export type AnswerError = 'unavailable' | 'malformed'

export type Reading<T> = { readonly kind: 'read'; readonly value: T } | { readonly kind: 'malformed' }
export type AnswerReading<T> = Reading<T> | { readonly kind: 'error'; readonly error: AnswerError }

const MALFORMED = { kind: 'malformed' } as const
const checks = new WeakMap<TSchema, (value: unknown) => boolean>()

/** True when the value has the shape; the check is compiled at first use. */
export function conforms<T extends TSchema>(schema: T, value: unknown): value is Static<T> {
  let check = checks.get(schema)
  if (check === undefined) {
    const compiled = Compile(schema)
    check = (candidate) => compiled.Check(candidate)
    checks.set(schema, check)
  }
  return check(value)
}

export function writeQuestion(question: unknown): string {
  return JSON.stringify(question)
}

export function readQuestion<Q extends TSchema>(schema: Q, bytes: Uint8Array): Reading<Static<Q>> {
  const value = parse(bytes)
  return conforms(schema, value) ? { kind: 'read', value } : MALFORMED
}

export function writeAnswer(answer: unknown): string {
  return JSON.stringify({ ok: answer })
}

export function writeError(error: AnswerError): string {
  return JSON.stringify({ error })
}

export function readAnswer<A extends TSchema>(schema: A, bytes: Uint8Array): AnswerReading<Static<A>> {
  const envelope = parse(bytes)
  if (typeof envelope !== 'object' || envelope === null || Object.keys(envelope).length !== 1)
    return MALFORMED
  if ('error' in envelope) {
    const { error } = envelope
    return error === 'unavailable' || error === 'malformed' ? { kind: 'error', error } : MALFORMED
  }
  if (!('ok' in envelope)) return MALFORMED
  return conforms(schema, envelope.ok) ? { kind: 'read', value: envelope.ok } : MALFORMED
}

/** Bytes that are not UTF-8 are no value; repaired, two that differ would become the same. */
const utf8 = new TextDecoder('utf-8', { fatal: true })

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(utf8.decode(bytes))
  } catch {
    return undefined
  }
}
