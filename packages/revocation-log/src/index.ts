export { LogError } from './errors.ts'
export type { LogErrorCode } from './errors.ts'
export type {
  LogIdentity,
  LogReader,
  LogWriter,
  OpenLogOptions,
  PositionedEntry,
  PublishOptions,
  PublishResult,
  RevocationLog,
  Stored,
} from './log.ts'
export type { LogLogger } from './log-logger.ts'
export { openLog } from './open-log.ts'
export { EpochOpening } from './epoch-opening.ts'
export { findEpochInForce } from './epochs.ts'
export type { EpochState } from './epochs.ts'
export { storedBytes, surveyLogs } from './log-survey.ts'
export type { LogSurvey } from './log-survey.ts'
export type { Confirmation, ConfirmationWatch } from './confirmation.ts'
export { Coordinator } from './coordinator.ts'
export type { Barrier, CoordinatorOptions } from './coordinator.ts'
export { LogClosing } from './log-closing.ts'
export { LogRoom } from './log-room.ts'
export type { RoomReading, RoomState, RoomUse } from './log-room.ts'
export { measureRoom } from './measure-room.ts'
export type { RenewalRequest } from './lease-granter.ts'
export type { MemberState } from './membership.ts'
export type { MemberLimits, RefusedJoin } from './member-admission.ts'
export type { Restored, RestoredMember } from './restored.ts'
export { Witness } from './witness.ts'
export { brokenSettings, factsExpire } from './stream-settings.ts'
export { ProtocolServer } from './protocol-server.ts'
export type { ProtocolServerOptions } from './protocol-server.ts'
