/** ④ Records what an operator changes of grants, roles or suspensions, or says why they may not. */
import { Problem } from '@curfew/service-kit'
import type { FastifyRequest } from 'fastify'

import type { RecordOutcome } from '../../domain/log/record-fact.ts'
import {
  actOnOperators,
  type Act,
  type ActPorts,
  type ActRefusal,
} from '../../domain/operators/act-on-operators.ts'
import type { OperatorGuard } from './operator-guard.ts'

export type RecordedAct = Exclude<RecordOutcome, { kind: 'conflict' }>

const REFUSALS: Readonly<Record<Exclude<ActRefusal, 'over'>, string>> = {
  'may-not-hand-out': 'only an operator who holds a permission over Curfew may give it',
  'holds-more': 'only an operator who holds the same permissions over Curfew may do this',
  'own-permissions': 'another operator has to do this: nobody gives up their own permissions over Curfew',
}

/** @throws Problem for what the operator may not do, for an authentication that is too old to act on an operator, and beyond the budget. */
export async function recordAct(
  ports: ActPorts,
  { guard, request }: { readonly guard: OperatorGuard; readonly request: FastifyRequest },
  act: Omit<Act, 'operator' | 'onOperator'>,
): Promise<RecordedAct> {
  const operator = guard.operatorOf(request)
  await guard.takeChange(request)
  const onOperator = (): void => guard.requireRecent(request)
  const outcome = await actOnOperators(ports, { ...act, operator, onOperator })
  if (outcome.kind !== 'refused') return outcome
  const { reason } = outcome
  if (reason === 'over') throw new Problem('unauthenticated')
  throw guard.refusal(request, reason, new Problem('forbidden', REFUSALS[reason]))
}
