"""
What the tests of other people's clients share: a place and a port for a foreign process, registering it, a browser that goes through its pages.
Used by test_*.py of this folder. A missing program is a skip that names it, never a silent pass.
"""
import contextlib
import os
import pathlib
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "flow"))
import antin_client as antin  # noqa: E402
from idp_kit import Client, idpctl, layout, sql  # noqa: E402, F401

REFRESHES = ["--grant", "authorization_code", "--grant", "refresh_token"]


def need(path, package):
    """The program, or a skip that says what would bring it."""
    found = shutil.which(path, path=os.environ["PATH"] + ":/usr/sbin:/usr/local/go/bin")
    if not found:
        pytest.skip(f"{path} is missing ({package})")
    return found


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@contextlib.contextmanager
def folder():
    """A folder of its own for an unprivileged process; (path, keyword arguments that make Popen give up root)."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="antin-interop-"))
    who = {}
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.chown(path, nobody.pw_uid, nobody.pw_gid)
        who = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    try:
        yield path, who
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextlib.contextmanager
def running(argv, port, log, **who):
    """A foreign server until the block ends; its log is shown when it does not come up."""
    with open(log, "wb") as out:
        process = subprocess.Popen([str(a) for a in argv], stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd="/", **who)
    try:
        end = time.monotonic() + 20
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
                break
            text = pathlib.Path(log).read_text(encoding="utf-8", errors="replace")
            assert process.poll() is None and time.monotonic() < end, f"{argv[0]} does not answer:\n{text[-3000:]}"
            time.sleep(0.05)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)


def uses_of_refresh_tokens(client):
    """How often this client's refresh tokens were used."""
    return int(sql(f"SELECT coalesce(sum(t.uses), 0) FROM idp.refresh_token t JOIN idp.access_grant g ON g.id = t.grant_id WHERE g.client_id = '{client.client_id}'"))


def sessions_of(person):
    """Sessions of this person that live."""
    return int(sql(f"SELECT count(*) FROM idp.session WHERE account_id = '{person.id}' AND ended_at IS NULL"))
