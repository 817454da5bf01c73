/** What a benchmark is and what it leaves behind: plain numbers with their names, from which tables and plots are made. */

/** How much is done: `full` is what is published, `quick` takes two minutes for all of them, `tiny` only shows that they run. */
export type Size = 'full' | 'quick' | 'tiny'

export interface Benchmark {
  readonly name: string
  /** About how long it takes on two cores, for whoever chooses. */
  readonly seconds: Readonly<Record<'full' | 'quick', number>>
  readonly run: (size: Size, report: Progress) => Promise<Outcome>
}

/** Told what is going on, one sentence each. */
export type Progress = (line: string) => void

export interface Column {
  readonly key: string
  readonly title: string
  readonly digits: number
}

export interface Row {
  readonly label: string
  /** By the keys of the columns; what was not measured for this row is absent. */
  readonly figures: Readonly<Record<string, number>>
  /** One value a round, as they were measured, where the figures are made from such. */
  readonly samples?: readonly number[]
}

export interface Goal {
  readonly text: string
  readonly digits: number
  readonly measured: number
  readonly atMost?: number
  readonly atLeast?: number
}

/** Bars of one column, one for each row that has it. */
export interface Plot {
  readonly key: string
  readonly title: string
  /** Logarithmic where rows differ by orders of magnitude. */
  readonly scale: 'linear' | 'log'
}

export interface Outcome {
  readonly title: string
  /** What one sample is, and how many there were. */
  readonly method: string
  readonly columns: readonly Column[]
  readonly rows: readonly Row[]
  readonly goals: readonly Goal[]
  readonly plot?: Plot
}

export function isMet({ measured, atMost = Infinity, atLeast = -Infinity }: Goal): boolean {
  return measured <= atMost && measured >= atLeast
}

/** @throws RangeError for a row that the benchmark does not have */
export function figureOf(rows: readonly Row[], label: string, key: string): number {
  const figure = rows.find((row) => row.label === label)?.figures[key]
  if (figure === undefined) throw new RangeError(`no ${key} of ${label}`)
  return figure
}
