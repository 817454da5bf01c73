export {
  ByteCountSchema,
  DigestSchema,
  EntityTagSchema,
  FileIdSchema,
  FileNameSchema,
  MediaTypeSchema,
  formatDigest,
} from './act.ts'
export type { Digest, FileAct, FileActOf, FileId } from './act.ts'
export { CLAIM_AUDIENCE, MAX_CLAIM_LIFETIME_SECONDS } from './claim.ts'
export type { ClaimId, FileClaim } from './claim.ts'
export { createClaimSigner } from './mint.ts'
export type { ClaimRequest, ClaimSigner, ClaimSignerOptions, MintedClaim } from './mint.ts'
export { createClaimVerifier } from './verify.ts'
export type { ClaimVerdict, ClaimVerifier, ClaimVerifierOptions, InvalidReason } from './verify.ts'
export { checkClaims, redeemClaim, releaseClaim } from './redeem.ts'
export type { Redemption } from './redeem.ts'
export type { Delivery, DeliveryEnd } from '@curfew/contracts'
