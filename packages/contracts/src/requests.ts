/**
 * ② ④ ⑦ The requests between services over NATS, one contract each: subject, question, answer.
 * Promise: both sides check both shapes, so a malformed message is an error at the edge and never a state.
 */
import { Type, type Static, type TSchema } from 'typebox'

import {
  ActorSchema,
  ClientIdSchema,
  PermissionSchema,
  RoleNameSchema,
  SessionIdSchema,
  TenantIdSchema,
  UserIdSchema,
} from './identifiers.ts'
import { LeaseMsSchema, MemberIdSchema, MemberSchema } from './members.ts'
import { EpochSchema, PositionSchema } from './position.ts'

const closed = { additionalProperties: false }
const Digest = Type.String({ minLength: 43, maxLength: 43 })
const Milliseconds = Type.Integer({ minimum: 0 })
const IsoTime = Type.String({ maxLength: 40 })

const SequenceSchema = Type.Integer({ minimum: 0 })

/** One kind of request: what is asked and what is answered. The subject is chosen by the caller (subjects.ts). */
export interface RequestContract<Question extends TSchema = TSchema, Answer extends TSchema = TSchema> {
  readonly name: string
  readonly question: Question
  readonly answer: Answer
}

export const contract = <Q extends TSchema, A extends TSchema>(
  name: string,
  question: Q,
  answer: A,
): RequestContract<Q, A> => ({ name, question, answer })

/** What people and services may know of a session: metadata, never a secret. */
export const SessionInfoSchema = Type.Object(
  {
    id: SessionIdSchema,
    tenant: TenantIdSchema,
    user: UserIdSchema,
    client: ClientIdSchema,
    createdAt: IsoTime,
    authTime: IsoTime,
    acr: Type.String({ maxLength: 128 }),
    amr: Type.Array(Type.String({ maxLength: 32 }), { maxItems: 8 }),
    idleExpiresAt: IsoTime,
    expiresAt: IsoTime,
    roles: Type.Array(RoleNameSchema),
    permissions: Type.Array(PermissionSchema),
    label: Type.Optional(Type.String({ maxLength: 64 })),
  },
  closed,
)
export type SessionInfo = Static<typeof SessionInfoSchema>

/** So many earlier secrets of a session are known by their hashes, to recognise whoever still has one. */
export const MAX_PREDECESSORS = 8

/** Why a session is not admitted: for logs and metrics. Outside, all of them look the same. */
export const RefusalReasonSchema = Type.Union([
  Type.Literal('unknown'),
  Type.Literal('revoked'),
  Type.Literal('expired'),
  Type.Literal('suspended'),
])
export type RefusalReason = Static<typeof RefusalReasonSchema>

export const ResolvedSchema = Type.Union([
  Type.Object(
    {
      status: Type.Literal('live'),
      /** What a token for this audience must prove: the secret's hash at the gateway, a relay value elsewhere. */
      proof: Digest,
      session: SessionInfoSchema,
      /** Position of the log before the session's first credential was read. */
      birth: PositionSchema,
      /** Deadlines are remaining times, counted by the asker from when it sent the request: clocks are not compared. */
      idleRemainingMs: Milliseconds,
      remainingMs: Milliseconds,
      /** How long ago somebody last authenticated for this session. */
      authAgeMs: Milliseconds,
      /** The secret is about to be another one: the answer is for now, and must not be remembered. */
      isRotating: Type.Optional(Type.Literal(true)),
      /**
       * What was proof earlier, newest first. The newest is accepted for `overlapRemainingMs` more: below zero, its time
       * was over so long before the answer was read. The gateway hears of all that are known, the others of those accepted.
       */
      predecessors: Type.Optional(Type.Array(Digest, { minItems: 1, maxItems: MAX_PREDECESSORS })),
      overlapRemainingMs: Type.Optional(Type.Integer()),
    },
    closed,
  ),
  Type.Object({ status: Type.Literal('refused'), reason: RefusalReasonSchema }, closed),
  /** The answer has no room for it, beside the others or at all: no verdict, and worth another question. */
  Type.Object({ status: Type.Literal('left-out') }, closed),
])
export type Resolved = Static<typeof ResolvedSchema>

export const MAX_RESOLVE_BATCH = 256

/** Bytes of JSON in one answer; leaves room within the `max_payload` of NATS, 1 MB by default. */
export const MAX_ANSWER_BYTES = 768 * 1_024

/** Which log is in force, and how long leases are: asked at start and whenever nobody answers. */
export const HELLO = contract(
  'hello',
  Type.Object({}, closed),
  Type.Object({ epoch: EpochSchema, leaseMs: LeaseMsSchema }, closed),
)

