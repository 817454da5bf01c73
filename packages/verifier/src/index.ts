export { createVerifier } from './verifier.ts'
export type { VerifierOptions } from './verifier.ts'
export { SessionEnded } from './watching.ts'
export type {
  CheckOptions,
  RefusedReason,
  SessionWatch,
  VerifiedSession,
  Verdict,
  Verifier,
  VerifierLogger,
  WatchOptions,
} from './verdict.ts'
export type { EndReason } from './watches.ts'
