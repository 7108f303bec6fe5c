"""
Attacks that go across endpoints; those on one endpoint are in its own file. SECURITY.md has the table: attack, test.
The route table is read from the source, so that a new endpoint is attacked from its first day.
"""
import base64
import hashlib
import http.client
import json
import pathlib
import re
import socket
import statistics
import time
from urllib.parse import urlencode, urlsplit

import antin_client as antin
import pytest
import requests
from ciba_kit import MORE, begin, centre
from client_kit import KeyClient, new_key, public, signed, unsigned
from cryptography.hazmat.primitives import serialization
from idp_kit import Client, enrolled, fields_of, fresh, idpctl, post, session_hash, sql
from jwcrypto import jwk
from receiver_kit import Receiver

ROUTES = (pathlib.Path(__file__).resolve().parents[2] / "idp/routes.c").read_text(encoding="utf-8")
PAGES = [p for p in re.findall(r'\bPAGE\("([^"]+)"', ROUTES)]
FORMS = re.findall(r'\bFORM\("([^"]+)", \w+, (\w+)', ROUTES)
PEOPLE = sorted(path for path, fails in FORMS if fails == "fail_page" and path != "/authorize")
PROGRAMS = sorted(path for path, fails in FORMS if fails in ("fail_oauth", "fail_bearer"))
GUARDED = ("/userinfo", "/v1/citizens/00000000-0000-4000-8000-000000000000", "/admin/v1/keys")  # what an access token opens


@pytest.fixture(scope="module")
def client(stack):
    return Client(stack, "openid profile")


@pytest.fixture(autouse=True)
def quiet_throttle(stack):
    sql("DELETE FROM idp.throttle")


def at(stack, path):
    return stack.idp_url + re.sub(r"\{\w+\}", "00000000-0000-4000-8000-000000000000", path)


# ---------------------------------------------------------------- forged access tokens, wherever one is taken

def keys_of(client):
    return json.loads(client.keys().export(private_keys=False))["keys"]


def forms_of(key):
    """The published key as somebody might feed it to an HMAC."""
    made = jwk.JWK(**key)
    out = [made.export_public().encode()]
    if key["kty"] in ("RSA", "EC"):
        pem = made.export_to_pem()
        loaded = serialization.load_pem_public_key(pem)
        out += [pem, pem.strip(), loaded.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)]
    return out


def parts(token):
    header, claims, _ = token.split(".")
    return tuple(json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))) for part in (header, claims))


def by_hmac(token, client):
    header, claims = parts(token)
    return [signed(jwk.JWK(kty="oct", k=antin.b64url(form)), claims, {"typ": header["typ"], "kid": key["kid"]}, alg="HS256")
            for key in keys_of(client) for form in forms_of(key)]


def by_own_key(token, evil_url, **header):
    was, claims = parts(token)
    key = new_key("ES256", kid=header.pop("kid", "evil"))
    mine = {k: v for k, v in public(key).items() if k != "use"}
    head = {"typ": was["typ"], "kid": mine["kid"], "jwk": mine, "jku": evil_url, "x5u": evil_url, **header}
    return signed(key, claims, {k: v for k, v in head.items() if v is not None})


def tried(stack, token):
    """Status of each guarded endpoint for this token."""
    return [antin.Browser().session.get(stack.idp_url + path, headers={"Authorization": "Bearer " + token}, timeout=30).status_code for path in GUARDED]


def test_alg_none_opens_nothing(stack, client, visitor):
    header, claims = parts(client.login(visitor)["access_token"])
    for alg in ("none", "None", "NONE", "nOnE", "", None):
        token = unsigned(claims, {"alg": alg, "typ": header["typ"], "kid": header["kid"]})
        for t in (token, token + "A", token.rstrip(".")):
            assert all(s in (400, 401) for s in tried(stack, t)), (alg, tried(stack, t))


