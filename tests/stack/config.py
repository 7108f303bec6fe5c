"""
The configuration files of a development stack, what is registered with its identity provider, and run/stack.env.
Used by stack.py.
"""
import json
import os
import subprocess

KEYD_SOCKET = "keyd.sock"
TSA_POLICY = "2.999.704.2.1"  # 2.999 is the arc for examples


def keyd_socket(layout, domain):
    return layout.state / "sock" / f"keyd-{domain}" / KEYD_SOCKET


def idp_jwks(layout):
    """The provider's public token keys, from one keyd to the other: nobody else can write there."""
    return layout.folder("keyd-idp", "keyd-idp", 0o755) / "jwks.json"


def keyd_answers(layout, domain):
    """A readiness test: somebody listens on the socket. Only looked at, since keyd notes a stranger who connects."""
    path = str(keyd_socket(layout, domain))

    def test():
        with open("/proc/net/unix", encoding="utf-8") as f:
            fields = [line.split() for line in f]
        return any(len(w) == 8 and w[7] == path and w[3] == "00010000" for w in fields)  # __SO_ACCEPTCON
    return test


def ini(sections):
    return "; Written by `make up`.\n" + "".join(f"\n[{name}]\n" + "".join(f"{k} = {v}\n" for k, v in keys.items()) for name, keys in sections.items())


def write(layout, share):
    """All four files, and the folders that the daemons write to."""
    idpd(layout, share)
    signerd(layout, share)
    keyd(layout, "idp", "idpd")
    keyd(layout, "signer", "signerd")


def conninfo(layout, role):
    return f"host=127.0.0.1 port={layout.pg_port} dbname=antin user={role} passfile={layout.state}/secrets/{role}.pgpass"


def tls_cas(layout):
    """An authority for clients' TLS certificates. There is no TLS front end in a development stack: tests say what one would."""
    key, cert = layout.state / "secrets/tls-ca.key", layout.state / "pub/tls-ca.crt"
    if not cert.exists():
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "3650", "-subj",
                        "/CN=TLS clients", "-keyout", key, "-out", cert], check=True, capture_output=True)
        cert.chmod(0o644)
    return cert


def upstreams(layout):
    """Where providers that people may sign in at would be written down; a development stack has none, tests put theirs there."""
    folder = layout.state / "etc/upstream"
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)
    return folder


def idpd(layout, share):
    layout.write("etc/idpd.conf", ini({
        "idp": {"issuer": layout.idp_url, "listen": f"127.0.0.1:{layout.idp_port}", "share": share,
                "tls_header": "Client-Cert", "tls_secret": layout.secret("idp-tls-front", "idpd"), "tls_cas": tls_cas(layout)},
        "database": {"conninfo": conninfo(layout, "antin_idp")},
        "keyd": {"socket": keyd_socket(layout, "idp")},
        "secrets": {"master": layout.secret("idp-master", "idpd")},
        "logout": {"origins": f"http://localhost:{layout.base + 92} http://127.0.0.1:{layout.base + 92}"},
        "upstream": {"folder": upstreams(layout)},
        "ciba": {"origins": f"http://localhost:{layout.base + 93}"},
        "audit": {"refusals": 1000},  # many tests provoke the same refusal in one minute, and each looks for its row
        "resource": {"signer_resource": layout.signer_url, "signer_scopes": "dossier dossier.read registrar"},
    }))


def signerd(layout, share):
    data = layout.folder("data/signer", "signerd", 0o700)
    layout.write("etc/signerd.conf", ini({
        "signer": {"url": layout.signer_url, "listen": f"127.0.0.1:{layout.signer_port}", "share": share, "pki": layout.state / "pub",
                   "return_origins": layout.redirect_uri.removesuffix("/callback")},
        "database": {"conninfo": conninfo(layout, "antin_signer")},
        "keyd": {"socket": keyd_socket(layout, "signer")},
        "store": {"spool": layout.folder(data / "spool", "signerd"), "content": layout.folder(data / "content", "signerd")},
        "idp": {"issuer": layout.idp_url, "client_id": "antin-signer", "client_secret": layout.state / "secrets/signer-client"},
        "tsa": {"policy": TSA_POLICY},
    }))


