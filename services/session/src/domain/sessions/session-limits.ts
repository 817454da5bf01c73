/**
 * ④ How long sessions live: by how strongly their user was authenticated.
 * Promise: a stronger authentication never makes a session live longer than a weaker one would.
 */

/** How long without being seen, and how long at most. */
export interface LevelLimits {
  readonly idleTimeoutMs: number
  readonly absoluteTimeoutMs: number
}

export interface SessionLimits {
  /** For `aal1`, and for everything that is no level known here. */
  readonly standard: LevelLimits
  readonly aal2: LevelLimits
  readonly aal3: LevelLimits
}

/** The limits in force at a level: the strictest of its own and those below. */
export function limitsFor({ standard, aal2, aal3 }: SessionLimits, acr: string): LevelLimits {
  if (acr === 'aal3') return stricter(aal3, stricter(aal2, standard))
  return acr === 'aal2' ? stricter(aal2, standard) : standard
}

function stricter(a: LevelLimits, b: LevelLimits): LevelLimits {
  return {
    idleTimeoutMs: Math.min(a.idleTimeoutMs, b.idleTimeoutMs),
    absoluteTimeoutMs: Math.min(a.absoluteTimeoutMs, b.absoluteTimeoutMs),
  }
}
