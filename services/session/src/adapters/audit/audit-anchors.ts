/**
 * ④ Remembers the end of the audit trail outside of it: in this process, in Redis, and now and then in the log file.
 * Promise: who rewrites or shortens the trail must have rewritten these as well, and log files are shipped elsewhere.
 */
import type { Redis } from 'ioredis'
import type { Logger } from 'pino'

import { eventPosition, type TrailHead } from '../../domain/audit/audit-record.ts'
import type { AuditAnchors } from '../../domain/audit/audit-trail.ts'
import { KEYS } from '../redis/redis-keys.ts'
import { ADVANCE_AUDIT_HEAD } from '../redis/redis-scripts.ts'

type Anchor = Omit<TrailHead, 'at'>

const LOGGED_EVERY_MS = 60_000
const ANCHOR = /^(\d{16})\.00 ([A-Za-z0-9_-]{43})$/

export class HeadAnchors implements AuditAnchors {
  readonly #redis: Redis
  readonly #logger: Logger
  #own: Anchor | undefined
  #isWriting = false
  #loggedSeq = 0
  #loggedAtMs = -LOGGED_EVERY_MS

  constructor(redis: Redis, logger: Logger) {
    this.#redis = redis
    this.#logger = logger
  }

  advance({ seq, hash }: TrailHead): void {
    this.#own = { seq, hash }
    if (performance.now() - this.#loggedAtMs >= LOGGED_EVERY_MS) this.log()
    if (!this.#isWriting) void this.#write()
  }

  /** The log line that an auditor compares the trail with. */
  log(): void {
    if (this.#own === undefined || this.#own.seq === this.#loggedSeq) return
    this.#loggedSeq = this.#own.seq
    this.#loggedAtMs = performance.now()
    this.#logger.info({ event: 'audit.anchored', ...this.#own })
  }

  async known(): Promise<Anchor[]> {
    const [, seq, hash] = ANCHOR.exec((await this.#redis.get(KEYS.auditHead)) ?? '') ?? []
    const stored = seq === undefined || hash === undefined ? [] : [{ seq: Number(seq), hash }]
    return this.#own === undefined ? stored : [...stored, this.#own]
  }

  async #write(): Promise<void> {
    this.#isWriting = true
    try {
      for (let written: Anchor | undefined; written !== this.#own;) {
        written = this.#own
        if (written === undefined) return
        const value = `${eventPosition(written.seq, 0)} ${written.hash}`
        await this.#redis.eval(ADVANCE_AUDIT_HEAD, 1, KEYS.auditHead, value)
      }
    } catch {
      // Redis is away, which is reported elsewhere; the next record tries again.
    } finally {
      this.#isWriting = false
    }
  }
}
