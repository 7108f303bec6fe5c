"""
Redeeming a code or a refresh token is one statement and one commit, proofs of the client included; and what follows from that: of many at once one wins,
and what one of them used up stays used up. RFC 6749 §4.1.2, RFC 7523 §3, RFC 9449 §11.1.
Needs a stack that `make up` started: idpd is restarted so that the database writes down what it is asked.
"""
import concurrent.futures
import os
import pathlib
import re
import signal
import subprocess
import threading
import time

import pytest
from client_kit import KeyClient, Prover
from idp_kit import STACK_DIR, Client, layout, sql

BACKGROUND = {"partitions_make", "partition_drop", "consents_expire", "logout_take", "ping_take"}  # threads of the daemon that wake by the clock
GRANTS = ["--grant", "authorization_code", "--grant", "refresh_token"]
XMAX = "SELECT pg_snapshot_xmax(pg_current_snapshot())"


def service(verb, name):
    done = subprocess.run([STACK_DIR / "service", verb, name], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def keyd_pids():
    """The supervisor and its workers."""
    pid = service("pid", "keyd-idp").strip()
    return [int(pid), *map(int, pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]


class Asked:
    """What the daemon asked of the database since the last look."""

    def __init__(self):
        self.log = layout().state / "log/postgres.log"
        self.at = self.log.stat().st_size

    def look(self):
        time.sleep(0.2)
        with open(self.log, encoding="utf-8", errors="replace") as f:
            f.seek(self.at)
            names = re.findall(r"duration: [\d.]+ ms  execute (\S+?):? ", f.read())
        self.at = self.log.stat().st_size
        return [n for n in names if n not in BACKGROUND and not n.startswith("<")]


@pytest.fixture(scope="module")
def asked():
    sql("ALTER ROLE antin_idp SET log_min_duration_statement = 0; ALTER ROLE antin_idp SET log_parameter_max_length = 0")
    service("restart", "idpd")
    yield Asked()
    sql("ALTER ROLE antin_idp RESET log_min_duration_statement; ALTER ROLE antin_idp RESET log_parameter_max_length")
    service("restart", "idpd")


@pytest.fixture(scope="module")
def plain(stack):
    return Client(stack, "openid offline_access", more=GRANTS)


@pytest.fixture(scope="module")
def proving(stack):
    return KeyClient(stack, "--dpop", scope="openid offline_access", more=GRANTS)


def url(client):
    return client.meta["token_endpoint"]


def redeem(client, code, keep, prover=None, **more):
    headers = {"DPoP": prover.proof("POST", url(client))} if prover else {}
    return client.redeem_code(code, keep, headers, **more)


def refresh(client, token, prover):
    return client.token({"DPoP": prover.proof("POST", url(client))}, grant_type="refresh_token", refresh_token=token)


def commits(run, n):
    """Write transactions that n calls took: each has one number, and statements that only read have none. The least of three tries, since vacuum writes too."""
    seen = []
    for _ in range(3):
        before = int(sql(XMAX))
        run(n)
        seen.append(int(sql(XMAX)) - before)
    return min(seen)


# ---------------------------------------------------------------- one statement, one commit

def test_redemption_of_a_code_is_one_statement(asked, plain, visitor):
    codes = [plain.code(visitor) for _ in range(3)]
    asked.look()
    for code, keep in codes:
        assert plain.exchange(code, keep).status_code == 200
        assert asked.look() == ["code_use"]


def test_redemption_by_private_key_and_dpop_is_one_statement(asked, proving, visitor):
    codes = [proving.code(visitor) for _ in range(3)]
    redeem(proving, *codes.pop(), Prover())  # the daemon knows the client from here on
    asked.look()
    for code, keep in codes:
        assert redeem(proving, code, keep, Prover()).status_code == 200
        assert asked.look() == ["code_use"]


def test_refresh_is_one_statement(asked, plain, proving, visitor):
    token = plain.exchange(*plain.code(visitor)).json()["refresh_token"]
    key = Prover()
    bound = redeem(proving, *proving.code(visitor), key).json()["refresh_token"]
    asked.look()
    for _ in range(2):
        token = plain.token_request(grant_type="refresh_token", refresh_token=token).json()["refresh_token"]
        assert asked.look() == ["refresh_use"]
        bound = refresh(proving, bound, key).json()["refresh_token"]
        assert asked.look() == ["refresh_use"]


def test_a_refusal_is_one_statement_as_well(asked, plain, visitor):
    code, keep = plain.code(visitor)
    asked.look()
    assert plain.exchange(code, keep, redirect_uri="http://localhost:9400/").status_code == 400
    assert asked.look() == ["code_use", "audit_add"]  # within the bound on refusals
    assert plain.exchange(code, keep).status_code == 200 and asked.look() == ["code_use"]
    assert plain.exchange(code, keep).status_code == 400
    assert asked.look() == ["code_use"]  # the revocation of the grant among it


def test_redemption_is_one_commit(proving, visitor):
    codes, key = [proving.code(visitor) for _ in range(24)], Prover()
    assert commits(lambda n: [redeem(proving, *codes.pop(), key) for _ in range(n)], 8) == 8


def test_refresh_is_one_commit(proving, visitor):
    key = Prover()
    token = [redeem(proving, *proving.code(visitor), key).json()["refresh_token"]]

    def run(n):
        for _ in range(n):
            token[0] = refresh(proving, token[0], key).json()["refresh_token"]

    assert commits(run, 8) == 8


# ---------------------------------------------------------------- proofs are used up in it

def test_a_used_assertion_makes_the_whole_fail_and_leaves_the_code(proving, visitor):
    code, keep = proving.code(visitor)
    assertion = proving.proven()
    assert proving.post(url(proving), proven=False, **assertion, grant_type="refresh_token", refresh_token="none").status_code == 400
    again = proving.post(url(proving), {"DPoP": Prover().proof("POST", url(proving))}, proven=False, **assertion, grant_type="authorization_code", code=code,
                         redirect_uri=proving.redirect_uri, code_verifier=keep["verifier"])
    assert again.status_code == 401 and again.json()["error"] == "invalid_client"
    assert sql(f"SELECT count(*) FROM idp.audit WHERE event = 'client.assertion_replayed' AND client_id = '{proving.client_id}'") != "0"
    assert redeem(proving, code, keep, Prover()).status_code == 200


def test_a_used_dpop_proof_makes_the_whole_fail_and_leaves_the_code(proving, visitor):
    (code, keep), key = proving.code(visitor), Prover()
    proof = {"DPoP": key.proof("POST", url(proving))}
    assert proving.token(proof, grant_type="refresh_token", refresh_token="none").status_code == 400
    again = proving.redeem_code(code, keep, proof)
    assert again.status_code == 400 and again.json()["error"] == "invalid_dpop_proof"
    assert sql(f"SELECT count(*) FROM idp.audit WHERE event = 'dpop.replayed' AND client_id = '{proving.client_id}'") != "0"
    assert redeem(proving, code, keep, key).status_code == 200


def test_a_used_dpop_proof_costs_no_refresh_token(proving, visitor):
    key = Prover()
    token = redeem(proving, *proving.code(visitor), key).json()["refresh_token"]
    proof = {"DPoP": key.proof("POST", url(proving))}
    second = proving.token(proof, grant_type="refresh_token", refresh_token=token).json()["refresh_token"]
    assert proving.token(proof, grant_type="refresh_token", refresh_token=second).json()["error"] == "invalid_dpop_proof"
    assert refresh(proving, second, key).status_code == 200


@pytest.mark.parametrize("fields", [{"grant_type": "authorization_code"}, {"grant_type": "authorization_code", "code": "x", "redirect_uri": "y"},
                                    {"grant_type": "refresh_token"}, {"grant_type": "refresh_token", "refresh_token": "x"}, {"grant_type": "password"}, {}],
                         ids=["no code", "no such code", "no token", "no such token", "no such grant", "nothing"])
def test_an_assertion_is_used_up_whatever_became_of_the_request(proving, fields):
    """Else what was caught in a broken request would be good for another one."""
    assertion = proving.proven()
    headers = lambda: {"DPoP": Prover().proof("POST", url(proving))}
    assert proving.post(url(proving), headers(), proven=False, **assertion, **fields).status_code == 400
    again = proving.post(url(proving), headers(), proven=False, **assertion, **fields)
    assert again.status_code == 401 and again.json()["error"] == "invalid_client"


def test_the_same_proof_at_once_works_once(proving, visitor):
    codes = [proving.code(visitor) for _ in range(8)]
    proof = {"DPoP": Prover().proof("POST", url(proving))}
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda c: proving.redeem_code(*c, proof), codes))
    assert sorted(a.status_code for a in answers) == [200] + [400] * 7


