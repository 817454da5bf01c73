export { createVerifier } from './verifier.ts'
export type { VerifierOptions } from './verifier.ts'
export type { RefusedReason, VerifiedSession, Verdict, Verifier, VerifierLogger } from './verdict.ts'
