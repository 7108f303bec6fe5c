"""
antin-idpctl and the daemon's configuration: what an operator gets for right and wrong words.
"""
import contextlib
import secrets
import stat
import subprocess

import pytest
import requests
from daemon_kit import another_daemon, as_idpd, changed_conf, daemon_of, own_stack
from idp_kit import Client, enrolled, idpctl, sql


def refused(code, *argv):
    done = idpctl(*argv, check=False)
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    assert done.stderr and not done.stdout
    return done.stderr


def name():
    return "test-" + secrets.token_hex(4)


ADD = ("--name", "Thử", "--scope", "openid", "--redirect", "https://portal.example.vn/cb")


def test_client_is_added_once():
    i = name()
    assert len(idpctl("client", "add", "--id", i, *ADD)["client_secret"]) == 43
    assert "exists already" in refused(4, "client", "add", "--id", i, *ADD)


def test_what_is_registered_can_be_seen_but_not_its_secret():
    i = name()
    secret = idpctl("client", "add", "--id", i, *ADD, "--post-logout", "https://portal.example.vn/")["client_secret"]
    shown = idpctl("client", "show", i)
    assert shown["redirect_uri"] == ["https://portal.example.vn/cb"] and shown["sector"] == "portal.example.vn" and shown["state"] == "active"
    assert secret not in str(shown) and secret not in sql("SELECT string_agg(c::text, '') FROM idp.client c")
    assert i in [c["client_id"] for c in idpctl("client", "list")["clients"]]


def test_new_secret_ends_the_old_one(stack):
    service = Client(stack, "dossier.read", more=["--grant", "client_credentials"])
    new = idpctl("client", "secret", service.client_id)["client_secret"]
    assert service.token_request(grant_type="client_credentials").status_code == 401
    service.client_secret = new
    assert service.token_request(grant_type="client_credentials").status_code == 200


@pytest.mark.parametrize("argv", [
    (), ("--id", "x"), ("--id", "x", "--name", "x", "--scope", "openid"), ("--id", "x", *ADD, "--public", "--auth", "basic"),
    ("--id", "x", *ADD, "--public", "--grant", "client_credentials"), ("--id", "x", *ADD, "--grant", "password"), ("--id", "x", *ADD, "--auth", "jwt"),
    ("--id", "x", "--name", "x", "--scope", "openid everything", "--redirect", "https://a.example/"), ("--id", "x", *ADD, "more"),
    ("--id", "x", *ADD, "--redirect", "http://portal.example.vn/cb"), ("--id", "x", *ADD, "--redirect", "https://*.example.vn/"),
    ("--id", "x", *ADD, "--redirect", "https://other.example.vn/cb"),  # two sectors, none said
    ("--id", "x", "--unheard-of", "y"),
])
def test_wrong_words_are_refused(argv):
    refused(2, "client", "add", *argv)


def test_unknown_things_are_not_found():
    refused(3, "client", "show", "nobody")
    refused(3, "client", "disable", "nobody")
    refused(3, "session", "revoke", "079090999999")
    refused(3, "account", "lock", "00000000-0000-4000-8000-000000000000")
    refused(2, "client", "dance")
    refused(2, "dance")


def test_odd_client_ids_are_refused():
    for i in ("", "a b", "-x", "é", "x" * 65):
        assert idpctl("client", "add", f"--id={i}", *ADD, check=False).returncode in (1, 2)


def test_maintenance_by_hand_harms_nothing_that_lives(stack, officer):
    client, citizen = Client(stack, "openid"), enrolled(stack, officer)
    token = client.login(citizen)["access_token"]
    assert set(idpctl("maintain")) == {"partitions_made", "partitions_dropped", "consents_removed"}
    assert client.userinfo(token).status_code == 200 and client.open(citizen)[0].stopped_at


def test_token_keys_are_listed():
    keys = idpctl("key", "list")["keys"]
    assert [k["default"] for k in keys].count(True) == 1 and len({k["alg"] for k in keys if k["active"]}) == len(keys)


def test_every_command_explains_itself():
    done = idpctl("--help", check=False)
    assert done.returncode == 0 and "client add" in done.stdout and "exit codes" in done.stdout
    done = idpctl("client", "add", "--help", check=False)
    assert done.returncode == 0 and "--redirect" in done.stdout


# ---------------------------------------------------------------- with a stack's own files

@pytest.fixture
def place():
    return own_stack()


@pytest.fixture
def conf(place):
    """conf(old, new): the stack's configuration with a change; a path that the daemon's user can read."""
    with contextlib.ExitStack() as made:
        yield lambda *changes: made.enter_context(changed_conf(place, *changes))


