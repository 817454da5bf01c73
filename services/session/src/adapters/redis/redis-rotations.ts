/**
 * ④ The secrets of a session in Redis while they change.
 * Promise: every step compares with what it expects there, so that of two rotations at once one goes on.
 */
import { MAX_PREDECESSORS, type SecretHash, type SessionId } from '@curfew/contracts'
import type { Redis } from 'ioredis'

import type { RotationCommit, RotationStep, RotationStore } from '../../domain/sessions/ports.ts'
import { idleExpiresAtMs, REMAINS_MS, type PendingSecret } from '../../domain/sessions/session-record.ts'
import { KEYS } from './redis-keys.ts'
import { BEGIN_ROTATION, COMMIT_ROTATION, END_OVERLAP, WITHDRAW_ROTATION } from './redis-rotation-scripts.ts'
import { DIGEST_LENGTH, pendingText, renewedFieldsOf } from './redis-session-record.ts'

export class RedisRotations implements RotationStore {
  readonly #redis: Redis

  constructor(redis: Redis) {
    this.#redis = redis
  }

  async begin(id: SessionId, current: SecretHash, pending: PendingSecret): Promise<RotationStep> {
    return stepFrom(
      await this.#redis.eval(BEGIN_ROTATION, 1, KEYS.session(id), current, pendingText(pending)),
    )
  }

  async commit(id: SessionId, change: RotationCommit): Promise<RotationStep> {
    const { next, current, overlapEndsMs, relayOverlapEndsMs, renewed } = change
    const renewal =
      renewed === undefined ? [] : [idleExpiresAtMs(renewed) + REMAINS_MS, ...renewedFieldsOf(renewed)]
    const reply = await this.#redis.eval(
      COMMIT_ROTATION,
      1,
      KEYS.session(id),
      next,
      current,
      overlapEndsMs,
      relayOverlapEndsMs,
      MAX_PREDECESSORS * DIGEST_LENGTH,
      ...renewal,
    )
    return stepFrom(reply)
  }

  async withdraw(id: SessionId, pending: SecretHash): Promise<boolean> {
    return (await this.#redis.eval(WITHDRAW_ROTATION, 1, KEYS.session(id), pending)) === 1
  }

  async endOverlap(id: SessionId, current: SecretHash, atMs: number): Promise<boolean> {
    return (await this.#redis.eval(END_OVERLAP, 1, KEYS.session(id), current, atMs)) === 1
  }
}

function stepFrom(reply: unknown): RotationStep {
  if (reply === 'done' || reply === 'superseded' || reply === 'gone') return reply
  throw new Error('the script answered something unknown')
}
