/**
 * ④ ⑤ `node services/session/src/commands/recover-operator.ts`: an administrator's way back in when no operator is left who could grant
 * anything (docs/operations.md).
 * Promise: says what it would do before it does it; what it does is in the log and in the audit trail, with the reason.
 */
import { randomUUID } from 'node:crypto'

import { type MemberId, ORIGIN, subjectKey } from '@curfew/contracts'
import { connectMessaging } from '@curfew/messaging'
import { newReplicaId, openLog, surveyLogs, type PublishResult } from '@curfew/revocation-log'
import { createLogger, createMetrics } from '@curfew/service-kit'
import { connectRedis } from '@curfew/service-kit/redis'
import type { NatsConnection } from '@nats-io/transport-node'
import type { Logger } from 'pino'

import { openAudit } from '../adapters/audit/open-audit.ts'
import { untilReady } from '../adapters/redis/redis-boot.ts'
import { readConfig, type Config } from '../config.ts'
import { keptText } from '../domain/audit/audit-record.ts'
import type { AuditTrail } from '../domain/audit/audit-trail.ts'
import { SECURITY_EVENTS } from '../domain/audit/security-events.ts'
import { factOf } from '../domain/log/facts.ts'
import { Lockout, remedyText, type Remedy, type RemedyHead } from '../domain/operators/recover-operator.ts'
import { readRecoveryArguments, type RecoveryArguments } from './recovery-arguments.ts'

/** Of a log entry. */
const MAX_REASON = 500

const EXIT = { recovered: 0, planned: 0, failed: 1, unconfirmed: 2, unneeded: 3 } as const

const USAGE =
  'usage: recover-operator.ts --user <name> --reason <why> [--tenant <name>] [--dry-run | --yes] [--json]\n'

type Outcome =
  | { readonly outcome: 'planned' | 'unconfirmed' | 'unneeded'; readonly acts: readonly string[] }
  | { readonly outcome: 'recovered'; readonly acts: readonly string[]; readonly audited: boolean }
  | { readonly outcome: 'failed'; readonly reason: string }

const read = readArgs()
if (read === undefined) process.exitCode = EXIT.unconfirmed
else {
  const outcome = await run(read.asked, read.config)
  process.stdout.write(read.asked.isJson ? `${JSON.stringify(outcome)}\n` : explained(outcome))
  process.exitCode = EXIT[outcome.outcome]
}

function readArgs(): { asked: RecoveryArguments; config: Config } | undefined {
  try {
    return { asked: readRecoveryArguments(process.argv.slice(2)), config: readConfig() }
  } catch (err) {
    process.stderr.write(`${err instanceof Error ? err.message : String(err)}\n${USAGE}`)
    return undefined
  }
}

async function run(asked: RecoveryArguments, config: Config): Promise<Outcome> {
  const head: RemedyHead = {
    atMs: Date.now(),
    reason: keptText(`recovered at the servers: ${asked.reason}`).slice(0, MAX_REASON),
    id: `recovery-${randomUUID()}`,
  }
  // Standard output is for the answer alone.
  const destination = { write: (line: string) => void process.stderr.write(line) }
  const logger = createLogger({ service: 'session', level: config.SESSION_LOG_LEVEL }, destination)
  await using stack = new AsyncDisposableStack()
  try {
    const name = 'recover-operator'
    const redis = connectRedis({ url: config.CURFEW_REDIS_URL, name, logger })
    stack.defer(() => redis.disconnect())
    const nc = await connectMessaging({ url: config.CURFEW_NATS_URL, name, logger })
    stack.defer(() => nc.close())
    if (asked.isDryRun || !asked.isConfirmed) return await plan(nc, asked, head)
    await untilReady(redis)
    const clock = { nowMs: () => Date.now() }
    const registry = createMetrics('session')
    const { audit } = openAudit({ config, logger, redis, nc, registry, clock }, stack)
    return await recover(nc, asked, { audit, logger, head })
  } catch (err) {
    logger.error({ event: 'operator.recovery.failed', err })
    return { outcome: 'failed', reason: err instanceof Error ? err.message : String(err) }
  }
}

