/**
 * ⑦ Takes a stream in and makes it a file.
 * Promise: bounded, hashed and synced before one rename shows it; any other ending leaves nothing behind.
 */
import { createHash, type Hash } from 'node:crypto'
import { mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'

import { formatDigest, type FileId } from '@curfew/one-time-claims'

import type { Receipt, StoredFile, UploadLimits } from '../ports.ts'
import { ABOUT, CONTENT, writeAbout, type Layout } from './file-layout.ts'
import { codeOf, createPlainFile, syncDirectory } from './plain-files.ts'
import { newTransitPath } from './transit.ts'

const NO_ROOM = new Set(['ENOSPC', 'EDQUOT'])
const TAKEN = new Set(['ENOTEMPTY', 'EEXIST', 'ENOTDIR'])

export async function receiveFile(
  layout: Layout,
  id: FileId,
  source: AsyncIterable<Uint8Array>,
  limits: UploadLimits,
): Promise<Receipt> {
  const draft = newTransitPath(layout.transit)
  try {
    await mkdir(draft, { mode: 0o700 })
    const written = await writeContent(join(draft, CONTENT), source, limits)
    if (written.kind !== 'stored') return written
    await writeDurably(join(draft, ABOUT), writeAbout(written.file))
    await syncDirectory(draft)
    return (await publish(layout, id, draft)) ? written : { kind: 'exists' }
  } catch (error) {
    if (error instanceof BrokenOff) return { kind: 'broken-off' }
    if (NO_ROOM.has(codeOf(error))) return { kind: 'full' }
    throw error
  } finally {
    // After the rename there is nothing here.
    await rm(draft, { recursive: true, force: true })
  }
}

/** Reads no faster than it writes: the source waits while a chunk is on its way to the disk. */
async function writeContent(
  path: string,
  source: AsyncIterable<Uint8Array>,
  { contentType, minBytes, maxBytes, digests }: UploadLimits,
): Promise<Receipt> {
  const handle = await createPlainFile(path)
  try {
    const hashes = { 'sha-256': createHash('sha256'), 'sha-512': sha512For(digests) }
    let size = 0
    for await (const chunk of markBreaks(source)) {
      size += chunk.length
      if (size > maxBytes) return { kind: 'too-large' }
      hashes['sha-256'].update(chunk)
      hashes['sha-512']?.update(chunk)
      await handle.writeFile(chunk)
    }
    if (size < minBytes) return { kind: 'too-small' }
    const sha256 = hashes['sha-256'].digest()
    const found = { 'sha-256': sha256.toString('base64'), 'sha-512': hashes['sha-512']?.digest('base64') }
    if (digests.some(({ algorithm, base64 }) => found[algorithm] !== base64))
      return { kind: 'digest-mismatch' }
    await handle.sync()
    const file: StoredFile = { size, digest: formatDigest(sha256), contentType }
    return { kind: 'stored', file }
  } finally {
    await handle.close()
  }
}

/** Hashing costs more than writing: only where it is asked for. */
function sha512For(digests: UploadLimits['digests']): Hash | undefined {
  return digests.some(({ algorithm }) => algorithm === 'sha-512') ? createHash('sha512') : undefined
}

class BrokenOff extends Error {}

/** Tells the sender's failures from those of the disk. */
async function* markBreaks(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* source
  } catch (cause) {
    throw new BrokenOff('the upload broke off', { cause })
  }
}

async function writeDurably(path: string, text: string): Promise<void> {
  const handle = await createPlainFile(path)
  try {
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** A rename never replaces a directory that has something in it: of two uploads of one file, one is told that it exists. */
async function publish(layout: Layout, id: FileId, draft: string): Promise<boolean> {
  const shard = layout.shardOf(id)
  await mkdir(shard, { recursive: true, mode: 0o700 })
  try {
    await rename(draft, layout.directoryOf(id))
  } catch (error) {
    if (TAKEN.has(codeOf(error))) return false
    throw error
  }
  await syncDirectory(shard)
  await syncDirectory(layout.root)
  return true
}
