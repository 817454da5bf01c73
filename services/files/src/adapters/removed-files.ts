/**
 * ⑦ Remembers which files have been removed, for as long as an upload of one of them can still come to its end.
 * Promise: an upload that ends after the removal of its file is not stored; where a process died between the two, the next
 * sweep of any replica removes what it left.
 */
import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { FileIdSchema, type FileId } from '@curfew/one-time-claims'
import { Value } from 'typebox/value'

import type { Layout } from './file-layout.ts'
import { isPlainDirectory, syncDirectory, unlessAbsent } from './plain-files.ts'
import { newTransitPath } from './transit.ts'

/** An upload begins within the life of its claim, minutes at most, and takes an hour at most. */
const REMEMBERED_MS = 2 * 3_600_000

export class RemovedFiles {
  readonly #layout: Layout
  readonly #marks: string

  private constructor(layout: Layout) {
    this.#layout = layout
    this.#marks = join(layout.root, '.removed')
  }

  static async open(layout: Layout): Promise<RemovedFiles> {
    const removed = new RemovedFiles(layout)
    await mkdir(removed.#marks, { recursive: true, mode: 0o700 })
    return removed
  }

  async has(id: FileId): Promise<boolean> {
    return (await unlessAbsent(stat(this.#markOf(id)))) !== undefined
  }

  async add(id: FileId): Promise<void> {
    // Before the mark, which would find no room on a full disk.
    await this.#takeAway(id)
    await writeFile(this.#markOf(id), '', { mode: 0o600 })
    await syncDirectory(this.#marks)
    // An upload that ended in between has looked for the mark too early.
    await this.#takeAway(id)
  }

  /** For an upload that has just been stored. @returns false where its file had been removed before */
  async keep(id: FileId): Promise<boolean> {
    if (!(await this.has(id))) return true
    await this.#takeAway(id)
    return false
  }

  async sweep(): Promise<void> {
    for (const id of await readdir(this.#marks)) {
      if (!Value.Check(FileIdSchema, id)) continue
      await this.#takeAway(id)
      const mark = await unlessAbsent(stat(this.#markOf(id)))
      if (mark !== undefined && Date.now() - mark.mtimeMs > REMEMBERED_MS)
        await rm(this.#markOf(id), { force: true })
    }
  }

  #markOf(id: FileId): string {
    return join(this.#marks, id)
  }

  /** Out of sight with one rename, then gone; a download under way keeps its handle and ends well. */
  async #takeAway(id: FileId): Promise<void> {
    const directory = this.#layout.directoryOf(id)
    if (!(await isPlainDirectory(directory))) return
    const grave = newTransitPath(this.#layout.transit)
    if ((await unlessAbsent(rename(directory, grave).then(() => true))) === undefined) return
    await syncDirectory(this.#layout.shardOf(id))
    await rm(grave, { recursive: true, force: true })
  }
}
