#!/usr/bin/python3
"""
What a request costs in a full database, against a nearly empty one: tests/bench/million.py [--citizens N] [--grants N] [--requests N] [--running].
Give it a stack of its own (ANTIN_RUN, ANTIN_PORT_BASE); a second database and a second idpd stand beside the first, and the two are measured in turns.
Not part of `make bench`: filling takes some minutes and gigabytes; what was filled is used again. The bound is 1.2 × for each of: redemption of a
code, refresh, introspection; CPU of idpd, keyd and their database connections together.
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
import re
import statistics
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT / "tests/stack"), str(ROOT / "tests/flow")]
import procs  # noqa: E402
from idp_kit import idpctl  # noqa: E402
from layout import Layout, StackError  # noqa: E402
from stack import Stack  # noqa: E402

BOUND = 1.2
THREADS = 8
SLICE = 150
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


def row_source(start_ms, grants):
    begin = f"{start_ms} + 86400000 + (i * 88 * 86400000::bigint) / {grants}"
    return f"SELECT i, substr(int8send({begin}), 3) AS h, sha256(int8send(i)) AS s, to_timestamp(({begin}) / 1000.0) AS until"


def fill(sql, client, citizens, grants, start_ms):
    """Rows in the order of their keys, and the other indexes afterwards: minutes where one by one would be hours. No name hashes to what they are known by."""
    rows = f"({row_source(start_ms, grants)} FROM generate_series(0, {grants - 1}::bigint) i) r"
    big = "SET maintenance_work_mem = '512MB'; SET synchronous_commit = off;"
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
    sql(f"{big} INSERT INTO idp.refresh_token (token_hash, grant_id, expires_at) SELECT h || s, bench.uuid(h, s), until FROM {rows}")
    say(f"  {grants} codes …")
    challenge = b64url(hashlib.sha256(VERIFIER.encode()).digest())
    sql(f"{big} INSERT INTO idp.code (code_hash, grant_id, redirect_uri, challenge, expires_at, uses, used_at)"
        f" SELECT h || s, bench.uuid(h, s), 'http://localhost:9400/quay-ve', '{challenge}', now(), 1, now() FROM {rows}")
    say("  indexes …")
    for index, place in INDEXES.items():
        sql(f"{big} CREATE INDEX {index} ON {place}")
    say("  vacuum …")
    sql("VACUUM (ANALYZE) idp.account; VACUUM (ANALYZE) idp.access_grant; VACUUM (ANALYZE) idp.refresh_token; VACUUM (ANALYZE) idp.code; CHECKPOINT")


# --- measuring ---

class House:
    """One idpd and its database. Both houses share keyd, PostgreSQL and the machine, and take turns: what else runs meets both alike."""

    def __init__(self, stack, label, database, port, pid, citizens, grants):
        self.stack, self.label, self.database, self.pid = stack, label, database, pid
        self.citizens, self.grants, self.port = citizens, grants, port
        self.local, self.cost = threading.local(), {}

    def sql(self, text):
        return self.stack.cluster.sql(text, self.database)

    def furnish(self, client_id):
        """Fills the database unless it was filled before."""
        done = self.sql("SELECT to_regclass('bench.filled') IS NOT NULL") == "t"
        if not done:
            say(f"{self.label}: {self.citizens} citizens, {self.grants} grants")
            self.sql("DROP SCHEMA IF EXISTS bench CASCADE;" + FUNCTIONS)
            begin, start = time.monotonic(), int(time.time() * 1000)
            fill(self.sql, client_id, self.citizens, self.grants, start)
            self.sql(f"CREATE TABLE bench.filled AS SELECT {start}::bigint AS start_ms, {self.citizens} AS citizens, {self.grants} AS grants, {self.grants} AS codes_left, {time.monotonic() - begin:.0f} AS seconds")
        self.start, self.citizens, self.grants, self.seconds = map(int, self.sql("SELECT start_ms, citizens, grants, seconds FROM bench.filled").split("|"))
        self.bytes = int(self.sql(f"SELECT pg_database_size('{self.database}')"))

    def name(self, kind, places):
        """Gives rows names that are known here: [name]. Of codes, ones that nobody used yet."""
        table, column, more = {"refresh": ("refresh_token", "token_hash", "uses = 0, used_at = NULL"),
                               "code": ("code", "code_hash", "uses = 0, used_at = NULL, expires_at = now() + interval '2 hours'")}[kind]
        rows = f"({row_source(self.start, self.grants)} FROM unnest('{{{','.join(map(str, places))}}}'::bigint[]) i) r"
        done = self.sql(f"UPDATE idp.{table} t SET {column} = bench.key('{kind}', r.i, r.h), {more} FROM {rows} WHERE t.{column} = r.h || r.s RETURNING r.i")
        return [name(kind, self.start, int(i), self.grants) for i in done.split()]  # those of an earlier run have been used

    def processes(self):
        """idpd, keyd, and the processes that serve idpd from this database: vacuum and checkpoints are not a request's cost."""
        mine = procs.children(self.pid) + procs.children(self.stack.daemons["keyd-idp"].pid())
        for pid in procs.children(self.stack.cluster.daemon.pid()):
            try:
                if f"antin_idp {self.database} ".encode() in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes():
                    mine.append(pid)
            except OSError:
                continue
        return mine

    def post(self, path, fields):
        if not hasattr(self.local, "http"):
            self.local.http = http.client.HTTPConnection("localhost", self.port, timeout=30)
        self.local.http.request("POST", path, urllib.parse.urlencode(fields), self.headers)
        answer = self.local.http.getresponse()
        return answer.status, answer.read()

    def run(self, path, requests, kind=None):
        """Answers; with a kind, what they cost is noted under it."""
        before = procs.cpu_us(self.processes())
        answers = list(self.pool.map(lambda f: self.post(path, f), requests))
        spent = procs.cpu_us(self.processes()) - before
        bad = [a for a in answers if a[0] != 200]
        if bad:
            raise StackError(f"{self.label}, {path}: {len(bad)} of {len(answers)} refused: {bad[0]}")
        if kind:
            self.cost.setdefault(kind, []).append(spent / len(requests))
        return [json.loads(a[1]) for a in answers]


