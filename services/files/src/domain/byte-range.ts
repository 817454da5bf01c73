/**
 * ⑦ Which bytes of a file a request wants (RFC 9110 §13.1.5, §14.1.2, §14.2), once its preconditions have been judged.
 * Promise: a part is only sent of the very version that the caller has the beginning of, and one part at a time.
 */
export interface RangeFields {
  readonly range: string | undefined
  readonly ifRange: string | undefined
}

export type Wanted =
  | { readonly kind: 'whole' }
  /** From the byte at `from` to the one before `until`. */
  | { readonly kind: 'part'; readonly from: number; readonly until: number }
  | { readonly kind: 'unsatisfiable' }

export function wantedBytes(
  { range, ifRange }: RangeFields,
  { size, etag }: { readonly size: number; readonly etag: string },
): Wanted {
  // Compared as it is: the server has taken the blanks around the field away.
  // Without the strong tag of this version (a date is none) the caller's part would be spliced with another version's.
  if (range === undefined || (ifRange !== undefined && ifRange !== etag)) return { kind: 'whole' }
  return partOf(range, size)
}

const ONE_PART = /^bytes=[ \t]*(\d*)-(\d*)[ \t]*$/i

/** Other units, several parts and what is no range at all are answered with the whole, as the RFC allows. */
function partOf(range: string, size: number): Wanted {
  const [, first, last] = ONE_PART.exec(range) ?? []
  if (first === undefined || last === undefined || first + last === '') return { kind: 'whole' }
  // The last bytes of an empty file are all of it, which no Content-Range can say.
  if (size === 0 && first === '' && Number(last) > 0) return { kind: 'whole' }
  // `-500`: the last 500 bytes, or all when there are fewer.
  const from = first === '' ? Math.max(0, size - Number(last)) : Number(first)
  const until = first === '' || last === '' ? size : Math.min(size, Number(last) + 1)
  if (first !== '' && last !== '' && Number(last) < Number(first)) return { kind: 'whole' }
  return from < until ? { kind: 'part', from, until } : { kind: 'unsatisfiable' }
}
