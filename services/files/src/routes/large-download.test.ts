import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { get, type IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'

import { expect, it, vi } from 'vitest'

import { file, putInto, refusalOf, setStage, type Stage } from '../../test/stage.ts'

const SIZE = 64 * 1024 * 1024

const openHandles = async (): Promise<number> => (await readdir('/dev/fd')).length

/** A caller that takes nothing yet. */
async function begin(
  stage: Stage,
  claim = stage.desk.claim({ op: 'download', file }),
): Promise<IncomingMessage> {
  const response = await new Promise<IncomingMessage>((resolve) => {
    const headers = { authorization: `Bearer ${claim}` }
    get(`${stage.url}/files/${file}`, { agent: false, headers }, resolve).on('error', () => undefined)
  })
  return response.on('error', () => undefined)
}

/** Bytes read from the disk, once nothing more is read. */
function settled(count: () => number): Promise<number> {
  let last = -1
  return vi.waitFor(
    () => {
      const [earlier, now] = [last, count()]
      last = now
      expect(now).toBeGreaterThan(0)
      expect(now).toBe(earlier)
      return now
    },
    { timeout: 5_000, interval: 100 },
  )
}

function watchStream(stage: Stage): () => number {
  const open = stage.store.open.bind(stage.store)
  let stream: (Readable & { bytesRead?: number }) | undefined
  vi.spyOn(stage.store, 'open').mockImplementation(async (id) => {
    const opened = await open(id)
    return opened && { ...opened, stream: () => (stream = opened.stream()) }
  })
  return () => stream?.bytesRead ?? 0
}

it('is read from the disk no faster than it is taken, and let go of when its reader leaves', async () => {
  await using stage = await setStage()
  await putInto(stage.store, Buffer.alloc(SIZE))
  const before = await openHandles()
  const bytesRead = watchStream(stage)
  const response = await begin(stage)
  expect(response.headers['content-length']).toBe(String(SIZE))
  // Nobody takes the body: what the sockets hold fills up, and then the file is not read on.
  expect(await settled(bytesRead)).toBeLessThan(SIZE / 2)
  expect(await openHandles()).toBeGreaterThan(before)

  response.destroy()
  await vi.waitFor(async () => expect(await openHandles()).toBe(before))
})

it('is let go of when its reader leaves while the authority is still asked', async () => {
  await using stage = await setStage()
  await putInto(stage.store, Buffer.alloc(SIZE))
  const before = await openHandles()
  const authority = Promise.withResolvers<'redeemed'>()
  stage.desk.answer = () => authority.promise
  const leaving = new AbortController()
  const response = stage
    .request('GET', stage.desk.claim({ op: 'download', file }), { signal: leaving.signal })
    .catch((error: unknown) => error)
  await vi.waitFor(() => expect(stage.desk.asked).toHaveLength(1))
  leaving.abort()
  await response
  authority.resolve('redeemed')
  await vi.waitFor(async () => expect(await openHandles()).toBeLessThanOrEqual(before))
})

it('that takes nothing for long is cut, and the authority is told how far it came', async () => {
  await using stage = await setStage({ pace: { stallMs: 1_000, minBytesPerSecond: 4_096 } })
  await putInto(stage.store, Buffer.alloc(SIZE))
  const [idle, slow] = [await begin(stage), await begin(stage)]
  const broken = once(idle, 'error')
  let taken = 0
  for await (const chunk of slow) {
    taken += (chunk as Buffer).length
    // For four seconds and more, as a reader that is only slow.
    if (taken % (1024 * 1024) < (chunk as Buffer).length) await wait(60)
  }
  expect(taken).toBe(SIZE)
  idle.resume()
  expect(String(await broken)).toMatch(/aborted|ECONNRESET/)
  const [idleDelivery] = stage.desk.deliveries
  const end = stage.desk.released.find(({ delivery }) => delivery === idleDelivery?.id)
  expect(end).toMatchObject({ end: 'broken' })
  expect(end?.reached).toBeGreaterThan(0)
  expect(end?.reached).toBeLessThan(SIZE / 2)
  expect(stage.log.join('')).toContain('"reason":"stalled"')
})

it('that is taken too slowly, though never stalled, is cut, and goes on under the same claim', async () => {
  // A caller that is slow by this measure still moves enough for the buffers on its way to let it be seen.
  await using stage = await setStage({ pace: { stallMs: 1_000, minBytesPerSecond: SIZE } })
  await putInto(stage.store, Buffer.alloc(SIZE))
  const claim = stage.desk.claim({ op: 'download', file })
  const slow = await begin(stage, claim)
  let taken = 0
  const takeSlowly = async (): Promise<void> => {
    for await (const chunk of slow) {
      taken += (chunk as Buffer).length
      if (taken % (1024 * 1024) < (chunk as Buffer).length) await wait(150)
    }
  }
  await expect(takeSlowly()).rejects.toThrow(/aborted|ECONNRESET/)
  expect(stage.log.join('')).toContain('"reason":"slow"')
  expect(stage.log.join('')).not.toContain('"reason":"stalled"')
  await vi.waitFor(() => expect(stage.desk.released).toHaveLength(1))
  expect(stage.desk.released).toMatchObject([{ end: 'broken' }])
  expect(stage.desk.released[0]?.reached).toBeGreaterThanOrEqual(taken)

  const etag = String(slow.headers.etag)
  const rest = await stage.request('GET', claim, { headers: { range: `bytes=${taken}-`, 'if-range': etag } })
  expect(rest.status).toBe(206)
  expect((await rest.arrayBuffer()).byteLength).toBe(SIZE - taken)
})

it('is not held on to when its claim is refused', async () => {
  await using stage = await setStage()
  await putInto(stage.store, 'x')
  const refusal = async (changes: object): Promise<string> =>
    refusalOf(await stage.request('GET', stage.desk.claim({ op: 'download', file, ...changes })))
  const before = await openHandles()
  stage.desk.answer = () => 'spent'
  for (let round = 0; round < 20; round += 1) {
    expect(await refusal({})).toBe('409 claim-spent')
    expect(await refusal({ etag: '"other"' })).toBe('403 claim-mismatch')
  }
  // A connection or two may be kept alive.
  expect(await openHandles()).toBeLessThan(before + 10)
})
