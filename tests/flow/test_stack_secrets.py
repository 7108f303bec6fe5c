"""
What a stack leaves lying about: nothing personal in any log, no secret that others could read.
"""
import json
import os
import pathlib
import re
import stat

import antin_client as antin
import pytest


def logs():
    return [p for p in (antin.run_dir() / "log").iterdir() if p.is_file()]


@pytest.fixture
def used(stack, citizen, portal):
    """A login, so that there is something to be found."""
    portal.login(citizen)
    return citizen.person


def test_no_log_names_a_person_or_a_secret(stack, used):
    private = {"number": used.number, "password": used.password, "PIN in quotes": f'"{used.pin}"', "name": used.name, "family and middle name": used.name.rsplit(" ", 1)[0],
               "client secret": stack.portal_client_secret, "activation code": used.activation_code, "seeded citizen": stack.citizen_login,
               "officer's password": stack.officer_password}
    for path in logs():
        text = path.read_text(encoding="utf-8", errors="replace")
        for what, value in private.items():
            assert not value or value not in text, f"{path.name} holds the {what}"
        assert not re.search(r"eyJ[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{20,}\.", text), f"{path.name} holds a token"
        assert not re.search(r"(?<!\d)0\d{2}[0-5]\d{8}(?!\d)", text), f"{path.name} holds what looks like a citizen number"


def test_daemons_log_one_json_line_a_request(stack):
    for name in ("idpd", "signerd"):
        for line in (antin.run_dir() / "log" / f"{name}.log").read_text(encoding="utf-8").splitlines():
            assert isinstance(json.loads(line), dict)


def test_secrets_are_readable_by_their_owner_alone(stack):
    state = antin.run_dir().resolve()
    private = [state / "stack.env", *(state / "secrets").iterdir(), *(p for p in (state / "keys").rglob("*") if p.is_file()),
               *(p for p in (state / "ca").rglob("*.key"))]
    assert len(private) > 10
    for path in private:
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, f"{path} is {stat.filemode(path.stat().st_mode)}"


def test_each_daemon_runs_as_a_user_of_its_own_when_started_by_root(stack):
    if os.getuid() != 0:
        pytest.skip("not root: all run as this user")
    real = {}
    for name in ("postgres", "keyd-idp", "keyd-signer", "idpd", "signerd"):
        pid = int((antin.run_dir() / "pids" / name).read_text())
        status = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
        real[name] = int(re.search(r"^Uid:\s+(\d+)", status, re.M).group(1))
    assert 0 not in real.values() and len(set(real.values())) == 5
