/**
 * ④ Joins the parts of the session authority: the only file that constructs adapters.
 * Promise: questions are taken only once the log has been followed to its end, and answered until the last one is done.
 */
import { type SessionId } from '@curfew/contracts'
import { connectMessaging, isConnected } from '@curfew/messaging'
import { newReplicaId, type LogReplica } from '@curfew/revocation-log'
import { createHttpServer, createMetrics, type CurfewServer, type ReadinessCheck } from '@curfew/service-kit'
import { connectRedis, redisReadiness, refuseEviction, type Redis } from '@curfew/service-kit/redis'
import type { NatsConnection } from '@nats-io/transport-node'
import type { Logger } from 'pino'

import { auditedReports } from './adapters/audit/audited-reports.ts'
import { openAudit, type Audit } from './adapters/audit/open-audit.ts'
import { createReports } from './adapters/audit/pino-reports.ts'
import { createSessionMetrics } from './adapters/audit/session-metrics.ts'
import { ExpiryWatch } from './adapters/expiry-watch.ts'
import { readClientRegistry } from './adapters/files/client-registry.ts'
import { readSeedFile } from './adapters/files/seed-file.ts'
import { followLog } from './adapters/log/follow-log.ts'
import { refuseFormerBucket } from './adapters/log/former-bucket.ts'
import { MemberPruning } from './adapters/log/member-pruning.ts'
import { membersHeard } from './adapters/log/members-heard.ts'
import type { Projector } from './adapters/log/projector.ts'
import { RoomWatch } from './adapters/log/room-watch.ts'
import { RedisApprovals } from './adapters/redis/redis-approvals.ts'
import { untilReady } from './adapters/redis/redis-boot.ts'
import { RedisClaimLedger } from './adapters/redis/redis-claim-ledger.ts'
import { RedisDirectory } from './adapters/redis/redis-directory.ts'
import { RedisProjection } from './adapters/redis/redis-projection.ts'
import { RedisRevocationHistory } from './adapters/redis/redis-revocation-history.ts'
import { RedisRotations } from './adapters/redis/redis-rotations.ts'
import { RedisSessionNames } from './adapters/redis/redis-session-names.ts'
import { RedisSessionStore } from './adapters/redis/redis-session-store.ts'
import { RedisSubjectStore } from './adapters/redis/redis-subject-store.ts'
import { RedisThrottle } from './adapters/redis/redis-throttle.ts'
import { httpSettingsOf, settingsOf, type Config } from './config.ts'
import type { Reports } from './domain/audit/reports.ts'
import type { WideFact } from './domain/log/facts.ts'
import { LogView } from './domain/log/log-view.ts'
import type { Clock } from './domain/log/ports.ts'
import { applySeed, seedEntries } from './domain/log/seed.ts'
import type { SessionNames } from './domain/sessions/ports.ts'
import type { RedeemPorts } from './domain/sessions/redeem-claim.ts'
import { describeOperatorApi } from './routes/api.ts'
import { addHttpRoutes, type HttpPorts } from './routes/http.ts'
import { Answers } from './routes/nats/answers.ts'
import { answerClaims } from './routes/nats/nats-claims.ts'
import { answerCreateSession } from './routes/nats/nats-create-session.ts'
import { answerEndSession } from './routes/nats/nats-end-session.ts'
import { answerHello } from './routes/nats/nats-hello.ts'
import { answerOwnSessions } from './routes/nats/nats-own-sessions.ts'
import { answerPrepareSession } from './routes/nats/nats-prepare-session.ts'
import { answerRecordEvent } from './routes/nats/nats-record-event.ts'
import { answerReportSecrets } from './routes/nats/nats-report-secrets.ts'
import { answerRotateSession } from './routes/nats/nats-rotate-session.ts'
import { answerTakeQuota } from './routes/nats/nats-take-quota.ts'
import { resolveInEachEpoch, type EpochPorts } from './routes/nats/resolve-in-each-epoch.ts'

