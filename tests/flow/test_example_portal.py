"""
docs/examples/portal.py, as a portal's developer would copy it: a citizen signs in there, makes a dossier and signs it.
"""
import os
import subprocess
import time
from urllib.parse import urlsplit

import antin_client as antin
import pytest
import requests


@pytest.fixture
def example(stack):
    where = urlsplit(stack.portal_redirect_uri)
    origin = f"{where.scheme}://{where.netloc}"
    process = subprocess.Popen(["/usr/bin/python3", "-B", antin.ROOT / "docs/examples/portal.py"], env={**os.environ, **stack.env}, stdout=subprocess.DEVNULL)
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


def test_the_example_portal_refuses_a_foreign_answer(stack, example):
    answer = requests.get(example + urlsplit(stack.portal_redirect_uri).path + "?code=x&state=y", timeout=5)
    assert answer.status_code == 400
