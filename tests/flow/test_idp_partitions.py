"""
What expires goes by the partition: ahead of time there is a place for every row, what is over is dropped whole, what must last stays. schema/idp/0007.
Needs a stack that `make up` started: its idpd is restarted, a second database is made in its cluster.
"""
import hashlib
import shutil
import subprocess
import threading
import time

import pytest
from idp_kit import STACK_DIR, Client, fresh, idpctl, layout, session_hash, sql, timed_key

LONG_AGO = {"month": ("202001", "2020-01-01", "2020-02-01"), "day": ("20200101", "2020-01-01", "2020-01-02"),
            "hour": ("2020010100", "2020-01-01 00:00", "2020-01-01 01:00")}
# Cut by time or not, these go another way: one row an account (written over by the next), or deleted when answered.
ROWS_THAT_DO_NOT_PILE_UP = {"consent", "activation", "registration_token"}


def rules(where="true"):
    return [line.split("|") for line in sql(f"SELECT parent, key, step FROM idp.partition_rule WHERE {where} ORDER BY parent").splitlines()]


def exists(table):
    return sql(f"SELECT to_regclass('idp.{table}') IS NOT NULL") == "t"


def old_partition(parent, key, step):
    """A partition of long ago, as if nobody had kept the tables since."""
    name, start, end = LONG_AGO[step]
    sql(f"""SET timezone = 'UTC'; DO $$ BEGIN EXECUTE format('CREATE TABLE idp.{parent}_p{name} PARTITION OF idp.{parent} FOR VALUES FROM (%L) TO (%L)',
        idp.partition_bound('{key}', '{start}'), idp.partition_bound('{key}', '{end}')); END $$""")
    return f"{parent}_p{name}"


@pytest.fixture(scope="module")
def client(stack):
    return Client(stack, "openid offline_access", more=["--grant", "authorization_code", "--grant", "refresh_token"])


@pytest.fixture
def tidy():
    """Partitions of long ago that a failed test left behind."""
    yield
    for parent, _, step in rules("keep IS NOT NULL"):
        sql(f"DROP TABLE IF EXISTS idp.{parent}_p{LONG_AGO[step][0]}")


def test_what_is_over_is_dropped_whole(tidy):
    made = [old_partition(*rule) for rule in rules("keep IS NOT NULL")]
    assert len(made) >= 10 and all(exists(t) for t in made)
    assert idpctl("maintain")["partitions_dropped"] == len(made)
    assert not any(exists(t) for t in made)
    assert idpctl("maintain") == {"partitions_made": 0, "partitions_dropped": 0, "consents_removed": 0}


def test_the_audit_is_never_dropped():
    """Not even when its time is long over: there is nothing to set that would do it."""
    assert sql("SELECT keep IS NULL FROM idp.partition_rule WHERE parent = 'audit'") == "t"
    first = sql("SELECT min(relname) FROM pg_class WHERE relname LIKE 'audit_p%' AND relispartition")
    rows = sql("SELECT count(*) FROM idp.audit WHERE at < now() - interval '1 minute'")
    idpctl("maintain")
    assert exists(first) and sql("SELECT count(*) FROM idp.audit WHERE at < now() - interval '1 minute'") >= rows


@pytest.mark.parametrize("parent,life", [("access_grant", "90 days"), ("refresh_token", "90 days"), ("code", "90 days"), ("session", "8 hours"), ("device", "1 hour"),
                                         ("auth_request", "30 minutes"), ("pushed_request", "10 minutes"), ("seen", "10 minutes"), ("throttle", "1 hour"),
                                         ("idempotency", "1 hour"), ("audit", "1 hour")])
def test_there_is_a_place_for_every_row_of_its_life(parent, life):
    """From now until a row made in an hour's time ends: the daemon looks every hour."""
    key = sql(f"SELECT key FROM idp.partition_rule WHERE parent = '{parent}'")
    kind = {"time": "timestamptz", "bytes": "bytea", "uuid": "uuid"}[key]
    for at in ("now()", f"now() + interval '{life}' + interval '1 hour'"):
        bound = sql(f"SELECT idp.partition_bound('{key}', {at})")
        low, high = ("substring(b FROM $$FROM \\(('[^']*'|MINVALUE)\\)$$)", "substring(b FROM $$TO \\('([^']*)'\\)$$)")
        assert int(sql(f"""SELECT count(*) FROM (SELECT pg_get_expr(c.relpartbound, c.oid) AS b FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
            WHERE i.inhparent = 'idp.{parent}'::regclass) p WHERE '{bound}'::{kind} < ({high})::{kind}
            AND ({low} = 'MINVALUE' OR '{bound}'::{kind} >= (trim(both '''' FROM {low}))::{kind})""")) == 1, (parent, at)


