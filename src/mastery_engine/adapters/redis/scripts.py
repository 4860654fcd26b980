"""What is asked of the server, many keys at once.

A key is a HASH with `data` and `version`, as Dapr's own component keeps it, so that both can work on the same data. Its first
version is taken from the server's clock: a key that is removed and made anew never gets a version again that somebody may still
hold. Later ones count up by one, as Dapr does.

One script with many keys costs a tenth of as many commands in a pipeline, for the client and for the server.
"""

from __future__ import annotations

from typing import Final

ANY: Final = "*"
"""Expected version of a write that asks for none."""
FOREIGN: Final = "another-type"
"""Version of a key of ours under which something else lies; a write that expects it takes its place."""
WRITE_FIELDS: Final = 3

READ: Final = f"""
local found = {{}}
for place, key in ipairs(KEYS) do
  local entry = redis.pcall('HMGET', key, 'data', 'version')
  if entry.err then
    entry = {{false, '{FOREIGN}'}}
  elseif entry[1] and (not entry[2] or entry[2] == '') then
    entry[2] = '0'
  elseif entry[2] and not entry[1] then
    entry[1] = ''
  end
  found[2 * place - 1], found[2 * place] = entry[1], entry[2]
end
return found
"""
"""KEYS: any; answers data and version of each, nothing for a key that is not there."""

# Microseconds since 2020, eight versions each: no write takes less than that.
WRITE: Final = f"""
local time = redis.call('TIME')
local fresh = ((time[1] - 1577836800) * 1000000 + time[2]) * 8
local applied = {{}}
for place, key in ipairs(KEYS) do
  local first = (place - 1) * {WRITE_FIELDS}
  local expected, expiry, data = ARGV[first + 1], ARGV[first + 2], ARGV[first + 3]
  local version = redis.pcall('HGET', key, 'version')
  local counts = type(version) == 'string' and string.match(version, '^%d+$')
  if type(version) == 'table' then
    version = '{FOREIGN}'
  elseif (not version or version == '') and redis.call('HEXISTS', key, 'data') == 1 then
    version = '0'
  end
  applied[place] = 0
  if expected == '{ANY}' or expected == (version or '') then
    applied[place] = 1
    if expiry == '-' then
      redis.call('DEL', key)
    else
      if version == '{FOREIGN}' then
        redis.call('DEL', key)
        version = false
      end
      if counts then
        redis.call('HSET', key, 'data', data)
        redis.call('HINCRBY', key, 'version', 1)
      else
        redis.call('HSET', key, 'data', data, 'version', string.format('%.0f', fresh + place))
      end
      if expiry ~= '' then
        redis.call('PEXPIRE', key, expiry)
      elseif version then
        redis.call('PERSIST', key)
      end
    end
  end
end
return applied
"""
"""KEYS: any, the same one twice too; ARGV: for each the expected version (nothing: absent), milliseconds to live (nothing: for
good, `-`: remove), data. Answers 1 for each write that was applied."""
