/**
 * The logs of what runs here, one file each, the run before kept beside it.
 * Promise: readable by their owner only, and bounded by two runs.
 */
import { closeSync, existsSync, fstatSync, mkdirSync, openSync, readSync, renameSync } from 'node:fs'
import { join } from 'node:path'

const TAIL_BYTES = 16_384

/** The log of one program for this run; what an earlier run wrote moves to `<name>.previous.log`. */
export function newLogFile(directory: string, name: string): string {
  const folder = join(directory, 'logs')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const file = join(folder, `${name}.log`)
  if (existsSync(file)) renameSync(file, join(folder, `${name}.previous.log`))
  return file
}

/** The last lines of a log, however long it is; none when it cannot be read. */
export function lastLines(file: string, count: number): string[] {
  try {
    const descriptor = openSync(file, 'r')
    try {
      const { size } = fstatSync(descriptor)
      const buffer = Buffer.alloc(Math.min(size, TAIL_BYTES))
      readSync(descriptor, buffer, 0, buffer.length, size - buffer.length)
      return buffer
        .toString('utf8')
        .split('\n')
        .filter((line) => line.trim() !== '')
        .slice(-count)
    } finally {
      closeSync(descriptor)
    }
  } catch {
    return []
  }
}