def test_tables_that_expire_are_cut_by_time():
    """A new table with expires_at belongs into partition_rule: rows deleted one by one are what fills disks."""
    tables = sql("SELECT string_agg(c.relname, ' ') FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'expires_at'"
                 " WHERE c.relnamespace = 'idp'::regnamespace AND c.relkind = 'r' AND NOT c.relispartition")
    assert set(tables.split()) <= ROWS_THAT_DO_NOT_PILE_UP
    assert sql("SELECT count(*) FROM pg_partitioned_table t JOIN pg_class c ON c.oid = t.partrelid WHERE c.relnamespace = 'idp'::regnamespace"
               " AND c.relname NOT IN (SELECT parent FROM idp.partition_rule)") == "0"


def test_nothing_holds_a_partition_by_a_foreign_key():
    """A referenced partition could not be dropped, and every insert would lock the row that it refers to."""
    assert sql("SELECT string_agg(conrelid::regclass::text || ' -> ' || confrelid::regclass::text, ', ') FROM pg_constraint k WHERE contype = 'f'"
               " AND (confrelid IN (SELECT partrelid FROM pg_partitioned_table) OR conrelid IN (SELECT partrelid FROM pg_partitioned_table))"
               " AND connamespace = 'idp'::regnamespace") == ""


@pytest.mark.parametrize("statement", [
    "DROP TABLE idp.seen", "ALTER TABLE idp.session DETACH PARTITION idp.session_old", "CREATE TABLE idp.mine (a int)",
    "UPDATE idp.partition_rule SET keep = interval '1 hour'", "INSERT INTO idp.partition_rule VALUES ('account', 'uuid', 'day', 'short', '1 hour')",
    "DELETE FROM idp.partition_rule", "TRUNCATE idp.seen"])
def test_the_daemons_role_can_neither_make_nor_drop_a_table(statement):
    with pytest.raises(Exception, match="permission denied|must be owner"):
        sql(f"SET ROLE antin_idp; {statement}")


def test_partitions_are_made_for_a_bounded_time():
    """Whoever holds the daemon's role cannot fill the catalog."""
    count = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'idp.{}'::regclass;"
    made = sql("BEGIN; SET LOCAL ROLE antin_idp; SELECT idp.make_partitions(1000000000, 1000000000, 1000000000); SET LOCAL ROLE NONE;"
               + count.format("access_grant") + count.format("session") + count.format("auth_request") + "ROLLBACK").split()
    assert int(made[1]) <= 17 and int(made[2]) <= 13 and int(made[3]) <= 6, made


