/**
 * ④ Searches the audit trail, newest first.
 * Promise: a page costs a bounded number of reads however few events fit; what is stored is shown as it is stored.
 */
import { eventPosition, parseEventPosition, parseRecord, type AuditedEvent } from './audit-record.ts'
import type { AuditReader } from './audit-trail.ts'

export interface AuditFilter {
  readonly tenant?: string | undefined
  readonly actor?: string | undefined
  readonly user?: string | undefined
  readonly session?: string | undefined
  /** `login` stands for `login.refused` as well. */
  readonly type?: string | undefined
  readonly requestId?: string | undefined
}

export interface FoundEvent extends AuditedEvent {
  readonly position: string
}

export interface AuditPage {
  readonly events: readonly FoundEvent[]
  /** Position after which the next page begins; a page may be empty and still have a next one. */
  readonly next: string | undefined
}

const WINDOW = 128
const MAX_WINDOWS = 16

/** @param before only what stands before this position. */
export async function queryAudit(
  reader: AuditReader,
  filter: AuditFilter,
  { before, limit }: { readonly before: string | undefined; readonly limit: number },
): Promise<AuditPage> {
  const { first, last } = await reader.bounds()
  const start = before === undefined ? undefined : parseEventPosition(before)
  const events: FoundEvent[] = []
  let to = Math.min(last, start?.seq ?? last)
  for (let window = 0; window < MAX_WINDOWS && to >= first; window++) {
    const from = Math.max(first, to - WINDOW + 1)
    const stored = await reader.read(from, to)
    for (let seq = to; seq >= from; seq--) {
      const bytes = stored.get(seq)
      const found = (bytes === undefined ? undefined : parseRecord(bytes))?.events ?? []
      for (let index = found.length - 1; index >= 0; index--) {
        const position = eventPosition(seq, index)
        const event = found[index]
        if (event === undefined || (before !== undefined && position >= before)) continue
        if (!fits(event, filter)) continue
        events.push({ ...event, position })
        if (events.length === limit) return { events, next: position }
      }
    }
    to = from - 1
  }
  return { events, next: to >= first ? eventPosition(to + 1, 0) : undefined }
}

function fits(event: AuditedEvent, { type, ...equal }: AuditFilter): boolean {
  if (type !== undefined && event.type !== type && !event.type.startsWith(`${type}.`)) return false
  return Object.entries(equal).every(
    ([name, value]) => value === undefined || event[name as keyof AuditedEvent] === value,
  )
}