/**
 * ② Up to 256 sessions at once; answers come in the order of the question, read by a replica that holds a lease and has
 * applied at least `minSeq`. `asOf` is its position before it read. Where the answers are more than a message holds, the
 * largest are left out.
 */
export const RESOLVE = contract(
  'resolve',
  Type.Object(
    {
      sessions: Type.Array(SessionIdSchema, { minItems: 1, maxItems: MAX_RESOLVE_BATCH }),
      minSeq: SequenceSchema,
      /** Those of them that nobody uses, that are only watched by something that lasts: their idle limit stays. */
      passive: Type.Optional(Type.Array(SessionIdSchema, { maxItems: MAX_RESOLVE_BATCH })),
    },
    closed,
  ),
  Type.Object({ asOf: PositionSchema, sessions: Type.Array(ResolvedSchema) }, closed),
)

/**
 * ② A process that wants leases; the answer comes when the log says that it is a member, or at once when there are too many
 * of its service, or too many come.
 */
export const JOIN = contract(
  'join',
  // Entries of earlier versions may hold other names of hosts; what operators are shown has no control characters from here on.
  Type.Object(
    { ...MemberSchema.properties, host: Type.String({ pattern: '^[!-~]+$', maxLength: 255 }) },
    closed,
  ),
  Type.Union([
    Type.Object({}, closed),
    Type.Object(
      {
        refused: Type.Union([
          Type.Literal('too-many-members'),
          Type.Literal('too-many-joins'),
          Type.Literal('log-full'),
        ]),
        retryAfterMs: Milliseconds,
      },
      closed,
    ),
  ]),
)

/** ② Sent after the lease has been dropped: nothing has to be waited for any more. */
export const LEAVE = contract(
  'leave',
  Type.Object({ member: MemberIdSchema }, closed),
  Type.Object({}, closed),
)

/** ② Asks for a lease that counts from now; says on the way what has been applied. */
export const RENEW_LEASE = contract(
  'renew-lease',
  Type.Object(
    {
      member: MemberIdSchema,
      nonce: Type.String({ minLength: 1, maxLength: 64 }),
      applied: SequenceSchema,
      cachedSessions: SequenceSchema,
    },
    closed,
  ),
  Type.Union([
    Type.Object(
      {
        outcome: Type.Literal('granted'),
        epoch: EpochSchema,
        barrier: SequenceSchema,
        leaseMs: LeaseMsSchema,
      },
      closed,
    ),
    Type.Object({ outcome: Type.Literal('not-a-member') }, closed),
  ]),
)

/** ② Cumulative: everything up to `applied` has taken effect at the member. Published, not requested. */
export const AcknowledgementSchema = Type.Object({ member: MemberIdSchema, applied: SequenceSchema }, closed)
export type Acknowledgement = Static<typeof AcknowledgementSchema>

/** ④ Asked before the first credential is read: the birth that the new session will carry. */
export const PREPARE_SESSION = contract(
  'prepare-session',
  Type.Object({}, closed),
  Type.Object({ birth: PositionSchema }, closed),
)

export const CREATE_SESSION = contract(
  'create-session',
  Type.Object(
    {
      birth: PositionSchema,
      tenant: TenantIdSchema,
      user: UserIdSchema,
      client: ClientIdSchema,
      acr: Type.String({ minLength: 1, maxLength: 128 }),
      amr: Type.Array(Type.String({ minLength: 1, maxLength: 32 }), { maxItems: 8 }),
      label: Type.Optional(Type.String({ maxLength: 64 })),
      addressClass: Type.Optional(Type.String({ maxLength: 64 })),
    },
    closed,
  ),
  Type.Union([
    Type.Object(
      { outcome: Type.Literal('created'), token: Type.String(), session: SessionInfoSchema },
      closed,
    ),
    /** A revocation or suspension that covers the subject came after `birth`, or holds now. */
    Type.Object({ outcome: Type.Literal('refused'), reason: RefusalReasonSchema }, closed),
  ]),
)

/** How far the effect of a log entry is known to have reached. */
export const EffectStateSchema = Type.Union([
  Type.Literal('confirmed'),
  Type.Literal('recorded'),
  Type.Literal('unknown'),
])
export type EffectState = Static<typeof EffectStateSchema>

/** ① Logout. Ending a session that is over already succeeds again. */
export const END_SESSION = contract(
  'end-session',
  Type.Object(
    {
      session: SessionIdSchema,
      actor: ActorSchema,
      reason: Type.String({ maxLength: 500 }),
    },
    closed,
  ),
  Type.Object({ state: EffectStateSchema }, closed),
)
