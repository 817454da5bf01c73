/**
 * ⑦ Files in a local directory (or one that replicas share).
 * Promise: a file is seen whole or not at all, whoever looks, whatever breaks.
 */
import { constants } from 'node:fs'
import { access, mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'

import type { FileStore, OpenFile, StoredFile } from '../ports.ts'
import { FileContent } from './file-content.ts'
import { ABOUT, CONTENT, layoutIn, readAbout } from './file-layout.ts'
import { isPlainDirectory, openPlainFile } from './plain-files.ts'
import { receiveFile } from './receive-file.ts'
import { RemovedFiles } from './removed-files.ts'
import { sweepTransit } from './transit.ts'

export interface DirectoryStore extends FileStore {
  /** Rejects when the directory cannot be written to. */
  checkWritable(): Promise<void>
  /** Clears what processes that are gone have left behind; replicas may do so at the same time. */
  sweep(): Promise<void>
}

/** Creates what is missing, and sweeps. */
export async function openDirectoryStore(root: string): Promise<DirectoryStore> {
  const layout = layoutIn(root)
  await mkdir(layout.transit, { recursive: true, mode: 0o700 })
  const removed = await RemovedFiles.open(layout)
  const sweep = async (): Promise<void> => {
    await removed.sweep()
    await sweepTransit(layout.transit)
  }
  await sweep()
  return {
    sweep,
    find: async (id) => {
      const opened = await openFile(layout.directoryOf(id))
      await opened?.close()
      return opened?.file
    },
    open: (id) => openFile(layout.directoryOf(id)),
    receive: async (id, source, limits) => {
      const receipt = await receiveFile(layout, id, source, limits)
      return receipt.kind !== 'stored' || (await removed.keep(id)) ? receipt : { kind: 'removed' }
    },
    remove: (id) => removed.add(id),
    wasRemoved: (id) => removed.has(id),
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
