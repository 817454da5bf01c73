/**
 * ④ What operators do in the proofs. Who needs other grants uses a user of its own.
 */
import { expectJson, type BearerClient } from '@curfew/test-kit'

import { system } from './stage.ts'

let operator: Promise<BearerClient> | undefined

/** One session for all, at the first replica of the authority. */
export async function atAuthority(): Promise<BearerClient> {
  operator ??= system().login('operator')
  return (await operator).at(system().services.session.url)
}

/** After a revocation of everyone that has spared another session of the operator. */
export function logInAgain(): void {
  operator = undefined
}

interface Confirmed {
  readonly state: string
  readonly revocation: { readonly id: string }
}

/** @returns once it is confirmed */
export async function revoke(scope: object): Promise<Confirmed> {
  const answer = await (await atAuthority()).post('/v1/revocations', { scope, reason: 'conformance' })
  return expectJson<Confirmed>(answer, 200)
}

/** @returns once every service knows */
export async function grant(user: string, roles: readonly string[]): Promise<void> {
  const grants = { roles, permissions: [] }
  await expectJson(await (await atAuthority()).put(`/v1/subjects/acme/${user}/grants`, grants), 200)
}

export async function suspend(user: string, verb: 'suspend' | 'resume'): Promise<void> {
  const answer = await (
    await atAuthority()
  ).post(`/v1/subjects/acme/${user}/${verb}`, { reason: 'conformance' })
  await expectJson(answer, 200)
}
