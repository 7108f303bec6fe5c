"""
The court's part of the demo: downloads a sealed dossier with its own service client and runs antin-verify, which needs no server.
Then it changes one byte of each file, and looks at files whose signer's certificate was revoked.
"""
import datetime
import json
import pathlib
import shutil
import subprocess

import antin_client as antin
import foreign
import requests
from asn1crypto import cms, tsp  # noqa: F401 (tsp registers TSTInfo)

VERIFY = antin.ROOT / "build/bin/antin-verify"


def download(stack, dossier_id, names, folder):
    """Fetches every signed file into folder; returns {component name: file to verify}, the manifest's last."""
    api = antin.Dossiers(stack, antin.service_token(stack))
    files = {}
    for name, is_pdf in names.items():
        stem = name[:-4] if name.lower().endswith(".pdf") else name
        (folder / name).write_bytes(api.component(dossier_id, name))
        if is_pdf:
            files[name] = folder / f"{stem}.signed.pdf"
            files[name].write_bytes(api.component(dossier_id, name, "signed"))
        else:
            files[name] = folder / f"{name}.p7s"
            files[name].write_bytes(api.component(dossier_id, name, "signature"))
    (folder / "manifest.json").write_bytes(api.manifest(dossier_id))
    files["manifest.json"] = folder / "manifest.json.p7s"
    files["manifest.json"].write_bytes(api.manifest_signature(dossier_id))
    return files


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
    if path.suffix == ".p7s":
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


def part(stack, dossier_id, names, folder, proofs):
    proofs.step(5, "The court downloads the files and verifies them offline")
    files = download(stack, dossier_id, names, folder)
    status, report = verify(stack, files.values())
    (folder / "report.json").write_text(json.dumps(report, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    seen = results(report)
    proofs.each("antin-verify: each is valid, with who, when, which anchor",
                [(name, verdict == "TOTAL-PASSED" and signer and when and anchor, f"{verdict} {why or f'{signer}, {when}, under {anchor}'}")
                 for name, verdict, why, signer, when, anchor in seen],
                "; ".join(dict.fromkeys(f"{signer}, {when}, under {anchor}" for *_, signer, when, anchor in seen)))
    proofs.claim("and says so to scripts", status == 0 and len(seen) == len(files), f"exit {status}, {len(seen)} files{report.get('error', '')[:200]}")
    one_byte_changed(stack, files, folder / "changed", proofs)
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
