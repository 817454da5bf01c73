/**
 * ⑦ Files in a local directory (or one that replicas share).
 * Promise: a file is seen whole or not at all, whoever looks, whatever breaks.
 */
import { constants } from 'node:fs'
import { access, mkdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'

import type { FileId } from '@curfew/one-time-claims'

import type { FileStore, OpenFile, StoredFile } from '../ports.ts'
import { FileContent } from './file-content.ts'
import { ABOUT, CONTENT, layoutIn, readAbout, type Layout } from './file-layout.ts'
import { isPlainDirectory, openPlainFile, syncDirectory, unlessAbsent } from './plain-files.ts'
import { receiveFile } from './receive-file.ts'
import { newTransitPath, sweepTransit } from './transit.ts'

export interface DirectoryStore extends FileStore {
  /** Rejects when the directory cannot be written to. */
  checkWritable(): Promise<void>
}

/** Creates what is missing, and clears what processes that are gone have left behind. */
export async function openDirectoryStore(root: string): Promise<DirectoryStore> {
  const layout = layoutIn(root)
  await mkdir(layout.transit, { recursive: true, mode: 0o700 })
  await sweepTransit(layout.transit)
  return {
    find: async (id) => {
      const opened = await openFile(layout.directoryOf(id))
      await opened?.close()
      return opened?.file
    },
    open: (id) => openFile(layout.directoryOf(id)),
    receive: (id, source, limits) => receiveFile(layout, id, source, limits),
    remove: (id) => removeFile(layout, id),
    checkWritable: () => access(layout.transit, constants.W_OK | constants.X_OK),
  }
}

async function openFile(directory: string): Promise<OpenFile | undefined> {
  if (!(await isPlainDirectory(dirname(directory))) || !(await isPlainDirectory(directory))) return undefined
  const file = await readDescription(join(directory, ABOUT))
  const content = await openPlainFile(join(directory, CONTENT))
  if (file === undefined || content === undefined) {
    await content?.close()
    return undefined
  }
  const { size } = await content.stat()
  if (size !== file.size) {
    await content.close()
    throw new Error(`stored file is damaged: ${size} bytes instead of ${file.size}`)
  }
  return {
    file,
    stream: (part = { from: 0, until: size }) => new FileContent(content, part),
    close: () => content.close(),
  }
}

async function readDescription(path: string): Promise<StoredFile | undefined> {
  const handle = await openPlainFile(path)
  if (handle === undefined) return undefined
  try {
    return readAbout(await handle.readFile('utf8'))
  } finally {
    await handle.close()
  }
}

/** Out of sight with one rename, then gone; a download under way keeps its handle and ends well. */
async function removeFile(layout: Layout, id: FileId): Promise<boolean> {
  const directory = layout.directoryOf(id)
  if (!(await isPlainDirectory(directory))) return false
  const grave = newTransitPath(layout.transit)
  const moved = await unlessAbsent(rename(directory, grave).then(() => true))
  if (moved === undefined) return false
  await syncDirectory(layout.shardOf(id))
  await rm(grave, { recursive: true, force: true })
  return true
}
