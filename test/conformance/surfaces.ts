/**
 * ④ The surfaces on which operators end sessions. Each carries out the same scopes in its own way; what comes of it is
 * compared in operators.ts. To hold another surface to it, add it here.
 */
import { expectJson } from '@curfew/test-kit'

import { atAuthority } from './operating.ts'

export interface Revoking {
  readonly scope: Readonly<Record<string, string>>
  readonly reason: string
  /** Spares the operator's own session. */
  readonly isOwnSpared: boolean
}

export interface Surface {
  readonly name: string
  /** @returns once the surface has said that it is confirmed */
  readonly revoke: (revoking: Revoking) => Promise<void>
}

export const SURFACES: readonly Surface[] = [
  {
    name: 'API',
    async revoke({ scope, reason, isOwnSpared }) {
      const json = { scope, reason, ...(isOwnSpared && { except_current: true }) }
      const answer = await (await atAuthority()).request('POST', '/v1/revocations', { json })
      await expectJson(answer, 200)
    },
  },
]
