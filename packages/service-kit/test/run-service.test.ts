import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

import { createTemporaryDirectory } from '@curfew/test-kit'
import { describe, expect, it, vi } from 'vitest'

import { exchange, request } from './raw-http.ts'

const PROGRAM = fileURLToPath(new URL('service-process.ts', import.meta.url))

interface ServiceProcess extends AsyncDisposable {
  readonly child: ChildProcess
  readonly ended: Promise<{ code: number | null; errors: string; lines: Record<string, unknown>[] }>
  /** Resolves with the first line of this event. */
  readonly line: (event: string) => Promise<Record<string, unknown>>
}

function start(...args: string[]): ServiceProcess {
  const child = spawn(process.execPath, [PROGRAM, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  const lines: Record<string, unknown>[] = []
  const waiting = new Map<string, PromiseWithResolvers<Record<string, unknown>>>()
  let rest = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    const parts = (rest + chunk).split('\n')
    rest = parts.pop() ?? ''
    for (const part of parts) {
      const line = JSON.parse(part) as Record<string, unknown>
      lines.push(line)
      waiting.get(String(line['event']))?.resolve(line)
    }
  })
  const errors = text(child.stderr)
  const ended = once(child, 'close').then(async ([code]) => ({
    code: code as number | null,
    errors: await errors,
    lines,
  }))
  return {
    child,
    ended,
    line: (event) => {
      const found = lines.find((line) => line['event'] === event)
      if (found) return Promise.resolve(found)
      const waiter = waiting.get(event) ?? Promise.withResolvers<Record<string, unknown>>()
      waiting.set(event, waiter)
      return waiter.promise
    },
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL')
      await ended
    },
  }
}

const eventsIn = (lines: Record<string, unknown>[]): unknown[] => lines.map(({ event }) => event)

describe('a service that is told to stop', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    'by %s finishes what is under way and ends with code 0',
    async (signal) => {
      await using service = start('serve')
      const { port } = await service.line('test.listening')
      await service.line('service.started')
      const answer = exchange(Number(port), request('/held'))
      await service.line('test.arrived')
      service.child.kill(signal)
      const { status, body } = await answer
      expect([status, body]).toEqual([200, '{"finished":true}'])
      const { code, errors, lines } = await service.ended
      expect([code, errors]).toEqual([0, ''])
      expect(lines).toContainEqual(expect.objectContaining({ event: 'service.stopping', signal }))
      expect(eventsIn(lines).at(-1)).toBe('service.stopped')
    },
  )

  it('says so at /readyz first, and takes requests on new connections until its delay is over', async () => {
    await using service = start('serve', 'delay=2000')
    const { port, operationsPort } = await service.line('test.listening')
    await service.line('service.started')
    const stoppedAt = performance.now()
    service.child.kill('SIGTERM')
    await service.line('service.stopping')
    const ready = await exchange(Number(operationsPort), request('/readyz'))
    expect([ready.status, ready.body]).toEqual([503, expect.stringContaining('stopping')])
    const kept = { headers: { connection: 'keep-alive' } }
    const hello = await exchange(Number(port), request('/hello', kept))
    expect([hello.status, hello.headers['connection']]).toEqual([200, 'close'])
    expect((await service.ended).code).toBe(0)
    expect(performance.now() - stoppedAt).toBeGreaterThanOrEqual(2_000)
  })

  it('and told again during its delay ends at once with code 1', async () => {
    await using service = start('serve', 'delay=60000')
    await service.line('service.started')
    service.child.kill('SIGTERM')
    await service.line('service.stopping')
    service.child.kill('SIGTERM')
    expect((await service.ended).code).toBe(1)
  })

  it('while it is still starting ends with code 0', async () => {
    await using service = start('hang-start')
    await service.line('test.starting')
    service.child.kill('SIGTERM')
    expect(await service.ended).toMatchObject({ code: 0, errors: '' })
  })

  it('and cannot close says so and ends with code 1', async () => {
    await using service = start('fail-close')
    await service.line('service.started')
    service.child.kill('SIGTERM')
    const { code, lines } = await service.ended
    expect(code).toBe(1)
    expect(lines.at(-1)).toMatchObject({
      level: 'fatal',
      event: 'service.stop.failed',
      err: { message: 'cannot close' },
    })
  })

  it('and does not finish ends with code 1 after ten seconds', async () => {
    await using service = start('hang-close')
    await service.line('service.started')
    service.child.kill('SIGTERM')
    const { code, lines } = await service.ended
    expect(code).toBe(1)
    expect(lines.at(-1)).toMatchObject({ level: 'fatal', event: 'service.stop.timeout', timeoutMs: 10_000 })
  })

  it('and told again ends at once with code 1', async () => {
    await using service = start('hang-close')
    await service.line('service.started')
    service.child.kill('SIGTERM')
    await service.line('service.stopping')
    service.child.kill('SIGTERM')
    const { code, lines } = await service.ended
    expect(code).toBe(1)
    expect(eventsIn(lines).at(-1)).toBe('service.stop.forced')
  })
})

