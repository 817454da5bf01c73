import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { isStillRunning, pidStart } from './pid-start.ts'
import { takeDirectory } from './run-record.ts'

let directory: string
const sleepers: ChildProcess[] = []
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'curfew-run-record-'))
})
afterEach(() => {
  for (const child of sleepers.splice(0)) child.kill('SIGKILL')
  rmSync(directory, { recursive: true, force: true })
})

async function sleeper(): Promise<{ pid: number; exited: Promise<unknown> }> {
  const child = spawn('sleep', ['60'], { stdio: 'ignore' })
  sleepers.push(child)
  const exited = once(child, 'exit')
  await once(child, 'spawn')
  return { pid: child.pid ?? 0, exited }
}

function leaveRecord(entry: unknown): void {
  writeFileSync(join(directory, 'run.json'), JSON.stringify(entry))
}

function readRecord(): { supervisor: unknown; children: unknown[] } {
  return JSON.parse(readFileSync(join(directory, 'run.json'), 'utf8')) as ReturnType<typeof readRecord>
}

const GONE = { pid: 4_194_303, start: 'never' }

describe('takeDirectory', () => {
  it('is refused while the process that took it lives, naming it', async () => {
    const record = await takeDirectory(directory)
    await expect(takeDirectory(directory)).rejects.toMatchObject({
      code: 'ALREADY_RUNNING',
      pid: process.pid,
    })
    record.release()
    ;(await takeDirectory(directory)).release()
  })

  it('ends what a killed supervisor left behind', async () => {
    const { pid, exited } = await sleeper()
    leaveRecord({ supervisor: GONE, children: [pidStart(pid)] })
    const record = await takeDirectory(directory)
    expect(pidStart(pid)).toBeUndefined()
    await exited
    record.release()
  })

  it('never touches a process that merely has the number of a former child', async () => {
    const { pid } = await sleeper()
    leaveRecord({ supervisor: GONE, children: [{ pid, start: 'another time' }] })
    const record = await takeDirectory(directory)
    expect(pidStart(pid)).toBeDefined()
    record.release()
  })

  it('takes a supervisor’s number in the hands of another process for what it is', async () => {
    leaveRecord({ supervisor: { pid: process.pid, start: 'another time' }, children: [] })
    const record = await takeDirectory(directory)
    expect(readRecord().supervisor).toEqual(pidStart(process.pid))
    record.release()
  })

  it.each(['', '{', 'null', '[]', '{"supervisor":{"pid":-1,"start":""},"children":[{"pid":1,"start":"x"}]}'])(
    'starts over from a damaged record: %j',
    async (text) => {
      writeFileSync(join(directory, 'run.json'), text)
      const record = await takeDirectory(directory)
      expect(readRecord()).toEqual({ supervisor: pidStart(process.pid), children: [] })
      record.release()
    },
  )

  it('remembers children for the next run, and forgets those that are not there', async () => {
    const { pid, exited } = await sleeper()
    const record = await takeDirectory(directory)
    record.remember([pid, undefined, GONE.pid])
    const { children } = JSON.parse(readFileSync(join(directory, 'run.json'), 'utf8')) as {
      children: unknown[]
    }
    expect(children).toEqual([pidStart(pid)])
    record.release()
    sleepers[0]?.kill('SIGKILL')
    await exited
  })
})

describe('pidStart', () => {
  it('knows this process again and says when one has ended', async () => {
    const me = pidStart(process.pid)
    expect(me !== undefined && isStillRunning(me)).toBe(true)
    const { pid, exited } = await sleeper()
    const other = pidStart(pid)
    sleepers[0]?.kill('SIGKILL')
    await exited
    expect(other !== undefined && isStillRunning(other)).toBe(false)
    expect(pidStart(GONE.pid)).toBeUndefined()
  })
})
