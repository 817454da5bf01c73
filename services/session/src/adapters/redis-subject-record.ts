/**
 * ④ What the log has said about a subject, as a hash in Redis: each kind of fact with its own position.
 * Promise: writing a fact and reading it back gives the same fact.
 */
import type { Permission, Position, RoleName, SessionId } from '@curfew/contracts'

import type { SubjectFacts } from '../domain/facts.ts'

export const SUBJECT_FIELDS = ['w', 'we', 'g', 'gr', 'gp', 's', 'ss'] as const

/** For TELL_SUBJECT: one list of fields and values for each fact, the position first. */
export function tellingsOf({ watermark, grants, suspension }: SubjectFacts): string[][] {
  const tellings: string[][] = []
  if (watermark) tellings.push(['w', watermark.position, 'we', JSON.stringify(watermark.except)])
  if (grants)
    tellings.push([
      'g',
      grants.position,
      'gr',
      JSON.stringify(grants.roles),
      'gp',
      JSON.stringify(grants.permissions),
    ])
  if (suspension) tellings.push(['s', suspension.position, 'ss', suspension.suspended ? '1' : '0'])
  return tellings
}

/** @param reply of HMGET with SUBJECT_FIELDS. */
export function subjectFactsFrom(reply: unknown): SubjectFacts {
  const [w, we, g, gr, gp, s, ss] = reply as (string | null)[]
  return {
    watermark: w && we ? { position: w as Position, except: JSON.parse(we) as SessionId[] } : undefined,
    grants:
      g && gr && gp
        ? {
            position: g as Position,
            roles: JSON.parse(gr) as RoleName[],
            permissions: JSON.parse(gp) as Permission[],
          }
        : undefined,
    suspension: s && ss ? { position: s as Position, suspended: ss === '1' } : undefined,
  }
}
