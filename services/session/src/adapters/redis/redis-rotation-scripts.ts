/**
 * ④ The scripts of a rotation, each on the one key of its session.
 * Promise: each compares before it sets, and may run twice or late: what a later step has settled stays.
 */

/** KEYS session; ARGV hash of the present secret, the pending one as text. Another that was pending is given up by it. */
export const BEGIN_ROTATION = `
local current = redis.call('HGET', KEYS[1], 'h')
if not current then return 'gone' end
if current ~= ARGV[1] then return 'superseded' end
redis.call('HSET', KEYS[1], 'k', ARGV[2])
return 'done'`

/**
 * KEYS session; ARGV hash of the new secret, hash of the present one, the ends of both overlaps, how long the list of
 * predecessors may be; after a re-authentication when it may go, then field and value pairs.
 */
export const COMMIT_ROTATION = `
local session = redis.call('HMGET', KEYS[1], 'h', 'k', 'e')
if not session[1] then return 'gone' end
if session[1] == ARGV[1] then return 'done' end
if session[1] ~= ARGV[2] or not session[2] or string.sub(session[2], 1, #ARGV[1]) ~= ARGV[1] then
  return 'superseded'
end
local predecessors = string.sub(ARGV[2] .. (session[3] or ''), 1, tonumber(ARGV[5]))
redis.call('HSET', KEYS[1], 'h', ARGV[1], 'e', predecessors, 'o', ARGV[3], 'q', ARGV[4])
redis.call('HDEL', KEYS[1], 'k')
if #ARGV > 5 then
  redis.call('HSET', KEYS[1], unpack(ARGV, 7))
  redis.call('PEXPIREAT', KEYS[1], ARGV[6])
end
return 'done'`

/** KEYS session; ARGV hash of the pending secret. From then on it cannot be put in place any more. */
export const WITHDRAW_ROTATION = `
local pending = redis.call('HGET', KEYS[1], 'k')
if not pending or string.sub(pending, 1, #ARGV[1]) ~= ARGV[1] then return 0 end
return redis.call('HDEL', KEYS[1], 'k')`

/** KEYS session; ARGV hash of the present secret, when the time of the one before ends. Only ever earlier. */
export const END_OVERLAP = `
local session = redis.call('HMGET', KEYS[1], 'h', 'o')
if session[1] ~= ARGV[1] or not session[2] or tonumber(session[2]) <= tonumber(ARGV[2]) then return 0 end
redis.call('HSET', KEYS[1], 'o', ARGV[2])
return 1`
