export {
  ADMINISTRATIVE_TENANT,
  ActorSchema,
  AudienceSchema,
  BROWSER_CLIENT,
  ClientIdSchema,
  PermissionSchema,
  RoleNameSchema,
  SessionIdSchema,
  StoredUserIdSchema,
  SubjectSchema,
  TenantIdSchema,
  USER_ID_BYTES_MAX,
  UserIdPrefixSchema,
  UserIdSchema,
  isSessionId,
  parseSubject,
  subjectKey,
  subjectOf,
} from './identifiers.ts'
export { isoTime, timeOf } from './iso-time.ts'
export type {
  Audience,
  ClientId,
  Permission,
  RoleName,
  SessionId,
  Subject,
  SubjectKey,
  TenantId,
  UserId,
} from './identifiers.ts'
export { ORIGIN, PositionSchema, formatPosition, laterOf, parsePosition, sequenceOf } from './position.ts'
export type { Position } from './position.ts'
export {
  formatRelayToken,
  formatSessionToken,
  hashSecret,
  isTokenOf,
  newSessionId,
  newSessionSecret,
  parseToken,
  relayValueFor,
  splitToken,
} from './tokens.ts'
export type { RelayToken, RelayValue, SecretHash, SessionSecret, SessionToken } from './tokens.ts'
export { PROBLEMS } from './problems.ts'
export type { ProblemBody, ProblemCode } from './problems.ts'
export {
  ACCOUNTS_BUCKET,
  ANY_SPEAKER,
  GATEWAY_AUDIENCE,
  SESSION_QUEUE,
  SESSION_SERVICE,
  SUBJECTS,
  ackSubject,
  feedSubject,
  logSubject,
  memberSubject,
  renewSubject,
  resolveSubject,
  speakerOf,
  streamName,
  subjectToken,
} from './subjects.ts'
export {
  MAX_PERMISSIONS,
  MAX_PERMISSION_BYTES,
  MAX_ROLES,
  MAX_SUBJECT_PERMISSIONS,
  MAX_SUBJECT_PERMISSION_BYTES,
  MAX_TENANT_ROLES,
  PermissionsSchema,
  RolesSchema,
  ScopeSchema,
  entryHead,
  parseLogEntry,
  grantsSubject,
  subjectOfEntry,
} from './log-entries.ts'
export type { EntryHead, LogEntry, LogEntryOf, Scope } from './log-entries.ts'
export { LEASE_MS_MAX, LeaseMsSchema, MemberIdSchema, PROTOCOL_VERSION } from './members.ts'
export type { Member, MemberId } from './members.ts'
export {
  AcknowledgementSchema,
  CREATE_SESSION,
  END_SESSION,
  HELLO,
  JOIN,
  LEAVE,
  MAX_ANSWER_BYTES,
  MAX_PREDECESSORS,
  MAX_RESOLVE_BATCH,
  PREPARE_SESSION,
  RENEW_LEASE,
  RESOLVE,
  SessionInfoSchema,
} from './requests.ts'
export type { Delivery, DeliveryEnd } from './claim-requests.ts'
export { CHECK_CLAIMS, MAX_CHECKED_CLAIMS, REDEEM_CLAIM, RELEASE_CLAIM } from './claim-requests.ts'
export type {
  Acknowledgement,
  EffectState,
  RefusalReason,
  RequestContract,
  Resolved,
  SessionInfo,
} from './requests.ts'
export {
  END_OTHER_SESSIONS,
  END_OWN_SESSION,
  LIST_SESSIONS,
  REPORT_SECRETS,
  ROTATE_SESSION,
  ROTATION_IN_FLIGHT_MS,
  ROTATION_WITHIN_MS,
  SESSION_LIFETIME_MAX_MS,
} from './session-requests.ts'
export type { ListedSession } from './session-requests.ts'
export { RECORD_EVENT, SecurityEventSchema } from './audit.ts'
export type { GatewayEvent, SecurityEvent } from './audit.ts'
export { REQUEST_ID_HEADER, currentRequestId, isRequestId, onBehalfOf } from './request-id.ts'
export { TAKE_QUOTA } from './throttle.ts'
