/**
 * ① Which session token a request brings, and through which of the two channels.
 * Promise: a browser's token counts only in its cookie, everyone else's only as a bearer token, and never both at once.
 */
import { cookieValues } from '@curfew/browser-boundary'
import { BROWSER_CLIENT, type ClientId } from '@curfew/contracts'

export type Credential =
  | { readonly kind: 'none' }
  | { readonly kind: 'ambiguous' }
  | { readonly kind: 'cookie'; readonly token: string; readonly isRepeated?: true }
  | { readonly kind: 'bearer'; readonly token: string }

/** The client whose sessions live in cookies. */
export const BROWSER: ClientId = BROWSER_CLIENT

/** No token parses from it, so that a credential which is there but unusable is refused like any wrong one. */
const UNUSABLE = ''

/** @param bearer undefined where the request has no bearer token */
export function credentialOf(
  cookieHeader: string | undefined,
  bearer: string | undefined,
  cookieName: string,
): Credential {
  const cookies = cookieValues(cookieHeader, cookieName)
  if (bearer !== undefined)
    return cookies.length > 0 ? { kind: 'ambiguous' } : { kind: 'bearer', token: bearer }
  const [token] = cookies
  if (token === undefined) return { kind: 'none' }
  return cookies.length === 1
    ? { kind: 'cookie', token }
    : { kind: 'cookie', token: UNUSABLE, isRepeated: true }
}

export function tokenOf(credential: Credential): string | undefined {
  return 'token' in credential ? credential.token : undefined
}

/** A token taken out of a browser is worth nothing to a script, and a script's nothing in a browser. */
export function isRightChannel(kind: 'cookie' | 'bearer', client: ClientId): boolean {
  return (kind === 'cookie') === (client === BROWSER)
}
