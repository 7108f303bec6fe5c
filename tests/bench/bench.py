#!/usr/bin/python3
"""
Speed and memory, as ratios measured in one run: `make bench`, or tests/bench/bench.py [--seconds N] [--quick].
Prints one table, what is bounded beside its bound, and writes build/bench.json. Brings the stack up when none runs. Two floors are measured beside
our daemons: a hello-world server of the same HTTP library with the same threads, and `openssl speed ecdsap256`. Each row is measured in five rounds,
each right after a round of hello world: what else the machine does, and how fast it is at the moment, meets both alike. The median counts.
"""
import argparse
import base64
import json
import os
import pathlib
import re
import shlex
import socket
import statistics
import subprocess
import sys
import time
import urllib.request

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT / "tests/stack")]
import large  # noqa: E402
import procs  # noqa: E402
import tokens  # noqa: E402
from layout import Layout, StackError  # noqa: E402
from stack import Stack  # noqa: E402

BUILD = ROOT / (os.environ.get("ANTIN_BUILD") or "build")
CONNECTIONS = 16
ROUNDS = 5

# What a request may cost, as a multiple of floors of the same run: hello-world request, raw P-256 signature, raw verification.
BOUNDS = [
    ("discovery", 1.2, ("hello",)),
    ("JWKS", 1.2, ("hello",)),
    ("client_credentials token", 2.0, ("hello", "sign")),
    ("introspection of a citizen's token", 2.5, ("hello", "verify")),
    ("UserInfo", 2.5, ("hello", "verify")),
]


def say(text):
    print(text, file=sys.stderr, flush=True)


# --- floors ---

def openssl_speed(seconds):
    """P-256 signatures and verifications a second, on one core."""
    out = subprocess.run(["openssl", "speed", "-seconds", str(max(1, seconds)), "ecdsap256"], capture_output=True, text=True, check=True).stdout
    sign, verify = re.search(r"ecdsa \(nistp256\).*?([\d.]+)\s+([\d.]+)\s*$", out, re.M).groups()
    return {"sign_per_s": float(sign), "verify_per_s": float(verify), "sign_us": 1e6 / float(sign), "verify_us": 1e6 / float(verify)}


def build_hello():
    source, target = HERE / "hello.c", BUILD / "bench/hello"
    if not target.exists() or target.stat().st_mtime < source.stat().st_mtime:
        target.parent.mkdir(parents=True, exist_ok=True)
        flags = subprocess.run(["pkg-config", "--cflags", "--libs", "libmicrohttpd"], capture_output=True, text=True, check=True).stdout.split()
        subprocess.run([os.environ.get("CC") or "cc", "-std=c17", "-D_GNU_SOURCE", "-O2", "-o", target, source, *flags], check=True)
    return target


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(url, process, limit=10):
    end = time.monotonic() + limit
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(url, timeout=1) as answer:
                return answer.status
        except OSError:
            if process is not None and process.poll() is not None:
                raise StackError(f"{url}: its server ended") from None
            time.sleep(0.001)
    raise StackError(f"no answer from {url}")


# --- load ---

def load(url, seconds, body=None, media_type=None, authorization=None):
    """wrk for some seconds. {requests, seconds, failed, p50_ms, p99_ms}"""
    env = dict(os.environ)
    if body is not None:
        path = BUILD / "bench/body"
        path.write_bytes(body)
        env["BENCH_BODY"] = str(path)
    env.update({k: v for k, v in (("BENCH_TYPE", media_type), ("BENCH_AUTHORIZATION", authorization)) if v})
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", HERE / "load.lua", url]
    out = subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout
    n, us, failed, p50, p99 = map(int, re.search(r"^BENCH (\d+) (\d+) (\d+) (\d+) (\d+)", out, re.M).groups())
    return {"requests": n, "seconds": us / 1e6, "failed": failed, "p50_ms": p50 / 1000, "p99_ms": p99 / 1000}


class Hello:
    """The hello-world server, as long as a run takes."""

    def __init__(self, seconds):
        port = free_port()
        self.seconds, self.url = seconds, f"http://127.0.0.1:{port}/"
        self.process = subprocess.Popen([build_hello(), str(port)])
        wait_for(self.url, self.process)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def round(self):
        return one_round("hello world (libmicrohttpd alone)", self.seconds, [self.process.pid], [], self.url)


