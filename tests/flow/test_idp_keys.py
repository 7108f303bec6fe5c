"""
Rotation of token keys: published before first use, kept until the last token is dead. OpenID Connect Core §10.1.1, Discovery §3 (jwks_uri).
Needs a stack that `make up` started: keys are put into keyd's folder and taken out again.
"""
import os
import pathlib
import signal
import subprocess
import time

import antin_client as antin
import pytest
from idp_kit import Client, enrolled, layout


def at(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))


class Keys:
    """keyd-idp's folder, as its operator sees it."""

    def __init__(self, stack):
        self.stack, self.place, self.added = stack, layout(), []
        self.dir = self.place.state / "keys/idp"
        self.ca = self.place.state / "stage/bin/antin-ca" if self.place.is_root else self.place.build / "bin/antin-ca"
        self.pid = int((self.place.state / "pids/keyd-idp").read_text(encoding="ascii"))

    def new(self, not_before, not_after):
        argv = [self.ca, "key", "new", "--purpose", "token", "--dir", self.dir, "--domain-key", self.place.state / "secrets/keyd-idp.domain",
                "--not-before", at(not_before), "--not-after", at(not_after)]
        kid = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.split()[0]
        self.place.give(self.dir / f"{kid}.key", "keyd-idp", 0o600)
        self.added.append(self.dir / f"{kid}.key")
        return kid

    def reload(self):
        os.kill(self.pid, signal.SIGHUP)
        time.sleep(0.3)

    def published(self):
        return [k["kid"] for k in antin.requests.get(self.stack.idp_url + "/jwks", timeout=10).json()["keys"] if k["alg"] == "ES256"]

    def become(self, condition):
        """The provider asks keyd again every five seconds."""
        end = time.monotonic() + 12
        while not condition():
            assert time.monotonic() < end, self.published()
            time.sleep(0.2)


@pytest.fixture
def keys(stack):
    k = Keys(stack)
    yield k
    for path in k.added:
        pathlib.Path(path).unlink()
    k.reload()
    k.become(lambda: len(k.published()) == 1)


def kid_of(token):
    import base64
    import json
    head = token.split(".")[0]
    return json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))["kid"]


def test_key_is_published_before_it_signs_and_until_its_tokens_are_dead(stack, officer, keys):
    client, citizen = Client(stack), enrolled(stack, officer)
    old = keys.published()
    future, retired, gone = keys.new(3600, 7200), keys.new(-7200, -600), keys.new(-9000, -4000)
    keys.reload()
    keys.become(lambda: future in keys.published())
    assert set(keys.published()) == {*old, future, retired} and gone not in keys.published()
    assert [kid_of(client.login(citizen)["id_token"])] == old


def test_new_key_signs_and_tokens_of_the_old_one_stay_good(stack, officer, keys):
    client, citizen = Client(stack), enrolled(stack, officer)
    before = client.login(citizen)
    new = keys.new(-1, 3600)
    keys.reload()
    keys.become(lambda: new in keys.published())
    after = client.login(citizen)  # checked against the published keys by an independent library
    assert kid_of(after["id_token"]) == new != kid_of(before["id_token"])
    assert client.userinfo(before["access_token"]).status_code == client.userinfo(after["access_token"]).status_code == 200
