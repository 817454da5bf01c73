/**
 * Mistakes that somebody could make in the real code: each must be found out.
 * Promise: each text that is replaced is exactly once in its file; where the code has changed, loading the mutant fails.
 */
export interface Mutant {
  readonly name: string
  readonly file: string
  readonly edits: readonly (readonly [find: string, replace: string])[]
}

const VERIFIER = 'packages/verifier/src'
const LOG = 'packages/revocation-log/src'
const PROTOCOL = 'packages/protocol/src'
const SESSION = 'services/session/src'

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'a lease counts from its answer',
    file: `${VERIFIER}/following.ts`,
    edits: [
      ['core.lease.requested(nonce, clock())', ''],
      ['core.granted(nonce, answer)', 'core.lease.requested(nonce, clock()); core.granted(nonce, answer)'],
    ],
  },
  {
    name: 'W is shorter than a lease',
    file: `${PROTOCOL}/timing.ts`,
    edits: [
      ['leaseMs * (1 + RATE_ERROR) + SAFETY_MARGIN_MS', 'leaseMs * (1 - RATE_ERROR) * (1 - RATE_ERROR)'],
    ],
  },
  {
    name: 'clocks are taken to run at one rate',
    file: `${PROTOCOL}/timing.ts`,
    edits: [
      ['return leaseMs * (1 - RATE_ERROR)', 'return leaseMs'],
      ['leaseMs * (1 + RATE_ERROR) + SAFETY_MARGIN_MS', 'leaseMs'],
    ],
  },
  {
    name: 'a gap in the feed is ignored',
    file: `${VERIFIER}/coherent-verifier.ts`,
    edits: [[' || (this.#applied !== undefined && seq !== this.#applied + 1)', '']],
  },
  {
    name: 'an entry is acknowledged before its effect',
    file: `${VERIFIER}/feed.ts`,
    edits: [
      [
        'order.take(seq, message.string())',
        `const early = parseLogEntry(message.string())
         if (early && 'ackTo' in early && early.ackTo !== undefined) { acks.owe(early.ackTo); acks.applied(seq) }
         order.take(seq, message.string())`,
      ],
    ],
  },
  {
    name: 'an answer is kept that the log has overtaken',
    file: `${VERIFIER}/coherent-verifier.ts`,
    edits: [
      [
        "if (isFollowing && this.#recent.verdictSince(position.seq, answer.session) !== 'untouched') return STALE",
        '',
      ],
    ],
  },
  {
    name: 'the wall clock is not looked at',
    file: `${PROTOCOL}/elapsed.ts`,
    edits: [
      [
        'return Math.max(now.monotonicMs - since.monotonicMs, now.wallMs - since.wallMs)',
        'return now.monotonicMs - since.monotonicMs',
      ],
    ],
  },
  {
    name: 'memory is kept in doubt',
    file: `${VERIFIER}/coherent-verifier.ts`,
    edits: [['    this.cache.clear()\n', '']],
  },
  {
    name: 'a lease is granted before its barrier has come back',
    file: `${LOG}/membership/lease-granter.ts`,
    edits: [
      ['this.#covered.filter(({ barrier }) => barrier <= seq)', 'this.#covered'],
      ['this.#covered.filter(({ barrier }) => barrier > seq)', '[]'],
    ],
  },
  {
    name: 'a replica answers without a lease of its own',
    file: `${SESSION}/domain/log/require-lease.ts`,
    edits: [["if (!log.mayAnswer) throw new Unavailable('no-lease')", '']],
  },
  {
    name: 'what is not in the store yet is not laid over it',
    file: `${SESSION}/domain/sessions/look-up.ts`,
    edits: [['endedAt: ports.view.endedAt(session.id)', 'endedAt: undefined']],
  },
  {
    name: 'a store that went back is not noticed',
    file: `${SESSION}/domain/sessions/look-up.ts`,
    edits: [['if (reading.projected < pin.floor)', 'if (reading.projected < pin.floor && false)']],
  },
  {
    name: 'a session is born when it is stored',
    file: `${SESSION}/domain/sessions/create-session.ts`,
    edits: [
      [
        '  const subject = await lookUpSubject(',
        '  request = { ...request, birth: ports.view.applied }\n  const subject = await lookUpSubject(',
      ],
    ],
  },
  {
    name: 'an acknowledgement of something earlier counts',
    file: `${LOG}/membership/confirmation.ts`,
    edits: [['if (applied >= pending.seq) this.#waits', 'this.#waits']],
  },
  {
    name: 'a verifier leaves with its lease',
    file: `${VERIFIER}/following.ts`,
    edits: [['    const { epoch } = core\n    core.doubt()\n', '    const { epoch } = core\n']],
  },
  {
    name: 'a replica that starts knows no members',
    file: `${LOG}/replica/resume.ts`,
    edits: [['coordinator.restore(resume(epoch), systemClock())', 'resume(epoch); systemClock; coordinator']],
  },
  {
    name: 'a log that went back is not noticed',
    file: `${LOG}/follow/follower.ts`,
    edits: [
      ['if (!duplicate && seq <= floor)', 'if (!duplicate && seq <= floor && seq < 0)'],
      ['if (!this.#witness.holds(seq, id)) return this.#contradiction(seq)', ''],
      ['return id === undefined || this.#witness.holds(seq, id)', 'return true'],
      ["if (source === 'stream') return this.#contradiction(seq)", ''],
    ],
  },
  {
    name: 'what a log has lost is known to who noticed it alone',
    file: `${LOG}/stream/log-closing.ts`,
    edits: [['this.#saying ??= this.#keepSaying(log, closed)', 'void [this.#keepSaying, log, closed]']],
  },
  {
    name: 'that a log is over is said to it once',
    file: `${LOG}/stream/log-closing.ts`,
    edits: [
      [
        'await pause(isStored ? AGAIN_MS : RETRY_MS, signal)',
        'if (isStored) return; void AGAIN_MS; await pause(RETRY_MS, signal)',
      ],
    ],
  },
  {
    name: 'the end of a session is kept for less than the session may live',
    file: `${LOG}/stream/fact-lifetime.ts`,
    edits: [['SESSION_LIFETIME_MAX_MS + MARGIN_MS', 'MARGIN_MS']],
  },
  {
    name: 'what may expire is not missed, however lately it was applied',
    file: `${LOG}/follow/follower.ts`,
    edits: [['nowMs + mayExpireAfterMs(lifetimeMs)', 'nowMs; void mayExpireAfterMs']],
  },
  {
    name: 'what has expired is missed',
    file: `${LOG}/follow/witness.ts`,
    edits: [[' && nowMs < applied.mayExpireAtMs', '']],
  },
]
