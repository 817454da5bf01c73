/** Times as people read them: local, with how far away they are. What is no time is shown as it came. */

const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1_000],
] as const

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'always', style: 'short' })

/** `2026-11-28 14:03:07 +01:00 (in 29 min.)`, in the time zone of this machine. */
export function timeText(iso: string, nowMs = Date.now()): string {
  const ms = Date.parse(iso)
  return Number.isNaN(ms) ? iso : `${clockText(iso)} (${distance(ms - nowMs)})`
}

/** `2026-11-28 14:03:07 +01:00`, in the time zone of this machine, which is named so that others can read it. */
export function clockText(iso: string): string {
  const time = new Date(iso)
  if (Number.isNaN(time.getTime())) return iso
  const date = [time.getFullYear(), two(time.getMonth() + 1), two(time.getDate())].join('-')
  const clock = [time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join(':')
  return `${date} ${clock} ${zoneText(-time.getTimezoneOffset())}`
}

/** The offset of the machine's time zone from UTC at that time. */
function zoneText(minutes: number): string {
  const ahead = Math.abs(minutes)
  return `${minutes < 0 ? '-' : '+'}${two(Math.trunc(ahead / 60))}:${two(ahead % 60)}`
}

function two(part: number): string {
  return String(part).padStart(2, '0')
}

function distance(ms: number): string {
  const [unit, length] = UNITS.find(([, size]) => Math.abs(ms) >= size) ?? ['second', 1_000]
  return relative.format(Math.trunc(ms / length), unit)
}

/** Two significant digits are enough to see what is fast. */
export function msText(ms: number): string {
  if (ms >= 10_000) return `${(ms / 1_000).toFixed(1)} s`
  return ms >= 10 ? `${Math.round(ms)} ms` : `${ms.toFixed(1)} ms`
}
