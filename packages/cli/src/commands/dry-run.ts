/**
 * What a revocation would hit, asked of the server without doing it.
 * Promise: a count that is not exact is not shown as one.
 */
import { Type, type Static } from 'typebox'

import type { Operator } from '../account/operator.ts'
import { ScopeAnswer, sessionCount } from '../api/answers.ts'
import type { RevocationRequest } from '../api/revocations.ts'
import { sessionsText } from '../terminal/counts.ts'
import type { Output } from '../terminal/output.ts'
import { scopeText, unknownText } from './scope.ts'

const DryRunAnswer = Type.Object({
  dry_run: Type.Literal(true),
  scope: ScopeAnswer,
  would_affect: Type.Object({
    ...sessionCount,
    tenants: Type.Array(Type.Object({ tenant: Type.String(), sessions: Type.Number() })),
  }),
  target_known: Type.Optional(Type.Boolean()),
})
export type DryRun = Static<typeof DryRunAnswer>

export async function dryRun(operator: Operator, request: RevocationRequest): Promise<DryRun> {
  const json = { ...request, dry_run: true }
  return (await operator.for(DryRunAnswer, { method: 'POST', path: '/v1/revocations', json })).body
}

export function showDryRun(
  output: Output,
  { scope, would_affect: affected, target_known: isKnown }: DryRun,
): void {
  const { tenants, exact } = affected
  output.line(`${scopeText(scope)}: ${output.tone('bold', sessionsText(affected))}`)
  if (isKnown === false) output.line(output.tone('yellow', unknownText(scope)))
  if (tenants.length > 0)
    output.table(
      tenants,
      [
        { title: 'TENANT', of: ({ tenant }) => tenant },
        { title: 'SESSIONS', of: (row) => (exact ? row.sessions : `at least ${row.sessions}`) },
      ],
      '',
    )
}
