"""
The last part of the demo: the same files checked by programs that nobody here wrote: pdfsig (poppler), openssl cms, openssl ts, qpdf.
The timestamp token is cut out of the signature by python3-asn1crypto.
Each program is shown a changed file too: a check that cannot fail proves nothing.
"""
import re
import shutil
import subprocess

from asn1crypto import cms

import requests

TIMESTAMP_TOKEN = "1.2.840.113549.1.9.16.2.14"  # id-aa-signatureTimeStampToken, RFC 3161 appendix A


def run(*command, **kw):
    done = subprocess.run([str(c) for c in command], capture_output=True, timeout=60, **kw)
    return done.returncode, (done.stdout + done.stderr).decode("utf-8", "replace")


def nss_database(folder, trust_pem):
    """An NSS database that trusts our root, for pdfsig; None without certutil (libnss3-tools)."""
    if not shutil.which("certutil"):
        return None
    db = folder / "nss"
    shutil.rmtree(db, ignore_errors=True)
    db.mkdir()
    run("certutil", "-N", "-d", f"sql:{db}", "--empty-password")
    code, _ = run("certutil", "-A", "-d", f"sql:{db}", "-n", "antin-root", "-t", "C,C,C", "-i", trust_pem)
    return db if code == 0 else None


def pdfsig(path, db):
    """pdfsig exits 0 even on a mismatch, so its words count: (signature valid, certificate trusted, whole document, signer)."""
    _, words = run("pdfsig", *(["-nssdir", db] if db else []), path)
    return ("Signature is Valid." in words, "Certificate is Trusted." in words, "Total document signed" in words,
            (re.search(r"Signer Certificate Common Name: (.*)", words) or [None, "?"])[1])


def pdfsig_item(path, db):
    valid, trusted, whole, signer = pdfsig(path, db)
    return (path.name, valid and whole and (trusted or db is None),
            f"Signature is {'' if valid else 'NOT '}Valid, certificate {'' if trusted else 'not '}trusted, "
            f"{'total' if whole else 'NOT the whole'} document signed, {signer}")


def qpdf_item(path):
    code, words = run("qpdf", "--check", path)
    return path.name, code == 0, "no errors" if code == 0 else words[-120:]


def said(words):
    """The line that tells the verdict, without file names, warnings and addresses."""
    lines = [w for w in words.splitlines() if "erification" in w and not w.startswith("Warning")] or words.strip().splitlines()[-1:]
    return lines[0].strip()[:90] if lines else "nothing"


def pades_parts(data):
    """(bytes that are signed, CMS) of a PDF's last signature, by its ByteRange (ISO 32000-1 §12.8.1); a document timestamp behind it is none."""
    at = data.rindex(b"/ETSI.CAdES.detached")
    a, b, c, d = map(int, re.search(rb"/ByteRange\s*\[\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s*\]", data[at:]).groups())
    der = bytes.fromhex(data[a + b:c].strip(b"<> \r\n").decode())
    return data[a:a + b] + data[c:c + d], cms.ContentInfo.load(der, strict=False).dump()


def openssl_cms(signature, content, trust_pem):
    """-purpose any: the signers' certificates are for signing documents, not for S/MIME."""
    return run("openssl", "cms", "-verify", "-cades", "-binary", "-purpose", "any", "-inform", "DER", "-in", signature, "-content", content,
               "-CAfile", trust_pem, "-out", "/dev/null")


def openssl_ts(work, trust_pem):
    """Is token.der a timestamp over value.bin?"""
    return run("openssl", "ts", "-verify", "-in", work / "token.der", "-token_in", "-data", work / "value.bin", "-CAfile", trust_pem,
               "-untrusted", work / "chain.pem")


def timestamp_of(signature_der):
    """(token, signature value that it stamps)."""
    signer = cms.ContentInfo.load(signature_der)["content"]["signer_infos"][0]
    for attribute in signer["unsigned_attrs"]:
        if attribute["type"].dotted == TIMESTAMP_TOKEN:
            return attribute["values"][0].dump(), signer["signature"].native
    raise ValueError("no timestamp")


