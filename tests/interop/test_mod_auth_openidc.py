"""
Apache with mod_auth_openidc (Debian) in front of a page: discovery, code flow with PKCE, claims, refresh, logout. Its own checks are the judge.
"""
import contextlib
import os
from urllib.parse import urlencode

import pytest
from interop_kit import REFRESHES, Client, folder, free_port, need, running, sessions_of, uses_of_refresh_tokens

MODULES = "/usr/lib/apache2/modules"
CONF = """ServerRoot {dir}
PidFile {dir}/httpd.pid
ServerName localhost
Listen 127.0.0.1:{port}
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authn_core_module {modules}/mod_authn_core.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule authz_user_module {modules}/mod_authz_user.so
LoadModule auth_openidc_module {modules}/mod_auth_openidc.so
KeepAlive Off
StartServers 1
ThreadsPerChild 8
MaxRequestWorkers 8
DocumentRoot {dir}/htdocs
ErrorLog {dir}/error.log
OIDCProviderMetadataURL {issuer}/.well-known/openid-configuration
OIDCClientID {id}
OIDCClientSecret {secret}
OIDCRedirectURI {redirect}
OIDCCryptoPassphrase 0123456789abcdef0123456789abcdef
OIDCScope "{scope}"
OIDCInfoHook iat access_token id_token userinfo refresh_token
OIDCRemoteUserClaim sub
OIDCPassIDTokenAs claims
{more}
<Location />
AuthType openid-connect
Require valid-user
</Location>
"""
PKCE = "OIDCPKCEMethod S256"


class Portal:
    def __init__(self, client, base, place):
        self.client, self.base, self.callback, self.place = client, base, client.redirect_uri, place

    def enter(self, person):
        """The protected page, by whatever pages lie before it."""
        return person.visit(self.base + "/page.html")

    def info(self, person):
        page = person.browser.open(self.callback + "?info=json")
        return page.response.json() if page.status == 200 else {}


@contextlib.contextmanager
def apache(stack, more=(PKCE,), scope="openid profile offline_access", secret=None, auth="basic"):
    server = need("apache2", "Debian: apache2, libapache2-mod-auth-openidc")
    if not os.path.exists(MODULES + "/mod_auth_openidc.so"):
        pytest.skip("mod_auth_openidc is missing (Debian: libapache2-mod-auth-openidc)")
    port = free_port()
    base = f"http://localhost:{port}"
    client = Client(stack, scope, redirect=base + "/oidc/callback", more=[*REFRESHES, "--auth", auth, "--post-logout", base + "/gone"])
    with folder() as (place, who):
        (place / "htdocs").mkdir()
        (place / "htdocs/page.html").write_text("<p>behind the door</p>", encoding="ascii")
        (place / "htdocs/page.html").chmod(0o644)
        (place / "htdocs").chmod(0o755)
        conf = CONF.format(dir=place, port=port, modules=MODULES, issuer=stack.idp_url, id=client.client_id, secret=secret or client.client_secret or "none",
                           redirect=client.redirect_uri, scope=scope, more="\n".join(more))
        (place / "httpd.conf").write_text(conf, encoding="utf-8")
        (place / "httpd.conf").chmod(0o644)
        with running([server, "-X", "-f", place / "httpd.conf"], port, place / "out.log", **who):
            yield Portal(client, base, place)


def entered(page):
    return page.status == 200 and "behind the door" in page.text


def log_of(portal):
    return (portal.place / "error.log").read_text(encoding="utf-8", errors="replace")


@pytest.fixture(scope="module")
def portal(stack):
    with apache(stack) as made:
        yield made


def test_signs_in_and_knows_the_person(stack, portal, person):
    page = portal.enter(person)
    assert page.url.startswith(portal.base) and entered(page), f"{page.url} {page.status} {page.words()[:200]}"
    info = portal.info(person)
    assert info["id_token"]["iss"] == stack.idp_url and info["id_token"]["aud"] == portal.client.client_id
    assert info["userinfo"]["sub"] == info["id_token"]["sub"] and info["userinfo"]["name"] == person.person.name


