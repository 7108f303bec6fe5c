"""
The administration's API: accounts, sessions, consents, grants, keys, the audit log; the same verbs at the command line. RFC 9457, RFC 8288, RFC 4180.
"""
import csv
import io
import json
import uuid

import antin_client as antin
import pytest
from admin_kit import Admin, Service, audit, new_officer, problem
from idp_kit import Client, enrolled, fresh, idpctl, sql

NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(scope="module")
def admin(stack):
    return Admin(stack)


@pytest.fixture(scope="module")
def service(stack):
    return Service(stack)


@pytest.fixture
def person(stack, officer):
    return enrolled(stack, officer)


@pytest.fixture(scope="module")
def portal(stack):
    return Client(stack, "openid profile offline_access", more=["--grant", "authorization_code", "--grant", "refresh_token"])


def of(person, tail=""):
    return f"/accounts/{person.person.id}{tail}"


def get(admin, path, name):
    answer = admin.call("GET", path)
    assert answer.status_code == 200 and "no-store" in answer.headers["Cache-Control"], answer.text
    return answer.json()[name]


def refresh(portal, tokens):
    return portal.token_request(grant_type="refresh_token", refresh_token=tokens["refresh_token"])


def last(event, account):
    return json.loads(sql(f"SELECT to_json(a) FROM idp.audit a WHERE event = '{event}' AND account_id = '{account}' ORDER BY at DESC LIMIT 1"))


# ---------------------------------------------------------------- accounts

def test_account_is_told_without_personal_data(admin, person):
    answer = admin.call("GET", of(person))
    assert answer.status_code == 200 and "no-store" in answer.headers["Cache-Control"]
    body = answer.json()
    assert body["account_id"] == person.person.id and body["kind"] == "citizen" and body["state"] == "active" and body["level"] == 2
    assert body["roles"] == [] and {"created_at", "activated_at"} <= set(body)
    assert person.person.number not in answer.text and person.person.name not in answer.text


def test_account_is_found_by_its_login_and_the_look_up_is_in_the_log(admin, person):
    answer = admin.call("POST", "/accounts/find", json={"login": person.person.number})
    assert answer.status_code == 200 and answer.json()["account_id"] == person.person.id
    row = last("account.sought", person.person.id)
    assert row["by_account"] == admin.id and row["by_client"] == admin.console.client_id and row["request_id"] == answer.headers["X-Request-Id"]


def test_unknown_login_is_not_found_and_the_look_up_is_in_the_log(admin):
    before = audit("account.sought", "account_id IS NULL")
    problem(admin.call("POST", "/accounts/find", json={"login": antin.new_person().number}), 404, "not_found")
    assert audit("account.sought", "account_id IS NULL") == before + 1


@pytest.mark.parametrize("body", [{}, {"login": 7}, {"login": ""}, {"login": "a" * 100}, {"login": "an", "more": 1}])
def test_look_up_is_read_strictly(admin, body):
    problem(admin.call("POST", "/accounts/find", json=body), 400, "invalid_request")


@pytest.mark.parametrize("bad", [NOBODY, "x", "00000000-0000-4000-8000-00000000000G", "1' OR '1'='1", "%00"])
@pytest.mark.parametrize("tail", ["", "/sessions", "/consents", "/grants"])
def test_account_that_is_none_is_not_found(admin, bad, tail):
    assert admin.call("GET", f"/accounts/{bad}{tail}").status_code in (400, 404)


def test_looking_at_an_account_is_in_the_log(admin, person):
    get(admin, of(person, "/consents"), "consents")
    row = last("account.viewed", person.person.id)
    assert row["by_account"] == admin.id and row["detail"] == "consents"


def test_lock_ends_sessions_and_tokens_and_says_who_did_it(admin, portal, person):
    tokens = portal.login(person)
    answer = admin.call("POST", of(person, "/lock"))
    assert answer.status_code == 200 and answer.json()["state"] == "locked"
    assert portal.userinfo(tokens["access_token"]).status_code == 401
    assert refresh(portal, tokens).json()["error"] == "invalid_grant"
    row = last("account.locked", person.person.id)
    assert row["by_account"] == admin.id and row["by_client"] == admin.console.client_id and row["by_operator"] is None
    assert admin.call("POST", of(person, "/lock")).status_code == 200  # again: nothing changes
    assert admin.call("POST", of(person, "/unlock")).json()["state"] == "active"
    assert last("account.unlocked", person.person.id)["by_account"] == admin.id


