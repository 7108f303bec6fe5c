"""
openid-client (npm) as a portal: discovery, private_key_jwt, PAR, request objects, JARM, DPoP, refresh, UserInfo, the dossier API. Its own checks are the judge.
"""
import json
import subprocess

import pytest
from client_kit import KeyClient
from interop_kit import HERE, need, sessions_of


@pytest.fixture(scope="module", autouse=True)
def installed():
    node = need("node", "nodejs 20 or newer")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(version.lstrip("v").split(".")[0]) < 20:
        pytest.skip(f"node {version} is too old for openid-client (20)")
    if not (HERE / "node_modules/openid-client").exists():
        pytest.skip("openid-client is not installed (npm ci in tests/interop; its registry may be away)")


class Portal:
    """The Node process, spoken to line by line; the browser is ours."""

    def __init__(self, client, scope, alg="ES256", **modes):
        self.client = client
        self.node = subprocess.Popen(["node", str(HERE / "openid_client.mjs")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        pem = client.key.export_to_pem(private_key=True, password=None).decode()
        self.send({"issuer": client.meta["issuer"], "client_id": client.client_id, "redirect_uri": client.redirect_uri, "scope": scope, "alg": alg, "key": pem,
                   "kid": json.loads(client.key.export_public())["kid"], **modes})

    def send(self, what):
        self.node.stdin.write(json.dumps(what) + "\n")
        self.node.stdin.flush()

    def do(self, what, **more):
        self.send({"do": what, **more})
        line = self.node.stdout.readline()
        assert line, "the client process ended"
        return json.loads(line)

    def sign_in(self, person):
        url = self.do("authorize")
        assert "url" in url, url
        person.browser.stop = [self.client.redirect_uri]
        page = person.visit(url["url"])
        assert page.stopped_at, page.words()[:200]
        return self.do("callback", url=page.url)

    def close(self):
        self.node.stdin.close()
        self.node.wait(10)


MODES = {"plain": {}, "par": {"par": True}, "jar": {"jar": True}, "jarm": {"jarm": True}, "dpop": {"dpop": True}, "par_jar_jarm_dpop": {"par": True, "jar": True, "jarm": True, "dpop": True}}
REFRESHES = ["--grant", "authorization_code", "--grant", "refresh_token"]


@pytest.mark.parametrize("modes", MODES.values(), ids=MODES)
def test_signs_in_refreshes_and_reads(stack, person, modes):
    client = KeyClient(stack, "--dpop-nonce", scope="openid profile dossier offline_access", more=REFRESHES)
    portal = Portal(client, "openid profile dossier offline_access", **modes)
    try:
        came = portal.sign_in(person)
        assert came.get("claims", {}).get("aud") == client.client_id, came
        assert came["tokens"]["token_type"].lower() == ("dpop" if modes.get("dpop") else "bearer")
        assert portal.do("userinfo")["userinfo"]["sub"] == came["claims"]["sub"]
        assert portal.do("resource", url=stack.signer_url + "/v1/dossiers?code=none") == {"status": 200}
        again = portal.do("refresh")
        assert again["tokens"]["refresh_token"] != came["tokens"]["refresh_token"], again
        assert portal.do("userinfo")["userinfo"]["sub"] == came["claims"]["sub"]
        assert portal.do("revoke") == {}
        assert portal.do("refresh") == {"failed": "invalid_grant"}
    finally:
        portal.close()


def test_logs_out(stack, person):
    client = KeyClient(stack, more=["--post-logout", "http://localhost:1/gone"])
    portal = Portal(client, "openid")
    try:
        portal.sign_in(person)
        before = sessions_of(person.person)
        person.browser.stop = ["http://localhost:1/gone"]
        page = person.browser.open(portal.do("logout", url="http://localhost:1/gone")["url"])
        assert page.stopped_at and sessions_of(person.person) == before - 1
    finally:
        portal.close()


@pytest.mark.parametrize("alg", ["ES256", "PS256"])
def test_whole_fapi_profile(stack, person, alg):
    client = KeyClient(stack, "--profile", "fapi2-message-signing", "--dpop", alg=alg)
    portal = Portal(client, "openid", alg, par=True, jar=True, jarm=True, dpop=True)
    try:
        assert portal.sign_in(person)["tokens"]["token_type"].lower() == "dpop"
    finally:
        portal.close()


def test_profile_refuses_a_client_that_leaves_something_out(stack, person):
    client = KeyClient(stack, "--profile", "fapi2-message-signing", "--dpop")
    for modes, error in (({"par": True, "dpop": True}, "invalid_request_object"), ({"par": True, "jar": True}, "invalid_request")):
        portal = Portal(client, "openid", **modes)
        try:
            asked = portal.do("authorize")
            if "url" in asked:
                person.browser.stop = [client.redirect_uri]
                asked = portal.do("callback", url=person.visit(asked["url"]).url)
            assert asked == {"failed": error}
        finally:
            portal.close()
