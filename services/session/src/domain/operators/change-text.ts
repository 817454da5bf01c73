/** One-line texts of changes and of their effects, for log lines and the audit trail. */
/** `confirmed by 4 of 4`; what cannot be said is not guessed at. */
export function effectText(effect: {
  readonly state: string
  readonly verifiers?: { readonly total: number; readonly acknowledged: number }
}): string {
  const { state, verifiers } = effect
  return verifiers === undefined ? state : `${state} by ${verifiers.acknowledged} of ${verifiers.total}`
}

/** What was added and what was taken away; `before` is undefined where it could not be found out. */
export function changeText(before: readonly string[] | undefined, after: readonly string[]): string {
  if (before === undefined) return `now ${after.join(' ') || 'nothing'}`
  const [had, has] = [new Set(before), new Set(after)]
  const added = after.filter((each) => !had.has(each)).map((each) => `+${each}`)
  const removed = before.filter((each) => !has.has(each)).map((each) => `-${each}`)
  return [...added, ...removed].join(' ') || 'nothing changed'
}
