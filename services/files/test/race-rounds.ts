/**
 * ⑦ Many who present one claim at once, to all replicas of the file service.
 */
import type { BearerClient } from '@curfew/test-kit'

import { outcomeOf, send, sendForm, storedFor } from './transfers.ts'

/** At each of three replicas fewer than a session has places. */
export const CONTENDERS = 180

export type Outcomes = Readonly<Record<string, number>>

/** What all of them heard, round by round. Each round is about a claim of its own. */
export async function* raceRounds(
  caller: BearerClient,
  replicas: readonly string[],
  rounds: number,
): AsyncGenerator<Outcomes> {
  for (let round = 0; round < rounds; round += 1) {
    const transfer = await storedFor(caller, 'once')
    const outcomes = await Promise.all(
      Array.from({ length: CONTENDERS }, async (_, n) => {
        const at = String(replicas[n % replicas.length])
        // Both ways to present a claim, at every replica.
        return outcomeOf(n % 2 === 0 ? await sendForm(transfer, at) : await send('GET', transfer, { at }))
      }),
    )
    yield countOf(outcomes)
  }
}

export function isFair(outcomes: Outcomes): boolean {
  return outcomes['200'] === 1 && outcomes['409 claim-spent'] === CONTENDERS - 1
}

function countOf(outcomes: readonly string[]): Outcomes {
  const counts: Record<string, number> = {}
  for (const outcome of outcomes) counts[outcome] = (counts[outcome] ?? 0) + 1
  return counts
}
