/**
 * What the operators' API says of those who confirm: leases, and whether each keeps up.
 */
import { setTimeout as sleep } from 'node:timers/promises'

import type { Operator } from '../account/operator.ts'
import { VerifiersAnswer, type Verifier } from '../api/answers.ts'
import { Failure } from '../failure.ts'
import { counted } from '../terminal/counts.ts'
import { ok, problem, warning, type Finding } from './findings.ts'

/** Barriers move the log all the time: behind is only who has not reached what was the newest this long ago. */
const KEPT_UP_WITHIN_MS = 1_500

export async function examineVerifiers(operator: Operator): Promise<Finding[]> {
  const read = async (): Promise<readonly Verifier[]> =>
    (await operator.for(VerifiersAnswer, { method: 'GET', path: '/v1/verifiers' })).body
  try {
    const before = await read()
    await sleep(KEPT_UP_WITHIN_MS)
    return judgeVerifiers(before, await read())
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    return [
      problem(
        'api',
        `The session authority does not say who confirms: ${error.message}`,
        error.hint ?? 'Log in as an operator of the administrative tenant, and look at its log lines.',
      ),
    ]
  }
}

/** @param before the same, a moment earlier */
export function judgeVerifiers(before: readonly Verifier[], now: readonly Verifier[]): Finding[] {
  if (now.length === 0)
    return [
      problem(
        'api',
        'Nobody has joined: every service asks for each session, and nobody confirms a revocation.',
        'Start the services, and look into their log lines for why they do not join.',
      ),
    ]
  const newest =
    before
      .map(({ applied }) => applied)
      .toSorted()
      .at(-1) ?? ''
  const protocols = new Set(now.map(({ protocol }) => protocol))
  return [
    ok('api', `${counted(now.length, 'process confirms', 'processes confirm')} revocations: ${names(now)}.`),
    ...now.flatMap((verifier) => judgeOne(verifier, newest)),
    ...(protocols.size > 1
      ? [
          warning(
            'api',
            `They speak ${protocols.size} versions of the protocol.`,
            'Expected during a rolling update; finish it.',
          ),
        ]
      : []),
    ...(now.some(({ kind }) => kind === 'replica') &&
    now.filter(({ kind }) => kind === 'replica').length === 1
      ? [
          warning(
            'api',
            'There is one replica of the session service: while it restarts, nobody can log in and nothing is confirmed.',
            'Run two or more in production.',
          ),
        ]
      : []),
  ]
}

function judgeOne(verifier: Verifier, newest: string): Finding[] {
  const who = `${verifier.service} at ${verifier.host} (${verifier.id})`
  const { lease_remaining_ms: left, applied } = verifier
  const lapsed =
    left > 0
      ? undefined
      : problem(
          'api',
          `${who} has no lease: it asks for every session, and revocations wait for it until it is taken off the list.`,
          'Look whether it still runs and reaches NATS; its log lines say why it does not renew.',
        )
  const slow =
    applied >= newest
      ? undefined
      : warning(
          'api',
          `${who} has not applied in ${KEPT_UP_WITHIN_MS} ms what was in the log before: confirmations wait for it.`,
          'Look at its CPU and at its connection to NATS.',
        )
  return [lapsed, slow].filter((finding) => finding !== undefined)
}

function names(verifiers: readonly Verifier[]): string {
  const counts = Map.groupBy(verifiers, ({ service }) => service)
  return [...counts]
    .map(([service, { length }]) => (length === 1 ? service : `${length} ${service}`))
    .join(', ')
}
