/**
 * ① ④ What the gateway asks of the session authority for the person behind a session: a new secret, and the list of
 * their sessions with the power to end them. The gateway has checked the session; the authority checks whose it is.
 */
import { Type, type Static } from 'typebox'

import { ActorSchema, SessionIdSchema, TenantIdSchema, UserIdSchema } from './identifiers.ts'
import { EffectStateSchema, RefusalReasonSchema, SessionInfoSchema, contract } from './requests.ts'

const closed = { additionalProperties: false }
const Reason = Type.String({ maxLength: 500 })
const subject = { tenant: TenantIdSchema, user: UserIdSchema }

/** How somebody has just proved who they are. */
const AuthenticationSchema = Type.Object(
  {
    acr: Type.String({ minLength: 1, maxLength: 128 }),
    amr: Type.Array(Type.String({ minLength: 1, maxLength: 32 }), { maxItems: 8 }),
  },
  closed,
)

/**
 * A new secret for a session that goes on: its id and birth stay. The one presented is accepted for at most ten seconds
 * more, and not much longer than until the first use of its successor. Answered when every verifier knows the new one, so that whoever
 * gets it may use it anywhere at once.
 */
export const ROTATE_SESSION = contract(
  'rotate-session',
  Type.Object(
    {
      ...subject,
      session: SessionIdSchema,
      /** The hash of the secret that was presented: of two rotations at once, one finds another there. */
      secretHash: Type.String({ minLength: 43, maxLength: 43 }),
      /** Present after a re-authentication: both timers begin anew, and `auth_time` is now. */
      authentication: Type.Optional(AuthenticationSchema),
      actor: ActorSchema,
      reason: Reason,
    },
    closed,
  ),
  Type.Union([
    Type.Object(
      { outcome: Type.Literal('rotated'), token: Type.String(), session: SessionInfoSchema },
      closed,
    ),
    Type.Object({ outcome: Type.Literal('refused'), reason: RefusalReasonSchema }, closed),
    /** Somebody else has rotated the session since the secret was issued. */
    Type.Object({ outcome: Type.Literal('superseded') }, closed),
    /** The log has no room for the rotation: nothing was recorded, and the session goes on under its secret. */
    Type.Object({ outcome: Type.Literal('no-room') }, closed),
  ]),
)

/**
 * The longest absolute limit that a deployment can set for its sessions, counted from their latest authentication. The log
 * keeps the ends of single sessions for longer than this; before it is raised, the log has to keep them for longer still.
 */
export const SESSION_LIFETIME_MAX_MS = 30 * 86_400_000

/**
 * For so long after the first use of a new secret the one before is still accepted, within its time: requests that the client
 * sent before it had the new one are on their way, or wait for a connection.
 */
export const ROTATION_IN_FLIGHT_MS = 2_000

/** A rotation that every verifier cannot be told of within this time is given up: askers wait for longer. */
export const ROTATION_WITHIN_MS = 10_000

/**
 * ① What the gateway saw of secrets in a time of change: the first use of a new one, which cuts the overlap short, or the use of
 * one whose time was over, which ends the session. In the order in which they were seen; may be told twice.
 */
export const REPORT_SECRETS = contract(
  'report-secrets',
  Type.Object(
    {
      seen: Type.Array(
        Type.Object(
          {
            session: SessionIdSchema,
            secretHash: Type.String({ minLength: 43, maxLength: 43 }),
            /** How long before this question the check began that saw it. */
            agoMs: Type.Integer({ minimum: 0 }),
          },
          closed,
        ),
        { minItems: 1, maxItems: 64 },
      ),
    },
    closed,
  ),
  Type.Object({}, closed),
)

/** A session as its owner sees it in a list. */
export const ListedSessionSchema = Type.Object(
  {
    ...SessionInfoSchema.properties,
    lastSeenAt: Type.String({ maxLength: 40 }),
    /** The network that the login came from, cut so that it names no single line: `192.0.2.0/24`. */
    addressClass: Type.Optional(Type.String({ maxLength: 64 })),
  },
  closed,
)
export type ListedSession = Static<typeof ListedSessionSchema>

/** The live sessions of one user, newest first. */
export const LIST_SESSIONS = contract(
  'list-sessions',
  Type.Object(subject, closed),
  Type.Object({ sessions: Type.Array(ListedSessionSchema) }, closed),
)

/** Why a session does not end others of its user: it is over itself, or a registered client has begun it, and not the others. */
const EndRefused = Type.Object(
  { outcome: Type.Union([Type.Literal('refused'), Type.Literal('not-allowed')]) },
  closed,
)

/** Ends a session that belongs to the user of the session `by`; of others' and unknown ones it says the same. */
export const END_OWN_SESSION = contract(
  'end-own-session',
  Type.Object(
    { ...subject, session: SessionIdSchema, by: SessionIdSchema, actor: ActorSchema, reason: Reason },
    closed,
  ),
  Type.Union([
    Type.Object({ outcome: Type.Literal('ended'), state: EffectStateSchema }, closed),
    Type.Object({ outcome: Type.Literal('unknown') }, closed),
    EndRefused,
  ]),
)

/** Ends all sessions of the user but the one that asks. */
export const END_OTHER_SESSIONS = contract(
  'end-other-sessions',
  Type.Object(
    {
      ...subject,
      except: SessionIdSchema,
      actor: ActorSchema,
      reason: Reason,
      /** The user has just shown the account's password, which is worth a login: a session of a client may ask as well. */
      isProven: Type.Optional(Type.Literal(true)),
    },
    closed,
  ),
  Type.Union([Type.Object({ outcome: Type.Literal('ended'), state: EffectStateSchema }, closed), EndRefused]),
)
