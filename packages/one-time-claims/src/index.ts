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
export { CLAIM_ALGORITHMS, CLAIM_AUDIENCE, MAX_CLAIM_LIFETIME_SECONDS } from './claim.ts'
export type { ClaimAlgorithm, ClaimId, FileClaim } from './claim.ts'
export { openKeyDirectory } from './key-directory.ts'
export type { KeyDirectory, KeyDirectoryOptions, KeyEvent } from './key-directory.ts'
export { createClaimSigner } from './mint.ts'
export type { ClaimKeys, ClaimRequest, ClaimSigner, ClaimSignerOptions, MintedClaim } from './mint.ts'
export { fixedKey, generateSigningJwk } from './signing-key.ts'
export type { PrivateJwk, SigningKey } from './signing-key.ts'
export { createClaimVerifier } from './verify.ts'
export type { ClaimVerdict, ClaimVerifier, ClaimVerifierOptions, InvalidReason } from './verify.ts'
export { checkClaims, redeemClaim, releaseClaim } from './redeem.ts'
export type { Redemption } from './redeem.ts'
export type { Delivery, DeliveryEnd } from '@curfew/contracts'
