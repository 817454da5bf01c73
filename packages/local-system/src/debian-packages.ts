/**
 * nats-server and redis-server from Debian's packages, unpacked instead of installed: no root, no daemon, no trace.
 * Promise: apt works on private copies of its lists and caches, so nothing outside `.cache/` is written, by root either.
 */
import { existsSync, globSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { REPOSITORY } from './config.ts'
import { findProgram, runProgram } from './programs.ts'
import type { Progress } from './servers.ts'

export interface UnpackedServers {
  readonly nats: string
  readonly redis: string
  /** For LD_LIBRARY_PATH: what the servers need and this machine did not have. */
  readonly libraries: string
}

/** redis-server is a name for a program that the package redis-tools holds. */
const PACKAGES = ['nats-server', 'redis-server', 'redis-tools']
const DOWNLOAD_TIMEOUT_MS = 300_000
const UNPACK_TIMEOUT_MS = 60_000

/** Undefined where there is no apt. @throws Error with apt's complaint when the packages cannot be had */
export async function unpackDebianPackages(onProgress?: Progress): Promise<UnpackedServers | undefined> {
  const aptGet = findProgram('apt-get')
  const dpkg = findProgram('dpkg')
  if (aptGet === undefined || dpkg === undefined) return undefined

  const home = join(REPOSITORY, '.cache', `debian-servers-${process.arch}`)
  if (existsSync(home)) return serversIn(home)
  mkdirSync(join(REPOSITORY, '.cache'), { recursive: true })
  const draft = mkdtempSync(`${home}.draft-`)
  try {
    await download(aptGet, draft, onProgress)
    onProgress?.('unpacking NATS and Redis into .cache/')
    const root = join(draft, 'root')
    for (const file of globSync('packages/**/*.deb', { cwd: draft }))
      await runProgram(dpkg, ['-x', join(draft, file), root], { timeoutMs: UNPACK_TIMEOUT_MS })
    await proveThatTheyRun(serversIn(root))
    moveIntoPlace(root, home)
  } finally {
    rmSync(draft, { recursive: true, force: true })
  }
  return serversIn(home)
}

async function download(aptGet: string, draft: string, onProgress?: Progress): Promise<void> {
  const packages = join(draft, 'packages')
  for (const folder of ['lists/partial', 'packages/partial'])
    mkdirSync(join(draft, folder), { recursive: true })
  const config = join(draft, 'apt.conf')
  writeFileSync(config, aptConfig(draft))
  const apt = (...args: string[]): Promise<string> =>
    runProgram(aptGet, ['-c', config, '-qq', ...args], { cwd: packages, timeoutMs: DOWNLOAD_TIMEOUT_MS })

  onProgress?.('fetching package lists for NATS and Redis (apt-get update, into .cache/)')
  // A broken source of somebody else's is no obstacle; if Debian's own is missing, the download below says so.
  await apt('update').catch(() => '')
  onProgress?.('downloading NATS and Redis (about 5 MB)')
  await apt('download', ...PACKAGES)
  // apt knows what is installed: this fetches the libraries that are not.
  await apt('install', '-y', '--no-install-recommends', '--download-only', 'redis-tools')
}

/** The machine's sources and proxies, but everything that apt writes goes below `directory`. */
function aptConfig(directory: string): string {
  return `
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
Dir::State::Lists "${directory}/lists";
Dir::Cache "${directory}";
Dir::Cache::Archives "${directory}/packages";
Dir::Log "${directory}";
Debug::NoLocking "true";
APT::Sandbox::User "root";
Acquire::Retries "2";
Acquire::http::Timeout "20";
Acquire::https::Timeout "20";
`
}

function serversIn(root: string): UnpackedServers {
  return {
    nats: join(root, 'usr/sbin/nats-server'),
    redis: join(root, 'usr/bin/redis-server'),
    libraries: [...globSync('usr/lib/*-linux-*', { cwd: root }), ...globSync('lib/*-linux-*', { cwd: root })]
      .map((folder) => join(root, folder))
      .join(':'),
  }
}

async function proveThatTheyRun({ nats, redis, libraries }: UnpackedServers): Promise<void> {
  const run = { env: { LD_LIBRARY_PATH: libraries }, timeoutMs: UNPACK_TIMEOUT_MS }
  await runProgram(nats, ['--version'], run)
  await runProgram(redis, ['--version'], run)
}

/** Whole or not at all; when another process was faster, its copy is as good. */
function moveIntoPlace(root: string, home: string): void {
  try {
    renameSync(root, home)
  } catch (error) {
    if (!existsSync(home)) throw error
  }
}
