/**
 * Which revocation ends which session, as far as somebody outside can know.
 * Promise: `certainly` and `possibly` leave out only what the protocol excludes, whatever the order inside was.
 */
import type { Change, ChangeAnswer, Entry, Login, Scope, Try } from './history.ts'

export interface Settled {
  readonly change: Change
  readonly tries: readonly Try[]
  /** When the first answer came that says it is in the log; Infinity where none did. */
  readonly acknowledgedMs: number
  readonly confirmedMs: number
  /** An answer is missing: it may yet take effect, now or later. */
  readonly isOpen: boolean
}

export function settledChanges(entries: readonly Entry[]): Settled[] {
  const tries = Map.groupBy(
    entries.filter((entry) => entry.kind === 'try'),
    ({ change }) => change,
  )
  return entries
    .filter((entry) => entry.kind === 'change')
    .map((change) => {
      const own = tries.get(change.change) ?? []
      return {
        change,
        tries: own,
        acknowledgedMs: firstAnswer(own, ['confirmed', 'recorded']),
        confirmedMs: firstAnswer(own, ['confirmed']),
        isOpen: own.length === 0 || own.some(({ answer }) => ['none', 'unknown'].includes(answer.state)),
      }
    })
}

function firstAnswer(tries: readonly Try[], states: readonly ChangeAnswer['state'][]): number {
  return Math.min(
    Infinity,
    ...tries.filter(({ answer }) => states.includes(answer.state)).map(({ endMs }) => endMs),
  )
}

/** It was there before anybody asked for the revocation. */
export function certainlyCovers({ change }: Settled, login: Login): boolean {
  return isRevocationOf(change, login) && login.endMs <= change.startMs
}

/** Its birth may lie before the place of the revocation in the log, which no one outside sees. */
export function possiblyCovers({ change, acknowledgedMs, tries }: Settled, login: Login): boolean {
  if (tries.length > 0 && tries.every(({ answer }) => answer.state === 'refused')) return false
  return isRevocationOf(change, login) && login.startMs < acknowledgedMs
}

function isRevocationOf({ what }: Change, login: Login): boolean {
  return what.type === 'revocation' && what.spares !== login.session && reaches(what.scope, login)
}

function reaches(scope: Scope, { session, tenant, user, client }: Login): boolean {
  switch (scope.type) {
    case 'session':
      return scope.session === session
    case 'user':
      return scope.tenant === tenant && scope.user === user
    case 'tenant':
      return scope.tenant === tenant
    case 'client':
      return scope.client === client
    case 'global':
      return true
  }
}
