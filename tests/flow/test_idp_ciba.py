"""
A call centre asks, the person answers on a page of their own, and nobody else learns or decides anything. CIBA Core 1.0, poll mode.
"""
import json
import re
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import antin_client as antin
import pytest
from ciba_kit import GRANT, MORE, answer, basic, begin, begun, centre, poll, refused, requests_page
from idp_kit import Client, enrolled, fields_of, fresh, idpctl, post, session_hash, sql
from jwcrypto import jwt

NOBODY = "079099000000"


@pytest.fixture(scope="module")
def client(stack):
    return centre(stack)


@pytest.fixture(autouse=True)
def nothing_waits(stack):
    sql("DELETE FROM idp.throttle; UPDATE idp.device SET expires_at = now() WHERE backchannel")


# ---------------------------------------------------------------- the way it goes

def test_person_allows_and_the_centre_gets_its_tokens(stack, client, visitor):
    reply = begin(client, visitor.person.number, binding_message="Mã 4711")
    assert reply.status_code == 200 and "no-store" in reply.headers["Cache-Control"]
    body = reply.json()
    assert re.fullmatch(r"[A-Za-z0-9_-]{51}", body["auth_req_id"]) and body["interval"] == 5 and 0 < body["expires_in"] <= 300
    refused(poll(client, body["auth_req_id"]), "authorization_pending")
    page = requests_page(stack, visitor)
    assert "Mã 4711" in page.words() and "Cổng thử nghiệm" in page.words() and "họ tên" in page.words()
    assert page.form(action="/requests").submit(button="allow").words().count("Bạn đã đồng ý") == 1
    tokens = poll(client, body["auth_req_id"])
    assert tokens.status_code == 200 and "no-store" in tokens.headers["Cache-Control"]
    assert client.userinfo(tokens.json()["access_token"]).json()["name"] == visitor.person.name


def test_id_token_says_who_and_when(stack, client, visitor):
    request = begun(client, visitor.person)
    answer(stack, visitor)
    token = poll(client, request).json()["id_token"]
    claims = json.loads(jwt.JWT(jwt=token, key=client.keys(), check_claims={"iss": client.meta["issuer"], "exp": None}).claims)
    assert claims["aud"] == client.client_id and claims["acr"] == "urn:antin:loa:2" and time.time() - claims["auth_time"] < 60
    assert claims["sub"] == client.login(fresh(stack, visitor.person))["claims"]["sub"]  # the same person by the usual way


@pytest.mark.parametrize("wished,told", [("urn:antin:auth:pwd", "urn:antin:auth:pwd"), ("urn:antin:loa:1 urn:antin:loa:2", "urn:antin:loa:1"),
                                         ("urn:other", "urn:antin:loa:2"), ("", "urn:antin:loa:2"), ("x" * 5000, "urn:antin:loa:2")],
                         ids=["way", "first", "unknown", "empty", "huge"])
def test_the_class_that_was_wished_for_is_told(stack, client, visitor, wished, told):
    request = begun(client, visitor.person, acr_values=wished)
    answer(stack, visitor)
    token = poll(client, request).json()["id_token"]
    assert json.loads(jwt.JWT(jwt=token, key=client.keys()).claims)["acr"] == told


def test_offline_access_gives_a_refresh_token(stack, visitor):
    client = centre(stack, "openid offline_access")
    request = begun(client, visitor.person)
    answer(stack, visitor)
    tokens = poll(client, request).json()
    assert client.token_request(grant_type="refresh_token", refresh_token=tokens["refresh_token"]).status_code == 200


def test_person_refuses(stack, client, visitor):
    request = begun(client, visitor.person)
    assert "không đồng ý" in answer(stack, visitor, "deny").words()
    refused(poll(client, request), "access_denied")
    assert not requests_page(stack, visitor).forms()


def test_discovery_tells_of_it(client):
    meta = client.meta
    assert GRANT in meta["grant_types_supported"] and "poll" in meta["backchannel_token_delivery_modes_supported"]
    assert "push" not in meta["backchannel_token_delivery_modes_supported"] and meta["backchannel_user_code_parameter_supported"] is False


def test_id_token_of_before_names_the_person(stack, client, visitor):
    token = client.login(visitor)["id_token"]
    request = begin(client, id_token_hint=token).json()["auth_req_id"]
    answer(stack, visitor)
    assert poll(client, request).status_code == 200


