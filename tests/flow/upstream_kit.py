"""
Upstream providers for tests: one of ours that misbehaves on demand, and the files that tell idpd of a provider.
Used by test_idp_upstream*.py. OpenID Connect Core, Discovery; RFC 9700 for what goes wrong.
"""
import base64
import contextlib
import hashlib
import http.server
import json
import os
import secrets
import shutil
import subprocess
import threading
import time
from urllib.parse import parse_qs, urlencode, urlsplit

import antin_client as antin
from client_kit import new_key, public, signed, unsigned
from idp_kit import STACK_DIR, layout

HOSTILE_OFFSET, SECOND_OFFSET = 93, 97


def service(verb, name):
    done = subprocess.run([STACK_DIR / "service", verb, name], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def base():
    return layout().base


def ini(sections):
    return "".join(f"[{name}]\n" + "".join(f"{k} = {v}\n" for k, v in keys.items()) for name, keys in sections.items())


@contextlib.contextmanager
def providers(**files):
    """idpd with these files (name: sections) in its folder of upstream providers; without them again afterwards."""
    place = layout()
    folder = place.state / "etc/upstream"
    try:
        for path in folder.iterdir():
            path.unlink()
        for name, sections in files.items():
            place.write(folder / f"{name.replace('_', '-')}.conf", ini(sections))
        service("restart", "idpd")
        yield
    finally:
        for path in folder.iterdir():
            path.unlink()
        service("restart", "idpd")


def secret_file(text):
    """A file that idpd alone can read."""
    place = layout()
    place.write("secrets/upstream-client", text + "\n", "idpd", 0o600)
    return place.state / "secrets/upstream-client"


class Hostile:
    """A provider with Vietnamese claims, honest until told otherwise: set `behave` members, reset() forgets them."""

    def __init__(self, port):
        self.port, self.issuer = port, f"http://localhost:{port}"
        self.secret = secrets.token_urlsafe(24)
        self.key, self.rsa = new_key("ES256", kid="k1"), new_key("RS256", kid="r1")
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), self.handler())
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()
        self.reset()

    def reset(self):
        self.keys = [self.key, self.rsa]
        self.person = {"SoDinhDanh": "", "mucDo": 2}
        self.behave = {}
        self.codes, self.requests = {}, []

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def conf(self, **more):
        sections = {
            "provider": {"issuer": self.issuer, "label_vi": "Cổng thử", "label_en": "Trial gateway", "timeout_ms": 1500},
            "endpoints": {"authorization": self.issuer + "/authorize", "token": self.issuer + "/token", "jwks": self.issuer + "/jwks",
                          "userinfo": self.issuer + "/userinfo"},
            "client": {"client_id": "antin-o-day", "client_secret": secret_file(self.secret)},
            "request": {"scope": "openid", "acr_values": "LoA1", "acr_values_2": "LoA2"},
            "claims": {"number": "SoDinhDanh", "birth_date": "ngaySinh", "birth_format": "DD/MM/YYYY", "level": "mucDo", "level_1": "1", "level_2": "2"},
        }
        for name, keys in more.items():
            sections.setdefault(name, {}).update(keys)
        return sections

    # --- what it answers ---

    def id_token(self, nonce):
        b, now = self.behave, int(time.time())
        claims = {"iss": self.issuer, "aud": "antin-o-day", "sub": "nguoi-1", "iat": now, "exp": now + 300, "nonce": nonce, **self.person}
        claims = {k: v for k, v in {**claims, **b.get("claims", {})}.items() if v is not None}
        if b.get("unsigned"):
            return unsigned(claims, {"kid": "k1"})
        key = b.get("key", self.key)
        return signed(key, claims, {"kid": "k1" if not key.has_public else public(key)["kid"], "typ": "JWT", **b.get("header", {})}, alg=b.get("alg"))

    def authorize(self, q):
        code = secrets.token_urlsafe(16)
        self.codes[code] = q
        if "error" in self.behave:
            back = {"error": self.behave["error"], "state": q["state"]}
        else:
            back = {"code": code, "state": q["state"], "iss": self.issuer}
        back = {k: v for k, v in {**back, **self.behave.get("back", {})}.items() if v is not None}
        return 302, {"Location": q["redirect_uri"] + "?" + urlencode(back)}, b""

    def token(self, form, headers):
        pair = base64.b64encode(f"antin-o-day:{self.secret}".encode()).decode()
        q = self.codes.pop(form.get("code"), None)
        proof = antin.b64url(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if headers.get("Authorization") != "Basic " + pair:
            return 401, {}, {"error": "invalid_client"}
        if not q or proof != q["code_challenge"] or q["code_challenge_method"] != "S256" or form["redirect_uri"] != q["redirect_uri"]:
            return 400, {}, {"error": "invalid_grant"}
        answer = {"access_token": "mot-the", "token_type": "Bearer", "expires_in": 60, "id_token": self.id_token(q["nonce"])}
        return 200, {}, {k: v for k, v in {**answer, **self.behave.get("token", {})}.items() if v is not None}

    def userinfo(self, headers):
        if headers.get("Authorization") != "Bearer mot-the":
            return 401, {}, {}
        return 200, {}, {"sub": "nguoi-1", **self.behave.get("userinfo", {})}

    def answer(self, method, path, q, form, headers):
        if path in self.behave.get("slow", {}):
            time.sleep(self.behave["slow"][path])
        if path in self.behave.get("raw", {}):
            return self.behave["raw"][path]
        if path == "/authorize":
            return self.authorize(q)
        if path == "/token":
            return self.token(form, headers)
        if path == "/userinfo":
            return self.userinfo(headers)
        if path == "/jwks":
            return 200, {}, {"keys": [public(k) for k in self.keys]}
        if path == "/.well-known/openid-configuration":
            return 200, {}, {"issuer": self.issuer, "authorization_endpoint": self.issuer + "/authorize", "token_endpoint": self.issuer + "/token",
                             "jwks_uri": self.issuer + "/jwks", "userinfo_endpoint": self.issuer + "/userinfo",
                             "authorization_response_iss_parameter_supported": True, **self.behave.get("discovery", {})}
        return 404, {}, {}

    def asked(self, path):
        return [q for p, q in self.requests if p == path]

    def handler(self):
        provider = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def reply(self):
                url = urlsplit(self.path)
                flat = lambda text: {k: v[0] for k, v in parse_qs(text, keep_blank_values=True).items()}
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                q, form = flat(url.query), flat(body)
                provider.requests.append((url.path, q or form))
                status, headers, content = provider.answer(self.command, url.path, q, form, self.headers)
                data = content if isinstance(content, bytes) else json.dumps(content).encode()
                with contextlib.suppress(OSError):  # who asked may have lost patience
                    self.send_response(status)
                    for k, v in {"Content-Type": "application/json", "Content-Length": str(len(data)), **headers}.items():
                        self.send_header(k, v)
                    self.end_headers()
                    self.wfile.write(data)

            do_GET = do_POST = reply

            def log_message(self, *_):
                pass
        return Handler


@contextlib.contextmanager
def second_stack():
    """A whole second provider with its own database and keys, under another name than ours: browsers keep one cookie jar for all ports of a host."""
    place = layout()
    run = str(place.run) + "-upstream"
    env = {**os.environ, "ANTIN_RUN": run, "ANTIN_PORT_BASE": str(place.base + SECOND_OFFSET), "ANTIN_HOST": "127.0.0.1"}
    throw_away(run, env)  # what a run that was killed left
    done = subprocess.run([STACK_DIR / "up", "--without", "signerd", "--without", "keyd-signer"], env=env, capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stderr
    try:
        yield antin.Stack(os.path.join(run, "stack.env")), env
    finally:
        throw_away(run, env)


def throw_away(run, env):
    if os.path.exists(run):
        subprocess.run([STACK_DIR / "down"], env=env, capture_output=True, timeout=60, check=True)
        shutil.rmtree(os.path.realpath(run))
    if os.path.islink(run):
        os.unlink(run)


@contextlib.contextmanager
def inside(env):
    """What idp_kit's helpers reach is that other stack for a while."""
    before = {k: os.environ.get(k) for k in ("ANTIN_RUN", "ANTIN_PORT_BASE", "ANTIN_HOST")}
    os.environ.update({k: env[k] for k in before})
    try:
        yield
    finally:
        for k, v in before.items():
            os.environ.pop(k, None)
            if v is not None:
                os.environ[k] = v
