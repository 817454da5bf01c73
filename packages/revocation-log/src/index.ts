export { LogError } from './errors.ts'
export type { LogErrorCode } from './errors.ts'
export type {
  LogLogger,
  LogReader,
  LogWriter,
  OpenLogOptions,
  PublishOptions,
  PublishResult,
  RevocationLog,
  Stored,
} from './log.ts'
export { openLog } from './open-log.ts'