def test_authorization_details_are_shown_and_granted(stack, visitor):
    client = centre(stack)
    idpctl("client", "set", client.client_id, "--set", 'authorization_details_types=["dossier"]')
    wanted = [{"type": "dossier", "procedure": "1.004873.000.00.00.H29", "agency": "UBND Phường Bến Thành", "actions": ["create"]}]
    request = begun(client, visitor.person, authorization_details=json.dumps(wanted))
    page = requests_page(stack, visitor)
    assert "UBND Phường Bến Thành" in page.words() and "1.004873.000.00.00.H29" in page.words()
    page.form(action="/requests").submit(button="allow")
    assert poll(client, request).json()["authorization_details"] == wanted


# ---------------------------------------------------------------- nobody learns who has an account

def test_unknown_number_looks_like_a_known_one(client, visitor):
    known, unknown = begin(client, visitor.person.number), begin(client, NOBODY)
    assert known.status_code == unknown.status_code == 200 and set(known.json()) == set(unknown.json())
    assert {k: v for k, v in known.json().items() if k != "auth_req_id"} == {k: v for k, v in unknown.json().items() if k != "auth_req_id"}
    assert set(known.headers) == set(unknown.headers)
    refused(poll(client, unknown.json()["auth_req_id"]), "authorization_pending")


def test_locked_account_looks_like_any_other(stack, officer, client):
    someone = enrolled(stack, officer)
    idpctl("account", "lock", someone.person.id)
    refused(poll(client, begun(client, someone.person)), "authorization_pending")


def test_unknown_number_costs_the_same(stack, officer):
    client, people = centre(stack), [enrolled(stack, officer).person.number for _ in range(4)]
    took = {True: [], False: []}
    for n in range(60):
        number = people[n % 4] if n % 2 else f"0790990{n:05d}"
        sql("DELETE FROM idp.throttle") if n % 12 == 0 else None
        start = time.perf_counter()
        assert begin(client, number).status_code == 200
        took[bool(n % 2)].append(time.perf_counter() - start)
    known, unknown = statistics.median(took[True]), statistics.median(took[False])
    assert abs(known - unknown) < max(0.002, 0.35 * max(known, unknown)), (known, unknown)


def test_limit_does_not_tell_known_from_unknown(stack, visitor):
    client = centre(stack)
    def statuses(number):
        return [begin(client, number).status_code for _ in range(7)]
    assert statuses(visitor.person.number) == statuses(NOBODY)


def test_officer_is_not_asked(stack, client):
    refused(begin(client, stack.officer_login), "unknown_user_id")


# ---------------------------------------------------------------- nobody else sees or answers

def test_other_person_does_not_see_it(stack, officer, client, visitor):
    begun(client, visitor.person)
    other = fresh(stack, enrolled(stack, officer).person)
    page = requests_page(stack, other)
    assert not page.forms() and "Mã 4711" not in page.text


def test_other_person_cannot_answer_it(stack, officer, client, visitor):
    request = begun(client, visitor.person)
    theirs = fields_of(requests_page(stack, visitor))
    other = fresh(stack, enrolled(stack, officer).person)
    begun(client, other.person)
    page = requests_page(stack, other)
    mine = fields_of(page)
    assert post(page, "/requests", {**mine, "request": theirs["request"], "decision": "allow"}).status == 403  # the form is for another row
    assert post(page, "/requests", {**theirs, "decision": "allow"}).status == 403
    refused(poll(client, request), "authorization_pending")


@pytest.mark.parametrize("change", [{"csrf": "x" * 43}, {"csrf": ""}, {"request": "A" * 43}, {"request": ""}])
def test_form_that_was_changed_is_refused(stack, client, visitor, change):
    request = begun(client, visitor.person)
    page = requests_page(stack, visitor)
    assert post(page, "/requests", {**fields_of(page), "decision": "allow", **change}).status == 403
    refused(poll(client, request), "authorization_pending")


def test_form_from_elsewhere_is_refused(stack, client, visitor):
    begun(client, visitor.person)
    page = requests_page(stack, visitor)
    assert post(page, "/requests", {**fields_of(page), "decision": "allow"}, Origin="https://evil.example").status == 403


def test_no_word_but_allow_allows(stack, client, visitor):
    request = begun(client, visitor.person)
    page = requests_page(stack, visitor)
    post(page, "/requests", {**fields_of(page), "decision": "ALLOW"})
    refused(poll(client, request), "access_denied")