def test_service_that_locks_is_named_in_the_log(service, person):
    assert service.call("POST", of(person, "/lock")).status_code == 200
    row = last("account.locked", person.person.id)
    assert row["by_account"] is None and row["by_client"] == service.client_id


def test_without_the_scope_nothing_changes(stack, officer, admin, person):
    for method, tail in (("POST", "/lock"), ("DELETE", "/sessions"), ("DELETE", "/consents/x"), ("GET", "/grants")):
        problem(admin.call(method, of(person, tail), officer.token()), 403, "insufficient_scope")
    assert admin.call("GET", of(person)).json()["state"] == "active"
    assert audit("admin.refused", f"client_id = '{officer.quay.client_id}'") >= 1


# ---------------------------------------------------------------- sessions

def test_sessions_are_told_with_where_and_since(admin, portal, person):
    person.browser.session.headers["User-Agent"] = "Mozilla/5.0 (Linux; Android 13) Chrome/120.0 Mobile Safari/537.36"
    portal.login(person)
    (session,) = get(admin, of(person, "/sessions"), "sessions")
    assert session["browser"] == "Chrome, Android" and session["client_id"] == portal.client_id and session["client_name"] == "Cổng thử nghiệm"
    assert uuid.UUID(session["sid"]) and {"auth_time", "seen_at", "expires_at"} <= set(session) and session["amr"] == ["pwd"]


def test_one_session_is_ended_with_its_grants_and_another_lives_on(stack, admin, portal, person):
    other = fresh(stack, person.person)
    mine, theirs = portal.login(person), portal.login(other)
    sid = mine["claims"]["sid"]
    assert admin.call("DELETE", f"/sessions/{sid}").status_code == 200
    assert refresh(portal, mine).json()["error"] == "invalid_grant"
    assert portal.userinfo(mine["access_token"]).status_code == 401
    assert portal.open(person, prompt="none")[0].params()["error"] == "login_required"
    assert portal.userinfo(theirs["access_token"]).status_code == 200 and refresh(portal, theirs).status_code == 200
    row = last("session.ended", person.person.id)
    assert row["detail"] == sid and row["by_account"] == admin.id
    problem(admin.call("DELETE", f"/sessions/{sid}"), 404, "not_found")


def test_all_sessions_of_an_account_are_ended(stack, admin, portal, person):
    portal.login(person)
    portal.login(fresh(stack, person.person))
    answer = admin.call("DELETE", of(person, "/sessions"))
    assert answer.status_code == 200 and answer.json()["sessions_ended"] == 2
    assert get(admin, of(person, "/sessions"), "sessions") == []
    assert last("session.revoked", person.person.id)["by_account"] == admin.id


def test_sessions_of_everybody_come_in_pages_without_gap_or_double(stack, officer, admin, portal):
    people = [enrolled(stack, officer) for _ in range(3)]
    for p in people:
        portal.login(p)
    seen, after = [], None
    while True:
        answer = admin.call("GET", "/sessions", params={"limit": 2, **({"after": after} if after else {})}).json()
        seen += [s["sid"] for s in answer["sessions"]]
        after = answer.get("next")
        if not after:
            break
    assert len(seen) == len(set(seen)) >= 3
    accounts = {s["account_id"] for s in admin.call("GET", "/sessions", params={"limit": 1000}).json()["sessions"]}
    assert {p.person.id for p in people} <= accounts


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "limit=x", "limit=-1", "limit=", "after=x", "after=1.x", "limit=1&limit=2"])
def test_pages_of_sessions_are_asked_for_strictly(admin, query):
    problem(admin.call("GET", "/sessions?" + query), 400, "invalid_request")


# ---------------------------------------------------------------- consents and grants