# ---------------------------------------------------------------- of many at once

def at_once(n, run):
    with concurrent.futures.ThreadPoolExecutor(n) as pool:
        return list(pool.map(run, range(n)))


def test_of_fifty_redemptions_at_once_one_wins_and_its_tokens_die(plain, visitor):
    code, keep = plain.code(visitor)
    answers = at_once(50, lambda _: plain.exchange(code, keep))
    won = [a for a in answers if a.status_code == 200]
    assert len(won) == 1 and all(a.status_code == 400 and a.json()["error"] == "invalid_grant" for a in answers if a not in won)
    tokens = won[0].json()
    assert plain.userinfo(tokens["access_token"]).status_code == 401
    assert plain.token_request(grant_type="refresh_token", refresh_token=tokens["refresh_token"]).json()["error"] == "invalid_grant"
    assert int(sql(f"SELECT count(*) FROM idp.audit WHERE event = 'grant.revoked.replay' AND client_id = '{plain.client_id}'")) >= 1


def test_of_fifty_redemptions_with_proofs_at_once_one_wins_and_its_tokens_die(proving, visitor):
    (code, keep), key = proving.code(visitor), Prover()
    answers = at_once(50, lambda _: redeem(proving, code, keep, key))
    assert sorted(a.status_code for a in answers) == [200] + [400] * 49
    tokens = next(a for a in answers if a.status_code == 200).json()
    assert refresh(proving, tokens["refresh_token"], key).json()["error"] == "invalid_grant"