/** Writes nothing. */
async function plan(
  nc: NatsConnection,
  { whom, isDryRun }: RecoveryArguments,
  head: RemedyHead,
): Promise<Outcome> {
  const lockout = new Lockout(whom)
  const survey = await surveyLogs(nc)
  await survey.readFacts((entry, position) => {
    const fact = factOf(entry, position)
    if (fact !== undefined) lockout.take(fact)
  })
  const acts = lockout.remedies(head).map(remedyText)
  if (acts.length === 0) return { outcome: 'unneeded', acts }
  return { outcome: isDryRun ? 'planned' : 'unconfirmed', acts }
}

interface Means {
  readonly audit: AuditTrail
  readonly logger: Logger
  readonly head: RemedyHead
}

async function recover(nc: NatsConnection, { whom }: RecoveryArguments, means: Means): Promise<Outcome> {
  const lockout = new Lockout(whom)
  const log = await openLog({
    nc,
    replica: `${newReplicaId()}-reader` as MemberId,
    create: false,
    logger: means.logger,
    startAfter: ORIGIN,
    onEntry: (entry, position) => {
      const fact = factOf(entry, position)
      if (fact !== undefined) lockout.take(fact)
    },
    onDoubt: () => undefined,
  })
  try {
    const remedies = lockout.remedies(means.head)
    const acts = remedies.map(remedyText)
    if (remedies.length === 0) return { outcome: 'unneeded', acts }
    let isAudited = true
    for (const remedy of remedies) {
      const { entry, last = ORIGIN } = remedy
      const { kind } = await log.writer.publish(entry, { expectLast: last })
      if (kind !== 'stored')
        return { outcome: 'failed', reason: `${remedyText(remedy)}: ${NOT_STORED[kind]}` }
      means.logger.warn({
        event: 'operator.recovered',
        ...whom,
        act: remedyText(remedy),
        reason: means.head.reason,
      })
      isAudited = (await isTold(means, remedy)) && isAudited
    }
    return { outcome: 'recovered', acts, audited: isAudited }
  } finally {
    await log.reader.close()
  }
}

const NOT_STORED: Readonly<Record<Exclude<PublishResult['kind'], 'stored'>, string>> = {
  conflict: 'somebody else has changed it in this moment',
  full: 'the log has no room for it: make room, then run it again',
  unknown: 'NATS did not say whether it is stored',
}

async function isTold({ audit, logger }: Means, remedy: Remedy): Promise<boolean> {
  const { entry } = remedy
  const told = {
    actor: entry.actor,
    reason: entry.reason,
    state: 'recorded',
    requestId: entry.id,
    change: remedyText(remedy),
    effect: 'recorded',
  } as const
  const { tenant, user } = entry
  const event =
    entry.type === 'grants-changed'
      ? SECURITY_EVENTS.grantsChanged({ ...told, subject: subjectKey(entry.tenant, entry.user) })
      : SECURITY_EVENTS.suspensionChanged({ ...told, tenant, ...(user && { user }), suspended: false })
  try {
    await audit.append(event, 'session')
    return true
  } catch (err) {
    logger.error({ event: 'operator.recovery.unaudited', err })
    return false
  }
}

function explained(outcome: Outcome): string {
  switch (outcome.outcome) {
    case 'failed':
      return lines(
        `Not done: ${outcome.reason}.`,
        'Run it again: what has been done already is not done twice.',
      )
    case 'unneeded':
      return lines('Nothing to do: the log lets this user be an operator.')
    case 'planned':
      return lines(...outcome.acts.map((act) => `It would ${act}.`), 'Nothing has been changed.')
    case 'unconfirmed':
      return lines(
        ...outcome.acts.map((act) => `It would ${act}.`),
        'Nothing has been changed. To do it, say --yes.',
      )
    case 'recovered':
      return lines(
        ...outcome.acts.map((act) => `Done: ${act}.`),
        ...(outcome.audited
          ? []
          : ['NOT IN THE AUDIT TRAIL, which takes nothing at the moment: note it yourself.']),
        'Replicas and verifiers that run apply it at once. The user has to log in again.',
      )
  }
}

function lines(...texts: string[]): string {
  return `${texts.join('\n')}\n`
}