def test_secret_file_is_its_owners_alone(place):
    folder = place.folder("tmp-test", "idpd", 0o700)
    out, i = folder / "secret", name()
    try:
        made = idpctl("client", "add", "--id", i, *ADD, "--secret-out", str(out))
        assert "client_secret" not in made and made["secret_file"] == str(out)
        assert stat.S_IMODE(out.stat().st_mode) == 0o600 and len(out.read_text(encoding="ascii").strip()) == 43
    finally:
        out.unlink(missing_ok=True)
        folder.rmdir()


@pytest.mark.parametrize("old,new,told", [
    ("[idp]\n", "[idp]\nunheard_of = 1\n", "unheard_of"),
    ("issuer = http://localhost", "issuer = http://id.example.vn", "issuer"),
    ("issuer = http://localhost", "issuer = ftp://localhost", "issuer"),
    ("[database]\n", "[login]\nsession_idle = soon\n[database]\n", "session_idle"),
    ("[database]\n", "[token]\ncode_life = 600\n[database]\n", "code_life"),
    ("master = ", "master = /nowhere", "master"),
    ("socket = ", "sockets = ", "socket"),
])
def test_mistakes_in_the_configuration_are_named(place, conf, old, new, told):
    done = subprocess.run([daemon_of(place), "-c", conf((old, new)), "-t"], capture_output=True, text=True, check=False, timeout=20, **as_idpd(place))
    assert done.returncode == 1 and told in done.stderr


def test_good_configuration_is_good(place, conf):
    done = subprocess.run([daemon_of(place), "-c", conf(), "-t"], capture_output=True, text=True, check=False, timeout=20, **as_idpd(place))
    assert done.returncode == 0 and not done.stderr


@pytest.fixture
def https(place):
    """A second daemon on the same database behind an https name; its address without TLS."""
    with another_daemon(place, (f"issuer = {place.idp_url}", "issuer = https://id.example.vn\nproxy_header = X-Forwarded-For")) as url:
        yield url


def test_behind_https_cookies_are_host_bound_and_secure(https):
    answer = requests.get(https + "/activate", timeout=10)
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-antin_idp_browser=") and "Secure" in cookie and "Domain" not in cookie and "Path=/;" in cookie
    assert answer.headers["Strict-Transport-Security"]
    meta = requests.get(https + "/.well-known/openid-configuration", timeout=10).json()
    assert all(v.startswith("https://id.example.vn/") for k, v in meta.items() if k.endswith("_endpoint") or k == "jwks_uri")


def test_behind_https_a_cookie_that_any_subdomain_can_plant_counts_for_nothing(https):
    page = requests.get(https + "/activate", timeout=10)
    token = page.text.partition('name="csrf" value="')[2].partition('"')[0]
    value = page.cookies["__Host-antin_idp_browser"]
    def send(cookie):  # noqa: E306
        return requests.post(https + "/activate", data={"csrf": token, "number": "1"}, timeout=10,
                             headers={"Cookie": f"{cookie}={value}", "Origin": "https://id.example.vn"}).status_code
    assert send("__Host-antin_idp_browser") == 422 and send("antin_idp_browser") == 403


def test_guesses_from_one_address_are_slowed_down_whatever_the_account(https):
    """The last entry of the proxy's header counts: what the caller wrote before it is his own tale."""
    page = requests.get(https + "/activate", timeout=10)
    token = page.text.partition('name="csrf" value="')[2].partition('"')[0]
    address = f"192.0.2.{secrets.randbelow(250)}, 198.51.100.{secrets.randbelow(250)}"
    def send(address):  # noqa: E306
        fields = {"csrf": token, "number": f"079090{secrets.randbelow(10**6):06d}", "activation_code": "0000-0000-00", "new_password": "mot mat khau dai",
                  "new_password_again": "mot mat khau dai"}
        return requests.post(https + "/activate", data=fields, timeout=30,
                             headers={"Cookie": f"__Host-antin_idp_browser={page.cookies['__Host-antin_idp_browser']}", "Origin": "https://id.example.vn",
                                      "X-Forwarded-For": address}).status_code
    assert send(address) == 422
    sql("UPDATE idp.throttle SET fails = 99 WHERE since > now() - interval '10 seconds' AND fails = 1")
    assert send("10.0.0.1, " + address.split(", ")[1]) == 422
    assert send("10.0.0.2, " + address.split(", ")[1]) == 429
    sql("DELETE FROM idp.throttle WHERE since > now() - interval '1 minute'")