def test_a_replay_with_a_wrong_verifier_kills_as_well(plain, visitor):
    code, keep = plain.code(visitor)
    tokens = plain.exchange(code, keep).json()
    assert plain.exchange(code, keep, code_verifier="x" * 43).json()["error"] == "invalid_grant"
    assert plain.userinfo(tokens["access_token"]).status_code == 401


def test_wrong_guesses_at_the_verifier_do_not_use_a_code_up_but_are_written_down(plain, visitor):
    code, keep = plain.code(visitor)
    event = f"SELECT count(*) FROM idp.audit WHERE event = 'code.pkce_failed' AND client_id = '{plain.client_id}'"
    before = int(sql(event))
    answers = at_once(10, lambda i: plain.exchange(code, keep, code_verifier=str(i) * 43))
    assert all(a.status_code == 400 and a.json()["error"] == "invalid_grant" for a in answers)
    assert int(sql(event)) > before  # ten a minute and client
    assert plain.exchange(code, keep).status_code == 200


# ---------------------------------------------------------------- when keyd cannot sign

def test_what_keyd_could_not_sign_is_taken_back_with_its_binding(stack, visitor):
    """The code of a public client was bound to the first key that redeemed it: another one may, since that one got nothing."""
    client = Client(stack, "openid offline_access", public=True, more=GRANTS)
    code, keep = client.code(visitor)
    first, second = Prover(), Prover()
    fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": client.redirect_uri, "code_verifier": keep["verifier"], "client_id": client.client_id}
    ask = lambda key, **f: client.http.post(url(client), data=f, headers={"DPoP": key.proof("POST", url(client))}, timeout=30)
    service("kill", "keyd-idp")
    try:
        answer = ask(first, **fields)
        assert answer.status_code == 503 and answer.json()["error"] == "temporarily_unavailable"
    finally:
        service("start", "keyd-idp")
    end = time.monotonic() + 10
    while client.http.get(stack.idp_url + "/ready").status_code != 200 and time.monotonic() < end:
        time.sleep(0.1)
    answer = ask(second, **fields)
    assert answer.status_code == 200, answer.text
    token = answer.json()["refresh_token"]
    assert sql(f"SELECT count(*) FROM idp.refresh_token t JOIN idp.code c USING (grant_id) JOIN idp.access_grant g ON g.id = t.grant_id"
               f" WHERE g.client_id = '{client.client_id}'") == "1"
    assert ask(first, grant_type="refresh_token", refresh_token=token, client_id=client.client_id).json()["error"] == "invalid_grant"
    assert ask(second, grant_type="refresh_token", refresh_token=token, client_id=client.client_id).status_code == 200


def test_successor_that_was_given_meanwhile_is_not_taken_back(stack, plain, visitor):
    """Of two askers within the window the first got no answer from keyd, the second did: what the second holds goes on."""
    code, keep = plain.code(visitor)
    first = plain.exchange(code, keep).json()["refresh_token"]
    got = {}
    again_with = lambda token: plain.token_request(grant_type="refresh_token", refresh_token=token)
    pids = keyd_pids()
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        lost = threading.Thread(target=lambda: got.update(lost=again_with(first)))
        lost.start()
        time.sleep(3)
        again = threading.Thread(target=lambda: got.update(again=again_with(first)))
        again.start()
        lost.join()
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
    again.join()
    assert got["lost"].status_code in (408, 503) and got["again"].status_code == 200, got["again"].text
    assert again_with(got["again"].json()["refresh_token"]).status_code == 200
