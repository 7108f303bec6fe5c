"""
Signing in at an upstream provider: whose word counts for whom and how much, and what a provider that errs or lies cannot bring about.
OpenID Connect Core §3.1.3.7, RFC 9207, RFC 9700 §4, RFC 8725; Decree 69/2024 (levels).
"""
import json
import subprocess
import time
from urllib.parse import urlsplit

import antin_client as antin
import pytest
from client_kit import new_key
from idp_kit import Client, enrolled, fresh, idpctl, layout, session_hash, sql, timed_key
from jwcrypto import jwk
from upstream_kit import HOSTILE_OFFSET, Hostile, base, ini, providers

COUNTER = "bộ phận một cửa"


@pytest.fixture(scope="module")
def hostile():
    provider = Hostile(base() + HOSTILE_OFFSET)
    yield provider
    provider.close()


@pytest.fixture(scope="module", autouse=True)
def configured(hostile):
    """The same provider four times: as it is, by discovery, with UserInfo, and with an RSA key."""
    by_discovery = {k: v for k, v in hostile.conf().items() if k != "endpoints"}
    by_discovery["provider"] = {**by_discovery["provider"], "label_vi": "Cổng khám phá", "label_en": "Discovered gateway"}
    with providers(thu=hostile.conf(), kham_pha=by_discovery, thong_tin=hostile.conf(answer={"userinfo": "yes"}), rsa=hostile.conf(answer={"alg": "RS256"}),
                   im_lang=hostile.conf(request={"prompt_login": "no"}, claims={"level_default": 1})):
        yield


@pytest.fixture(autouse=True)
def honest(hostile):
    hostile.reset()
    yield


@pytest.fixture(scope="module")
def client(stack):
    return Client(stack, "openid")


@pytest.fixture
def visitor(stack, person, hostile):
    """The enrolled person in front of a new browser; the provider speaks of this person."""
    hostile.person["SoDinhDanh"] = person.number
    return fresh(stack, person)


def start(client, visitor, provider="thu", **request):
    """(sign-in page, secrets kept)"""
    return client.open(visitor, **request)


def link(page, provider="thu"):
    return next(u for u in page.links() if urlsplit(u).path == f"/login/with/{provider}")


def through(client, visitor, provider="thu", **request):
    """Signs in at the provider; (where the browser arrived after consent, secrets kept)."""
    page, keep = client.open(visitor, **request)
    return visitor.answer(visitor.browser.open(link(page, provider))), keep


def claims_of(client, page, keep):
    assert page.stopped_at, f"{page.status} at {page.url}: {page.words()[:300]}"
    tokens = client.redeem(page.params()["code"], keep)
    return client.check_id_token(tokens, keep)


def nobody(visitor):
    return "antin_idp_session" not in visitor.browser.session.cookies


def last_event(page):
    number = page.doc.xpath("//*[@class='id']")[0].text
    return sql(f"SELECT event FROM idp.audit WHERE request_id = '{number}'")


# ---------------------------------------------------------------- what works

def test_a_button_for_each_provider(stack, client, person):
    for lang, label in (("vi", "Cổng thử"), ("en", "Trial gateway")):
        page, _ = client.open(fresh(stack, person, lang))
        labels = {a.get("href").split("?")[0]: a.text for a in page.doc.xpath("//a[contains(@href, '/login/with/')]")}
        assert labels["/login/with/thu"] == label and len(labels) == 5
        assert page.has_form("number", "password")


@pytest.mark.parametrize("provider", ["thu", "kham-pha", "thong-tin"])
def test_who_signed_in_there_is_signed_in_here(client, visitor, hostile, provider):
    claims = claims_of(client, *through(client, visitor, provider))
    assert claims["amr"] == ["fed"] and claims["acr"] == "urn:antin:loa:2"
    asked = hostile.asked("/authorize")[-1]
    assert asked["acr_values"] == "LoA1" and asked["scope"] == "openid" and asked["code_challenge_method"] == "S256" and asked["nonce"]
    assert asked["redirect_uri"].endswith("/login/from/" + provider) and "prompt" not in asked


