export { LogError } from './stream/errors.ts'
export type { LogErrorCode } from './stream/errors.ts'
export type {
  LogIdentity,
  LogReader,
  LogWriter,
  PositionedEntry,
  PublishOptions,
  PublishResult,
  RevocationLog,
  Stored,
} from './stream/log.ts'
export type { LogLogger } from './stream/log-logger.ts'
export type { OpenLogOptions } from './replica/open-log.ts'
export { openLog } from './replica/open-log.ts'
export { EpochOpening } from './epoch/epoch-opening.ts'
export { findEpochInForce } from './epoch/epochs.ts'
export type { EpochState } from './epoch/epochs.ts'
export { storedBytes, surveyLogs } from './epoch/log-survey.ts'
export type { LogSurvey } from './epoch/log-survey.ts'
export type { Confirmation, ConfirmationWatch } from './membership/confirmation.ts'
export { Coordinator } from './membership/coordinator.ts'
export type { Barrier, CoordinatorOptions } from './membership/coordinator.ts'
export { LogClosing } from './stream/log-closing.ts'
export { LogRoom } from './stream/log-room.ts'
export type { RoomReading, RoomState, RoomUse } from './stream/log-room.ts'
export { measureRoom } from './stream/measure-room.ts'
export type { RenewalRequest } from './membership/lease-granter.ts'
export type { MemberState } from './membership/membership.ts'
export type { MemberLimits, RefusedJoin } from './membership/member-admission.ts'
export type { Restored, RestoredMember } from './membership/restored.ts'
export { Witness } from './follow/witness.ts'
export { brokenSettings, factsExpire } from './stream/stream-settings.ts'
export { newReplicaId } from './replica/join.ts'
export { LogReplica } from './replica/log-replica.ts'
export type { LogReplicaOptions } from './replica/log-replica.ts'
export type { Confirming, Expected, Publication, ReplicaReports, StoredState } from './replica/ports.ts'
export { Unavailable } from './replica/unavailable.ts'