def test_refreshes(portal, person):
    portal.enter(person)
    before = portal.info(person)
    uses = uses_of_refresh_tokens(portal.client)
    back = person.browser.open(portal.callback + "?" + urlencode({"refresh": portal.base + "/page.html", "access_token": before["access_token"]}))
    assert "error_code" not in back.url, back.url
    after = portal.info(person)
    assert after["access_token"] != before["access_token"] and after["refresh_token"] != before["refresh_token"]
    assert uses_of_refresh_tokens(portal.client) == uses + 1


def test_logs_out_here_and_there(portal, person):
    portal.enter(person)
    before = sessions_of(person.person)
    person.browser.stop = [portal.base + "/gone"]
    page = person.browser.open(portal.callback + "?" + urlencode({"logout": portal.base + "/gone"}))
    assert page.stopped_at, f"{page.url}: {page.words()[:200]}"
    assert sessions_of(person.person) == before - 1 and portal.info(person) == {}
    person.browser.stop = []
    assert person.browser.open(portal.base + "/page.html").has_form("number", "password")  # signed in nowhere any more


def test_form_post(stack, person):
    with apache(stack, [PKCE, "OIDCResponseMode form_post"]) as portal:
        page = portal.enter(person)
        form = next((f for f in page.forms() if f.action == portal.callback), None)
        assert form, f"{page.url}: {page.words()[:200]}"
        assert entered(form.submit()) and portal.info(person)["userinfo"]["name"] == person.person.name


def test_secret_in_the_body(stack, person):
    with apache(stack, [PKCE, "OIDCProviderTokenEndpointAuth client_secret_post"], auth="post") as portal:
        assert entered(portal.enter(person)) and portal.info(person)


# ---------------------------------------------------------------- refusals

def turned_away(portal, person, page, error=None):
    """Nobody is in; error: what our answer said. This version takes an iss in an answer without code for a sign-in that somebody else began, and shows another
    error than the one it was told: so the browser's trail is asked what that was."""
    told = any(f"error={error}&" in url for _, url in person.browser.trail)
    return portal.info(person) == {} and not entered(page) and (told or not error)


def test_the_person_says_no(stack, person):
    with apache(stack) as portal:  # nobody agreed to this one before
        page = person.visit(portal.base + "/page.html", consent=False)
        assert turned_away(portal, person, page, "access_denied")


def test_without_pkce(stack, person):
    with apache(stack, []) as portal:
        page = portal.enter(person)
        assert turned_away(portal, person, page, "invalid_request")


def test_with_pkce_plain(stack, person):
    with apache(stack, ["OIDCPKCEMethod plain"]) as portal:
        page = portal.enter(person)
        assert turned_away(portal, person, page, "invalid_request")


def test_hybrid_flow(stack, person):
    with apache(stack, [PKCE, "OIDCResponseType \"code id_token\""]) as portal:
        page = portal.enter(person)
        assert turned_away(portal, person, page, "unsupported_response_type")


def test_wrong_secret(stack, person):
    with apache(stack, secret="not-the-secret") as portal:
        page = portal.enter(person)
        assert turned_away(portal, person, page) and "invalid_client" in log_of(portal)


def test_a_scope_that_it_may_not_have(stack, person):
    with apache(stack, [PKCE, "OIDCScope \"openid citizen_number\""]) as portal:
        page = portal.enter(person)
        assert turned_away(portal, person, page, "invalid_scope")


def test_an_altered_answer(portal, person):
    person.browser.stop = [portal.callback]
    page = person.visit(portal.base + "/page.html")
    person.browser.stop = []
    for change in (page.stopped_at.replace("code=", "code=A"), page.stopped_at.replace("state=", "state=A")):
        assert turned_away(portal, person, person.browser.open(change))


def test_another_redirect_uri(stack, person):
    with apache(stack, [PKCE, "OIDCRedirectURI http://localhost:1/oidc/callback"]) as portal:
        page = portal.enter(person)
        assert page.url.startswith(stack.idp_url) and page.status == 400