def test_nobody_answers_without_signing_in(stack, client, visitor):
    begun(client, visitor.person)
    page = requests_page(stack, visitor)
    sql(f"UPDATE idp.session SET ended_at = now() WHERE id_hash = '{session_hash(visitor)}'")
    assert post(page, "/requests", {**fields_of(page), "decision": "allow"}).has_form("password")


def test_sign_in_of_long_ago_is_not_enough(stack, client, visitor):
    request = begun(client, visitor.person)
    page = requests_page(stack, visitor)
    sql(f"UPDATE idp.session SET auth_time = auth_time - interval '16 minutes' WHERE id_hash = '{session_hash(visitor)}'")
    assert post(page, "/requests", {**fields_of(page), "decision": "allow"}).has_form("password")
    refused(poll(client, request), "authorization_pending")


def test_it_is_answered_once(stack, client, visitor):
    request = begun(client, visitor.person)
    page = requests_page(stack, visitor)
    fields = fields_of(page)
    post(page, "/requests", {**fields, "decision": "deny"})
    assert "đã được trả lời" in post(page, "/requests", {**fields, "decision": "allow"}).words()
    refused(poll(client, request), "access_denied")


def test_disabled_client_s_request_is_gone(stack, visitor):
    client = centre(stack)
    begun(client, visitor.person)
    page = requests_page(stack, visitor)
    idpctl("client", "disable", client.client_id)
    assert "hết hạn" in post(page, "/requests", {**fields_of(page), "decision": "allow"}).words()
    assert not requests_page(stack, visitor).forms()


def test_message_is_shown_as_text(stack, client, visitor):
    begun(client, visitor.person, binding_message="<b>Mã</b> & \"4711\" {{client}}")
    page = requests_page(stack, visitor)
    assert "<b>Mã</b> & \"4711\" {{client}}" in page.words() and "<b>Mã" not in page.text


# ---------------------------------------------------------------- auth_req_id

def test_it_works_once_and_its_replay_kills_the_tokens(stack, client, visitor):
    request = begun(client, visitor.person)
    answer(stack, visitor)
    tokens = poll(client, request).json()
    refused(poll(client, request), "invalid_grant")
    assert client.userinfo(tokens["access_token"]).status_code == 401


def test_many_polls_at_once_get_at_most_one_answer(stack, client, visitor):
    request = begun(client, visitor.person)
    answer(stack, visitor)
    sql(f"UPDATE idp.device SET polled_at = NULL, pause = 0 WHERE client_id = '{client.client_id}'")
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: poll(client, request, waited=False), range(10)))
    assert sum(a.status_code == 200 for a in answers) <= 1


def test_another_client_gets_nothing(stack, client, visitor):
    request, thief = begun(client, visitor.person), centre(stack)
    answer(stack, visitor)
    refused(poll(thief, request), "invalid_grant")
    assert poll(client, request).status_code == 200


def test_asking_too_often_is_slowed_down(client, visitor):
    request = begun(client, visitor.person)
    refused(poll(client, request), "authorization_pending")
    refused(poll(client, request, waited=False), "slow_down")


def test_expired_request_is_refused_on_both_sides(stack, client, visitor):
    request = begun(client, visitor.person)
    page = requests_page(stack, visitor)
    sql(f"UPDATE idp.device SET expires_at = now() WHERE client_id = '{client.client_id}'")
    assert "hết hạn" in post(page, "/requests", {**fields_of(page), "decision": "allow"}).words()
    refused(poll(client, request), "expired_token")


@pytest.mark.parametrize("code", [None, "", "x", "A" * 43, "A" * 51, "_" * 51])
def test_auth_req_id_that_never_was(client, code):
    refused(poll(client, code), "invalid_request" if code is None else "invalid_grant")


def test_it_is_no_device_code_and_the_other_way_round(stack, visitor):
    client = centre(stack, more=[*MORE, "--grant", "device_code"])
    request = begun(client, visitor.person)
    answer(stack, visitor)
    device = "urn:ietf:params:oauth:grant-type:device_code"
    refused(client.token_request(grant_type=device, device_code=request), "invalid_grant")
    made = client.http.post(client.meta["device_authorization_endpoint"], headers=basic(client), data={"scope": "openid"}).json()
    refused(poll(client, made["device_code"]), "invalid_grant")
    assert poll(client, request).status_code == 200


