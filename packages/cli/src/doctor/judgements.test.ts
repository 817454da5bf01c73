import { readFileSync } from 'node:fs'

import { streamName } from '@curfew/contracts'
import type { StreamInfo } from '@nats-io/jetstream'
import { describe, expect, it } from 'vitest'

import type { Verifier } from '../api/answers.ts'
import type { Finding } from './findings.ts'
import { judgeBucket, judgeLog, judgeLogRoom, judgeRoom, judgeServer, judgeTrailRoom } from './nats.ts'
import { judgeInfo, judgeSettings, judgeSettingsOfMany, SETTINGS, SETTINGS_OF_MANY } from './redis.ts'
import { judgeClocks, judgeMetrics, judgeReadiness } from './replicas.ts'
import { judgeVerifiers } from './verifiers.ts'
import { isAtLeast } from './versions.ts'

function levels(findings: readonly Finding[]): string[] {
  return findings.map(({ level }) => level)
}

function verifier(changes: Partial<Verifier>): Verifier {
  return {
    id: 'gateway-1',
    kind: 'verifier',
    service: 'gateway',
    host: 'a',
    protocol: 1,
    applied: '000001.0000000000000009',
    lag: 0,
    lease_remaining_ms: 4_000,
    cached_sessions: 0,
    joined_at: '2026-11-28T00:00:00.000Z',
    ...changes,
  }
}

describe('verifiers', () => {
  it.each([
    ['that keep up are fine', verifier({}), ['ok']],
    ['that have no lease are a problem', verifier({ lease_remaining_ms: 0 }), ['ok', 'problem']],
    ['that fall behind are a warning', verifier({ applied: '000001.0000000000000007' }), ['ok', 'warning']],
  ])('%s', (_name, now, expected) => {
    expect(levels(judgeVerifiers([verifier({ applied: '000001.0000000000000008' })], [now]))).toEqual(
      expected,
    )
  })

  it('that are not there at all are a problem', () => {
    expect(levels(judgeVerifiers([], []))).toEqual(['problem'])
  })

  it('that speak different versions are a warning', () => {
    expect(levels(judgeVerifiers([], [verifier({}), verifier({ protocol: 2 })]))).toEqual(['ok', 'warning'])
  })
})

describe('a version', () => {
  it.each([
    ['2.9.10', '2.10.0', false],
    ['2.10.0', '2.10.0', true],
    ['2.14.6-RC.1', '2.14.6', true],
    ['v2.12.15', '2.12.15', true],
    ['2.12', '2.12.1', false],
    ['', '1.0', false],
    ['unknown', '1.0', false],
  ])('%s is at least %s: %s', (version, least, expected) => {
    expect(isAtLeast(version, least)).toBe(expected)
  })
})

describe('NATS', () => {
  it.each([
    ['2.9.10', 'problem'],
    ['2.12.14', 'problem'],
    ['2.12.15', 'warning'],
    ['2.14.6', 'ok'],
  ])('%s is a %s', (version, level) => {
    const [first] = judgeServer({ version, cluster: 'c', tls_required: true })
    expect(first?.level).toBe(level)
  })

  it('in which somebody may purge the log, or has bounded it, is a problem', () => {
    const config = { name: streamName(1), deny_purge: false, max_msgs_per_subject: 1, num_replicas: 3 }
    const info = { config, state: { messages: 1 }, cluster: undefined } as unknown as StreamInfo
    expect(judgeLog(1, info, true)).toEqual([
      expect.objectContaining({ level: 'problem', says: expect.stringContaining('deny_purge') }),
    ])
  })
})

describe('Redis', () => {
  const shipped = (): [string, string][] => {
    const file = new URL('../../../../infra/redis/redis.conf', import.meta.url)
    return readFileSync(file, 'utf8')
      .split('\n')
      .flatMap((line): [string, string][] => {
        const [, name, value] = /^([a-z-]+) (\S+)$/.exec(line) ?? []
        return name === undefined || value === undefined ? [] : [[name, value]]
      })
  }

  it('as it is shipped here has every setting that is asked for', () => {
    expect(levels(judgeSettings(shipped()))).toEqual(['ok'])
  })

  it.each(SETTINGS.map(({ name }) => [name]))('with another %s is a problem', (changed) => {
    const values = shipped().map(([name, value]): [string, string] => [
      name,
      name === changed ? 'other' : value,
    ])
    expect(judgeSettings(values)).toEqual([
      expect.objectContaining({ level: 'problem', says: expect.stringContaining(changed) }),
    ])
  })

  it.each([
    [{ redis_version: '7.2.0' }, ['ok']],
    [{ redis_version: '7.2.4', valkey_version: '8.0.0' }, ['ok']],
    [{ redis_version: '7.0.15' }, ['warning']],
    [{ redis_version: '7.2.0', evicted_keys: '3' }, ['ok', 'problem']],
    [{ redis_version: '7.2.0', maxmemory: '1000', maxmemory_policy: 'noeviction' }, ['ok']],
    [{ redis_version: '7.2.0', maxmemory: '1000', maxmemory_policy: 'allkeys-lru' }, ['ok', 'problem']],
    [{ redis_version: '7.2.0', maxmemory: '1000', maxmemory_policy: 'volatile-lru' }, ['ok', 'problem']],
    [{ redis_version: '7.2.0', maxmemory: '0', maxmemory_policy: 'noeviction' }, ['ok', 'warning']],
    [{ redis_version: '7.2.0', aof_last_write_status: 'err' }, ['ok', 'problem']],
    [{ redis_version: '7.2.0', role: 'master', connected_slaves: '0' }, ['ok', 'warning']],
  ])('that says %j is judged %j', (info, expected) => {
    expect(levels(judgeInfo(info as unknown as Record<string, string>))).toEqual(expected)
  })
})