def test_published_key_as_hmac_secret_opens_nothing(stack, client, visitor):
    forged = by_hmac(client.login(visitor)["access_token"], client)
    assert forged
    for token in forged:
        assert tried(stack, token) == [401] * len(GUARDED)


def test_keys_in_the_header_open_nothing_and_are_not_fetched(stack, client, visitor):
    evil = Receiver(urlsplit(stack.idp_url).port + 94)
    try:
        token = client.login(visitor)["access_token"]
        real = parts(token)[0]["kid"]
        for more in ({}, {"kid": real}, {"kid": None}, {"jku": None, "x5u": None}):
            assert tried(stack, by_own_key(token, f"http://localhost:{evil.server.server_port}/jwks", **more)) == [401] * len(GUARDED)
        assert evil.nothing(0.3)
    finally:
        evil.close()


@pytest.mark.parametrize("kid", ["../../../../etc/passwd", "/dev/null", "' OR '1'='1", "'; DROP TABLE idp.account; --", "x\x00y", "", "k" * 65536,
                                 ["a"], {"a": 1}, 7, "%s%n", "\u202e"],
                         ids=["path", "device", "sql", "sql_drop", "nul", "empty", "64KiB", "array", "object", "number", "format", "bidi"])
def test_kid_is_a_name_and_nothing_else(stack, client, visitor, kid):
    header, claims = parts(client.login(visitor)["access_token"])
    token = signed(new_key("ES256"), claims, {"typ": header["typ"], "kid": kid})
    for status in tried(stack, token):
        assert status in (400, 401, 431), status


def test_no_other_jwt_of_ours_is_an_access_token(stack, client, visitor):
    tokens = client.login(visitor)
    header, claims = parts(tokens["id_token"])
    assert tried(stack, tokens["id_token"]) == [401] * len(GUARDED)
    page, _ = client.open(visitor, response_mode="jwt")
    assert tried(stack, page.params()["response"]) == [401] * len(GUARDED)
    assert header["typ"] != "at+jwt" and "scope" not in claims


def test_forged_hint_ends_no_session_and_names_nobody(stack, client, visitor):
    tokens = client.login(visitor)
    centre_ = centre(stack)
    header, claims = parts(tokens["id_token"])
    forged = [unsigned(claims, {"typ": "JWT", "kid": header["kid"]}), by_own_key(tokens["id_token"], "http://evil.example/"), *by_hmac(tokens["id_token"], client)]
    for token in forged:
        visitor.browser.open(client.meta["end_session_endpoint"], fields={"id_token_hint": token})
        assert begin(centre_, id_token_hint=token).status_code == 400
    assert sql(f"SELECT ended_at IS NULL FROM idp.session WHERE id_hash = '{session_hash(visitor)}'") == "t"


# ---------------------------------------------------------------- clickjacking, on every page and every other answer

def headers_protect(answer, what):
    policy = answer.headers.get("Content-Security-Policy", "")
    assert "frame-ancestors 'none'" in policy, (what, policy)
    assert answer.headers.get("X-Content-Type-Options") == "nosniff", what


@pytest.mark.parametrize("path", sorted(set(PAGES)))
def test_no_page_can_be_framed(stack, visitor, path):
    headers_protect(visitor.browser.open(at(stack, path)), path)  # nobody signed in
    page = visitor.browser.open(stack.idp_url + "/login?page=requests")
    page.form("password").submit({"number": visitor.person.number, "password": visitor.person.password})
    headers_protect(visitor.browser.open(at(stack, path)), path + ", signed in")


@pytest.mark.parametrize("path", PEOPLE)
def test_no_answer_to_a_form_can_be_framed(stack, visitor, path):
    headers_protect(visitor.browser.open(at(stack, path), "post", {"x": "y"}), path)


@pytest.mark.parametrize("path", ["/no-such-page", "/%00", "/login?request=%zz", "/authorize?" + "x" * 9000, "/token", "/userinfo", "/admin/v1/keys"])
def test_no_refusal_can_be_framed(stack, path):
    headers_protect(antin.Browser().session.get(stack.idp_url + path, timeout=30), path[:40])


