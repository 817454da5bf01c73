/**
 * ④ ⑤ Changes of grants, roles and suspensions, as far as they touch powers over Curfew: who may make them, and when.
 * Promise: an operator acts only on powers that they hold themselves, and takes none from themselves; a tenant shields nobody from
 * the suspensions of administrators. The operator who gives or takes a power holds it at the very place in the log where that
 * happens, and afterwards: so somebody is always left who can give it back.
 */
import type { LogEntryOf, Permission, Position } from '@curfew/contracts'

import { holds, powersIn } from '../log/permissions.ts'
import { recordFact, type RecordOptions, type RecordOutcome, type RecordPorts } from '../log/record-fact.ts'
import { Unavailable } from '../log/unavailable.ts'
import { findLive, type OperatorPorts } from './authenticate-operator.ts'
import { operatorOf, type Operator } from './operator.ts'

export type ActPorts = OperatorPorts & RecordPorts & { readonly log: RecordPorts['log'] }

/** The facts that the act changes, as the log has them at this moment. */
export interface Touched {
  /** The permissions of the subjects of the act, before and after it. */
  readonly before: readonly Permission[]
  readonly after: readonly Permission[]
  /** The permissions of the acting operator afterwards. */
  readonly ownAfter: readonly Permission[]
  /** The operator may take these powers without holding them. */
  readonly mayTakeAny?: boolean
  /** Where the log last spoke about what is changed. */
  readonly last: Position
}

export interface Act {
  readonly operator: Operator
  readonly entry: LogEntryOf<'grants-changed' | 'role-changed' | 'suspended' | 'resumed'>
  /** Asked again whenever something else has come first. */
  readonly look: (operator: Operator) => Promise<Touched>
  /** Of an act on an operator, before it is recorded; may throw. */
  readonly onOperator: () => void
  readonly watch?: RecordOptions['watch']
}

export type ActRefusal =
  /** A power is given that the operator does not hold. */
  | 'may-not-hand-out'
  /** Whom it is about holds a power that the operator does not. */
  | 'holds-more'
  /** The operator would lose a power; another one has to take it. */
  | 'own-permissions'
  /** The session of the operator is over by now. */
  | 'over'

export type ActOutcome =
  | Exclude<RecordOutcome, { kind: 'conflict' }>
  | { readonly kind: 'refused'; readonly reason: ActRefusal }

/** Attempts to store the act as the very next entry of the log; each fails when another entry came first. */
const MAX_ATTEMPTS = 32

export async function actOnOperators(ports: ActPorts, act: Act): Promise<ActOutcome> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    if (!ports.log.isFollowing) throw new Unavailable('log-not-followed')
    const judged = await judgeNow(ports, act)
    if (judged.kind === 'refused') return judged
    if (judged.isOnOperator) act.onOperator()
    const outcome = await recordFact(ports, act.entry, { expected: judged.expected, watch: act.watch })
    if (outcome.kind !== 'conflict') return outcome
    if (judged.expected.end !== undefined && !(await ports.log.catchUp())) break
  }
  throw new Unavailable('contended')
}

type Judged =
  | { readonly kind: 'refused'; readonly reason: ActRefusal }
  | {
      readonly kind: 'allowed'
      readonly isOnOperator: boolean
      readonly expected: { readonly last: Position; readonly end?: Position }
    }

/**
 * Two operators may be taking powers from each other. So what touches one is judged by how everything stands at one position,
 * and stored only as the entry that follows it: of the two, one is first, and the other one is then no operator any more.
 */
async function judgeNow(ports: ActPorts, act: Act): Promise<Judged> {
  const end = ports.view.applied
  const touched = await act.look(act.operator)
  const verdict = judge(act.operator, touched)
  if (verdict.kind === 'refused') return verdict
  const { isOnOperator } = verdict
  if (!isOnOperator) return { kind: 'allowed', isOnOperator, expected: { last: touched.last } }
  const operator = await asOfNow(ports, act.operator)
  if (operator === undefined) return { kind: 'refused', reason: 'over' }
  const again = await act.look(operator)
  const settled = judge(operator, again)
  if (settled.kind === 'refused') return settled
  return { kind: 'allowed', isOnOperator, expected: { last: again.last, end } }
}

async function asOfNow(ports: ActPorts, { sessionId }: Operator): Promise<Operator | undefined> {
  const found = await findLive(ports, sessionId, { isActivity: false })
  return typeof found === 'string' ? undefined : operatorOf(found, ports.view.wide)
}

type Verdict =
  | { readonly kind: 'refused'; readonly reason: ActRefusal }
  | { readonly kind: 'allowed'; readonly isOnOperator: boolean }

export function judge(operator: Pick<Operator, 'permissions'>, touched: Omit<Touched, 'last'>): Verdict {
  const [before, after] = [powersIn(touched.before), powersIn(touched.after)]
  if (!after.every((power) => holds(operator.permissions, power)))
    return { kind: 'refused', reason: 'may-not-hand-out' }
  if (touched.mayTakeAny !== true && !before.every((power) => holds(operator.permissions, power)))
    return { kind: 'refused', reason: 'holds-more' }
  const left = new Set(touched.ownAfter)
  if (!powersIn([...operator.permissions]).every((power) => holds(left, power)))
    return { kind: 'refused', reason: 'own-permissions' }
  return { kind: 'allowed', isOnOperator: before.length + after.length > 0 }
}
