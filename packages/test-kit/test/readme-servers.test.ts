/**
 * README.md, first example: a test of something that speaks to Redis.
 */
import { startTestServers } from '@curfew/test-kit'
import { Redis } from 'ioredis'
import { expect, test } from 'vitest'

test('what was written is there after a crash', async () => {
  await using servers = await startTestServers()
  const redis = new Redis(servers.redisUrl('admin'))
  await redis.set('key', 'value')
  await servers.redis.kill('SIGKILL')
  await servers.redis.restart()
  expect(await redis.get('key')).toBe('value')
  redis.disconnect()
})
