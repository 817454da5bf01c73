/**
 * The fleet as a picture: each verifier a line, which fills as a change reaches it and ends with the milliseconds that took.
 * Lines of one change grow at one speed, so that the longer one is the later one; the scale is drawn out to be seen.
 */
import type { ReactNode } from 'react'

import { Mark, type MarkName } from './icons.tsx'
import { count, milliseconds } from './time.tsx'

export interface FleetMember {
  readonly id: string
  readonly service: string
  readonly host: string
  readonly state: 'current' | 'waiting' | 'behind' | 'lapsed' | 'unknown'
  /** How long the latest change took to get here. */
  readonly elapsedMs?: number | undefined
  /** At rest: how much of its lease is left, from 0 to 1, and how that is said. */
  readonly rest?: { readonly part: number; readonly text: string } | undefined
  readonly detail?: ReactNode
}

const MARK_OF: Readonly<Record<FleetMember['state'], MarkName>> = {
  current: 'good',
  waiting: 'waiting',
  behind: 'warn',
  lapsed: 'bad',
  unknown: 'unsure',
}
const WORD_OF: Readonly<Record<FleetMember['state'], string>> = {
  current: 'has it',
  waiting: 'waiting',
  behind: 'behind',
  lapsed: 'no lease',
  unknown: 'not known',
}
/** What can be taken in line by line; a larger fleet is folded by service. */
const LINES_MAX = 16
const DRAWN_MS = 900

export function Fleet({
  members,
  label,
}: {
  readonly members: readonly FleetMember[]
  readonly label: string
}) {
  const scaleMs = Math.max(1, ...members.map(({ elapsedMs }) => elapsedMs ?? 0))
  if (members.length <= LINES_MAX) return <Lines members={members} scaleMs={scaleMs} label={label} />
  return (
    <div className="fleet-groups" role="group" aria-label={label}>
      {[...Map.groupBy(members, ({ service }) => service)].map(([service, group]) => (
        <details key={service} open={group.some(({ state }) => state !== 'current')}>
          <summary>
            <Mark name={MARK_OF[worst(group)]} />
            {service}
            <span className="muted figure">{summaryOf(group)}</span>
          </summary>
          <Lines members={group} scaleMs={scaleMs} label={`${service} verifiers`} />
        </details>
      ))}
    </div>
  )
}

interface LinesProps {
  readonly members: readonly FleetMember[]
  readonly scaleMs: number
  readonly label: string
}

function Lines({ members, scaleMs, label }: LinesProps) {
  return (
    <ul className="fleet" aria-label={label}>
      {members.map(({ id, service, host, state, elapsedMs, rest, detail }) => (
        <li key={id} className={`lane lane-${state} ${rest === undefined ? '' : 'lane-rest'}`}>
          <Mark name={MARK_OF[state]} />
          <span className="lane-name">
            {service} <span className="muted">{host}</span>
          </span>
          <span className="lane-track" aria-hidden="true">
            <span
              className="lane-bar"
              style={
                rest === undefined ? barStyle(state, elapsedMs, scaleMs) : { width: `${rest.part * 100}%` }
              }
            />
          </span>
          <span className="lane-figure figure">
            {rest?.text ?? (elapsedMs === undefined ? WORD_OF[state] : milliseconds(elapsedMs))}
          </span>
          {detail !== undefined && <span className="lane-detail muted figure">{detail}</span>}
        </li>
      ))}
    </ul>
  )
}

function barStyle(state: FleetMember['state'], elapsedMs: number | undefined, scaleMs: number) {
  if (elapsedMs === undefined || state === 'waiting') return { width: '0%' }
  const part = Math.max(0.02, elapsedMs / scaleMs)
  return { width: `${part * 100}%`, transitionDuration: `${part * DRAWN_MS}ms` }
}

/** A fleet looks the same wherever it is shown. */
export function byService(one: FleetMember, other: FleetMember): number {
  return one.service.localeCompare(other.service) || one.id.localeCompare(other.id)
}

const ORDER: readonly FleetMember['state'][] = ['lapsed', 'unknown', 'waiting', 'behind', 'current']

function worst(members: readonly FleetMember[]): FleetMember['state'] {
  return ORDER.find((state) => members.some((member) => member.state === state)) ?? 'current'
}

function summaryOf(members: readonly FleetMember[]): string {
  const current = members.filter(({ state }) => state === 'current').length
  const slowest = Math.max(0, ...members.map(({ elapsedMs }) => elapsedMs ?? 0))
  return `${count(current)} of ${count(members.length)} have it${slowest > 0 ? `, the slowest after ${milliseconds(slowest)}` : ''}`
}
