/**
 * All verifiers as the session authority sees them. At rest each shows its lease, which it needs to admit anybody; while a
 * change travels, and for a moment afterwards, how far that has come.
 */
import { useEffect } from 'react'

import { useVerifiers } from '../api/queries.ts'
import type { Verifier } from '../api/types.ts'
import { useLiveness } from '../state/liveness.ts'
import { useStore } from '../state/store.ts'
import { endWave, wave, type Wave } from '../state/wave.ts'
import { byService, Fleet, type FleetMember } from './fleet.tsx'
import { Empty } from './notice.tsx'
import { Panel } from './panel.tsx'
import { count, counted } from './time.tsx'

export function LiveFleet() {
  const verifiers = useVerifiers()
  const shown = useStore(wave)
  const isLive = useLiveness() !== 'silent'
  const all = verifiers.data ?? []
  const leaseMs = Math.max(5_000, ...all.map((verifier) => verifier.lease_remaining_ms))
  const members = all
    .map((verifier) => memberOf(verifier, shown, leaseMs))
    // A lease lasts for seconds: what it was when somebody last answered says nothing about now.
    .map((member) => (isLive ? member : { ...member, state: 'unknown' as const, rest: undefined }))
    .toSorted(byService)
  const isEverywhere =
    isLive && shown !== undefined && members.length > 0 && members.every(({ state }) => state !== 'waiting')
  useEffect(() => {
    if (isEverywhere && shown !== undefined) endWave(shown.position)
  }, [isEverywhere, shown])
  return (
    <Panel
      title="Verifiers"
      asked={verifiers}
      note={members.length > 0 && isLive && noteOf(members, shown)}
      className="panel-fleet"
    >
      {members.length === 0 ? (
        <Empty title="No verifier has joined">Nothing is admitted anywhere.</Empty>
      ) : (
        <Fleet members={members} label="Verifiers" />
      )}
    </Panel>
  )
}

function noteOf(members: readonly FleetMember[], shown: Wave | undefined): string {
  const good = members.filter(({ state }) => state === 'current').length
  const amount = `${count(good)} of ${count(members.length)}`
  return shown === undefined ? `${amount} hold a lease` : `the latest change is at ${amount}`
}

function memberOf(verifier: Verifier, shown: Wave | undefined, leaseMs: number): FleetMember {
  const { id, service, host, lag, lease_remaining_ms: remainingMs, cached_sessions: cached } = verifier
  const lane = shown?.lanes.get(id)
  const hasLease = remainingMs > 0
  return {
    id,
    service,
    host,
    state: stateOf(verifier, shown),
    elapsedMs: lane?.state === 'acknowledged' ? lane.elapsedMs : undefined,
    rest:
      shown === undefined && hasLease
        ? { part: remainingMs / leaseMs, text: `lease ${(remainingMs / 1_000).toFixed(1)} s` }
        : undefined,
    detail: `…${id.slice(-6)} · lag ${count(lag)} · ${counted(cached, 'session')} cached`,
  }
}

function stateOf(verifier: Verifier, shown: Wave | undefined): FleetMember['state'] {
  if (verifier.lease_remaining_ms <= 0) return 'lapsed'
  if (shown === undefined) return 'current'
  const lane = shown.lanes.get(verifier.id)
  if (lane?.state === 'acknowledged' || verifier.applied >= shown.position) return 'current'
  return shown.isOver ? 'behind' : 'waiting'
}
