import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, open, readFile, readdir, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

import { formatDigest, type Digest, type FileId } from '@curfew/one-time-claims'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import type { Receipt, UploadLimits } from '../ports.ts'
import { openDirectoryStore, type DirectoryStore } from './directory-store.ts'

const id = 'AbCdEfGhIjKlMnOpQrStUv' as FileId
const hello = Buffer.from('Hello, file service!')
const digestOf = (bytes: Buffer): Digest => formatDigest(createHash('sha256').update(bytes).digest())
const limits: UploadLimits = { contentType: 'text/plain', minBytes: 0, maxBytes: 1_000, digests: [] }

let root: string
let store: DirectoryStore
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'curfew-files-'))
  store = await openDirectoryStore(root)
})
afterEach(async () => {
  vi.restoreAllMocks()
  await rm(root, { recursive: true })
})

async function* chunks(...parts: (Buffer | Error)[]): AsyncGenerator<Buffer> {
  for (const part of parts) {
    if (part instanceof Error) throw part
    yield part
  }
}
const put = (bytes: Buffer = hello, more: Partial<UploadLimits> = {}): Promise<Receipt> =>
  store.receive(id, chunks(bytes), { ...limits, ...more })
async function read(file: FileId): Promise<string> {
  const opened = await store.open(file)
  if (opened === undefined) throw new Error('absent')
  return text(opened.stream())
}
const everything = async (): Promise<string[]> => (await readdir(root, { recursive: true })).toSorted()
const openHandles = async (): Promise<number> => (await readdir('/dev/fd')).length
const diskFull = (): Error => Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
const demanded = (bytes: Buffer): Partial<UploadLimits> => ({
  digests: [
    { algorithm: 'sha-256', base64: createHash('sha256').update(bytes).digest('base64') },
    { algorithm: 'sha-512', base64: createHash('sha512').update(bytes).digest('base64') },
  ],
})
const placeOf = (): string => join(root, 'Ab', id)
const leave = async (name: string, ageSeconds: number): Promise<void> => {
  const path = join(root, '.transit', name)
  await mkdir(path)
  await writeFile(join(path, 'content'), 'half an upl')
  const then = Date.now() / 1000 - ageSeconds
  for (const each of [join(path, 'content'), path]) await utimes(each, then, then)
}

describe('a file', () => {
  it('is stored, described and read back', async () => {
    const file = { size: hello.length, digest: digestOf(hello), contentType: 'text/plain' }
    expect(await store.receive(id, chunks(hello.subarray(0, 7), hello.subarray(7)), limits)).toEqual({
      kind: 'stored',
      file,
    })
    expect(await store.find(id)).toEqual(file)
    expect(await read(id)).toBe(hello.toString())
    expect(await everything()).toEqual([
      '.removed',
      '.transit',
      'Ab',
      `Ab/${id}`,
      `Ab/${id}/about.json`,
      `Ab/${id}/content`,
    ])
  })

  it('may be empty', async () => {
    expect(await put(Buffer.alloc(0), { maxBytes: 0 })).toMatchObject({ kind: 'stored', file: { size: 0 } })
    expect(await read(id)).toBe('')
  })

  it('is written once: a second upload changes nothing and leaves nothing', async () => {
    await put()
    const before = await everything()
    expect(await put(Buffer.from('other'))).toEqual({ kind: 'exists' })
    expect(await read(id)).toBe(hello.toString())
    expect(await everything()).toEqual(before)
  })

  it('goes to exactly one of two uploads that race, whole', async () => {
    const texts = ['first', 'second', 'third', 'fourth'].map((word) => Buffer.from(word.repeat(50)))
    const receipts = await Promise.all(texts.map((bytes) => put(bytes)))
    expect(receipts.map(({ kind }) => kind).toSorted()).toEqual(['exists', 'exists', 'exists', 'stored'])
    const winner = texts[receipts.findIndex(({ kind }) => kind === 'stored')]
    expect(await read(id)).toBe(winner?.toString())
    expect(await store.find(id)).toMatchObject({ digest: digestOf(winner ?? hello) })
  })

  it('is gone once removed, and can be removed again', async () => {
    await put()
    await store.remove(id)
    expect(await store.find(id)).toBeUndefined()
    await store.remove(id)
    expect(await everything()).toEqual(['.removed', `.removed/${id}`, '.transit', 'Ab'])
  })

  it('that is removed while it is read is read to its end', async () => {
    await put()
    const opened = await store.open(id)
    await store.remove(id)
    expect(opened && (await text(opened.stream()))).toBe(hello.toString())
  })
})

