"""
The judges of the matrix of formats: one column a program. A judge raises Refused with the program's words, or returns, which is a pass; what it looks at is told
in docs/formats.md. Nothing but a pass counts as a pass.
"""
import base64
import json
import re
import subprocess
import zipfile

from asn1crypto import cms
from cryptography import x509
from jwcrypto import jwk, jws
from lxml import etree

from formats.rows import ADD, BUILD

DS, XADES = "{http://www.w3.org/2000/09/xmldsig#}", "{http://uri.etsi.org/01903/v1.3.2#}"
ASIC = "{http://uri.etsi.org/02918/v1.2.1#}"
TST_INFO = "1.2.840.113549.1.9.16.1.4"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"


class Refused(Exception):
    """A program does not accept the file; str() has its words."""


def run(*argv, cwd=None):
    done = subprocess.run([str(a) for a in argv], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, cwd=cwd,
                          check=False)
    return done.returncode, done.stdout.decode(errors="replace")


def need(condition, words):
    if not condition:
        raise Refused(words.strip()[-1500:])


class Judges:
    """Everybody who is asked, on one authority's files. peers: what peers.py started, None where it is away."""

    def __init__(self, pki, dss, pyhanko):
        self.pki, self.dss, self.pyhanko = pki, dss, pyhanko
        self.root = pki.folder / "root.pem"
        self.nss = pki.folder / "nss"
        self.nss.mkdir(exist_ok=True)
        run("certutil", "-N", "-d", f"sql:{self.nss}", "--empty-password")
        run("certutil", "-A", "-d", f"sql:{self.nss}", "-n", "root", "-t", "CT,C,C", "-i", self.root)

    # --- ours ---

    def antin_verify(self, made):
        crls = []
        if made.row.online:  # antin-verify asks nobody: the lists are handed to it
            for name in ("root", "persons", "services"):
                (self.pki.folder / f"{name}.crl").write_bytes(self.pki.answers.get(f"/{name}.crl")[1])
                crls += ["--crl", self.pki.folder / f"{name}.crl"]
        content = ["--content", made.contents[0]] if made.contents else []
        status, words = run(BUILD / "bin/antin-verify", "--trust", self.root, *crls, *content, "--json", made.path)
        need(status == 0 and json.loads(words)["verdict"] == "TOTAL-PASSED", words)

    # --- PDF ---

    def pdfsig(self, made):
        status, words = run("pdfsig", "-nssdir", f"sql:{self.nss}", made.path)
        persons = [s for s in words.split("Signature #")[1:] if "ETSI.CAdES.detached" in s]
        need(status == 0 and persons, words)
        for s in persons:
            need("Signature is Valid." in s and "Certificate is Trusted." in s, words)

    def qpdf(self, made):
        status, words = run("qpdf", "--check", made.path)
        need(status == 0 and "No syntax or stream encoding errors found" in words, words)

    def mutool(self, made):
        status, words = run("mutool", "draw", "-q", "-F", "pam", "-r", "20", "-o", self.pki.folder / "page.pam", made.path)
        need(status == 0 and not words.replace("warning: ICC support is not available", "").strip(), words)
        status, words = run("mutool", "sign", "-v", made.path)
        need(status == 0 and re.search(r"signature is valid|unchanged since signing", words) and "Digest error" not in words, words)

    # --- openssl: every CMS signature and every time-stamp ---

    def openssl(self, made):
        count = sum(1 for check in OPENSSL[made.row.family](self, made) if check is not None)
        need(count or made.row.level == "B-B", "nothing was found to check")

    def cms_signature(self, der, content):
        """`openssl cms -verify -cades`, then the time-stamp over the signature value."""
        p7s, data = self.write("check.p7s", der), self.write("check.bin", content or b"")
        extra = ["-content", data] if content is not None else []
        status, words = run("openssl", "cms", "-verify", "-cades", "-binary", "-purpose", "any", "-inform", "DER", "-in", p7s, *extra, "-CAfile", self.root,
                            "-out", "/dev/null")
        need(status == 0, words)
        yield True
        signer = cms.ContentInfo.load(der)["content"]["signer_infos"][0]
        for attribute in signer["unsigned_attrs"]:
            if attribute["type"].native == "signature_time_stamp_token":
                yield self.token(attribute["values"][0].dump(), signer["signature"].native)

    def token(self, der, data):
        status, words = run("openssl", "ts", "-verify", "-token_in", "-in", self.write("check.tst", der), "-data", self.write("check.bin", data), "-CAfile", self.root)
        need(status == 0 and "Verification: OK" in words, words)
        return True

    def write(self, name, data):
        path = self.pki.folder / name
        path.write_bytes(data)
        return path

    def in_pdf(self, made):
        pdf = made.path.read_bytes()
        for a, b, c, d in re.findall(rb"/ByteRange\s*\[\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s*\]", pdf):
            a, b, c, d = int(a), int(b), int(c), int(d)
            der, data = bytes.fromhex(pdf[b + 1:c - 1].decode()), pdf[a:b] + pdf[c:c + d]
            der = der[:len(cms.ContentInfo.load(der).dump())]  # the rest of the placeholder is zeros
            if cms.ContentInfo.load(der)["content"]["encap_content_info"]["content_type"].dotted == TST_INFO:
                yield self.token(der, data)
            else:
                yield from self.cms_signature(der, data)

    def in_cms(self, made):
        yield from self.cms_signature(made.path.read_bytes(), made.contents[0].read_bytes() if made.contents else None)

    def in_xml(self, made):
        yield from self.stamps_of_xml(made.path.read_bytes())

    def stamps_of_xml(self, text):
        root = etree.fromstring(text, etree.XMLParser(resolve_entities=False, no_network=True))
        for stamp in root.iter(XADES + "SignatureTimeStamp"):
            need(stamp.find(DS + "CanonicalizationMethod").get("Algorithm") == EXCLUSIVE, "another canonical form than exclusive")
            value = etree.tostring(next(stamp.iterancestors(DS + "Signature")).find(DS + "SignatureValue"), method="c14n", exclusive=True, with_tail=False)
            yield self.token(base64.b64decode(stamp.find(XADES + "EncapsulatedTimeStamp").text), value)

    def in_container(self, made):
        with zipfile.ZipFile(made.path) as z:
            need(z.testzip() is None and z.namelist()[0] == "mimetype", "not a container")
            names = [n for n in z.namelist() if n.startswith("META-INF/")]
            lists = [n for n in names if "ASiCManifest" in n]
            archives = [n for n in names if "ASiCArchiveManifest" in n]
            covered = {etree.fromstring(z.read(n)).find(ASIC + "SigReference").get("URI"): n for n in archives}
            content = z.read(lists[0]) if lists else z.read(next(n for n in z.namelist() if n != "mimetype" and n not in names))
            for n in names:
                if n.endswith(".p7s"):
                    yield from self.cms_signature(z.read(n), content)
                elif n.endswith(".tst"):
                    yield self.token(z.read(n), z.read(covered[n]) if n in covered else content)
                elif "signatures" in n and n.endswith(".xml"):
                    yield from self.stamps_of_xml(z.read(n))

    # --- XML ---

    def xmlsec1(self, made):
        folder, documents = made.path.parent, [made.path]
        if made.row.family == "ASiC-E":
            folder = made.path.parent / "unpacked"
            with zipfile.ZipFile(made.path) as z:
                z.extractall(folder)
            documents = sorted((folder / "META-INF").glob("signatures*.xml"))
        need(documents, "no signature")
        for d in documents:
            status, words = run("xmlsec1", "--verify", *XMLSEC, "--trusted-pem", self.root, "--untrusted-pem", self.pki.folder / "chain.pem", d, cwd=folder)
            need(status == 0, words)

    # --- JSON ---

    def jwcrypto(self, made):
        """The plain JWS, by the certificate inside; what ETSI adds is a header that may be critical."""
        text = made.path.read_text(encoding="utf-8")
        if made.contents:
            text = json.dumps({"payload": "", **json.loads(text)})  # this one knows no detached payload
        known = {name: jws.JWSEHeaderParameter(name, True, True, None) for name in ("sigT", "sigD")}
        token = jws.JWS(header_registry=known)
        token.deserialize(text)
        head = json.loads(token.objects["protected"])
        cert = x509.load_der_x509_certificate(base64.b64decode(head["x5c"][0]))
        try:
            token.verify(jwk.JWK.from_pyca(cert.public_key()))
        except jws.InvalidJWSSignature as e:
            raise Refused(repr(e)) from e

    # --- libraries ---

    def ask(self, peer, made):
        try:
            return peer.ask("validate", self.root, "online" if made.row.online else "offline", made.path, *made.contents)
        except ValueError as e:
            raise Refused(str(e)) from e

    def pyhanko_says(self, made):
        """The signature is good and so is what its level adds; archive time-stamps of CAdES are unknown to it."""
        words = self.ask(self.pyhanko, made)
        level = "B-LT" if made.row.family == "CAdES" and made.row.level == "B-LTA" else made.row.level
        count = 2 if made.row.family == "PAdES" and made.row.format.then else 1
        need(words == [f"TOTAL_PASSED|{level}|"] * count, " ".join(words))

    def bouncycastle(self, made):
        """The record covers the file, and its last time-stamp is the authority's."""
        try:
            self.dss.ask("record", self.pki.folder / "tsa.pem", made.path, made.contents[0])
        except ValueError as e:
            raise Refused(str(e)) from e

    def dss_says(self, made):
        """Every signature, time-stamp and evidence record is good, and the level has the name it should have."""
        words = self.ask(self.dss, made)
        alone = made.row.format.dss == ""
        levels = [w.split("|")[1] for w in words if not w.startswith(("TST|", "ER|"))]
        count = 2 if made.row.format.then else 1
        need(alone or levels == [f"{made.row.format.dss}-{made.row.level[2:]}"] * count, " ".join(words))
        need(words and all(DSS_PASS.match(w) for w in words), " ".join(words))


