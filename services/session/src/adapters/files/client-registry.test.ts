import { hash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { readClientRegistry } from './client-registry.ts'

let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'curfew-clients-'))
})
afterAll(() => rm(directory, { recursive: true }))

const SECRET = { secret_sha256: hash('sha256', 'secret', 'base64url') }
const app = (rest: object = {}): object => ({ id: 'app', ...SECRET, ...rest })

async function read(...clients: object[]) {
  const path = join(directory, 'clients.json')
  await writeFile(path, JSON.stringify({ clients }))
  return readClientRegistry(path)
}

/** The message with which the service refuses to start. */
async function faultsOf(...clients: object[]): Promise<string> {
  return read(...clients).then(
    () => 'none',
    (error: unknown) => (error instanceof Error ? error.message : ''),
  )
}

const limitsOf = async (sessions: object) => (await read(app({ sessions }))).find('app')?.sessions

describe('the clients file', () => {
  it('lets a client begin no sessions, see no tokens and be no operator unless it says so', async () => {
    expect((await read(app())).find('app')).toEqual({ id: 'app', sessions: undefined, introspect: undefined })
    expect(await limitsOf({ tenants: '*', max_acr: '*' })).toMatchObject({ mayOperate: false })
  })

  it('says in words what is not limited', async () => {
    const all = { tenants: undefined, maxAcr: undefined, mayOperate: true }
    expect(await limitsOf({ tenants: '*', max_acr: '*', operators: true })).toEqual(all)
    const some = { tenants: ['acme'], maxAcr: 'aal2', mayOperate: false }
    expect(await limitsOf({ tenants: ['acme'], max_acr: 'aal2', operators: false })).toEqual(some)
  })

  it.each([
    ['no tenants', { max_acr: '*' }, 'sessions'],
    ['an empty list of tenants', { tenants: [], max_acr: '*' }, 'sessions/tenants'],
    ['a pattern of tenants', { tenants: ['acme-*'], max_acr: '*' }, 'sessions/tenants'],
    ['no level', { tenants: '*' }, 'sessions'],
    ['a level that is none', { tenants: '*', max_acr: 'aal4' }, 'sessions/max_acr'],
    ['a misspelt member', { tenants: '*', max_acr: '*', operator: true }, 'sessions'],
    ['operators in words', { tenants: '*', max_acr: '*', operators: 'yes' }, 'sessions/operators'],
    [
      'the tenant of the operators without being allowed to operate',
      { tenants: ['curfew'], max_acr: '*' },
      'sessions/tenants',
    ],
  ])('is refused with %s', async (_, sessions, place) => {
    await expect(read(app({ sessions }))).rejects.toThrow(`/clients/0/${place}`)
  })

  it('is refused with every fault at once, and quotes nothing of it', async () => {
    const empty = hash('sha256', '', 'base64url')
    const broken = [app({ secret_sha256: 'hunter2' }), { ...app(), id: '' }, app({ sessions: 'all' })]
    const shapes = await faultsOf(...broken)
    for (const place of ['/clients/0/secret_sha256', '/clients/1/id', '/clients/2/sessions'])
      expect(shapes).toContain(place)
    expect(shapes).not.toContain('hunter2')
    const sessions = { tenants: ['curfew'], max_acr: '*' }
    const odd = [app(), app({ secret_sha256: empty }), { ...app({ sessions }), id: 'other' }]
    const faults = await faultsOf(...odd)
    for (const place of ['/clients/1/id', '/clients/1/secret_sha256', '/clients/2/sessions/tenants'])
      expect(faults).toContain(place)
  })

  it('names so many faults and no more', async () => {
    const faults = await faultsOf(...Array.from({ length: 100 }, () => ({})))
    expect(faults.length).toBeLessThan(4_000)
    expect(faults).toContain('and more')
  })
})