def test_it_is_the_same_person_as_by_password(client, visitor, stack, person):
    by_password, keep = client.code(fresh(stack, person))
    here = client.check_id_token(client.redeem(by_password, keep), keep)
    assert claims_of(client, *through(client, visitor))["sub"] == here["sub"]


def test_the_session_says_where_it_began(client, visitor):
    through(client, visitor)
    assert sql(f"SELECT upstream FROM idp.session WHERE id_hash = '{session_hash(visitor)}'") == "thu"


@pytest.mark.parametrize("there, acr", [(1, "urn:antin:loa:1"), ("1", "urn:antin:loa:1"), (2, "urn:antin:loa:2"), ("2", "urn:antin:loa:2")])
def test_a_level_is_what_the_provider_proves(client, visitor, hostile, there, acr):
    hostile.person["mucDo"] = there
    assert claims_of(client, *through(client, visitor))["acr"] == acr


def test_a_level_is_never_above_the_account_s(stack, officer, client, hostile):
    low = antin.Citizen(stack, antin.new_person())
    officer.enrol(low.person, level=1)
    low.activate()
    hostile.person["SoDinhDanh"] = low.person.number
    assert claims_of(client, *through(client, low))["acr"] == "urn:antin:loa:1"


def test_a_low_sign_in_stays_low_in_what_comes_of_it(stack, visitor, hostile):
    client = Client(stack, "openid offline_access", more=["--grant", "authorization_code", "--grant", "refresh_token"])
    hostile.person["mucDo"] = 1
    page, keep = through(client, visitor)
    tokens = client.redeem(page.params()["code"], keep)
    again = client.token_request(grant_type="refresh_token", refresh_token=tokens["refresh_token"]).json()
    for token in (tokens["access_token"], again["access_token"]):
        said = json.loads(antin.base64.urlsafe_b64decode(token.split(".")[1] + "=="))
        assert said["level"] == 1 and said["acr"] == "urn:antin:loa:1"


def test_level_2_is_asked_for_when_the_client_needs_it(client, visitor, hostile):
    claims = claims_of(client, *through(client, visitor, acr_values="urn:antin:loa:2"))
    assert hostile.asked("/authorize")[-1]["acr_values"] == "LoA2" and claims["acr"] == "urn:antin:loa:2"


def test_an_rsa_key_counts_where_it_was_agreed(client, visitor, hostile):
    hostile.behave["key"] = hostile.rsa
    claims_of(client, *through(client, visitor, "rsa"))


def test_date_of_birth_agrees(client, visitor, hostile, person):
    hostile.person["ngaySinh"] = "/".join(reversed(person.birth_date.split("-")))
    claims_of(client, *through(client, visitor))


def test_number_from_userinfo(client, visitor, hostile, person):
    hostile.person = {"mucDo": None}
    hostile.behave["userinfo"] = {"SoDinhDanh": person.number, "mucDo": "2"}
    claims_of(client, *through(client, visitor, "thong-tin"))


def test_discovery_names_this_way_of_signing_in(stack, client):
    assert "urn:antin:auth:upstream" in client.http.get(stack.idp_url + "/.well-known/openid-configuration").json()["acr_values_supported"]


def test_a_client_may_ask_for_this_way(client, visitor, hostile):
    page, keep = through(client, visitor, acr_values="urn:antin:auth:upstream")
    assert claims_of(client, page, keep)["acr"] == "urn:antin:auth:upstream"


def test_a_page_of_our_own_waits_as_well(stack, visitor, hostile):
    page = visitor.browser.open(stack.idp_url + "/account")
    assert page.has_form("number", "password")
    page = visitor.browser.open(link(page))
    assert page.status == 200 and page.url == stack.idp_url + "/account" and "Đăng nhập bằng Cổng thử" in page.words()
    assert sql(f"SELECT upstream FROM idp.session WHERE id_hash = '{session_hash(visitor)}'") == "thu"


def test_password_still_works_beside_it(client, visitor):
    page, keep = client.open(visitor)
    claims_of(client, visitor.answer(page), keep)


def test_new_keys_are_noticed(client, visitor, hostile):
    claims_of(client, *through(client, visitor))
    time.sleep(3.1)  # keys are asked for anew at most every three seconds
    hostile.behave["key"] = new_key("ES256", kid="k2")
    hostile.keys = [hostile.behave["key"]]
    claims_of(client, *through(client, visitor, prompt="login"))
    time.sleep(3.1)  # and the old ones again for the tests after this


