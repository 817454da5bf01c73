/** Events of the callers of the HTTP API: the changes of operators, and the refusals of operators and clients. */
import type {
  ClientId,
  EffectState,
  RoleName,
  SessionId,
  SubjectKey,
  TenantId,
  UserId,
} from '@curfew/contracts'

export interface CallerReports {
  grantsChanged(changed: Changed & { subject: SubjectKey }): void
  roleChanged(changed: Changed & { tenant: TenantId; role: RoleName }): void
  suspensionChanged(changed: Changed & { tenant: TenantId; user?: UserId; suspended: boolean }): void
  operatorRefused(refused: RefusedOperator): void
  clientRefused(refused: { requestId: string; client?: ClientId; addressClass?: string | undefined }): void
  /** `isFirst`: the caller's first refusal in this window. The later ones are summed, so that they fill neither log nor trail. */
  throttled(throttled: {
    policy: string
    isFirst: boolean
    actor: string
    addressClass?: string | undefined
  }): void
}

export interface RefusedOperator {
  readonly reason: string
  readonly requestId: string
  readonly sessionId?: SessionId
  readonly actor?: string
  readonly addressClass?: string | undefined
}

export interface Changed {
  readonly actor: string
  readonly state: EffectState
  readonly requestId: string
  readonly reason?: string | undefined
  /** `+documents:write -reports:read`. */
  readonly change: string
  readonly effect: string
}
