import { SESSION_LIFETIME_MAX_MS, type LogEntryOf, type Position, type SessionId } from '@curfew/contracts'
/** One session replica: the service's own composition on the log, its routes on NATS and its rules, over simulated ports. */

import { followLog, type FollowedLog } from '../../services/session/src/adapters/log/follow-log.ts'
import type { Reports } from '../../services/session/src/domain/audit/reports.ts'
import { LogView } from '../../services/session/src/domain/log/log-view.ts'
import {
  findRevocation,
  revoke,
  settleRepeat,
  type RevokeOutcome,
} from '../../services/session/src/domain/revocations/revoke.ts'
import { Answers } from '../../services/session/src/routes/nats/answers.ts'
import { answerCreateSession } from '../../services/session/src/routes/nats/nats-create-session.ts'
import { answerHello } from '../../services/session/src/routes/nats/nats-hello.ts'
import { answerPrepareSession } from '../../services/session/src/routes/nats/nats-prepare-session.ts'
import { resolveInEachEpoch } from '../../services/session/src/routes/nats/resolve-in-each-epoch.ts'
import { Actor } from './actor.ts'
import type { Platform } from './platform.ts'
import { StoreProjection, storePorts } from './store.ts'
import type { VirtualProcess } from './virtual-time.ts'

const clock = { nowMs: () => Date.now() }
/** Only a long standstill reaches it. */
const LIMITS = { idleTimeoutMs: SESSION_LIFETIME_MAX_MS, absoluteTimeoutMs: SESSION_LIFETIME_MAX_MS }
const SETTINGS = { limits: { standard: LIMITS, aal2: LIMITS, aal3: LIMITS }, maxPerUser: 1_000 }
const audit = { settled: async () => undefined }

export type { RevokeOutcome }

interface Opened extends FollowedLog {
  readonly view: LogView
  /** All that is stored behind this it has applied itself. */
  readonly since: Position
  readonly ports: ReturnType<typeof portsOf>
  readonly stack: AsyncDisposableStack
}

export class Replica extends Actor {
  #opened: Opened | undefined

  get isServing(): boolean {
    return this.#opened !== undefined && this.process.isAlive && !this.isLeaving
  }

  get opened(): Opened | undefined {
    return this.#opened
  }

  protected async open(process: VirtualProcess): Promise<void> {
    const { platform } = this
    const logger = platform.loggerOf(process) as unknown as ConstructorParameters<typeof Answers>[1]
    const stack = new AsyncDisposableStack()
    const nc = await this.connect(process)
    stack.defer(() => nc.drain())
    const questions = await this.connect(process)
    stack.defer(() => questions.drain())
    const view = new LogView()
    const reports = reportsOf(platform, process)
    const target = new StoreProjection(platform.store)
    const following = { nc, questions, view, target, leaseMs: platform.leaseMs, clock, reports, logger }
    const followed = await followLog(following, stack)
    const ports = portsOf(platform, { view, reports, ...followed })
    const answers = new Answers(questions, logger, audit)
    stack.defer(() => answers.close())
    answerHello(answers, followed.log)
    answerPrepareSession(answers, ports)
    answerCreateSession(answers, ports, SETTINGS)
    await resolveInEachEpoch({ questions, logger }, ports, stack)
    await questions.flush()
    this.#opened = { ...followed, view, since: view.applied, ports, stack }
  }

  protected async close(): Promise<void> {
    await this.#opened?.stack.disposeAsync()
  }

  protected forget(): void {
    this.#opened = undefined
  }

  /** What POST /v1/revocations does; rejects where it answers 503. */
  async revoke(entry: LogEntryOf<'revoked'>): Promise<RevokeOutcome> {
    const ports = this.#opened?.ports
    if (ports === undefined) throw new Error('not serving')
    const prior = await findRevocation(ports, entry.id).catch(() => undefined)
    if (prior !== undefined) return settleRepeat(ports, entry, { prior })
    return revoke({ ...ports, recheck: () => Promise.resolve(undefined) }, entry)
  }
}

function portsOf(
  platform: Platform,
  parts: FollowedLog & { readonly view: LogView; readonly reports: Reports },
) {
  const ending = new Map<SessionId, Promise<void>>()
  return { ...parts, ...storePorts(platform.store), clock, audit, ending }
}

/** Whatever is reported is counted. */
function reportsOf(platform: Platform, { name }: VirtualProcess): Reports {
  const quiet = new Set(['sessionsResolved', 'confirmationSettled', 'sessionCreated'])
  const get = (_: object, report: string | symbol) => (fields: unknown) => {
    platform.tally.count(`report ${String(report)}`)
    if (quiet.has(String(report))) return
    const told = fields instanceof Error ? fields.message : JSON.stringify(fields)
    platform.say(name, () => `${String(report)} ${told}`)
  }
  return new Proxy({}, { get }) as Reports
}
