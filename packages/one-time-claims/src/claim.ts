/**
 * ⑥ ⑦ A one-time claim as it is written (JWS payload) and as it is used inside (FileClaim).
 * Promise: both halves of a claim are closed shapes; an unknown member may be a restriction, so it is refused and never ignored.
 */
import {
  PermissionSchema,
  SessionIdSchema,
  type Permission,
  type SessionId,
  type Subject,
} from '@curfew/contracts'
import { Type } from 'typebox'
import { Compile } from 'typebox/compile'

import { FileActSchema, type FileAct } from './act.ts'

const closed = { additionalProperties: false }

export const CLAIM_TYPE = 'file-claim+jwt'
/** Which a signer may use. A verifier accepts the first unless it is told otherwise. */
export const CLAIM_ALGORITHMS = ['Ed25519', 'ES256'] as const
export type ClaimAlgorithm = (typeof CLAIM_ALGORITHMS)[number]
export const CLAIM_AUDIENCE = 'files'
/** No claim lives longer, whoever minted it: the authority remembers spent ones for about as long. */
export const MAX_CLAIM_LIFETIME_SECONDS = 300
/** Longer than any claim that fits its schema, far below what a header may hold. */
export const MAX_CLAIM_CHARACTERS = 4096

/** Unique within its issuer: what the authority remembers once the claim is spent. */
export type ClaimId = string & { readonly __brand: 'ClaimId' }

/** A claim whose signature and content have been checked. Whether it is spent, only the authority knows. */
export interface FileClaim {
  readonly issuer: string
  readonly claimId: ClaimId
  readonly subject: Subject
  readonly session: SessionId
  /** Which the session has to have when the claim is redeemed, and for as long as the act goes on. */
  readonly permission?: Permission | undefined
  readonly act: FileAct
  readonly expiresAtSeconds: number
}

/** A selector among the issuer's keys, safe in a log line. */
export const KeyIdSchema = Type.String({ pattern: '^[A-Za-z0-9._~-]{1,64}$' })

const NumericDate = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })

export const claimHeader = Compile(
  Type.Object({ alg: Type.String(), typ: Type.String(), kid: KeyIdSchema }, closed),
)

export const claimPayload = Compile(
  Type.Object(
    {
      iss: Type.String({ minLength: 1, maxLength: 255 }),
      aud: Type.String(),
      sub: Type.String(),
      sid: SessionIdSchema,
      // At least the 128 random bits that mint writes.
      jti: Type.Unsafe<ClaimId>(Type.String({ pattern: '^[A-Za-z0-9_-]{22,64}$' })),
      iat: NumericDate,
      nbf: NumericDate,
      exp: NumericDate,
      perm: Type.Optional(PermissionSchema),
      act: FileActSchema,
    },
    closed,
  ),
)
export type ClaimPayload = ReturnType<typeof claimPayload.Parse>
