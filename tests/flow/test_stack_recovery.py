"""
What happens when a process of the stack goes away: its callers say 503 and recover alone, and `up` brings back what died.
"""
import os
import pathlib
import re
import signal
import socket
import subprocess
import time

import antin_client as antin
import pytest
import requests

STACK = antin.ROOT / "tests/stack"


def run(program, *args, **env):
    return subprocess.run([STACK / program, *args], env={**os.environ, **env}, capture_output=True, text=True, timeout=120, check=False)


def service(*args):
    done = run("service", *args)
    assert done.returncode == 0, done.stderr
    return done.stdout


def pid(name):
    return int(service("pid", name))


def status(url):
    return requests.get(url, timeout=20).status_code


def becomes(url, wanted, seconds=10):
    """The time until url answers so; AssertionError when it never does."""
    start = time.monotonic()
    seen = None
    while time.monotonic() - start < seconds:
        try:
            seen = status(url)
        except requests.ConnectionError:
            seen = None
        if seen == wanted:
            return time.monotonic() - start
        time.sleep(0.05)
    raise AssertionError(f"{url}: {seen} and not {wanted} after {seconds} s")


@pytest.fixture(autouse=True)
def everything_runs_again():
    yield
    assert run("up").returncode == 0


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_database_gone_is_503_and_both_daemons_recover_alone(stack, how):
    before = pid("idpd"), pid("signerd")
    service(how, "postgres")
    for base in (stack.idp_url, stack.signer_url):
        assert status(base + "/ready") == 503
        assert status(base + "/health") == 200  # the process itself is well
    assert requests.post(stack.idp_url + "/token", data={"grant_type": "client_credentials"}, auth=(stack.service_client_id, stack.service_client_secret),
                         timeout=20).status_code == 503
    service("start", "postgres")
    for base in (stack.idp_url, stack.signer_url):
        becomes(base + "/ready", 200)
    assert (pid("idpd"), pid("signerd")) == before


@pytest.mark.parametrize("name, daemon", [("keyd-idp", "idpd"), ("keyd-signer", "signerd")])
def test_keyd_killed_is_503_and_its_daemon_recovers_alone(stack, name, daemon):
    before, base = pid(daemon), stack.idp_url if daemon == "idpd" else stack.signer_url
    service("kill", name)
    assert status(base + "/ready") == 503
    assert status(base + "/health") == 200
    service("start", name)
    becomes(base + "/ready", 200)
    assert pid(daemon) == before


def test_up_again_does_nothing_and_is_quick(stack):
    pids = [pid(n) for n in ("postgres", "keyd-idp", "keyd-signer", "idpd", "signerd")]
    start = time.monotonic()
    done = run("up")
    assert done.returncode == 0 and done.stdout.startswith("up already"), done.stdout + done.stderr
    assert time.monotonic() - start < 3
    assert [pid(n) for n in ("postgres", "keyd-idp", "keyd-signer", "idpd", "signerd")] == pids


def test_up_restarts_what_died(stack):
    old = pid("signerd")
    os.kill(old, signal.SIGKILL)
    done = run("up")
    assert done.returncode == 0 and "signerd started" in done.stdout and "idpd started" not in done.stdout
    assert pid("signerd") not in (0, old)
    assert status(stack.signer_url + "/ready") == 200


def test_stale_pid_file_hits_no_stranger(stack):
    """A pid that now belongs to another process: neither taken for ours nor killed."""
    stranger = subprocess.Popen(["sleep", "60"])
    try:
        service("kill", "idpd")
        folder = antin.run_dir() / "pids"
        (folder / "idpd").write_text(f"{stranger.pid}\n")
        (folder / ".idpd.json").write_text(f'{{"pid": {stranger.pid}, "start": 1, "fingerprint": ""}}')
        assert pid("idpd") == 0
        assert run("up").returncode == 0
        assert stranger.poll() is None
        assert pid("idpd") not in (0, stranger.pid)
    finally:
        stranger.kill()
        stranger.wait()


def test_port_in_use_is_said_clearly_before_anything_is_made(stack, tmp_path):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        port = s.getsockname()[1]
        run_dir = tmp_path / "run"
        done = run("up", ANTIN_RUN=str(run_dir), ANTIN_PORT_BASE=str(port))
        assert done.returncode != 0
        assert re.match(r"up: port \d+, which \w+ needs, is in use by another program", done.stderr), done.stderr
        assert not (pathlib.Path(run_dir).resolve() / "pg/PG_VERSION").exists()
