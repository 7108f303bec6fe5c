"""
Administrators: an officer with the role admin at a console, and services that administer in their own name.
Used by test_idp_admin*.py.
"""
import pathlib
import secrets
import tempfile

import antin_client as antin
from client_kit import KeyClient, secured
from idp_kit import REDIRECT, Client, idpctl, sql

SCOPE = "openid admin"


def new_officer(*roles):
    """(login, password, account id) of a new officer's account."""
    login, password = "canbo." + secrets.token_hex(5), antin.new_password()
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "password"
        path.parent.chmod(0o755)
        path.write_text(password, encoding="utf-8")
        path.chmod(0o644)
        made = idpctl("account", "add", "--login", login, "--name", "Cán bộ Quản Trị", "--password-file", str(path))
    for role in roles:
        idpctl("account", "role", made["account_id"], "give", role)
    return login, password, made["account_id"]


class Admin:
    """An officer at the console of the administration; call() is raw."""

    def __init__(self, stack, *roles, scope=SCOPE):
        self.stack = stack
        self.login, password, self.id = new_officer(*(roles or ("admin",)))
        self.person = antin.Person(self.login, "", "", "", password=password)
        self.browser_of = antin.Citizen(stack, self.person)
        self.console = Client(stack, scope, more=["--first-party"])
        self._token = None

    def token(self):
        if self._token is None:
            self._token = self.console.login(self.browser_of)["access_token"]
        return self._token

    def call(self, method, path, token=None, **more):
        headers = {"Authorization": "Bearer " + (token or self.token()), **more.pop("headers", {})}
        return self.console.http.request(method, self.stack.idp_url + "/admin/v1" + path, headers=headers, timeout=antin.TIMEOUT, **more)


class Service(KeyClient):
    """A service with a key of its own that may administer."""

    def __init__(self, stack, **kw):
        super().__init__(stack, scope="admin", more=["--grant", "client_credentials"], **kw)

    def access(self, **more):
        return antin.checked(self.token(grant_type="client_credentials", scope="admin", **more)).json()["access_token"]

    def call(self, method, path, token=None, **more):
        headers = {"Authorization": "Bearer " + (token or self.access())}
        return self.http.request(method, self.stack.idp_url + "/admin/v1" + path, headers=headers, timeout=antin.TIMEOUT, **more)


def problem(answer, status, code):
    """RFC 9457, never cached, and none of what was sent comes back."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json" and answer.json()["code"] == code, answer.text
    assert "no-store" in answer.headers["Cache-Control"]
    return answer.json()


def audit(event, where="true"):
    """How many rows of an event the log has."""
    return int(sql(f"SELECT count(*) FROM idp.audit WHERE event = '{event}' AND {where}"))


__all__ = ["Admin", "Client", "REDIRECT", "SCOPE", "Service", "audit", "new_officer", "problem", "secured"]