describe('several Redis servers', () => {
  const good: [string, string][] = [
    ['min-replicas-to-write', '1'],
    ['min-replicas-max-lag', '3'],
    ['cluster-node-timeout', '5000'],
    ['cluster-allow-reads-when-down', 'no'],
  ]
  const many = { connected_slaves: '2', cluster_enabled: '1' }

  it('that are set up as they should be need no word', () => {
    expect(judgeSettingsOfMany(good, many)).toEqual([])
  })

  it.each(SETTINGS_OF_MANY.map(({ name }) => [name]))('with another %s are a warning', (changed) => {
    const values = good.map(([name, value]): [string, string] => [name, name === changed ? '60000' : value])
    values[0] = changed === 'min-replicas-to-write' ? [changed, '0'] : (values[0] ?? ['', ''])
    expect(judgeSettingsOfMany(values, many)).toEqual([
      expect.objectContaining({ level: 'warning', says: expect.stringContaining(changed) }),
    ])
  })

  it('are not asked for where there is one', () => {
    expect(judgeSettingsOfMany([], { connected_slaves: '0', cluster_enabled: '0' })).toEqual([])
  })
})

describe('the room of NATS', () => {
  it.each([
    [10, 100, []],
    [51, 100, ['warning']],
    [91, 100, ['problem']],
    [91, -1, ['unseen']],
  ])('%i of %i bytes is judged %j', (used, most, expected) => {
    expect(levels(judgeRoom(used, most))).toEqual(expected)
  })

  it.each([
    [10, 100, false, '2.9.10', ['ok']],
    [10, undefined, false, '2.12.15', ['unseen']],
    [70, 100, false, '2.12.15', ['warning']],
    [80, 100, false, '2.12.15', ['problem']],
    [85, 100, false, '2.12.15', ['problem']],
    [95, 100, false, '2.12.15', ['problem']],
    [98, 100, false, '2.12.15', ['problem']],
    [99, 100, false, '2.12.15', ['problem']],
    [10, 100, true, '2.12.15', ['ok']],
    [10, 100, true, '2.9.10', ['ok', 'warning']],
  ])('of which the log has %i of %j, its account’s %j, at %s, is judged %j', (...room) => {
    const [bytes, maxBytes, isOfAccount, version, expected] = room
    expect(levels(judgeLogRoom({ bytes, maxBytes, isOfAccount }, version))).toEqual(expected)
  })
})

describe('the room of the audit trail', () => {
  it.each([
    [49, 100, 'ok'],
    [50, 100, 'warning'],
    [80, 100, 'problem'],
    [100, 100, 'problem'],
    [49, -1, 'warning'],
  ])('%i of %i bytes is judged %s', (used, most, expected) => {
    expect(judgeTrailRoom(used, most).level).toBe(expected)
  })
})

describe('an account of NATS that holds the log and the bucket of changed passwords', () => {
  it.each([
    [-1, /gateway does not find them/],
    [60_000_000, /have an entry stored in the log/],
  ])('is a problem: with a limit of %i bytes because %s', (maxBytes, says) => {
    expect(judgeBucket(maxBytes)).toMatchObject({ level: 'problem', says: expect.stringMatching(says) })
  })
})

describe('replicas', () => {
  it.each([
    ['curfew_projection_backlog_entries{service="session"} 0', ['ok']],
    ['curfew_projection_backlog_entries 5000', ['warning']],
    ['curfew_log_frozen{service="session"} 1', ['problem']],
    ['curfew_lease_remaining_seconds 0', ['problem']],
    ['curfew_audit_events_total{outcome="lost",service="session"} 0', []],
    ['curfew_audit_events_total{outcome="lost",service="session"} 7', ['warning']],
    ['http_requests_total 5', []],
  ])('whose numbers are %s are judged %j', (text, expected) => {
    expect(levels(judgeMetrics('http://a', `# HELP x\n${text}\n`))).toEqual(expected)
  })

  it('that are ready but degraded are a problem, though they answer 200', () => {
    const text = JSON.stringify({ status: 'degraded', checks: { log: 'ok', audit: 'full' } })
    expect(judgeReadiness('http://a', { status: 200, text })).toMatchObject({
      level: 'problem',
      says: 'http://a is ready, but audit: full.',
    })
    const ready = JSON.stringify({ status: 'ready', checks: { log: 'ok' } })
    expect(judgeReadiness('http://a', { status: 200, text: ready }).level).toBe('ok')
  })

  it.each([
    [0, 'Redis holds what the log says.'],
    [1, 'Redis holds what the log says, but for 1 entry on the way.'],
    [2, 'Redis holds what the log says, but for 2 entries on the way.'],
  ])('that are %i entries behind are told so', (backlog, told) => {
    const [finding] = judgeMetrics('http://a', `curfew_projection_backlog_entries ${backlog}\n`)
    expect(finding?.says).toBe(`http://a: ${told}`)
  })

  it.each([
    [[0, 900], 'ok'],
    [[0, 4_000], 'warning'],
    [[0, undefined], 'unseen'],
  ])('whose clocks are %j ms ahead are judged %s', (aheads, expected) => {
    const seen = aheads.map((clockAheadMs, index) => ({ url: `http://${index}`, clockAheadMs }))
    expect(levels(judgeClocks(seen))).toEqual([expected])
  })
})
