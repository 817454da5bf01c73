/** ④ Counts of sessions as operators see them: what was counted, and what that says of how many there are. */
import type { Affected, RevocationCount } from '../../domain/revocations/affected.ts'
import type { WouldAffect } from '../../domain/revocations/dry-run.ts'

interface CountJson {
  readonly sessions: number
  readonly exact: boolean
  readonly at_most: number | null
}

function countJson(affected: Affected): CountJson {
  return { sessions: affected.count, ...limitsJson(affected) }
}

export function limitsJson({ count, isComplete, countMax }: Affected): Omit<CountJson, 'sessions'> {
  return { exact: isComplete, at_most: isComplete ? count : (countMax ?? null) }
}

export function wouldAffectJson({ tenants, ...affected }: WouldAffect): object {
  return { ...countJson(affected), tenants }
}

export function revocationCountJson({ ended, isTargetKnown }: RevocationCount): object {
  return {
    ended: ended === undefined ? null : countJson(ended),
    ...(isTargetKnown !== undefined && { target_known: isTargetKnown }),
  }
}