# ---------------------------------------------------------------- forms: token, origin, doubled and huge fields, on every one

def form_at(stack, visitor, path):
    """A page with a form that goes to this path, as the person sees it; None where another file's tests have one."""
    where = {"/login": "/login?page=requests", "/requests": "/requests", "/consent": None}.get(path, path)
    if path == "/requests":
        begin(centre(stack), visitor.person.number)
    if path in ("/requests", "/logout", "/account") or path.startswith("/account/"):
        page = visitor.browser.open(stack.idp_url + "/login?page=requests")
        page.form("password").submit({"number": visitor.person.number, "password": visitor.person.password})
        where = "/account" if path.startswith("/account") else where
    if path == "/consent":
        page, _ = Client(stack, "openid profile").open(visitor)
        return page.form("password").submit({"number": visitor.person.number, "password": visitor.person.password})
    return visitor.browser.open(at(stack, where))


def own_form(page, path):
    for form in page.forms():
        if urlsplit(form.action).path == path:
            return dict(form.element.form_values())
    return None


@pytest.mark.parametrize("path", PEOPLE)
@pytest.mark.parametrize("attack", ["no token", "foreign token", "foreign origin", "null origin", "doubled token"])
def test_forged_form_is_refused(stack, visitor, path, attack):
    page = form_at(stack, visitor, path)
    fields = own_form(page, path)
    if fields is None and path not in ("/login", "/consent", "/device", "/requests", "/activate", "/logout"):
        pytest.skip("another test file opens this form")
    assert fields and fields["csrf"]
    headers = {"foreign origin": {"Origin": "https://evil.example"}, "null origin": {"Origin": "null"}}.get(attack, {})
    body = {"no token": {**fields, "csrf": ""}, "foreign token": {**fields, "csrf": "A" * 43}}.get(attack, fields)
    if attack == "doubled token":
        body = urlencode([*fields.items(), ("csrf", fields["csrf"])])
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = post(page, path, body, **headers)
    assert answer.status in (400, 403) and answer.stopped_at is None, (path, attack, answer.status)


@pytest.mark.parametrize("path", PROGRAMS)
def test_doubled_parameter_is_refused_everywhere(stack, client, path):
    answer = client.http.post(at(stack, path), data="client_id=a&x=1&x=2", headers={"Content-Type": "application/x-www-form-urlencoded"}, timeout=30)
    assert answer.status_code in (400, 401) and answer.json()["error"] in ("invalid_request", "invalid_client", "invalid_token"), answer.text
    assert path == "/userinfo" or answer.json()["error"] == "invalid_request"


@pytest.mark.parametrize("path", sorted({p for p, _ in FORMS}))
@pytest.mark.parametrize("body", ["x=" + "y" * 70000, "&".join(f"a{n}=1" for n in range(3000)), "x" * 70000, "=" * 20000, "%" * 5000],
                         ids=["value", "fields", "name", "signs", "percents"])
def test_huge_form_is_refused_and_harms_nobody(stack, client, path, body):
    answer = client.http.post(at(stack, path), data=body, headers={"Content-Type": "application/x-www-form-urlencoded"}, timeout=30, allow_redirects=False)
    assert 400 <= answer.status_code < 500, answer.status_code
    assert client.http.get(stack.idp_url + "/health", timeout=30).status_code == 200


@pytest.mark.parametrize("path", sorted(set(PAGES)))
def test_huge_address_is_refused_and_harms_nobody(stack, client, path):
    for query in ("x=" + "y" * 20000, "&".join(f"a{n}=1" for n in range(400)), "client_id=" + "x" * 7000):
        answer = client.http.get(at(stack, path) + "?" + query, timeout=30, allow_redirects=False)
        assert answer.status_code < 500, answer.status_code
    assert client.http.get(stack.idp_url + "/health", timeout=30).status_code == 200


