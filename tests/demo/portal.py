"""
The portal's part of the demo: a small web application with a citizen's browser in front of it.
It listens where its redirect URI points, delegates login (authorization code, PKCE), makes a dossier in the citizen's name and uploads the components.
"""
import hashlib
import http.server
import json
import mimetypes
import secrets
import threading
from urllib.parse import parse_qsl, urlsplit

import antin_client as antin

PROCEDURE = "1.004873.000.00.00.H29"  # giấy xác nhận tình trạng hôn nhân
AGENCY = "Ủy ban nhân dân Phường Bến Thành"
TYPES = {".pdf": "application/pdf", ".xml": "application/xml", ".jpg": "image/jpeg", ".png": "image/png", ".json": "application/json",
         ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document"}


def media_type(path):
    return TYPES.get(path.suffix.lower()) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"


class Server(http.server.ThreadingHTTPServer):
    """/ starts a login; the redirect URI's path ends it. A session is a cookie that names a dict here."""
    daemon_threads = True

    def __init__(self, stack):
        self.client, self.sessions = antin.Portal(stack), {}
        where = urlsplit(stack.portal_redirect_uri)
        self.callback = where.path
        self.origin = f"{where.scheme}://{where.netloc}"
        super().__init__((where.hostname, where.port or 80), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def log_message(self, *_):
        pass

    def reply(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        path, query = urlsplit(self.path).path, dict(parse_qsl(urlsplit(self.path).query))
        if path == "/":
            url, keep = self.server.client.request()
            sid = secrets.token_urlsafe(16)
            self.server.sessions[sid] = keep
            self.reply(302, Location=url, Set_Cookie=f"portal={sid}; HttpOnly; SameSite=Lax; Path=/")
        elif path == self.server.callback:
            self.finish_login(query)
        else:
            self.reply(404)

    def finish_login(self, query):
        cookies = dict(p.strip().split("=", 1) for p in self.headers.get("Cookie", "").split(";") if "=" in p)
        session = self.server.sessions.get(cookies.get("portal"))
        if not session or query.get("state") != session.get("state") or query.get("iss") != self.server.client.meta["issuer"] or "code" not in query:
            return self.reply(400, b"not a login of ours: " + query.get("error", "").encode())
        try:
            session["tokens"] = self.server.client.redeem(query["code"], session)
            session["claims"] = self.server.client.check_id_token(session["tokens"], session)
            session["userinfo"] = self.server.client.userinfo(session["tokens"]["access_token"])
        except Exception as e:  # the demo shows it
            session["failure"] = repr(e)
        page = "<!doctype html><html lang=vi><title>Cổng</title><p>Đã đăng nhập.</p></html>"
        self.reply(200, page.encode(), Content_Type="text/html; charset=utf-8")


def login(server, citizen, proofs):
    """The citizen opens the portal and comes back signed in. Returns the portal's session."""
    proofs.step(2, "The portal delegates login")
    page = citizen.visit(server.origin + "/")
    session = server.sessions[citizen.browser.session.cookies.get("portal")]
    way = [f"{status} {urlsplit(url).path}" for status, url in citizen.browser.trail]
    proofs.line(" → ".join(way))
    if not proofs.claim("the citizen signs in on the real login page and comes back with a code", page.status == 200 and "tokens" in session,
                        session.get("failure") or f"{len(way)} answers"):
        raise SystemExit(f"login failed: {page.url} {page.status} {page.words()[:300]}")
    claims, info = session["claims"], session["userinfo"]
    proofs.claim("the ID token verifies with jwcrypto against the JWKS", claims["aud"] in (server.client.client_id, [server.client.client_id]),
                 f"iss, aud, exp, nonce checked; acr {claims.get('acr')}")
    proofs.claim("userinfo speaks of the same subject", info.get("sub") == claims["sub"], f"name: {info.get('name')}")
    proofs.claim("the subject is pairwise, not the personal number", citizen.person.number not in json.dumps(claims), f"sub {claims['sub'][:12]}…")
    again = server.client.token_request(grant_type="authorization_code", code="x" * 43, code_verifier="y" * 64, redirect_uri=server.client.redirect_uri)
    answer = again.json()
    proofs.claim("a made-up code is refused", again.status_code == 400 and answer.get("error") == "invalid_grant", f"{again.status_code} {answer['error']}")
    return session


def dossier(stack, session, files, proofs):
    """Creates and fills a dossier; returns (API, its state after submission, {name: bytes})."""
    proofs.step(3, "The portal makes a dossier in the citizen's name and uploads its components")
    api = antin.Dossiers(stack, session["tokens"]["access_token"])
    made = api.create(procedure=PROCEDURE, agency=AGENCY)
    sent, arrived = {}, []
    for path in files:
        name, data = unique(path.name, sent), path.read_bytes()
        try:
            answer = api.put(made["id"], name, data, media_type(path))
        except antin.ApiError as e:  # a person's own file that cannot be signed: its reason is the result
            raise SystemExit(f"demo: {path}: {e.body.get('title', e)} ({e.code})") from None
        right = (answer["sha256"], answer["sha512"], answer["size"]) == (hashlib.sha256(data).hexdigest(), hashlib.sha512(data).hexdigest(), len(data))
        arrived.append((name, right, f"{len(data):,} bytes, {answer['media_type']}, SHA-256 {answer['sha256'][:16]}…"))
        sent[name] = data
    proofs.each("each component arrives whole: size, SHA-256 and SHA-512 agree", arrived, f"{sum(map(len, sent.values())):,} bytes")
    broken = antin.ROOT / "tests/vectors/broken/encrypted.pdf"
    refused = api.call("PUT", f"/{made['id']}/components/encrypted.pdf", data=broken.read_bytes(), headers={"Content-Type": "application/pdf"})
    proofs.claim("an encrypted PDF is refused with its reason", refused.status_code == 422 and antin.ApiError(refused).code == "pdf_encrypted",
                 f"{refused.status_code} {antin.ApiError(refused).code}")
    answer = api.submit(made["id"])
    proofs.claim("the dossier waits for the citizen's signature", answer["state"] == "awaiting_signature", answer["sign_url"])
    return api, made | answer, sent


def unique(name, taken):
    stem, dot, suffix = name.rpartition(".")
    for n in range(2, 100):
        if name not in taken:
            return name
        name = f"{stem}-{n}{dot}{suffix}" if stem else f"{suffix}-{n}"
    return name


def small_dossier(stack, server, citizen, path):
    """A dossier of one component for another citizen, ready to sign; returns (API, answer, name)."""
    citizen.visit(server.origin + "/")
    session = server.sessions[citizen.browser.session.cookies.get("portal")]
    if "failure" in session:
        raise SystemExit("login failed: " + session["failure"])
    api = antin.Dossiers(stack, session["tokens"]["access_token"])
    made = api.create(procedure=PROCEDURE, agency=AGENCY)
    api.put(made["id"], path.name, path.read_bytes(), media_type(path))
    return api, made | api.submit(made["id"]), path.name
