/** ①–⑦ The whole system as processes, files in it, and nginx that serves the same files from the same places. */
import { mkdir, open, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { createDevelopmentIdentities, freePort, startServices, type Services } from '@curfew/local-system'

import { startFileNginx } from './file-nginx.ts'
import { startBenchServers } from './servers.ts'

export interface StoredFile {
  readonly document: string
  /** On disk. */
  readonly path: string
}

export interface Download {
  readonly url: string
  readonly headers: readonly string[]
}

export interface FileStage extends AsyncDisposable {
  /** Uploads so many bytes. */
  store(bytes: number): Promise<StoredFile>
  /** Puts a file with a hole of so many bytes where an upload would have put it. */
  storeSparse(bytes: number): Promise<StoredFile>
  /** Good for one download. */
  claimFor(file: StoredFile): Promise<Download>
  /** Undefined on a machine without nginx. */
  readonly atNginx: ((file: StoredFile, how?: 'copying') => Download) | undefined
  /** Of the file service's process: now, and the most it ever was since this was asked last. */
  memory(): Promise<{ readonly mib: number; readonly peakMib: number }>
}

interface Transfer {
  readonly url: string
  readonly claim: string
}

export async function startFileStage(): Promise<FileStage> {
  await using stack = new AsyncDisposableStack()
  const servers = stack.use(await startBenchServers())
  const { directory } = servers
  const { accounts } = await createDevelopmentIdentities(directory)
  const services = await startServices({ servers, directory })
  stack.defer(() => services.stop())
  const root = join(directory, 'files')
  const ports = { sendfile: await freePort(), copying: await freePort() }
  const nginx = await startFileNginx({ directory, root, ports })
  if (nginx !== undefined) stack.use(nginx)

  const call = await signIn(services, accounts[0])
  const create = async (): Promise<{ file: StoredFile; upload: Transfer }> => {
    const { document, upload } = await call<{ document: { id: string }; upload: Transfer }>('', {
      name: 'bench.bin',
      content_type: 'application/octet-stream',
    })
    const id = new URL(upload.url).pathname.split('/').at(-1) ?? ''
    return { file: { document: document.id, path: join(root, id.slice(0, 2), id, 'content') }, upload }
  }
  const owned = stack.move()
  return {
    store: async (bytes) => {
      const { file, upload } = await create()
      const response = await fetch(upload.url, {
        method: 'PUT',
        headers: { authorization: `Bearer ${upload.claim}` },
        body: ReadableStream.from(chunksOf(bytes)),
        duplex: 'half',
      })
      if (response.status !== 201) throw new Error(`the upload was answered with ${response.status}`)
      return file
    },
    storeSparse: async (bytes) => {
      const { file } = await create()
      await putSparse(file.path, bytes)
      return file
    },
    claimFor: async ({ document }) => {
      const { url, claim } = await call<Transfer>(`/${document}/download`)
      return { url, headers: [`authorization: Bearer ${claim}`] }
    },
    atNginx:
      nginx &&
      (({ path }, how) => {
        const port = how === 'copying' ? ports.copying : ports.sendfile
        return { url: `http://127.0.0.1:${port}${path.slice(root.length)}`, headers: [] }
      }),
    memory: () => memoryOf(services.files.pid ?? 0),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

type Call = <Body>(path: string, json?: object) => Promise<Body>

async function signIn(
  services: Services,
  account: { tenant: string; username: string; password: string } | undefined,
): Promise<Call> {
  const post = async (path: string, json: object, headers: Record<string, string> = {}): Promise<unknown> => {
    const response = await fetch(services.gateway.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(json),
    })
    if (!response.ok)
      throw new Error(`POST ${path} was answered with ${response.status}: ${await response.text()}`)
    return response.json()
  }
  const { tenant, username, password } = account ?? { tenant: '', username: '', password: '' }
  const { token } = (await post('/login', { tenant, username, password, client: 'api' })) as { token: string }
  return async <Body>(path: string, json: object = {}) =>
    (await post(`/api/documents${path}`, json, { authorization: `Bearer ${token}` })) as Body
}

const CHUNK_BYTES = 1024 * 1024

function* chunksOf(bytes: number): Generator<Uint8Array> {
  const chunk = Buffer.alloc(CHUNK_BYTES, 'curfew ')
  for (let left = bytes; left > 0; left -= CHUNK_BYTES) yield chunk.subarray(0, Math.min(left, CHUNK_BYTES))
}

async function putSparse(path: string, bytes: number): Promise<void> {
  await mkdir(join(path, '..'), { recursive: true })
  const about = {
    size: bytes,
    digest: `sha-256=:${'A'.repeat(43)}=:`,
    content_type: 'application/octet-stream',
  }
  await writeFile(join(path, '..', 'about.json'), JSON.stringify(about))
  const file = await open(path, 'w')
  await file.truncate(bytes)
  await file.close()
}

async function memoryOf(pid: number): Promise<{ mib: number; peakMib: number }> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  const mibOf = (name: string): number =>
    Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / 1024
  const memory = { mib: mibOf('VmRSS'), peakMib: mibOf('VmHWM') }
  // Begins the peak anew.
  await writeFile(`/proc/${pid}/clear_refs`, '5')
  return memory
}