def in_turns(houses, kind, path, requests):
    """Slices of each house's requests, one house after the other; the answers of each. The first slice warms up."""
    answers = [[] for _ in houses]
    for at in range(0, min(map(len, requests)), SLICE):
        for k, house in enumerate(houses):
            answers[k] += house.run(path, requests[k][at:at + SLICE], kind if at else None)
    return answers


def compare(houses, requests):
    """
    Refresh: any grant of all. Codes: the newest, since they are redeemed in the minute they are made in. Introspection: tokens of those just refreshed. The indexes
    are in the database's memory, as in one that has run for a day; after a restart their pages come in one by one.
    """
    codes, refresh = [], []
    for house in houses:
        # Drawn anew at each run: a token that was used is worth nothing.
        refresh.append([{"grant_type": "refresh_token", "refresh_token": n} for n in house.name("refresh", random.sample(range(house.grants), requests))])
        last = int(house.sql(f"UPDATE bench.filled SET codes_left = codes_left - {requests} RETURNING codes_left"))
        codes.append([{"grant_type": "authorization_code", "redirect_uri": "http://localhost:9400/quay-ve", "code_verifier": VERIFIER, "code": n}
                      for n in house.name("code", range(last, last + requests))])
        house.sql("CREATE EXTENSION IF NOT EXISTS pg_prewarm; SELECT sum(pg_prewarm(i.indexrelid)) FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid"
                  " WHERE t.relnamespace = 'idp'::regnamespace AND t.relkind = 'r'; CHECKPOINT")
    in_turns(houses, "code", "/token", codes)
    answers = in_turns(houses, "refresh", "/token", refresh)
    in_turns(houses, "introspection", "/introspect", [[{"token": a["access_token"]} for a in some] for some in answers])


# --- the two houses ---

