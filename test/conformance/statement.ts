/**
 * ①–⑦ What standards ask of Curfew, as rows that a reviewer can go through one by one.
 */
export interface Statement<Id extends string = string> {
  /** Stable: documents and test names refer to it. */
  readonly id: Id
  /** P0 holds before anything is published, P1 before 1.0. */
  readonly priority: 'P0' | 'P1'
  readonly text: string
  readonly source: string
}

export interface Group<Id extends string = string> {
  readonly title: string
  readonly statements: readonly Statement<Id>[]
}

/** Keeps the ids as types, so that a test cannot name one that does not exist. */
export function group<const Id extends string>(
  title: string,
  statements: readonly Statement<Id>[],
): Group<Id> {
  return { title, statements }
}
