-- Grants units of limits, each by the generic cell rate algorithm, and by the clock of this server alone.
-- What is kept of a limit is what is owed, in units, and the microsecond at which that was so.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local told = {}
for place, key in ipairs(KEYS) do
  local at = (place - 1) * 9
  local quota, period, burst = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
  local most, least = tonumber(ARGV[at + 4]), tonumber(ARGV[at + 5])
  local reserve, ahead = tonumber(ARGV[at + 6]), tonumber(ARGV[at + 7])
  local known, apart = tonumber(ARGV[at + 8]), tonumber(ARGV[at + 9])
  local owed = 0
  local kept = redis.call('GET', key)
  if kept then
    local units, since = string.match(kept, '^(%S+) (%S+)$')
    -- A clock that went back gives nothing back, and holds nothing up either.
    local passed = math.max(0, now - tonumber(since))
    owed = math.max(0, tonumber(units) - passed * quota / period)
  end
  -- What the asking server knows to be owed was not forgotten by all, and what it let through without asking
  -- is owed beside it.
  owed = math.max(owed, known * quota / period) + apart * quota / period
  local there = math.floor(burst - owed + 0.000001)
  local units, wait = 0, 0
  if there >= least then
    units = math.min(most, there)
  else
    wait = math.ceil((owed + math.max(least, reserve) - burst) * period / quota)
    if reserve > 0 and wait <= ahead then
      units = reserve
    end
  end
  owed = owed + units
  local full = math.ceil(owed * period / quota)
  if owed > 0 then
    redis.call('SET', key, string.format('%.17g %d', owed, now), 'PX', math.ceil(full / 1000) + 1000)
  end
  told[#told + 1] = units
  told[#told + 1] = wait
  told[#told + 1] = full
end
return told
