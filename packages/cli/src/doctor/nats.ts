/**
 * ⑤ What NATS says of itself: whether what the log has acknowledged stays, and whether others can take it away.
 * Promise: looks only; the one thing that is tried is to delete a stream that does not exist.
 */
import { ACCOUNTS_BUCKET, streamName } from '@curfew/contracts'
import { connectMessaging } from '@curfew/messaging'
import {
  LogRoom,
  brokenSettings,
  factsExpire,
  findEpochInForce,
  measureRoom,
  type RoomReading,
} from '@curfew/revocation-log'
import {
  JetStreamApiCodes,
  JetStreamApiError,
  jetstreamManager,
  type JetStreamManager,
  type StreamInfo,
} from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'

import { ok, problem, unseen, warning, type Finding } from './findings.ts'
import { isAtLeast } from './versions.ts'

/** Below this, acknowledged entries may be lost with the power: there is no `sync_interval: always`. */
const FIRST_WITH_SYNC_ALWAYS = '2.10.0'
/** Faults that lose acknowledged entries were mended up to here. */
const LEAST_VERSION = '2.12.15'
const GOOD_VERSION = '2.14.6'
/** Earlier ones find out that the room of an account has run out when they have stored an entry and deleted the one before. */
const FIRST_THAT_LOOKS_BEFORE = '2.10.12'
const REPLICAS = 3
const TIMEOUT_MS = 3_000
const AUDIT_STREAM = 'CURFEW_AUDIT'
const NO_SUCH_STREAM = 'CURFEW_DOCTOR_NONE'

export async function examineNats(url: string): Promise<Finding[]> {
  let nc: NatsConnection
  try {
    nc = await connectMessaging({ url, name: 'curfew-doctor' })
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return [
      problem('nats', `NATS cannot be reached: ${why}.`, 'Look at CURFEW_NATS_URL, and whether it runs.'),
    ]
  }
  try {
    const manager = await jetstreamManager(nc, { checkAPI: false, timeout: TIMEOUT_MS })
    return [
      ...judgeServer(nc.info ?? { version: '' }),
      ...(await examineLog(nc, manager)),
      ...(await examineAudit(manager)),
      await examineBucket(manager),
      ...(await examineRoom(manager)),
      await examinePermission(manager),
    ]
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return [
      problem(
        'nats',
        `NATS does not answer: ${why}.`,
        'The user needs the JetStream calls of infra/nats/nats.conf.',
      ),
    ]
  } finally {
    await nc.close()
  }
}

interface ServerFacts {
  readonly version: string
  readonly cluster?: string
  readonly tls_required?: boolean
}

export function judgeServer({ version, cluster, tls_required }: ServerFacts): Finding[] {
  const update = `Update to ${GOOD_VERSION} or later, and set \`sync_interval: always\`.`
  return [
    !isAtLeast(version, FIRST_WITH_SYNC_ALWAYS)
      ? problem(
          'nats',
          `nats-server ${version} cannot write an entry through to disk before it acknowledges it: a power cut may undo revocations that were confirmed.`,
          update,
        )
      : !isAtLeast(version, LEAST_VERSION)
        ? problem('nats', `nats-server ${version} has known faults that lose acknowledged entries.`, update)
        : isAtLeast(version, GOOD_VERSION)
          ? ok('nats', `nats-server ${version}.`)
          : warning('nats', `nats-server ${version} works; later ones have faults less.`, update),
    ...(isAtLeast(version, FIRST_WITH_SYNC_ALWAYS)
      ? [
          unseen(
            'nats',
            'Clients cannot see whether the server writes through to disk before it acknowledges.',
            'Look for `sync_interval: always` in the configuration of every server.',
          ),
        ]
      : []),
    cluster === undefined
      ? warning(
          'nats',
          'One server holds the log: with its disk, every revocation is lost.',
          `Run ${REPLICAS} servers as a cluster, in different places.`,
        )
      : ok('nats', `It belongs to the cluster ${cluster}.`),
    tls_required === true
      ? ok('nats', 'It insists on TLS.')
      : warning(
          'nats',
          'It accepts connections without TLS.',
          'Configure `tls`, and tls:// in the URLs, outside of one machine.',
        ),
  ]
}

