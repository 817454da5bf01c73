/**
 * ⑤ How the stream must be set up (ARCHITECTURE.md, the log), as something to ask for and as something to check.
 * Promise: a setting that a server changed, dropped or lost is named before anything relies on it.
 */
import { feedSubject, logSubject, streamName } from '@curfew/contracts'
import { DiscardPolicy, RetentionPolicy, StorageType, type StreamConfig } from '@nats-io/jetstream'
import { nanos, type NatsConnection } from '@nats-io/nats-core'

/** Retries under the same id must end well within this time. */
const DUPLICATE_WINDOW_MS = 10 * 60 * 1_000

/** Copies of the log where there are servers to hold them; one server holds one. */
const REPLICAS_IN_CLUSTER = 3

type Settings = Partial<StreamConfig> & Pick<StreamConfig, 'name'>

/** Copies of a stream that is created on this connection. */
export function replicasOf(nc: NatsConnection): number {
  return nc.info?.cluster === undefined ? 1 : REPLICAS_IN_CLUSTER
}

export function streamSettings(epoch: number, replicas: number): Settings {
  return {
    name: streamName(epoch),
    subjects: [logSubject(epoch)],
    storage: StorageType.File,
    retention: RetentionPolicy.Limits,
    num_replicas: replicas,
    max_msgs_per_subject: 1,
    max_age: 0,
    discard: DiscardPolicy.New,
    duplicate_window: nanos(DUPLICATE_WINDOW_MS),
    allow_direct: false,
    deny_delete: true,
    deny_purge: true,
    allow_rollup_hdrs: false,
    // Not known before 2.11: such a server leaves it out, and keeps every fact.
    allow_msg_ttl: true,
    republish: { src: logSubject(epoch), dest: feedSubject(epoch) },
  }
}

/** Whether a stream lets entries expire that ask for it: where its server could when the epoch was opened. */
export function factsExpire({ allow_msg_ttl: isAllowed }: Partial<StreamConfig>): boolean {
  return isAllowed === true
}

/** The settings of an existing stream that break a promise, as `name: is, must be`. Stricter limits are the operator's. */
export function brokenSettings(epoch: number, actual: Partial<StreamConfig>): string[] {
  // Without it, every fact stays.
  const { allow_msg_ttl: _, ...wanted } = streamSettings(epoch, actual.num_replicas ?? 1)
  const broken = Object.entries(wanted).flatMap(([name, must]) => {
    const is = actual[name as keyof StreamConfig]
    return isKept(name, is, must) ? [] : [`${name}: ${JSON.stringify(is)}, must be ${JSON.stringify(must)}`]
  })
  // What nobody asks for and yet would lose, hide or add entries.
  const foreign = FOREIGN.filter((name) => {
    const is = actual[name]
    return Array.isArray(is) ? is.length > 0 : Boolean(is)
  })
  return [...broken, ...foreign.map((name) => `${name}: must not be set`)]
}

const FOREIGN = [
  'mirror',
  'sources',
  'sealed',
  'no_ack',
  'mirror_direct',
  'discard_new_per_subject',
  'subject_transform',
  'subject_delete_marker_ttl',
] as const satisfies readonly (keyof StreamConfig)[]

function isKept(name: string, is: unknown, must: unknown): boolean {
  if (name === 'duplicate_window') return typeof is === 'number' && is >= Number(must)
  // Servers leave out what is off.
  if (must === false || must === 0) return !is
  if (name === 'republish')
    return isRepublish(is) && JSON.stringify({ src: is.src, dest: is.dest }) === JSON.stringify(must)
  return JSON.stringify(is) === JSON.stringify(must)
}

/** Without bodies the feed would have to be read twice. */
function isRepublish(value: unknown): value is { src: string; dest: string } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'src' in value &&
    !('headers_only' in value && value.headers_only)
  )
}
