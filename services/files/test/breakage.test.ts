/**
 * ⑦ Replicas that are killed at any time, and a disk that is full: nothing is lost, nothing served twice, nothing left behind.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { get, request, type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { startTestSystem, type BearerClient, type TestSystem } from '@curfew/test-kit'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

import { askForDownload, askForUpload, outcomeOf, send, type Transfer } from './transfers.ts'

const MIB = 1024 * 1024
const DISK_MIB = 48
const SIZE = 32 * MIB
const CONTENT = Buffer.alloc(SIZE, 'all of it, once ')

let root: string
let isDiskSmall = false
let system: TestSystem
let alice: BearerClient
let document: string
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'curfew-disk-'))
  isDiskSmall = mounts(root)
  system = await startTestSystem({ replicas: { files: 3 }, env: { files: { FILES_ROOT: root } } })
  alice = await system.login('alice')
  document = await store(CONTENT)
})
afterAll(async () => {
  await system[Symbol.asyncDispose]()
  if (isDiskSmall) execFileSync('umount', [root])
  rmSync(root, { recursive: true, force: true })
})

/** A disk of its own, where this process may have one. */
function mounts(directory: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MIB}m`, 'tmpfs', directory], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

const replica = (n: number) => {
  const { files } = system.services.replicas
  const process = files[n % files.length]
  if (process === undefined) throw new Error('there are three')
  return process
}

async function store(content: Buffer<ArrayBuffer>, at?: string): Promise<string> {
  const upload = await askForUpload(alice)
  expect(await outcomeOf(await send('PUT', upload, { body: content, at }))).toBe('201')
  return upload.document
}

/** A delivery that has begun and is not being taken any further. */
async function begin({ url, claim }: Transfer, at: string): Promise<IncomingMessage> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const headers = { authorization: `Bearer ${claim}` }
    get(at + new URL(url).pathname, { agent: false, headers }, resolve).on('error', reject)
  })
  response.on('error', () => undefined)
  expect(response.statusCode).toBe(200)
  await new Promise((resolve) => void response.once('readable', resolve))
  return response
}

describe('a replica that is killed in the middle of a download', () => {
  it.each([0, 1, 2])(
    'has served its claim for good, and loses nothing of the file (replica %i)',
    async (n) => {
      const transfer = await askForDownload(alice, document)
      const killed = replica(n)
      const response = await begin(transfer, killed.url)
      await killed.kill('SIGKILL')
      response.destroy()

      for (const other of [n + 1, n + 2])
        expect(await outcomeOf(await send('GET', transfer, { at: replica(other).url }))).toBe(
          '409 claim-spent',
        )
      const again = await send('GET', await askForDownload(alice, document), { at: replica(n + 1).url })
      expect(Buffer.compare(Buffer.from(await again.arrayBuffer()), CONTENT)).toBe(0)
      await killed.restart()
      expect(await outcomeOf(await send('GET', transfer, { at: killed.url }))).toBe('409 claim-spent')
    },
  )
})

describe('a replica that is killed in the middle of an upload', () => {
  it('leaves no part of it: another claim stores the whole at another replica', async () => {
    const upload = await askForUpload(alice)
    const headers = {
      authorization: `Bearer ${upload.claim}`,
      'content-type': 'text/plain',
      'content-length': '10',
    }
    const sending = request(replica(0).url + new URL(upload.url).pathname, {
      method: 'PUT',
      agent: false,
      headers,
    })
    sending.on('error', () => undefined)
    sending.write('half ')
    await vi.waitFor(async () => expect(await readdir(join(root, '.transit'))).toHaveLength(1))
    await replica(0).kill('SIGKILL')

    expect((await alice.post(`/api/documents/${upload.document}/download`)).status).not.toBe(200)
    await replica(0).restart()
    const response = await alice.post(`/api/documents/${upload.document}/upload`)
    const another = (await response.json()) as Transfer
    expect(await outcomeOf(await send('PUT', another, { body: 'whole', at: replica(1).url }))).toBe('201')
    const whole = await send('GET', await askForDownload(alice, upload.document), { at: replica(2).url })
    expect(await whole.text()).toBe('whole')
    expect(await readdir(join(root, '.transit'))).toEqual([])
  })
})

describe('a disk that is full', () => {
  it('is said to be, keeps nothing of what did not fit, and takes what does', async ({ skip }) => {
    skip(!isDiskSmall, 'a disk of its own cannot be had here')
    const before = (await readdir(root, { recursive: true })).length
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const upload = await askForUpload(alice)
      const outcome = await outcomeOf(await send('PUT', upload, { body: CONTENT, at: replica(attempt).url }))
      expect(outcome).toBe('507 storage-full')
      expect((await alice.post(`/api/documents/${upload.document}/download`)).status).toBe(409)
    }
    await vi.waitFor(async () => expect((await readdir(root, { recursive: true })).length).toBe(before))
    const small = await store(Buffer.alloc(MIB, 'x'))
    expect((await (await send('GET', await askForDownload(alice, small))).arrayBuffer()).byteLength).toBe(MIB)
  })
})
