/**
 * ①–⑦ The id by which everything that one request set off is found again: in logs, in the audit trail, at every service.
 * Promise: whatever runs on behalf of a request finds its id here without being handed it; an id is harmless anywhere.
 */
import { AsyncLocalStorage } from 'node:async_hooks'

/** Over HTTP it is `x-request-id`, which the gateway passes on. */
export const REQUEST_ID_HEADER = 'Curfew-Request-Id'

const REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/
const current = new AsyncLocalStorage<string>()

/** Fit for a header and a log line. */
export function isRequestId(id: unknown): id is string {
  return typeof id === 'string' && REQUEST_ID.test(id)
}

/** Undefined outside of any request. */
export function currentRequestId(): string | undefined {
  return current.getStore()
}

/** Everything that `task` begins, however late it ends, belongs to the request. */
export function onBehalfOf<T>(requestId: string, task: () => T): T {
  return current.run(requestId, task)
}
