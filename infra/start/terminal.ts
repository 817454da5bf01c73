/**
 * What people see. Colours only where a terminal shows them and NO_COLOR does not forbid them: styleText sees to both.
 */
import { styleText } from 'node:util'

const started = performance.now()

/** One step of the way, with the seconds since the start. */
export function say(line: string): void {
  const seconds = `${((performance.now() - started) / 1000).toFixed(1)} s`.padStart(7)
  process.stdout.write(`${styleText('dim', seconds)}  ${line}\n`)
}

export function show(text: string): void {
  process.stdout.write(`${text}\n`)
}

export function complain(text: string): void {
  const [first = '', ...rest] = text.split('\n')
  process.stderr.write(
    [styleText('red', first, { stream: process.stderr }), ...rest].map((line) => `${line}\n`).join(''),
  )
}

export function bold(text: string): string {
  return styleText('bold', text)
}

export function dim(text: string): string {
  return styleText('dim', text)
}