def test_locked_person_s_centre_gets_nothing(stack, officer, client):
    someone = enrolled(stack, officer)
    request = begun(client, someone.person)
    answer(stack, fresh(stack, someone.person))
    idpctl("account", "lock", someone.person.id)
    refused(poll(client, request), "invalid_grant")


# ---------------------------------------------------------------- requests that are refused

def test_client_without_the_grant_type_is_refused(stack, visitor):
    portal = Client(stack, "openid")
    refused(begin(portal, visitor.person.number), "unauthorized_client")
    refused(portal.token_request(grant_type=GRANT, auth_req_id="A" * 43), "unauthorized_client")


def test_public_client_is_refused(stack, visitor):
    public = Client(stack, "openid", public=True)
    refused(begin(public, visitor.person.number, headers={}, client_id=public.client_id), "unauthorized_client")
    assert "public" in idpctl("client", "set", public.client_id, "--set", f'grant_types=["{GRANT}"]', check=False).stderr


@pytest.mark.parametrize("more,why", [
    (["backchannel_token_delivery_mode=push"], "poll or ping"), (["backchannel_token_delivery_mode=ping"], "do not agree"),
    (["backchannel_token_delivery_mode=poll", "backchannel_client_notification_endpoint=https://a.example/x"], "do not agree"),
    (["backchannel_authentication_request_signing_alg=ES256"], "jwks"), (["backchannel_authentication_request_signing_alg=none"], "ES256"),
    (["backchannel_user_code_parameter=true"], "not taken"), (['grant_types=["authorization_code"]'], "without the grant type")])
def test_registration_that_does_not_fit_is_refused(client, more, why):
    done = idpctl("client", "set", client.client_id, *[word for m in more for word in ("--set", m)], check=False)
    assert done.returncode != 0 and why in done.stderr, done.stderr


def test_client_polls_unless_it_says_where_to_tell_it(client):
    assert sql(f"SELECT ciba_mode FROM idp.client WHERE id = '{client.client_id}'") == "poll"


def test_client_must_prove_itself(client, visitor):
    refused(begin(client, visitor.person.number, headers={}, client_id=client.client_id), "invalid_client", 401)
    refused(begin(client, visitor.person.number, headers={}, client_id=client.client_id, client_secret="x" * 43), "invalid_client", 401)


@pytest.mark.parametrize("hints", [{}, {"login_hint": NOBODY, "login_hint_token": "x"}, {"login_hint_token": "x"},
                                   {"login_hint": NOBODY, "id_token_hint": "x.y.z"}, {"id_token_hint": "x.y.z"}, {"id_token_hint": ""}])
def test_one_hint_and_no_other(client, hints):
    refused(begin(client, **hints), "invalid_request")


def test_id_token_of_another_client_is_no_hint(stack, client, visitor):
    other = Client(stack, "openid")
    refused(begin(client, id_token_hint=other.login(visitor)["id_token"]), "invalid_request")


@pytest.mark.parametrize("number", ["", "1", "07909900000", "0790990000000", "abcdefghijkl", "079099000000' OR '1'='1", "0" * 4000])
def test_what_is_no_number_is_told(client, number):
    refused(begin(client, number), "unknown_user_id")


@pytest.mark.parametrize("scope", [None, "", "profile", "registrar", "openid registrar", "openid dossier"])
def test_scope_is_checked(client, scope):
    refused(begin(client, NOBODY, scope=scope), "invalid_scope")


def test_no_officer_s_scope_even_where_the_client_has_it(stack):
    refused(begin(centre(stack, "openid", allowed="openid registrar"), NOBODY, scope="openid registrar"), "invalid_scope")


@pytest.mark.parametrize("message", ["", "x" * 101, "a\nb", "a\x7fb", "a\u0085b", "Mã \u202e1174", "Mã \u200b4711", "Mã\u2066 4711", "\ufeffMã", "a\u2028b"])
def test_message_that_could_deceive_is_refused(client, message):
    refused(begin(client, NOBODY, binding_message=message), "invalid_binding_message")


def test_vietnamese_message_of_full_length(stack, client, visitor):
    begun(client, visitor.person, binding_message="ữ" * 100)
    assert "ữ" * 100 in requests_page(stack, visitor).words()


