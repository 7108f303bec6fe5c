"""
authlib (Debian's python3-authlib) as a portal: each way of client authentication it knows, code flow with PKCE, its own ID token checks, refresh, revocation,
introspection, logout; and what it is refused.
"""
import json
import secrets
import sys
import time
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from interop_kit import HERE, REFRESHES, Client, sessions_of

sys.path.insert(0, str(HERE.parent / "flow"))
from client_kit import KeyClient  # noqa: E402

authlib = pytest.importorskip("authlib", reason="authlib is missing (Debian: python3-authlib)")
from authlib.common.errors import AuthlibBaseError  # noqa: E402
from authlib.integrations.base_client.errors import OAuthError  # noqa: E402
from authlib.integrations.requests_client import OAuth2Session  # noqa: E402
from authlib.jose import JsonWebKey, jwt  # noqa: E402
from authlib.oauth2.rfc7523 import ClientSecretJWT, PrivateKeyJWT  # noqa: E402
from authlib.oidc.core import CodeIDToken  # noqa: E402

SCOPE = "openid profile offline_access"


class Portal:
    """What a web application would do with authlib's requests client."""

    def __init__(self, client, method, secret=None, register=None):
        self.client, self.meta = client, client.meta
        self.session = OAuth2Session(client.client_id, secret or client.client_secret, scope=SCOPE, redirect_uri=client.redirect_uri, code_challenge_method="S256",
                                     token_endpoint_auth_method=method, revocation_endpoint_auth_method=method)
        self.session.trust_env = False
        if register:
            self.session.register_client_auth_method(register)

    def begin(self, **more):
        self.verifier, self.nonce = secrets.token_urlsafe(48), secrets.token_urlsafe(16)
        url, self.state = self.session.create_authorization_url(self.meta["authorization_endpoint"], code_verifier=self.verifier, nonce=self.nonce, **more)
        return url

    def go(self, person, consent=True, **more):
        person.browser.stop = [self.client.redirect_uri]
        page = person.visit(self.begin(**more), consent)
        assert page.stopped_at, f"{page.url}: {page.words()[:200]}"
        return page.url

    def finish(self, url, **more):
        answer = dict(parse_qsl(urlsplit(url).query))
        assert answer["iss"] == self.meta["issuer"]  # RFC 9207: authlib does not look
        if "error" in answer:
            raise OAuthError(answer["error"])
        return self.session.fetch_token(self.meta["token_endpoint"], authorization_response=url, state=self.state, **{"code_verifier": self.verifier, **more})

    def sign_in(self, person):
        self.answer = self.finish(self.go(person))
        return self.claims(self.answer)

    def claims(self, token, **options):
        """authlib's own check of the ID token: signature by the published keys, iss, aud, nonce, at_hash, times."""
        keys = JsonWebKey.import_key_set(self.session.request("GET", self.meta["jwks_uri"], withhold_token=True).json())
        expected = {"iss": {"value": self.meta["issuer"]}, "aud": {"value": self.client.client_id}, **options}
        params = {"nonce": self.nonce, "client_id": self.client.client_id, "access_token": token["access_token"]}
        claims = jwt.decode(token["id_token"], keys, claims_cls=CodeIDToken, claims_options=expected, claims_params=params)
        claims.validate(leeway=5)
        return claims


def by_secret(stack, method, *options):
    client = Client(stack, SCOPE, more=[*REFRESHES, "--post-logout", "http://localhost:1/gone", *options])
    return Portal(client, method)


def fresh(method):
    """authlib's assertions are good for an hour unless told otherwise, and claims that it is told of keep the first jti: both are refused here."""
    class Method(method):
        def sign(self, auth, token_endpoint):
            self.claims = {"exp": int(time.time()) + 120}
            return super().sign(auth, token_endpoint)
    return Method


def by_secret_jwt(stack):
    client = KeyClient(stack, method="client_secret_jwt", scope=SCOPE, more=REFRESHES)
    return Portal(client, "client_secret_jwt", client.shared, fresh(ClientSecretJWT)(client.meta["token_endpoint"]))


def by_key(stack, alg):
    client = KeyClient(stack, alg=alg, scope=SCOPE, more=REFRESHES)
    pem = client.key.export_to_pem(private_key=True, password=None).decode()
    header = {"alg": alg, "kid": json.loads(client.key.export_public())["kid"]}
    portal = Portal(client, "private_key_jwt", pem, fresh(PrivateKeyJWT)(client.meta["token_endpoint"], None, dict(header), alg))
    portal.key_header = header
    return portal


