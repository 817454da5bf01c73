/**
 * ④ How many permissions a subject or a role may be given.
 * Promise: what is beyond a bound already can be taken away, in parts as well, and is never added to.
 */
import {
  MAX_PERMISSION_BYTES,
  MAX_SUBJECT_PERMISSIONS,
  MAX_SUBJECT_PERMISSION_BYTES,
  type Permission,
} from '@curfew/contracts'

/** Of a role, or of what a user has beside roles. */
export function isEntryTooLarge(permissions: readonly Permission[]): boolean {
  return jsonBytes(permissions) > MAX_PERMISSION_BYTES
}

/** @param effective everything that a subject may do, its roles included */
export function isSubjectTooLarge(effective: readonly Permission[]): boolean {
  return effective.length > MAX_SUBJECT_PERMISSIONS || jsonBytes(effective) > MAX_SUBJECT_PERMISSION_BYTES
}

export function jsonBytes(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value))
}
