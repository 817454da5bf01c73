/**
 * ⑤ What the model checker is asked: worlds in which the promises must hold, and mutants that must break them.
 * Promise: every rule of the protocol that the model contains is removed here once, and its removal is noticed.
 */

export interface Variant {
  /** Stable name; for a mutant also the -D flag that breaks the rule. */
  name: string
  /** What is shown, as the rest of a sentence. */
  says: string
  flags: readonly string[]
  /** Length of the log that is searched. */
  positions: number
  expected: 'holds' | 'violated'
}

const world = (name: string, positions: number, says: string): Variant => ({
  name,
  says,
  positions,
  flags: name === 'MEMBERS' ? [] : [name],
  expected: 'holds',
})

export const worlds: readonly Variant[] = [
  world('MEMBERS', 6, 'with two verifiers that join, miss entries, pause, leave, are evicted and come back'),
  world('DRIFT', 5, 'with clocks that run slow and fast to the edge of rho'),
  world('LIFE_CUT', 6, 'while a config entry shortens the lease'),
  world('RESOLVE', 4, 'with a cache filled through a lagging replica and a Redis that fails over'),
  world('LOGIN', 6, 'and a login that raced the revocation loses, one begun after it wins'),
  {
    name: 'HISTORY_HASH',
    says: 'though the log lost its tail, if grants and acknowledgements carry a hash of history',
    flags: ['LOST_TAIL', 'GRANTS_CARRY_HASH', 'ACKS_CARRY_HASH'],
    positions: 8,
    expected: 'holds',
  },
]

function mutantsOf(flags: readonly string[], rules: Record<string, string>): Variant[] {
  return Object.entries(rules).map(([name, says]) => ({
    name,
    says,
    flags: [...flags, name],
    positions: 4,
    expected: 'violated',
  }))
}

export const mutants: readonly Variant[] = [
  ...mutantsOf([], {
    LEASE_FROM_REPLY: 'lease counted from the reply',
    LEASE_ENDED_BY_TIMER: 'lease ended by a timer instead of a clock read at each check',
    BARRIER_SHARED_BACKWARDS: 'barrier older than the request',
    BARRIER_FROM_A_READ: 'barrier read from the stream instead of published',
    BARRIER_NOT_AWAITED: 'lease used before its barrier is applied',
    STRANGERS_GRANTED: 'lease granted to who never joined',
    MEMBER_CHECKED_AT_REPLY: 'membership checked at the reply instead of at the barrier',
    EVICTED_GRANTED: 'lease granted to an evicted verifier',
    EVICTION_AT_ONCE: 'evicted verifier not awaited until W has passed',
    MEMBERS_READ_BEFORE_PUBLISH: 'membership read before publish',
    ID_SHARED: 'two processes under one verifier id',
    WAIT_TOO_SHORT: 'W too short',
    WAIT_ON_WALL_CLOCK: 'W measured on a wall clock that is stepped forward',
    WAIT_FROM_PUBLISH_CALL: 'W counted from the publish call instead of from the PubAck',
    GAP_IGNORED: 'gap ignored, entries applied out of order',
    DOUBT_KEEPS_CACHE: 'gap noticed but the cache kept',
    ACK_BEFORE_EFFECT: 'acknowledged before the entry is evicted',
    LEAVES_BEFORE_DROPPING: 'verifier leaves without dropping its lease first',
    LEAVER_TAKES_LATE_GRANT: 'leaving verifier takes a grant that arrives late',
  }),
  ...mutantsOf(['DRIFT'], {
    LEASE_IGNORES_RHO: 'verifier trusts the rate of its clock',
    WAIT_IGNORES_RHO: 'replica trusts the rate of its clock',
  }),
  ...mutantsOf(['LIFE_CUT'], {
    WAIT_BY_LATEST_LIFE: 'W from the L now in force instead of the largest recent one',
  }),
  ...mutantsOf(['RESOLVE'], {
    RING_IGNORED: 'answer kept without looking for entries in (asOf, applied]',
    RING_TOO_SHORT: 'ring that no longer reaches back to asOf taken for silence',
    FLUSH_UNNOTICED: 'answer kept over a flush',
    FIRST_ENTRY_TRUSTED: 'first entry after a start taken without a flush',
    MIN_SEQ_IGNORED: 'answer from before the last flush taken as current',
    AS_OF_AFTER_DATA: 'asOf taken after the data',
    REPLICA_NEEDS_NO_LEASE: 'replica resolves without a lease',
    REPLICA_NOT_AWAITED: 'replica not among the awaited members',
    JOINS_REQUEST_IN_FLIGHT: 'check answered by a request sent before it began',
    REDIS_POSITION_IGNORED: 'data read from Redis without its position',
    SPARED_BY_LATER_ENTRY: 'session spared by a later revocation forgets the earlier one',
  }),
  ...mutantsOf(['LOGIN'], {
    BIRTH_AFTER_CREDENTIALS: 'birth taken after the credentials were read',
    BIRTH_NEEDS_NO_LEASE: 'birth taken without a lease',
  }),
]

/** A model that can do nothing wrong because it can do nothing would pass: these must be reachable. */
export const witnesses: readonly Variant[] = [
  {
    name: 'WITNESS_ACKNOWLEDGED',
    says: 'two members acknowledge the revocation before W has passed',
    flags: ['WITNESS_ACKNOWLEDGED'],
    positions: 4,
    expected: 'violated',
  },
  {
    name: 'WITNESS_ADMISSION',
    says: 'a verifier that joined late admits from its cache before the revocation is due',
    flags: ['WITNESS_ADMISSION'],
    positions: 4,
    expected: 'violated',
  },
  {
    name: 'WITNESS_FILL',
    says: 'a verifier that filled its cache through a replica admits from it',
    flags: ['RESOLVE', 'WITNESS_ADMISSION'],
    positions: 4,
    expected: 'violated',
  },
]

/** Where the promises end: README.md says what lies beyond. */
export const limits: readonly Variant[] = [
  {
    name: 'LOST_TAIL',
    says: 'the log loses acknowledged entries that the confirming replica had not seen',
    flags: ['LOST_TAIL'],
    positions: 6,
    expected: 'violated',
  },
  {
    name: 'HASH_IN_GRANTS_ONLY',
    says: 'the log loses such entries and only grants carry a hash of history',
    flags: ['LOST_TAIL', 'GRANTS_CARRY_HASH'],
    positions: 6,
    expected: 'violated',
  },
  {
    name: 'HASH_IN_ACKS_ONLY',
    says: 'the log loses such entries and only acknowledgements carry a hash of history',
    flags: ['LOST_TAIL', 'ACKS_CARRY_HASH'],
    positions: 6,
    expected: 'violated',
  },
]

/** The same worlds over a longer log, for a machine that has minutes to spare. */
export const deepWorlds: readonly Variant[] = worlds.map((variant) => ({
  ...variant,
  positions: variant.positions + 1,
}))

// The long searches go first, so that the short ones fill the other core.
export const variants: readonly Variant[] = [...worlds, ...mutants, ...witnesses, ...limits]