# ---------------------------------------------------------------- whom it does not sign in

def refused(client, visitor, hostile, provider="thu", **request):
    """The page that says why; nobody is signed in, and the way to another sign-in works."""
    page, _ = through(client, visitor, provider, **request)
    assert not page.stopped_at and nobody(visitor), page.url
    back = [u for u in page.links() if urlsplit(u).path == "/login"]
    assert back and visitor.browser.open(back[0]).has_form("number", "password")
    return page


def test_unknown_number_is_sent_to_the_counter_and_nothing_is_made(client, visitor, hostile):
    before = sql("SELECT count(*) FROM idp.account")
    hostile.person["SoDinhDanh"] = antin.new_person().number
    page = refused(client, visitor, hostile)
    assert page.status == 403 and COUNTER in page.words() and last_event(page) == "login.upstream.unknown"
    assert sql("SELECT count(*) FROM idp.account") == before


def test_another_date_of_birth_looks_like_an_unknown_number(client, visitor, hostile, stack, person):
    hostile.person["ngaySinh"] = "01/01/1949"
    wrong = refused(client, visitor, hostile)
    hostile.person = {"SoDinhDanh": antin.new_person().number, "mucDo": 2}
    unknown = refused(client, fresh(stack, person), hostile)
    shape = lambda page: page.words().rsplit(":", 1)[0]
    assert wrong.status == unknown.status and shape(wrong) == shape(unknown)


def test_same_name_and_email_link_to_nobody(client, visitor, hostile, person):
    hostile.person = {"SoDinhDanh": antin.new_person().number, "mucDo": 2, "name": person.name, "email": "a@example.vn", "HoVaTen": person.name}
    refused(client, visitor, hostile)


def test_an_officer_is_not_found_by_a_number(client, visitor, hostile, tmp_path):
    number = antin.new_person().number
    place = layout()
    idpctl("account", "add", "--login", number, "--name", "Cán bộ", "--role", "registrar", "--password-file", str(place.state / "secrets/officer-password"))
    hostile.person["SoDinhDanh"] = number
    assert last_event(refused(client, visitor, hostile)) == "login.upstream.unknown"


def test_locked_and_never_activated_accounts(stack, officer, client, hostile):
    locked = enrolled(stack, officer)
    idpctl("account", "lock", locked.person.number)
    pending = antin.Citizen(stack, antin.new_person())
    officer.enrol(pending.person)
    for who in (locked, pending):
        hostile.person["SoDinhDanh"] = who.person.number
        page = refused(client, fresh(stack, who.person), hostile)
        assert COUNTER in page.words() and last_event(page) == "login.locked"


@pytest.mark.parametrize("number", ["12345678901", "123456789", "07919900123a", "", None, 79199001234, ["079199001234"], "0" * 300])
def test_what_is_no_number_signs_nobody_in(client, visitor, hostile, number):
    hostile.person["SoDinhDanh"] = number
    assert last_event(refused(client, visitor, hostile)) == "login.upstream.distrusted"


@pytest.mark.parametrize("level", [0, "0", 3, None, "hai", True, [2]])
def test_a_level_that_means_nothing_here_signs_nobody_in(client, visitor, hostile, level):
    hostile.person["mucDo"] = level
    assert refused(client, visitor, hostile).status == 403


@pytest.mark.parametrize("date", ["1990-12-31", "31/13/1990", "31-12-1990", "31/12/90", "3a/12/1990", "31/12/2999"])
def test_a_date_in_another_form_is_not_guessed_at(client, visitor, hostile, date):
    hostile.person["ngaySinh"] = date
    assert last_event(refused(client, visitor, hostile)) == "login.upstream.distrusted"


def test_the_person_said_no_there(client, visitor, hostile):
    hostile.behave["error"] = "access_denied"
    page = refused(client, visitor, hostile)
    assert last_event(page) == "login.upstream.refused" and not hostile.asked("/token")


# ---------------------------------------------------------------- answers that must not be believed

