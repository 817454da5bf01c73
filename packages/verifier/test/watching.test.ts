import { GATEWAY_AUDIENCE, type Permission } from '@curfew/contracts'
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest'

import { SessionEnded } from '../src/index.ts'
import { Stage, admittedSession } from './stage.ts'

let stage: Stage

beforeAll(async () => {
  stage = await Stage.open()
})
afterEach(() => stage.clear())
afterAll(() => stage[Symbol.asyncDispose]())

const read = 'documents:read' as Permission
const waitFor = (condition: () => unknown) => vi.waitFor(condition, { timeout: 10_000, interval: 5 })

async function watching(options: Parameters<Stage['authority']>[0] = {}, permissions: Permission[] = [read]) {
  const authority = await stage.authority(options)
  const verifier = await stage.verifier(GATEWAY_AUDIENCE)
  const issued = authority.issue()
  const session = await admittedSession(verifier, issued.token)
  const watch = verifier.watch(session, { permissions })
  return { authority, verifier, issued, session, watch }
}

const endOf = (signal: AbortSignal): unknown => signal.reason instanceof SessionEnded && signal.reason.reason

it('a signal has fired by the time a revocation is acknowledged', async () => {
  const { authority, watch, issued } = await watching()
  const fired: boolean[] = []
  authority.onAcknowledged = () => void fired.push(watch.signal.aborted)
  authority.revoke(authority.issue().id)
  await waitFor(() => expect(fired).toEqual([false]))
  authority.revoke(issued.id)
  await waitFor(() => expect(fired).toEqual([false, true]))
  expect(endOf(watch.signal)).toBe('revoked')
})

it('a signal fires when the stream’s permission is lost, and not when another one is', async () => {
  const { authority, verifier, session, watch } = await watching()
  const other = verifier.watch(session, { permissions: [] })
  authority.changePermissions(['documents:read', 'documents:write'])
  await waitFor(() => expect(authority.acknowledged).toHaveLength(1))
  authority.changePermissions(['documents:write'])
  await waitFor(() => expect(endOf(watch.signal)).toBe('permission-lost'))
  expect(other.signal.aborted).toBe(false)
})

it('a signal fires when the permission turned out to be lost by a check of another session', async () => {
  const { authority, verifier, watch } = await watching()
  const other = authority.issue()
  authority.changePermissions([])
  await admittedSession(verifier, other.token)
  await waitFor(() => expect(endOf(watch.signal)).toBe('permission-lost'))
})

it('a stream is told what its session may do now, once for each change, and goes on', async () => {
  const { authority, verifier, session } = await watching()
  const seen: string[][] = []
  const { signal } = verifier.watch(session, {
    permissions: [],
    onChanged: ({ permissions }) => seen.push([...permissions]),
  })
  authority.changePermissions(['documents:write'])
  await waitFor(() => expect(seen).toEqual([['documents:write']]))
  authority.changePermissions([])
  await waitFor(() => expect(seen).toEqual([['documents:write'], []]))
  expect(signal.aborted).toBe(false)
})

it('looking after a stream is no activity of its session, using the session is', async () => {
  const { authority, verifier, issued } = await watching()
  authority.idleRemainingMs = 200
  expect(authority.passive.flat()).toEqual([])
  authority.changePermissions(['documents:read', 'documents:write'])
  // From here on its idle limit comes near again and again, and each time it is asked about.
  await waitFor(() => expect(authority.passive.flat().length).toBeGreaterThan(1))
  expect(new Set(authority.passive.flat())).toEqual(new Set([issued.id]))

  const inUse = (): number =>
    authority.asked.length - authority.passive.filter(({ length }) => length > 0).length
  const [before, watchedOnly] = [inUse(), await verifier.check(issued.token, { isActivity: false })]
  expect([watchedOnly.kind, inUse()]).toEqual(['admitted', before])
  await verifier.check(issued.token)
  await waitFor(() => expect(inUse()).toBeGreaterThan(before))
})

it('a signal fires when nobody has been able to say anything for the length of a lease', async () => {
  const { authority, watch } = await watching({ leaseMs: 1000 })
  const startedMs = performance.now()
  await authority.stop()
  await waitFor(() => expect(endOf(watch.signal)).toBe('unsure'))
  expect(performance.now() - startedMs).toBeLessThan(5_000)
  expect(performance.now() - startedMs).toBeGreaterThan(500)
})

it('a stream goes on without a lease as long as a replica vouches for its session', async () => {
  const { authority, verifier, watch, issued } = await watching({ leaseMs: 1000 })
  authority.grants = 'silent'
  await waitFor(() => expect(verifier.check(issued.token)).toBeInstanceOf(Promise))
  const asked = authority.asked.length
  await waitFor(() => expect(authority.asked.length).toBeGreaterThan(asked + 8))
  expect(watch.signal.aborted).toBe(false)
  authority.refuse(issued.id, 'suspended')
  await waitFor(() => expect(endOf(watch.signal)).toBe('suspended'))
})

it('a stream outlives a gap, and a revocation after it ends it before it is acknowledged', async () => {
  const { authority, watch, issued } = await watching()
  authority.lose()
  authority.publish({ type: 'barrier', replica: 'replica-1' as never })
  await waitFor(() =>
    expect(stage.logged.filter(({ event }) => event === 'verifier.following')).toHaveLength(2),
  )
  expect(watch.signal.aborted).toBe(false)
  const fired: boolean[] = []
  authority.onAcknowledged = () => void fired.push(watch.signal.aborted)
  authority.revoke(issued.id)
  await waitFor(() => expect(fired).toEqual([true]))
})

it('a session that has ended already fires at once, a released watch never, closing ends the rest', async () => {
  const { authority, verifier, issued, session, watch } = await watching()
  watch.release()
  const open = verifier.watch(session, { permissions: [] })
  await verifier.close()
  expect([watch.signal.aborted, endOf(open.signal)]).toEqual([false, 'unsure'])

  const second = await stage.verifier(GATEWAY_AUDIENCE)
  const again = await admittedSession(second, issued.token)
  authority.revoke(issued.id)
  await waitFor(() => expect(authority.acknowledged.length).toBeGreaterThan(0))
  expect(endOf(second.watch(again, { permissions: [] }).signal)).toBe('revoked')
  expect(() => second.watch({ ...again }, { permissions: [] })).toThrow(/admitted/)
})
