/**
 * ⑤ infra/nats/nats.conf, held against a real server.
 */
import { AckPolicy, DeliverPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import type { NatsUser } from '../src/index.ts'
import { SERVICES, natsWire, permissionsOn, type NatsWire } from './nats-wire.ts'
import { scratchServers, type ScratchServers } from './scratch.ts'

const STREAM = {
  name: 'CURFEW_1',
  subjects: ['curfew.1.log.>'],
  max_msgs_per_subject: 1,
  deny_delete: true,
  deny_purge: true,
  republish: { src: 'curfew.1.log.>', dest: 'curfew.1.feed.>' },
}

let scratch: ScratchServers
let wire: NatsWire

beforeAll(async () => {
  scratch = await scratchServers()
  wire = natsWire(scratch.servers.nats.port, scratch.credentials)
})

afterAll(() => scratch[Symbol.asyncDispose]())

function connectAs(user: NatsUser): Promise<NatsConnection> {
  return connect({
    servers: `127.0.0.1:${scratch.servers.nats.port}`,
    user,
    pass: scratch.credentials.nats[user],
    inboxPrefix: `_INBOX_${user}`,
    timeout: 2_000,
  })
}

const { publishersOf, subscribersOf } = permissionsOn(() => wire)

describe('logging in', () => {
  it('is refused without a user, with a wrong password and with another user’s password', async () => {
    const { credentials } = scratch
    expect(await wire.logIn('', '')).toContain('Authorization Violation')
    expect(await wire.logIn('session', 'wrong')).toContain('Authorization Violation')
    expect(await wire.logIn('session', credentials.nats.files)).toContain('Authorization Violation')
    expect(await wire.logIn('session', credentials.nats.session)).toContain('PONG')
  })
})

describe('the log', () => {
  it.each([
    'curfew.1.log.revoked.global',
    'curfew.1.log.grants.acme.alice',
    'curfew.2.log.barrier.x',
    'curfew.1.log.closed',
  ])('is written by session alone: %s', async (subject) => {
    expect(await publishersOf(subject)).toEqual(['session'])
  })

  it('is not the audit trail, which session alone writes as well, and nobody listens in on', async () => {
    expect(await publishersOf('curfew.audit.trail')).toEqual(['session'])
    expect(await subscribersOf('curfew.audit.trail')).toEqual([])
    expect(await publishersOf('curfew.audit.record')).toEqual(['gateway'])
    expect(await subscribersOf('curfew.audit.record')).toEqual(['session'])
  })

  it('cannot be forged through the feed, by anyone', async () => {
    expect(await publishersOf('curfew.1.feed.revoked.global')).toEqual([])
  })

  it('is followed by session, gateway and documents; files has no part in it', async () => {
    expect(await subscribersOf('curfew.1.feed.>')).toEqual(['session', 'gateway', 'documents'])
    expect(await subscribersOf('curfew.1.log.>')).toEqual([])
  })

  it('is created, written and read by session with the real client', async () => {
    const nc = await connectAs('session')
    try {
      const manager = await jetstreamManager(nc)
      await manager.streams.add(STREAM)
      const js = jetstream(nc)
      const { seq } = await js.publish('curfew.1.log.genesis', '{}', { msgID: 'genesis' })
      expect((await js.publish('curfew.1.log.genesis', '{}', { msgID: 'genesis' })).duplicate).toBe(true)
      expect((await manager.streams.info('CURFEW_1')).state.last_seq).toBe(seq)
      expect((await manager.streams.getMessage('CURFEW_1', { seq }))?.seq).toBe(seq)

      const ordered = await js.consumers.get('CURFEW_1', {
        opt_start_seq: 1,
        deliver_policy: DeliverPolicy.StartSequence,
      })
      expect((await ordered.next({ expires: 2_000 }))?.seq).toBe(seq)
      await ordered.delete()

      await manager.consumers.add('CURFEW_1', { durable_name: 'follower', ack_policy: AckPolicy.Explicit })
      const durable = await js.consumers.get('CURFEW_1', 'follower')
      expect(await (await durable.next({ expires: 2_000 }))?.ackAck()).toBe(true)
      expect(await manager.consumers.delete('CURFEW_1', 'follower')).toBe(true)
    } finally {
      await nc.close()
    }
  })

  it('cannot be deleted, purged, shrunk or rewritten, not even by session', async () => {
    const nc = await connectAs('session')
    try {
      const manager = await jetstreamManager(nc)
      await manager.streams.add(STREAM)
      await jetstream(nc).publish('curfew.1.log.kept', '{}')
      await expect(manager.streams.delete('CURFEW_1')).rejects.toThrow(/permissions violation/i)
      await expect(manager.streams.purge('CURFEW_1')).rejects.toThrow(/permissions violation/i)
      await expect(manager.streams.deleteMessage('CURFEW_1', 1)).rejects.toThrow(/permissions violation/i)
      await expect(manager.streams.update('CURFEW_1', { max_msgs: 1 })).rejects.toThrow(
        /permissions violation/i,
      )
      expect(await manager.streams.getMessage('CURFEW_1', { last_by_subj: 'curfew.1.log.kept' })).toBeTruthy()
    } finally {
      await nc.close()
    }
  })

  it.each([
    'INFO',
    'STREAM.NAMES',
    'STREAM.CREATE.CURFEW_9',
    'STREAM.INFO.CURFEW_1',
    'STREAM.MSG.GET.CURFEW_1',
    'CONSUMER.CREATE.CURFEW_1',
    'CONSUMER.CREATE.CURFEW_1.name.curfew.1.log.revoked',
    'CONSUMER.MSG.NEXT.CURFEW_1.name',
  ])('has its stream created and read by session alone: %s', async (call) => {
    expect(await publishersOf(`$JS.API.${call}`)).toEqual(['session'])
  })

  it.each([
    'STREAM.UPDATE.CURFEW_1',
    'STREAM.DELETE.CURFEW_1',
    'STREAM.PURGE.CURFEW_1',
    'STREAM.RESTORE.CURFEW_1',
    'STREAM.SNAPSHOT.CURFEW_1',
    'STREAM.MSG.DELETE.CURFEW_1',
    'STREAM.LEADER.STEPDOWN.CURFEW_1',
    'STREAM.PEER.REMOVE.CURFEW_1',
    'ACCOUNT.PURGE.CURFEW',
    'SERVER.REMOVE',
    'STREAM.UPDATE.KV_curfew_accounts',
    'STREAM.DELETE.KV_curfew_accounts',
    'STREAM.PURGE.KV_curfew_accounts',
    'STREAM.SNAPSHOT.KV_curfew_accounts',
    'STREAM.RESTORE.KV_curfew_accounts',
    'STREAM.MSG.DELETE.KV_curfew_accounts',
    'DIRECT.GET.KV_curfew_accounts',
  ])('is out of every service’s reach for %s', async (call) => {
    expect(await publishersOf(`$JS.API.${call}`)).toEqual([])
  })
})

describe('resolving', () => {
  it('is asked by gateway and documents, each under its own name, and by files not at all', async () => {
    expect(await publishersOf('curfew.1.resolve.gateway')).toEqual(['gateway'])
    expect(await publishersOf('curfew.1.resolve.documents')).toEqual(['documents'])
    expect(await publishersOf('curfew.1.resolve.files')).toEqual([])
    expect(await publishersOf('curfew.hello')).toEqual(['gateway', 'documents'])
  })

  it.each(['curfew.1.resolve.*', 'curfew.1.resolve.gateway', 'curfew.hello', 'curfew.hello session'])(
    'is answered by session: nobody else hears what is asked (%s)',
    async (subject) => {
      expect(await subscribersOf(subject)).toEqual(['session'])
    },
  )
})

describe('leases and members', () => {
  it.each(['curfew.1.lease.renew', 'curfew.1.member.join', 'curfew.1.member.leave'])(
    'are asked for by those who check sessions, each in its own name, and heard by session alone: %s',
    async (subject) => {
      for (const speaker of ['gateway', 'documents'])
        expect(await publishersOf(`${subject}.${speaker}`)).toEqual([speaker])
      expect(await publishersOf(`${subject}.session`)).toEqual([])
      expect(await publishersOf(`${subject}.files`)).toEqual([])
      expect(await subscribersOf(`${subject}.*`)).toEqual(['session'])
      expect(await subscribersOf(`${subject}.* session`)).toEqual(['session'])
    },
  )

  it('are recorded in the log by session alone', async () => {
    for (const subject of ['curfew.1.log.member.gw', 'curfew.1.log.config', 'curfew.1.log.barrier.session-1'])
      expect(await publishersOf(subject)).toEqual(['session'])
  })

  it('are acknowledged by every member, replicas included, each in its own name, and heard of by session alone', async () => {
    for (const speaker of ['session', 'gateway', 'documents'])
      expect(await publishersOf(`curfew.1.ack.session-1.${speaker}`)).toEqual([speaker])
    expect(await publishersOf('curfew.1.ack.session-1.files')).toEqual([])
    expect(await subscribersOf('curfew.1.ack.session-1.*')).toEqual(['session'])
    expect(await subscribersOf('curfew.1.ack.*.*')).toEqual(['session'])
  })

  it.each([
    'curfew.1.lease.grant',
    'curfew.1.lease',
    'curfew.1.lease.renew',
    'curfew.1.member.a.b.c',
    'curfew.1.ack.a',
  ])('have nothing else beside them: %s', async (subject) => {
    expect(await publishersOf(subject)).toEqual([])
    expect(await subscribersOf(subject)).toEqual([])
  })
})

describe('sessions and claims', () => {
  it.each(['prepare', 'create', 'end'])('begin and end at the gateway’s word only: %s', async (call) => {
    expect(await publishersOf(`curfew.sessions.${call}`)).toEqual(['gateway'])
    expect(await subscribersOf(`curfew.sessions.${call}`)).toEqual(['session'])
  })

  it('are spent by files only, and nobody but session hears of it', async () => {
    expect(await publishersOf('curfew.claims.redeem')).toEqual(['files'])
    expect(await subscribersOf('curfew.claims.redeem')).toEqual(['session'])
  })
})

describe('what the gateway asks and tells for the person behind a session', () => {
  it.each(['curfew.sessions.rotate', 'curfew.throttle.take', 'curfew.audit.record'])(
    'is heard by session alone: %s',
    async (subject) => {
      expect(await publishersOf(subject)).toEqual(['gateway'])
      expect(await subscribersOf(subject)).toEqual(['session'])
    },
  )
})

describe('answers', () => {
  it.each(SERVICES)('for %s are heard by it alone, and no service can write to its inbox', async (owner) => {
    expect(await subscribersOf(`_INBOX_${owner}.>`)).toEqual([owner])
    expect(await subscribersOf(`_INBOX_${owner}.*.*`)).toEqual([owner])
    expect(await publishersOf(`_INBOX_${owner}.forged`)).toEqual([])
  })

  it('to other accounts are given by session alone, and heard on their way by nobody', async () => {
    expect(await publishersOf('_R_.forged')).toEqual(['session'])
    expect(await subscribersOf('_R_.>')).toEqual([])
  })

  it.each(['>', '*', '*.>', '_INBOX.>', 'curfew.>', 'curfew.*', '$SYS.>', '$JS.>'])(
    'cannot be caught with the wildcard %s',
    async (subject) => {
      expect(await subscribersOf(subject)).toEqual([])
    },
  )
})
