-- One workload for wrk: every request draws its variables anew, and the end is told in JSON.
wrk.method = "POST"
wrk.path = "/graphql"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Accept"] = "application/graphql-response+json"
--[[HEADERS]]

local threads = {}
bad = 0
sample = ""

function setup(thread)
  table.insert(threads, thread)
end

function init()
  math.randomseed(71)
end

function request()
  return wrk.format(nil, nil, nil, --[[BODY]])
end

--[[CHECK]]

function done(summary, latency)
  local wrong, text = 0, ""
  for _, thread in ipairs(threads) do
    wrong = wrong + thread:get("bad")
    if thread:get("sample") ~= "" then text = thread:get("sample") end
  end
  local e = summary.errors
  io.write(string.format(
    'RESULT {"requests":%d,"duration_us":%d,"bytes":%d,"p50_us":%d,"p95_us":%d,"p99_us":%d,' ..
    '"failed":%d,"wrong":%d}\n',
    summary.requests, summary.duration, summary.bytes, latency:percentile(50),
    latency:percentile(95), latency:percentile(99),
    e.connect + e.read + e.write + e.timeout + --[[STATUSES]], wrong))
  if text ~= "" then io.write("SAMPLE " .. text .. "\n") end
end