export interface Overrides {
  readonly clock?: Clock
  /** How many entries may wait for Redis; tests make it small. */
  readonly maxBacklog?: number
  /** After how long refusals are told as a sum; tests make it short. */
  readonly refusalWindowMs?: number
}

export interface SessionService {
  readonly app: CurfewServer
  close(): Promise<void>
}

const SYSTEM_CLOCK: Clock = { nowMs: () => Date.now() }
/** A replica that shows Redis this much later than the log is left alone until it has caught up. */
const PROJECTION_LAG_MS_MAX = 5_000

/** @throws when NATS or Redis cannot be reached, Redis may evict keys, the log is not there or a file is not as it must be. */
export async function compose(
  config: Config,
  logger: Logger,
  overrides: Overrides = {},
): Promise<SessionService> {
  await using stack = new AsyncDisposableStack()
  const name = newReplicaId()
  const redis = connectRedis({ url: config.CURFEW_REDIS_URL, name, logger })
  stack.defer(() => redis.disconnect())
  const connect = async (as: string): Promise<NatsConnection> => {
    const connection = await connectMessaging({ url: config.CURFEW_NATS_URL, name: as, logger })
    stack.defer(() => (isConnected(connection) ? connection.drain() : connection.close()))
    return connection
  }
  // Apart: whatever other services send must not stand between this replica and the log, nor claims between it and logins.
  const nc = await connect(name)
  const questions = await connect(`${name}-questions`)
  const claims = await connect(`${name}-claims`)
  await untilReady(redis)
  await refuseEviction(redis)
  await refuseFormerBucket(nc)

  const foundation = { config, logger, redis, nc, questions, registry: createMetrics('session') }
  const { clock = SYSTEM_CLOCK, refusalWindowMs } = overrides
  const audit = openAudit({ ...foundation, clock, refusalWindowMs }, stack)
  const { ports, log, readiness } = await openAuthority(foundation, audit, overrides, stack)
  await seed(foundation, log, ports.clock)
  // A seed that the log has already must not fail because there is no room for another one.
  await watchRoom(foundation, log, ports.reports, stack)

  const expiry = new ExpiryWatch(ports)
  stack.defer(() => expiry.stop())

  const settings = settingsOf(config)
  const answers = new Answers(questions, logger, ports.audit)
  stack.defer(() => answers.close())
  answerHello(answers, log)
  answerPrepareSession(answers, ports)
  answerCreateSession(answers, ports, settings)
  answerRotateSession(answers, ports, settings)
  answerReportSecrets(answers, ports)
  answerEndSession(answers, ports)
  answerOwnSessions(answers, ports)
  answerRecordEvent(answers, ports.audit)
  answerTakeQuota(answers, ports)
  const claimAnswers = new Answers(claims, logger, ports.audit)
  stack.defer(() => claimAnswers.close())
  answerClaims(claimAnswers, ports)
  await resolveInEachEpoch(foundation, ports, stack)
  // Ready must mean that the broker knows where to send the questions.
  await Promise.all([questions.flush(), claims.flush()])

  const app = createHttpServer({
    service: 'session',
    logger,
    registry: foundation.registry,
    readiness: [natsReadiness({ log: nc, questions, claims }), ...readiness],
    operations: { host: config.SESSION_OPERATIONS_HOST, port: config.SESSION_OPERATIONS_PORT },
  })
  stack.defer(() => app.close())
  await describeOperatorApi(app, config.SESSION_API_PAGE)
  addHttpRoutes(app, ports, httpSettingsOf(config))
  await app.listen({ host: config.SESSION_HOST, port: config.SESSION_PORT })

  const owned = stack.move()
  return { app, close: () => owned.disposeAsync() }
}

interface Foundation {
  readonly config: Config
  readonly logger: Logger
  readonly redis: Redis
  /** For the log and the trail: nobody else sends anything here. */
  readonly nc: NatsConnection
  /** For what other services ask and tell. */
  readonly questions: NatsConnection
  readonly registry: ReturnType<typeof createMetrics>
}

interface Authority {
  readonly ports: HttpPorts & RedeemPorts & EpochPorts & { readonly names: SessionNames }
  readonly log: LogReplica
  readonly readiness: readonly ReadinessCheck[]
}

