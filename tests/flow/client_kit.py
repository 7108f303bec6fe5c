"""
Clients that prove themselves by keys: client assertions, DPoP proofs, pushed requests, request objects, TLS certificates as a front end forwards them.
Used by test_idp_client_auth.py, test_idp_par.py, test_idp_dpop.py, test_idp_request_object.py, test_idp_fapi.py.
"""
import base64
import datetime
import hashlib
import json
import os
import secrets
import tempfile
import time
import uuid
from urllib.parse import parse_qsl, urlencode, urlsplit

import antin_client as antin
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from idp_kit import Client, idpctl, layout
from jwcrypto import jwk, jws

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
REQUEST_URN = "urn:ietf:params:oauth:request_uri:"


def new_key(alg="ES256", **more):
    shape = {"ES256": {"kty": "EC", "crv": "P-256"}, "ES384": {"kty": "EC", "crv": "P-384"}, "EdDSA": {"kty": "OKP", "crv": "Ed25519"},
             "PS256": {"kty": "RSA", "size": 2048}, "RS256": {"kty": "RSA", "size": 2048}}[alg]
    return jwk.JWK.generate(**shape, alg=alg, use="sig", **more)


def public(key):
    return json.loads(key.export_public())


def jkt(key):
    return key.thumbprint()


def signed(key, claims, header=None, alg=None):
    """A compact JWS over claims; by hand, since a library would refuse to make the wrong ones."""
    alg = alg or (json.loads(key.export_public())["alg"] if key.has_public else "HS256")
    head = {k: v for k, v in {"alg": alg, **(header or {})}.items() if v is not None}
    first, second = antin.b64url(json.dumps(head).encode()), antin.b64url(claims if isinstance(claims, bytes) else json.dumps(claims).encode())
    operation = jws.JWSCore(alg, key, "{}", b"").engine
    return f"{first}.{second}." + antin.b64url(operation.sign(key, f"{first}.{second}".encode()))


def unsigned(claims, header=None):
    part = lambda j: antin.b64url(json.dumps(j).encode())
    return f"{part({'alg': 'none', **(header or {})})}.{part(claims)}."


def secured(client, *options, jwks=None, certificate=None):
    """antin-idpctl client secure; its files where every user of the stack can read them."""
    with tempfile.TemporaryDirectory(prefix="antin-client-") as folder:
        os.chmod(folder, 0o755)
        argv = ["client", "secure", client.client_id, *options]
        for option, text in (("--jwks", json.dumps(jwks) if jwks else None), ("--certificate", certificate)):
            if text:
                path = os.path.join(folder, option.strip("-"))
                with open(path, "w", encoding="utf-8") as f:
                    f.write(text)
                os.chmod(path, 0o644)
                argv += [option, path]
        return idpctl(*argv)


class Prover:
    """A DPoP key: proofs for requests, with the nonce that the server gave last."""

    def __init__(self, alg="ES256"):
        self.key, self.nonce = new_key(alg), None

    def claims(self, method, url, token=None, **override):
        claims = {"jti": str(uuid.uuid4()), "htm": method, "htu": url.split("?")[0], "iat": int(time.time())}
        if token:
            claims["ath"] = antin.b64url(hashlib.sha256(token.encode()).digest())
        if self.nonce:
            claims["nonce"] = self.nonce
        claims.update(override)
        return {k: v for k, v in claims.items() if v is not None}

    def jwk(self):
        return {k: v for k, v in public(self.key).items() if k not in ("use", "alg", "kid")}

    def proof(self, method, url, token=None, header=None, **override):
        return signed(self.key, self.claims(method, url, token, **override), {"typ": "dpop+jwt", "jwk": self.jwk(), **(header or {})})