def test_head_that_fills_a_connection_s_memory_ends_that_connection_alone(stack, client):
    start = time.monotonic()
    with pytest.raises(requests.ConnectionError):
        requests.get(stack.idp_url + "/?" + "&".join(f"a{n}=1" for n in range(600)), timeout=30)
    assert time.monotonic() - start < 12  # the time that a head may take
    assert client.http.get(stack.idp_url + "/health", timeout=30).status_code == 200


@pytest.mark.parametrize("path", sorted({p for p, _ in FORMS}))
@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=x", "text/plain", ""])
def test_form_of_another_kind_is_refused(stack, client, path, kind):
    answer = client.http.post(at(stack, path), data=b'{"grant_type":"client_credentials"}', headers={"Content-Type": kind}, timeout=30, allow_redirects=False)
    assert answer.status_code in (400, 401, 415), answer.status_code


# ---------------------------------------------------------------- session fixation

def test_planted_cookies_are_nobody_s_session(stack, person, client):
    """An attacker's cookies in the victim's browser: after the victim signs in, the attacker's copy is signed in as nobody."""
    attacker, victim = fresh(stack, person), fresh(stack, person)
    attacker.browser.open(stack.idp_url + "/login?page=requests")
    attacker.browser.session.cookies.set("antin_idp_session", "A" * 51, domain="localhost.local", path="/")
    planted = attacker.browser.session.cookies.copy()
    victim.browser.session.cookies.update(planted)
    assert "code" in victim.answer(client.open(victim)[0]).params()
    attacker.browser.session.cookies.update(planted)
    assert client.open(attacker)[0].has_form("password")


@pytest.mark.parametrize("step_up", [{"prompt": "login"}, {"max_age": "0"}])
def test_session_changes_at_step_up_and_the_old_one_ends(stack, person, client, step_up):
    visitor = fresh(stack, person)
    client.login(visitor)
    before, cookie = session_hash(visitor), visitor.browser.session.cookies["antin_idp_session"]
    page = client.open(visitor, **step_up)[0]
    assert page.has_form("password")
    assert "code" in visitor.answer(page).params()
    assert session_hash(visitor) != before
    thief = fresh(stack, person)
    thief.browser.session.cookies.set("antin_idp_session", cookie, domain="localhost.local", path="/")
    assert client.open(thief)[0].has_form("password")
    assert sql(f"SELECT ended_at IS NOT NULL FROM idp.session WHERE id_hash = '{before}'") == "t"


def test_attacker_s_session_takes_no_part_of_the_victim_s_request(stack, officer, person, client):
    """Login CSRF: the attacker's pending request is worth nothing in the victim's browser."""
    attacker = fresh(stack, enrolled(stack, officer).person)
    page, _ = client.open(attacker)
    victim = fresh(stack, person)
    assert victim.browser.open(page.url).status == 400


# ---------------------------------------------------------------- PKCE, codes, mix-up

@pytest.mark.parametrize("verifier", [None, "", "x" * 42, "challenge", "other"])
def test_code_without_its_verifier_is_worth_nothing(client, visitor, verifier):
    code, keep = client.code(visitor)
    said = {"challenge": antin.b64url(hashlib.sha256(keep["verifier"].encode()).digest()), "other": "y" * 43}.get(verifier, verifier)
    answer = client.exchange(code, keep, code_verifier=said)
    assert answer.status_code == 400 and "access_token" not in answer.text


def test_code_of_one_client_in_another_s_session_is_refused(stack, client, visitor):
    """A stolen code, injected with the thief's own verifier, redirect URI and secret."""
    code, _ = client.code(visitor)
    thief = Client(stack, "openid")
    _, own = thief.code(fresh(stack, visitor.person))
    answer = thief.exchange(code, own)
    assert answer.status_code == 400 and answer.json()["error"] == "invalid_grant"


