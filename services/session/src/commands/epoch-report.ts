/**
 * ④ What the operator who opens a new epoch reads, as text and as JSON.
 * Promise: the price is named before anything else: every session ends.
 */
import type { EpochPlan, OpenedEpoch } from './open-epoch.ts'

export type Outcome =
  | { readonly outcome: 'planned' | 'unconfirmed' | 'refused' | 'no-room'; readonly plan: EpochPlan }
  | { readonly outcome: 'failed'; readonly reason: string }
  | OpenedEpoch

type Carried = EpochPlan['carried']

export function explainPlan({ epoch, reasons, carried, waitMs, unreadable, room }: EpochPlan): string {
  const found = reasons.length === 0 ? ['nothing that can be seen from here'] : reasons
  return lines(
    `A new epoch, ${epoch} or later.`,
    'EVERY SESSION ENDS: what the log has lost may have been revocations, and nobody can say whose.',
    `Carried over: ${carriedText(carried)}.`,
    ...lockedOutText(carried),
    ...lostText(unreadable),
    roomText(room),
    `Nothing is answered for ${Math.ceil(waitMs / 1_000)} s or a little more, until all leases have run out.`,
    ...found.map((reason) => `Wrong with the log: ${reason}.`),
  )
}

export function explainOutcome(outcome: Outcome): string {
  switch (outcome.outcome) {
    case 'planned':
      return explainPlan(outcome.plan) + lines('Nothing has been changed.')
    case 'unconfirmed':
      return explainPlan(outcome.plan) + lines('Nothing has been changed. To do it, say --yes.')
    case 'refused':
      return (
        explainPlan(outcome.plan) +
        lines(
          'Nothing has been changed, because NATS and Redis agree. If replicas say all the same that the log is frozen',
          '(/readyz), they remember more than both: say --yes --force.',
        )
      )
    case 'no-room':
      return (
        explainPlan(outcome.plan) +
        lines(
          'Nothing has been changed, because NATS has too little room for it. Give the account of the log more room first.',
        )
      )
    case 'failed':
      return lines(`Not done: ${outcome.reason}`, 'No new epoch is in force. Run it again.')
    case 'superseded':
      return lines(`Epoch ${outcome.epoch} was given up: somebody else is opening a later one.`)
    case 'opened':
      return lines(
        `Epoch ${outcome.epoch} is in force.`,
        'EVERY SESSION FROM BEFORE HAS ENDED. Everybody has to log in again.',
        `Carried over: ${carriedText(outcome.carried)}.`,
        ...lockedOutText(outcome.carried),
        ...lostText(outcome.unreadable),
        'Session services and verifiers go over to it by themselves.',
      )
  }
}

export function jsonOf(outcome: Outcome): object {
  switch (outcome.outcome) {
    case 'planned':
    case 'unconfirmed':
    case 'refused':
    case 'no-room': {
      const { epoch, reasons, carried, waitMs, unreadable, room } = outcome.plan
      const { neededBytes: needed, freeBytes: free = null } = room
      const bytes = { needed_bytes: needed, free_bytes: free }
      return { outcome: outcome.outcome, epoch, reasons, carried, wait_ms: waitMs, unreadable, ...bytes }
    }
    case 'failed':
      return outcome
    case 'superseded':
    case 'opened': {
      const { epoch, logId, closed, carried, waitedMs, unreadable } = outcome
      const took = Math.round(waitedMs)
      return { outcome: outcome.outcome, epoch, log_id: logId, closed, carried, waited_ms: took, unreadable }
    }
  }
}

function carriedText({ roles, grants, suspensions, operators }: Carried): string {
  return `${roles} roles, grants of ${grants} subjects, ${suspensions} suspensions; ${operators} operators of all`
}

/** The log and Redis may both have lost who was one. */
function lockedOutText({ operators }: Carried): string[] {
  return operators > 0
    ? []
    : [
        'NOBODY IS LEFT WHO COULD GRANT EVERYTHING: afterwards, recover-operator.ts makes somebody an operator again.',
      ]
}

function lostText(unreadable: number): string[] {
  return unreadable === 0
    ? []
    : [`Entries of the log before that cannot be read: ${unreadable}. Redis may know what they replaced.`]
}

function roomText({ neededBytes, freeBytes }: EpochPlan['room']): string {
  const free = freeBytes === undefined ? 'NATS shows no limit' : `NATS has ${freeBytes} bytes left for it`
  return `The new log begins with at most ${neededBytes} bytes; ${free}.`
}

function lines(...texts: string[]): string {
  return `${texts.join('\n')}\n`
}
