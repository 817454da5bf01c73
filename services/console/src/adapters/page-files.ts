/**
 * Reads the built page, once at start.
 * Promise: what is served is what was there at the start, whole; a page that has not been built stops the start.
 */
import { readFile, readdir } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'

import type { PageFile, PageFiles } from '../ports.ts'

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
}
/** Below this the headers weigh as much as what is saved. */
const WORTH_ZIPPING_BYTES = 1_024

/** @throws Error that says how the page is built */
export async function readPageFiles(directory: string): Promise<PageFiles> {
  const page = await readPageFile(join(directory, 'index.html')).catch((cause: unknown) => {
    throw new Error(`there is no page in ${directory}: node services/console/page/build.ts makes it`, {
      cause,
    })
  })
  const assets = new Map<string, PageFile>()
  for (const name of await readdir(join(directory, 'assets')))
    assets.set(name, await readPageFile(join(directory, 'assets', name)))
  return { page, assets }
}

async function readPageFile(path: string): Promise<PageFile> {
  const type = TYPES[extname(path)]
  if (type === undefined) throw new Error(`nothing is known about files like ${path}`)
  const content = await readFile(path)
  const gzipped =
    content.length >= WORTH_ZIPPING_BYTES ? await promisify(gzip)(content, { level: 9 }) : undefined
  return { content, gzipped, type }
}
