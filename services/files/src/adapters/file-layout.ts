/**
 * ⑦ Where things lie: `<root>/<2 characters>/<file id>/{content,about.json}`, and `<root>/.transit/` for what is not yet
 * a file, or no longer one.
 * Promise: a file is a directory, so that one rename shows bytes and description together, or neither.
 */
import { join } from 'node:path'

import { DigestSchema, MediaTypeSchema, type FileId } from '@curfew/one-time-claims'
import { Type } from 'typebox'
import { Compile } from 'typebox/compile'

import type { StoredFile } from '../ports.ts'

export const CONTENT = 'content'
export const ABOUT = 'about.json'

export interface Layout {
  readonly root: string
  readonly transit: string
  /** The directory of directories that a file lies in. */
  shardOf(id: FileId): string
  directoryOf(id: FileId): string
}

export function layoutIn(root: string): Layout {
  const shardOf = (id: FileId): string => join(root, id.slice(0, 2))
  return { root, transit: join(root, '.transit'), shardOf, directoryOf: (id) => join(shardOf(id), id) }
}

const about = Compile(
  Type.Object(
    { size: Type.Integer({ minimum: 0 }), digest: DigestSchema, content_type: MediaTypeSchema },
    { additionalProperties: false },
  ),
)

export function writeAbout({ size, digest, contentType }: StoredFile): string {
  return JSON.stringify({ size, digest, content_type: contentType })
}

/** @throws when it is not what writeAbout wrote: the storage is damaged. */
export function readAbout(json: string): StoredFile {
  const { size, digest, content_type: contentType } = about.Parse(JSON.parse(json))
  return { size, digest, contentType }
}
