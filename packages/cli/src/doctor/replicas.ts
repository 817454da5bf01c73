/**
 * What each process says at its operations endpoints: whether it is ready, how far its projection is, what its clock says.
 */
import { counted } from '../terminal/counts.ts'
import { ok, problem, unseen, warning, type Finding } from './findings.ts'

const TIMEOUT_MS = 5_000
const MAX_TEXT = 4 * 1024 * 1024
/** Log entries that Redis may lack for a moment. */
const BACKLOG_MAX = 1_000
/** The Date header counts whole seconds. */
const CLOCK_DIFFERENCE_MS_MAX = 2_500

interface Seen {
  readonly url: string
  readonly findings: readonly Finding[]
  /** How far its clock is ahead of this machine's. */
  readonly clockAheadMs: number | undefined
}

export async function examineReplicas(urls: readonly string[]): Promise<Finding[]> {
  const seen = await Promise.all(urls.map(examineOne))
  return [...seen.flatMap(({ findings }) => findings), ...judgeClocks(seen)]
}

async function examineOne(url: string): Promise<Seen> {
  const startedAt = Date.now()
  const ready = await read(`${url}/readyz`)
  if (ready === undefined) {
    const todo = 'Look whether it runs, and whether the address is that of its operations port.'
    return { url, findings: [problem('replicas', `${url} does not answer.`, todo)], clockAheadMs: undefined }
  }
  const midpoint = (startedAt + Date.now()) / 2
  const date = Date.parse(ready.headers.get('date') ?? '')
  // Half a second on average is cut off.
  const clockAheadMs = Number.isNaN(date) ? undefined : date + 500 - midpoint
  return { url, findings: [judgeReadiness(url, ready), ...(await metricsFindings(url))], clockAheadMs }
}

interface Text {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

export function judgeReadiness(url: string, { status, text }: Pick<Text, 'status' | 'text'>): Finding {
  const checks = checksIn(text)
  if (checks === undefined)
    return unseen(
      'replicas',
      `${url} serves no /readyz.`,
      'Name the operations ports of all replicas: --operations URL, as often as needed.',
    )
  const failing = Object.entries(checks).filter(([, verdict]) => verdict !== 'ok')
  const why = failing.map(([name, verdict]) => `${name}: ${verdict}`).join('; ')
  const todo = 'docs/operations.md says what to do; the log lines of the process say the rest.'
  if (status !== 200) return problem('replicas', `${url} is not ready: ${why}.`, todo)
  return failing.length === 0
    ? ok('replicas', `${url} is ready.`)
    : problem('replicas', `${url} is ready, but ${why}.`, todo)
}

function checksIn(text: string): Record<string, string> | undefined {
  try {
    const { checks } = JSON.parse(text) as { checks?: unknown }
    if (typeof checks !== 'object' || checks === null) return undefined
    return Object.fromEntries(Object.entries(checks).map(([name, verdict]) => [name, String(verdict)]))
  } catch {
    return undefined
  }
}

async function metricsFindings(url: string): Promise<Finding[]> {
  const answer = await read(`${url}/metrics`)
  return answer?.status === 200 ? judgeMetrics(url, answer.text) : []
}

/** Those of the session service; other services have none of these. */
export function judgeMetrics(url: string, text: string): Finding[] {
  const metric = (name: string): number | undefined => {
    const value = new RegExp(`^curfew_${name}(?:\\{[^}]*\\})? (\\S+)$`, 'm').exec(text)?.[1]
    return value === undefined ? undefined : Number(value)
  }
  const [frozen, backlog, lease] = [
    'log_frozen',
    'projection_backlog_entries',
    'lease_remaining_seconds',
  ].map(metric)
  const findings: Finding[] = []
  if (frozen === 1)
    findings.push(
      problem(
        'replicas',
        `${url} has frozen the log: it is not what it was, and nothing is granted, confirmed or answered.`,
        'docs/operations.md, “The log is frozen”.',
      ),
    )
  if (backlog !== undefined)
    findings.push(
      backlog > BACKLOG_MAX
        ? warning(
            'replicas',
            `${url}: Redis lacks ${counted(backlog, 'entry', 'entries')} of the log.`,
            'Look at the latency of Redis; what it lacks is read again when the service starts.',
          )
        : ok(
            'replicas',
            `${url}: Redis holds what the log says${backlog === 0 ? '' : `, but for ${counted(backlog, 'entry', 'entries')} on the way`}.`,
          ),
    )
  const lost = lostEventsIn(text)
  if (lost > 0)
    findings.push(
      warning(
        'replicas',
        `${url} has lost ${lost} security events since it started: they are not in the audit trail.`,
        'docs/operations.md, “The audit trail fills up”; its log lines have them.',
      ),
    )
  if (lease !== undefined && lease <= 0)
    findings.push(
      problem(
        'replicas',
        `${url} has no lease of its own: it answers nothing about sessions.`,
        'Look whether it reaches NATS, and whether another replica runs that can grant one.',
      ),
    )
  return findings
}

function lostEventsIn(text: string): number {
  return Number(/^curfew_audit_events_total\{[^}]*outcome="lost"[^}]*\} (\S+)$/m.exec(text)?.[1] ?? 0)
}

export function judgeClocks(seen: readonly Pick<Seen, 'url' | 'clockAheadMs'>[]): Finding[] {
  const known = seen.flatMap(({ url, clockAheadMs }) =>
    clockAheadMs === undefined ? [] : [{ url, clockAheadMs }],
  )
  if (known.length < 2)
    return [unseen('clocks', 'Clocks can be compared where two replicas or more are named.')]
  const sorted = known.toSorted((a, b) => a.clockAheadMs - b.clockAheadMs)
  const [first, last] = [sorted[0], sorted.at(-1)]
  if (first === undefined || last === undefined) return []
  const apart = last.clockAheadMs - first.clockAheadMs
  if (apart <= CLOCK_DIFFERENCE_MS_MAX)
    return [
      ok(
        'clocks',
        `The clocks of ${counted(known.length, 'process', 'processes')} agree to within a second or two.`,
      ),
    ]
  return [
    warning(
      'clocks',
      `The clock of ${last.url} is ${(apart / 1_000).toFixed(1)} s ahead of that of ${first.url}: sessions and claims expire early or late by as much. Revocation compares no clocks.`,
      'Run a time service (chrony, systemd-timesyncd) on every machine.',
    ),
  ]
}

async function read(url: string): Promise<Text | undefined> {
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS)
    const response = await fetch(url, { redirect: 'manual', signal })
    const text = (await response.text()).slice(0, MAX_TEXT)
    return { status: response.status, headers: response.headers, text }
  } catch {
    return undefined
  }
}