@pytest.mark.parametrize("mode", [None, "query", "form_post", "jwt"])
def test_every_answer_names_its_issuer(client, visitor, mode):
    """Mix-up (RFC 9207): success and refusal alike."""
    for more in ({}, {"scope": "registrar"}):
        url, _ = client.request(response_mode=mode, **more)
        visitor.browser.stop = [client.redirect_uri]
        page = visitor.visit(url)
        if mode == "form_post":
            said = dict(page.forms()[0].element.form_values())
        elif mode == "jwt":
            said = parts(page.params()["response"])[1]
        else:
            said = page.params()
        assert said["iss"] == client.meta["issuer"] and ("code" in said or "error" in said)


@pytest.mark.parametrize("state", ["a\r\nSet-Cookie: x=y", "a\nLocation: //evil.example", "\"><script>alert(1)</script>", "a&code=b&iss=c", "#x", "%0d%0aX: y"])
def test_state_is_carried_and_nothing_else(client, visitor, state):
    params, _ = client.authorize(visitor, state=state)
    assert params["state"] == state and params["code"] != "b" and params["iss"] == client.meta["issuer"]


# ---------------------------------------------------------------- nothing outbound

URLS = ("request_uri", "jwks_uri", "sector_identifier_uri", "logo_uri", "initiate_login_uri", "login_hint_token", "registration", "resource",
        "client_notification_endpoint", "backchannel_client_notification_endpoint", "id_token_hint", "client_assertion", "client_id", "target_link_uri")


def test_no_parameter_makes_it_call_anybody(stack, client, visitor):
    evil = Receiver(urlsplit(stack.idp_url).port + 94)
    try:
        url = f"http://localhost:{evil.server.server_port}/x"
        for name in URLS:
            visitor.browser.stop = [client.redirect_uri]
            visitor.browser.open(client.request(**{name: url})[0])
            for path in PROGRAMS:
                client.http.post(at(stack, path), data={"client_id": client.client_id, "client_secret": client.client_secret, name: url}, timeout=30)
        assert evil.nothing(0.5)
    finally:
        evil.close()


def test_no_registered_address_but_the_configured_is_called(stack, officer):
    """Logouts and pings go to configured origins alone: not to another port, nor to metadata services and private ranges."""
    evil = Receiver(urlsplit(stack.idp_url).port + 94)
    try:
        person = enrolled(stack, officer).person
        target = centre(stack)
        url = f"http://localhost:{evil.server.server_port}/x"
        idpctl("client", "set", target.client_id, "--backchannel-logout", url, "--ciba-notify", url)
        visitor = fresh(stack, person)
        tokens = target.login(visitor)
        begin(target, person.number, client_notification_token="t" * 40)
        page = visitor.browser.open(stack.idp_url + "/requests")
        page.form(action="/requests").submit(button="allow")
        visitor.browser.open(target.meta["end_session_endpoint"], fields={"id_token_hint": tokens["id_token"]})
        assert evil.nothing(2.5)
    finally:
        evil.close()
    for name in ("http://169.254.169.254/latest", "http://10.0.0.1/", "file:///etc/passwd", "gopher://localhost/", "http://localhost@10.0.0.1/"):
        assert idpctl("client", "set", target.client_id, "--backchannel-logout", name, check=False).returncode == 2, name


