/**
 * ⑥ When each key of a service signs, is published, and is gone.
 * Promise: a key is known to verifiers before it signs, and for as long afterwards as something that it signed may be used.
 */
export interface Scheduled {
  readonly signsFromMs: number
}

/** The keys in the order in which they sign. */
export type Schedule<Key extends Scheduled> = readonly Key[]

export function scheduleOf<Key extends Scheduled>(keys: Iterable<Key>): Schedule<Key> {
  return [...keys].toSorted((one, other) => one.signsFromMs - other.signsFromMs)
}

/** Where the key in force was withdrawn, the next one steps in early: verifiers know it already. */
export function keyInForce<Key extends Scheduled>(schedule: Schedule<Key>, nowMs: number): Key | undefined {
  return schedule.findLast(({ signsFromMs }) => signsFromMs <= nowMs) ?? schedule[0]
}

/** @param keptMs how long a key is published after the next one has taken its place */
export function retiredKeys<Key extends Scheduled>(
  schedule: Schedule<Key>,
  nowMs: number,
  keptMs: number,
): readonly Key[] {
  return schedule.filter((_, index) => {
    const next = schedule[index + 1]
    return next !== undefined && next.signsFromMs + keptMs <= nowMs
  })
}

/** When the next key is to be made, so that it can be known for `leadMs` before it signs. */
export function nextKeyDueMs(
  schedule: Schedule<Scheduled>,
  { rotateEveryMs, leadMs }: { readonly rotateEveryMs: number; readonly leadMs: number },
): number {
  const newest = schedule.at(-1)
  return newest === undefined ? -Infinity : newest.signsFromMs + rotateEveryMs - leadMs
}
