/**
 * ③ Finds the bearer token of a request (RFC 6750 §2.1), in the `Authorization` header and nowhere else.
 */
import type { IncomingMessage } from 'node:http'

/** What stands for a credential that is there but cannot be one: no token parses from it. */
const UNUSABLE = ''

const AUTHORIZATION = 'authorization'
const BEARER = /^bearer(?: +(.*))?$/i
const USUAL = 'Bearer '

/** Undefined without a bearer token; other schemes are somebody else's. Several headers leave no way to choose. */
export function bearerToken({ headers, rawHeaders }: IncomingMessage): string | undefined {
  const { authorization } = headers
  if (authorization === undefined) return undefined
  // Node keeps the first of several; whoever stands in front may have looked at the last.
  if (isRepeated(rawHeaders)) return UNUSABLE
  // As nearly everybody writes it: one space, and something behind it.
  if (
    authorization.startsWith(USUAL) &&
    authorization.length > USUAL.length &&
    authorization[USUAL.length] !== ' '
  )
    return authorization.slice(USUAL.length)
  const match = BEARER.exec(authorization)
  return match === null ? undefined : (match[1] ?? UNUSABLE)
}

function isRepeated(rawHeaders: readonly string[]): boolean {
  let times = 0
  // Names and values in turn. A name of another length need not be written in small letters first.
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]
    if (name?.length === AUTHORIZATION.length && name.toLowerCase() === AUTHORIZATION) times += 1
  }
  return times > 1
}