OPENSSL = {"PAdES": Judges.in_pdf, "CAdES": Judges.in_cms, "XAdES": Judges.in_xml, "ASiC-E": Judges.in_container, "ASiC-S": Judges.in_container}
XMLSEC = ["--id-attr:Id", "http://uri.etsi.org/01903/v1.3.2#:SignedProperties", "--id-attr:Id", "http://www.w3.org/2000/09/xmldsig#:Object"]
DSS_PASS = re.compile(r"(TOTAL_PASSED\|[^|]*\|\||TST\|(TOTAL_)?PASSED\|$|ER\|(TOTAL_)?PASSED\|$)")

# Algorithms that a program does not know. EU DSS verifies Ed25519, but the policy it comes with does not list it (ETSI TS 119 312).
UNKNOWN = {
    "pdfsig": ("ECDSA, SHA3-256", "Ed25519"),
    "mutool": ("RSASSA-PSS", "Ed25519"),
    "openssl": ("Ed25519",),
    "xmlsec1": ("ECDSA, SHA3-256", "RSASSA-PSS", "Ed25519"),
    "EU DSS": ("Ed25519",),
}
# A program, what it is asked about, and its judge. peer: the library that may be away.
COLUMNS = {
    "antin-verify": (lambda row: True, Judges.antin_verify, None),
    "pdfsig": (lambda row: row.family == "PAdES", Judges.pdfsig, None),
    "qpdf": (lambda row: row.family == "PAdES", Judges.qpdf, None),
    "mutool": (lambda row: row.family == "PAdES", Judges.mutool, None),
    "openssl": (lambda row: row.family not in ("JAdES", "Evidence") and ("XAdES" not in str(row) or row.level != "B-B"), Judges.openssl, None),
    "xmlsec1": (lambda row: "XAdES" in str(row), Judges.xmlsec1, None),
    "jwcrypto": (lambda row: row.family == "JAdES", Judges.jwcrypto, None),
    "pyHanko": (lambda row: row.family == "PAdES" or (row.family == "CAdES" and row.format.then != ADD), Judges.pyhanko_says, "pyhanko"),
    "BouncyCastle": (lambda row: row.family == "Evidence", Judges.bouncycastle, "dss"),
    "EU DSS": (lambda row: True, Judges.dss_says, "dss"),
}


def asked(row, column):
    """Does the program read this at all?"""
    return COLUMNS[column][0](row) and row.key not in UNKNOWN.get(column, ())