NOW = int(time.time())
LIES = {
    "issuer of another": {"iss": "https://id.example"},
    "issuer with a slash": {"iss": f"http://localhost:{base() + HOSTILE_OFFSET}/"},
    "for another client": {"aud": "someone-else"},
    "for nobody": {"aud": None},
    "for several, azp missing": {"aud": ["antin-o-day", "someone-else"]},
    "azp of another": {"azp": "someone-else"},
    "another nonce": {"nonce": "A" * 43},
    "no nonce": {"nonce": None},
    "expired": {"exp": NOW - 3600},
    "no end": {"exp": None},
    "from the future": {"iat": NOW + 7200},
    "no iat": {"iat": None},
    "not yet": {"nbf": NOW + 7200},
    "no subject": {"sub": None},
    "a hash of another access token": {"at_hash": "A" * 22},
    "signed in tomorrow": {"auth_time": NOW + 86400},
}


@pytest.mark.parametrize("claims", LIES.values(), ids=LIES)
def test_an_id_token_that_lies(client, visitor, hostile, claims):
    hostile.behave["claims"] = claims
    assert last_event(refused(client, visitor, hostile)) == "login.upstream.distrusted"


def hmac_of_public(key):
    return jwk.JWK(kty="oct", k=antin.b64url(key.export_to_pem()))


FORGERIES = {
    "unsigned": lambda h: {"unsigned": True},
    "a key that was never published": lambda h: {"key": new_key("ES256", kid="k1")},
    "the right key under another name": lambda h: {"header": {"kid": "../../k1"}},
    "HS256 with the client secret": lambda h: {"key": jwk.JWK(kty="oct", k=antin.b64url(h.secret.encode())), "alg": "HS256"},
    "HS256 with the RSA public key": lambda h: {"key": hmac_of_public(h.rsa), "alg": "HS256", "header": {"kid": "r1"}},
    "HS256 with the EC public key": lambda h: {"key": hmac_of_public(h.key), "alg": "HS256", "header": {"kid": "k1"}},
    "RS256, published but not agreed": lambda h: {"key": h.rsa},
    "an access token": lambda h: {"header": {"typ": "at+jwt"}},
    "a logout token": lambda h: {"header": {"typ": "logout+jwt"}},
    "its own key in the header": lambda h: {"key": new_key("ES256", kid="k9"), "header": {"jwk": {"kty": "EC"}, "kid": None}},
    "an unknown critical extension": lambda h: {"header": {"crit": ["x"], "x": 1}},
    "a header of 5 KB": lambda h: {"header": {"kid": "k" * 5000}},
}


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES)
def test_an_id_token_that_is_forged(client, visitor, hostile, forge):
    hostile.behave.update(forge(hostile))
    assert last_event(refused(client, visitor, hostile)) == "login.upstream.distrusted"


@pytest.mark.parametrize("token", [{"id_token": None}, {"id_token": 5}, {"id_token": "a.b"}, {"id_token": ""}])
def test_no_id_token_signs_nobody_in(client, visitor, hostile, token):
    hostile.behave["token"] = token
    assert last_event(refused(client, visitor, hostile)) == "login.upstream.distrusted"


@pytest.mark.parametrize("said", [{"sub": "nguoi-2"}, {"sub": None}, {"SoDinhDanh": "079199000000"}, {"mucDo": 1}])
def test_userinfo_of_another_or_that_says_otherwise(client, visitor, hostile, said):
    hostile.behave["userinfo"] = said
    assert last_event(refused(client, visitor, hostile, "thong-tin")) == "login.upstream.distrusted"


# ---------------------------------------------------------------- the way back

def come_back(client, visitor, hostile, provider="thu"):
    """The address that the provider sends the browser to, not followed."""
    page, _ = client.open(visitor)
    visitor.browser.stop = [f"{client.stack.idp_url}/login/from/"]
    arrived = visitor.browser.open(link(page, provider))
    visitor.browser.stop = [client.redirect_uri]
    return arrived.stopped_at


def test_state_is_good_once(client, visitor, hostile, stack, person):
    url = come_back(client, visitor, hostile)
    assert visitor.answer(visitor.browser.open(url)).stopped_at
    visitor.browser.session.cookies.pop("antin_idp_session")
    tokens = len(hostile.asked("/token"))
    page = visitor.browser.open(url)
    assert page.status == 400 and nobody(visitor) and len(hostile.asked("/token")) == tokens


