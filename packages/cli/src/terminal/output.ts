/**
 * Where answers go: tables and sentences for people, one JSON document or JSON lines for programs.
 * Promise: standard output carries the answer alone; nothing from outside is written before it is made safe.
 */
import { styleText } from 'node:util'

import Table from 'cli-table3'

import type { Failure } from '../failure.ts'
import { safeJson, safeText } from './safe-text.ts'
import { outputLost } from './standard-output.ts'

export type Tone = 'bold' | 'dim' | 'green' | 'red' | 'yellow' | 'cyan'

export interface Column<Row> {
  readonly title: string
  readonly of: (row: Row) => string | number | undefined
  readonly tone?: (row: Row) => Tone | undefined
}

export class Output {
  readonly isJson: boolean
  readonly stdout: NodeJS.WriteStream
  readonly stderr: NodeJS.WriteStream

  /** Whether lines may redraw themselves: somebody looks at them, on a terminal that can. */
  readonly isLive: boolean

  constructor({ isJson, isDumb }: { readonly isJson: boolean; readonly isDumb: boolean }) {
    this.isJson = isJson
    this.stdout = process.stdout
    this.stderr = process.stderr
    // A terminal that does not say how large it is cannot be drawn on.
    this.isLive = !isJson && !isDumb && this.stdout.isTTY && this.stdout.rows > 0 && this.stdout.columns > 0
  }

  /** The answer: `value` for programs, what `show` prints for people. */
  answer(value: unknown, show: () => void): void {
    if (this.isJson) this.#write(`${safeJson(value)}\n`)
    else show()
  }

  /** One line for people; it must be safe already where it holds anything from outside. */
  line(text = ''): void {
    if (!this.isJson) this.#write(`${text}\n`)
  }

  /** Beside the answer, whichever form that has. */
  note(text: string): void {
    this.stderr.write(`${text}\n`)
  }

  /** Coloured where this stream is a terminal and NO_COLOR does not forbid it. */
  tone(tone: Tone, text: string): string {
    return styleText(tone, text, { stream: this.stdout })
  }

  /** Columns of text; cells are made safe here. Says so where there is nothing to show. */
  table<Row>(rows: readonly Row[], columns: readonly Column<Row>[], empty: string): void {
    if (rows.length === 0) return this.line(this.tone('dim', empty))
    const table = new Table({
      head: columns.map(({ title }) => this.tone('dim', title)),
      chars: NO_LINES,
      style: { 'padding-left': 0, 'padding-right': 2, head: [], border: [], compact: true },
    })
    for (const row of rows) table.push(columns.map((column) => this.#cell(column, row)))
    for (const line of table.toString().split('\n')) this.line(line.trimEnd())
  }

  /** Names and values below each other; values that are absent are left out. */
  fields(fields: Readonly<Record<string, string | number | undefined>>): void {
    const shown = Object.entries(fields).filter(([, value]) => value !== undefined && value !== '')
    const width = Math.max(0, ...shown.map(([name]) => name.length))
    for (const [name, value] of shown)
      this.line(`${this.tone('dim', name.padEnd(width))}  ${safeText(String(value))}`)
  }

  failure({ code, message, hint, requestId, exit }: Failure): void {
    if (this.isJson && !outputLost.aborted) {
      const error = { code, message, hint, request_id: requestId, exit }
      this.#write(`${safeJson({ error })}\n`)
      return
    }
    this.stderr.write(`${styleText('red', safeText(message), { stream: this.stderr })}\n`)
    if (hint !== undefined) this.stderr.write(`${safeText(hint)}\n`)
    if (requestId !== undefined) this.stderr.write(`request id: ${safeText(requestId)}\n`)
  }

  #cell<Row>({ of, tone }: Column<Row>, row: Row): string {
    const text = safeText(String(of(row) ?? ''))
    const chosen = tone?.(row)
    return chosen === undefined ? text : this.tone(chosen, text)
  }

  #write(text: string): void {
    if (!outputLost.aborted) this.stdout.write(text)
  }
}

const NO_LINES = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '',
}
