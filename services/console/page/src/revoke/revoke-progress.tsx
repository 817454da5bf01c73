/** How the revocation travels, verifier by verifier, and what may be relied upon once it has. */
import { useEffect, useRef, useState } from 'react'

import { useEndedCount } from '../api/queries.ts'
import type { NamedVerifier } from '../api/revoke.ts'
import type { RevocationResult } from '../api/types.ts'
import { effectText } from '../parts/effect.tsx'
import { byService, Fleet, type FleetMember } from '../parts/fleet.tsx'
import { Mark, type MarkName } from '../parts/icons.tsx'
import { Notice } from '../parts/notice.tsx'
import { sessionsText } from '../parts/time.tsx'
import { unknownText } from '../parts/words.ts'
import { useStore } from '../state/store.ts'
import { wave, type Lane } from '../state/wave.ts'
import type { useTravel } from './use-travel.ts'

export interface RevokeProgressProps {
  readonly travel: Pick<ReturnType<typeof useTravel>, 'verifiers' | 'isPending' | 'isLost' | 'result'>
  readonly onRepeat: () => void
  readonly onClose: () => void
}

export function RevokeProgress({ travel, onRepeat, onClose }: RevokeProgressProps) {
  const { verifiers, isPending, isLost, result } = travel
  const lanes = useStore(wave)?.lanes
  const ended = useEnded(result)
  const isSilent = useSilence(isPending && verifiers === undefined)
  const { mark, title, text } = isSilent ? SILENT : standing(isLost, result)
  const verdict = useRef<HTMLDivElement>(null)
  const done = useRef<HTMLButtonElement>(null)
  // The form that had the focus is gone.
  useEffect(() => (isPending ? verdict.current : done.current)?.focus(), [isPending])
  const isCertain = result?.state === 'confirmed' || result?.state === 'pending'
  return (
    <div className="dialog-body">
      <div ref={verdict} className="verdict" role="status" tabIndex={-1}>
        <Mark name={mark} />
        <div>
          <p className="verdict-title">{title}</p>
          <p className="muted">{text}</p>
        </div>
      </div>
      {ended !== undefined && <p className="ended">{ended}</p>}
      {result?.target_known === false && (
        <Notice mark="warn">{unknownText(result.revocation.scope)} The revocation holds all the same.</Notice>
      )}
      {verifiers !== undefined && verifiers.length > 0 && (
        <Fleet
          members={verifiers.map((each) => memberOf(each, lanes?.get(each.id))).toSorted(byService)}
          label="Acknowledgements"
        />
      )}
      <footer className="dialog-foot">
        {(isSilent || (!isPending && !isCertain)) && (
          <button type="button" onClick={onRepeat}>
            Ask again
          </button>
        )}
        <button
          ref={done}
          type="button"
          className="primary"
          onClick={onClose}
          disabled={isPending && !isSilent}
        >
          {isSilent ? 'Close' : 'Done'}
        </button>
      </footer>
    </div>
  )
}

function memberOf({ id, service, host }: NamedVerifier, lane: Lane | undefined): FleetMember {
  const state = lane?.state ?? 'waiting'
  return {
    id,
    service: service ?? 'a service that has not said its name',
    host: host ?? '',
    state: state === 'acknowledged' ? 'current' : state,
    elapsedMs: lane?.elapsedMs,
  }
}

/** An answer, or at least that it is recorded, comes within a second. */
const SILENT_AFTER_MS = 4_500

function useSilence(isWaiting: boolean): boolean {
  const [isSilent, setSilent] = useState(false)
  useEffect(() => {
    if (!isWaiting) return undefined
    const timer = setTimeout(() => setSilent(true), SILENT_AFTER_MS)
    return () => {
      clearTimeout(timer)
      setSilent(false)
    }
  }, [isWaiting])
  return isSilent
}

/** How many sessions ended, in words; undefined where nothing has. */
function useEnded(result: RevocationResult | undefined): string | undefined {
  const asked = useEndedCount(result)
  if (result === undefined || (result.state !== 'confirmed' && result.state !== 'recorded')) return undefined
  if (asked.count !== null) return `${sentence(sessionsText(asked.count))} ended.`
  return asked.isCounting
    ? 'Counting the sessions that ended…'
    : 'How many sessions ended is not known: the audit trail may tell later.'
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

const SILENT = {
  mark: 'unsure',
  title: 'No answer yet',
  text: 'Nothing says that it has arrived. It is still being tried; asking again is safe: it stays one revocation.',
} as const satisfies Standing

interface Standing {
  readonly mark: MarkName
  readonly title: string
  readonly text: string
}

function standing(isLost: boolean, result: RevocationResult | undefined): Standing {
  if (isLost)
    return {
      mark: 'unsure',
      title: 'Unknown',
      text: 'The answer was lost on its way. Asking again is safe: it stays one revocation.',
    }
  if (result === undefined)
    return { mark: 'waiting', title: 'On its way', text: 'Each verifier turns as it acknowledges.' }
  switch (result.state) {
    case 'confirmed':
      return {
        mark: 'good',
        title: 'Confirmed everywhere',
        text: `${effectText(result)} No request that begins now is admitted with these sessions.`,
      }
    case 'pending':
      return { mark: 'waiting', title: 'Waiting for approval', text: effectText(result) }
    case 'recorded':
      return {
        mark: 'warn',
        title: 'Recorded, not confirmed yet',
        text: 'It holds and cannot be lost. Some verifier has not acknowledged it, and its lease may still run.',
      }
    case 'unknown':
      return {
        mark: 'unsure',
        title: 'Unknown',
        text: 'The log has not answered. Asking again is safe: it stays one revocation.',
      }
  }
}
