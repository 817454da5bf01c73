/**
 * ④ ⑤ What an operator may see of the log as it grows.
 * Promise: an operator of one tenant sees what the history of revocations would show him, and the changes of his tenant;
 * the order is the log's, and what is missing is said to be missing.
 */
import { laterOf, parsePosition, sequenceOf, type LogEntry, type Position } from '@curfew/contracts'

import type { EntryFeed, FeedItem } from '../log/entry-feed.ts'
import type { FactLog } from '../log/ports.ts'
import { coversOperator, reaches, type Operator } from '../operators/operator.ts'
import { isVisible } from './list-revocations.ts'

export interface WatchPorts {
  readonly feed: EntryFeed
  readonly log: FactLog
}

export interface Watched {
  readonly items: readonly FeedItem[]
  /** Nothing up to here is missing that is not called a gap. */
  readonly reached: Position
}

/**
 * What came after the position. Where this replica does not remember it, the log is read again: it holds the latest fact of
 * each entity, so that what it has superseded since is a gap.
 */
export async function itemsAfter({ feed, log }: WatchPorts, position: Position): Promise<Watched> {
  const reached = laterOf(position, feed.latest)
  const items = feed.after(position)
  const [first, ...rest] = items
  if (first?.kind !== 'gap' || position >= feed.from) return { items, reached }
  const held = await log.history(first.after, first.until)
  const isComplete = isSameLog(first.after, first.until) && held.length === distance(first.after, first.until)
  const read = held
    .filter(({ entry }) => entry.type !== 'barrier')
    .map((item) => ({ kind: 'entry', ...item }) as const)
  return { items: [...(isComplete ? [] : [first]), ...read, ...rest], reached }
}

function isSameLog(a: Position, b: Position): boolean {
  return parsePosition(a)?.epoch === parsePosition(b)?.epoch
}

function distance(from: Position, to: Position): number {
  return sequenceOf(to) - sequenceOf(from)
}

export function maySee(entry: LogEntry, operator: Operator): boolean {
  if (operator.isAdministrative) return true
  switch (entry.type) {
    case 'revoked':
      return isVisible(entry, operator)
    case 'grants-changed':
    case 'role-changed':
    case 'suspended':
    case 'resumed':
      return reaches(operator, entry.tenant)
    case 'genesis':
    case 'opened':
    case 'closed':
    case 'barrier':
    case 'config':
    case 'rotated':
    case 'joined':
    case 'left':
    case 'evicted':
      return false
  }
}

/** Whether it may have ended the operator's session, or taken a permission from him. */
export function mayConcern(entry: LogEntry, operator: Operator): boolean {
  if (entry.type === 'revoked') return coversOperator(entry.scope, operator)
  const isAboutRights = ['grants-changed', 'role-changed', 'suspended'].includes(entry.type)
  return isAboutRights && 'tenant' in entry && entry.tenant === operator.tenant
}