def measure(name, hello, servers, database, url, **request):
    """One row: load, and what it cost the processes of the server's side for each request; the medians of the rounds."""
    say(f"  {name} …")
    load(url, 1, **request)  # connections, caches, lazily fetched algorithms
    rounds = []
    for _ in range(ROUNDS):
        beside = hello.round()
        rounds.append({**one_round(name, hello.seconds, servers, database, url, **request), "hello": beside})
    row = {"name": name, "failed": sum(r["failed"] + r["hello"]["failed"] for r in rounds), "rounds": rounds}
    row.update({key: statistics.median(r[key] for r in rounds) for key in ("per_s", "cpu_us", "db_cpu_us", "p50_ms", "p99_ms")})
    row["hello_us"] = statistics.median(r["hello"]["cpu_us"] for r in rounds)
    return row


def one_round(name, seconds, servers, database, url, **request):
    pids, db_pids = families(servers), families(database)
    before, db_before = procs.cpu_us(pids), procs.cpu_us(db_pids)
    row = load(url, seconds, **request)
    n = max(1, row["requests"])
    row.update({"name": name, "per_s": row["requests"] / row["seconds"], "cpu_us": (procs.cpu_us(pids) - before) / n,
                "db_cpu_us": (procs.cpu_us(db_pids) - db_before) / n})
    return row


def families(pids):
    """With the processes that they started: keyd signs in a child, PostgreSQL has one for each connection."""
    return [p for pid in pids for p in procs.children(pid)]


# --- the running stack ---

def stack_env(layout):
    text = (layout.run / "stack.env").read_text(encoding="utf-8")
    return dict(line.split("=", 1) for line in shlex.split(text, comments=True) if "=" in line)


def ensure_up(layout):
    stack = Stack(layout) if (layout.run / "stack.env").exists() else None
    if stack is None or any(d.pid() is None for d in stack.daemons.values()):
        subprocess.run([ROOT / "tests/stack/up"], check=True, stdout=sys.stderr)
        stack = Stack(layout)
    return stack


def timestamp_query():
    """TimeStampReq v1 for a SHA-256 imprint, with nonce and certReq (RFC 3161 §2.4.1)."""
    imprint = bytes.fromhex("3031300d060960864801650304020105000420") + bytes(range(32))
    parts = bytes.fromhex("020101") + imprint + bytes.fromhex("02080123456789abcdef") + bytes.fromhex("0101ff")
    return bytes([0x30, len(parts)]) + parts


def stack_rows(stack, env, hello):
    pid = {name: d.pid() for name, d in stack.daemons.items()}
    db = [stack.cluster.daemon.pid()]
    idp, signer = [pid["idpd"], pid["keyd-idp"]], [pid["signerd"], pid["keyd-signer"]]
    yield measure("idpd /health", hello, [pid["idpd"]], [], env["IDP_URL"] + "/health")
    yield measure("discovery", hello, idp, db, env["IDP_URL"] + "/.well-known/openid-configuration")
    yield measure("JWKS", hello, idp, db, env["IDP_URL"] + "/jwks")
    yield measure("timestamps (signerd + keyd)", hello, signer, db, env["TSA_URL"], body=timestamp_query(),
                  media_type="application/timestamp-query")
    basic = base64.b64encode(f"{env['SERVICE_CLIENT_ID']}:{env['SERVICE_CLIENT_SECRET']}".encode()).decode()
    form = {"media_type": "application/x-www-form-urlencoded"}
    yield measure("client_credentials token", hello, idp, db, env["IDP_URL"] + "/token",
                  body=b"grant_type=client_credentials&scope=dossier.read", authorization=f"Basic {basic}", **form)
    token, server = tokens.prepare(stack)
    yield measure("introspection of a citizen's token", hello, idp, db, env["IDP_URL"] + "/introspect", body=f"token={token}".encode(),
                  authorization=server, **form)
    yield measure("UserInfo", hello, idp, db, env["IDP_URL"] + "/userinfo", authorization=f"Bearer {token}")


# --- starting, and memory at rest ---

