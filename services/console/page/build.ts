/**
 * Builds the page into `dist/`, unless what is there was made of these very sources.
 * Promise: `dist/` is whole or not there at all, also where several processes build at once. Importing this file is enough, so
 * that a service can be started with `--import`.
 */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync, readdirSync, rmSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'

const directory = import.meta.dirname
const finished = join(directory, 'dist')
/** What the page is made of; the lockfile says of which libraries. */
const SOURCES = ['index.html', 'build.ts', 'vite.config.ts', 'package.json', 'src', '../../../pnpm-lock.yaml']
const STAMP = 'built-from'

function filesBelow(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path]
  return readdirSync(path)
    .toSorted()
    .flatMap((name) => filesBelow(join(path, name)))
}

function digestOfSources(): string {
  const digest = createHash('sha256')
  for (const file of SOURCES.flatMap((source) => filesBelow(join(directory, source))))
    digest
      .update(`${relative(directory, file)}\0`)
      .update(readFileSync(file))
      .update('\0')
  return digest.digest('hex')
}

function isBuiltFrom(sources: string): boolean {
  try {
    return readFileSync(join(finished, STAMP), 'utf8') === sources
  } catch {
    return false
  }
}

function build(sources: string): void {
  const draft = join(directory, `node_modules/.draft.${process.pid}`)
  const replaced = `${draft}.old`
  try {
    const vite = join(directory, 'node_modules/vite/bin/vite.js')
    // With an environment of its own: under a test's, React's build for development would go into the page.
    execFileSync(process.execPath, [vite, 'build', '--logLevel', 'warn', '--outDir', draft], {
      cwd: directory,
      env: { NODE_ENV: 'production' },
      stdio: ['ignore', 'inherit', 'inherit'],
    })
    writeFileSync(join(draft, STAMP), sources)
    // Somebody else may have done the same meanwhile; either result will do.
    if (isBuiltFrom(sources)) return
    moveIfThere(finished, replaced)
    moveIfThere(draft, finished)
  } finally {
    for (const left of [draft, replaced]) rmSync(left, { recursive: true, force: true })
  }
}

function moveIfThere(from: string, to: string): void {
  try {
    renameSync(from, to)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ENOENT' && code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error
  }
}

const sources = digestOfSources()
if (!isBuiltFrom(sources)) build(sources)
