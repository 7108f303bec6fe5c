"""
What a citizen's browser, a portal, a counter and a court do, over HTTP and nothing else.
Used by tests/flow, tests/browser and tests/demo; needs Debian's python3-requests, python3-jwcrypto, python3-lxml.
It follows the specifications (RFC 6749, 7636, 9068, OpenID Connect Core) and not our code: forms are found by what they ask.
"""
import base64
import hashlib
import json
import os
import pathlib
import random
import secrets
import shlex
import time
import uuid
from dataclasses import dataclass, field
from urllib.parse import parse_qs, quote, urldefrag, urlencode, urljoin, urlsplit

import lxml.html
import requests
from jwcrypto import jwk, jwt

ROOT = pathlib.Path(__file__).resolve().parents[2]
TIMEOUT = 30  # seconds; no single answer takes longer


# ---------------------------------------------------------------- the stack

def run_dir():
    return pathlib.Path(os.environ.get("ANTIN_RUN") or ROOT / "run")


class Stack:
    """The shell assignments of run/stack.env as attributes: stack.idp_url is IDP_URL."""

    def __init__(self, path=None):
        self.path = pathlib.Path(path or run_dir() / "stack.env")
        self.env = {}
        for word in shlex.split(self.path.read_text(encoding="utf-8"), comments=True):
            name, eq, value = word.partition("=")
            if eq:
                self.env[name] = value

    def __getattr__(self, name):
        try:
            return self.env[name.upper()]
        except KeyError:
            raise AttributeError(f"{self.path} has no {name.upper()}") from None

    def get(self, name, default=None):
        return self.env.get(name.upper(), default)


class ApiError(Exception):
    """An answer that is no success; .status, .code (OAuth error or tail of the problem type), .body."""

    def __init__(self, response):
        self.response, self.status = response, response.status_code
        try:
            self.body = response.json()
        except ValueError:
            self.body = {}
        self.code = self.body.get("code") or self.body.get("error") or str(self.body.get("type", "")).rsplit("/", 1)[-1].rsplit(":", 1)[-1]
        super().__init__(f"{response.request.method} {urlsplit(response.url).path}: {self.status} {response.text[:500]}")


def checked(response, *statuses):
    if response.status_code not in (statuses or (200, 201, 202, 204)):
        raise ApiError(response)
    return response


# ---------------------------------------------------------------- a browser of sorts

NO = {"deny", "no", "cancel", "refuse", "reject", "decline", "logout", "0", "false"}


class Form:
    """A <form> as a person sees it: asks() tells what it wants, submit() fills it and presses a button."""

    def __init__(self, page, element):
        self.page, self.element = page, element
        self.method = (element.get("method") or "get").lower()
        self.action = urldefrag(urljoin(page.url, element.get("action") or page.url))[0]

    def inputs(self):
        return [i for i in self.element.inputs if i.name and getattr(i, "type", "text") not in ("hidden", "submit", "button", "image", "reset")]

    def asks(self):
        """What the visible fields want, as a set of: number, password, new_password, code, pin, or the field's name."""
        return {kind_of(i) for i in self.inputs()}

    def buttons(self):
        """(name, value, label) of each submit button, in the page's order."""
        found = []
        for b in self.element.xpath(".//button | .//input[@type='submit']"):
            if b.get("type", "submit") == "submit":
                found.append((b.get("name"), b.get("value", ""), (b.text_content() or b.get("value") or "").strip()))
        return found

    def submit(self, answers=None, button=None, raw=None):
        """answers: by kind (see asks) or name. button: the value to press; the first that doesn't refuse otherwise. raw: fields set last (None removes)."""
        fields = dict(self.element.form_values())
        for i in self.inputs():
            for key in (i.name, kind_of(i)):
                if answers and key in answers:
                    fields[i.name] = answers[key]
                    break
        for name, value, _ in self.buttons():
            if value == button if button is not None else value.lower() not in NO:
                if name:
                    fields[name] = value
                break
        for name, value in (raw or {}).items():
            fields.pop(name, None)
            if value is not None:
                fields[name] = value
        origin = "{0.scheme}://{0.netloc}".format(urlsplit(self.page.url))
        return self.page.browser.open(self.action, self.method, fields, headers={"Origin": origin, "Referer": self.page.url})


