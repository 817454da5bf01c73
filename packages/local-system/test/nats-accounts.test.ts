/**
 * ⑤ The accounts of infra/nats/nats.conf, held against a real server: what leaves one for another, and what does not.
 */
import { readFileSync } from 'node:fs'

import { DiscardPolicy, StorageType, jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import type { NatsUser } from '../src/index.ts'
import { NATS_CONFIG_FILE } from '../src/server-config.ts'
import { eventually, scratchServers, type ScratchServers } from './scratch.ts'

const LOG = {
  name: 'CURFEW_1',
  subjects: ['curfew.1.log.>'],
  max_msgs_per_subject: 1,
  republish: { src: 'curfew.1.log.>', dest: 'curfew.1.feed.>' },
}
const TRAIL = { name: 'CURFEW_AUDIT', subjects: ['curfew.audit.trail'] }
const BUCKET = {
  name: 'KV_curfew_accounts',
  subjects: ['$KV.curfew_accounts.>'],
  storage: StorageType.File,
  max_msgs_per_subject: 1,
  max_bytes: 1_000_000,
  discard: DiscardPolicy.New,
  deny_purge: true,
}
const KEPT = '$KV.curfew_accounts.kept'
/** The payload of every question here; a message with another payload is an answer. */
const QUESTION = '{"question":1}'
const QUESTIONS = [
  'curfew.hello',
  'curfew.*.resolve.*',
  'curfew.*.lease.renew.*',
  'curfew.*.member.*.*',
  'curfew.*.ack.*.*',
  'curfew.sessions.*',
  'curfew.claims.*',
  'curfew.audit.record',
  'curfew.throttle.*',
]
const CALLERS = ['gateway', 'documents', 'files'] as const
const HONEST = { gateway: 'curfew.hello', documents: 'curfew.hello', files: 'curfew.claims.redeem' } as const

let scratch: ScratchServers
let session: NatsConnection
let admin: NatsConnection
let gateway: NatsConnection

beforeAll(async () => {
  scratch = await scratchServers()
  ;[session, admin, gateway] = await Promise.all([
    connectAs('session'),
    connectAs('admin'),
    connectAs('gateway'),
  ])
  const { streams } = await jetstreamManager(session)
  await streams.add(LOG)
  await streams.add(TRAIL)
  const { streams: own } = await jetstreamManager(gateway, { checkAPI: false })
  await own.add(BUCKET)
  await jetstream(session).publish('curfew.1.log.genesis', '{}')
  await jetstream(session).publish('curfew.audit.trail', '{}')
  await jetstream(gateway).publish(KEPT, 'changed')
  // The most careless authority: it answers wherever a question wants its answer.
  for (const subject of QUESTIONS)
    session.subscribe(subject, { callback: (_, message) => void message.respond('answer') })
  await session.flush()
})

afterAll(async () => {
  await Promise.all([session, admin, gateway].map((connection) => connection.close()))
  await scratch[Symbol.asyncDispose]()
})

function connectAs(user: NatsUser): Promise<NatsConnection> {
  return connect({
    servers: `127.0.0.1:${scratch.servers.nats.port}`,
    user,
    pass: scratch.credentials.nats[user],
    inboxPrefix: `_INBOX_${user}`,
    timeout: 2_000,
  })
}

/** The subjects that the configuration lets a user publish. */
function permittedTo(user: NatsUser): string[] {
  const conf = readFileSync(NATS_CONFIG_FILE, 'utf8')
  const list = /publish: \[([^\]]*)\]/.exec(conf.slice(conf.indexOf(`user: ${user}\n`)))?.[1] ?? ''
  return [...list.matchAll(/"([^"]+)"/g)].map(([, subject = '']) => subject)
}

function matches(pattern: string, subject: string): boolean {
  const [tokens, parts] = [pattern.split('.'), subject.split('.')]
  return (
    (tokens.at(-1) === '>' || tokens.length === parts.length) &&
    tokens.every((token, index) => token === '>' || token === '*' || token === parts[index])
  )
}

