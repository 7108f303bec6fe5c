#!/usr/bin/python3
"""
The smallest portal: signs a citizen in, makes a dossier of one file and sends the citizen to sign it.
Debian: python3-requests python3-jwcrypto. Settings come from the environment:
IDP_URL, SIGNER_URL, PORTAL_CLIENT_ID, PORTAL_CLIENT_SECRET, PORTAL_REDIRECT_URI (its host and port are where this listens).
"""
import base64
import hashlib
import html
import http.cookies
import http.server
import json
import os
import secrets
import uuid
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import requests
from jwcrypto import jwk, jwt

IDP, SIGNER = os.environ["IDP_URL"], os.environ["SIGNER_URL"]
CLIENT, SECRET, REDIRECT = (os.environ["PORTAL_" + n] for n in ("CLIENT_ID", "CLIENT_SECRET", "REDIRECT_URI"))
META = requests.get(IDP + "/.well-known/openid-configuration", timeout=10).json()
pending, signed_in = {}, {}  # a real portal keeps these in its session store


def b64url(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def start_login():
    """State and nonce tie the answer to this browser and this request; the verifier proves that who redeems the code also asked for it."""
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    pending[state] = {"nonce": nonce, "verifier": verifier}
    return state, META["authorization_endpoint"] + "?" + urlencode({
        "response_type": "code", "client_id": CLIENT, "redirect_uri": REDIRECT, "scope": "openid profile dossier", "state": state, "nonce": nonce,
        "code_challenge": b64url(hashlib.sha256(verifier.encode()).digest()), "code_challenge_method": "S256"})


def finish_login(code, asked):
    basic = base64.b64encode(f"{quote(CLIENT, safe='')}:{quote(SECRET, safe='')}".encode()).decode()
    tokens = requests.post(META["token_endpoint"], headers={"Authorization": "Basic " + basic}, timeout=10, data={
        "grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, "code_verifier": asked["verifier"]}).json()
    keys = jwk.JWKSet.from_json(requests.get(META["jwks_uri"], timeout=10).text)
    claims = json.loads(jwt.JWT(jwt=tokens["id_token"], key=keys, algs=META["id_token_signing_alg_values_supported"], check_claims={
        "iss": META["issuer"], "aud": CLIENT, "exp": None, "nonce": asked["nonce"]}).claims)
    person = requests.get(META["userinfo_endpoint"], headers={"Authorization": "Bearer " + tokens["access_token"]}, timeout=10).json()
    return {"sub": claims["sub"], "name": person.get("name", ""), "token": tokens["access_token"]}


def make_dossier(token, name, data, media_type):
    """Returns where the citizen signs."""
    call = {"headers": {"Authorization": "Bearer " + token}, "timeout": 30}
    once = lambda: {"headers": {**call["headers"], "Idempotency-Key": str(uuid.uuid4())}, "timeout": 30}  # noqa: E731
    made = requests.post(SIGNER + "/v1/dossiers", json={"code": "38.98.H29-" + secrets.token_hex(4), "procedure": "1.004873.000.00.00.H29",
                                                         "agency": "Ủy ban nhân dân Phường Bến Thành"}, **once()).json()
    digest = base64.b64encode(hashlib.sha256(data).digest()).decode()
    requests.put(f"{SIGNER}/v1/dossiers/{made['id']}/components/{quote(name, safe='')}", data=data, timeout=30, headers={
        **call["headers"], "Content-Type": media_type, "Content-Digest": f"sha-256=:{digest}:"}).raise_for_status()
    return requests.post(f"{SIGNER}/v1/dossiers/{made['id']}/submit", **once()).json()["sign_url"]


class Portal(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        url, cookie = urlsplit(self.path), http.cookies.SimpleCookie(self.headers.get("Cookie", ""))
        session = cookie["portal"].value if "portal" in cookie else ""
        if url.path == "/login":
            state, there = start_login()
            return self.answer(303, Location=there, Set_Cookie=f"portal={state}; HttpOnly; SameSite=Lax; Path=/")
        if url.path == urlsplit(REDIRECT).path:
            query = dict(parse_qsl(url.query))
            asked = pending.pop(session, None)
            if not asked or query.get("state") != session or query.get("iss") != META["issuer"] or "code" not in query:
                return self.answer(400, "Không đăng nhập được. <a href=/login>Thử lại</a>")
            new = secrets.token_urlsafe(32)
            signed_in[new] = finish_login(query["code"], asked)
            return self.answer(303, Location="/", Set_Cookie=f"portal={new}; HttpOnly; SameSite=Lax; Path=/")
        if session not in signed_in:
            return self.answer(200, "<a href=/login>Đăng nhập</a>")
        if url.path == "/sign":
            there = make_dossier(signed_in[session]["token"], "don.txt", "Tôi đề nghị cấp bản sao.\n".encode(), "text/plain")
            return self.answer(303, Location=there)
        return self.answer(200, f"Xin chào {html.escape(signed_in[session]['name'])}. <a href=/sign>Ký đơn</a>")

    def answer(self, status, body="", **headers):
        data = f"<!doctype html><html lang=vi><title>Cổng</title><p>{body}</p></html>".encode()
        self.send_response(status)
        for name, value in {"Content_Type": "text/html; charset=utf-8", "Content_Length": str(len(data)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    where = urlsplit(REDIRECT)
    print(f"open {where.scheme}://{where.netloc}/", flush=True)
    http.server.ThreadingHTTPServer((where.hostname, where.port or 80), Portal).serve_forever()