def test_state_of_another_browser(client, visitor, hostile, stack, person):
    """Whoever makes a victim's browser finish the attacker's sign-in signs the victim in as the attacker."""
    url = come_back(client, visitor, hostile)
    other = fresh(stack, person)
    other.browser.open(stack.idp_url + "/")
    client.open(other)
    page = other.browser.open(url)
    assert page.status == 400 and nobody(other) and not hostile.asked("/token")
    assert visitor.answer(visitor.browser.open(url)).stopped_at  # it harmed nobody either


@pytest.mark.parametrize("change", [lambda u: u.replace("state=", "state=A"), lambda u: u.replace("state=", "stat="), lambda u: u + "&state=x",
                                    lambda u: u.split("state=")[0] + "state=" + "A" * 5000, lambda u: u.split("?")[0]],
                         ids=["altered", "missing", "twice", "long", "nothing"])
def test_state_that_is_not_ours(client, visitor, hostile, change):
    page = visitor.browser.open(change(come_back(client, visitor, hostile)))
    assert page.status in (400, 414, 431) and nobody(visitor) and not hostile.asked("/token")


def test_state_that_waited_too_long(client, visitor, hostile):
    """It ends with the request that it was for."""
    url = come_back(client, visitor, hostile)
    sql(f"UPDATE idp.auth_request SET expires_at = now() - interval '1 s' WHERE id_hash = '{timed_key(client_request(visitor))}'")
    assert visitor.browser.open(url).status == 400 and nobody(visitor)


def client_request(visitor):
    return next(u for _, u in reversed(visitor.browser.trail) if "/login/with/" in u).split("request=")[1]


def test_an_answer_of_one_provider_is_no_answer_of_another(client, visitor, hostile):
    """Mix-up (RFC 9700 §4.4): another redirect URI, another name."""
    url = come_back(client, visitor, hostile)
    page = visitor.browser.open(url.replace("/login/from/thu", "/login/from/kham-pha"))
    assert page.status == 400 and nobody(visitor) and not hostile.asked("/token")


@pytest.mark.parametrize("provider, iss", [("thu", "https://id.example"), ("thu", ""), ("kham-pha", None), ("kham-pha", "https://id.example")])
def test_an_answer_names_its_provider(client, visitor, hostile, provider, iss):
    """RFC 9207 §2.4: a wrong one never, a missing one not where the provider promised it."""
    hostile.behave["back"] = {"iss": iss}
    assert last_event(refused(client, visitor, hostile, provider)) == "login.upstream.distrusted" and not hostile.asked("/token")


def test_the_code_of_another_sign_in(client, visitor, hostile, stack, person):
    """Its verifier and nonce are of this browser and state: the provider refuses it, and so would we."""
    stolen = come_back(client, visitor, hostile).split("code=")[1].split("&")[0]
    other = fresh(stack, person)
    hostile.behave["back"] = {"code": stolen}
    refused(client, other, hostile)


def test_only_the_browser_whose_request_waits_starts(client, visitor, stack, person):
    page, _ = client.open(visitor)
    other = fresh(stack, person)
    other.browser.open(stack.idp_url + "/activate")
    assert other.browser.open(link(page)).status == 400


def test_unknown_provider(client, visitor):
    page, _ = client.open(visitor)
    for name in ("nobody", "..%2fthu", "thu.conf", "Thu"):
        assert visitor.browser.open(link(page).replace("/with/thu", "/with/" + name)).status in (400, 404)


def test_the_session_s_name_changes(client, visitor, stack, hostile):
    """Session fixation: what was in the browser before is not what is signed in after."""
    page, keep = client.open(visitor)
    visitor.answer(page)
    before = visitor.browser.session.cookies["antin_idp_session"]
    visitor.answer(through(client, visitor, prompt="login")[0])
    assert visitor.browser.session.cookies["antin_idp_session"] != before


# ---------------------------------------------------------------- signing in anew

