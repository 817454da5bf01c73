/** What the page asks, how often, and under which name the answers are kept. */
import { keepPreviousData, QueryClient, useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useEffect } from 'react'

import { useStore } from '../state/store.ts'
import { wave } from '../state/wave.ts'
import { call, callForAnswer, type Answer } from './client.ts'
import { isAway } from './problem.ts'
import type {
  Approval,
  AuditPage,
  Grants,
  RevocationPage,
  Role,
  SessionPage,
  Statistics,
  Subject,
  Tenant,
  Verifier,
} from './types.ts'

/** The fleet is looked at closely while something is on its way through it. */
const FLEET_EVERY_MS = 2_000
const FLEET_IN_WAVE_EVERY_MS = 250
const FIGURES_EVERY_MS = 5_000
const LISTS_EVERY_MS = 15_000
const RETRY_EVERY_MS = 2_000

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

export function useStatistics() {
  return useQuery({
    queryKey: ['statistics'],
    queryFn: ({ signal }) => call<Statistics>('GET', '/v1/statistics?minutes=60', { signal }),
    refetchInterval: every(FIGURES_EVERY_MS),
  })
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
