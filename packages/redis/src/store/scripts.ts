/** Owns the scripts that run in Redis, each at once and whole, and how they are called: by hash, and anew where it is lost. */
import { createHash } from 'node:crypto'
import { isNoScript } from '../client/failures.ts'
import type { Argument, Commands } from '../client/port.ts'

export interface Script {
  readonly text: string
  readonly sha: string
}

function script(text: string): Script {
  return { text, sha: createHash('sha1').update(text).digest('hex') }
}

/**
 * KEYS: buckets. ARGV for each: how long it is kept from now at least (ms), how many cells, and their fields and values.
 * A cell stays that is newer. Versions are compared byte by byte: how text is ordered depends on a server's locale.
 * Gives back how many cells were older than what is kept.
 */
export const WRITE: Script = script(`
local older, at = 0, 1
for k = 1, #KEYS do
  local key, ttl, n = KEYS[k], tonumber(ARGV[at]), tonumber(ARGV[at + 1])
  at = at + 2
  local fields = {}
  for i = 1, n do fields[i] = ARGV[at + 2 * i - 2] end
  local kept = redis.call('HMGET', key, unpack(fields))
  local stays
  for i = 1, n do
    local before = kept[i]
    if before then
      if #before < 10 then return redis.error_reply('NOTOURS a value of ' .. #before .. ' bytes') end
      local value = ARGV[at + 2 * i - 1]
      for b = 1, 9 do
        local x, y = string.byte(before, b), string.byte(value, b)
        if x ~= y then
          if x > y then
            stays = stays or {}
            stays[i] = true
            older = older + 1
          end
          break
        end
      end
    end
  end
  if not stays then
    redis.call('HSET', key, unpack(ARGV, at, at + 2 * n - 1))
  else
    local set = {}
    for i = 1, n do
      if not stays[i] then
        set[#set + 1] = fields[i]
        set[#set + 1] = ARGV[at + 2 * i - 1]
      end
    end
    if #set > 0 then redis.call('HSET', key, unpack(set)) end
  end
  at = at + 2 * n
  if redis.call('PTTL', key) < ttl then redis.call('PEXPIRE', key, ttl) end
end
return older`)

/** Which life a server is in: another one after each start, and another one of each replica. */
const LIFE = "string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')"

/** KEYS: the state of a shard. ARGV: a field and an offset, which does not become smaller. Gives back the life of the server. */
export const ANNOUNCE: Script = script(`
local now, to = redis.call('HGET', KEYS[1], ARGV[1]), ARGV[2]
if not now or #now < #to or (#now == #to and now < to) then redis.call('HSET', KEYS[1], ARGV[1], to) end
return ${LIFE}`)

/** KEYS: the state of a shard. ARGV: what fields with announced offsets begin with. Gives back the life of the server, then those. */
export const GLANCE: Script = script(`
local out, all = {${LIFE}}, redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  if string.sub(all[i], 1, #ARGV[1]) == ARGV[1] then
    out[#out + 1] = all[i]
    out[#out + 1] = all[i + 1]
  end
end
return out`)

/**
 * KEYS: the state of a shard. ARGV: the field of a log partition, the offset that must stand there ('' for none), the new
 * text, what fields with positions of this shard begin with, the life that the server must be in ('' for any: what it had
 * acknowledged in another one may be gone). Gives back 1 or 0, and what stands there now. What is said of shards that had
 * other slots goes with the first position of this one: were the slots to come back, what lies there may not.
 */
export const MOVE: Script = script(`
local now = redis.call('HGET', KEYS[1], ARGV[1])
local offset = now and string.match(now, '^%S+') or ''
if offset ~= ARGV[2] or (ARGV[5] ~= '' and ARGV[5] ~= ${LIFE}) then return {0, now or ''} end
if not now then
  for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
    local kind = string.sub(field, 1, 2)
    if (kind == 'p:' or kind == 'a:') and string.sub(field, 3, #ARGV[4]) ~= string.sub(ARGV[4], 3) then
      redis.call('HDEL', KEYS[1], field)
    end
  end
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return {1, ARGV[3]}`)

/** KEYS: the state of a shard. ARGV: a field and a time that must not become smaller. */
export const RAISE: Script = script(`
local now = redis.call('HGET', KEYS[1], ARGV[1])
if not now or tonumber(now) < tonumber(ARGV[2]) then redis.call('HSET', KEYS[1], ARGV[1], ARGV[2]) end
return 1`)

/** KEYS: the state of a shard. ARGV: a field and a number. Gives back one more than both, which stands there then. */
export const NEXT: Script = script(`
local next = math.max(tonumber(redis.call('HGET', KEYS[1], ARGV[1]) or 0), tonumber(ARGV[2])) + 1
redis.call('HSET', KEYS[1], ARGV[1], next)
return next`)

/** Runs a script on keys of one slot. */
export async function run(
  commands: Commands,
  { text, sha }: Script,
  keys: readonly Buffer[],
  args: readonly Argument[],
): Promise<unknown> {
  const rest = [String(keys.length), ...keys, ...args]
  try {
    return await commands.send(keys[0], ['EVALSHA', sha, ...rest])
  } catch (error) {
    if (!isNoScript(error)) throw error
    // A server that was restarted, or has taken over, does not know it.
    return commands.send(keys[0], ['EVAL', text, ...rest])
  }
}
