/**
 * ① Changes a password.
 * Promise: whoever has not shown the current one changes nothing; once the new one holds, the other sessions of the account are
 * ended and the one that did it goes on under a new token.
 */
import { subjectKey, type EffectState, type SessionInfo } from '@curfew/contracts'

import type { EndRefusal, Rotation, SessionAuthority } from '../ports.ts'
import type { PasswordFault, PasswordRules } from './password-rules.ts'
import { provePassword, type ProofPorts, type ProofResult } from './prove-password.ts'

export interface PasswordChange {
  readonly holder: Pick<Rotation, 'tenant' | 'user' | 'session' | 'secretHash'>
  readonly address: string
  readonly currentPassword: string
  readonly newPassword: string
}

export type PasswordChangeResult =
  | {
      readonly kind: 'changed'
      readonly token: string
      readonly session: SessionInfo
      readonly others: EffectState
    }
  | Exclude<ProofResult, { kind: 'proven' }>
  | { readonly kind: 'conflict' }
  | { readonly kind: 'unacceptable'; readonly fault: PasswordFault | 'unchanged' }
  /** The password has been changed; of this session nobody gets a token any more. */
  | { readonly kind: 'session-over' | 'superseded' }
  /** The password has been changed and the others end; whether this session has another token is not known, or it has none. */
  | { readonly kind: 'unrenewed'; readonly isCertain: boolean; readonly cause?: unknown }

export interface PasswordChangePorts extends ProofPorts {
  readonly authority: Pick<SessionAuthority, 'rotate' | 'endOthers'>
  readonly rules: PasswordRules
}

export interface PasswordChangeSteps {
  /** Rejects when the session may change nothing any more: the hashes take their time, and longer while many wait. */
  readonly requireStill: () => Promise<void>
  readonly onChanged: () => void
}

const REASON = 'password changed'
/** A demand that got lost is made once more: repeating it is safe. */
const ENDINGS_MAX = 2

export async function changePassword(
  ports: PasswordChangePorts,
  change: PasswordChange,
  { requireStill, onChanged }: PasswordChangeSteps,
): Promise<PasswordChangeResult> {
  const { accounts, passwords } = ports
  const { holder, address, currentPassword, newPassword } = change
  const proof = await provePassword(ports, { ...holder, address, password: currentPassword })
  if (proof.kind !== 'proven') return proof
  const fault = faultIn(change, ports.rules)
  if (fault !== undefined) return { kind: 'unacceptable', fault }

  const passwordHash = await passwords.hash(newPassword, proof.place)
  if (passwordHash === undefined) return { kind: 'busy' }
  await requireStill()
  if ((await accounts.storePassword(proof.account, passwordHash)) === 'conflict') return { kind: 'conflict' }
  onChanged()
  return takeEffect(ports.authority, holder)
}

function faultIn(
  { holder, currentPassword, newPassword }: PasswordChange,
  rules: PasswordRules,
): PasswordFault | 'unchanged' | undefined {
  if (newPassword.normalize('NFKC') === currentPassword.normalize('NFKC')) return 'unchanged'
  return rules.faultOf(newPassword, [holder.user, holder.tenant, 'curfew'])
}

/** The others first: a login that began before them, with the old password, is ended by the same revocation. */
async function takeEffect(
  authority: PasswordChangePorts['authority'],
  holder: PasswordChange['holder'],
): Promise<PasswordChangeResult> {
  const { tenant, user, session } = holder
  const by = { actor: subjectKey(tenant, user), reason: REASON }
  const others = await endOthers(authority, { tenant, user, except: session, isProven: true, ...by })
  if (others === 'over') return { kind: 'session-over' }
  if (others === 'not-allowed') throw new Error('the authority has refused what the password allows')
  const rotated = await authority.rotate({ ...holder, ...by }).catch((cause: unknown) => ({
    outcome: 'unknown' as const,
    cause,
  }))
  switch (rotated.outcome) {
    case 'rotated':
      return { kind: 'changed', token: rotated.token, session: rotated.session, others }
    case 'refused':
      return { kind: 'session-over' }
    case 'superseded':
      return { kind: 'superseded' }
    case 'no-room':
      return { kind: 'unrenewed', isCertain: true }
    case 'unknown':
      return { kind: 'unrenewed', isCertain: false, cause: rotated.cause }
  }
}

async function endOthers(
  authority: PasswordChangePorts['authority'],
  others: Parameters<SessionAuthority['endOthers']>[0],
): Promise<EffectState | EndRefusal> {
  for (let attempt = 1; ; attempt += 1)
    try {
      const state = await authority.endOthers(others)
      if (state !== 'unknown' || attempt === ENDINGS_MAX) return state
    } catch (error) {
      if (attempt === ENDINGS_MAX) throw error
    }
}
