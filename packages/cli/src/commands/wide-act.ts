/**
 * What comes before something that hits many: show it, ask, and take nothing but the whole word for yes.
 * Promise: without somebody to ask, nothing is done unless it was allowed on the command line.
 */
import { EXIT } from '../exit-codes.ts'
import { Failure, usage } from '../failure.ts'
import { askText, canAsk } from '../terminal/prompts.ts'

/** Before anything is sent. @throws Failure where nobody could be asked later */
export function requireSomebodyToAsk(typed: string | undefined, isAllowed: boolean): void {
  if (typed === undefined || isAllowed || canAsk()) return
  throw usage('This hits many, and there is no terminal to ask at.', 'Look with --dry-run, then say --yes.')
}

/** @throws Failure unless exactly this is typed */
export async function confirmTyped(what: string, typed: string): Promise<void> {
  const answer = await askText(`Type ${typed} to ${what}`)
  if (answer === typed) return
  throw new Failure(EXIT.refused, 'That is something else. Nothing has been done.', { code: 'not-wanted' })
}
