/** ④ An audit trail in memory for unit tests, and ways to tamper with it. */
import { isoTime, type SecurityEvent } from '@curfew/contracts'

import { formatRecord, hashOfRecord, NO_RECORD, type AuditedEvent, type TrailHead } from './audit-record.ts'
import type { AuditReader } from './audit-trail.ts'

export class TrailForTest implements AuditReader {
  readonly stored = new Map<number, Uint8Array>()
  first = 1
  last = 0
  reads = 0
  #head: TrailHead = { seq: 0, hash: NO_RECORD, at: null }

  get head(): TrailHead {
    return this.#head
  }

  add(...events: readonly Partial<AuditedEvent>[]): void {
    const at = isoTime(this.last * 1_000)
    const full = events.map((event, index) => ({
      ...eventForTest(`${this.last + 1}-${index}`, at),
      ...event,
    }))
    const record = formatRecord(full, this.#head)
    this.last += 1
    this.stored.set(this.last, Buffer.from(record))
    this.#head = { seq: this.last, hash: hashOfRecord(record), at }
  }

  alter(seq: number, change: (text: string) => string): void {
    this.stored.set(seq, Buffer.from(change(Buffer.from(this.stored.get(seq) ?? []).toString())))
  }

  bounds = async (): Promise<{ first: number; last: number }> => ({ first: this.first, last: this.last })

  read = async (from: number, to: number): Promise<Map<number, Uint8Array>> => {
    this.reads += to - from + 1
    return new Map([...this.stored].filter(([seq]) => seq >= from && seq <= to))
  }
}

function eventForTest(id: string, at: string): AuditedEvent {
  const event: SecurityEvent = { type: 'session.created', actor: 'acme/alice', outcome: 'done' }
  return { id, at, source: 'session', ...event }
}
