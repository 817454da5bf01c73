/** What the page asks, how often, and under which name the answers are kept. */
import { keepPreviousData, QueryClient, useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useEffect } from 'react'

import { may } from '../state/operator.ts'
import { useStore } from '../state/store.ts'
import { wave } from '../state/wave.ts'
import { call, callForAnswer, type Answer } from './client.ts'
import { isAway } from './problem.ts'
import type {
  Approval,
  AuditPage,
  Grants,
  RevocationPage,
  RevocationResult,
  Role,
  Session,
  SessionCount,
  SessionPage,
  Statistics,
  Subject,
  Tenant,
  Toll,
  Verifier,
} from './types.ts'

/** The fleet is looked at closely while something is on its way through it. */
const FLEET_EVERY_MS = 2_000
const FLEET_IN_WAVE_EVERY_MS = 250
const FIGURES_EVERY_MS = 5_000
const LISTS_EVERY_MS = 15_000
const RETRY_EVERY_MS = 2_000
const PULSE_EVERY_MS = 2_000

export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      // What nobody can answer is asked again with the next turn; a refusal stays one.
      queries: { retry: false, staleTime: 1_000, networkMode: 'always' },
      mutations: { retry: false, networkMode: 'always' },
    },
  })
}

/** Asks again soon where nobody has answered. */
const every =
  (usualMs: number) =>
  ({ state }: { state: { error: unknown } }): number | false => {
    if (state.error === null) return usualMs
    return isAway(state.error) ? RETRY_EVERY_MS : false
  }

export function useVerifiers(isEnabled = true) {
  const current = useStore(wave)
  const isMoving = current !== undefined && !current.isOver
  return useQuery({
    queryKey: ['verifiers'],
    queryFn: ({ signal }) => call<Verifier[]>('GET', '/v1/verifiers', { signal }),
    refetchInterval: every(isMoving ? FLEET_IN_WAVE_EVERY_MS : FLEET_EVERY_MS),
    enabled: isEnabled,
  })
}

/** Asks something small while no view asks anything: the age of the last answer is what the page calls itself live by. */
export function usePulse(): void {
  const { data: me } = useQuery<Session>({ queryKey: ['session'], enabled: false })
  useQuery({
    queryKey: ['pulse'],
    queryFn: ({ signal }) =>
      call('GET', me !== undefined && may(me, 'read') ? '/v1/limits' : '/session', { signal }),
    refetchInterval: PULSE_EVERY_MS,
  })
}

export function useStatistics() {
  return useQuery({
    queryKey: ['statistics'],
    queryFn: ({ signal }) => call<Statistics>('GET', '/v1/statistics?minutes=60', { signal }),
    refetchInterval: every(FIGURES_EVERY_MS),
  })
}

const COUNT_EVERY_MS = 250
/** A replica counts for two seconds, and begins later when it is busy. */
const COUNT_ASKED_MAX = 60

/** How many sessions a revocation ended: of many it is counted after the answer. Null where it is not known. */
export function useEndedCount(result: RevocationResult | undefined): {
  readonly count: SessionCount | null
  readonly isCounting: boolean
} {
  const id = result?.revocation.id ?? ''
  const isAwaited = result?.ended === null
  const { data = null, isPending } = useQuery({
    queryKey: ['ended', id],
    queryFn: ({ signal }) => untilCounted(id, signal),
    enabled: isAwaited,
    gcTime: 0,
  })
  return { count: result?.ended ?? data, isCounting: isAwaited && isPending }
}

async function untilCounted(id: string, signal: AbortSignal): Promise<SessionCount | null> {
  for (let asked = 0; asked < COUNT_ASKED_MAX; asked++) {
    const { ended } = await call<Toll>('GET', `/v1/revocations/${encodeURIComponent(id)}`, { signal })
    if (ended !== null) return ended ?? null
    await new Promise((resolve) => setTimeout(resolve, COUNT_EVERY_MS))
  }
  return null
}

export function useGrants(tenant: string, user: string) {
  return useQuery({
    queryKey: ['grants', tenant, user],
    queryFn: ({ signal }): Promise<Answer<Grants>> =>
      callForAnswer('GET', `${subjectPath(tenant, user)}/grants`, { signal }),
    refetchInterval: every(LISTS_EVERY_MS),
  })
}