describe('an upload that does not end well leaves nothing:', () => {
  const nothing = ['.removed', '.transit']

  it('too large', async () => {
    expect(await put(hello, { maxBytes: hello.length - 1 })).toEqual({ kind: 'too-large' })
    expect(await everything()).toEqual(nothing)
  })

  it('of another digest than promised', async () => {
    expect(await put(hello, demanded(Buffer.from('other')))).toEqual({ kind: 'digest-mismatch' })
    expect(await everything()).toEqual(nothing)
    expect(await put(hello, demanded(hello))).toMatchObject({ kind: 'stored' })
  })

  it('broken off, even by what looks like a full disk', async () => {
    expect(await store.receive(id, chunks(hello, diskFull()), limits)).toEqual({ kind: 'broken-off' })
    expect(await everything()).toEqual(nothing)
  })

  it.each(['writeFile', 'sync'] as const)('on a disk that is full at %s', async (step) => {
    await using probe = await open(join(root, '.transit'))
    const handles = Object.getPrototypeOf(probe) as { writeFile(): Promise<void>; sync(): Promise<void> }
    vi.spyOn(handles, step).mockRejectedValueOnce(diskFull())
    expect(await put()).toEqual({ kind: 'full' })
    expect(await everything()).toEqual(nothing)
    expect(await put()).toMatchObject({ kind: 'stored' })
  })

  it('on a disk that fails otherwise, which is not kept quiet', async () => {
    await using probe = await open(join(root, '.transit'))
    const handles = Object.getPrototypeOf(probe) as { sync(): Promise<void> }
    vi.spyOn(handles, 'sync').mockRejectedValueOnce(Object.assign(new Error('i/o error'), { code: 'EIO' }))
    await expect(put()).rejects.toThrow('i/o error')
    expect(await everything()).toEqual(nothing)
  })
})

describe('what is not a plain file is as good as absent:', () => {
  it('a symbolic link for the directory of directories', async () => {
    await put()
    await symlink(join(root, 'Ab'), join(root, 'zz'))
    expect(await store.find(`zz${'A'.repeat(20)}` as FileId)).toBeUndefined()
  })

  it('a symbolic link for the file', async () => {
    await put()
    const other = `Ab${'B'.repeat(20)}` as FileId
    await symlink(placeOf(), join(root, 'Ab', other))
    expect(await store.find(other)).toBeUndefined()
    await store.remove(other)
    expect(await read(id)).toBe(hello.toString())
  })

  it('a symbolic link for the content', async () => {
    await put()
    await rm(join(placeOf(), 'content'))
    await symlink('/etc/passwd', join(placeOf(), 'content'))
    expect(await store.open(id)).toBeUndefined()
  })

  it('a pipe, and nobody waits at its end', async () => {
    await put()
    await rm(join(placeOf(), 'content'))
    execFileSync('mkfifo', [join(placeOf(), 'content')])
    expect(await store.open(id)).toBeUndefined()
  })

  it('a plain file where the directory should be, which no upload replaces', async () => {
    await mkdir(join(root, 'Ab'))
    await writeFile(placeOf(), 'x')
    expect(await store.find(id)).toBeUndefined()
    expect(await put()).toEqual({ kind: 'exists' })
    expect(await readFile(placeOf(), 'utf8')).toBe('x')
  })
})

