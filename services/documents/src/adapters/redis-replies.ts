/**
 * ③ The replies of a transaction, which reports the failure of a command in its place instead of rejecting.
 */
export function repliesOf(results: [error: Error | null, reply: unknown][] | null): unknown[] {
  if (results === null) throw new Error('the transaction was not executed')
  return results.map(([error, reply]) => {
    if (error !== null) throw error
    return reply
  })
}