describe('a service that cannot start', () => {
  it('for its configuration names every fault on a line of its own, and no value, and ends with code 1', async () => {
    await using service = start(
      'fail-config',
      'TEST_PORT=hunter2',
      'TEST_SECRET=hunter2',
      'TEST_PROT=hunter2',
    )
    const { code, errors, lines } = await service.ended
    expect(code).toBe(1)
    expect(errors).toBe(
      [
        'test cannot start:',
        '  TEST_PROT is not a setting of this service',
        '  TEST_PORT must be integer (Port to listen on)',
        '  TEST_SECRET must not have fewer than 12 characters (Something secret)',
        '',
      ].join('\n'),
    )
    expect(lines).toEqual([])
  })

  it('for another reason says it in the log and ends with code 1', async () => {
    await using service = start('fail-start')
    const { code, errors, lines } = await service.ended
    expect([code, errors]).toEqual([1, ''])
    expect(lines).toMatchObject([
      {
        level: 'fatal',
        event: 'service.start.failed',
        err: { message: 'no server at nats://[redacted]@127.0.0.1:4222' },
      },
    ])
  })
})

describe('a service whose log cannot be written', () => {
  it.each(['to a full disk', 'because its reader is gone'])(
    '%s goes on, counts the lines that it lost, and stops in order',
    async (why) => {
      const full = why === 'to a full disk' ? openSync('/dev/full', 'w') : undefined
      await using service = startMute(full ?? 'pipe')
      if (full !== undefined) closeSync(full)
      service.child.stdout?.destroy()
      const { port, operationsPort } = await service.ports
      const statuses: number[] = []
      for (const path of ['/chatter', '/chatter', '/hello'])
        statuses.push((await exchange(port, request(path))).status)
      expect(statuses).toEqual([200, 200, 200])
      const lost = await lostLinesOf(operationsPort)
      // A mebibyte of them may wait.
      expect(lost).toBeGreaterThan(2_000)
      expect(lost).toBeLessThan(4_100)
      service.child.kill('SIGTERM')
      expect(await service.code).toBe(0)
    },
  )

  it('says so once it is written again, and no line was cut', async () => {
    const directory = await createTemporaryDirectory()
    const path = join(directory.path, 'log')
    const file = openSync(path, 'a')
    // Of a shell, in units of 512 bytes: writing beyond it fails, as on a full disk, and works again once there is room.
    const [units, limit] = [1_600, 1_600 * 512]
    await using service = startMute(file, `ulimit -f ${units}`)
    closeSync(file)
    const { port, operationsPort } = await service.ports
    for (let nth = 0; nth < 2; nth += 1) await exchange(port, request('/chatter'))
    const lost = await lostLinesOf(operationsPort)
    expect(lost).toBeGreaterThan(0)
    let written = ''
    await vi.waitUntil(
      () => {
        const found = readFileSync(path, 'utf8')
        if (found.includes('"log.resumed"')) return (written += found)
        if (found.length === limit) {
          written += found
          truncateSync(path)
        }
        return false
      },
      { timeout: 30_000, interval: 50 },
    )
    const lines = written.trimEnd().split('\n')
    const events = lines.map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(events.at(-1)).toMatchObject({ level: 'warn', event: 'log.resumed', code: 'EFBIG', lost })
    expect(events.length + lost).toBeGreaterThan(4_000)
    await directory.remove()
  })
})

interface Ports {
  readonly port: number
  readonly operationsPort: number
}

interface MuteProcess extends AsyncDisposable {
  readonly child: ChildProcess
  readonly ports: Promise<Ports>
  readonly code: Promise<number | null>
}

/** A service that says where it listens by another way than its log. */
function startMute(log: number | 'pipe', limit = ':'): MuteProcess {
  const command = [`${limit}; exec "$0" "$@"`, process.execPath, PROGRAM, 'serve']
  const child = spawn('sh', ['-c', ...command], { stdio: ['ignore', log, 'inherit', 'ipc'] })
  const code = once(child, 'exit').then(([ended]) => ended as number | null)
  const ports = once(child, 'message').then(([message]) => message as Ports)
  const isOver = code.then((ended): never => {
    throw new Error(`it ended with code ${ended}`)
  })
  isOver.catch(() => undefined)
  return {
    child,
    code,
    ports: Promise.race([ports, isOver]),
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL')
      await code
    },
  }
}

async function lostLinesOf(operationsPort: number): Promise<number> {
  const { body } = await exchange(operationsPort, request('/metrics'))
  return Number(/^curfew_log_lines_lost_total\{[^}]*\} (\d+)$/m.exec(body)?.[1])
}

it('an error that nobody caught ends a service with code 1, after it has closed', async () => {
  await using service = start('reject')
  const { code, lines } = await service.ended
  expect(code).toBe(1)
  expect(lines).toContainEqual(
    expect.objectContaining({
      level: 'fatal',
      event: 'service.failed',
      err: expect.objectContaining({ message: 'nobody caught this' }),
    }),
  )
})