def kind_of(i):
    name, auto, kind = (i.name or "").lower(), i.get("autocomplete", ""), getattr(i, "type", "text")
    if "pin" in name.split("_") or name.startswith("pin"):
        return "pin" if "old" not in name else "old_pin"
    if auto == "new-password" or name in ("new_password", "password2", "password_again"):
        return "new_password"
    if kind == "password":
        return "password"
    if auto == "one-time-code" or "code" in name:
        return "code"
    if auto == "username" or name in ("number", "login", "username"):
        return "number"
    return i.name


class Page:
    """What came back: a document, or the redirect that left for an address where the browser was told to stop."""

    def __init__(self, browser, response, stopped_at=None):
        self.browser, self.response, self.stopped_at = browser, response, stopped_at
        self.url = stopped_at or response.url
        self.status, self.headers = response.status_code, response.headers
        self.is_html = response.headers.get("Content-Type", "").startswith("text/html")
        self.doc = lxml.html.document_fromstring(self.text, base_url=response.url) if self.is_html and response.content else None

    @property
    def text(self):
        return self.response.content.decode("utf-8", "replace")

    def params(self):
        """Query parameters of the address, each a single string."""
        return {k: v[0] for k, v in parse_qs(urlsplit(self.url).query, keep_blank_values=True).items()}

    def forms(self):
        return [Form(self, f) for f in self.doc.forms] if self.doc is not None else []

    def form(self, *kinds, action=None):
        """The first form that asks for all these kinds (and whose action ends so); AssertionError with the page's words when there is none."""
        for f in self.forms():
            if set(kinds) <= f.asks() and (action is None or urlsplit(f.action).path.endswith(action)):
                return f
        raise AssertionError(f"no form asking for {kinds or action} at {self.url} ({self.status}): {self.words()[:400]}")

    def has_form(self, *kinds):
        return any(set(kinds) <= f.asks() for f in self.forms())

    def words(self):
        if self.doc is None:
            return self.text
        for e in self.doc.xpath("//script | //style | //head"):
            e.drop_tree()
        return " ".join(self.doc.text_content().split())

    def links(self):
        return [urljoin(self.url, a.get("href")) for a in self.doc.xpath("//a[@href]")] if self.doc is not None else []


class Browser:
    """Keeps cookies, follows redirects one by one, stops before an address that starts with one of `stop`."""

    def __init__(self, lang="vi"):
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Accept-Language"] = lang
        self.session.headers["Accept"] = "text/html,*/*;q=0.8"
        self.stop = []
        self.trail = []  # (status, url) of every answer, for tests that look at the way

    def open(self, url, method="get", fields=None, headers=None):
        if method == "get" and fields:
            url += ("&" if "?" in url else "?") + urlencode(fields)
            fields = None
        for _ in range(20):
            response = self.session.request(method, url, data=fields, headers=headers, allow_redirects=False, timeout=TIMEOUT)
            self.trail.append((response.status_code, response.url))
            if response.status_code not in (301, 302, 303, 307, 308):
                return Page(self, response)
            target = urljoin(response.url, response.headers["Location"])
            if any(target.startswith(s) for s in self.stop):
                return Page(self, response, target)
            if response.status_code in (301, 302, 303):
                method, fields = "get", None
            url, headers = target, None
        raise AssertionError(f"redirected in circles: {self.trail[-6:]}")


# ---------------------------------------------------------------- people

FAMILY = ["Nguyễn", "Trần", "Lê", "Phạm", "Huỳnh", "Võ", "Đặng", "Bùi"]
MIDDLE = {"male": ["Văn", "Minh", "Quốc", "Hữu"], "female": ["Thị", "Ngọc", "Thu", "Mỹ"]}
GIVEN = {"male": ["An", "Bình", "Dũng", "Khoa", "Phúc"], "female": ["Châu", "Hạnh", "Lan", "Mai", "Yến"]}


@dataclass
class Person:
    """A fictional citizen and what only that citizen knows."""
    number: str
    name: str
    birth_date: str
    sex: str
    password: str = ""
    pin: str = ""
    activation_code: str = ""
    id: str = ""
    subject: str = ""
    more: dict = field(default_factory=dict)


