/**
 * What is asked of Redis, each at once and as a whole.
 *
 * A channel has two keys, of one slot: its events, a stream whose ids are `ID-0`; and where it stands, a hash of the
 * `last` id and of the `recent` appends. Ids of a channel are consecutive, so what was dropped is what is below the
 * first that is there. Where nothing is known of a channel, its ids begin at the time in microseconds: above all that
 * it may have had before.
 */
import { createHash } from 'node:crypto'

/** A Lua script and the name that Redis knows it by. */
export interface Script {
  readonly text: string
  readonly sha: string
}

function script (text: string): Script {
  return { text, sha: createHash('sha1').update(text).digest('hex') }
}

const TIME = `
local time = redis.call('TIME')
local micros = time[1] * 1000000 + time[2]
local function text (number) return string.format('%.0f', number) end
`

// Entries say until when they are kept, in ms; 0: for ever.
const EXPIRE = `
local function head ()
  return redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)[1]
end
local function expire ()
  local entry = head()
  while entry and entry[2][2] ~= '0' and tonumber(entry[2][2]) <= micros / 1000 do
    redis.call('XDEL', KEYS[1], entry[1])
    entry = head()
  end
  return entry
end
`

/**
 * Keys: the events, the standing. Arguments: the event, a name of this append, the size, the ttl in ms (0: none), ms that
 * the standing is remembered beyond it. A driver may send it twice, when a connection breaks: it is kept once.
 * @returns the id
 */
export const APPEND = script(`${TIME}${EXPIRE}
local event, name, size, ttl, beyond = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local standing = redis.call('HMGET', KEYS[2], 'last', 'recent')
local recent = standing[2] or ''
local given = string.match(recent, ' ' .. name .. '=(%d+)')
if given then return given end
local id = text((tonumber(standing[1]) or micros) + 1)
local till = ttl > 0 and text(micros / 1000 + ttl) or '0'
redis.call('XADD', KEYS[1], 'MAXLEN', size, id .. '-0', 'until', till, 'event', event)
redis.call('HSET', KEYS[2], 'last', id, 'recent', string.sub(recent .. ' ' .. name .. '=' .. id, -500))
expire()
if ttl > 0 then
  redis.call('PEXPIRE', KEYS[1], text(ttl))
  redis.call('PEXPIRE', KEYS[2], text(ttl + beyond))
else
  redis.call('PERSIST', KEYS[1])
  redis.call('PERSIST', KEYS[2])
end
return id
`)

/**
 * Keys: the events, the standing. Arguments: the id to go on after (-1: none, -2: all), events at most, ms that a
 * channel without events is remembered: who is told where it stands can come back as long.
 * @returns the last id of the channel, then ids and events in turn; nil where an event after that id is gone
 */
export const SINCE = script(`${TIME}${EXPIRE}
local after, limit, beyond = tonumber(ARGV[1]), ARGV[2], ARGV[3]
local last = redis.call('HGET', KEYS[2], 'last')
if not last then
  if after >= 0 then return false end
  last = text(micros)
  redis.call('HSET', KEYS[2], 'last', last)
  redis.call('PEXPIRE', KEYS[2], beyond)
end
if after == -1 then return { last } end
local first = expire()
if after >= 0 then
  local gone = first and string.match(first[1], '%d+') - 1 or tonumber(last)
  if after < gone or after > tonumber(last) then return false end
end
local found = { last }
for _, entry in ipairs(redis.call('XRANGE', KEYS[1], after < 0 and '-' or text(after + 1), '+', 'COUNT', limit)) do
  table.insert(found, string.match(entry[1], '%d+'))
  table.insert(found, entry[2][4])
end
return found
`)

/**
 * Key: the channels, by the time until which they are kept. Arguments: a channel, that time, the time now (ms), channels
 * at most.
 * @returns the channels that are too many
 */
export const LIST = script(`
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', '(' .. ARGV[3])
local over = redis.call('ZCARD', KEYS[1]) - ARGV[4]
if over <= 0 then return {} end
local gone = redis.call('ZRANGE', KEYS[1], 0, over - 1)
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, over - 1)
return gone
`)

/**
 * Key: the channels. Arguments: the time now (ms), what a pattern has before its star, whether it takes several segments
 * (1 or 0).
 * @returns the channels under the pattern
 */
export const UNDER = script(`
local now, parent, deep = ARGV[1], ARGV[2], ARGV[3] == '1'
local under = {}
for _, channel in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], now, '+inf')) do
  if string.sub(channel, 1, #parent) == parent and (deep or not string.find(channel, '/', #parent + 1, true)) then
    table.insert(under, channel)
  end
end
return under
`)

/** Keys: the events and the standing of a channel, which is forgotten. */
export const FORGET = script("return redis.call('UNLINK', KEYS[1], KEYS[2])")