describe('damage is not served', () => {
  it.each([
    ['content of another length', 'content', 'short', 'stored file is damaged'],
    ['a description that is not JSON', 'about.json', '{', 'JSON'],
    ['a description of another shape', 'about.json', '{"size":20}', 'Parse'],
  ])('%s', async (_, name, spoiled, message) => {
    await put()
    await writeFile(join(root, 'Ab', id, name), spoiled)
    const before = await openHandles()
    await expect(store.open(id)).rejects.toThrow(message)
    expect(await openHandles()).toBe(before)
  })
})

it('holds no handle after looking, refusing and failing', async () => {
  const before = await openHandles()
  await put()
  await put()
  await put(hello, { maxBytes: 1 })
  await store.find(id)
  await (await store.open(id))?.close()
  await store.open('B'.repeat(22) as FileId)
  expect(await openHandles()).toBe(before)
})

describe('a file that has been removed', () => {
  const mark = (): string => join(root, '.removed', id)
  const stored = async (): Promise<string[]> =>
    (await everything()).filter((path) => path.endsWith('content'))

  it('does not come back with an upload that ends later, however often', async () => {
    async function* interrupted(): AsyncGenerator<Buffer> {
      yield hello
      await store.remove(id)
      yield hello
    }
    expect(await store.receive(id, interrupted(), limits)).toEqual({ kind: 'removed' })
    expect(await put()).toEqual({ kind: 'removed' })
    expect(await stored()).toEqual([])
    expect(await readdir(join(root, '.transit'))).toEqual([])
  })

  it('is not there, whichever of an upload and its removal is quicker', async () => {
    for (let round = 0; round < 20; round += 1) {
      const each = String(round).padStart(22, 'A') as FileId
      await Promise.all([store.receive(each, chunks(hello), limits), store.remove(each)])
    }
    expect(await stored()).toEqual([])
  })

  it('goes at the next sweep where the process died that had just stored it', async () => {
    await put()
    await writeFile(mark(), '')
    await (await openDirectoryStore(root)).sweep()
    expect(await stored()).toEqual([])
  })

  it('is forgotten when no upload of it can be under way any more', async () => {
    await store.remove(id)
    await store.sweep()
    expect(await store.wasRemoved(id)).toBe(true)
    const then = Date.now() / 1000 - 7_300
    await utimes(mark(), then, then)
    await writeFile(join(root, '.removed', 'of somebody else'), '')
    await store.sweep()
    expect(await readdir(join(root, '.removed'))).toEqual(['of somebody else'])
  })
})

describe('what processes that are gone left in transit', () => {
  it('is cleared at start, wherever they ran, once they have been quiet for long', async () => {
    await leave('elsewhere.1.a.b', 3_700)
    await leave('elsewhere.1.a.c', 3_500)
    await openDirectoryStore(root)
    expect(await readdir(join(root, '.transit'))).toEqual(['elsewhere.1.a.c'])
  })

  it('is cleared at once when the process is known to be gone, and never while it lives', async () => {
    const pause = Promise.withResolvers<void>()
    async function* slow(): AsyncGenerator<Buffer> {
      yield hello
      await pause.promise
    }
    const upload = store.receive(id, slow(), limits)
    const own = await vi.waitFor(async () => {
      const [name] = await readdir(join(root, '.transit'))
      expect(name).toBeDefined()
      return String(name)
    })
    const [realm, pid] = own.split('.')
    const gone = execFileSync('sh', ['-c', 'echo $$']).toString().trim()
    await leave(`${realm}.${gone}.x.y`, 0)
    await leave(`${realm}.${pid}.earlier.y`, 0)
    await leave(`${realm}.1.init.y`, 0)

    await openDirectoryStore(root)
    expect((await readdir(join(root, '.transit'))).toSorted()).toEqual([own, `${realm}.1.init.y`].toSorted())
    pause.resolve()
    expect(await upload).toMatchObject({ kind: 'stored' })
  })
})
