/** What goes on: figures of the last hour, the fleet, and what has just been done. */
import { useApprovals, useRevocations, useStatistics } from '../api/queries.ts'
import type { Session, Statistics, StatisticsPoint } from '../api/types.ts'
import { Activity } from '../parts/activity.tsx'
import { HappeningList } from '../parts/happening-list.tsx'
import { LiveFleet } from '../parts/live-fleet.tsx'
import { Notice } from '../parts/notice.tsx'
import { Panel } from '../parts/panel.tsx'
import { RevocationList } from '../parts/revocation-list.tsx'
import { count, counted } from '../parts/time.tsx'
import { isAdministrative } from '../state/operator.ts'
import { Link } from 'wouter'

const LATEST = 6

export function Overview({ session }: { readonly session: Session }) {
  const statistics = useStatistics()
  const revocations = useRevocations()
  const latest = revocations.data?.pages.flatMap((page) => page.revocations).slice(0, LATEST) ?? []
  return (
    <>
      <h1 tabIndex={-1}>Overview</h1>
      <Waiting />
      <Figures statistics={statistics.data} />
      <div className="columns">
        <Panel
          title="The last hour"
          asked={statistics}
          missing="No figures from this session authority"
          className="panel-chart"
        >
          {statistics.data !== undefined && <Activity series={statistics.data.series} />}
        </Panel>
        {isAdministrative(session) && <LiveFleet />}
      </div>
      <div className="columns">
        <Panel
          title="Latest revocations"
          asked={revocations}
          actions={<Link href="/revocations">All of them</Link>}
        >
          <RevocationList revocations={latest} />
        </Panel>
        <Panel title="As it happens">
          <HappeningList />
        </Panel>
      </div>
    </>
  )
}

function Waiting() {
  const waiting = useApprovals().data?.pages.flatMap((page) => page.approvals) ?? []
  if (waiting.length === 0) return undefined
  return (
    <Notice mark="unsure">
      {counted(waiting.length, 'revocation waits', 'revocations wait')} for a second operator.{' '}
      <Link href="/revocations">Decide</Link>
    </Notice>
  )
}

function liveText(statistics: Statistics | undefined): string {
  if (statistics === undefined) return '–'
  const { live, exact, at_most: atMost } = statistics.sessions
  if (exact) return count(live)
  return atMost === null ? `≥ ${count(live)}` : `${count(live)} to ${count(atMost)}`
}

function Figures({ statistics }: { readonly statistics: Statistics | undefined }) {
  const sum = (name: keyof Omit<StatisticsPoint, 'at'>): string =>
    statistics === undefined ? '–' : count(statistics.series.reduce((all, point) => all + point[name], 0))
  const figures = [
    {
      name: 'Live sessions',
      value: liveText(statistics),
      note: statistics?.sessions.exact === false ? 'now, not all counted' : 'now',
    },
    { name: 'Sign-ins', value: sum('logins'), note: 'last hour' },
    { name: 'Refused sign-ins', value: sum('failed_logins'), note: 'last hour' },
    { name: 'Revocations', value: sum('revocations'), note: 'last hour' },
    { name: 'Claims spent', value: sum('redemptions'), note: 'last hour' },
  ]
  return (
    <dl className="figures">
      {figures.map(({ name, value, note }) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            <span className="figure figure-large">{value}</span> <span className="muted">{note}</span>
          </dd>
        </div>
      ))}
    </dl>
  )
}
