"""
What tests of the identity provider need beyond a browser: clients of their own, the administrator's view of the database.
Used by test_idp_*.py. Against a daemon that `make up` did not start: ANTIN_TEST_IDPCTL (command), ANTIN_TEST_PSQL (command) say how to reach it.
"""
import base64
import hashlib
import json
import os
import pathlib
import secrets
import shlex
import subprocess
import sys

import antin_client as antin

REDIRECT = "http://localhost:9400/quay-ve"  # nobody listens there: the browser stops before it
STACK_DIR = pathlib.Path(__file__).resolve().parents[1] / "stack"


def layout():
    sys.path.insert(0, str(STACK_DIR))
    from layout import Layout
    place = Layout()
    assert (place.run / "stack.env").exists(), f"no stack in {place.run} (make up)"
    return place


def idpctl(*argv, check=True):
    """antin-idpctl --json …; the parsed result."""
    if "ANTIN_TEST_IDPCTL" in os.environ:
        command, who = shlex.split(os.environ["ANTIN_TEST_IDPCTL"]), {}
    else:
        place = layout()
        built = place.state / "stage/bin" if place.is_root else place.build / "bin"
        command = [str(built / "antin-idpctl"), "-c", str(place.state / "etc/idpd.conf")]
        who = {"user": place.uid("idpd"), "group": place.gid("idpd"), "extra_groups": []} if place.is_root else {}
    done = subprocess.run([*command, "--json", *argv], capture_output=True, text=True, cwd="/", check=False, timeout=60, **who)
    if check:
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)
    return done


def sql(text):
    """Runs SQL as the database's administrator: time passes in tests by moving what the database remembers."""
    if "ANTIN_TEST_PSQL" in os.environ:
        done = subprocess.run([*shlex.split(os.environ["ANTIN_TEST_PSQL"]), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"], input=text,
                              capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()
    sys.path.insert(0, str(STACK_DIR))
    from postgres import Cluster
    place = layout()
    return Cluster(place, place.pg_port).sql(text, "antin")


class Client(antin.Portal):
    """A client registered for one test module."""

    def __init__(self, stack, scope="openid", allowed=None, public=False, redirect=REDIRECT, more=()):
        name = "test-" + secrets.token_hex(5)
        argv = ["client", "add", "--id", name, "--name", "Cổng thử nghiệm", "--scope", allowed or scope, "--redirect", redirect, *more]
        made = idpctl(*argv, *(["--public"] if public else []))
        super().__init__(stack, name, made.get("client_secret"), redirect, scope)

    def open(self, citizen, **override):
        """Sends the browser to the authorization endpoint and leaves it where it arrives: (page, secrets kept)."""
        url, keep = self.request(**override)
        citizen.browser.stop = [self.redirect_uri]
        return citizen.browser.open(url), keep

    def code(self, citizen, **override):
        """(code, secrets kept) after whatever the pages asked."""
        params, keep = self.authorize(citizen, **override)
        assert "code" in params, params
        return params["code"], keep

    def exchange(self, code, keep, **override):
        """A raw token request for a code."""
        return self.token_request(**{"grant_type": "authorization_code", "code": code, "redirect_uri": self.redirect_uri,
                                     "code_verifier": keep["verifier"], **override})

    def userinfo(self, token):
        return self.http.get(self.meta["userinfo_endpoint"], headers={"Authorization": "Bearer " + token}, timeout=antin.TIMEOUT)


def enrolled(stack, officer, **more):
    """A new person with an active account, without a signing key."""
    citizen = antin.Citizen(stack, antin.new_person())
    citizen.person.more.update(more)
    officer.enrol(citizen.person)
    citizen.activate()
    return citizen


def fresh(stack, person, lang="vi"):
    """The same person in front of another browser."""
    return antin.Citizen(stack, person, lang)


def timed_key(name):
    """How the database knows a name that carries its time in front (48 bits), as a bytea literal."""
    return "\\x" + base64.urlsafe_b64decode(name[:8]).hex() + hashlib.sha256(name.encode()).hexdigest()


def session_hash(citizen):
    """How the database knows this browser's session, as a bytea literal."""
    return timed_key(citizen.browser.session.cookies["antin_idp_session"])


def post(page, path, fields, **headers):
    """A POST as this page's browser would send it, with other fields or headers."""
    origin = "/".join(page.url.split("/")[:3])
    return page.browser.open(origin + path, "post", fields, headers={"Origin": origin, **headers})


def fields_of(page, *kinds):
    """All fields of the form that asks for these, as sent."""
    return dict(page.form(*kinds).element.form_values())
