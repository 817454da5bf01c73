import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'

import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

import { FileContent } from './file-content.ts'

const SIZE = 12 * 1024 * 1024 + 77
const content = randomBytes(SIZE)

let directory: string
let path: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'curfew-content-'))
  path = join(directory, 'content')
  await writeFile(path, content)
})
afterAll(() => rm(directory, { recursive: true }))

const openPart = async (from: number, until: number): Promise<FileContent> =>
  new FileContent(await open(path), { from, until })
const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

/** Served over a real line, several at once, to readers that pause wherever they like. */
async function receivedOver(
  parts: readonly { from: number; until: number }[],
  pause: number,
): Promise<string[]> {
  const server = createServer((request, response) => {
    const { from, until } = parts[Number(request.url?.slice(1))] ?? { from: 0, until: 0 }
    response.writeHead(200, { 'content-length': until - from, connection: 'close' })
    void openPart(from, until).then((stream) => stream.pipe(response))
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  try {
    return await Promise.all(parts.map((_, index) => receive(port, index, pause)))
  } finally {
    server.close()
  }
}

async function receive(port: number, index: number, pause: number): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.write(`GET /${index} HTTP/1.1\r\nhost: x\r\n\r\n`)
  const chunks: Buffer[] = []
  for await (const chunk of socket) {
    chunks.push(chunk as Buffer)
    for (let turns = 0; turns < (chunks.length * 7) % (pause + 1); turns += 1) await turn()
  }
  const all = Buffer.concat(chunks)
  return sha256(all.subarray(all.indexOf('\r\n\r\n') + 4))
}

describe('a part of a file', () => {
  it('is exactly its bytes, whatever it begins and ends with', async () => {
    const edges = fc.oneof(
      fc.nat(SIZE),
      fc.constantFrom(0, 1, 131_071, 131_072, 131_073, 262_144, SIZE - 1, SIZE),
    )
    await fc.assert(
      fc.asyncProperty(edges, edges, async (one, other) => {
        const [from, until] = [Math.min(one, other), Math.max(one, other)]
        const chunks: Buffer[] = []
        // Who keeps chunks has to copy them.
        for await (const chunk of await openPart(from, until)) chunks.push(Buffer.from(chunk as Buffer))
        expect(sha256(Buffer.concat(chunks))).toBe(sha256(content.subarray(from, until)))
      }),
      { numRuns: 60 },
    )
  })

  it.each([0, 3, 40])(
    'arrives unharmed at fast and slow readers at once (pauses up to %i turns)',
    async (pause) => {
      const parts = Array.from({ length: 8 }, (_, n) => ({ from: n * 100_003, until: SIZE - n * 70_001 }))
      const expected = parts.map(({ from, until }) => sha256(content.subarray(from, until)))
      expect(await receivedOver(parts, pause)).toEqual(expected)
    },
  )

  it('is read no further than one small buffer ahead of a reader that takes nothing', async () => {
    await using handle = await open(path)
    const stream = new FileContent(handle, { from: 0, until: SIZE })
    stream.pipe(new Writable({ write: () => undefined }))
    await vi.waitFor(() => expect(stream.bytesRead).toBeGreaterThan(0))
    // Long enough for a second reading, which is over in microseconds.
    await handle.sync()
    await turn()
    expect(stream.bytesRead).toBeLessThanOrEqual(128 * 1024)
    stream.destroy()
  })

  it('has an end, also where nothing is in it', async () => {
    const chunks: unknown[] = []
    for await (const chunk of await openPart(5, 5)) chunks.push(chunk)
    expect(chunks).toEqual([])
  })

  it('closes its handle when it ends, and when it is given up', async () => {
    const handles = await Promise.all([open(path), open(path)])
    const [whole, begun] = handles.map((handle) => new FileContent(handle, { from: 0, until: SIZE }))
    for await (const _ of whole ?? []) void _
    for await (const _ of begun ?? []) break
    await vi.waitFor(() => expect(handles.map(({ fd }) => fd)).toEqual([-1, -1]))
  })

  it('of a file that has shrunk fails, and never waits', async () => {
    const short = join(directory, 'short')
    await writeFile(short, 'short')
    const stream = new FileContent(await open(short), { from: 0, until: 10 })
    await expect(stream.toArray()).rejects.toThrow('damaged')
  })
})