def test_a_fresh_sign_in_is_asked_for_there_too(client, visitor, hostile):
    hostile.behave["claims"] = {"auth_time": int(time.time()) + 1}
    claims_of(client, *through(client, visitor, prompt="login"))
    assert hostile.asked("/authorize")[-1]["prompt"] == "login"


def test_an_old_sign_in_there_is_no_fresh_one(client, visitor, hostile):
    hostile.behave["claims"] = {"auth_time": int(time.time()) - 3600}
    for wish in ({"prompt": "login"}, {"max_age": 60}):
        assert last_event(refused(client, visitor, hostile, **wish)) == "login.upstream.old"
    assert last_event(refused(client, visitor, hostile, "im-lang", max_age=60)) == "login.upstream.old"


def test_one_that_cannot_be_asked_and_does_not_say(client, visitor, hostile):
    assert last_event(refused(client, visitor, hostile, "im-lang", prompt="login")) == "login.upstream.old"


def test_a_sign_in_of_unknown_age_is_no_fresh_one(client, visitor, hostile):
    """Whoever comes by the provider's own session has proven nothing today: signing out here and in again makes nothing fresh."""
    claims_of(client, *through(client, visitor))  # the provider said nothing of its time, though it was asked
    assert hostile.asked("/authorize")[-1]["max_age"] == "86400"
    page, keep = client.open(visitor, max_age=900)
    assert page.has_form("number", "password"), page.url
    claims_of(client, visitor.answer(visitor.browser.open(link(page))), keep)  # asked for a new sign-in, which is what it then is
    assert hostile.asked("/authorize")[-1]["prompt"] == "login"
    assert client.open(visitor, max_age=900)[0].stopped_at


def test_auth_time_is_theirs(client, visitor, hostile):
    then = int(time.time()) - 600
    hostile.behave["claims"] = {"auth_time": then}
    assert claims_of(client, *through(client, visitor))["auth_time"] == then


# ---------------------------------------------------------------- a provider in trouble

def elsewhere(url):
    return (302, {"Location": url}, b"")


TROUBLE = {
    "token endpoint falls": lambda h: {"raw": {"/token": (500, {}, {})}},
    "token endpoint leads away": lambda h: {"raw": {"/token": elsewhere(h.issuer + "/token2")}},
    "token endpoint is slow": lambda h: {"slow": {"/token": 3}},
    "an ID token of 100 KB": lambda h: {"header": {"kid": "k" * 75_000}},
    "token endpoint answers without end": lambda h: {"raw": {"/token": (200, {}, b" " * 200_000)}},
}


@pytest.mark.parametrize("trouble", TROUBLE.values(), ids=TROUBLE)
def test_trouble_there_is_said_here(client, visitor, hostile, trouble):
    hostile.behave.update(trouble(hostile))
    begun = time.monotonic()
    page = refused(client, visitor, hostile)
    assert page.status == 503 and page.headers["Retry-After"] and time.monotonic() - begun < 2.9


@pytest.mark.parametrize("answer", [b"", b"{", b"[]", b'{"id_token": 1}', b"\xff\xfe", b'{"a": 1, "a": 2}'])
def test_nonsense_from_the_token_endpoint(client, visitor, hostile, answer):
    hostile.behave["raw"] = {"/token": (200, {}, answer)}
    assert refused(client, visitor, hostile).status == 403


def test_a_code_that_it_does_not_take(client, visitor, hostile):
    hostile.behave["raw"] = {"/token": (400, {}, {"error": "invalid_grant"})}
    assert last_event(refused(client, visitor, hostile)) == "login.upstream.distrusted"


def test_a_flood_of_unknown_keys_is_not_passed_on(client, visitor, hostile, stack, person):
    claims_of(client, *through(client, visitor))
    time.sleep(3.1)
    hostile.requests.clear()
    for i in range(6):
        hostile.behave = {"key": new_key("ES256", kid=f"x{i}")}
        refused(client, fresh(stack, person), hostile)
    assert len(hostile.asked("/jwks")) <= 2


@pytest.mark.parametrize("trouble", [{"raw": {"/jwks": elsewhere("http://localhost:1/jwks")}}, {"raw": {"/jwks": (200, {}, {"keys": []})}}, {"slow": {"/jwks": 3}},
                                     {"raw": {"/jwks": (200, {}, b"{" * 70000)}}], ids=["redirecting", "empty", "slow", "huge"])