def test_consent_taken_back_kills_that_clients_tokens_alone(stack, admin, portal, person):
    other = Client(stack, "openid profile")
    tokens, others = portal.login(person), other.login(person)
    consents = get(admin, of(person, "/consents"), "consents")
    assert {c["client_id"] for c in consents} == {portal.client_id, other.client_id} and all("scope" in c and "given_at" in c for c in consents)
    assert admin.call("DELETE", of(person, f"/consents/{portal.client_id}")).status_code == 200
    assert refresh(portal, tokens).json()["error"] == "invalid_grant" and portal.userinfo(tokens["access_token"]).status_code == 401
    assert other.userinfo(others["access_token"]).status_code == 200
    page, _ = portal.open(person)
    assert page.form(action="/consent"), "the next visit asks again"
    row = last("consent.removed", person.person.id)
    assert row["client_id"] == portal.client_id and row["by_account"] == admin.id
    problem(admin.call("DELETE", of(person, f"/consents/{portal.client_id}")), 404, "not_found")


def test_grant_is_revoked_alone(admin, portal, person):
    one, two = portal.login(person), portal.login(person)
    grants = get(admin, of(person, "/grants"), "grants")
    assert len(grants) == 2 and all(g["client_id"] == portal.client_id and g["sid"] == one["claims"]["sid"] for g in grants)
    newest = grants[0]["grant_id"]
    assert admin.call("DELETE", f"/grants/{newest}").status_code == 200
    assert refresh(portal, two).json()["error"] == "invalid_grant" and refresh(portal, one).status_code == 200
    assert last("grant.revoked.admin", person.person.id)["detail"] == newest
    problem(admin.call("DELETE", f"/grants/{newest}"), 404, "not_found")


def test_pending_code_dies_with_the_consent(admin, portal, person):
    code, keep = portal.code(person)
    assert admin.call("DELETE", of(person, f"/consents/{portal.client_id}")).status_code == 200
    assert portal.exchange(code, keep).json()["error"] == "invalid_grant"


# ---------------------------------------------------------------- the audit log