def test_address_of_the_request_changes_no_name_of_ours(stack):
    """Host and forwarded headers: discovery, cookies and redirects speak of the configured issuer."""
    where = urlsplit(stack.idp_url)
    connection = http.client.HTTPConnection(where.hostname, where.port, timeout=10)
    connection.request("GET", "/.well-known/openid-configuration", headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"})
    answer = connection.getresponse()
    text = answer.read().decode()
    assert "evil.example" not in text and (answer.status != 200 or json.loads(text)["issuer"] == stack.idp_url)


# ---------------------------------------------------------------- who has an account

def test_activation_takes_as_long_for_nobody(stack, officer):
    """Unknown numbers cost what known ones cost (the page's words: test_unknown_number_and_wrong_code_look_alike)."""
    waiting = [antin.new_person() for _ in range(2)]
    for person in waiting:
        officer.enrol(person)

    def spent(number):
        page = antin.Browser().open(stack.idp_url + "/activate")
        start = time.perf_counter()
        answer = page.form("new_password").submit({"number": number, "code": "K7QF9M2XTR", "new_password": "mat khau moi rat dai"})
        assert answer.status == 422
        return time.perf_counter() - start
    pairs = [(spent(waiting[i % 2].number), spent(antin.new_person().number)) for i in range(8)]
    known, nobody = (statistics.median(side) for side in zip(*pairs))
    assert abs(known - nobody) < max(0.004, 0.5 * max(known, nobody)), pairs


def test_unknown_number_at_every_door_looks_like_a_known_one(stack, officer, person, client):
    """Status, words and headers of the sign-in page and of the backchannel, side by side."""
    nobody = antin.new_person().number
    seen = []
    for number in (person.number, nobody):
        page = client.open(fresh(stack, person))[0].form("password").submit({"number": number, "password": "khong-phai-mat-khau"})
        asked = begin(centre(stack), number)
        seen.append((page.status, page.words(), sorted(page.headers), asked.status_code, sorted(asked.json()), sorted(asked.headers)))
    assert seen[0] == seen[1]


# ---------------------------------------------------------------- logout leads nowhere else

@pytest.mark.parametrize("uri", ["http://evil.example/", "//evil.example/", "http://localhost:9400/tam-biet@evil.example", "http://localhost:9400/tam-biet/../x",
                                 "http://localhost:9400/tam-biet?x", "http://LOCALHOST:9400/tam-biet", "javascript:alert(1)", "http://localhost:9400/tam-biet%2f",
                                 "http://localhost:9400/tam-biet/", "http://localhost:9400/tam-biet#x", "http://localhost:9400/tam-biet\r\nX: y"])
def test_logout_is_no_open_redirect(stack, visitor, uri):
    client = Client(stack, "openid", more=["--post-logout", "http://localhost:9400/tam-biet"])
    tokens = client.login(visitor)
    visitor.browser.stop = ["http://", "//", "javascript:"]
    page = visitor.browser.open(client.meta["end_session_endpoint"], fields={"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": uri})
    assert page.stopped_at is None or page.stopped_at.startswith(stack.idp_url), page.stopped_at
    assert "evil.example" not in (page.headers.get("Refresh") or "") and uri not in page.links()


# ---------------------------------------------------------------- request lines that would be read twice

@pytest.mark.parametrize("head", [
    "POST /token HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "POST /token HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", "GET / HTTP/1.1\nHost: x\n\n", "GET http://evil.example/ HTTP/1.1\r\nHost: x\r\n\r\n"],
    ids=["both_lengths", "two_lengths", "two_hosts", "bare_lf", "absolute"])
def test_ambiguous_request_is_refused(stack, head):
    where = urlsplit(stack.idp_url)
    with socket.create_connection((where.hostname, where.port), timeout=10) as s:
        s.sendall(head.encode())
        s.settimeout(15)
        answer = s.recv(200)
    assert answer == b"" or answer.split()[1] in (b"400", b"404", b"421", b"431", b"501"), answer


def test_client_that_signs_cannot_be_reached_without(stack):
    """Downgrade of client authentication: a client with a key gets nothing by name, by an empty secret, or by an unsigned assertion."""
    keyed = KeyClient(stack, more=[*MORE, "--grant", "client_credentials"], scope="openid dossier.read")
    url, ask = keyed.meta["token_endpoint"], {"grant_type": "client_credentials", "scope": "dossier.read"}
    for more in ({}, {"client_secret": ""}, {"client_secret": "x"}, {"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                                                                    "client_assertion": unsigned({"iss": keyed.client_id, "sub": keyed.client_id})}):
        answer = keyed.http.post(url, data={"client_id": keyed.client_id, **ask, **more}, timeout=30)
        assert answer.status_code in (400, 401) and answer.json()["error"] in ("invalid_client", "invalid_request"), answer.text
    assert keyed.token(**ask).status_code == 200
