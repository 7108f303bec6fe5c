"""
A dossier with one large PDF, from upload to seal, while signerd's memory is watched.
Used by bench.py. The parties are tests/flow/antin_client.py's.
"""
import pathlib
import sys
import time

import procs
from layout import StackError

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "flow"))
import antin_client  # noqa: E402


def large_pdf(megabytes):
    """A PDF of one page whose content is a long comment: as many bytes to hash and to keep as a scan has."""
    content = b"BT /F1 12 Tf 72 720 Td (Don) Tj ET\n" + (b"% " + b"x" * 97 + b"\n") * (megabytes * 10000)
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
               b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
               b"<< /Length %d >>\nstream\n" % len(content) + content + b"\nendstream",
               b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]
    out, offsets = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"), []
    for i, o in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n" % i + o + b"\nendobj\n"
    xref = len(out)
    out += b"xref\n0 6\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % o for o in offsets)
    return bytes(out + b"trailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % xref)


def sign(stack, megabytes=20):
    """{size_mb, before_kb, peak_kb, peak_all_kb, seconds}: seconds from the first byte sent to the dossier's seal."""
    antin = antin_client.Stack(stack.layout.run / "stack.env")
    citizen = antin_client.ready_citizen(antin, antin_client.Officer(antin))
    token = antin_client.Portal(antin).login(citizen)["access_token"]
    dossiers, pdf = antin_client.Dossiers(antin, token), large_pdf(megabytes)
    dossier = dossiers.create()["id"]
    with procs.Peak(stack.daemons["signerd"].pid()) as peak:
        begin = time.monotonic()
        dossiers.put(dossier, "large.pdf", pdf, "application/pdf")
        citizen.sign(dossiers.submit(dossier)["sign_url"])
        state = dossiers.get(dossier)["state"]
        seconds = time.monotonic() - begin
    if state != "sealed":
        raise StackError(f"the large dossier is {state}, not sealed")
    return {"size_mb": megabytes, "before_kb": peak.before, "peak_kb": peak.kb, "peak_all_kb": peak.kb_all, "seconds": seconds}
