/**
 * What `revoke` and `approvals approve` share: a revocation is sent until it is confirmed, and its outcome told.
 * Promise: whoever interrupts it, or has to leave with less than a confirmation, is told how to go on.
 */
import type { Operator, OperatorCall } from '../account/operator.ts'
import type { Approval, CarriedOut, RevocationResult } from '../api/answers.ts'
import { countEnded, sendUntilConfirmed } from '../api/revocations.ts'
import { newProgress } from '../api/watched-change.ts'
import type { Context } from '../context.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'
import { Failure } from '../failure.ts'
import { ConfirmationView } from '../terminal/confirmation-view.ts'
import { sessionsText } from '../terminal/counts.ts'
import type { Output } from '../terminal/output.ts'
import { positionText } from '../terminal/positions.ts'
import { safeText } from '../terminal/safe-text.ts'
import { noteChange } from '../terminal/standard-output.ts'
import { timeText } from '../terminal/times.ts'
import { interrupted } from './change.ts'
import { exitFor, showEffect } from './effects.ts'
import { interruptible } from './interruption.ts'
import { unknownText } from './scope.ts'

interface BringingAbout {
  readonly call: OperatorCall
  /** How to go on with it. */
  readonly again: string
  readonly patienceMs: number
}

export async function bringAbout(
  { output }: Context,
  operator: Operator,
  { call, again, patienceMs }: BringingAbout,
): Promise<ExitCode> {
  const progress = newProgress()
  const view = new ConfirmationView(output, progress)
  const onProgress = (): void => view.show()
  try {
    const answered = await interruptible(
      () => interrupted(progress, again),
      (signal) => sendUntilConfirmed(operator, call, { progress, onProgress, signal, patienceMs }),
    )
    noteChange()
    view.finish()
    const result = await withCount(operator, answered)
    output.answer(result, () => showResult(output, result, again))
    return isCarriedOut(result) ? exitFor(result) : EXIT.unconfirmed
  } catch (error) {
    throw error instanceof Failure && error.code === 'unknown' ? resumable(error, again) : error
  } finally {
    view.finish()
  }
}

/** A user who interrupts it here is told everything but the count. */
async function withCount(operator: Operator, result: RevocationResult): Promise<RevocationResult> {
  if (!isCarriedOut(result) || result.ended !== null || result.state === 'unknown') return result
  const { id } = result.revocation
  const stopped = new Failure(EXIT.done, 'Stopped.')
  const ended = await interruptible(
    () => stopped,
    (signal) => countEnded(operator, id, signal),
  ).catch((error: unknown) => {
    if (error !== stopped) throw error
  })
  return { ...result, ended: ended ?? null }
}

function isCarriedOut(result: RevocationResult): result is CarriedOut {
  return 'elapsed_ms' in result
}

function showResult(output: Output, result: RevocationResult, again: string): void {
  if (!isCarriedOut(result)) return showWaiting(output, result)
  showEffect(output, result)
  const { id, position, scope } = result.revocation
  if (result.ended) output.line(`  ${sessionsText(result.ended)} ended`)
  else if (result.ended === null)
    output.line(output.tone('yellow', safeText(`  how many sessions ended: curfew revocations show ${id}`)))
  if (result.target_known === false) output.line(output.tone('yellow', unknownText(scope)))
  output.line(output.tone('dim', safeText(`${id} at ${positionText(position)}`)))
  if (result.state !== 'confirmed') output.note(again)
}

export function showWaiting(output: Output, { revocation, state, expires_at }: Approval): void {
  if (state === 'rejected' || state === 'voided')
    return output.line(output.tone('red', `✘ ${state}: nothing has been done`))
  output.line(output.tone('yellow', '● waits for a second operator: nothing has been done yet'))
  output.line(safeText(`${revocation.id}, until ${timeText(expires_at)}`))
  output.note(`Another operator says: curfew approvals approve ${safeText(revocation.id)}`)
}

function resumable(failure: Failure, again: string): Failure {
  const { message, code, requestId } = failure
  const isOver = failure.cause instanceof Failure && failure.cause.code === 'unauthenticated'
  const hint = isOver ? `It has probably ended this session as well. Log in again. ${again}` : again
  return new Failure(EXIT.unconfirmed, message, { code, requestId, hint, cause: failure })
}