def start_once(stack, daemon):
    """Milliseconds from the process's creation to its first answer, and procs.tree_kb then. The stack's own is down meanwhile."""
    who = {"user": stack.layout.uid(daemon.user), "group": stack.layout.gid(daemon.user), "extra_groups": []} if stack.layout.is_root else {}
    url = daemon.ready_url and daemon.ready_url.replace("/ready", "/health")
    begin = time.monotonic()
    with open(daemon.log_file, "ab") as log:
        process = subprocess.Popen(daemon.argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", umask=0o077, **who)
    try:
        if url:
            wait_for(url, process)
        else:
            while not daemon.ready() and process.poll() is None:
                time.sleep(0.001)
        ms = (time.monotonic() - begin) * 1000
        time.sleep(0.3)
        return ms, *procs.tree_kb(process.pid)
    finally:
        process.terminate()
        process.wait()


def starts(stack, times=3):
    rows = []
    for name, daemon in stack.daemons.items():
        say(f"  start of {name} …")
        daemon.stop()
        try:
            seen = [start_once(stack, daemon) for _ in range(times)]
        finally:
            daemon.start()
        rows.append({"name": name, "start_ms": statistics.median(s[0] for s in seen), "rss_kb": max(s[1] for s in seen),
                     "children_kb": max(s[2] for s in seen)})
    return rows


# --- the table ---

def print_rows(rows, floors):
    sign = floors["sign_us"]
    print(f"{'':42}{'requests/s':>11}{'CPU µs':>9}{'DB µs':>8}{'p50 ms':>8}{'p99 ms':>8}{'× hello':>9}{'× sign':>8}{'failed':>8}")
    for r in rows:
        ratio = f"{ratio_of(r, lambda hello: hello):.1f}"
        print(f"{r['name']:42}{r['per_s']:11.0f}{r['cpu_us']:9.1f}{r['db_cpu_us']:8.1f}{r['p50_ms']:8.2f}{r['p99_ms']:8.2f}{ratio:>9}"
              f"{r['cpu_us'] / sign:8.1f}{r['failed']:8}")
    print(f"\nopenssl speed ecdsap256: {floors['sign_per_s']:.0f} signatures/s ({sign:.1f} µs), {floors['verify_per_s']:.0f} verifications/s "
          f"({floors['verify_us']:.1f} µs)")
    print(f"CPU µs: of all server processes for one request, without PostgreSQL; {CONNECTIONS} connections, {os.cpu_count()} cores shared with the load.")


def ratio_of(row, floor):
    """The median over the rounds of what was measured to the floor, which is told what hello world cost right before."""
    return statistics.median(r["cpu_us"] / floor(r["hello"]["cpu_us"]) for r in row["rounds"])


def print_bounds(rows, floors):
    """What must hold, and whether it did in this run."""
    print(f"\n{'':42}{'CPU µs':>9}{'hello':>8}{'×':>7}{'bound':>8}")
    for name, factor, of in BOUNDS:
        row = next((r for r in rows if r["name"] == name), None)
        if row:
            more = sum(floors[f + "_us"] for f in of if f != "hello")
            row["ratio"], row["bound"] = ratio_of(row, lambda hello, more=more: hello + more), factor
            print(f"{name:42}{row['cpu_us']:9.1f}{row['hello_us']:8.1f}{row['ratio']:7.2f}{factor:8.1f}  {' + '.join(of)}"
                  f"{'' if row['ratio'] <= factor else '   EXCEEDED'}")


def print_memory(result):
    if result.get("starts"):
        print(f"\n{'':42}{'first answer ms':>16}{'resident MB':>13}{'+ children MB':>15}")
    for r in result.get("starts", []):
        print(f"{r['name']:42}{r['start_ms']:16.0f}{r['rss_kb'] / 1024:13.1f}{r['children_kb'] / 1024:15.1f}")
    if result.get("large"):
        m = result["large"]
        print(f"\nsigning a PDF of {m['size_mb']:.0f} MB: signerd {m['before_kb'] / 1024:.1f} MB at rest, {m['peak_kb'] / 1024:.1f} MB at most "
              f"({m['peak_all_kb'] / 1024:.1f} MB with its child processes), {m['seconds']:.1f} s")


def main():
    p = argparse.ArgumentParser(description="Speed and memory, as ratios measured in one run.")
    p.add_argument("--seconds", type=int, default=1, help="of each round")
    p.add_argument("--quick", action="store_true", help="no starts and no large PDF")
    a = p.parse_args()
    subprocess.run([ROOT / "tests/packages", "run", "test"], check=True, stdout=sys.stderr)
    layout = Layout()
    stack = ensure_up(layout)
    env = stack_env(layout)
    result = {"seconds": a.seconds, "cores": os.cpu_count(), "openssl": openssl_speed(a.seconds)}
    with Hello(a.seconds) as hello:
        result["rows"] = list(stack_rows(stack, env, hello))
    if not a.quick:
        result["large"] = large.sign(stack)
        result["starts"] = starts(stack)
    print_rows(result["rows"], result["openssl"])
    print_bounds(result["rows"], result["openssl"])
    (BUILD / "bench.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print_memory(result)
    return 1 if any(r["failed"] for r in result["rows"]) else 0


try:
    sys.exit(main())
except (StackError, subprocess.CalledProcessError) as error:
    sys.exit(f"bench: {error}")