def new_person(sex=None):
    """A valid-shaped number: province 079, century and sex, year, six more digits."""
    sex = sex or random.choice(("male", "female"))
    year = random.randint(1950, 2005)
    century = (0 if year < 2000 else 2) + (sex == "female")
    number = f"079{century}{year % 100:02d}{secrets.randbelow(10**6):06d}"
    name = " ".join((random.choice(FAMILY), random.choice(MIDDLE[sex]), random.choice(GIVEN[sex])))
    birth = f"{year}-{random.randint(1, 12):02d}-{random.randint(1, 28):02d}"
    return Person(number, name, birth, sex, password=new_password(), pin=new_pin())


def new_password():
    return "mat-khau-" + secrets.token_hex(8)


def new_pin():
    while True:  # not all alike, not a run
        pin = f"{secrets.randbelow(10**6):06d}"
        if len(set(pin)) > 3:
            return pin


class Citizen:
    """A person in front of a browser."""

    def __init__(self, stack, person, lang="vi"):
        self.stack, self.person, self.browser = stack, person, Browser(lang)

    def activate(self):
        """The first visit: number, activation code, a new password twice."""
        p = self.person
        page = self.browser.open(self.stack.idp_url + "/activate")
        page = page.form("number", "code", "new_password").submit({"number": p.number, "code": p.activation_code, "new_password": p.password})
        assert page.status < 400, f"activation refused ({page.status}): {page.words()[:300]}"
        return page

    def answer(self, page, consent=True):
        """Signs in and consents for as long as pages of the identity provider ask for it; returns the page after."""
        asked = 0
        for _ in range(6):
            if page.stopped_at or page.status >= 400 or not page.url.startswith(self.stack.idp_url):
                return page
            if page.has_form("number", "password") or page.has_form("password"):
                asked += 1
                if asked > 1:  # the password was refused: the test looks at the page
                    return page
                page = page.form("password").submit({"number": self.person.number, "password": self.person.password})
            elif any(f.action.endswith("/consent") for f in page.forms()):
                form = page.form(action="/consent")
                page = form.submit() if consent else form.submit(button=next(v for _, v, _ in form.buttons() if v.lower() in NO))
            else:
                return page
        return page

    def visit(self, url, consent=True):
        return self.answer(self.browser.open(url), consent)

    def choose_pin(self):
        """The first visit to the signer: a PIN twice; a key and a certificate come of it."""
        page = self.visit(self.stack.signer_url + "/credential")
        page = page.form("pin").submit({"pin": self.person.pin})
        assert page.status < 400, f"PIN refused ({page.status}): {page.words()[:300]}"
        return page

    def review(self, sign_url):
        return self.visit(sign_url)

    def sign(self, sign_url, pin=None):
        """Reviews and signs; returns the page that says so (or why not)."""
        return self.review(sign_url).form("pin").submit({"pin": pin or self.person.pin})


# ---------------------------------------------------------------- a client of the identity provider

