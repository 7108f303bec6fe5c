"""
Software that registers itself: tokens to begin with, and raw calls.
Used by test_idp_registration.py, test_idp_registration_self.py, test_idp_software_statement.py, test_idp_admin_clients.py.
"""
import json
import os
import secrets
import tempfile

import antin_client as antin
import requests
from idp_kit import REDIRECT, idpctl

HOST = REDIRECT.split("/")[2]
POLICY = {"scope": "openid profile offline_access", "hosts": [HOST, "portal.example.vn"], "approval": False}


def new_token(uses=100, days=7, **policy):
    """What antin-idpctl registration-token add prints. A member that is None is left out of the policy."""
    merged = {k: v for k, v in {**POLICY, **policy}.items() if v is not None}
    with tempfile.TemporaryDirectory(prefix="antin-policy-") as folder:
        os.chmod(folder, 0o755)
        path = os.path.join(folder, "policy.json")
        with open(path, "w", encoding="utf-8") as f:
            json.dump(merged, f)
        os.chmod(path, 0o644)
        return idpctl("registration-token", "add", "--name", "Thử " + secrets.token_hex(3), "--policy", path, "--uses", str(uses), "--days", str(days))


def metadata(**more):
    """What a portal says of itself; None leaves a member out."""
    doc = {"client_name": "Cổng tự đăng ký", "redirect_uris": [REDIRECT], "scope": "openid profile", **more}
    return {k: v for k, v in doc.items() if v is not None}


def call(url, method, path, token=None, body=None, **more):
    headers = {"Authorization": "Bearer " + token} if token else {}
    return requests.request(method, url + path, json=body, headers={**headers, **more.pop("headers", {})}, timeout=antin.TIMEOUT, **more)


class Registrar:
    """One initial access token, and whatever is registered with it."""

    def __init__(self, url, **policy):
        self.url, self.made = url, new_token(**policy)
        self.token = self.made["initial_access_token"]

    def post(self, body=None, token="", **more):
        return call(self.url, "POST", "/register", self.token if token == "" else token, metadata() if body is None else body, **more)

    def register(self, **more):
        answer = self.post(metadata(**more))
        assert answer.status_code == 201, answer.text
        return answer.json()


def of_client(url, method, info, token=None, body=None, **more):
    """RFC 7592 with the client's own token."""
    return call(url, method, "/register/" + info["client_id"], token or info["registration_access_token"], body, **more)


def refused(answer, error, status=400):
    assert answer.status_code == status and answer.json()["error"] == error, answer.text
    assert "no-store" in answer.headers["Cache-Control"] and "client_secret" not in answer.json()
    return answer.json()["error_description"]


def portal_of(stack, info):
    """A portal that signs people in as the client that registered itself."""
    return antin.Portal(stack, info["client_id"], info.get("client_secret"), info["redirect_uris"][0], info["scope"])
