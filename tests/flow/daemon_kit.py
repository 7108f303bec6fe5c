"""
Another antin-idpd on the same database and keys, with a changed configuration.
Used by test_idp_ctl.py, test_idp_software_statement.py. Needs a stack that `make up` started.
"""
import contextlib
import os
import secrets
import socket
import subprocess
import time

import pytest
import requests
from idp_kit import layout


def own_stack():
    if "ANTIN_TEST_IDPCTL" in os.environ:
        pytest.skip("needs a stack that `make up` started")
    return layout()


def daemon_of(place):
    return (place.state / "stage/bin" if place.is_root else place.build / "bin") / "antin-idpd"


def as_idpd(place):
    return {"user": place.uid("idpd"), "group": place.gid("idpd"), "extra_groups": []} if place.is_root else {}


@contextlib.contextmanager
def changed_conf(place, *changes):
    """The stack's configuration with changes (old text, new text); a path that the daemon's user can read."""
    text = (place.state / "etc/idpd.conf").read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    path = place.state / "etc" / f"test-{secrets.token_hex(4)}.conf"
    path.write_text(text, encoding="utf-8")
    try:
        yield path
    finally:
        path.unlink()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@contextlib.contextmanager
def another_daemon(place, *changes):
    """Its address, while it runs; its issuer is the stack's unless the changes say otherwise."""
    port = free_port()
    with changed_conf(place, (f"listen = 127.0.0.1:{place.idp_port}", f"listen = 127.0.0.1:{port}"), *changes) as conf:
        process = subprocess.Popen([daemon_of(place), "-c", conf], stderr=subprocess.DEVNULL, **as_idpd(place))
        url, end = f"http://127.0.0.1:{port}", time.monotonic() + 5
        try:
            while True:
                try:
                    requests.get(url + "/health", timeout=2)
                    break
                except requests.ConnectionError:
                    assert time.monotonic() < end and process.poll() is None
                    time.sleep(0.01)
            yield url
        finally:
            process.terminate()
            process.wait(10)
