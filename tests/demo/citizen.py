"""
The citizen's part of the demo: looks at each component on the review page, opens it, signs with the PIN; then what came of it is looked at.
"""
import hashlib
import json
from urllib.parse import unquote, urlsplit


def sign(citizen, answer, sent, proofs):
    proofs.step(4, "The citizen looks at each component and signs")
    page = citizen.review(answer["sign_url"])
    proofs.claim("the review page asks for the PIN", page.status == 200 and page.has_form("pin"), f"{page.status} {urlsplit(page.url).path}")
    words, links, seen = page.words(), page.links(), []
    for name, data in sent.items():
        digest = hashlib.sha256(data).hexdigest()
        link = next((u for u in links if unquote(urlsplit(u).path).split("/")[-1] == name), None)
        opened = citizen.browser.open(link).response.content if link else b""
        shown = name in words and digest in words.replace(" ", "")
        seen.append((name, shown and opened == data, "name and digest shown, opens as uploaded" if opened == data else f"link {link}"))
    proofs.each("each component is shown with its digest and can be opened", seen, "the same bytes as uploaded")
    wrong = citizen.sign(answer["sign_url"], pin="".join(str(9 - int(d)) for d in citizen.person.pin))
    proofs.claim("a wrong PIN signs nothing", wrong.status in (200, 403, 422) and wrong.has_form("pin"), f"{wrong.status}, the page asks again")
    page = citizen.review(answer["sign_url"]).form("pin").submit({"pin": citizen.person.pin})
    return proofs.claim("signed with the right PIN", page.status == 200, f"{page.status} {urlsplit(page.url).path}")


def looked_at(api, answer, sent, proofs):
    """What the dossier became; the portal looks with its own token."""
    state = api.get(answer["id"])
    proofs.claim("the dossier is sealed", state["state"] == "sealed", state["state"])
    levels = [(c["name"], c["level_reached"] == c["level"] == "B-LTA", f"{c['signature_kind']}, {c['level_reached']}") for c in state["components"]]
    proofs.each("every signature has reached the level for decades", levels + [("the container", state["level_reached"] == "B-LTA", state["level_reached"])], "B-LTA")
    pades, cades = [], []
    for name, data in sent.items():
        if data[:5] == b"%PDF-":
            signed = api.component(answer["id"], name, "signed")
            ok = signed[: len(data)] == data and b"/ETSI.CAdES.detached" in signed[len(data):]
            pades.append((name, ok, f"PAdES: {len(signed) - len(data):,} bytes appended, the original untouched"))
        else:
            p7s = api.component(answer["id"], name, "signature")
            cades.append((name, p7s[:1] == b"\x30", f"CAdES: {len(p7s):,} bytes beside it"))
    for what, items in (("PDFs became PAdES, their bytes untouched", pades), ("everything else got a detached CAdES signature", cades)):
        if items:
            proofs.each(what, items, ", ".join(name for name, *_ in items))
    raw = api.manifest(answer["id"])
    manifest = json.loads(raw)
    again = json.dumps(manifest, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    proofs.claim("the manifest is canonical JSON (RFC 8785)", raw == again, f"{len(raw)} bytes, serialised anew by Python: identical")
    components = {c["name"]: c for c in manifest["components"]}
    right = set(components) == set(sent) and all(
        c["size"] == len(sent[n]) and c["sha256"] == hashlib.sha256(sent[n]).hexdigest() and c["sha512"] == hashlib.sha512(sent[n]).hexdigest()
        for n, c in components.items())
    proofs.claim("the manifest names every component with size and digests", right, f"{len(components)} components")
    return raw
