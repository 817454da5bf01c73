/**
 * ④ What the audit trail stores: events, a few to a record, each record holding the hash of the one before it as stored.
 * Promise: altering, removing, inserting or swapping records breaks the chain where it was done.
 */
import { hash, randomBytes } from 'node:crypto'

import type { SecurityEvent } from '@curfew/contracts'
import { Type, type Static } from 'typebox'
import { Compile } from 'typebox/compile'

/** Who says that it happened. */
export type EventSource = 'session' | 'gateway'

export interface AuditedEvent extends SecurityEvent {
  readonly id: string
  readonly at: string
  readonly source: EventSource
}

/** The end of the trail: what the next record is chained to. */
export interface TrailHead {
  readonly seq: number
  readonly hash: string
  /** When its first event was taken; null before the first record. */
  readonly at: string | null
}

export const MAX_EVENTS_IN_RECORD = 64

/** Before the first record. */
export const NO_RECORD = 'A'.repeat(43)

const RecordSchema = Type.Object({
  v: Type.Literal(1),
  previous: Type.String({ pattern: '^[A-Za-z0-9_-]{43}$' }),
  previousAt: Type.Union([Type.String({ maxLength: 40 }), Type.Null()]),
  // Only what this code relies on: a trail outlives the versions of those who wrote it.
  events: Type.Array(
    Type.Object({
      id: Type.String(),
      at: Type.String(),
      source: Type.String(),
      type: Type.String(),
      actor: Type.String(),
      outcome: Type.String(),
    }),
    { minItems: 1, maxItems: MAX_EVENTS_IN_RECORD },
  ),
})
export type AuditRecord = Omit<Static<typeof RecordSchema>, 'events'> & { readonly events: AuditedEvent[] }

const record = Compile(RecordSchema)

export function formatRecord(events: readonly AuditedEvent[], after: TrailHead): string {
  return JSON.stringify({ v: 1, previous: after.hash, previousAt: after.at, events })
}

/** Undefined for what is no record of this version. */
export function parseRecord(stored: Uint8Array): AuditRecord | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(stored).toString('utf8'))
    return record.Check(value) ? (value as AuditRecord) : undefined
  } catch {
    return undefined
  }
}

/** Over the very bytes that are stored. */
export function hashOfRecord(stored: Uint8Array | string): string {
  return hash('sha256', stored, 'base64url')
}

export function newEventId(): string {
  return `evt_${randomBytes(16).toString('base64url')}`
}

/** Control characters, and what separates lines or turns the direction of text. */
const UNPRINTABLE = /[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu
/** Session and relay tokens, and JWTs: people paste them into reasons. */
const SECRETS = /cf[sr]_[A-Za-z0-9_-]{20,}|eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?/g

/** What people and programs wrote, as it may be kept: no secrets by their shape, and nothing that steers a terminal. */
export function keptText(text: string): string {
  return text.replace(SECRETS, '[redacted]').replace(UNPRINTABLE, '\ufffd')
}

/** Where an event stands: the sequence of its record and its place in it. Text comparison is comparison. */
export function eventPosition(seq: number, index: number): string {
  return `${String(seq).padStart(16, '0')}.${String(index).padStart(2, '0')}`
}

export function parseEventPosition(text: string): { seq: number; index: number } {
  const [seq, index] = text.split('.')
  return { seq: Number(seq), index: Number(index) }
}
