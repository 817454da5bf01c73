/**
 * Knows which methods each path has, so that a wrong method is told from a path that does not exist.
 * Promise: 405 names the methods that would work.
 */

declare module 'fastify' {
  interface FastifyContextConfig {
    /** True on a route that only says that nothing is there: of wider patterns around it, no method works for its paths either. */
    isGap?: boolean
  }
}

export interface RouteMethods {
  add(pattern: string, methods: string | readonly string[], isGap?: boolean): void
  /** The methods of all routes that this path fits, sorted; empty when there is none. */
  of(path: string): string[]
}

export function createRouteMethods(): RouteMethods {
  const routes = new Map<string, { segments: string[]; methods: Set<string>; isGap: boolean }>()
  return {
    add(pattern, methods, isGap = false) {
      const route = routes.get(pattern) ?? { segments: pattern.split('/'), methods: new Set(), isGap }
      for (const method of [methods].flat()) route.methods.add(method)
      routes.set(pattern, route)
    },
    of(path) {
      const segments = path.split('/').map(decoded)
      const matching = [...routes.values()].filter((route) => fits(route.segments, segments))
      const gap = matching.find((route) => route.isGap)
      const working =
        gap === undefined
          ? matching
          : matching.filter((route) => route !== gap && fits(gap.segments, route.segments))
      return [...new Set(working.flatMap(({ methods }) => [...methods]))].toSorted()
    },
  }
}

/** As the router reads it. */
function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}

/** `:id` stands for one segment that is not empty, `*` for the rest. */
function fits(pattern: readonly string[], path: readonly string[]): boolean {
  for (const [index, part] of pattern.entries()) {
    const segment = path[index]
    if (part === '*') return segment !== undefined
    if (segment === undefined) return false
    if (part.startsWith(':') ? segment === '' : segment !== part) return false
  }
  return pattern.length === path.length
}
