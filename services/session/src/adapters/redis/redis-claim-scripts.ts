/**
 * ④ ⑦ What happens to a claim inside Redis, each script on its one key.
 * Promise: of concurrent callers exactly one gets the claim; over all attempts the bytes sent are at most those of the file
 * plus the allowance.
 */

/**
 * KEYS claim; ARGV time to remember it, delivery (empty: an act that is done at once), offset of its first byte, bytes that
 * may be sent again. Fields: s state (d done, u under way, o open for what is left), i delivery, b its first byte, f the
 * least offset that may be asked for next, r the offset that was reached, w bytes that may still be sent again.
 * Answers t for taken, or the state.
 */
export const TAKE_CLAIM = `
local claim = redis.call('HMGET', KEYS[1], 's', 'f', 'r', 'w')
local from = tonumber(ARGV[3])
local again = tonumber(ARGV[4])
if claim[1] then
  if claim[1] ~= 'o' then return claim[1] end
  if ARGV[2] == '' or from < tonumber(claim[2]) then return 'd' end
  again = tonumber(claim[4]) - math.max(0, tonumber(claim[3]) - from)
else
  redis.call('HSET', KEYS[1], 's', 'd')
  redis.call('PEXPIRE', KEYS[1], ARGV[1])
  if ARGV[2] == '' then return 't' end
end
redis.call('HSET', KEYS[1], 's', 'u', 'i', ARGV[2], 'b', from, 'w', again)
return 't'`

/** KEYS claim; ARGV delivery, offset reached, how it ended. */
export const RELEASE_CLAIM = `
local claim = redis.call('HMGET', KEYS[1], 's', 'i', 'b', 'w')
if claim[1] ~= 'u' or claim[2] ~= ARGV[1] then return 0 end
if ARGV[3] == 'done' then return redis.call('HSET', KEYS[1], 's', 'd') end
local from = tonumber(claim[3])
local reached = math.max(from, tonumber(ARGV[2]))
local least = reached
if ARGV[3] == 'broken' and reached > from then
  least = math.max(from, reached - tonumber(claim[4]))
end
return redis.call('HSET', KEYS[1], 's', 'o', 'f', least, 'r', reached)`
