#!/usr/bin/python3
"""
What a request costs in a full database, against a nearly empty one: tests/bench/million.py [--citizens N] [--grants N] [--requests N].
A stack of its own (ANTIN_RUN, ANTIN_PORT_BASE), thrown away afterwards; not part of `make bench`: filling takes minutes and some gigabytes.
The bound is 1.2 × for each of: redemption of a code, refresh, introspection; CPU of idpd, keyd and its database connections together.
"""
import argparse
import base64
import concurrent.futures
import hashlib
import http.client
import json
import os
import pathlib
import random
import subprocess
import sys
import threading
import time
import urllib.parse

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT / "tests/stack"), str(ROOT / "tests/flow")]
import procs  # noqa: E402
from idp_kit import Client, idpctl  # noqa: E402
from layout import Layout, StackError  # noqa: E402
from stack import Stack  # noqa: E402
import antin_client  # noqa: E402

BOUND = 1.2
THREADS = 8
VERIFIER = "v" * 43
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def say(text):
    print(time.strftime("%H:%M:%S ") + text, file=sys.stderr, flush=True)


def b64url(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


# --- filling ---

def grant_end(start_ms, i, n):
    return start_ms + 86400000 + (i * 88 * 86400000) // n


def name(kind, start_ms, i, n):
    """As idp/rules/secrets.c makes names: 48 bits of time, then what is random there."""
    return b64url(grant_end(start_ms, i, n).to_bytes(6, "big")) + b64url(hashlib.sha256(f"{kind}-{i}".encode()).digest())


FUNCTIONS = """
CREATE SCHEMA bench;
CREATE FUNCTION bench.url(b bytea) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT rtrim(translate(encode(b, 'base64'), '+/', '-_'), '=') $$;
CREATE FUNCTION bench.key(kind text, i bigint, h bytea) RETURNS bytea LANGUAGE sql IMMUTABLE AS
    $$ SELECT h || sha256(convert_to(bench.url(h) || bench.url(sha256(convert_to(kind || '-' || i, 'UTF8'))), 'UTF8')) $$;
CREATE FUNCTION bench.uuid(h bytea, s bytea) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$ SELECT encode(h || substr(s, 1, 10), 'hex')::uuid $$;
"""
INDEXES = {"access_grant_by_account": "idp.access_grant (account_id)", "access_grant_by_sid": "idp.access_grant (sid)",
           "refresh_token_by_grant": "idp.refresh_token (grant_id)", "code_by_grant": "idp.code (grant_id)"}


def fill(sql, client, citizens, grants, start_ms, places):
    """
    Rows in the order of their keys, and the other indexes afterwards: minutes where one by one would be hours. Names can be made for `places` alone,
    whose codes are unused; all others are known by what no name hashes to.
    """
    begin = f"{start_ms} + 86400000 + (i * 88 * 86400000::bigint) / {grants}"
    rows = (f"(SELECT i, substr(int8send({begin}), 3) AS h, sha256(int8send(i)) AS s, to_timestamp(({begin}) / 1000.0) AS until FROM generate_series(0, {grants - 1}::bigint) i) r"
            " LEFT JOIN bench.places p USING (i)")
    big = "SET maintenance_work_mem = '512MB'; SET work_mem = '64MB'; SET synchronous_commit = off;"
    sql(FUNCTIONS)
    sql(f"CREATE TABLE bench.places AS SELECT unnest('{{{','.join(map(str, places))}}}'::bigint[]) AS i, true AS here; ANALYZE bench.places")
    say(f"  {citizens} citizens …")
    sql(f"{big} INSERT INTO idp.account (id, kind, level, state, login_hash, data_key, data, activated_at) SELECT lpad(to_hex(i), 32, '0')::uuid, 'citizen', 2, 'active',"
        f" sha256(int8send(i)), repeat('k', 80)::bytea, repeat('d', 200)::bytea, now() FROM generate_series(0, {citizens - 1}::bigint) i")
    for index in INDEXES:
        sql(f"DROP INDEX idp.{index}")
    say(f"  {grants} grants …")
    sql(f"{big} INSERT INTO idp.access_grant (id, account_id, client_id, scope, sub, sid, auth_time, expires_at) SELECT bench.uuid(h, s),"
        f" lpad(to_hex(i % {citizens}), 32, '0')::uuid, '{client}', 'openid offline_access', left(encode(s, 'base64'), 43), encode(substr(s, 1, 16), 'hex')::uuid,"
        f" now(), until FROM {rows}")
    say(f"  {grants} refresh tokens …")
    sql(f"{big} INSERT INTO idp.refresh_token (token_hash, grant_id, expires_at) SELECT CASE WHEN here THEN bench.key('refresh', i, h) ELSE h || s END,"
        f" bench.uuid(h, s), until FROM {rows}")
    say(f"  {grants} codes …")
    challenge = b64url(hashlib.sha256(VERIFIER.encode()).digest())
    sql(f"{big} INSERT INTO idp.code (code_hash, grant_id, redirect_uri, challenge, expires_at, uses, used_at) SELECT CASE WHEN here THEN bench.key('code', i, h) ELSE h || s END,"
        f" bench.uuid(h, s), 'http://localhost:9400/quay-ve', '{challenge}', now() + interval '2 hours', (here IS NULL)::int, CASE WHEN here IS NULL THEN now() END FROM {rows}")
    say("  indexes …")
    for index, place in INDEXES.items():
        sql(f"{big} CREATE INDEX {index} ON {place}")
    say("  vacuum …")
    sql("VACUUM (ANALYZE) idp.account; VACUUM (ANALYZE) idp.access_grant; VACUUM (ANALYZE) idp.refresh_token; VACUUM (ANALYZE) idp.code; CHECKPOINT")


# --- measuring ---

class Load:
    """POSTs over connections that stay; each thread takes the next of the prepared requests."""

    def __init__(self, base, client):
        url = urllib.parse.urlsplit(base)
        self.host, self.port = url.hostname, url.port
        basic = base64.b64encode(f"{client.client_id}:{client.client_secret}".encode()).decode()
        self.headers = {**FORM, "Authorization": "Basic " + basic}
        self.local = threading.local()

    def post(self, path, fields):
        if not hasattr(self.local, "http"):
            self.local.http = http.client.HTTPConnection(self.host, self.port, timeout=30)
        self.local.http.request("POST", path, urllib.parse.urlencode(fields), self.headers)
        answer = self.local.http.getresponse()
        return answer.status, answer.read()

    def run(self, path, requests):
        with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
            answers = list(pool.map(lambda f: self.post(path, f), requests))
        bad = [a for a in answers if a[0] != 200]
        if bad:
            raise StackError(f"{path}: {len(bad)} of {len(answers)} refused: {bad[0]}")
        return [json.loads(a[1]) for a in answers]


def servers(stack):
    """idpd, keyd, and the database's processes that serve idpd: vacuum and checkpoints are not a request's cost."""
    mine = [p for name in ("idpd", "keyd-idp") for p in procs.children(stack.daemons[name].pid())]
    for pid in procs.children(stack.cluster.daemon.pid()):
        try:
            if b"antin_idp" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes():
                mine.append(pid)
        except OSError:
            continue
    return mine


def measure(stack, load, path, requests):
    """(microseconds of CPU a request, answers): the least of three parts."""
    part, costs, answers = len(requests) // 3, [], []
    for k in range(3):
        some = requests[k * part:(k + 1) * part]
        before = procs.cpu_us(servers(stack))
        answers += load.run(path, some)
        costs.append((procs.cpu_us(servers(stack)) - before) / len(some))
    return min(costs), answers


def rows(stack, client, start_ms, grants, places):
    """{name: µs}. places: which grants are asked about; none of their tokens was used before."""
    load = Load(client.meta["issuer"], client)
    refresh = [{"grant_type": "refresh_token", "refresh_token": name("refresh", start_ms, i, grants)} for i in places]
    codes = [{"grant_type": "authorization_code", "code": name("code", start_ms, i, grants), "redirect_uri": client.redirect_uri, "code_verifier": VERIFIER} for i in places]
    warm = len(places) // 4
    load.run("/token", refresh[:warm] + codes[:warm])
    out = {}
    out["code"], _ = measure(stack, load, "/token", codes[warm:])
    out["refresh"], answers = measure(stack, load, "/token", refresh[warm:])
    asks = [{"token": a["access_token"]} for a in answers]
    load.run("/introspect", asks[:warm])
    out["introspection"], _ = measure(stack, load, "/introspect", asks)
    return out


def one(stack, client, label, citizens, grants, requests):
    say(f"{label}: {citizens} citizens, {grants} grants")
    start_ms = int(time.time() * 1000)
    places = random.Random(1).sample(range(grants), requests)
    stack.cluster.sql("DROP SCHEMA IF EXISTS bench CASCADE", "antin")
    begin = time.monotonic()
    fill(lambda text: stack.cluster.sql(text, "antin"), client.client_id, citizens, grants, start_ms, places)
    say(f"  filled in {time.monotonic() - begin:.0f} s; {requests} requests of each kind …")
    size = int(stack.cluster.sql("SELECT pg_database_size('antin')"))
    return {"citizens": citizens, "grants": grants, "bytes": size, "filled_s": time.monotonic() - begin, "cpu_us": rows(stack, client, start_ms, grants, places)}


def empty(stack):
    stack.cluster.sql("DROP SCHEMA bench CASCADE; TRUNCATE idp.access_grant, idp.refresh_token, idp.code;"
                      " DELETE FROM idp.account WHERE data = repeat('d', 200)::bytea", "antin")


def main():
    p = argparse.ArgumentParser(description="A request's cost in a full database against a nearly empty one.")
    p.add_argument("--citizens", type=int, default=1000000)
    p.add_argument("--grants", type=int, default=10000000)
    p.add_argument("--requests", type=int, default=4000, help="of each kind")
    a = p.parse_args()
    os.environ.setdefault("ANTIN_PG_SETTINGS", "shared_buffers=1GB max_wal_size=8GB")
    layout = Layout()
    subprocess.run([ROOT / "tests/stack/up"], check=True, stdout=sys.stderr)
    stack = Stack(layout)
    client = Client(antin_client.Stack(layout.run / "stack.env"), "openid offline_access", more=["--grant", "authorization_code", "--grant", "refresh_token"])
    idpctl("client", "set", client.client_id, "--introspect", "yes")
    result = {"empty": one(stack, client, "nearly empty", 1000, 2 * a.requests, a.requests)}
    empty(stack)
    result["full"] = one(stack, client, "full", a.citizens, a.grants, a.requests)
    result["ratio"] = {k: v / result["empty"]["cpu_us"][k] for k, v in result["full"]["cpu_us"].items()}
    (layout.build / "million.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(f"{'CPU µs a request (idpd, keyd, database)':44}{'empty':>9}{'full':>9}{'ratio':>8}{'bound':>8}")
    for k, r in result["ratio"].items():
        print(f"{k:44}{result['empty']['cpu_us'][k]:9.0f}{result['full']['cpu_us'][k]:9.0f}{r:8.2f}{BOUND:8.2f}")
    print(f"full: {a.citizens} citizens, {a.grants} grants, as many codes and refresh tokens; {result['full']['bytes'] / 2**30:.1f} GiB, "
          f"filled in {result['full']['filled_s']:.0f} s")
    return 1 if any(r > BOUND for r in result["ratio"].values()) else 0


try:
    sys.exit(main())
except (StackError, subprocess.CalledProcessError) as error:
    sys.exit(f"million: {error}")
