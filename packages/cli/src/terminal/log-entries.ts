/** Log entries in words. Not safe to show as they are: names and reasons come from outside. */
import { Type, type Static } from 'typebox'

import { ScopeAnswer, shaped } from '../api/answers.ts'
import { scopeText } from '../commands/scope.ts'
import { positionText } from './positions.ts'
import type { Tone } from './output.ts'

const text = Type.Optional(Type.String())
const names = Type.Optional(Type.Array(Type.String()))

/** Every member that an entry of any type may have: what a newer server says beyond that is passed on as it is. */
const EntrySchema = Type.Object({
  at: text,
  actor: text,
  reason: text,
  scope: Type.Optional(ScopeAnswer),
  except: names,
  tenant: text,
  user: text,
  role: text,
  roles: names,
  permissions: names,
  session: text,
  verifier: text,
  service: text,
  host: text,
  lease_ms: Type.Optional(Type.Number()),
  log_id: text,
  next: Type.Optional(Type.Number()),
  after: text,
  until: text,
})
export type Entry = Static<typeof EntrySchema>

/** Undefined when it is none. */
export function parseEntry(json: string): Entry | undefined {
  try {
    return shaped(EntrySchema, JSON.parse(json))
  } catch {
    return undefined
  }
}

export interface EntryText {
  readonly text: string
  readonly tone?: Tone
}

export function entryText(entry: Entry & { readonly type: string }): EntryText {
  const { type, scope, roles = [], permissions = [], tenant = '', user, role = '', verifier = '' } = entry
  const by = `by ${entry.actor ?? 'nobody'}${entry.reason === undefined ? '' : `: ${entry.reason}`}`
  const given = [...roles, ...permissions].join(' ') || 'nothing'
  const whom = user === undefined ? `the tenant ${tenant}` : `${tenant}/${user}`
  switch (type) {
    case 'revoked': {
      const spared = entry.except?.length ? ` but ${entry.except.join(', ')}` : ''
      return { tone: 'red', text: `ended ${scope === undefined ? '' : scopeText(scope)}${spared}, ${by}` }
    }
    case 'grants-changed':
      return { tone: 'cyan', text: `grants of ${whom} are now ${given}, ${by}` }
    case 'role-changed':
      return { tone: 'cyan', text: `role ${role} of ${tenant} is now ${given}, ${by}` }
    case 'suspended':
      return { tone: 'yellow', text: `suspended ${whom}, ${by}` }
    case 'resumed':
      return { tone: 'green', text: `resumed ${whom}, ${by}` }
    case 'rotated':
      return { text: `session ${entry.session ?? ''} gets another secret, ${by}` }
    case 'joined':
      return { text: `joined ${entry.service ?? ''} at ${entry.host ?? ''}, ${verifier}` }
    case 'left':
      return { text: `left ${verifier}` }
    case 'evicted':
      return { tone: 'yellow', text: `taken off the list after a silence ${verifier}` }
    case 'config':
      return { tone: 'yellow', text: `leases last ${entry.lease_ms ?? '?'} ms from here on` }
    case 'closed':
      return entry.next === undefined
        ? { tone: 'red', text: `this log is not what it was: a new epoch is needed, ${by}` }
        : { tone: 'yellow', text: `this epoch is over; ${entry.next} follows` }
    case 'gap': {
      const [from, to] = [positionText(entry.after ?? ''), positionText(entry.until ?? '')]
      return { tone: 'yellow', text: `some of what came between ${from} and ${to} cannot be shown any more` }
    }
    default:
      return { text: `${type}, ${by}` }
  }
}