def b64url(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class Portal:
    """A relying party: authorization code with PKCE S256, ID token checked by jwcrypto against the published keys."""

    def __init__(self, stack, client_id=None, client_secret=None, redirect_uri=None, scope="openid profile dossier"):
        self.stack, self.scope = stack, scope
        self.client_id = client_id or stack.portal_client_id
        self.client_secret = stack.portal_client_secret if client_id is None else client_secret
        self.redirect_uri = redirect_uri or stack.portal_redirect_uri
        self.http = requests.Session()
        self.http.trust_env = False
        self.meta = checked(self.http.get(stack.idp_url + "/.well-known/openid-configuration", timeout=TIMEOUT)).json()
        assert self.meta["issuer"] == stack.idp_url, "OpenID Connect Discovery §4.3: issuer is where it was found"

    def request(self, **override):
        """A new authorization request: (url, secrets to keep). override changes parameters; None leaves one out."""
        keep = {"state": secrets.token_urlsafe(16), "nonce": secrets.token_urlsafe(16), "verifier": secrets.token_urlsafe(48)}
        params = {"response_type": "code", "client_id": self.client_id, "redirect_uri": self.redirect_uri, "scope": self.scope,
                  "state": keep["state"], "nonce": keep["nonce"], "code_challenge_method": "S256",
                  "code_challenge": b64url(hashlib.sha256(keep["verifier"].encode()).digest())}
        params.update(override)
        return self.meta["authorization_endpoint"] + "?" + urlencode({k: v for k, v in params.items() if v is not None}), keep

    def authorize(self, citizen, consent=True, **override):
        """Sends the citizen's browser to the provider; returns (parameters that came to the redirect URI, secrets kept)."""
        url, keep = self.request(**override)
        citizen.browser.stop = [self.redirect_uri]
        page = citizen.visit(url, consent)
        assert page.stopped_at, f"did not come back to the portal: {page.status} at {page.url}: {page.words()[:300]}"
        return page.params(), keep

    def token_request(self, auth="basic", **params):
        """A raw token request, so that tests can send wrong ones too."""
        headers, data = {}, {k: v for k, v in params.items() if v is not None}
        if auth == "basic" and self.client_secret:
            pair = f"{quote(self.client_id, safe='')}:{quote(self.client_secret, safe='')}"  # RFC 6749 §2.3.1
            headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        else:
            data["client_id"] = self.client_id
            if auth == "post" and self.client_secret:
                data["client_secret"] = self.client_secret
        return self.http.post(self.meta["token_endpoint"], data=data, headers=headers, timeout=TIMEOUT)

    def redeem(self, code, keep, auth="basic"):
        return checked(self.token_request(auth, grant_type="authorization_code", code=code, redirect_uri=self.redirect_uri,
                                          code_verifier=keep["verifier"]), 200).json()

    def keys(self):
        return jwk.JWKSet.from_json(checked(self.http.get(self.meta["jwks_uri"], timeout=TIMEOUT)).text)

    def check_id_token(self, tokens, keep):
        """OpenID Connect Core §3.1.3.7; returns the claims."""
        claims = json.loads(jwt.JWT(jwt=tokens["id_token"], key=self.keys(), algs=self.meta["id_token_signing_alg_values_supported"],
                                    check_claims={"iss": self.meta["issuer"], "exp": None, "iat": None, "sub": None, "nonce": keep["nonce"]}).claims)
        aud = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
        assert aud == [self.client_id], f"audience {aud}"
        assert claims["iat"] <= time.time() + 5 and claims["exp"] > time.time()
        if "at_hash" in claims:
            alg = json.loads(base64.urlsafe_b64decode(tokens["id_token"].split(".")[0] + "=="))["alg"]
            digest = {"EdDSA": hashlib.sha512, "ES384": hashlib.sha384}.get(alg, hashlib.sha256)(tokens["access_token"].encode()).digest()
            assert claims["at_hash"] == b64url(digest[:len(digest) // 2])
        return claims

    def login(self, citizen, **override):
        """The whole way; returns the token answer with the checked ID token's claims under "claims"."""
        params, keep = self.authorize(citizen, **override)
        assert params.get("state") == keep["state"] and "code" in params, f"came back with {params}"
        assert params.get("iss", self.meta["issuer"]) == self.meta["issuer"]  # RFC 9207
        tokens = self.redeem(params["code"], keep)
        tokens["claims"] = self.check_id_token(tokens, keep)
        return tokens

    def userinfo(self, access_token):
        return checked(self.http.get(self.meta["userinfo_endpoint"], headers={"Authorization": "Bearer " + access_token}, timeout=TIMEOUT)).json()


def service_token(stack, scope="dossier.read", client_id=None, client_secret=None):
    """client_credentials for a court or an agency; returns the access token."""
    service = Portal(stack, client_id or stack.service_client_id, client_secret or stack.service_client_secret, "unused:")
    return checked(service.token_request(grant_type="client_credentials", scope=scope), 200).json()["access_token"]


# ---------------------------------------------------------------- the counter

class Officer:
    """The registrar at the counter: signs in through the counter application, enrols citizens, revokes credentials."""

    def __init__(self, stack):
        self.stack = stack
        who = Person(stack.officer_login, "", "", "", password=stack.officer_password)
        self.browser_of = Citizen(stack, who)
        self.quay = Portal(stack, stack.get("QUAY_CLIENT_ID", "quay"), stack.get("QUAY_CLIENT_SECRET"), stack.quay_redirect_uri, "openid registrar")
        self._token, self._until = None, 0

    def token(self):
        if time.time() > self._until:
            tokens = self.quay.login(self.browser_of)
            self._token, self._until = tokens["access_token"], time.time() + tokens["expires_in"] - 60
        return self._token

    def call(self, method, url, body=None, key=None):
        headers = {"Authorization": "Bearer " + self.token()}
        if method != "GET":
            headers["Idempotency-Key"] = key or str(uuid.uuid4())
        return self.quay.http.request(method, url, json=body, headers=headers, timeout=TIMEOUT)

    def enrol(self, person, level=2, **more):
        """POST /v1/citizens; the person learns the activation code. ApiError 409 when the number is known."""
        body = {"number": person.number, "name": person.name, "birth_date": person.birth_date, "sex": person.sex, "level": level, **person.more, **more}
        if level == 2:
            body.setdefault("evidence", "chip card seen at the counter")
        answer = checked(self.call("POST", self.stack.idp_url + "/v1/citizens", body), 200, 201).json()
        person.id, person.activation_code = answer["id"], answer["activation_code"]
        person.subject = answer.get("signer_subject", "")
        return answer

    def credentials(self, subject):
        answer = checked(self.call("GET", self.stack.signer_url + "/v1/credentials?" + urlencode({"subject": subject}))).json()
        return answer.get("credentials", answer.get("items")) if isinstance(answer, dict) else answer

    def revoke(self, credential_id, reason="key_compromise", invalid_since=None):
        body = {"reason": reason} | ({"invalid_since": invalid_since} if invalid_since else {})
        return checked(self.call("POST", f"{self.stack.signer_url}/v1/credentials/{credential_id}/revoke", body))

    def unlock(self, credential_id):
        return checked(self.call("POST", f"{self.stack.signer_url}/v1/credentials/{credential_id}/unlock", {}))


def ready_citizen(stack, officer, lang="vi", level=2):
    """A new fictional person, enrolled, activated and (level 2) with a signing key."""
    citizen = Citizen(stack, new_person(), lang)
    officer.enrol(citizen.person, level)
    citizen.activate()
    if level == 2:
        citizen.choose_pin()
    return citizen


# ---------------------------------------------------------------- dossiers

class Dossiers:
    """The dossier API with one bearer token. call() is raw; the others raise ApiError."""

    def __init__(self, stack, access_token):
        self.base, self.token = stack.signer_url + "/v1/dossiers", access_token
        self.http = requests.Session()
        self.http.trust_env = False

    def call(self, method, path="", key="new", headers=None, **kw):
        """key: "new" makes an Idempotency-Key for a POST; None sends none."""
        h = {"Authorization": "Bearer " + self.token, **(headers or {})}
        if method == "POST" and key:
            h["Idempotency-Key"] = str(uuid.uuid4()) if key == "new" else key
        return self.http.request(method, self.base + path, headers=h, timeout=TIMEOUT, **kw)

    def create(self, code=None, procedure="1.000494.000.00.00.H29", agency="UBND Phường Bến Thành", key="new", **more):
        code = code or f"38.98.H29-{time.strftime('%y%m%d')}-{secrets.token_hex(4)}"
        return checked(self.call("POST", key=key, json={"code": code, "procedure": procedure, "agency": agency, **more})).json()

    def put(self, dossier, name, data, media_type="application/octet-stream", digest=True, **wish):
        """wish: format and level of its signature."""
        headers = {"Content-Type": media_type}
        if digest:  # RFC 9530
            headers["Content-Digest"] = "sha-256=:" + base64.b64encode(hashlib.sha256(data).digest()).decode() + ":"
        return checked(self.call("PUT", f"/{dossier}/components/{quote(name, safe='')}", data=data, headers=headers, params=wish)).json()

    def delete(self, dossier, name):
        return checked(self.call("DELETE", f"/{dossier}/components/{quote(name, safe='')}"))

    def submit(self, dossier, key="new"):
        return checked(self.call("POST", f"/{dossier}/submit", key=key)).json()

    def get(self, dossier):
        return checked(self.call("GET", f"/{dossier}")).json()

    def component(self, dossier, name, what=""):
        """what: "" as uploaded, "signed" the signed PDF, "signature" the .p7s."""
        return checked(self.call("GET", f"/{dossier}/components/{quote(name, safe='')}" + (f"/{what}" if what else ""))).content

    def container(self, dossier):
        return checked(self.call("GET", f"/{dossier}/container")).content

    def manifest(self, dossier):
        return checked(self.call("GET", f"/{dossier}/manifest")).content

    def manifest_signature(self, dossier):
        return checked(self.call("GET", f"/{dossier}/manifest/signature")).content
