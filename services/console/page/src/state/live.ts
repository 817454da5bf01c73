/**
 * Follows the log while somebody looks: what others do shows without anybody asking.
 * Promise: it resumes where it was; where this cannot be had, the page asks from time to time as it does anyway.
 */
import type { QueryClient } from '@tanstack/react-query'

import { open } from '../api/client.ts'
import { eventsIn, type ServerEvent } from '../api/events.ts'
import { isAway } from '../api/problem.ts'
import { attention } from './attention.ts'
import { createStore } from './store.ts'
import { beginWave } from './wave.ts'

export interface Happening {
  readonly position: string
  readonly type: string
  readonly at: string
  readonly actor: string
  readonly reason: string | undefined
  readonly entry: Record<string, unknown>
}

const KEPT = 30
const RECONNECT_MS = 2_000
/** A count of live sessions is the same for everybody who asks within two seconds. */
const COUNTED_MS = 2_500

/** Newest first. */
export const happenings = createStore<readonly Happening[]>([])

const AFFECTS: Readonly<Record<string, readonly string[]>> = {
  revoked: ['/v1/sessions', '/v1/revocations', 'statistics', '/v1/audit', '/v1/approvals'],
  'grants-changed': ['grants', '/v1/sessions', '/v1/subjects', '/v1/audit'],
  'role-changed': ['roles', '/v1/sessions', '/v1/audit'],
  suspended: ['/v1/sessions', '/v1/subjects', '/v1/audit'],
  resumed: ['/v1/subjects', '/v1/audit'],
  joined: ['verifiers'],
  left: ['verifiers'],
  evicted: ['verifiers'],
}

/** Ends when it is told to, or when the stream is none of this operator's. */
export function followLog(client: QueryClient): () => void {
  const stop = new AbortController()
  void follow(client, stop.signal)
  return () => stop.abort()
}

async function follow(client: QueryClient, stop: AbortSignal): Promise<void> {
  let lastId: string | undefined
  while (!stop.aborted) {
    await somebodyLooks(stop)
    const leave = new AbortController()
    const unwatch = attention.subscribe(() => leave.abort())
    try {
      const headers = {
        accept: 'text/event-stream',
        ...(lastId !== undefined && { 'last-event-id': lastId }),
      }
      const signal = AbortSignal.any([stop, leave.signal])
      for await (const event of eventsIn(await open('GET', '/v1/events', { headers, signal }))) {
        lastId = event.id ?? lastId
        take(client, event)
      }
    } catch (error) {
      if (!leave.signal.aborted && !stop.aborted && !isAway(error) && !(error instanceof TypeError)) return
    } finally {
      unwatch()
    }
    await pause(RECONNECT_MS, stop)
  }
}

function take(client: QueryClient, { type, id, data }: ServerEvent): void {
  const affected = AFFECTS[type]
  if (affected === undefined || id === undefined) return
  for (const key of affected) void client.invalidateQueries({ queryKey: [key] })
  if (type === 'revoked')
    setTimeout(() => void client.invalidateQueries({ queryKey: ['statistics'] }), COUNTED_MS)
  if (!('actor' in data)) return
  const { at, actor, reason } = data as { at: string; actor: string; reason?: string }
  happenings.set([{ position: id, type, at, actor, reason, entry: data }, ...happenings.get()].slice(0, KEPT))
  if (!['joined', 'left', 'evicted'].includes(type)) beginWave(id, [])
}

function somebodyLooks(stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (attention.get() || stop.aborted) return resolve()
    const unwatch = attention.subscribe(() => {
      if (!attention.get()) return
      unwatch()
      resolve()
    })
    stop.addEventListener('abort', () => resolve(), { once: true })
  })
}

function pause(ms: number, stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    stop.addEventListener(
      'abort',
      () => {
        clearTimeout(timer)
        resolve()
      },
      { once: true },
    )
  })
}
