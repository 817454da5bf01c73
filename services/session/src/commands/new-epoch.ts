/**
 * ④ ⑤ `node services/session/src/commands/new-epoch.ts`: an operator's way out when the log is not what it was (docs/operations.md).
 * Promise: says what it would do before it does it; ends with 0 only when the new epoch is in force.
 */
import { parseArgs } from 'node:util'

import { connectMessaging } from '@curfew/messaging'
import { createLogger, outputOf } from '@curfew/service-kit'
import { connectRedis } from '@curfew/service-kit/redis'

import { untilReady } from '../adapters/redis/redis-boot.ts'
import { readConfig, type Config } from '../config.ts'
import { explainOutcome, explainPlan, jsonOf, type Outcome } from './epoch-report.ts'
import { hasRoom, openEpoch, planEpoch, type EpochServers } from './open-epoch.ts'

const EXIT = {
  opened: 0,
  planned: 0,
  failed: 1,
  unconfirmed: 2,
  refused: 3,
  superseded: 4,
  'no-room': 5,
} as const

const options = {
  'dry-run': { type: 'boolean', default: false },
  yes: { type: 'boolean', default: false },
  force: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const

const USAGE = 'usage: new-epoch.ts [--dry-run | --yes [--force]] [--json]\n'

const args = readArgs()
if (args === undefined) process.exitCode = EXIT.unconfirmed
else {
  const outcome = await run(args.asked, args.config)
  outputOf(1).write(args.asked.json ? `${JSON.stringify(jsonOf(outcome))}\n` : explainOutcome(outcome))
  process.exitCode = EXIT[outcome.outcome]
}

function readArgs() {
  try {
    return { asked: parseArgs({ options }).values, config: readConfig() }
  } catch (err) {
    outputOf(2).write(`${err instanceof Error ? err.message : String(err)}\n${USAGE}`)
    return undefined
  }
}

type Asked = NonNullable<ReturnType<typeof readArgs>>['asked']

async function run(asked: Asked, config: Config): Promise<Outcome> {
  // Standard output is for the answer alone.
  const logger = createLogger({ service: 'session', level: config.SESSION_LOG_LEVEL }, outputOf(2))
  await using stack = new AsyncDisposableStack()
  try {
    const name = 'new-epoch'
    const redis = connectRedis({ url: config.CURFEW_REDIS_URL, name, logger })
    stack.defer(() => redis.disconnect())
    const nc = await connectMessaging({ url: config.CURFEW_NATS_URL, name, logger })
    stack.defer(() => nc.close())
    await untilReady(redis)
    const servers: EpochServers = { nc, redis, leaseMs: config.SESSION_LEASE_MS }
    const plan = await planEpoch(servers)
    if (asked['dry-run']) return { outcome: 'planned', plan }
    if (!asked.yes) return { outcome: 'unconfirmed', plan }
    if (plan.reasons.length === 0 && !asked.force) return { outcome: 'refused', plan }
    if (!hasRoom(plan.room)) return { outcome: 'no-room', plan }
    // Not `process.stdout`: an output that fails must not end the command between two steps.
    if (!asked.json) outputOf(1).write(explainPlan(plan))
    const opened = await openEpoch(servers, (step) => logger.info({ event: 'epoch.step', step }))
    logger.warn({ event: `epoch.${opened.outcome}`, ...opened }, 'every session from before it is over')
    return opened
  } catch (err) {
    logger.error({ event: 'epoch.failed', err })
    return { outcome: 'failed', reason: err instanceof Error ? err.message : String(err) }
  }
}
