"""
What the tests of the signing service share: vectors, a signed dossier, foreign programs that verify.
Used by test_signer_*.py.
"""
import json
import os
import pathlib
import re
import subprocess
import tempfile
import time

import antin_client as antin
import requests

VECTORS = antin.ROOT / "tests/vectors"
TOOLS = antin.ROOT / os.environ.get("ANTIN_BUILD", "build") / "bin"
DEMO = VECTORS / "demo"
FILES = {"to-khai.pdf": "application/pdf", "xac-nhan-cu-tru.pdf": "application/pdf", "tap-tai-lieu.pdf": "application/pdf",
         "to-khai.xml": "application/xml", "anh-chan-dung.jpg": "image/jpeg"}
SMALL_PDF = (VECTORS / "broken/odd-small.pdf").read_bytes()


def api_of(stack, citizen, scope="openid profile dossier"):
    """The dossier API with a fresh token of this citizen."""
    tokens = antin.Portal(stack, scope=scope).login(citizen)
    api = antin.Dossiers(stack, tokens["access_token"])
    api.citizen = citizen
    return api


def with_catalog(entries):
    """SMALL_PDF with more in its catalog; the table of objects follows."""
    head, rest = SMALL_PDF.split(b"/Type /Catalog", 1) if b"/Type /Catalog" in SMALL_PDF else SMALL_PDF.split(b"/Type/Catalog", 1)
    data = head + b"/Type /Catalog " + entries + b" " + rest
    table = data.index(b"\nxref\n") + 1
    objects = {int(m.group(1)): m.start() for m in re.finditer(rb"(?m)^(\d+) 0 obj", data[:table])}
    rows = b"".join(b"%010d 00000 n \n" % objects[n] for n in sorted(objects))
    trailer = re.search(rb"trailer\s*(<<.*?>>)\s*startxref", data[table:], re.S).group(1)
    return data[:table] + b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1) + rows + b"trailer\n" + trailer + b"\nstartxref\n%d\n%%%%EOF\n" % table


def filled(api, files=None, **more):
    """A submitted dossier: (id, sign_url). files: name -> (bytes, type)."""
    dossier = api.create(**more)["id"]
    for name, (data, kind) in (files or {"don.pdf": (SMALL_PDF, "application/pdf"), "ghi-chu.txt": ("Xin chào".encode(), "text/plain")}).items():
        api.put(dossier, name, data, kind)
    return dossier, api.submit(dossier)["sign_url"]


def signed(api, files=None, **more):
    """A sealed dossier's id."""
    dossier, url = filled(api, files, **more)
    page = api.citizen.sign(url)
    assert page.status == 200 and api.get(dossier)["state"] == "sealed", page.words()[:400]
    return dossier


def code_of(response):
    return response.json()["code"]


def problem(response, status, code):
    """RFC 9457 from top to bottom."""
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"].startswith("application/problem+json")
    body = response.json()
    assert body["code"] == code and body["type"].endswith(code) and body["status"] == status and body["title"] and body["instance"]
    return body


def run(*argv):
    return subprocess.run([str(a) for a in argv], capture_output=True, text=True, timeout=60, check=False)


def rows(stack, sql):
    """What the database says, as its owner; one value a line."""
    done = run("psql", "-XAtq", f"host={stack.pghost} port={stack.pgport} dbname={stack.pgdatabase} user={stack.get('PGUSER', 'postgres')} "
               f"passfile={stack.get('PGPASSFILE', '')}", "-c", sql)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def verified(stack, *paths):
    """antin-verify with the root certificate and nothing else: (exit status, report of each file by its name)."""
    answer = run(TOOLS / "antin-verify", "--json", "--trust", stack.trust_pem, *paths)
    return answer.returncode, {pathlib.Path(f["file"]).name: f for f in json.loads(answer.stdout)["files"]}


class Court:
    """Somebody who has the files and the root certificate, and nothing of ours but these."""

    def __init__(self, stack):
        self.stack, self.folder = stack, pathlib.Path(tempfile.mkdtemp(prefix="antin-court-"))
        self.nss = self.folder / "nss"
        self.nss.mkdir()
        run("certutil", "-N", "-d", f"sql:{self.nss}", "--empty-password")
        run("certutil", "-A", "-d", f"sql:{self.nss}", "-n", "root", "-t", "CT,C,C", "-i", stack.trust_pem)

    def write(self, name, data):
        path = self.folder / name
        path.write_bytes(data)
        return path

    def pdfsig(self, data):
        """What poppler prints (its exit status says nothing)."""
        return run("pdfsig", "-nssdir", f"sql:{self.nss}", self.write("a.pdf", data)).stdout

    def cms_ok(self, data, p7s):
        """`openssl cms -verify -cades`, with the chain inside the signature and the root alone as trust."""
        done = run("openssl", "cms", "-verify", "-cades", "-binary", "-inform", "DER", "-in", self.write("a.p7s", p7s), "-content",
                   self.write("a.bin", data), "-purpose", "any", "-CAfile", self.stack.trust_pem, "-out", "/dev/null")
        return done.returncode == 0


def wait_until(test, seconds=20):
    start = time.monotonic()
    while time.monotonic() - start < seconds:
        try:
            if test():
                return
        except requests.RequestException:
            pass
        time.sleep(0.1)
    raise AssertionError("it never came to pass")