def keyd(layout, domain, peer):
    """The socket's folder lets its one peer's group through and nobody else; keyd checks the peer's uid again."""
    name = f"keyd-{domain}"
    folder = layout.folder(f"sock/{name}", name, 0o710)
    if layout.is_root:
        os.chown(folder, layout.uid(name), layout.gid(peer))
    sections = {"keyd": {"socket": folder / KEYD_SOCKET, "socket_mode": "0666", "keys": layout.state / "keys" / domain, "peers": layout.uid(peer),
                         "domain_key": layout.state / "secrets" / f"{name}.domain"}}
    if domain == "idp":
        sections["keyd"]["purposes"] = "token data"
        sections["token"] = {"issuer": layout.idp_url, "jwks_out": idp_jwks(layout)}
    else:
        sections["keyd"]["purposes"] = "tsa seal ca ocsp citizen"
        sections["tsa"] = {"policy": TSA_POLICY}
        sections["citizen"] = {
            "profile": layout.state / "pub/citizen.conf", "crl_url": layout.signer_url + "/crl/citizens.crl",
            "aia_url": layout.signer_url + "/ca/citizens.crt", "ocsp_url": layout.signer_url + "/ocsp", "idp_issuer": layout.idp_url, "idp_audience": "antin-signer",
            "idp_jwks": idp_jwks(layout),
            "pin_tries": 10}  # signerd locks after five; keyd's own count is behind it, so that an officer's unlocking works at once
    layout.write(f"etc/{name}.conf", ini(sections))


# --- registered with the identity provider ---

def registrations(layout):
    """What is registered: a name, and the arguments of antin-idpctl."""
    base = layout.base
    return {
        "cong-dich-vu": ["client", "add", "--id", "cong-dich-vu", "--name", "Cổng dịch vụ công", "--scope", "openid profile dossier",
                         "--redirect", layout.redirect_uri, "--post-logout", f"http://localhost:{base + 90}/"],
        "quay": ["client", "add", "--id", "quay", "--name", "Quầy tiếp nhận hồ sơ", "--scope", "openid registrar", "--redirect", quay_redirect(layout)],
        "antin-signer": ["client", "add", "--id", "antin-signer", "--name", "Ấn Tín: ký số", "--scope", "openid profile", "--first-party",
                         "--redirect", layout.signer_url + "/callback", "--post-logout", layout.signer_url + "/"],
        "toa-an": ["client", "add", "--id", "toa-an", "--name", "Tòa án nhân dân", "--scope", "dossier.read", "--grant", "client_credentials"],
        OFFICER: ["account", "add", "--login", OFFICER, "--name", "Cán bộ Tiếp Nhận", "--role", "registrar", "--password-file",
                  layout.secret("officer-password", "idpd", 12)],
    }


OFFICER = "can-bo-01"


def quay_redirect(layout):
    return f"http://localhost:{layout.base + 91}/callback"


def register(idpctl, layout, name, argv):
    """Runs it once; returns what is to be remembered. One that was registered before a crash gets a new secret."""
    if argv[0] == "account":
        idpctl("--json", *argv, already=True)
        return {}
    out = idpctl("--json", *argv, already=True) or idpctl("--json", "client", "secret", name)
    return json.loads(out)


def write_signer_secret(layout, known):
    """signerd reads its own client secret from a file."""
    layout.write("secrets/signer-client", known["antin-signer"]["client_secret"] + "\n", "signerd", 0o600)


def environment(layout, known, database, cluster):
    """stack.env without the citizen."""
    return {
        "IDP_URL": layout.idp_url,
        "SIGNER_URL": layout.signer_url,
        "TSA_URL": layout.signer_url + "/tsa",
        "OCSP_URL": layout.signer_url + "/ocsp",
        "CRL_URL": layout.signer_url + "/crl/citizens.crl",
        "TRUST_PEM": layout.run / "pub/root.crt",
        "PORTAL_CLIENT_ID": "cong-dich-vu",
        "PORTAL_CLIENT_SECRET": known["cong-dich-vu"]["client_secret"],
        "PORTAL_REDIRECT_URI": layout.redirect_uri,
        "QUAY_CLIENT_ID": "quay",
        "QUAY_CLIENT_SECRET": known["quay"]["client_secret"],
        "QUAY_REDIRECT_URI": quay_redirect(layout),
        "SERVICE_CLIENT_ID": "toa-an",
        "SERVICE_CLIENT_SECRET": known["toa-an"]["client_secret"],
        "OFFICER_LOGIN": OFFICER,
        "OFFICER_PASSWORD": layout.secret_text("officer-password"),
        "PGHOST": cluster.sockets, "PGPORT": layout.pg_port, "PGDATABASE": database,
        "PGUSER": "postgres", "PGPASSFILE": layout.state / "secrets/pg-admin.pgpass",
    }
