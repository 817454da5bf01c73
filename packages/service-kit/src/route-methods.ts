/**
 * Knows which methods each path has, so that a wrong method is told from a path that does not exist.
 * Promise: 405 names the methods that would work.
 */

export interface RouteMethods {
  add(pattern: string, methods: string | readonly string[]): void
  /** The methods of all routes that this path fits, sorted; empty when there is none. */
  of(path: string): string[]
}

export function createRouteMethods(): RouteMethods {
  const routes = new Map<string, { segments: string[]; methods: Set<string> }>()
  return {
    add(pattern, methods) {
      const route = routes.get(pattern) ?? { segments: pattern.split('/'), methods: new Set() }
      for (const method of [methods].flat()) route.methods.add(method)
      routes.set(pattern, route)
    },
    of(path) {
      const segments = path.split('/').map(decoded)
      const matching = [...routes.values()].filter((route) => fits(route.segments, segments))
      return [...new Set(matching.flatMap(({ methods }) => [...methods]))].toSorted()
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