def search(admin, **query):
    answer = admin.call("GET", "/audit", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()["events"]


def test_log_is_searched_by_account_event_client_and_time(admin, portal, person):
    portal.login(person)
    mine = search(admin, account=person.person.id)
    assert [e["event"] for e in mine][-1] == "account.created" and {"login.ok", "consent.given", "token.issued"} <= {e["event"] for e in mine}
    assert mine == sorted(mine, key=lambda e: e["at"], reverse=True)
    assert {e["event"] for e in search(admin, account=person.person.id, event="login.ok")} == {"login.ok"}
    assert {e["client_id"] for e in search(admin, client=portal.client_id)} == {portal.client_id}
    family = {e["event"] for e in search(admin, account=person.person.id, event="activation.*")}
    assert family == {"activation.used"}
    assert search(admin, account=person.person.id, to="2020-01-01T00:00:00Z") == []
    assert search(admin, account=person.person.id, **{"from": "2020-01-01T00:00:00+07:00"})[-1]["event"] == "account.created"


def test_acts_of_an_officer_are_found(stack, admin, person):
    other = Admin(stack)
    other.call("POST", of(person, "/lock"))
    found = search(admin, by=other.id)
    assert [e["event"] for e in found] == ["account.locked"] and found[0]["account_id"] == person.person.id


def test_reading_the_log_stands_in_the_log(admin, person):
    search(admin, account=person.person.id, event="login.ok")
    row = last("audit.searched", person.person.id)
    assert row["by_account"] == admin.id and row["detail"] == "login.ok"


def test_log_comes_in_pages_without_gap_or_double(admin, portal, person):
    for _ in range(3):
        portal.login(person)
    whole = [e["id"] for e in search(admin, account=person.person.id, event="token.issued")]
    seen, url = [], f"/audit?account={person.person.id}&event=token.issued&limit=2"
    while url:
        answer = admin.call("GET", url)
        seen += [e["id"] for e in answer.json()["events"]]
        link = answer.links.get("next")
        assert bool(link) == ("next" in answer.json())
        url = link["url"].removeprefix("/admin/v1") if link else None
    assert seen == whole and len(seen) == 3


def test_log_is_exported_as_lines_and_as_csv(admin, portal, person):
    portal.login(person)
    query = {"account": person.person.id, "to": "2099-01-01T00:00:00Z"}
    plain = search(admin, **query)
    lines = admin.call("GET", "/audit", params=query, headers={"Accept": "application/x-ndjson"})
    assert lines.headers["Content-Type"] == "application/x-ndjson"
    rows = [json.loads(line) for line in lines.text.splitlines()]
    assert [r["id"] for r in rows if r["event"] != "audit.searched"] == [e["id"] for e in plain if e["event"] != "audit.searched"]
    table = admin.call("GET", "/audit", params=query, headers={"Accept": "text/csv"})
    assert table.headers["Content-Type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(table.content.decode())))
    assert {r["event"] for r in rows} >= {"account.created", "login.ok"} and rows[-1]["account_id"] == person.person.id


@pytest.mark.parametrize("query", ["event=Login", "event=*", "event=.*", "event=a%27b", "account=an", "by=1", "client=", "from=yesterday", "to=2026-13-01T00:00:00Z",
                                   "after=1", "limit=100000", "limit=1001", "event=a&event=b", "from=2026-01-01"])
def test_log_is_asked_strictly_and_the_fault_is_named(admin, query):
    problem(admin.call("GET", "/audit?" + query), 400, "invalid_request")


def test_daemon_can_append_to_the_log_and_not_change_it(stack):
    rights = sql("SELECT string_agg(privilege_type, ' ' ORDER BY privilege_type) FROM information_schema.role_table_grants"
                 " WHERE grantee = 'antin_idp' AND table_schema = 'idp' AND table_name = 'audit'")
    assert rights == "INSERT SELECT"


# ---------------------------------------------------------------- at the command line

def test_command_line_has_the_same_verbs_and_its_rows_name_the_operator(stack, portal, person):
    tokens = portal.login(person)
    who = person.person.number
    assert idpctl("account", "show", who)["account_id"] == person.person.id
    assert [s["sid"] for s in idpctl("session", "list", who)["sessions"]] == [tokens["claims"]["sid"]]
    assert [c["client_id"] for c in idpctl("consent", "list", who)["consents"]] == [portal.client_id]
    (grant,) = idpctl("grant", "list", who)["grants"]
    assert idpctl("grant", "revoke", grant["grant_id"])["ended"] is True
    assert refresh(portal, tokens).json()["error"] == "invalid_grant"
    idpctl("consent", "remove", who, portal.client_id)
    idpctl("session", "end", tokens["claims"]["sid"])
    for event in ("grant.revoked.admin", "consent.removed", "session.ended"):
        row = last(event, person.person.id)
        assert row["by_operator"].startswith("uid ") and row["by_account"] is None and row["by_client"] is None
    events = idpctl("audit", "search", "--account", who, "--event", "session.ended")["events"]
    assert len(events) == 1 and events[0]["by_operator"].startswith("uid ")
    assert audit("audit.searched", f"account_id = '{person.person.id}' AND by_operator IS NOT NULL") == 1


@pytest.mark.parametrize("argv,code", [
    (["session", "end", NOBODY], 3), (["session", "end", "x"], 3), (["session", "end"], 2), (["grant", "revoke", NOBODY], 3),
    (["consent", "remove", "nobody.at.all", "x"], 3), (["consent", "remove", "x"], 2), (["session", "list", "nobody.at.all"], 3),
    (["audit", "search", "--from", "yesterday"], 2), (["audit", "search", "--limit", "0"], 2), (["audit", "search", "--format", "xml"], 2),
    (["audit", "search", "--event", "A B"], 2), (["audit", "search", "more"], 2), (["account", "show", "nobody.at.all"], 3),
])
def test_command_line_says_what_is_wrong(argv, code):
    assert idpctl(*argv, check=False).returncode == code


@pytest.mark.parametrize("form,want", [("csv", "id,at,event"), ("ndjson", "")])
def test_empty_find_is_an_empty_export(form, want):
    done = idpctl("audit", "search", "--event", "no.such", "--format", form, check=False)
    assert done.returncode == 0 and done.stdout.startswith(want) and len(done.stdout.splitlines()) == bool(want)


def test_new_officers_account_says_who_made_it():
    _, _, account = new_officer("registrar")
    assert last("account.created", account)["by_operator"].startswith("uid ")
    assert last("role.given", account)["detail"] == "registrar"
