/**
 * Files that only their owner may read, written whole or not at all.
 * Promise: a reader, or the next start after a crash, finds the old content or the new, never half of either.
 */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

/** Creates the directory, and those above it, for their owner only. */
export function makePrivateDirectory(directory: string): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
}

/** Mode 0600, replaced in one step. */
export function writePrivateFile(file: string, content: string): void {
  makePrivateDirectory(dirname(file))
  const draft = `${file}.${process.pid}.draft`
  rmSync(draft, { force: true })
  writeFileSync(draft, content, { mode: 0o600, flag: 'wx', flush: true })
  renameSync(draft, file)
}

export function writePrivateJson(file: string, value: unknown): void {
  writePrivateFile(file, `${JSON.stringify(value, undefined, 2)}\n`)
}

/** The parsed content, or undefined when there is no such file. @throws SyntaxError when it is not JSON */
export function readJsonIfPresent(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
