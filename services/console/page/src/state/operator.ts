/** What the page offers an operator. What he may do the API decides. */
import type { Session } from '../api/types.ts'

/** Operators of this tenant are operators of the whole deployment. */
const ADMINISTRATIVE_TENANT = 'curfew'

export function isAdministrative({ tenant }: Session): boolean {
  return tenant === ADMINISTRATIVE_TENANT
}

type Power = 'revoke' | 'grants' | 'read'

export function may(session: Session, power: Power): boolean {
  return session.permissions.includes('curfew:operator') || session.permissions.includes(`curfew:${power}`)
}
