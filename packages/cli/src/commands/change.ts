/**
 * A change of grants, roles or suspensions: sent, looked on, and answered for.
 * Promise: only what every verifier has agreed to is done; what nobody knows is said to be unknown.
 */
import type { Static, TSchema } from 'typebox'

import type { Operator, OperatorCall } from '../account/operator.ts'
import { mayHaveHappened, newProgress, sendWatched, type Progress } from '../api/watched-change.ts'
import type { Context } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { Failure } from '../failure.ts'
import { ConfirmationView } from '../terminal/confirmation-view.ts'
import { positionText } from '../terminal/positions.ts'
import { noteChange } from '../terminal/standard-output.ts'
import { interruptible } from './interruption.ts'

/** Longer than the longest lease has to be waited for. */
export const CONFIRMED_WITHIN_SECONDS = 90
const AGAIN = 'Repeat the same command: doing it twice does no harm.'

/** @throws Refusal, NoAnswer; Failure where nobody knows whether it holds */
export async function change<T extends TSchema>(
  { output }: Context,
  operator: Operator,
  schema: T,
  call: OperatorCall,
): Promise<Static<T>> {
  const progress = newProgress()
  const view = new ConfirmationView(output, progress)
  try {
    const changed = await interruptible(
      () => interrupted(progress, AGAIN),
      (signal) =>
        sendWatched(operator, schema, call, {
          progress,
          onProgress: () => view.show(),
          signal,
          timeoutMs: CONFIRMED_WITHIN_SECONDS * 1_000,
        }),
    )
    noteChange()
    return changed
  } catch (error) {
    if (!(error instanceof Failure) || !mayHaveHappened(error)) throw error
    throw new Failure(EXIT.unconfirmed, `It is not known whether this holds: ${error.message}`, {
      code: 'unknown',
      hint: AGAIN,
      requestId: error.requestId,
      cause: error,
    })
  } finally {
    view.finish()
  }
}

export function interrupted({ isSent, position, verifiers }: Progress, hint: string): Failure {
  if (!isSent)
    return new Failure(EXIT.interrupted, 'Interrupted before anything was sent.', { code: 'cancelled' })
  const agreed = [...verifiers.values()].filter(({ state }) => state !== 'waiting').length
  const known =
    position === undefined
      ? 'it was sent, and nobody has said yet whether it is recorded'
      : `recorded at ${positionText(position)}, so it will hold everywhere; ${agreed} of ${verifiers.size} verifiers have said that it does`
  return new Failure(EXIT.unconfirmed, `Interrupted: ${known}.`, { code: 'interrupted', hint })
}