/** Whatever JetStream answers something to. */
function payloadFor(subject: string): string {
  if (subject.includes('.MSG.GET.')) return JSON.stringify({ last_by_subj: KEPT })
  if (subject.includes('.STREAM.CREATE.')) return JSON.stringify({ ...BUCKET, num_replicas: 1 })
  return QUESTION
}

const TARGETS = [
  'curfew.1.log.revoked.global',
  'curfew.1.log.genesis',
  'curfew.audit.trail',
  'curfew.1.feed.revoked.global',
  'curfew.hello',
  'curfew.1.resolve.gateway',
  'curfew.1.resolve.documents',
  'curfew.1.member.leave.gateway',
  'curfew.1.member.leave.documents',
  'curfew.1.ack.session-1.session',
  'curfew.1.ack.session-1.documents',
  'curfew.sessions.end',
  'curfew.claims.redeem',
  '_INBOX_session.forged',
  '_INBOX_gateway.forged',
  '_INBOX_documents.forged',
  '_INBOX_files.forged',
  '_R_.forged',
  KEPT,
  ...['CURFEW_1', 'CURFEW_AUDIT', 'KV_curfew_accounts'].flatMap((stream) =>
    ['UPDATE', 'DELETE', 'PURGE', 'MSG.DELETE'].map((call) => `$JS.API.STREAM.${call}.${stream}`),
  ),
]

/** The subjects of what comes from here on. */
async function hearing(nc: NatsConnection, ...subjects: string[]): Promise<string[]> {
  const heard: string[] = []
  for (const subject of subjects)
    nc.subscribe(subject, { callback: (_, message) => void heard.push(message.subject) })
  await nc.flush()
  return heard
}

function feedOf(user: (typeof CALLERS)[number] | undefined): string[] {
  return user === 'files' ? [] : ['curfew.*.feed.>']
}

async function stored() {
  const { streams } = await jetstreamManager(admin)
  const [log, trail] = await Promise.all([streams.info('CURFEW_1'), streams.info('CURFEW_AUDIT')])
  return [log.state, trail.state, log.config, trail.config]
}

const kept = async (): Promise<string | undefined> => {
  const { streams } = await jetstreamManager(gateway, { checkAPI: false })
  return (await streams.getMessage(BUCKET.name, { last_by_subj: KEPT }))?.string()
}

describe.each(CALLERS)('whatever %s publishes, with whatever reply subject,', (caller) => {
  it('nothing is stored in the log or the trail, put on the feed, asked in another’s name or sent to another’s inbox', async () => {
    const others = CALLERS.filter((user) => user !== caller)
    const [own, watching, ...hearers] = await Promise.all(
      [caller, 'admin' as const, ...others].map(connectAs),
    )
    if (!own || !watching) throw new Error('two connections at least')
    const before = await stored()
    const heardByOthers = await Promise.all(
      hearers.map((nc, index) => hearing(nc, `_INBOX_${others[index]}.>`, ...feedOf(others[index]))),
    )
    const heard = await hearing(watching, '>')
    const permitted = permittedTo(caller)
    expect(permitted.length).toBeGreaterThan(0)

    for (const subject of permitted.map((pattern) => pattern.replaceAll('*', '1').replace('>', 'forged')))
      for (const reply of TARGETS)
        for (const payload of [payloadFor(subject), '']) own.publish(subject, payload, { reply })
    // An honest question behind them is answered, by the authority and by JetStream: they have been dealt with.
    expect((await own.request(HONEST[caller], QUESTION, { timeout: 5_000 })).string()).toBe('answer')
    if (caller === 'gateway') await jetstream(own).publish(KEPT, 'changed')
    for (const nc of [session, own, watching, ...hearers]) await nc.flush()

    // The rest is what this service may ask itself, and the answers on their way to it.
    const foreign = heard.filter((subject) => !['_R_.>', ...permitted].some((one) => matches(one, subject)))
    expect(foreign).toEqual([])
    expect(heardByOthers.flat()).toEqual([])
    expect(await stored()).toEqual(before)
    expect(await kept()).toBe('changed')
    await Promise.all([own, watching, ...hearers].map((nc) => nc.close()))
  })
})

