-- What wrk sends: method, body and header fields come from the environment of bench.py.
local body = os.getenv("BENCH_BODY")
if body then
  local f = assert(io.open(body, "rb"))
  wrk.body = f:read("*a")
  f:close()
  wrk.method = "POST"
end
local type = os.getenv("BENCH_TYPE")
if type then wrk.headers["Content-Type"] = type end
local auth = os.getenv("BENCH_AUTHORIZATION")
if auth then wrk.headers["Authorization"] = auth end

function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format("BENCH %d %d %d %d %d\n", summary.requests, summary.duration, e.connect + e.read + e.write + e.timeout + e.status,
                         latency:percentile(50), latency:percentile(99)))
end
