/**
 * ① Reads the pages and what belongs to them, once at start.
 * Promise: the name of an asset says what is in it, so that it may be kept for ever; a page that names one that is not there
 * stops the start.
 */
import { hash } from 'node:crypto'
import { readFile } from 'node:fs/promises'

import type { PageFiles } from '../ports.ts'

const DIRECTORY = new URL('../pages/', import.meta.url)
/** Each after those that it names. */
const ASSETS = [
  'curfew.svg',
  'pages.css',
  'api.js',
  'live.js',
  'time.js',
  'view.js',
  'step-up.js',
  'password.js',
  'account.js',
  'transfers.js',
  'document-list.js',
  'documents.js',
  'sign-in.js',
]
const HASH_LENGTH = 12
const TENANT_FIELD = /<!-- tenant -->[\s\S]*?<!-- \/tenant -->\n?/
const DOCUMENTS_LINK = /<!-- documents -->[\s\S]*?<!-- \/documents -->\n?/

export interface PageVariant {
  /** False where logins have a tenant without naming one. */
  readonly asksForTenant: boolean
  /** False where it is not known where the file service is, as browsers reach it. */
  readonly hasDocuments: boolean
}

export async function readPageFiles({ asksForTenant, hasDocuments }: PageVariant): Promise<PageFiles> {
  const assets = new Map<string, string>()
  const published = new Map<string, string>()
  for (const name of ASSETS) {
    const text = withPublishedNames(await read(name), published, name)
    const digest = hash('sha256', text, 'base64url').replaceAll(/[^A-Za-z0-9]/g, '')
    const dot = name.lastIndexOf('.')
    published.set(name, `${name.slice(0, dot)}-${digest.slice(0, HASH_LENGTH)}${name.slice(dot)}`)
    assets.set(published.get(name) ?? name, text)
  }
  const page = async (name: string): Promise<string> => withPublishedNames(await read(name), published, name)
  const signIn = await page('login.html')
  const account = await page('account.html')
  return {
    account: hasDocuments ? account : account.replace(DOCUMENTS_LINK, ''),
    documents: await page('documents.html'),
    notFound: await page('not-found.html'),
    signIn: asksForTenant ? signIn : signIn.replace(TENANT_FIELD, ''),
    assets,
  }
}

async function read(name: string): Promise<string> {
  return readFile(new URL(name, DIRECTORY), 'utf8')
}

/** Assets name each other as `./name`, pages as `/assets/name`. */
function withPublishedNames(text: string, published: ReadonlyMap<string, string>, where: string): string {
  return text.replaceAll(/(["'](?:\.|\/assets)\/)([a-z-]+\.[a-z]+)(["'#])/g, (_, before, name, after) => {
    const found = published.get(String(name))
    if (found === undefined) throw new Error(`${where} names ${String(name)}, which is not there before it`)
    return `${String(before)}${found}${String(after)}`
  })
}