def test_keys_that_cannot_be_had(client, visitor, hostile, trouble, configured):
    """With keys known already nothing is lost; that they are fetched at all is seen with a provider met anew."""
    hostile.behave.update(trouble)
    hostile.behave["key"] = new_key("ES256", kid="unknown")
    time.sleep(3.1)
    assert refused(client, visitor, hostile).status in (403, 503)
    hostile.behave = {}
    claims_of(client, *through(client, fresh(client.stack, visitor.person)))


# ---------------------------------------------------------------- configuration

def check(tmp_path, **files):
    """antin-idpd -t with these provider files: (exit status, what it says)."""
    place = layout()
    folder = place.state / "tmp-upstream"
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)
    for name, sections in files.items():
        place.write(folder / f"{name}.conf", sections if isinstance(sections, str) else ini(sections))
    conf = (place.state / "etc/idpd.conf").read_text(encoding="utf-8").replace(str(place.state / "etc/upstream"), str(folder))
    place.write(place.state / "etc/idpd-try.conf", conf)
    built = place.state / "stage/bin" if place.is_root else place.build / "bin"
    who = {"user": place.uid("idpd"), "group": place.gid("idpd"), "extra_groups": []} if place.is_root else {}
    try:
        done = subprocess.run([built / "antin-idpd", "-c", place.state / "etc/idpd-try.conf", "-t"], capture_output=True, text=True, cwd="/", timeout=20, check=False, **who)
        return done.returncode, done.stderr
    finally:
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()
        (place.state / "etc/idpd-try.conf").unlink()


def test_a_good_file_is_good(hostile, tmp_path):
    assert check(tmp_path, thu=hostile.conf())[0] == 0


def test_the_shipped_example_is_good(hostile, tmp_path):
    text = (antin.ROOT / "idp/upstream.conf.example").read_text(encoding="utf-8").replace("/etc/antin/quocgia.secret", str(hostile.conf()["client"]["client_secret"]))
    status, said = check(tmp_path, quocgia=text)
    assert status == 0, said


MISTAKES = {
    "plain http": ({"provider": {"issuer": "http://id.example.vn"}}, "https"),
    "user info in an address": ({"provider": {"issuer": "https://a@id.example.vn"}}, "https"),
    "an origin with a path": ({"provider": {"origins": "https://id.example.vn/x"}}, "https"),
    "half the endpoints": ({"endpoints": {"token": ""}}, "[endpoints]"),
    "UserInfo from nowhere": ({"endpoints": {"userinfo": ""}, "answer": {"userinfo": "yes"}}, "userinfo"),
    "a secret and a key": ({"client": {"auth": "private_key_jwt"}}, "[client] auth"),
    "an unknown method": ({"client": {"auth": "none"}}, "[client] auth"),
    "alg none": ({"answer": {"alg": "none"}}, "[answer] alg"),
    "alg HS256": ({"answer": {"alg": "HS256"}}, "[answer] alg"),
    "no openid": ({"request": {"scope": "profile"}}, "openid"),
    "no level": ({"claims": {"level_1": "", "level_2": ""}}, "level"),
    "half a date": ({"claims": {"birth_format": "MM/DD"}}, "birth_format"),
    "an unknown key": ({"claims": {"email": "email"}}, "unknown key"),
    "no number": ({"claims": {"number": ""}}, "number"),
}


@pytest.mark.parametrize("change, words", MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_in_a_file_is_named(hostile, tmp_path, change, words):
    status, said = check(tmp_path, thu=hostile.conf(**change), tot=hostile.conf())
    assert status == 1 and "thu.conf" in said and words in said and "tot.conf" not in said


def test_a_file_s_name_is_a_plain_word(hostile, tmp_path):
    status, said = check(tmp_path, **{"Thu Nghiem": hostile.conf()})
    assert status == 1 and "the name must be" in said


def test_login_page_without_providers_has_no_such_links(stack, client, person, hostile):
    with providers():
        page, _ = client.open(fresh(stack, person))
        assert not [u for u in page.links() if "/login/with/" in u]
