/** Moments and lengths of time, short for the eye and exact for who asks. */
import type { SessionCount } from '../api/types.ts'
import { useNow } from '../state/now.ts'

const UNITS: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
]
const zone = { timeZoneName: 'short' } as const
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto', style: 'short' })
const exact = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  ...zone,
})
const clock = new Intl.DateTimeFormat('en-GB', {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  ...zone,
})
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

/** In full: what is read for evidence says its date and its zone. */
export function Moment({ at }: { readonly at: string }) {
  return (
    <time dateTime={at} className="figure">
      {exact.format(new Date(at))}
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

/** `12 live sessions`, `12 to 5,048 live sessions`, `at least 12 live sessions` */
export function sessionsText(
  { sessions, exact: isExact, at_most: atMost }: SessionCount,
  one = 'session',
): string {
  if (isExact) return counted(sessions, one)
  return atMost === null
    ? `at least ${counted(sessions, one)}`
    : `${count(sessions)} to ${counted(atMost, one)}`
}
