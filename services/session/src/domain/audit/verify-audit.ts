/**
 * ④ Checks a stretch of the audit trail against itself and against what was known of its end elsewhere.
 * Promise: a record that was altered, removed, inserted or cut off is named; a stretch costs a bounded number of reads.
 */
import { timeOf } from '@curfew/contracts'

import { hashOfRecord, NO_RECORD, parseRecord, type TrailHead } from './audit-record.ts'
import type { AuditReader } from './audit-trail.ts'

export type AuditFault =
  | 'missing'
  | 'unreadable'
  /** What stands before it is not what it was written after. */
  | 'not-chained'
  /** It is not what was known elsewhere to stand there. */
  | 'not-anchored'
  /** The trail was known elsewhere to reach this far. */
  | 'cut-off'
  /** What stood before it is gone and was not old enough to go. */
  | 'removed-early'

export interface AuditVerification {
  readonly first: number
  readonly last: number
  readonly checked: number
  readonly faults: readonly { readonly seq: number; readonly fault: AuditFault }[]
  /** Sequence at which to go on. */
  readonly next: number | undefined
}

export interface VerifyOptions {
  readonly from: number | undefined
  readonly anchors: readonly Omit<TrailHead, 'at'>[]
  readonly nowMs: number
  readonly retentionMs: number
}

const WINDOW = 256
const MAX_WINDOWS = 16
const MAX_FAULTS = 100
/** Clocks of those who write, and of the server that removes what is old, may be this far apart. */
const CLOCK_SLACK_MS = 300_000

export async function verifyAudit(reader: AuditReader, options: VerifyOptions): Promise<AuditVerification> {
  const { first, last } = await reader.bounds()
  const faults: { seq: number; fault: AuditFault }[] = await anchorFaults(reader, { first, last }, options)
  const start = Math.max(first, options.from ?? first)
  let before = await hashBefore(reader, start, first)
  let seq = start
  for (let window = 0; window < MAX_WINDOWS && seq <= last && faults.length < MAX_FAULTS; window++) {
    const to = Math.min(last, seq + WINDOW - 1)
    const stored = await reader.read(seq, to)
    for (; seq <= to; seq++) {
      const bytes = stored.get(seq)
      const fault = faultOf(bytes, before, { isFirst: seq === first, ...options, seq })
      if (fault !== undefined) faults.push({ seq, fault })
      before = bytes === undefined ? undefined : hashOfRecord(bytes)
    }
  }
  return {
    first,
    last,
    checked: seq - start,
    faults: (await withoutAged(reader, faults)).slice(0, MAX_FAULTS),
    next: seq <= last ? seq : undefined,
  }
}

interface Place {
  readonly seq: number
  readonly isFirst: boolean
  readonly nowMs: number
  readonly retentionMs: number
}

/** @param before undefined where it is not known or has been named as missing. */
function faultOf(
  bytes: Uint8Array | undefined,
  before: string | undefined,
  { seq, isFirst, nowMs, retentionMs }: Place,
): AuditFault | undefined {
  if (bytes === undefined) return 'missing'
  const parsed = parseRecord(bytes)
  if (parsed === undefined) return 'unreadable'
  if (before !== undefined && parsed.previous !== before) return 'not-chained'
  if (!isFirst || seq === 1) return undefined
  const goneAtMs = parsed.previousAt === null ? Number.NaN : timeOf(parsed.previousAt)
  const isOldEnough = nowMs - goneAtMs > retentionMs - CLOCK_SLACK_MS
  return isOldEnough ? undefined : 'removed-early'
}

/** What has become too old while it was looked at is not missing. */
async function withoutAged<T extends { readonly seq: number; readonly fault: AuditFault }>(
  reader: AuditReader,
  faults: readonly T[],
): Promise<readonly T[]> {
  if (!faults.some(({ fault }) => fault === 'missing')) return faults
  const { first } = await reader.bounds()
  return faults.filter(({ seq, fault }) => fault !== 'missing' || seq >= first)
}

async function hashBefore(reader: AuditReader, seq: number, first: number): Promise<string | undefined> {
  if (seq === 1) return NO_RECORD
  if (seq <= first) return undefined
  const bytes = (await reader.read(seq - 1, seq - 1)).get(seq - 1)
  return bytes === undefined ? undefined : hashOfRecord(bytes)
}

async function anchorFaults(
  reader: AuditReader,
  { first, last }: { readonly first: number; readonly last: number },
  { anchors }: VerifyOptions,
): Promise<{ seq: number; fault: AuditFault }[]> {
  const faults: { seq: number; fault: AuditFault }[] = []
  for (const { seq, hash } of anchors) {
    if (seq > last) faults.push({ seq, fault: 'cut-off' })
    else if (seq >= first) {
      const bytes = (await reader.read(seq, seq)).get(seq)
      if (bytes !== undefined && hashOfRecord(bytes) !== hash) faults.push({ seq, fault: 'not-anchored' })
    }
  }
  return faults
}
