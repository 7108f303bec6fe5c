"""
The court's part of the demo: downloads a sealed dossier as one container with its own service client and runs antin-verify, which needs no server:
on the container, and on every file that unpacking it gives. Then it changes one byte of each, and looks at files whose signer's certificate was revoked.
"""
import datetime
import json
import pathlib
import shutil
import subprocess
import zipfile

import antin_client as antin
import foreign
import requests
from asn1crypto import cms, tsp  # noqa: F401 (tsp registers TSTInfo)

VERIFY = antin.ROOT / "build/bin/antin-verify"


def download(stack, dossier_id, folder):
    """Fetches the container, nothing else."""
    path = folder / "dossier.asice"
    path.write_bytes(antin.Dossiers(stack, antin.service_token(stack)).container(dossier_id))
    return path


def unpack(container, folder):
    """What the container holds, in folder: {component name: file to verify}, the manifest's last."""
    with zipfile.ZipFile(container) as z:
        z.extractall(folder, [n for n in z.namelist() if not n.startswith("META-INF/") and n != "mimetype"])
    manifest = json.loads((folder / "manifest.json").read_bytes())
    files = {c["name"]: folder / c["signature"]["name"] for c in manifest["components"]}
    return files | {"manifest.json": folder / "manifest.json.p7s"}


def verify(stack, files, crl=None, trust=None):
    """Runs antin-verify; returns (exit status, its report)."""
    command = [VERIFY, "--json", "--trust", trust or stack.trust_pem]
    if crl:
        command += ["--crl", crl]
    done = subprocess.run([str(a) for a in command + list(files)], capture_output=True, text=True, timeout=60)
    try:
        report = json.loads(done.stdout)
    except ValueError:
        report = {"files": [], "error": done.stdout + done.stderr}
    return done.returncode, report


def fetch_crl(stack, path):
    """The CRL of the citizens' CA as it is published now."""
    path.write_bytes(requests.get(stack.crl_url, timeout=antin.TIMEOUT).content)
    return path


def hour_before(path):
    """An hour before the signature's timestamp in this signed PDF, RFC 3339."""
    token, _ = foreign.timestamp_of(foreign.pades_parts(path.read_bytes())[1])
    info = cms.ContentInfo.load(token)["content"]["encap_content_info"]["content"].parsed
    return (info["gen_time"].native - datetime.timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")


def results(report):
    """One (file name, verdict, reason, signer, time, trust anchor) for each file of a report."""
    out = []
    for f in report.get("files", []):
        signatures = f["signatures"] or [{}]
        one = next((s for s in signatures if s.get("verdict") != "TOTAL-PASSED"), signatures[0])
        findings = [x["code"] for x in f["findings"] + one.get("findings", []) if x["severity"] != "remark"]
        out.append((pathlib.Path(f["file"]).name, f["verdict"], " ".join(filter(None, [f["sub_indication"], *dict.fromkeys(findings)])),
                    (one.get("signer") or {}).get("name"), one.get("best_signature_time"), one.get("trust_anchor")))
    return out


def changed(path, folder):
    """A copy of the signed thing with one byte changed: in a PDF in the middle of what was uploaded, beside a .p7s in the file that it signs."""
    twin = folder / path.name
    if path.suffix == ".asice":
        flip(path, twin, limit=2 * path.read_bytes().index(b"PK\x03\x04", 100))  # where the first document ends
    elif path.suffix == ".p7s":
        content = path.with_suffix("")
        shutil.copy(path, twin)
        flip(content, folder / content.name)
    else:
        flip(path, twin, limit=path.read_bytes().rindex(b"/ByteRange"))
    return twin


def flip(source, target, limit=None):
    data = bytearray(source.read_bytes())
    data[(limit or len(data)) // 2] ^= 0x01
    target.write_bytes(data)


def alone(stack, container, proofs):
    """The container with nothing beside it but the root certificate."""
    status, report = verify(stack, [container])
    signatures = report["files"][0]["signatures"] if report["files"] else []
    proofs.each("the container by itself is valid: each signature with timestamp and archive timestamp",
                [(s["signer"]["name"], s["verdict"] == "TOTAL-PASSED" and len(s["timestamps"]) == 2, f"{s['verdict']}, {len(s['timestamps'])} timestamps")
                 for s in signatures], " and ".join(s["signer"]["name"] for s in signatures))
    return status == 0 and len(signatures) == 2


def levels(report):
    """B-LTA PDFs have a document timestamp behind their signature."""
    return [(pathlib.Path(f["file"]).name, [s["kind"] for s in f["signatures"]] == ["PAdES", "PAdES-DOC-TIMESTAMP"], "signature, then document timestamp")
            for f in report["files"] if f["file"].endswith(".pdf")]


def part(stack, dossier_id, sent, folder, proofs):
    proofs.step(5, "The court downloads the container and verifies it offline")
    container = download(stack, dossier_id, folder)
    proofs.claim("one file holds the dossier", alone(stack, container, proofs), f"{container.name}, {container.stat().st_size:,} bytes")
    files = unpack(container, folder)
    proofs.each("it holds each component as uploaded", [(n, (folder / n).read_bytes() == data, f"{len(data):,} bytes") for n, data in sent.items()])
    status, report = verify(stack, files.values())
    if levels(report):
        proofs.each("its PDFs are PAdES-B-LTA", levels(report))
    (folder / "report.json").write_text(json.dumps(report, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    seen = results(report)
    proofs.each("antin-verify: each is valid, with who, when, which anchor",
                [(name, verdict == "TOTAL-PASSED" and signer and when and anchor, f"{verdict} {why or f'{signer}, {when}, under {anchor}'}")
                 for name, verdict, why, signer, when, anchor in seen],
                "; ".join(dict.fromkeys(f"{signer}, {when}, under {anchor}" for *_, signer, when, anchor in seen)))
    proofs.claim("and says so to scripts", status == 0 and len(seen) == len(files), f"exit {status}, {len(seen)} files{report.get('error', '')[:200]}")
    one_byte_changed(stack, files | {"the container": container}, folder / "changed", proofs)
    return files


def one_byte_changed(stack, files, twins, proofs):
    shutil.rmtree(twins, ignore_errors=True)
    twins.mkdir()
    status, report = verify(stack, [changed(f, twins) for f in files.values()])
    seen = results(report)
    proofs.each("one byte of each changed: each is invalid, by name",
                [(name, verdict == "TOTAL-FAILED", f"{verdict} {why}") for name, verdict, why, *_ in seen], "TOTAL-FAILED " + (seen[0][2] if seen else ""))
    proofs.claim("and says so to scripts", status == 1 and len(seen) == len(files), f"exit {status}")


def revoked(stack, before, after, folder, proofs):
    """before: file signed after the moment from which its certificate counts as revoked; after: signed earlier than that."""
    crl = fetch_crl(stack, folder / "citizens.crl")
    for path, claim, wanted, code in ((before, "certificate revoked before signing time: invalid", "TOTAL-FAILED", 1),
                                      (after, "revoked after signing time: still valid thanks to the timestamp", "TOTAL-PASSED", 0)):
        status, report = verify(stack, [path], crl)
        _, verdict, why, *_ = (results(report) or [("", "no report", report.get("error"))])[0]
        proofs.claim(claim, status == code and verdict == wanted, f"{path.name}: {verdict} {why}")