async function examineLog(nc: NatsConnection, manager: JetStreamManager): Promise<Finding[]> {
  const epoch = await findEpochInForce(nc)
  if (epoch === undefined)
    return [problem('nats', 'There is no log in force.', 'docs/operations.md, “The log is frozen”.')]
  const [info, room] = [await manager.streams.info(streamName(epoch)), await measureRoom(manager, epoch)]
  return [
    ...judgeLog(epoch, info, nc.info?.cluster !== undefined),
    ...judgeLogRoom(room, nc.info?.version ?? ''),
  ]
}

/** By the marks at which the session service refuses more and more. */
export function judgeLogRoom(reading: RoomReading, version: string): Finding[] {
  const room = new LogRoom()
  room.read(reading)
  const { bytes, maxBytes, isOfAccount = false } = reading
  const todo = 'docs/operations.md, “The log is full”.'
  if (maxBytes === undefined)
    return [
      unseen(
        'nats',
        `The log has taken ${bytes} bytes; no limit of its stream or account says of how many.`,
        'Set max_bytes on its stream, or a limit for the account, so that a warning comes before it is full.',
      ),
    ]
  const isDangerous = isOfAccount && !isAtLeast(version, FIRST_THAT_LOOKS_BEFORE)
  return [
    judgeShare(room, `${Math.round((100 * bytes) / maxBytes)} % of the room for the log is taken.`, todo),
    ...(isDangerous
      ? [
          warning(
            'nats',
            `nats-server ${version} loses facts that the log holds where the room of the account runs out.`,
            `Set max_bytes on the stream of the log, below ${maxBytes}; or update.`,
          ),
        ]
      : []),
  ]
}

function judgeShare({ state }: LogRoom, says: string, todo: string): Finding {
  switch (state) {
    case 'unknown':
    case 'plenty':
      return ok('nats', says)
    case 'low':
      return warning('nats', `${says} Logins are refused long before it is full.`, todo)
    case 'rotations-refused':
      return problem('nats', `${says} Nobody but operators can show their password again.`, todo)
    case 'reserved':
      return problem('nats', `${says} Nobody but operators can sign in.`, todo)
    case 'changes-refused':
      return problem('nats', `${says} Nobody but operators can sign in, and no rights can be changed.`, todo)
    case 'ends-refused':
      return problem('nats', `${says} Nobody but operators can sign in, and nobody can sign out.`, todo)
    case 'full':
      return problem('nats', `${says} Nobody can sign in or out.`, todo)
  }
}

export function judgeLog(
  epoch: number,
  { config, state, cluster }: Pick<StreamInfo, 'config' | 'state' | 'cluster'>,
  isCluster: boolean,
): Finding[] {
  const broken = brokenSettings(epoch, config)
  const lagging = (cluster?.replicas ?? []).filter(({ current, offline }) => !current || offline)
  return [
    broken.length === 0
      ? ok(
          'nats',
          `The log ${config.name} holds ${state.messages} facts and is set up as it must be. The ends of single sessions ${
            factsExpire(config) ? 'expire' : 'stay until a new epoch'
          }.`,
        )
      : problem(
          'nats',
          `The log ${config.name} is not set up as it must be: ${broken.join('; ')}.`,
          'Open a new epoch (docs/operations.md), and find out who changed it.',
        ),
    ...(isCluster && config.num_replicas < REPLICAS
      ? [problem('nats', `The log has ${config.num_replicas} copies in a cluster.`, `Have ${REPLICAS}.`)]
      : []),
    ...lagging.map(({ name }) =>
      warning(
        'nats',
        `The copy of the log at ${name} is not up to date.`,
        'Look whether that server runs and keeps up.',
      ),
    ),
  ]
}

async function examineAudit(manager: JetStreamManager): Promise<Finding[]> {
  try {
    const { config, state } = await manager.streams.info(AUDIT_STREAM)
    const isAppendOnly = config.deny_delete && config.deny_purge && config.discard === 'new'
    return [
      isAppendOnly
        ? ok('nats', 'The audit trail can only grow. Whether it has been altered: curfew audit --verify.')
        : problem(
            'nats',
            'Events can be deleted from the audit trail, or push out others.',
            'Find out who set it up differently; it needs deny_delete, deny_purge and discard new.',
          ),
      judgeTrailRoom(state.bytes, config.max_bytes),
    ]
  } catch (error) {
    if (!isNotFound(error)) throw error
    return [
      problem(
        'nats',
        'There is no audit trail.',
        'The session service creates it at its start: look into its log lines.',
      ),
    ]
  }
}

