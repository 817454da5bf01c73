/**
 * ④ All that is known of a user, as a hash in Redis: what the log has said under one letter for each kind of fact, each with its
 * own position, and their sessions, with the number of the login, under their ids.
 * Promise: writing a fact and reading it back gives the same fact; sessions come in the order of their logins.
 */
import type { Permission, RoleName, SessionId } from '@curfew/contracts'

import type { SubjectFacts } from '../../domain/log/facts.ts'
import type { Login } from '../../domain/sessions/ports.ts'
import { stampedParts, stampedValue } from './redis-stamped-value.ts'

export const SUBJECT_FIELDS = ['w', 'g', 's'] as const

/** For TELL: field and value of each fact. */
export function tellingsOf({ watermark, grants, suspension }: SubjectFacts): [string, string][] {
  const tellings: [string, string][] = []
  if (watermark) tellings.push(['w', stampedValue(watermark.position, watermark.except)])
  if (grants) tellings.push(['g', stampedValue(grants.position, [grants.roles, grants.permissions])])
  if (suspension) tellings.push(['s', stampedValue(suspension.position, suspension.suspended)])
  return tellings
}

/** @param reply of HMGET with SUBJECT_FIELDS. */
export function subjectFactsFrom(reply: unknown): SubjectFacts {
  const [w, g, s] = reply as (string | null)[]
  return { watermark: watermarkFrom(w), grants: grantsFrom(g), suspension: suspensionFrom(s) }
}

function watermarkFrom(value: string | null | undefined): SubjectFacts['watermark'] {
  if (!value) return undefined
  const { position, rest } = stampedParts(value, 'the watermark of a user')
  return { position, except: rest as SessionId[] }
}

function grantsFrom(value: string | null | undefined): SubjectFacts['grants'] {
  if (!value) return undefined
  const { position, rest } = stampedParts(value, 'the grants of a user')
  const [roles, permissions] = rest as [RoleName[], Permission[]]
  return { position, roles, permissions }
}

function suspensionFrom(value: string | null | undefined): SubjectFacts['suspension'] {
  if (!value) return undefined
  const { position, rest } = stampedParts(value, 'the suspension of a user')
  return { position, suspended: rest as boolean }
}

/** @param fields and values of the whole hash, in turns */
export function loginsIn(fields: readonly string[]): Login[] {
  return fields
    .flatMap((field, at) =>
      // Facts, and the number of the last login, are fields of one letter.
      at % 2 === 0 && field.length > 1
        ? [{ session: field as SessionId, login: Number(fields[at + 1]) }]
        : [],
    )
    .toSorted((a, b) => a.login - b.login)
}
