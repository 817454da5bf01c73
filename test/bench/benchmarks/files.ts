/** ⑦ What the file service adds to sending bytes: beside nginx with the very same file, in memory, and before the first byte. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

import { figureOf, type Benchmark, type Outcome, type Progress, type Row, type Size } from '../benchmark.ts'
import { startFileStage, type Download, type FileStage, type StoredFile } from '../file-stage.ts'
import { interleaved } from '../interleaved.ts'
import { percentile, median } from '../statistics.ts'

const MIB = 1024 * 1024
const SIZES = {
  full: { bytes: 512 * MIB, rounds: 15, largeBytes: 5 * 1024 * MIB, claims: 500 },
  quick: { bytes: 256 * MIB, rounds: 5, largeBytes: 1024 * MIB, claims: 100 },
  tiny: { bytes: 8 * MIB, rounds: 1, largeBytes: 64 * MIB, claims: 10 },
}

const FILES = 'the file service'
const NGINX = 'nginx, sendfile'
const NGINX_COPYING = 'nginx, without sendfile'
const LARGE = 'the file service, one large file'
const LOOK = 'looking (HEAD), which spends nothing'
const SPEND = 'the same with redemption (GET of 20 bytes)'

interface Contender {
  readonly label: string
  readonly next: () => Promise<Download>
  readonly mibPerSecond: number[]
}

export const files: Benchmark = { name: 'files', seconds: { full: 30, quick: 25 }, run }

async function run(size: Size, report: Progress): Promise<Outcome> {
  const { bytes, rounds, largeBytes, claims } = SIZES[size]
  await using stage = await startFileStage()
  report('storing a file')
  const file = await stage.store(bytes)
  const contenders: Contender[] = [
    { label: FILES, next: () => stage.claimFor(file), mibPerSecond: [] },
    ...peersOn(stage, file),
  ]
  if (contenders.length === 1) report('there is no nginx on this machine to compare with')
  // So that the file is in memory for all of them.
  for (const { next } of contenders) await fetchWith(await next())
  report('sending')
  await interleaved(contenders, rounds, async ({ next, mibPerSecond }) => {
    mibPerSecond.push((await fetchWith(await next())).mibPerSecond)
  })
  report('sending a large file')
  const large = await sendLarge(stage, largeBytes)
  report('redeeming')
  const latencies = await redeemMany(stage, claims)
  return outcomeOf({ contenders, large, latencies }, { bytes, rounds, largeBytes, claims })
}

function peersOn({ atNginx }: FileStage, file: StoredFile): Contender[] {
  if (atNginx === undefined) return []
  return [
    { label: NGINX, next: async () => atNginx(file), mibPerSecond: [] },
    { label: NGINX_COPYING, next: async () => atNginx(file, 'copying'), mibPerSecond: [] },
  ]
}

/** curl, because a client in this language would be what is measured. */
async function fetchWith({ url, headers }: Download): Promise<{ bytes: number; mibPerSecond: number }> {
  const sent = headers.flatMap((header) => ['-H', header])
  const { stdout } = await promisify(execFile)('curl', [
    // First: nothing of the caller's own settings.
    '-q',
    '--noproxy',
    '*',
    '-sS',
    '--fail',
    '--output',
    '/dev/null',
    '--write-out',
    '%{size_download} %{time_total}',
    ...sent,
    url,
  ])
  const [bytes = 0, seconds = 0] = stdout.split(' ').map(Number)
  return { bytes, mibPerSecond: bytes / MIB / seconds }
}

interface Large {
  readonly addedMib: number
  readonly mibPerSecond: number
}

async function sendLarge(stage: FileStage, bytes: number): Promise<Large> {
  const file = await stage.storeSparse(bytes)
  const before = await stage.memory()
  const { bytes: sent, mibPerSecond } = await fetchWith(await stage.claimFor(file))
  if (sent !== bytes) throw new Error(`${sent} bytes came instead of ${bytes}`)
  return { addedMib: (await stage.memory()).peakMib - before.mib, mibPerSecond }
}

interface Latencies {
  readonly look: readonly number[]
  readonly spend: readonly number[]
}

async function redeemMany(stage: FileStage, count: number): Promise<Latencies> {
  const file = await stage.store(20)
  const [look, spend]: [number[], number[]] = [[], []]
  for (let n = 0; n < count; n += 1) {
    const { url, headers } = await stage.claimFor(file)
    const sent = Object.fromEntries(headers.map((header) => header.split(': ', 2)))
    for (const [method, into] of [
      ['HEAD', look],
      ['GET', spend],
    ] as const) {
      const startedAtMs = performance.now()
      const response = await fetch(url, { method, headers: sent })
      await response.arrayBuffer()
      into.push(performance.now() - startedAtMs)
      if (response.status !== 200) throw new Error(`${method} was answered with ${response.status}`)
    }
  }
  return { look, spend }
}

interface Measured {
  readonly contenders: readonly Contender[]
  readonly large: Large
  readonly latencies: Latencies
}

function outcomeOf(
  { contenders, large, latencies }: Measured,
  { bytes, rounds, largeBytes, claims }: (typeof SIZES)[Size],
): Outcome {
  const sendfile = contenders.find(({ label }) => label === NGINX)?.mibPerSecond
  const rows: Row[] = [
    ...contenders.map(({ label, mibPerSecond }) => ({
      label,
      figures: {
        ...timed(bytes, median(mibPerSecond)),
        // Of the same round, so that what else the machine did is in both.
        ...(sendfile !== undefined && {
          ratio: median(mibPerSecond.map((one, round) => one / (sendfile[round] ?? Number.NaN))),
        }),
      },
      samples: mibPerSecond,
    })),
    { label: LARGE, figures: { ...timed(largeBytes, large.mibPerSecond), added: large.addedMib } },
    latencyRow(LOOK, latencies.look),
    latencyRow(SPEND, latencies.spend),
  ]
  const added = figureOf(rows, SPEND, 'p50') - figureOf(rows, LOOK, 'p50')
  return {
    title: 'The file service',
    method:
      `One download of ${bytes / MIB} MiB at a time by curl, from memory, nginx with the same file; medians of ${rounds} rounds, in ` +
      `turns. Then one of ${largeBytes / MIB} MiB (a sparse file): MiB added is the peak of the process above what it held before. ` +
      `Then ${claims} small downloads, one after the other, each looked at first.`,
    columns: [
      { key: 'p50', title: 'median ms', digits: 2 },
      { key: 'p99', title: 'p99 ms', digits: 2 },
      { key: 'speed', title: 'MiB/s', digits: 0 },
      { key: 'ratio', title: 'to nginx', digits: 2 },
      { key: 'added', title: 'MiB added', digits: 0 },
    ],
    rows,
    goals: [
      ...(sendfile === undefined
        ? []
        : [
            {
              text: 'Throughput in times of that of nginx',
              measured: figureOf(rows, FILES, 'ratio'),
              atLeast: 0.8,
              digits: 2,
            },
          ]),
      {
        text: `MiB of memory that ${largeBytes / MIB} MiB take on their way`,
        measured: figureOf(rows, LARGE, 'added'),
        atMost: 64,
        digits: 0,
      },
      { text: 'What redemption adds, milliseconds', measured: added, atMost: 5, digits: 2 },
    ],
  }
}

function timed(bytes: number, mibPerSecond: number): Record<'p50' | 'speed', number> {
  return { p50: (bytes / MIB / mibPerSecond) * 1_000, speed: mibPerSecond }
}

function latencyRow(label: string, values: readonly number[]): Row {
  return { label, figures: { p50: median(values), p99: percentile(values, 0.99) } }
}
