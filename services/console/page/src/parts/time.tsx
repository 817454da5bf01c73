/** Moments and lengths of time, short for the eye and exact for who asks. */
import { useNow } from '../state/now.ts'

const UNITS: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
]
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto', style: 'short' })
const exact = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' })
const clock = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' })
const numbers = new Intl.NumberFormat('en')

export function Ago({ at }: { readonly at: string }) {
  const now = useNow()
  const date = new Date(at)
  return (
    <time dateTime={at} title={exact.format(date)} className="nowrap">
      {distance(date.getTime() - now)}
    </time>
  )
}

export function Clock({ at }: { readonly at: string | number }) {
  const date = new Date(at)
  return (
    <time dateTime={date.toISOString()} title={exact.format(date)} className="figure nowrap">
      {clock.format(date)}
    </time>
  )
}

function distance(ms: number): string {
  const seconds = Math.round(ms / 1_000)
  for (const [unit, length] of UNITS)
    if (Math.abs(seconds) >= length) return relative.format(Math.trunc(seconds / length), unit)
  // The present is a few seconds old by the time that it is looked at.
  return seconds < 15 ? 'just now' : 'in a moment'
}

/** `8.2 ms`, `1.4 s` */
export function milliseconds(ms: number): string {
  if (ms >= 1_000) return `${(ms / 1_000).toFixed(1)} s`
  return `${ms < 100 ? ms.toFixed(1).replace(/\.0$/, '') : Math.round(ms)} ms`
}

export function count(amount: number): string {
  return numbers.format(amount)
}

export function counted(amount: number, one: string, many = `${one}s`): string {
  return `${count(amount)} ${amount === 1 ? one : many}`
}
