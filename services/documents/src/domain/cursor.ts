/**
 * ③ Where a page of the list begins: behind the last document of the page before, newest first.
 * Promise: a cursor is a place in the order, not a number of entries, so that what comes and goes shifts no page.
 */
import type { Document, DocumentId } from './document.ts'

/** `<milliseconds, 15 digits>:<document id>`: compares as text like the order itself. */
export type Place = string & { readonly __brand: 'Place' }

const PLACE = /^\d{15}:[A-Za-z0-9_-]{22}$/

export function placeOf({ createdAtMs, id }: Pick<Document, 'createdAtMs' | 'id'>): Place {
  return `${String(createdAtMs).padStart(15, '0')}:${id}` as Place
}

export function idAt(place: string): DocumentId {
  return place.slice(16) as DocumentId
}

export function formatCursor(place: Place): string {
  return Buffer.from(place).toString('base64url')
}

/** Undefined for anything that formatCursor did not write. */
export function parseCursor(cursor: string): Place | undefined {
  const place = Buffer.from(cursor, 'base64url').toString()
  return PLACE.test(place) && formatCursor(place as Place) === cursor ? (place as Place) : undefined
}