describe('the bucket of changed passwords', () => {
  it.each(['session', 'admin', 'documents', 'files'] as const)('is not there for %s', async (user) => {
    const nc = await connectAs(user)
    const { streams } = await jetstreamManager(nc, { checkAPI: false })
    await expect(streams.info(BUCKET.name)).rejects.toThrow(/stream not found|permissions violation/i)
    await expect(streams.getMessage(BUCKET.name, { last_by_subj: KEPT })).rejects.toThrow(
      /stream not found|permissions violation/i,
    )
    await nc.close()
  })

  it('is read and written by no stream that session creates: mirror, source or republication', async () => {
    const { streams } = await jetstreamManager(session)
    const [republishing, source] = ['curfew.7.log.republished', { name: BUCKET.name }]
    await streams.add({
      name: 'REPUBLISHING',
      subjects: [republishing],
      republish: { src: republishing, dest: KEPT },
    })
    await streams.add({ name: 'COPY_OF_LOG', mirror: { name: LOG.name } })
    // Servers differ in whether they let a stream be created whose source is not there.
    for (const stealing of [
      { name: 'MIRROR', mirror: source },
      { name: 'SOURCED', sources: [source] },
      { name: 'LISTENING', subjects: ['$KV.curfew_accounts.>'] },
    ])
      await streams.add(stealing).catch(() => undefined)
    await jetstream(session).publish(republishing, 'forged')
    await jetstream(gateway).publish('$KV.curfew_accounts.later', 'changed')

    const countOf = async (name: string): Promise<number> =>
      (await streams.info(name).catch(() => undefined))?.state.messages ?? 0
    expect(await eventually(async () => (await countOf('COPY_OF_LOG')) > 0)).toBe(true)
    expect(await Promise.all(['MIRROR', 'SOURCED'].map(countOf))).toEqual([0, 0])
    const listening = await (
      await jetstreamManager(admin)
    ).streams.getMessage('LISTENING', {
      last_by_subj: '$KV.curfew_accounts.>',
    })
    // At most what session itself has said, in its own account.
    expect([undefined, 'forged']).toContain(listening?.string())
    expect(await kept()).toBe('changed')
  })

  it('is made by the gateway under that one name, and not changed by making it again', async () => {
    const { streams } = await jetstreamManager(gateway, { checkAPI: false })
    await streams.add(BUCKET)
    await expect(streams.add({ ...BUCKET, republish: { src: '>', dest: 'x.>' } })).rejects.toThrow(
      /already in use/,
    )
    await expect(streams.add({ name: 'OTHER', subjects: ['other'] })).rejects.toThrow(
      /permissions violation/i,
    )
  })

  it('has room of its own: its account can take none from the log', async () => {
    const nc = await connectAs('gateway_admin')
    const manager = await jetstreamManager(nc)
    const { limits } = await manager.getAccountInfo()
    expect(limits.max_storage).toBeGreaterThan(60 * 1_024 * 1_024)
    const tooLarge = { name: 'TOO_LARGE', subjects: ['large'], max_bytes: limits.max_storage + 1 }
    await expect(manager.streams.add(tooLarge)).rejects.toThrow(/storage|resources/i)
    const { limits: ofLog } = await (await jetstreamManager(session)).getAccountInfo()
    expect(ofLog.max_storage).toBe(2 * 1_024 ** 3)
    await nc.close()
  })
})

describe('between accounts', () => {
  it('the feed comes whole and in order', async () => {
    const nc = await connectAs('documents')
    const sequences: number[] = []
    nc.subscribe('curfew.*.feed.>', {
      callback: (_, message) => void sequences.push(Number(message.headers?.get('Nats-Sequence'))),
    })
    await nc.flush()
    const js = jetstream(session)
    const acknowledged = await Promise.all(
      Array.from({ length: 500 }, (_, n) => js.publish(`curfew.1.log.order.${n % 7}`, '{}')),
    )
    expect(await eventually(() => sequences.length === acknowledged.length)).toBe(true)
    const first = Math.min(...acknowledged.map(({ seq }) => seq))
    expect(sequences.toSorted((a, b) => a - b)).toEqual(acknowledged.map((_, index) => first + index))
    await nc.close()
  })
})
