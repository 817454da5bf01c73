/**
 * ④ ⑤ The scripts that run inside Redis, each on one key.
 * Promise: every one may run twice, late or beside another replica's without changing what a later fact has settled.
 */

/** KEYS session; ARGV when it may go, then field and value pairs. */
export const CREATE_SESSION = `
redis.call('HSET', KEYS[1], unpack(ARGV, 2))
return redis.call('PEXPIREAT', KEYS[1], ARGV[1])`

/**
 * KEYS session; ARGV time seen, how long it stays after its end. Only forward, and only while the session exists. The limits are those that it has by now:
 * a re-authentication may have come between.
 */
export const TOUCH_SESSION = `
local session = redis.call('HMGET', KEYS[1], 's', 'i', 'x')
if not session[1] or tonumber(session[1]) >= tonumber(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], 's', ARGV[1])
local expiry = math.min(tonumber(ARGV[1]) + tonumber(session[2]), tonumber(session[3]))
return redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', expiry + tonumber(ARGV[2])))`

/** KEYS session; ARGV position of the revocation. Answers whose it was. */
export const END_SESSION = `
local session = redis.call('HMGET', KEYS[1], 't', 'u', 'b')
if not session[3] or session[3] >= ARGV[1] then return false end
redis.call('DEL', KEYS[1])
return { session[1], session[2] }`

/** KEYS sessions of a subject; ARGV session, its nearer limit, before which limit an entry goes. */
export const INDEX_SUBJECT_SESSION = `
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[3])
redis.call('ZADD', KEYS[1], 'GT', ARGV[2], ARGV[1])
local last = redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')
return redis.call('PEXPIREAT', KEYS[1], last[2])`

/**
 * KEYS logins of a subject, its sessions by deadline; ARGV session, how many may be, now, how long the session lives at most.
 * Answers nothing where there are not too many, else all that have not reached a limit, in order.
 */
export const ENROL_SESSION = `
local last = redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')
redis.call('ZADD', KEYS[1], 'NX', (tonumber(last[2]) or 0) + 1, ARGV[1])
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[4]) then redis.call('PEXPIRE', KEYS[1], ARGV[4]) end
if redis.call('ZCARD', KEYS[1]) <= tonumber(ARGV[2]) then return {} end
local counted = {}
for _, session in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  local deadline = redis.call('ZSCORE', KEYS[2], session)
  if not deadline then redis.call('ZREM', KEYS[1], session)
  elseif tonumber(deadline) > tonumber(ARGV[3]) then counted[#counted + 1] = session end
end
if #counted <= tonumber(ARGV[2]) then return {} end
return counted`

/** KEYS subject; ARGV name of the position's field, position, then further field and value pairs. */
export const TELL_SUBJECT = `
if (redis.call('HGET', KEYS[1], ARGV[1]) or '') >= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], unpack(ARGV))
return 1`

/** KEYS wide; ARGV field, value that begins with its position. */
export const TELL_WIDE = `
local known = redis.call('HGET', KEYS[1], ARGV[1])
if known and string.sub(known, 1, 23) >= string.sub(ARGV[2], 1, 23) then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return 1`

/** KEYS wide; ARGV field, the position of the value that is to go. */
export const FORGET_WIDE = `
local known = redis.call('HGET', KEYS[1], ARGV[1])
if not known or string.sub(known, 1, 23) ~= ARGV[2] then return 0 end
return redis.call('HDEL', KEYS[1], ARGV[1])`

/**
 * KEYS applied; ARGV what the caller knows it to be at least, what it may become. Answers what it is now.
 * A smaller value than the caller knows means that this Redis has lost writes: moving it forward would hide that.
 */
export const ADVANCE_APPLIED = `
local applied = redis.call('GET', KEYS[1]) or ''
if applied < ARGV[1] or applied >= ARGV[2] then return applied end
redis.call('SET', KEYS[1], ARGV[2])
return ARGV[2]`

/** KEYS log; ARGV epoch and id of the log that is followed now. Answers what is recorded: never an earlier epoch again. */
export const ENTER_LOG = `
local known = redis.call('GET', KEYS[1])
if known and string.sub(known, 1, 6) >= string.sub(ARGV[1], 1, 6) then return known end
redis.call('SET', KEYS[1], ARGV[1])
return ARGV[1]`

/** KEYS audit head; ARGV value that begins with its position. */
export const ADVANCE_AUDIT_HEAD = `
local known = redis.call('GET', KEYS[1]) or ''
if string.sub(known, 1, 16) >= string.sub(ARGV[1], 1, 16) then return 0 end
redis.call('SET', KEYS[1], ARGV[1])
return 1`
