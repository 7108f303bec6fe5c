"""
Clients hear of a logout: server to server, and in frames of the page that ends it. OpenID Connect Back-Channel Logout 1.0, Front-Channel Logout 1.0.
"""
import json
import time
from urllib.parse import parse_qs, urlsplit

import pytest
from idp_kit import REDIRECT, Client, enrolled, fresh, idpctl, sql
from jwcrypto import jws
from receiver_kit import Receiver


def fields_in(came):
    return {k: v[0] for k, v in parse_qs(came.body).items()}


@pytest.fixture(scope="module")
def port(stack):
    return urlsplit(stack.idp_url).port + 92


@pytest.fixture(scope="module")
def server(port):
    made = Receiver(port)
    yield made
    made.close()


@pytest.fixture
def receiver(server):
    sql("DELETE FROM idp.logout_notice")
    return server.quiet()


@pytest.fixture
def visitor(stack, officer):
    return fresh(stack, enrolled(stack, officer).person)


def told_at(stack, port, path="/logout", **more):
    made = Client(stack, "openid", **more)
    idpctl("client", "set", made.client_id, "--backchannel-logout", f"http://localhost:{port}{path}")
    return made


@pytest.fixture(scope="module")
def client(stack, port):
    return told_at(stack, port)


def log_out(client, visitor, tokens, **more):
    query = {"id_token_hint": tokens["id_token"], **more}
    return visitor.browser.open(client.meta["end_session_endpoint"], fields=query)


def opened(client, token):
    t = jws.JWS()
    t.deserialize(token)
    t.verify(client.keys().get_key(t.jose_header["kid"]))
    return t.jose_header, json.loads(t.payload)


# ---------------------------------------------------------------- back channel

def test_logout_token_reaches_the_client(client, visitor, receiver):
    tokens = client.login(visitor)
    log_out(client, visitor, tokens)
    came = receiver.next()
    fields = fields_in(came)
    assert came.path == "/logout" and came.headers["Content-Type"] == "application/x-www-form-urlencoded" and set(fields) == {"logout_token"}
    header, claims = opened(client, fields["logout_token"])
    assert header["typ"] == "logout+jwt"
    assert claims["iss"] == client.meta["issuer"] and claims["aud"] == client.client_id
    assert claims["sub"] == tokens["claims"]["sub"] and claims["sid"] == tokens["claims"]["sid"]
    assert claims["events"] == {"http://schemas.openid.net/event/backchannel-logout": {}} and "nonce" not in claims
    assert claims["jti"] and claims["exp"] - claims["iat"] <= 120
    time.sleep(0.3)
    assert sql("SELECT count(*) FROM idp.logout_notice") == "0"
    assert sql(f"SELECT count(*) FROM idp.audit WHERE event = 'logout.told' AND client_id = '{client.client_id}'") != "0"


def test_logout_token_is_no_id_token(client, visitor, receiver):
    log_out(client, visitor, client.login(visitor))
    token = fields_in(receiver.next())["logout_token"]
    assert client.userinfo(token).status_code == 401
    assert visitor.browser.open(client.meta["end_session_endpoint"], fields={"id_token_hint": token}).status == 400


def test_every_client_of_the_session_hears_it_and_no_other(stack, port, client, visitor, receiver):
    second, never = told_at(stack, port, "/second"), told_at(stack, port, "/never")
    never.login(fresh(stack, visitor.person))  # the same person in another browser
    a, b = client.login(visitor), second.login(visitor)
    client.login(visitor)  # twice in one session: told once
    assert a["claims"]["sub"] and b["claims"]["sub"]
    log_out(client, visitor, a)
    assert sorted(receiver.next().path for _ in range(2)) == ["/logout", "/second"]
    assert receiver.nothing()


def test_locked_account_is_a_logout_everywhere(client, visitor, receiver):
    client.login(visitor)
    idpctl("account", "lock", visitor.person.id)
    assert receiver.next().path == "/logout"


def test_revoked_sessions_are_told(client, visitor, receiver):
    client.login(visitor)
    idpctl("session", "revoke", visitor.person.id)
    assert receiver.next().path == "/logout"


def test_signing_in_again_is_no_logout_but_another_person_is(stack, officer, client, visitor, receiver):
    client.login(visitor)
    client.login(visitor, prompt="login")
    assert receiver.nothing()
    page, _ = client.open(visitor, prompt="login")
    other = enrolled(stack, officer).person
    page.form("password").submit({"number": other.number, "password": other.password})
    assert receiver.next().path == "/logout"