WAYS = {
    "client_secret_basic": lambda stack: by_secret(stack, "client_secret_basic"),
    "client_secret_post": lambda stack: by_secret(stack, "client_secret_post", "--auth", "post"),
    "client_secret_jwt": by_secret_jwt,
    "private_key_jwt ES256": lambda stack: by_key(stack, "ES256"),
    "private_key_jwt RS256": lambda stack: by_key(stack, "RS256"),
    "private_key_jwt PS256": lambda stack: by_key(stack, "PS256"),
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_signs_in_refreshes_and_revokes(stack, person, way):
    portal = way(stack)
    claims = portal.sign_in(person)
    info = portal.session.get(portal.meta["userinfo_endpoint"])
    assert info.status_code == 200 and info.json()["sub"] == claims["sub"] and info.json()["name"] == person.person.name
    again = portal.session.refresh_token(portal.meta["token_endpoint"], refresh_token=portal.answer["refresh_token"])
    assert again["refresh_token"] != portal.answer["refresh_token"] and again["access_token"] != portal.answer["access_token"]
    assert portal.session.get(portal.meta["userinfo_endpoint"]).status_code == 200
    revoked = portal.session.revoke_token(portal.meta["revocation_endpoint"], again["refresh_token"], token_type_hint="refresh_token")
    assert revoked.status_code == 200
    with pytest.raises(AuthlibBaseError) as e:
        portal.session.refresh_token(portal.meta["token_endpoint"], refresh_token=again["refresh_token"])
    assert e.value.error == "invalid_grant"


def test_logs_out(stack, person):
    portal = by_secret(stack, "client_secret_basic")
    portal.sign_in(person)
    before = sessions_of(person.person)
    url, _ = portal.session.create_authorization_url(portal.meta["end_session_endpoint"], state="s1", id_token_hint=portal.answer["id_token"],
                                                     post_logout_redirect_uri="http://localhost:1/gone")
    person.browser.stop = ["http://localhost:1/gone"]
    page = person.browser.open(url)
    assert page.stopped_at and page.params()["state"] == "s1" and sessions_of(person.person) == before - 1


def test_introspection(stack, person):
    from idp_kit import idpctl
    portal = by_secret(stack, "client_secret_basic")
    idpctl("client", "set", portal.client.client_id, "--introspect", "yes")
    portal.sign_in(person)
    said = portal.session.introspect_token(portal.meta["introspection_endpoint"], portal.answer["access_token"]).json()
    assert said["active"] and said["client_id"] == portal.client.client_id


def test_services_get_tokens_of_their_own(stack):
    client = Client(stack, "dossier.read", more=["--grant", "client_credentials"])
    session = OAuth2Session(client.client_id, client.client_secret, scope="dossier.read")
    session.trust_env = False
    assert session.fetch_token(client.meta["token_endpoint"], grant_type="client_credentials")["token_type"].lower() == "bearer"


# ---------------------------------------------------------------- refusals

def refused(portal, url, **more):
    with pytest.raises(AuthlibBaseError) as e:
        portal.finish(url, **more)
    return e.value.error


def test_the_person_says_no(stack, person):
    portal = by_secret(stack, "client_secret_basic")
    assert refused(portal, portal.go(person, consent=False)) == "access_denied"


@pytest.mark.parametrize("wish, error", [({"code_challenge_method": "plain"}, "invalid_request"), ({"response_type": "id_token"}, "unsupported_response_type"),
                                         ({"response_type": "code token"}, "unsupported_response_type"), ({"prompt": "none"}, "login_required"),
                                         ({"scope": "openid citizen_number"}, "invalid_scope"), ({"request": "x.y.z"}, None)])
def test_requests_that_are_refused(stack, person, wish, error):
    portal = by_secret(stack, "client_secret_basic")
    url = urlsplit(portal.begin())
    asked = {**dict(parse_qsl(url.query)), **wish}
    person.browser.stop = [portal.client.redirect_uri]
    page = person.browser.open(url._replace(query=urlencode(asked)).geturl())
    if error:
        assert refused(portal, page.url) == error
    else:
        assert not page.stopped_at or "error=" in page.url


def test_codes_that_are_refused(stack, person):
    portal = by_secret(stack, "client_secret_basic")
    url = portal.go(person)
    assert refused(portal, url, code_verifier="A" * 50) == "invalid_grant"
    url = portal.go(person)
    assert refused(portal, url, redirect_uri="http://localhost:1/else") == "invalid_grant"
    portal.finish(portal.go(person))
    url = portal.go(person)
    portal.finish(url)
    assert refused(portal, url) == "invalid_grant"


def test_a_state_that_authlib_did_not_give(stack, person):
    portal = by_secret(stack, "client_secret_basic")
    url = portal.go(person)
    portal.state = "another"
    assert refused(portal, url) == "mismatching_state"


def test_a_wrong_secret(stack, person):
    portal = by_secret(stack, "client_secret_basic")
    url = portal.go(person)
    portal.session = OAuth2Session(portal.client.client_id, "not-the-secret", redirect_uri=portal.client.redirect_uri)
    portal.session.trust_env = False
    assert refused(portal, url) == "invalid_client"


@pytest.mark.parametrize("claims", [None, {"exp": int(time.time()) + 120, "jti": "one"}], ids=["good for an hour", "the same jti twice"])
def test_assertions_that_are_refused(stack, person, claims):
    portal = by_key(stack, "ES256")
    method = PrivateKeyJWT(portal.meta["token_endpoint"], claims, portal.key_header, "ES256")
    portal.session.register_client_auth_method(method)
    if claims:
        portal.finish(portal.go(person))
    assert refused(portal, portal.go(person)) == "invalid_client"


def test_a_refresh_token_used_twice_ends_its_family(stack, person):
    portal = by_secret(stack, "client_secret_basic")
    portal.sign_in(person)
    first = portal.answer["refresh_token"]
    again = portal.session.refresh_token(portal.meta["token_endpoint"], refresh_token=first)
    time.sleep(10.5)  # an answer lost on the wire is given again for ten seconds
    for token in (first, again["refresh_token"]):
        with pytest.raises(AuthlibBaseError) as e:
            portal.session.refresh_token(portal.meta["token_endpoint"], refresh_token=token)
        assert e.value.error == "invalid_grant"
