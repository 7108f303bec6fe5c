"""
Token keys that come and go while everybody works: asked for at the command line or by an administrator, taken up by both keyd, idpd and signerd without a
restart. OpenID Connect Core §10.1.1. The rules of time are in tests/unit/test_keyd_rotation.c. Needs a stack that `make up` started.
"""
import json
import pathlib
import time

import antin_client as antin
import pytest
import requests
from admin_kit import Admin
from idp_kit import Client, enrolled, idpctl, layout, sql
from test_idp_keys import Keys, kid_of


@pytest.fixture
def folder(stack):
    """keyd's folder; what is made here is taken away again, and keyd notices by itself."""
    place = layout().state / "keys/idp"
    before = set(place.glob("*.key"))
    yield place
    for path in set(place.glob("*.key")) - before:
        path.unlink()
    until(lambda: len(keys()) == 4)


def keys():
    return idpctl("key", "list")["keys"]


def until(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.2)


def published(stack):
    return {k["kid"] for k in requests.get(stack.idp_url + "/jwks", timeout=10).json()["keys"]}


def seen_by_signers_keyd():
    return {k["kid"] for k in json.loads((layout().state / "keyd-idp/jwks.json").read_text(encoding="ascii"))["keys"]}


def pids():
    return {n: (layout().state / "pids" / n).read_text(encoding="ascii") for n in ("keyd-idp", "keyd-signer", "idpd", "signerd")}


def rotations():
    return int(sql("SELECT count(*) FROM idp.audit WHERE event = 'key.rotation_asked'"))


def test_one_command_publishes_successors_everywhere_before_they_sign(stack, officer, folder):
    client, citizen = Client(stack), enrolled(stack, officer)
    before, processes, asked = {k["kid"] for k in keys()}, pids(), rotations()
    listed = idpctl("key", "rotate")["keys"]
    new = {k["kid"] for k in listed} - before
    assert len(new) == len(before) == 4 and {k["alg"] for k in listed if k["kid"] in new} == {"ES256", "EdDSA", "RS256", "PS256"}
    assert not any(k["active"] for k in listed if k["kid"] in new) and rotations() == asked + 1
    until(lambda: new <= published(stack))
    assert before | new <= published(stack) and before | new == seen_by_signers_keyd()
    assert kid_of(client.login(citizen)["id_token"]) in before
    assert pids() == processes


def test_asking_again_makes_no_second_successor(stack, folder):
    idpctl("key", "rotate")
    held = {k["kid"] for k in keys()}
    idpctl("key", "rotate")
    time.sleep(12)  # keyd hears a word every ten seconds
    assert {k["kid"] for k in keys()} == held


def test_administrator_rotates_and_is_named(stack, folder):
    admin = Admin(stack)
    before = len(keys())
    answer = admin.call("POST", "/keys/rotate")
    assert answer.status_code == 202 and answer.json() == {"asked": True}
    until(lambda: len(keys()) == 2 * before)
    row = sql(f"SELECT by_account, by_client FROM idp.audit WHERE event = 'key.rotation_asked' AND by_account = '{admin.id}'")
    assert row == f"{admin.id}|{admin.console.client_id}"


def test_only_administrators_rotate(stack, officer):
    before = rotations()
    url = stack.idp_url + "/admin/v1/keys/rotate"
    for token in (None, "x", officer.token(), antin.service_token(stack)):
        answer = requests.post(url, headers={"Authorization": "Bearer " + token} if token else {}, timeout=10)
        assert answer.status_code in (401, 403), token
    assert requests.get(url, timeout=10).status_code in (401, 404, 405)
    assert rotations() == before


def test_signing_goes_on_over_a_change_of_keys(stack, officer, folder):
    """The signer's keyd takes an activation that a key signed which was not there when it started; a token of the old key is good besides."""
    citizen = antin.ready_citizen(stack, officer)
    portal = antin.Portal(stack)
    old = portal.login(citizen)
    operator = Keys(stack)
    new = operator.new(-1, 3600)  # no signal, no restart
    until(lambda: new in published(stack) and new in seen_by_signers_keyd())
    time.sleep(3)  # the signer's keyd has read it by then
    fresh = portal.login(citizen)
    assert kid_of(fresh["access_token"]) == kid_of(fresh["id_token"]) == new != kid_of(old["access_token"])
    for tokens in (old, fresh):
        api = antin.Dossiers(stack, tokens["access_token"])
        dossier = api.create()["id"]
        api.put(dossier, "to-khai", b"noi dung", "text/plain")
        answer = api.submit(dossier)
        citizen.sign(answer["sign_url"])
        assert api.get(dossier)["state"] == "sealed"


def test_a_key_that_is_taken_away_ends_its_tokens(stack, officer, folder):
    client, citizen = Client(stack), enrolled(stack, officer)
    operator = Keys(stack)
    new = operator.new(-1, 3600)
    until(lambda: new in published(stack))
    tokens = client.login(citizen)
    assert kid_of(tokens["access_token"]) == new and client.userinfo(tokens["access_token"]).status_code == 200
    for path in map(pathlib.Path, operator.added):
        path.unlink()
    until(lambda: new not in published(stack))
    assert client.userinfo(tokens["access_token"]).status_code == 401
    assert new not in seen_by_signers_keyd()
