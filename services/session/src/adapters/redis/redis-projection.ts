/**
 * ④ ⑤ Writes what the log says into Redis.
 * Promise: the data before the position that vouches for it; the position never moves over writes that Redis has lost.
 */
import { ORIGIN, type Position, type SessionId, type SubjectKey, subjectOf } from '@curfew/contracts'
import type { LogIdentity } from '@curfew/revocation-log'
import type { ChainableCommander, Redis } from 'ioredis'

import type { WideFact } from '../../domain/log/facts.ts'
import type { Unprojected } from '../../domain/log/log-view.ts'
import { Unavailable } from '../../domain/log/unavailable.ts'
import { revocationOf } from '../../domain/revocations/revocation.ts'
import { indexPartOf, indexPartOfName, KEYS } from './redis-keys.ts'
import { positionFrom, repliesOf } from './redis-replies.ts'
import { keepRevocation } from './redis-revocation-history.ts'
import { ADVANCE_APPLIED, END_SESSION, ENTER_LOG, FORGET_WIDE, TELL } from './redis-scripts.ts'
import { tellingsOf } from './redis-subject-record.ts'
import { wideFactFrom, wideFieldOf, wideValueOf } from './redis-wide-record.ts'

/** Wide facts, of up to 8 KiB each. */
const LOADED_AT_ONCE = 500

export class RedisProjection {
  readonly #redis: Redis

  constructor(redis: Redis) {
    this.#redis = redis
  }

  /** Where Redis stands, and the wide facts, which are at least as new. */
  async load(): Promise<{ readonly projected: Position; readonly wide: WideFact[] }> {
    // Read first, so that no fact can be older than it.
    const projected = positionFrom(await this.#redis.get(KEYS.applied))
    const wide: WideFact[] = []
    let cursor = '0'
    // In parts: Redis cuts off a client to which it has too much to send. A fact may come twice.
    do {
      const [next, parts] = await this.#redis.hscan(KEYS.wide, cursor, 'COUNT', LOADED_AT_ONCE)
      for (let at = 0; at + 1 < parts.length; at += 2) wide.push(wideFactFrom(parts[at]!, parts[at + 1]!))
      cursor = next
    } while (cursor !== '0')
    // An older Redis may have answered the later parts.
    if (positionFrom(await this.#redis.get(KEYS.applied)) < projected) throw new Unavailable('redis-rewound')
    return { projected, wide }
  }

  /**
   * To be called before anything of a log is written. Answers the log that this Redis belongs to: another one than asked
   * for when it is of a later epoch, or has the same number and yet is not the same.
   */
  async enter({ epoch, logId }: LogIdentity): Promise<LogIdentity> {
    const name = `${String(epoch).padStart(6, '0')} ${logId}`
    return logIdentityFrom(await this.#redis.eval(ENTER_LOG, 1, KEYS.log, name))
  }

  /** The log that this Redis belongs to; undefined when it has never been told. */
  async belongsTo(): Promise<LogIdentity | undefined> {
    const known = await this.#redis.get(KEYS.log)
    return known === null ? undefined : logIdentityFrom(known)
  }

  /** In order. Throws when any of it is not known to have been written; all of it may be written again. */
  async write(entries: readonly Unprojected[]): Promise<void> {
    if (entries.length === 0) return
    const owners = await this.#ownersIn(entries)
    const pipeline = this.#redis.pipeline()
    for (const { entry, fact, position } of entries) {
      // First: whoever finds a session gone also finds what has ended it.
      const revocation = revocationOf(entry, position)
      if (revocation !== undefined) keepRevocation(pipeline, revocation)
      switch (fact.reach) {
        case 'wide':
          listTenant(pipeline, fact.fact)
          pipeline.eval(TELL, 1, KEYS.wide, wideFieldOf(fact.fact), wideValueOf(fact.fact))
          break
        case 'subject':
          // The index first: an entry in it without facts does no harm.
          if (fact.facts.grants ?? fact.facts.suspension) listSubject(pipeline, fact.subject)
          for (const telling of tellingsOf(fact.facts))
            pipeline.eval(TELL, 1, KEYS.subject(fact.subject), ...telling)
          break
        case 'session':
          endSession(pipeline, fact.session, { position, owner: owners.get(fact.session) })
          break
      }
    }
    await repliesOf(pipeline)
  }

  /** Wide facts that nobody needs any more; a later one about the same entity stays. */
  async forget(facts: readonly WideFact[]): Promise<void> {
    const pipeline = this.#redis.pipeline()
    for (const fact of facts) pipeline.eval(FORGET_WIDE, 1, KEYS.wide, wideFieldOf(fact), fact.value.position)
    if (facts.length > 0) await repliesOf(pipeline)
  }

  /** Answers what Redis vouches for now; smaller than `known` means that it has lost writes, and nothing was moved. */
  async advance(known: Position, upTo: Position): Promise<Position> {
    const atLeast = known === ORIGIN ? '' : known
    return positionFrom(await this.#redis.eval(ADVANCE_APPLIED, 1, KEYS.applied, atLeast, upTo))
  }

  /** Of the sessions that the entries may end, those that there are. */
  async #ownersIn(entries: readonly Unprojected[]): Promise<Map<SessionId, Owner>> {
    const ids = entries.flatMap(({ fact }) => (fact.reach === 'session' ? [fact.session] : []))
    if (ids.length === 0) return new Map()
    const pipeline = this.#redis.pipeline()
    for (const id of ids) pipeline.hmget(KEYS.session(id), 'u', 'b')
    const found = (await repliesOf(pipeline)) as ([SubjectKey, Position] | [null, null])[]
    return new Map(
      ids.flatMap((id, index) => {
        const [subject = null, birth = null] = found[index] ?? []
        return subject === null || birth === null ? [] : [[id, { subject, birth }]]
      }),
    )
  }
}

interface Owner {
  readonly subject: SubjectKey
  readonly birth: Position
}

/** The lists first: whoever dies in between finds the session, and whose it is, when the entry is written again. */
function endSession(
  pipeline: ChainableCommander,
  id: SessionId,
  { position, owner }: { readonly position: Position; readonly owner: Owner | undefined },
): void {
  if (owner === undefined || owner.birth >= position) return
  pipeline.hdel(KEYS.subject(owner.subject), id)
  pipeline.zrem(KEYS.sessionIndex(indexPartOf(id)), id)
  pipeline.eval(END_SESSION, 1, KEYS.session(id), position)
}

function listSubject(pipeline: ChainableCommander, subject: SubjectKey): void {
  const { tenant, user } = subjectOf(subject)
  pipeline.sadd(KEYS.subjectIndex(indexPartOfName(subject)), subject)
  pipeline.zadd(KEYS.tenantUsers(tenant), 0, user)
  pipeline.zadd(KEYS.tenants, 0, tenant)
}

function listTenant(pipeline: ChainableCommander, fact: WideFact): void {
  if ('tenant' in fact) pipeline.zadd(KEYS.tenants, 0, fact.tenant)
}

function logIdentityFrom(reply: unknown): LogIdentity {
  const [, epoch, logId] = /^(\d{6}) (.+)$/.exec(String(reply)) ?? []
  if (epoch === undefined || logId === undefined)
    throw new Error('what Redis holds as the name of a log is none')
  return { epoch: Number(epoch), logId }
}
