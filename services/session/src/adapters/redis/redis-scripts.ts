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
local created, seen, authentication = unpack(redis.call('HMGET', KEYS[1], 'n', 's', 'a'))
if not created or not seen or not authentication then return 0 end
local sinceThen = tonumber(ARGV[1]) - tonumber(created)
if tonumber(seen) >= sinceThen then return 0 end
redis.call('HSET', KEYS[1], 's', string.format('%.0f', sinceThen))
local _, absolute, idle = unpack(cjson.decode(authentication))
local expiry = tonumber(created) + math.min(sinceThen + idle, absolute) + tonumber(ARGV[2])
return redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', expiry))`

/** KEYS session; ARGV position of the revocation. */
export const END_SESSION = `
local birth = redis.call('HGET', KEYS[1], 'b')
if not birth or birth >= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])`

/**
 * What is listed of a user's sessions expires with the last of them where nothing else is known of the user. What never
 * expires is not made to by them.
 */
const listedAs = (login: string): string => `
local onlyLater = redis.call('EXISTS', KEYS[1]) == 1 and { 'GT' } or {}
redis.call('HSET', KEYS[1], ARGV[1], ${login})
redis.call('PEXPIREAT', KEYS[1], ARGV[2], unpack(onlyLater))`

/** KEYS what is known of a user; ARGV session, until when its entry is needed at least. It has no place in their order yet. */
export const LIST_SESSION = listedAs('0')

/**
 * KEYS and ARGV like LIST_SESSION, then how many sessions may be. Puts the session behind all others. Answers nothing where
 * there are certainly not too many, else all that is known of the user: there are more fields than sessions.
 */
export const ENROL_SESSION = `${listedAs(`redis.call('HINCRBY', KEYS[1], 'n', 1)`)}
if redis.call('HLEN', KEYS[1]) <= tonumber(ARGV[3]) then return {} end
return redis.call('HGETALL', KEYS[1])`

/** KEYS what is known of a user; ARGV session and number of its login, in turns. Who has been enrolled since stays. */
export const STRIKE_SESSIONS = `
for at = 1, #ARGV, 2 do
  if redis.call('HGET', KEYS[1], ARGV[at]) == ARGV[at + 1] then redis.call('HDEL', KEYS[1], ARGV[at]) end
end`

/**
 * KEYS what is known of a user, or of everything wide; ARGV field, value that begins with its position. What the log has said
 * stays, also of a user of whom there were only sessions until now.
 */
export const TELL = `
local known = redis.call('HGET', KEYS[1], ARGV[1])
if known and string.sub(known, 1, 23) >= string.sub(ARGV[2], 1, 23) then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('PERSIST', KEYS[1])
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

/** KEYS names by when they are due; ARGV the time, how many. Takes names that are due and answers them: each goes to one caller. */
export const TAKE_DUE_NAMES = `
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[2])
if #due > 0 then redis.call('ZREM', KEYS[1], unpack(due)) end
return due`