@pytest.mark.parametrize("expiry", ["", "0", "-1", "1.5", "x", "9" * 30])
def test_expiry_that_is_none(client, expiry):
    refused(begin(client, NOBODY, requested_expiry=expiry), "invalid_request")


def test_expiry_may_be_shorter_but_not_longer(client):
    assert begin(client, NOBODY, requested_expiry="60").json()["expires_in"] == 60
    assert begin(client, NOBODY, requested_expiry="999999").json()["expires_in"] == 300


@pytest.mark.parametrize("more", [{"request_uri": "https://evil.example/"}, {"resource": "https://evil.example/"},
                                  {"authorization_details": '[{"type": "dossier"}]'}, {"authorization_details": "x"}])
def test_what_is_not_offered_is_refused(client, more):
    assert begin(client, NOBODY, **more).status_code == 400


def test_doubled_parameter_is_refused(client):
    body = f"scope=openid&login_hint={NOBODY}&login_hint={NOBODY}"
    reply = client.http.post(client.meta["backchannel_authentication_endpoint"], headers={**basic(client), "Content-Type": "application/x-www-form-urlencoded"},
                             data=body)
    refused(reply, "invalid_request")


# ---------------------------------------------------------------- limits

def test_person_is_not_worn_down(stack, visitor):
    client = centre(stack)
    replies = [begin(client, visitor.person.number) for _ in range(6)]
    assert [r.status_code for r in replies[:4]] == [200] * 4
    assert replies[-1].status_code == 429 and int(replies[-1].headers["Retry-After"]) > 0
    assert begin(client, NOBODY).status_code == 200  # others can still be asked


def test_what_is_slowed_down_is_in_the_audit_log(stack, visitor):
    client = centre(stack)
    for _ in range(7):
        begin(client, visitor.person.number)
    assert sql(f"SELECT count(*) > 0 FROM idp.audit WHERE event = 'backchannel.throttled' AND client_id = '{client.client_id}'") == "t"


def test_one_client_does_not_lock_out_another(stack, visitor):
    one, other = centre(stack), centre(stack)
    for _ in range(6):
        begin(one, visitor.person.number)
    assert begin(other, visitor.person.number).status_code == 200


def test_many_clients_together_are_slowed_down(stack, visitor):
    statuses = []
    for _ in range(6):
        client = centre(stack)
        statuses += [begin(client, visitor.person.number).status_code for _ in range(4)]
    assert 429 in statuses and statuses[:16] == [200] * 16


def test_agreement_forgets_the_count(stack, client, visitor):
    for _ in range(4):
        begun(client, visitor.person)
    answer(stack, visitor)
    assert [begin(client, visitor.person.number).status_code for _ in range(3)] == [200] * 3


def test_client_may_begin_so_many_and_no_more(stack):
    client = centre(stack)
    assert begin(client, NOBODY).status_code == 200
    sql("UPDATE idp.throttle SET fails = 1000 WHERE fails = 1")
    reply = begin(client, "079099000001")
    assert reply.status_code == 429 and 0 < int(reply.headers["Retry-After"]) <= 900
    sql("UPDATE idp.throttle SET since = since - interval '16 minutes'")
    assert begin(client, "079099000001").status_code == 200


# ---------------------------------------------------------------- what is kept

def test_nothing_readable_is_in_the_database(client, visitor):
    request = begun(client, visitor.person, binding_message="Mã riêng tư")
    for word in (request, "riêng tư", visitor.person.number):
        assert sql(f"SELECT count(*) FROM idp.device d WHERE d::text LIKE '%{word}%'") == "0"


def test_every_step_is_in_the_audit_log(stack, visitor):
    client = centre(stack)
    begun(client, visitor.person)
    answer(stack, visitor, "deny")
    request = begun(client, visitor.person)
    answer(stack, visitor)
    poll(client, request)
    events = sql(f"SELECT string_agg(event, ' ' ORDER BY at) FROM idp.audit WHERE client_id = '{client.client_id}' AND event NOT LIKE 'client.%'").split()
    assert events == ["backchannel.begun", "backchannel.refused", "backchannel.begun", "backchannel.allowed", "token.issued"]


def test_person_s_page_is_nobody_s_business(stack, client, visitor):
    begun(client, visitor.person)
    page = requests_page(stack, visitor)
    assert "no-store" in page.headers["Cache-Control"] and "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert urlsplit(antin.Browser().open(stack.idp_url + "/requests").url).path == "/login"