def changed(path, work):
    """One byte changed where it is signed: in a PDF well before the signature's own field."""
    data = bytearray(path.read_bytes())
    at = data.rindex(b"/ByteRange") if path.suffix == ".pdf" else len(data)
    data[at // 2] ^= 0x01
    twin = work / ("changed-" + path.name)
    twin.write_bytes(data)
    return twin


def signature_and_content(name, path, work):
    """As openssl wants them: a DER file and the bytes it signs."""
    if path.suffix == ".p7s":
        return path, path.with_suffix("")
    content, der = pades_parts(path.read_bytes())
    signature, signed = work / (name + ".p7s"), work / (name + ".signed-bytes")
    signature.write_bytes(der)
    signed.write_bytes(content)
    return signature, signed


def part(stack, files, folder, proofs):
    proofs.step(6, "Programs that nobody here wrote check the same files")
    work = folder / "foreign"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    trust = stack.trust_pem
    db = nss_database(work, trust)
    pdfs = [p for p in files.values() if p.suffix == ".pdf"]
    if pdfs:
        proofs.each("pdfsig", (pdfsig_item(p, db) for p in pdfs), "signature valid, certificate trusted, total document signed")
        proofs.each("qpdf --check", (qpdf_item(p) for p in pdfs), "no errors")
    signatures, stamps = [], []
    for name, path in files.items():
        signature, content = signature_and_content(name, path, work)
        code, words = openssl_cms(signature, content, trust)
        signatures.append((name, code == 0 and "Verification successful" in words, said(words)))
        token, value = timestamp_of(signature.read_bytes())
        (work / "token.der").write_bytes(token)
        (work / "value.bin").write_bytes(value)
        chain = work / "chain.pem"
        chain.write_text(run("openssl", "pkcs7", "-inform", "DER", "-in", work / "token.der", "-print_certs")[1])
        code, words = openssl_ts(work, trust)
        stamps.append((name, code == 0 and "Verification: OK" in words, said(words)))
    proofs.each("openssl cms -verify -cades: PAdES, CAdES and seal", signatures, "CAdES verification successful")
    proofs.each("openssl ts -verify: the timestamp in each signature", stamps, "Verification: OK")
    fresh_timestamp(stack, next(iter(files.values())), work, proofs)
    must_fail(stack, files, work, db, proofs)


def fresh_timestamp(stack, path, work, proofs):
    """A query made by openssl, answered by our service, verified by openssl."""
    query, reply = work / "query.tsq", work / "reply.tsr"
    run("openssl", "ts", "-query", "-data", path, "-sha512", "-cert", "-out", query)
    answer = requests.post(stack.tsa_url, data=query.read_bytes(), headers={"Content-Type": "application/timestamp-query"}, timeout=30)
    reply.write_bytes(answer.content)
    code, words = run("openssl", "ts", "-verify", "-queryfile", query, "-in", reply, "-CAfile", stack.trust_pem)
    if code:  # the services' CA may have to be named
        code, words = run("openssl", "ts", "-verify", "-queryfile", query, "-in", reply, "-CAfile", stack.trust_pem, "-untrusted", work / "chain.pem")
    proofs.claim("openssl ts: a timestamp fetched from /tsa", code == 0 and "Verification: OK" in words, said(words))


def must_fail(stack, files, work, db, proofs):
    pdf = next((p for p in files.values() if p.suffix == ".pdf"), None)
    if pdf:
        valid, *_ = pdfsig(changed(pdf, work), db)
        proofs.claim(f"pdfsig refuses {pdf.name} with one byte changed", not valid, "signature invalid" if not valid else "still valid")
    signature, content = signature_and_content(*next(iter(files.items())), work)
    code, words = openssl_cms(signature, changed(content, work), stack.trust_pem)
    proofs.claim("openssl cms refuses changed content", code != 0, said(words))
    (work / "value.bin").write_bytes(b"another signature value")
    code, words = openssl_ts(work, stack.trust_pem)
    proofs.claim("openssl ts refuses the token for another signature", code != 0, said(words))