def test_client_that_is_down_is_told_later(client, visitor, receiver):
    receiver.status = 503
    log_out(client, visitor, client.login(visitor))
    receiver.next()
    time.sleep(0.3)
    assert sql("SELECT tries FROM idp.logout_notice WHERE due_at > now()") == "1"
    receiver.status = 200
    sql("UPDATE idp.logout_notice SET due_at = now()")
    assert receiver.next(8).path == "/logout"
    time.sleep(0.3)
    assert sql("SELECT count(*) FROM idp.logout_notice") == "0"


def test_it_is_given_up_in_the_end(client, visitor, receiver):
    receiver.status = 500
    log_out(client, visitor, client.login(visitor))
    receiver.next()
    time.sleep(0.3)
    sql("UPDATE idp.logout_notice SET tries = 5, due_at = now()")
    receiver.next(8)
    time.sleep(0.3)
    assert sql("SELECT count(*) FROM idp.logout_notice") == "0"
    assert sql(f"SELECT count(*) FROM idp.audit WHERE event = 'logout.untold' AND client_id = '{client.client_id}'") != "0"


def test_redirects_are_not_followed(stack, port, visitor, receiver):
    moved = told_at(stack, port, "/moved")
    log_out(moved, visitor, moved.login(visitor))
    assert receiver.next().path == "/moved" and receiver.nothing()


def test_origin_that_the_operator_did_not_write_down_is_never_called(stack, visitor, receiver, port):
    with_other = Client(stack, "openid")
    stray = Receiver(port + 1)
    try:
        idpctl("client", "set", with_other.client_id, "--backchannel-logout", f"http://localhost:{port + 1}/logout")
        log_out(with_other, visitor, with_other.login(visitor))
        assert stray.nothing()
    finally:
        stray.close()
    assert sql(f"SELECT count(*) FROM idp.audit WHERE event = 'logout.untold' AND client_id = '{with_other.client_id}'") == "1"


def test_logout_does_not_wait_for_slow_clients(client, visitor, receiver):
    tokens = client.login(visitor)
    begun = time.monotonic()
    log_out(client, visitor, tokens)
    assert time.monotonic() - begun < 1
    receiver.next()


@pytest.mark.parametrize("uri", ["http://10.0.0.1/x", "ftp://localhost/x", "https://a.example/x#y", "https://u@a.example/x", "x"])
def test_unfit_uris_cannot_be_registered(client, uri):
    assert idpctl("client", "set", client.client_id, "--backchannel-logout", uri, check=False).returncode == 2
    assert idpctl("client", "set", client.client_id, "--frontchannel-logout", uri, check=False).returncode == 2


# ---------------------------------------------------------------- front channel

@pytest.fixture(scope="module")
def framed(stack):
    made = Client(stack, "openid", more=["--post-logout", "http://localhost:9400/het"])
    idpctl("client", "set", made.client_id, "--frontchannel-logout", "http://localhost:9401/thoat?x=1")
    return made


def test_page_holds_a_frame_with_issuer_and_session(framed, visitor):
    tokens = framed.login(visitor)
    page = log_out(framed, visitor, tokens, post_logout_redirect_uri="http://localhost:9400/het", state="s&1")
    frames = page.doc.xpath("//iframe/@src")
    assert len(frames) == 1 and frames[0].startswith("http://localhost:9401/thoat?x=1&")
    said = {k: v[0] for k, v in parse_qs(urlsplit(frames[0]).query).items()}
    assert said["iss"] == framed.meta["issuer"] and said["sid"] == tokens["claims"]["sid"]
    policy = page.headers["Content-Security-Policy"]
    assert "frame-src http://localhost:9401;" in policy + ";" and "default-src 'none'" in policy
    assert "http://localhost:9400/het?state=s%261" in page.links()
    assert page.headers["Refresh"].endswith("url=http://localhost:9400/het?state=s%261")


def test_without_frames_the_browser_goes_straight_back(stack, visitor):
    plain = Client(stack, "openid", more=["--post-logout", "http://localhost:9400/het"])
    visitor.browser.stop = [REDIRECT, "http://localhost:9400/het"]
    tokens = plain.login(visitor)
    visitor.browser.stop = ["http://localhost:9400/het"]
    assert log_out(plain, visitor, tokens, post_logout_redirect_uri="http://localhost:9400/het").stopped_at


def test_other_pages_hold_no_frame(stack, visitor):
    assert "frame-src" not in visitor.browser.open(stack.idp_url + "/signed-out").headers["Content-Security-Policy"]


def test_discovery_tells_both(client):
    for name in ("backchannel_logout_supported", "backchannel_logout_session_supported", "frontchannel_logout_supported", "frontchannel_logout_session_supported"):
        assert client.meta[name] is True
