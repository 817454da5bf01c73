/**
 * ① The accounts of the file with the passwords that their owners have changed since, which all replicas share in a bucket of
 * NATS.
 * Promise: each login reads the bucket, from its leader; where that cannot be done there is no answer, never an older one.
 */
import { hash } from 'node:crypto'

import { ACCOUNTS_BUCKET } from '@curfew/contracts'
import { RequestFailed, isConnected } from '@curfew/messaging'
import { jetstream, JetStreamApiError } from '@nats-io/jetstream'
import { Kvm } from '@nats-io/kv'
import type { NatsConnection } from '@nats-io/transport-node'
import { Type } from 'typebox'
import { Compile } from 'typebox/compile'

import { currentHash, recordOf, type PasswordRecord } from '../domain/password-record.ts'
import type { Accounts } from '../ports.ts'
import type { AccountsFile } from './accounts-file.ts'

const TIMEOUT_MS = 2_000
const ATTEMPTS = 3
/** JetStream's code for "wrong last sequence": the compare-and-set has found another revision. */
const WRONG_LAST_SEQUENCE = 10_071

const record = Compile(
  Type.Object(
    {
      v: Type.Literal(1),
      password_hash: Type.String({ maxLength: 512 }),
      replaces: Type.Array(Type.String({ maxLength: 64 }), { minItems: 1, maxItems: 64 }),
    },
    { additionalProperties: false },
  ),
)

interface Entry {
  readonly revision: number
  readonly record: PasswordRecord | undefined
}

export async function createKvAccounts(nc: NatsConnection, file: AccountsFile): Promise<Accounts> {
  // Bound without asking: the gateway may look at single keys only.
  const bucket = await new Kvm(jetstream(nc, { timeout: TIMEOUT_MS })).open(ACCOUNTS_BUCKET)

  async function read(key: string): Promise<Entry> {
    const found = await answered(nc, 'read-account', () => bucket.get(key))
    if (found === null) return { revision: 0, record: undefined }
    // An administrator has taken the change back.
    if (found.operation !== 'PUT') return { revision: found.revision, record: undefined }
    const content: unknown = parse(found.string())
    // Nobody but the gateway writes here: without its record the password is not known.
    if (!record.Check(content)) throw new RequestFailed('unavailable', 'read-account')
    return { revision: found.revision, record: content }
  }

  async function holds(key: string, value: string): Promise<boolean> {
    const found = await answered(nc, 'read-account', () => bucket.get(key))
    return found?.string() === value
  }

  async function store(key: string, value: string, revision: number): Promise<'stored' | 'conflict'> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await answered(nc, 'store-password', () => bucket.put(key, value, { previousSeq: revision }))
        return 'stored'
      } catch (error) {
        // Of an attempt whose outcome is not known the next one finds the trace.
        if (isConflict(error)) return (await holds(key, value)) ? 'stored' : 'conflict'
        if (attempt === ATTEMPTS) throw error
      }
    }
  }

  return {
    decoyHash: file.decoyHash,
    async find(tenant, username) {
      const initial = file.find(tenant, username)
      // Also asked for names that nobody has: who exists must not show in what is done.
      const entry = await read(keyOf(tenant, username))
      if (initial === undefined) return undefined
      return {
        ...initial,
        passwordHash: currentHash(initial.passwordHash, entry.record),
        revision: entry.revision,
      }
    },
    async storePassword(account, passwordHash) {
      const { tenant, user, revision } = account
      const initial = file.find(tenant, user)
      if (initial === undefined) return 'conflict'
      const key = keyOf(tenant, user)
      const before = await read(key)
      if (before.revision !== revision) return 'conflict'
      return store(key, JSON.stringify(recordOf(passwordHash, initial.passwordHash, before.record)), revision)
    },
  }
}

async function answered<T>(nc: NatsConnection, request: string, work: () => Promise<T>): Promise<T> {
  if (!isConnected(nc)) throw new RequestFailed('unavailable', request)
  try {
    return await work()
  } catch (error) {
    if (isConflict(error)) throw error
    throw new RequestFailed('unavailable', request, error)
  }
}

function isConflict(error: unknown): boolean {
  return error instanceof JetStreamApiError && error.code === WRONG_LAST_SEQUENCE
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Whatever a caller sends is one key of this bucket. */
function keyOf(tenant: string, username: string): string {
  return hash('sha256', JSON.stringify([tenant, username]), 'base64url')
}
