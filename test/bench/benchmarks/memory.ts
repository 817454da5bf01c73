/** ② What remembered sessions cost: a process with a full verifier beside one with an empty one. */
import type { Benchmark, Outcome, Progress, Size } from '../benchmark.ts'
import { startChild } from '../child.ts'
import { interleaved } from '../interleaved.ts'
import { populationOf } from '../population.ts'
import { median } from '../statistics.ts'
import { startSystem, type System } from '../system.ts'
import type { commands } from '../verifiers.child.ts'

const MIB = 2 ** 20
/** Asked for together: the buffers of larger answers stay with the allocator and would be counted as well. */
const AT_ONCE = 50

const SIZES = {
  full: { sessions: 100_000, rounds: 3 },
  quick: { sessions: 30_000, rounds: 1 },
  tiny: { sessions: 500, rounds: 1 },
}

interface Memory {
  readonly rss: number
  readonly heapUsed: number
}

export const memory: Benchmark = { name: 'memory', seconds: { full: 25, quick: 7 }, run }

async function run(size: Size, report: Progress): Promise<Outcome> {
  const { sessions, rounds } = SIZES[size]
  const population = populationOf(sessions)
  report(`loading ${sessions} sessions`)
  await using system = await startSystem(population)
  const empty = { sessions: 0, found: [] as Memory[] }
  const full = { sessions, found: [] as Memory[] }
  await interleaved([empty, full], rounds, async (process) => {
    report(`a process with ${process.sessions} sessions`)
    process.found.push(await memoryWith(system, process.sessions))
  })
  return outcomeOf(
    { empty: empty.found, full: full.found },
    { ...population, inRedis: system.populationBytes },
  )
}

async function memoryWith({ servers }: System, sessions: number): Promise<Memory> {
  await using verifiers = startChild<typeof commands>('verifiers.child.ts')
  await verifiers.call('open', { url: servers.natsUrl('documents'), verifiers: 1 })
  await verifiers.call('remember', { from: 0, sessions, atOnce: AT_ONCE })
  return await verifiers.call('memory')
}

function outcomeOf(
  found: { empty: readonly Memory[]; full: readonly Memory[] },
  {
    sessions,
    users,
    tenants,
    roles,
    inRedis,
  }: ReturnType<typeof populationOf> & { readonly inRedis: number },
): Outcome {
  const middle = (all: readonly Memory[]): Memory => ({
    rss: median(all.map(({ rss }) => rss)),
    heapUsed: median(all.map(({ heapUsed }) => heapUsed)),
  })
  const [empty, full] = [middle(found.empty), middle(found.full)]
  const added = { rss: full.rss - empty.rss, heapUsed: full.heapUsed - empty.heapUsed }
  const row = (label: string, { rss, heapUsed }: Memory) => ({
    label,
    figures: { rss: rss / MIB, heap: heapUsed / MIB },
  })
  return {
    title: 'Memory',
    method:
      `${sessions} sessions of ${users} users in ${tenants} tenants with ${roles} roles each, remembered by one verifier in ` +
      `a process of its own that has asked for ${AT_ONCE} at a time; after garbage collection, medians of ${found.full.length} processes. In ` +
      `Redis: by its \`used_memory\`, with the lists of sessions and what is known of each user.`,
    columns: [
      { key: 'rss', title: 'RSS MiB', digits: 1 },
      { key: 'heap', title: 'heap MiB', digits: 1 },
      { key: 'bytes', title: 'bytes a session', digits: 0 },
    ],
    rows: [
      row('a verifier that remembers nothing', empty),
      row(`a verifier that remembers ${sessions}`, full),
      {
        label: 'added',
        figures: { ...row('', added).figures, bytes: added.heapUsed / sessions },
      },
      { label: `Redis with ${sessions}, added`, figures: { rss: inRedis / MIB, bytes: inRedis / sessions } },
    ],
    goals: [
      { text: `MiB of RSS added by ${sessions} sessions`, measured: added.rss / MIB, atMost: 60, digits: 1 },
      { text: 'Bytes of Redis a session, all told', measured: inRedis / sessions, atMost: 600, digits: 0 },
      { text: 'Bytes of heap a session', measured: added.heapUsed / sessions, atMost: 500, digits: 0 },
    ],
  }
}
