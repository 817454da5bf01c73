/**
 * ④ ⑤ Writes who is a member into the log; only replicas may, for verifiers as for themselves.
 * Promise: a join or leave that was answered is in the log and in effect here; a repeated one is stored once.
 */
import {
  sequenceOf,
  type LEAVE,
  type LogEntry,
  type LogEntryOf,
  type Member,
  type MemberId,
  type Position,
  entryHead,
  type EntryHead,
} from '@curfew/contracts'
import type { Clock } from '@curfew/protocol'
import type { Static } from 'typebox'

import type { MemberState } from '../membership/membership.ts'
import type { LogLogger } from '../stream/log-logger.ts'
import type { PublishResult } from '../stream/log.ts'

export interface MemberRecorderOptions {
  readonly clock: Clock
  readonly logger: LogLogger
  readonly publish: (entry: LogEntry) => Promise<PublishResult>
  /** True when this replica has applied the position in time. */
  readonly waitFor: (position: Position, timeoutMs: number) => Promise<boolean>
}

const APPLIED_WITHIN_MS = 2_000
type Nothing = Static<typeof LEAVE.answer>
const NOTHING: Nothing = {}

export class MemberRecorder {
  readonly #options: MemberRecorderOptions

  constructor(options: MemberRecorderOptions) {
    this.#options = options
  }

  /** @throws when it is not known to be in the log. */
  async join(member: Member): Promise<Nothing> {
    const entry: LogEntryOf<'joined'> = {
      ...this.#head(`joined-${member.member}`),
      type: 'joined',
      ...member,
    }
    await this.#say(entry)
    return NOTHING
  }

  /** @throws when it is not known to be in the log. */
  async leave(member: MemberId): Promise<Nothing> {
    await this.#say(this.#left(member))
    return NOTHING
  }

  /** Without seeing it come back. */
  async sayLeft(member: MemberId): Promise<void> {
    await this.#options.publish(this.#left(member))
  }

  /** Every replica that finds it silent says so under the same id; a member that joined again is evicted anew. */
  async evict({ description: { member }, joining }: MemberState): Promise<void> {
    const id = `evicted-${member}-${sequenceOf(joining.position)}`
    try {
      await this.#options.publish({ ...this.#head(id), type: 'evicted', member })
    } catch (err) {
      this.#options.logger.warn({ event: 'member.evict.failed', member, err })
    }
  }

  #left(member: MemberId): LogEntryOf<'left' | 'evicted'> {
    return { ...this.#head(`left-${member}`), type: 'left', member }
  }

  async #say(entry: LogEntry): Promise<void> {
    const { publish, waitFor } = this.#options
    const result = await publish(entry)
    if (result.kind !== 'stored' || !(await waitFor(result.position, APPLIED_WITHIN_MS)))
      throw new Error(`${entry.type} could not be recorded`)
  }

  #head(id: string): EntryHead {
    return entryHead(id, this.#options.clock().wallMs)
  }
}
