import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setImmediate } from 'node:timers/promises'

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { file, setStage, type Stage } from '../../test/stage.ts'

/** As long as the server waits for a body that it reads as a whole, or for the rest of one that nobody reads. */
const LONG_MS = 20_001

let stage: Stage
beforeEach(async () => {
  stage = await setStage()
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
})
afterEach(async () => {
  vi.useRealTimers()
  await stage[Symbol.asyncDispose]()
})

const chunked = ['transfer-encoding: chunked']
const tenBytes = ['content-length: 10']

/** Begins a request on a connection that it leaves open, whatever the answer is. */
function begin(method: string, headers: readonly string[], body: string): Socket {
  const socket = connect(Number(new URL(stage.url).port), '127.0.0.1')
  socket.on('error', () => undefined)
  socket.write([`${method} /files/${file} HTTP/1.1`, 'host: x', ...headers, '', body].join('\r\n'))
  return socket
}
const put = (claim: string, framing: readonly string[], body: string): Socket =>
  begin('PUT', [`authorization: Bearer ${claim}`, ...framing], body)

/** While this time passes on the server, does the connection stay open? */
async function isOpenAfter(socket: Socket, passing: () => void): Promise<boolean> {
  let isOpen = true
  socket.once('close', () => {
    isOpen = false
  })
  passing()
  // Room for a closed connection to be seen here; an open one is answered behind it.
  for (let n = 0; n < 3; n += 1) await stage.request('HEAD')
  return isOpen
}
const long = (): void => void vi.advanceTimersByTime(LONG_MS)
const short = (): void => void vi.advanceTimersByTime(LONG_MS / 10)

async function statusOf(socket: Socket): Promise<string> {
  const [bytes] = (await once(socket, 'data')) as [Buffer]
  return bytes.toString().slice(9, 12)
}

describe('a body', () => {
  it('that nobody wants any more is not waited for, but its sender has had its answer', async () => {
    const socket = put(stage.desk.bad('expired'), tenBytes, 'half ')
    expect(await statusOf(socket)).toBe('401')
    expect(await isOpenAfter(socket, short)).toBe(true)
    expect(await isOpenAfter(socket, long)).toBe(false)
  })

  it('that turned out too long is not waited for any more either', async () => {
    const claim = stage.desk.claim({ op: 'upload', file, max_bytes: 4 })
    const socket = put(claim, chunked, '5\r\nlong!\r\n')
    expect(await statusOf(socket)).toBe('413')
    expect(await isOpenAfter(socket, long)).toBe(false)
  })

  it('that is the claim itself is not waited for', async () => {
    const socket = begin('POST', ['content-type: application/x-www-form-urlencoded', ...tenBytes], 'claim')
    await once(socket, 'connect')
    expect(await isOpenAfter(socket, () => undefined)).toBe(true)
    long()
    expect(await statusOf(socket)).toBe('408')
    expect(await isOpenAfter(socket, long)).toBe(false)
  })

  it('of an admitted upload may take its time', async () => {
    const socket = put(stage.desk.claim({ op: 'upload', file }), tenBytes, 'half ')
    while (!(await stage.everything()).some((path) => path.endsWith('content'))) await setImmediate()
    expect(await isOpenAfter(socket, long)).toBe(true)
    socket.write('whole')
    expect(await statusOf(socket)).toBe('201')
    expect(await stage.store.find(file)).toMatchObject({ size: 10 })
    socket.destroy()
  })
})
