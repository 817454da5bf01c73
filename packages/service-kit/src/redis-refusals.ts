/**
 * Tells whether an error of Redis means that the command is wrong, or that the server cannot serve it now.
 * Promise: only errors that name a fault of the command count as one. Any other, known or not, is a server in trouble, and
 * its callers are told that there is no answer.
 */

/** They come again on a healthy server as well: a fault of the code or of its permissions. */
const ABOUT_THE_COMMAND: ReadonlySet<string> = new Set([
  'ERR',
  'WRONGTYPE',
  'NOPERM',
  'CROSSSLOT',
  'NOSCRIPT',
  'BUSYKEY',
  'INVALIDOBJ',
])

/** Another server may have become the primary behind the address. */
const AFTER_A_FAILOVER: ReadonlySet<string> = new Set(['READONLY', 'MASTERDOWN', 'NOREPLICAS'])

/** The first word of an error reply, for example `OOM`; of a transaction that was discarded at its end, the reason for it. */
export function refusalCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  const reply = error.name === 'ReplyError' ? error : error.cause
  if (!(reply instanceof Error) || reply.name !== 'ReplyError') return undefined
  const [, code, discardedBy] =
    /^([A-Z]+)(?: Transaction discarded because of: ([A-Z]+))?/.exec(reply.message) ?? []
  return discardedBy ?? code
}

export function isAboutTheCommand(error: Error): boolean {
  return error.name === 'ReplyError' && ABOUT_THE_COMMAND.has(refusalCode(error) ?? '')
}

export function mayHaveMoved(error: Error): boolean {
  return AFTER_A_FAILOVER.has(refusalCode(error) ?? '')
}