/** From these shares on, events of strangers and of users are not recorded any more. */
const TRAIL_SHARES = { strangers: 0.5, users: 0.8, full: 0.99 }

/** @param most -1 where nobody has set a limit */
export function judgeTrailRoom(used: number, most: number): Finding {
  if (most <= 0)
    return warning(
      'nats',
      'The audit trail has no limit of its own: it can take the room of the log.',
      'Set one: nats stream edit CURFEW_AUDIT --max-bytes …',
    )
  const says = `${Math.floor((used / most) * 100)} % of the room of the audit trail are taken`
  const todo =
    'Find out who causes so many events, and make room: docs/operations.md, “The audit trail fills up”.'
  if (used >= most * TRAIL_SHARES.full)
    return problem('nats', `${says}: what operators do cannot be recorded, and grants are refused.`, todo)
  if (used >= most * TRAIL_SHARES.users)
    return problem('nats', `${says}: only what operators do is recorded.`, todo)
  if (used >= most * TRAIL_SHARES.strangers)
    return warning('nats', `${says}: refusals are not recorded any more.`, todo)
  return ok('nats', `${says}.`)
}

/** The gateway's own, which only an account that services share with the log can show. */
async function examineBucket(manager: JetStreamManager): Promise<Finding> {
  try {
    const { config } = await manager.streams.info(`KV_${ACCOUNTS_BUCKET}`)
    return judgeBucket(config.max_bytes)
  } catch (error) {
    if (!isNotFound(error)) throw error
    return ok('nats', 'Changed passwords are not in the account of the log.')
  }
}

/** @param maxBytes -1 where the bucket is from before the gateway had an account of its own */
export function judgeBucket(maxBytes: number): Finding {
  return maxBytes > 0
    ? problem(
        'nats',
        'Services use the account of the log: whoever has the credentials of one can have an entry stored in the log.',
        'Give each an account of its own (infra/nats/nats.conf).',
      )
    : problem(
        'nats',
        'Changed passwords are in the account of the log, where the gateway does not find them.',
        'Move them: docs/operations.md, “After an update”.',
      )
}

async function examineRoom(manager: JetStreamManager): Promise<Finding[]> {
  try {
    const { storage, limits } = await manager.getAccountInfo()
    return judgeRoom(storage, limits.max_storage)
  } catch (error) {
    if (!isForbidden(error)) throw error
    return [
      unseen('nats', 'This user may not see how much room is left.', 'Look as an administrator as well.'),
    ]
  }
}

/** @param most -1 where nobody has said how much there may be */
export function judgeRoom(used: number, most: number): Finding[] {
  if (most <= 0)
    return [
      unseen(
        'nats',
        'The account has no limit of its own: how much of `max_file_store` is used, only the server knows.',
        'Let monitoring warn at half of it.',
      ),
    ]
  if (used <= most / 2) return []
  const says = `${Math.round((100 * used) / most)} % of the room for streams is used.`
  const todo = 'Give it more; a log that is full takes no revocation.'
  return [used > most * 0.9 ? problem('nats', says, todo) : warning('nats', says, todo)]
}

/** Whoever may delete any stream is told that there is none; whoever may not is told that. */
async function examinePermission(manager: JetStreamManager): Promise<Finding> {
  try {
    await manager.streams.delete(NO_SUCH_STREAM)
  } catch (error) {
    if (isForbidden(error)) return ok('nats', 'This user may not delete the log.')
    if (!isNotFound(error)) throw error
  }
  return unseen(
    'nats',
    'This user may delete the log, so nothing can be said about what services may do.',
    'Right for an administrator. Look with the credentials of the session service as well (infra/nats/nats.conf).',
  )
}

function isForbidden(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined
  return cause instanceof Error && cause.name === 'PermissionViolationError'
}

function isNotFound(error: unknown): boolean {
  return error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound
}
