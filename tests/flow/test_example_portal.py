"""
The guide's first ten minutes: its command registers a client, docs/examples/portal.py runs with that client, a citizen signs in there, makes a dossier and signs it.
"""
import os
import re
import secrets
import shlex
import subprocess
import time
from urllib.parse import urlsplit

import antin_client as antin
import pytest
import requests

BUILD = antin.ROOT / (os.environ.get("ANTIN_BUILD") or "build")
CALLBACK = "http://localhost:8491/callback"  # in the guide


@pytest.fixture(scope="module")
def registered(stack, tmp_path_factory):
    """What the example is told of the client that the guide's command made, under another name and at a port of this stack."""
    guide = (antin.ROOT / "docs/portal-developer.md").read_text(encoding="utf-8")
    command = re.search(r"^    build/bin/antin-idpctl .*?(?=\n\n)", guide, re.M | re.S).group(0)
    client, secret = "my-portal-" + secrets.token_hex(4), tmp_path_factory.mktemp("portal") / "secret"
    redirect = CALLBACK.replace("8491", str(urlsplit(stack.idp_url).port + 95))
    for old, new in (("run/my-portal.secret", secret), ("my-portal", client), (CALLBACK, redirect), ("build/bin", BUILD / "bin"), ("run/etc", antin.run_dir() / "etc")):
        assert old in command
        command = re.sub(rf"(?<![\w/]){re.escape(old)}", str(new), command)
    subprocess.run(shlex.split(command.replace("\\\n", " ")), cwd=antin.ROOT, check=True, timeout=60)
    return {"PORTAL_CLIENT_ID": client, "PORTAL_CLIENT_SECRET": secret.read_text(encoding="ascii").strip(), "PORTAL_REDIRECT_URI": redirect}


@pytest.fixture
def example(stack, registered):
    origin = registered["PORTAL_REDIRECT_URI"].removesuffix("/callback")
    process = subprocess.Popen(["/usr/bin/python3", "-B", antin.ROOT / "docs/examples/portal.py"], env={**os.environ, **stack.env, **registered},
                               stdout=subprocess.DEVNULL)
    try:
        for _ in range(100):
            try:
                requests.get(origin + "/", timeout=5)
                break
            except requests.ConnectionError:
                assert process.poll() is None, "the example ended"
                time.sleep(0.1)
        yield origin
    finally:
        process.terminate()
        process.wait(10)


def test_the_example_portal_signs_a_citizen_in_and_has_a_dossier_signed(stack, citizen, example):
    page = citizen.visit(example + "/login")
    assert page.status == 200 and citizen.person.name in page.words()
    page = citizen.visit(example + "/sign")
    assert page.has_form("pin")
    page = page.form("pin").submit({"pin": citizen.person.pin})
    assert page.status == 200 and not page.has_form("pin")


def test_the_example_portal_refuses_a_foreign_answer(example):
    answer = requests.get(example + "/callback?code=x&state=y", timeout=5)
    assert answer.status_code == 400
