/** Which of the dialogs that any view can open is open. */
import type { Scope } from '../api/types.ts'
import { createStore } from './store.ts'

/** The dialog that ends sessions: of a scope that is given, or of one to be chosen. */
export interface RevokeRequest {
  readonly scope?: Scope
}

export interface ProofRequest {
  readonly settle: (isProved: boolean) => void
}

export const revokeRequest = createStore<RevokeRequest | undefined>(undefined)
export const proofRequest = createStore<ProofRequest | undefined>(undefined)

export function askToRevoke(scope?: Scope): void {
  revokeRequest.set(scope === undefined ? {} : { scope })
}

/** Resolves once the person has proved who they are, or thinks better of it. */
export function askForProof(): Promise<boolean> {
  return new Promise((resolve) => {
    proofRequest.get()?.settle(false)
    proofRequest.set({
      settle: (isProved) => {
        proofRequest.set(undefined)
        resolve(isProved)
      },
    })
  })
}