def second_database(stack, name):
    """The same schema and clients, and nobody in it."""
    empty = [f"--exclude-table-data=idp.{t}" for t in ("account", "password", "role", "activation", "consent", "access_grant_p*", "refresh_token_p*", "code_p*", "session_p*",
                                                       "audit_p*")] + ["--exclude-schema=bench"]
    env = stack.cluster.env()
    stack.cluster.sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    stack.cluster.sql(f"CREATE DATABASE {name}")
    dump = subprocess.run([stack.cluster.bin / "pg_dump", "-d", "antin", *empty], env=env, capture_output=True, check=True).stdout
    subprocess.run([stack.cluster.bin / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", name], input=dump, env=env, stdout=subprocess.DEVNULL, check=True)


def second_idpd(stack, name, port):
    """idpd on that database; the same keys, issuer and program."""
    layout, daemon = stack.layout, stack.daemons["idpd"]
    config = layout.state / "etc/idpd-second.conf"
    text = (layout.state / "etc/idpd.conf").read_text(encoding="utf-8")
    passfile = layout.state / "secrets/antin_idp_second.pgpass"
    layout.write(passfile, (layout.state / "secrets/antin_idp.pgpass").read_text(encoding="utf-8").replace(":antin:", f":{name}:"), "idpd", 0o600)
    text = text.replace("dbname=antin ", f"dbname={name} ").replace("antin_idp.pgpass", passfile.name)
    layout.write(config, re.sub(r"(?m)^listen = .*$", f"listen = 127.0.0.1:{port}", text), "idpd", 0o600)
    who = {"user": layout.uid("idpd"), "group": layout.gid("idpd"), "extra_groups": []} if layout.is_root else {}
    argv = [str(config) if a.endswith("/etc/idpd.conf") else a for a in daemon.argv]
    with open(layout.state / "log/idpd-second.log", "ab") as log:
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", umask=0o077, **who)
    for _ in range(400):
        try:
            with urllib.request.urlopen(f"http://localhost:{port}/ready", timeout=1):
                return process
        except OSError:
            time.sleep(0.05)
    process.terminate()
    raise StackError("the second idpd is not ready")


def known_client(stack, houses):
    """(id, secret) of the client that the grants are of, made once; known to both databases."""
    if stack.cluster.sql("SELECT count(*) FROM idp.client WHERE id = 'million'", "antin") == "0":
        idpctl("client", "add", "--id", "million", "--name", "Million", "--scope", "openid offline_access", "--redirect", "http://localhost:9400/quay-ve",
               "--grant", "authorization_code", "--grant", "refresh_token")
        idpctl("client", "set", "million", "--introspect", "yes")
    secret = idpctl("client", "secret", "million")["client_secret"]
    digest = hashlib.sha256(secret.encode()).hexdigest()
    for house in houses[1:]:
        house.sql(f"UPDATE idp.client SET secret_hash = '\\x{digest}' WHERE id = 'million'")
    return "million", secret


def report(houses, layout, requests):
    full, empty = houses
    result = {"requests": requests, "citizens": full.citizens, "grants": full.grants, "bytes": full.bytes, "filled_s": full.seconds, "kinds": {}}
    print(f"{'CPU µs a request (idpd, keyd, database)':44}{'empty':>9}{'full':>9}{'ratio':>8}{'bound':>8}")
    for kind in full.cost:
        ratio = statistics.median(f / e for f, e in zip(full.cost[kind], empty.cost[kind]))
        row = {"empty_us": statistics.median(empty.cost[kind]), "full_us": statistics.median(full.cost[kind]), "ratio": ratio}
        result["kinds"][kind] = row
        print(f"{kind:44}{row['empty_us']:9.0f}{row['full_us']:9.0f}{ratio:8.2f}{BOUND:8.2f}")
    print(f"full: {full.citizens} citizens, {full.grants} grants, as many codes and refresh tokens; {full.bytes / 2**30:.1f} GiB, filled in {full.seconds} s")
    (layout.build / "million.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return max(r["ratio"] for r in result["kinds"].values())


def main():
    p = argparse.ArgumentParser(description="A request's cost in a full database against a nearly empty one.")
    p.add_argument("--citizens", type=int, default=1000000)
    p.add_argument("--grants", type=int, default=10000000)
    p.add_argument("--requests", type=int, default=3000, help="of each kind, in each database")
    p.add_argument("--running", action="store_true", help="the stack runs: use it as it is")
    a = p.parse_args()
    os.environ.setdefault("ANTIN_PG_SETTINGS", "shared_buffers=4GB max_wal_size=8GB")
    layout = Layout()
    if not a.running:
        subprocess.run([ROOT / "tests/stack/up"], check=True, stdout=sys.stderr)
    stack = Stack(layout)
    port = layout.base + 6
    full = House(stack, "full", "antin", layout.base, stack.daemons["idpd"].pid(), a.citizens, a.grants)
    known_client(stack, [full])
    second_database(stack, "antin_second")
    second = second_idpd(stack, "antin_second", port)
    try:
        houses = [full, House(stack, "nearly empty", "antin_second", port, second.pid, 1000, 4 * a.requests)]
        client, secret = known_client(stack, houses)
        for house in houses:
            house.furnish(client)
            house.headers = {**FORM, "Authorization": "Basic " + base64.b64encode(f"{client}:{secret}".encode()).decode()}
            house.pool = concurrent.futures.ThreadPoolExecutor(THREADS)
        say("measuring …")
        compare(houses, a.requests)
    finally:
        second.terminate()
        second.wait()
    return 1 if report(houses, layout, a.requests) > BOUND else 0


try:
    sys.exit(main())
except (StackError, subprocess.CalledProcessError) as error:
    sys.exit(f"million: {error}")
