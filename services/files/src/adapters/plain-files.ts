/**
 * ⑦ Opens what is a plain file in a plain directory, and syncs what must survive a power cut.
 * Promise: symbolic links, pipes, sockets and devices are as good as absent, and opening one never blocks.
 */
import { constants } from 'node:fs'
import { lstat, open, type FileHandle } from 'node:fs/promises'

const READ_PLAIN = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
const CREATE_PLAIN = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW
const PRIVATE = 0o600

/** ELOOP is a symbolic link, ENXIO a socket, ENOTDIR a file where a directory should be. */
const ABSENT = new Set(['ENOENT', 'ELOOP', 'ENXIO', 'ENOTDIR'])

export async function openPlainFile(path: string): Promise<FileHandle | undefined> {
  const handle = await unlessAbsent(open(path, READ_PLAIN))
  if (handle === undefined) return undefined
  const stats = await handle.stat()
  if (stats.isFile()) return handle
  await handle.close()
  return undefined
}

export async function isPlainDirectory(path: string): Promise<boolean> {
  return (await unlessAbsent(lstat(path)))?.isDirectory() ?? false
}

export function createPlainFile(path: string): Promise<FileHandle> {
  return open(path, CREATE_PLAIN, PRIVATE)
}

/** Makes names durable: a file that was synced can still be lost with its directory entry. */
export async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

export async function unlessAbsent<T>(attempt: Promise<T>): Promise<T | undefined> {
  try {
    return await attempt
  } catch (error) {
    if (ABSENT.has(codeOf(error))) return undefined
    throw error
  }
}

export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}