class KeyClient(Client):
    """A client with a key of its own: private_key_jwt unless said otherwise."""

    def __init__(self, stack, *options, alg="ES256", method="private_key_jwt", scope="openid", **kw):
        super().__init__(stack, scope, **kw)
        self.key = new_key(alg, kid=secrets.token_hex(4))
        self.method = method
        argv = ["--auth", method] if method else []
        made = secured(self, *argv, *options, jwks={"keys": [public(self.key)]})
        self.shared = made.get("client_secret")

    def assertion(self, header=None, key=None, **override):
        now = int(time.time())
        claims = {"iss": self.client_id, "sub": self.client_id, "aud": self.meta["issuer"], "jti": str(uuid.uuid4()), "iat": now, "exp": now + 60}
        claims.update(override)
        claims = {k: v for k, v in claims.items() if v is not None}
        if self.shared and key is None:
            return signed(jwk.JWK(kty="oct", k=antin.b64url(self.shared.encode())), claims, header, alg="HS256")
        key = key or self.key
        return signed(key, claims, {"kid": public(self.key)["kid"], **(header or {})})

    def proven(self, assertion=None):
        return {"client_assertion_type": ASSERTION, "client_assertion": assertion or self.assertion(), "client_id": self.client_id}

    def post(self, endpoint, headers=None, proven=True, **fields):
        data = {k: v for k, v in fields.items() if v is not None}
        return self.http.post(endpoint, data={**(self.proven() if proven else {}), **data}, headers=headers or {}, timeout=antin.TIMEOUT)

    def token(self, headers=None, proven=True, **fields):
        return self.post(self.meta["token_endpoint"], headers, proven, **fields)

    def parameters(self, **override):
        """(parameters of an authorization request, secrets kept)."""
        url, keep = self.request(**override)
        return dict(parse_qsl(urlsplit(url).query, keep_blank_values=True)), keep

    def push(self, headers=None, **override):
        """(answer of the pushed authorization request endpoint, secrets kept)."""
        fields, keep = self.parameters(**override)
        fields.pop("client_id")
        return self.post(self.meta["pushed_authorization_request_endpoint"], headers, **fields), keep

    def go(self, citizen, **query):
        """Sends the browser to the authorization endpoint with exactly these parameters; the page where it arrives."""
        citizen.browser.stop = [self.redirect_uri]
        return citizen.visit(self.meta["authorization_endpoint"] + "?" + urlencode({"client_id": self.client_id, **query}))

    def pushed_code(self, citizen, headers=None, **override):
        """(code, secrets kept) by way of a pushed request."""
        answer, keep = self.push(headers, **override)
        assert answer.status_code == 201, answer.text
        page = self.go(citizen, request_uri=answer.json()["request_uri"])
        assert page.stopped_at, page.words()[:300]
        params = page.params()
        assert params["state"] == keep["state"] and "code" in params, params
        return params["code"], keep

    def redeem_code(self, code, keep, headers=None, **override):
        return self.token(headers, **{"grant_type": "authorization_code", "code": code, "redirect_uri": self.redirect_uri,
                                      "code_verifier": keep["verifier"], **override})

    def request_object(self, header=None, key=None, **override):
        """(signed request object, secrets kept)."""
        fields, keep = self.parameters()
        now = int(time.time())
        claims = {**fields, "iss": self.client_id, "aud": self.meta["issuer"], "iat": now, "nbf": now, "exp": now + 60, **override}
        claims = {k: v for k, v in claims.items() if v is not None}
        return signed(key or self.key, claims, {"typ": "oauth-authz-req+jwt", "kid": public(self.key)["kid"], **(header or {})}), keep


# ---------------------------------------------------------------- certificates, as the TLS front end forwards them

def front(cert, key=None):
    """Header fields that the front end sets: RFC 9440's form, and the secret that it shares with the daemon."""
    der = cert.public_bytes(serialization.Encoding.DER)
    secret = layout().secret_text("idp-tls-front") if key is None else key
    return {"Client-Cert": ":" + base64.b64encode(der).decode() + ":", "Client-Cert-Key": secret}


def thumbprint(cert):
    return antin.b64url(cert.fingerprint(hashes.SHA256()))


def pem(cert):
    return cert.public_bytes(serialization.Encoding.PEM).decode()


def new_cert(name="client.example", issued=True, san=None, eku=ExtendedKeyUsageOID.CLIENT_AUTH, days=1):
    """A certificate of the stack's authority for TLS clients, or a self-signed one."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    issuer, signer = subject, key
    if issued:
        place = layout()
        issuer = x509.load_pem_x509_certificate((place.state / "pub/tls-ca.crt").read_bytes()).subject
        signer = serialization.load_pem_private_key((place.state / "secrets/tls-ca.key").read_bytes(), None)
    now = datetime.datetime.utcnow()
    start, end = sorted((now - datetime.timedelta(hours=1), now + datetime.timedelta(days=days)))
    builder = (x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key()).serial_number(x509.random_serial_number())
               .not_valid_before(start).not_valid_after(end).add_extension(x509.ExtendedKeyUsage([eku]), False))
    if san:
        builder = builder.add_extension(x509.SubjectAlternativeName(san), False)
    return builder.sign(signer, hashes.SHA256())