export function subjectPath(tenant: string, user: string): string {
  return `/v1/subjects/${encodeURIComponent(tenant)}/${encodeURIComponent(user)}`
}

type Filter = Readonly<Record<string, string | undefined>>

function searchOf(filter: Filter, cursor: string | undefined): string {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries({ ...filter, cursor }))
    if (value !== undefined && value !== '') search.set(name, value)
  return search.size > 0 ? `?${search}` : ''
}

interface PageShape<T> {
  readonly next: (page: T) => string | null
  readonly sizeOf: (page: T) => number
  readonly isEnabled?: boolean
}

/** A page costs the API a bounded amount of work, however few it finds: the next ones are fetched until there is something to see. */
const ENOUGH = 20
const PAGES_UNASKED_MAX = 20

/** A list page by page. */
function usePages<T>(path: string, filter: Filter, { next, sizeOf, isEnabled = true }: PageShape<T>) {
  const pages = useInfiniteQuery({
    enabled: isEnabled,
    queryKey: [path, filter],
    queryFn: ({ pageParam, signal }) => call<T>('GET', `${path}${searchOf(filter, pageParam)}`, { signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page: T) => next(page) ?? undefined,
    // Whoever has gone far back in a list is not given all of it anew again and again.
    refetchInterval: (query) =>
      (query.state.data?.pages.length ?? 0) > PAGES_UNASKED_MAX ? false : every(LISTS_EVERY_MS)(query),
    placeholderData: keepPreviousData,
  })
  const { data, hasNextPage, isFetching, fetchNextPage } = pages
  const size = data?.pages.reduce((sum, page) => sum + sizeOf(page), 0) ?? 0
  const isShort = size < ENOUGH && (data?.pages.length ?? 0) < PAGES_UNASKED_MAX
  useEffect(() => {
    if (isShort && hasNextPage && !isFetching) void fetchNextPage()
  }, [isShort, hasNextPage, isFetching, fetchNextPage])
  return pages
}

export const useSessions = (filter: Filter) =>
  usePages<SessionPage>('/v1/sessions', filter, {
    next: (page) => page.next_cursor,
    sizeOf: (page) => page.sessions.length,
  })
export const useRevocations = () =>
  usePages<RevocationPage>(
    '/v1/revocations',
    {},
    {
      next: (page) => page.next_cursor,
      sizeOf: (page) => page.revocations.length,
    },
  )
export const useAudit = (filter: Filter) =>
  usePages<AuditPage>('/v1/audit', filter, {
    next: (page) => page.next,
    sizeOf: (page) => page.events.length,
  })
export const useSubjects = (filter: Filter) =>
  usePages<{ subjects: readonly Subject[]; next_cursor: string | null }>('/v1/subjects', filter, {
    next: (page) => page.next_cursor,
    sizeOf: (page) => page.subjects.length,
    isEnabled: filter['tenant'] !== '',
  })

export const useTenants = (isEnabled: boolean) =>
  usePages<{ tenants: readonly Tenant[]; next_cursor: string | null }>(
    '/v1/tenants',
    {},
    {
      next: (page) => page.next_cursor,
      sizeOf: (page) => page.tenants.length,
      isEnabled,
    },
  )
export const useApprovals = () =>
  usePages<{ approvals: readonly Approval[]; next_cursor: string | null }>(
    '/v1/approvals',
    {},
    {
      next: (page) => page.next_cursor,
      sizeOf: (page) => page.approvals.length,
    },
  )

export function useRoles(tenant: string) {
  return useQuery({
    enabled: tenant !== '',
    queryKey: ['roles', tenant],
    queryFn: ({ signal }) =>
      call<{ roles: readonly Role[] }>('GET', `/v1/roles${searchOf({ tenant, limit: '200' }, undefined)}`, {
        signal,
      }),
    refetchInterval: every(LISTS_EVERY_MS),
    placeholderData: keepPreviousData,
  })
}

export function useTenantNames(isEnabled: boolean): readonly string[] {
  const pages = useTenants(isEnabled).data?.pages
  return pages?.flatMap((page) => page.tenants.map(({ tenant }) => tenant)) ?? []
}