def test_the_daemon_makes_partitions_at_its_start(stack, client):
    last = sql("SELECT max(relname) FROM pg_class WHERE relname ~ '^seen_p[0-9]+$' AND relispartition")
    sql(f"DROP TABLE idp.{last}")
    done = subprocess.run([STACK_DIR / "service", "restart", "idpd"], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert exists(last)  # the stack says that it is up when /ready does
    assert client.http.get(stack.idp_url + "/ready").status_code == 200


def test_a_reader_delays_the_drop_and_nobody_else(stack, client, person, tidy):
    """A backup reads for hours. A statement that waits for it with a strong lock would have everybody wait behind it."""
    table = old_partition("session", "bytes", "day")
    reader = threading.Thread(target=sql, args=("BEGIN; SELECT count(*) FROM idp.session; SELECT pg_sleep(4); COMMIT",))
    reader.start()
    time.sleep(1)
    begin = time.monotonic()
    assert idpctl("maintain")["partitions_dropped"] == 0 and exists(table)
    assert time.monotonic() - begin < 2.5
    assert client.code(fresh(stack, person))  # signs in meanwhile
    reader.join()
    assert idpctl("maintain")["partitions_dropped"] == 1 and not exists(table)


def test_a_look_up_by_name_asks_one_partition():
    plan = sql("SET plan_cache_mode = force_generic_plan; PREPARE q (bytea) AS SELECT * FROM idp.session WHERE id_hash = $1;"
               " EXPLAIN (ANALYZE, COSTS OFF) EXECUTE q(decode(idp.partition_hex(now()) || repeat('00', 32), 'hex'))")
    assert "Subplans Removed" in plan and plan.count(" on session_") == 1, plan  # a small one may be read whole


def test_names_lie_in_the_partition_of_their_time(stack, client, person):
    visitor = fresh(stack, person)
    code, keep = client.code(visitor)
    token = client.exchange(code, keep).json()["refresh_token"]
    grant = sql(f"SELECT tableoid::regclass || ' ' || id FROM idp.access_grant WHERE id = (SELECT grant_id FROM idp.code WHERE code_hash = '{timed_key(code)}')")
    month = grant.split()[0].rsplit("_p", 1)[1]
    assert month == sql("SELECT to_char(now() AT TIME ZONE 'UTC' + interval '90 days', 'YYYYMM')")
    assert sql(f"SELECT tableoid::regclass FROM idp.code WHERE code_hash = '{timed_key(code)}'") == f"idp.code_p{month}"
    assert sql(f"SELECT tableoid::regclass FROM idp.refresh_token WHERE token_hash = '{timed_key(token)}'") == f"idp.refresh_token_p{month}"
    second = client.token_request(grant_type="refresh_token", refresh_token=token).json()["refresh_token"]
    assert second[:8] == token[:8] == code[:8]
    assert grant.split()[1].replace("-", "")[:12] == timed_key(code)[2:14]


def test_a_cookie_of_before_names_carried_their_time_goes_on(stack, client, person):
    """Forty-three characters, known by six zeros in front of its hash, in a partition of its own."""
    visitor = fresh(stack, person)
    assert client.code(visitor)
    made = not exists("session_old")
    if made:
        sql("CREATE TABLE idp.session_old PARTITION OF idp.session FOR VALUES FROM (MINVALUE) TO ('\\x000000000001')")
        sql("UPDATE idp.partition_rule SET old_until = now() + interval '1 day' WHERE parent = 'session'")
    old = visitor.browser.session.cookies["antin_idp_session"][8:]
    sql(f"UPDATE idp.session SET id_hash = '\\x000000000000{hashlib.sha256(old.encode()).hexdigest()}' WHERE id_hash = '{session_hash(visitor)}'")
    for cookie in visitor.browser.session.cookies:
        if cookie.name == "antin_idp_session":
            cookie.value = old
    assert "code" in client.open(visitor, prompt="none")[0].params()
    idpctl("maintain")
    assert "code" in client.open(visitor, prompt="none")[0].params()
    if made:
        sql("UPDATE idp.partition_rule SET old_until = now() - interval '1 day' WHERE parent = 'session'")
        assert idpctl("maintain")["partitions_dropped"] == 1 and not exists("session_old")
        sql("UPDATE idp.partition_rule SET old_until = NULL WHERE parent = 'session'")
        assert client.open(visitor, prompt="none")[0].params()["error"] == "login_required"


# ---------------------------------------------------------------- the migration

BEFORE = """
INSERT INTO idp.account (id, kind, level, state, login_hash, data_key, data) VALUES
    ('00000000-0000-4000-8000-000000000001', 'citizen', 2, 'active', sha256('x'), repeat('k', 80)::bytea, repeat('d', 80)::bytea);
INSERT INTO idp.client (id, name, auth_method, scope, grants) VALUES ('c', 'C', 'none', 'openid', 'authorization_code');
INSERT INTO idp.access_grant (id, account_id, client_id, scope, sub, sid, auth_time, expires_at)
    SELECT gen_random_uuid(), '00000000-0000-4000-8000-000000000001', 'c', 'openid', 's' || i, gen_random_uuid(), now(), now() + i * interval '1 day'
    FROM generate_series(-3, 90) i WHERE i <> 0;
INSERT INTO idp.refresh_token (token_hash, grant_id, expires_at) SELECT sha256(sub::bytea), id, expires_at FROM idp.access_grant;
INSERT INTO idp.code (code_hash, grant_id, redirect_uri, challenge, expires_at, used_at) SELECT sha256(sub::bytea), id, 'r', 'c', now(), now() FROM idp.access_grant;
INSERT INTO idp.session (id_hash, sid, account_id, expires_at) VALUES (sha256('s'), gen_random_uuid(), '00000000-0000-4000-8000-000000000001', now() + interval '7 hours');
INSERT INTO idp.device (device_hash, user_hash, client_id, scope, expires_at, grant_id)
    SELECT sha256('d'), sha256('u'), 'c', 'openid', now() + interval '5 minutes', id FROM idp.access_grant WHERE sub = 's40';
INSERT INTO idp.auth_request (id_hash, browser_hash, client_id, redirect_uri, scope, challenge, prompt_login, prompt_consent, expires_at, device_hash)
    VALUES (sha256('q'), sha256('b'), 'c', 'r', 's', 'c', false, false, now() + interval '5 minutes', sha256('d'));
INSERT INTO idp.pushed_request (uri_hash, client_id, params, expires_at) VALUES (sha256('p'), 'c', repeat('p', 50)::bytea, now() + interval '1 minute');
INSERT INTO idp.seen VALUES (sha256('p'), now() + interval '5 minutes');
INSERT INTO idp.throttle VALUES (sha256('p'), 3);
INSERT INTO idp.idempotency (principal, key, request_hash, status, answer, expires_at)
    VALUES ('00000000-0000-4000-8000-000000000001', 'k', sha256('r'), 201, 'a', now() + interval '1 hour');
INSERT INTO idp.audit (event, at) VALUES ('old', now() - interval '200 days'), ('new', now());
"""


@pytest.fixture(scope="module")
def upgraded(tmp_path_factory):
    """sql() of a database that was filled before names carried their time, and migrated since."""
    import sys
    sys.path.insert(0, str(STACK_DIR))
    from postgres import Cluster
    place = layout()
    cluster, work = Cluster(place, place.pg_port), tmp_path_factory.mktemp("upgrade")
    schema = STACK_DIR.parents[1] / "schema"
    shutil.copytree(schema, work / "schema")
    for late in (work / "schema/idp").glob("*.sql"):
        if int(late.name[:4]) > 6:
            late.unlink()
    (work / "conninfo").write_text(cluster.conninfo("antin_upgrade") + "\n", encoding="utf-8")
    (work / "conninfo").chmod(0o600)

    def migrate(folder):
        done = subprocess.run([place.build / "bin/antin-migrate", "--dir", folder, "--conninfo-file", work / "conninfo", "up"], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    cluster.sql("DROP DATABASE IF EXISTS antin_upgrade")
    cluster.sql("CREATE DATABASE antin_upgrade")
    try:
        migrate(work / "schema")
        cluster.sql(BEFORE, "antin_upgrade")
        migrate(schema)
        yield lambda text: cluster.sql(text, "antin_upgrade")
    finally:
        cluster.sql("DROP DATABASE IF EXISTS antin_upgrade")


def test_migration_keeps_what_has_not_ended(upgraded):
    assert upgraded("SELECT count(*) FROM idp.access_grant WHERE expires_at > now()") == "90"
    assert upgraded("SELECT count(*) FROM idp.refresh_token t JOIN idp.access_grant g ON g.id = t.grant_id WHERE g.expires_at > now()"
                    " AND substr(t.token_hash, 7) = sha256(g.sub::bytea)") == "90"
    for table in ("session", "auth_request", "device", "pushed_request", "seen", "throttle", "idempotency"):
        assert upgraded(f"SELECT count(*) FROM idp.{table}") == "1", table
    assert upgraded("SELECT g.sub FROM idp.device d JOIN idp.access_grant g ON g.id = d.grant_id") == "s40"
    assert upgraded("SELECT count(*) FROM idp.auth_request q JOIN idp.device d ON d.device_hash = q.device_hash") == "1"


def test_migration_gives_grants_their_time(upgraded):
    assert upgraded("SELECT bool_and(left(replace(id::text, '-', ''), 12) = idp.partition_hex(expires_at) AND substr(id::text, 15, 1) = '8') FROM idp.access_grant") == "t"
    assert int(upgraded("SELECT count(DISTINCT tableoid) FROM idp.access_grant")) >= 3


def test_migration_still_notices_a_code_that_was_used(upgraded):
    assert upgraded("SELECT min(uses) || ' ' || max(uses) FROM idp.code") == "1 1"


def test_migration_copies_no_audit(upgraded):
    """It may be years long: what there is becomes a partition as it stands."""
    assert upgraded("SELECT count(DISTINCT tableoid) || ' ' || count(*) FROM idp.audit") == "1 2"
    assert upgraded("SET ROLE antin_idp; INSERT INTO idp.audit (event) VALUES ('after'); RESET ROLE; SELECT count(*) FROM idp.audit") == "3"


def test_partitions_of_names_without_time_go_when_the_last_of_them_ends(upgraded):
    assert upgraded("SELECT idp.drop_partition() IS NULL") == "t"
    upgraded("UPDATE idp.partition_rule SET old_until = now() - interval '2 days' WHERE parent = 'session'")
    assert upgraded("SELECT idp.drop_partition()") == "session_old"
    assert upgraded("SELECT idp.drop_partition() IS NULL") == "t"