/** Follows the log and carries it into Redis; returns once the end of the log has been reached. */
async function openAuthority(
  { config, logger, redis, nc, questions, registry }: Foundation,
  audit: Audit,
  { clock = SYSTEM_CLOCK, maxBacklog }: Overrides,
  stack: AsyncDisposableStack,
): Promise<Authority> {
  const view = new LogView(maxBacklog)
  const metrics = createSessionMetrics(registry, view, () => log)
  const reports = auditedReports(createReports(logger, metrics), audit.audit)
  const target = new RedisProjection(redis)
  const leaseMs = config.SESSION_LEASE_MS
  const memberLimits = {
    perService: config.SESSION_MEMBERS_PER_SERVICE,
    joinsPerMinute: config.SESSION_JOINS_PER_MINUTE,
  }
  const following = { nc, questions, view, target, leaseMs, memberLimits, clock, reports, logger }
  const { log, projection, operators, feed } = await followLog(following, stack)

  const forget = (facts: readonly WideFact[]) => target.forget(facts)
  const onFailure = (err: unknown): void => reports.pruningFailed(err)
  const pruning = new MemberPruning({ view, clock, epoch: () => log.epoch, forget, onFailure })
  stack.defer(() => pruning.stop())
  await pruning.run()

  const ports = {
    ...audit,
    view,
    feed,
    operators,
    reports,
    log,
    projection,
    clock,
    ...storesIn(redis),
    ending: new Map<SessionId, Promise<void>>(),
    members: membersHeard(log),
    clients: await readClientRegistry(config.SESSION_CLIENTS_FILE),
  }
  const readiness = [
    redisReadiness(redis, 'curfew:'),
    ...readinessOf(log, view, projection),
    audit.auditReadiness,
  ]
  return { ports, log, readiness }
}

function natsReadiness(connections: Readonly<Record<string, NatsConnection>>): ReadinessCheck {
  const check = (): true | string => {
    const [lost] = Object.entries(connections).find(([, connection]) => !isConnected(connection)) ?? []
    return lost === undefined || `no connection for ${lost}`
  }
  return { name: 'nats', check }
}

function readinessOf(log: LogReplica, view: LogView, projection: Projector): ReadinessCheck[] {
  return [
    { name: 'log', check: () => log.trouble ?? true },
    {
      name: 'room',
      check: () => log.hasRoomFor('ends') || 'the log is full: no end of a single session can be recorded',
      // Operators need a replica to end sessions by, and the others have no more room than this one.
      isAdvisory: true,
    },
    { name: 'lease', check: () => log.mayAnswer || 'none: answers for sessions are refused' },
    { name: 'view', check: () => view.complete || 'incomplete until Redis has caught up' },
    { name: 'projection', check: () => projection.behindMs <= PROJECTION_LAG_MS_MAX || 'behind the log' },
  ]
}

function storesIn(redis: Redis) {
  const sessions = new RedisSessionStore(redis)
  return {
    sessions,
    names: new RedisSessionNames(redis, sessions),
    rotations: new RedisRotations(redis),
    subjects: new RedisSubjectStore(redis),
    directory: new RedisDirectory(redis),
    approvals: new RedisApprovals(redis),
    history: new RedisRevocationHistory(redis),
    claims: new RedisClaimLedger(redis),
    throttle: new RedisThrottle(redis),
  }
}

async function seed({ config, logger }: Foundation, log: LogReplica, clock: Clock): Promise<void> {
  if (config.SESSION_SEED_FILE === undefined) return
  const entries = seedEntries(await readSeedFile(config.SESSION_SEED_FILE), clock.nowMs())
  const added = await applySeed(log, entries)
  logger.info({ event: 'seed.applied', added })
}

async function watchRoom(
  { nc, logger }: Foundation,
  log: LogReplica,
  reports: Reports,
  stack: AsyncDisposableStack,
): Promise<void> {
  const watch = new RoomWatch({ nc, log, reports, logger })
  stack.defer(() => watch.stop())
  await watch.look()
}
