"""
The key ceremony of a development stack, once: domain keys, root, CAs, timestamps, seal, OCSP responder, token and data keys, by antin-ca as an operator would.
Called by up. What it leaves: ca/ (the ceremony's folder), keys/idp and keys/signer (sealed, for the two keyd), pub/ (certificates and CRLs).
"""
import shutil
import subprocess
import time

from layout import ROOT, StackError

CRL_RENEW_S = 60 * 86400  # they are good for 180 days
RESPONDER_RENEW_S = 45 * 86400  # its certificate is good for 90 days
ORGANIZATION = "Ấn Tín (phát triển)"


class Ceremony:
    def __init__(self, layout, programs):
        self.layout, self.ca = layout, programs / "antin-ca"
        self.folder, self.keys, self.pub = layout.state / "ca", layout.state / "keys", layout.state / "pub"
        self.passphrase = layout.secret("ca-passphrase")
        self.done, self.responder_made = layout.state / "ceremony.done", layout.state / "ocsp.made"

    def run(self, *argv):
        done = subprocess.run([str(a) for a in (self.ca, *argv)], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise StackError(f"antin-ca {' '.join(map(str, argv[:2]))} failed ({done.returncode}):\n{done.stderr or done.stdout}")
        return done.stdout

    def domain_key(self, domain):
        return self.layout.state / "secrets" / f"keyd-{domain}.domain"

    def make(self):
        """Everything or, after a crash in the middle, everything again: nothing was used before it was done."""
        if self.done.exists():
            if time.time() - (self.pub / "root.crl").stat().st_mtime > CRL_RENEW_S:
                self.publish()
            if not self.responder_made.exists() or time.time() - self.responder_made.stat().st_mtime > RESPONDER_RENEW_S:
                self.renew_responder()
            return False
        for folder in (self.folder, self.keys):
            shutil.rmtree(folder, ignore_errors=True)
        self.keys.mkdir()
        for domain in ("idp", "signer"):
            self.domain_key(domain).unlink(missing_ok=True)
            (self.keys / domain).mkdir(mode=0o700)
            self.run("domain-key", "--out", self.domain_key(domain))
        self.run("init", self.folder, "--organization", ORGANIZATION, "--profiles", ROOT / "certs/profiles", "--crl-base", self.layout.signer_url + "/crl", "--aia-base",
                 self.layout.signer_url + "/ca", "--ocsp-url", self.layout.signer_url + "/ocsp", "--passphrase-file", self.passphrase, "--all", "--key-out", self.keys / "signer", "--domain-key",
                 self.domain_key("signer"))
        for what in (("token",), ("token", "--alg", "EdDSA"), ("token", "--alg", "RS256"), ("token", "--alg", "PS256"), ("data",)):
            self.run("key", "new", "--purpose", *what, "--dir", self.keys / "idp", "--domain-key", self.domain_key("idp"))
        self.folder.chmod(0o700)
        self.publish()
        self.hand_over()
        self.responder_made.touch()
        self.done.touch()
        return True

    def publish(self):
        """Certificates, and the CRLs of the CAs that are kept apart."""
        for ca in ("root", "services", "citizens"):
            self.layout.write(self.pub / f"{ca}.crt", (self.folder / f"{ca}.crt").read_bytes())
        for ca in ("root", "services"):
            new = self.layout.state / "tmp" / f"{ca}.crl"
            self.run("crl", "--ca-dir", self.folder, "--passphrase-file", self.passphrase, "--ca", ca, "--out", new)
            self.layout.write(self.pub / f"{ca}.crl", new.read_bytes())
            new.unlink()
        self.layout.write(self.pub / "citizen.conf", (self.folder / "profiles/citizen.conf").read_bytes())

    def renew_responder(self):
        """The OCSP responder's next key, or its first in a stack that was made before there was one. keyd takes the one that began last."""
        for profile in ("ocsp", "citizen"):
            shutil.copy(ROOT / f"certs/profiles/{profile}.conf", self.folder / "profiles")
        self.run("issue", "--ca-dir", self.folder, "--profile", "ocsp", "--key-out", self.keys / "signer", "--ca-keys", self.keys / "signer", "--domain-key",
                 self.domain_key("signer"))
        self.publish()
        self.hand_over()
        self.responder_made.touch()

    def hand_over(self):
        """Each keyd owns its keys; nobody else can read even the sealed files."""
        for domain in ("idp", "signer"):
            owner = f"keyd-{domain}"
            self.layout.give(self.domain_key(domain), owner, 0o600)
            self.layout.give(self.keys / domain, owner, 0o700)
            for path in (self.keys / domain).iterdir():
                self.layout.give(path, owner, 0o600)
        self.keys.chmod(0o755)
