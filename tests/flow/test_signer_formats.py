"""
Formats and levels: what a portal asks for, what it gets, and what is said of it. A sealed dossier is one container that verifies with nothing else at hand.
ETSI EN 319 122-1, 319 132-1, 319 142-1, 319 162-1.
"""
import io
import json
import os
import pathlib
import zipfile

import antin_client as antin
import pytest
from signer_kit import DEMO, FILES, SMALL_PDF, Court, api_of, filled, problem, rows, run, signed, verified

LEVELS = ["B-B", "B-T", "B-LT", "B-LTA"]


@pytest.fixture(scope="module")
def court(stack):
    return Court(stack)


@pytest.fixture(scope="module")
def done(stack, shared_citizen):
    api = api_of(stack, antin.Citizen(stack, shared_citizen))
    api.files = {name: ((DEMO / name).read_bytes(), kind) for name, kind in FILES.items()}
    api.dossier = signed(api, api.files)
    return api


def unpacked(court, data):
    """What unzip finds in a container, in a folder of its own."""
    folder = court.folder / os.urandom(4).hex()
    with zipfile.ZipFile(io.BytesIO(data)) as z:
        assert z.testzip() is None
        z.extractall(folder, [n for n in z.namelist() if not n.startswith("META-INF/") and n != "mimetype"])
    return folder


def stamps(report):
    return [len(s["timestamps"]) for s in report["signatures"]]


# --- what comes without asking ---

def test_pdfs_are_pades_everything_else_cades_the_dossier_a_container_all_b_lta(done):
    state = done.get(done.dossier)
    assert (state["format"], state["level"], state["level_reached"]) == ("asic-e", "B-LTA", "B-LTA")
    for c in state["components"]:
        assert c["signature_kind"] == ("pades" if c["name"].endswith(".pdf") else "cades")
        assert (c["level"], c["level_reached"]) == ("B-LTA", "B-LTA"), c


def test_the_container_verifies_with_nothing_else_at_hand(stack, done, court):
    path = court.write("dossier.asice", done.container(done.dossier))
    status, report = verified(stack, path)
    assert status == 0 and report[path.name]["verdict"] == "TOTAL-PASSED", report
    citizen, service = report[path.name]["signatures"]
    assert citizen["signer"]["name"] == done.citizen.person.name and "Seal" in service["signer"]["name"]
    assert all(len(s["timestamps"]) == 2 for s in (citizen, service)), "a signature timestamp and an archive timestamp"


def test_it_holds_all_components_all_signatures_and_the_sealed_manifest(stack, done, court):
    folder = unpacked(court, done.container(done.dossier))
    manifest = json.loads((folder / "manifest.json").read_bytes())
    assert {p.name for p in folder.iterdir()} == {"manifest.json", "manifest.json.p7s"} | {
        name for c in manifest["components"] for name in (c["name"], c["signature"]["name"])}
    for name, (data, _) in done.files.items():
        assert (folder / name).read_bytes() == data
    status, report = verified(stack, folder)
    assert status == 0 and all(f["verdict"] == "TOTAL-PASSED" for f in report.values()), report
    assert len(report) >= len(done.files) + 1


def test_digidoc_programs_find_what_they_look_for(done):
    """EN 319 162-1 §A.1, §4.4.3: mimetype first and stored, the OpenDocument manifest, signatures*.xml."""
    data = done.container(done.dossier)
    assert data[30:69] == b"mimetypeapplication/vnd.etsi.asic-e+zip"[:39]
    with zipfile.ZipFile(io.BytesIO(data)) as z:
        names = z.namelist()
        manifest = z.read("META-INF/manifest.xml").decode()
    assert names[0] == "mimetype" and {"META-INF/signatures0.xml", "META-INF/signatures1.xml"} <= set(names)
    payload = [n for n in names if not n.startswith("META-INF/") and n != "mimetype"]
    assert manifest.count("<manifest:file-entry") == len(payload) + 1


def test_the_same_dossier_gives_the_same_container(done):
    assert done.container(done.dossier) == done.container(done.dossier)


@pytest.mark.parametrize("where", ["to-khai.xml", "manifest.json", "to-khai.signed.pdf", "META-INF/signatures0.xml"])
def test_a_changed_byte_is_found_wherever_it_is(stack, done, court, where):
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(done.container(done.dossier))) as old, zipfile.ZipFile(out, "w") as new:
        for info in old.infolist():
            data = bytearray(old.read(info))
            if info.filename == where:
                at = data.rindex(b"<ds:DigestValue>") + 20 if where.endswith("0.xml") else len(data) // 2
                data[at] ^= 1
            new.writestr(info.filename, bytes(data))
    path = court.write("changed.asice", out.getvalue())
    status, report = verified(stack, path)
    assert status == 1 and report[path.name]["verdict"] == "TOTAL-FAILED", report


def test_poppler_sees_the_signature_and_an_unknown_timestamp_only(done, court):
    data = done.component(done.dossier, "to-khai.pdf", "signed")
    assert data.count(b"/Type /DocTimeStamp") == 1 and data.count(b"/Type /DSS") == 1
    assert "Signature is Valid." in court.pdfsig(data)
    assert run("qpdf", "--check", court.write("lta.pdf", data)).returncode == 0


# --- what is asked for ---

@pytest.mark.parametrize("level", LEVELS)
def test_each_format_at_each_level(stack, shared_citizen, court, level):
    api = api_of(stack, antin.Citizen(stack, shared_citizen))
    dossier = api.create(level=level)["id"]
    wish = {"a.pdf": "pades", "b.pdf": "cades", "c.xml": "xades", "d.txt": "cades", "ê 1.pdf": "xades"}
    for name, form in wish.items():
        data = SMALL_PDF if name.endswith(".pdf") else b"<a/>"
        made = api.put(dossier, name, data, "application/pdf" if name.endswith(".pdf") else "application/octet-stream", format=form, level=level)
        assert (made["signature_kind"], made["level"]) == (form, level) and "level_reached" not in made
    assert api.citizen.sign(api.submit(dossier)["sign_url"]).status == 200
    state = api.get(dossier)
    assert (state["level"], state["level_reached"]) == (level, level)
    assert all(c["level_reached"] == level for c in state["components"])
    folder = unpacked(court, api.container(dossier))
    _, report = verified(stack, folder)
    told = {"a.signed.pdf": None, "b.pdf.p7s": None, "c.xml.xades.xml": None, "d.txt.p7s": None, "ê 1.pdf.xades.xml": None}
    assert set(told) <= set(report)
    for name in told:
        good = report[name]["verdict"] == "TOTAL-PASSED"
        assert good or (level in ("B-B", "B-T") and report[name]["verdict"] == "INDETERMINATE"), report[name]  # no word on revocation inside
        expected = {"B-B": 0, "B-T": 1, "B-LT": 1, "B-LTA": 2}[level]
        if name.endswith(".pdf"):
            assert len(report[name]["signatures"]) == (2 if level == "B-LTA" else 1)
        else:
            assert stamps(report[name]) == [expected], report[name]
    without = rows(stack, f"SELECT count(*) FROM signer.signature WHERE dossier_id = '{dossier}' AND state = 'done' AND timestamp_serial IS NULL")
    assert without == ("6" if level == "B-B" else "0"), "each timestamp of a signature is known by its row"


def test_levels_of_components_and_dossier_are_apart(stack, shared_citizen):
    api = api_of(stack, antin.Citizen(stack, shared_citizen))
    dossier = api.create(level="B-T", format="asic-e")["id"]
    api.put(dossier, "a.pdf", SMALL_PDF, "application/pdf", level="B-LT")
    api.put(dossier, "b.txt", b"b")
    assert api.citizen.sign(api.submit(dossier)["sign_url"]).status == 200
    state = api.get(dossier)
    assert state["level_reached"] == "B-T" and [c["level_reached"] for c in state["components"]] == ["B-LT", "B-LTA"]


@pytest.mark.parametrize("query", [{"format": "pades"}, {"format": "PAdES"}, {"format": ""}, {"level": "B-LTB"}, {"level": ""}, {"level": "b-t"},
                                   {"format": "asic-e"}])
def test_what_does_not_exist_or_does_not_fit_is_refused(stack, shared_citizen, query):
    api = api_of(stack, antin.Citizen(stack, shared_citizen))
    dossier = api.create()["id"]
    problem(api.call("PUT", f"/{dossier}/components/a.txt", data=b"a", params=query), 422, "format_invalid")
    assert api.get(dossier)["components"] == []


def test_a_wish_said_twice_is_none(stack, shared_citizen):
    api = api_of(stack, antin.Citizen(stack, shared_citizen))
    dossier = api.create()["id"]
    assert api.call("PUT", f"/{dossier}/components/a.txt?level=B-T&level=B-LTA", data=b"a").status_code == 400


@pytest.mark.parametrize("wish", [{"format": "pades"}, {"level": "LTA"}, {"level": "B-lta"}])
def test_a_dossiers_wish_is_checked_too(stack, shared_citizen, wish):
    api = api_of(stack, antin.Citizen(stack, shared_citizen))
    problem(api.call("POST", json={"code": "x", "procedure": "1", "agency": "a", **wish}), 422, "format_invalid")


def test_a_broken_pdf_may_be_signed_beside_but_not_inside(stack, shared_citizen):
    api = api_of(stack, antin.Citizen(stack, shared_citizen))
    dossier = api.create()["id"]
    broken = (antin.ROOT / "tests/vectors/broken/encrypted.pdf").read_bytes()
    problem(api.call("PUT", f"/{dossier}/components/a.pdf", data=broken, headers={"Content-Type": "application/pdf"}), 422, "pdf_encrypted")
    assert api.put(dossier, "a.pdf", broken, "application/pdf", format="cades")["signature_kind"] == "cades"


def test_replacing_a_component_replaces_its_wish(stack, shared_citizen):
    api = api_of(stack, antin.Citizen(stack, shared_citizen))
    dossier = api.create()["id"]
    api.put(dossier, "a.xml", b"<a/>", "application/xml", format="xades", level="B-T")
    made = api.put(dossier, "a.xml", b"<a/>", "application/xml")
    assert (made["signature_kind"], made["level"]) == ("cades", "B-LTA")


# --- what was truly reached ---

@pytest.fixture
def no_services_crl(stack):
    """Nobody tells any more whether the timestamps' certificate was revoked."""
    path = pathlib.Path(stack.trust_pem).parent / "services.crl"
    if not path.exists():
        path = next(antin.run_dir().rglob("services.crl"))
    hidden = path.with_suffix(".hidden")
    path.rename(hidden)
    yield
    hidden.rename(path)


def test_a_level_that_is_not_reached_is_not_claimed(stack, shared_citizen, court, no_services_crl):
    api = api_of(stack, antin.Citizen(stack, shared_citizen))
    dossier = api.create()["id"]
    api.put(dossier, "a.pdf", SMALL_PDF, "application/pdf")
    api.put(dossier, "b.txt", b"b")
    api.put(dossier, "c.xml", b"<a/>", "application/xml", format="xades")
    page = api.citizen.sign(api.submit(dossier)["sign_url"])
    assert page.status == 200 and "PAdES-B-T" in page.words() and "B-LTA" not in page.words()
    state = api.get(dossier)
    assert (state["level"], state["level_reached"]) == ("B-LTA", "B-T")
    assert [(c["level"], c["level_reached"]) for c in state["components"]] == [("B-LTA", "B-T")] * 3
    data = api.component(dossier, "a.pdf", "signed")
    assert b"/DSS" not in data and b"/DocTimeStamp" not in data and "Signature is Valid." in court.pdfsig(data)


# --- who gets it, and when ---

def test_there_is_no_container_before_the_seal(stack, shared_citizen):
    api = api_of(stack, antin.Citizen(stack, shared_citizen))
    dossier, _ = filled(api)
    problem(api.call("GET", f"/{dossier}/container"), 409, "not_sealed")
    assert "container_href" not in api.get(dossier)


def test_courts_get_it_strangers_do_not(stack, citizen, done):
    court = antin.Dossiers(stack, antin.service_token(stack))
    assert court.container(done.dossier)[:2] == b"PK"
    assert api_of(stack, citizen).call("GET", f"/{done.dossier}/container").status_code == 404
    assert court.call("GET", f"/{done.dossier}/container", headers={"Authorization": ""}).status_code == 401


def test_the_citizen_takes_it_home(stack, done):
    page = done.citizen.review(f"{stack.signer_url}/sign/{done.dossier}")
    link = next(u for u in page.links() if u.endswith("/container"))
    answer = done.citizen.browser.open(link)
    assert answer.response.content == done.container(done.dossier)
    assert 'filename="dossier.asice"' in answer.headers["Content-Disposition"] and "PAdES-B-LTA" in page.words()


def test_a_dossier_of_before_containers_has_none_and_says_so(stack, shared_citizen):
    api = api_of(stack, antin.Citizen(stack, shared_citizen))
    dossier = signed(api)
    rows(stack, f"UPDATE signer.seal SET container_citizen = NULL, container_service = NULL, level_reached = NULL WHERE dossier_id = '{dossier}'")
    problem(api.call("GET", f"/{dossier}/container"), 404, "no_such_form")
    assert "container_href" not in api.get(dossier)
    assert not any(u.endswith("/container") for u in api.citizen.review(f"{stack.signer_url}/sign/{dossier}").links())


# --- names and sizes ---

@pytest.mark.parametrize("name", ["mimetype", "MIMETYPE", "META-INF", "meta-inf", "c:x"])
def test_names_that_a_container_cannot_hold_are_refused(stack, shared_citizen, name):
    api = api_of(stack, antin.Citizen(stack, shared_citizen))
    dossier = api.create()["id"]
    problem(api.call("PUT", f"/{dossier}/components/{name}", data=b"a"), 422, "component_name_invalid")


def test_as_many_components_as_may_be_with_the_longest_names(stack, shared_citizen, court):
    """130 references to files with names of 255 bytes that are all percent-encoded: the longest SignedInfo that keyd has to take."""
    api = api_of(stack, antin.Citizen(stack, shared_citizen))
    names = ["ộ" * 82 + f"{i:03d}ộờ"[:5] for i in range(64)]
    assert all(len(n.encode()) <= 255 for n in names)
    dossier = signed(api, {n: (n.encode(), "text/plain") for n in names})
    path = court.write("many.asice", api.container(dossier))
    status, report = verified(stack, path)
    assert status == 0 and report[path.name]["verdict"] == "TOTAL-PASSED"
    with zipfile.ZipFile(path) as z:
        assert set(names) <= set(z.namelist())


def test_a_name_in_decomposed_letters_stays_as_it_is(stack, shared_citizen, court):
    api = api_of(stack, antin.Citizen(stack, shared_citizen))
    name = "To\u031b\u0300 khai đo\u031bn (ba\u0309n 2) #1%.txt"
    dossier = signed(api, {name: (b"x", "text/plain")})
    path = court.write("decomposed.asice", api.container(dossier))
    assert verified(stack, path)[0] == 0
    with zipfile.ZipFile(path) as z:
        assert name in z.namelist()


def test_no_chosen_names_spoil_a_container(stack, shared_citizen, court):
    """Some are what signatures of others would be called, some as long as may be, some mean something to XML, shells or addresses."""
    api = api_of(stack, antin.Citizen(stack, shared_citizen))
    names = ["2.p7s", "3.p7s", "16.p7s", "k.signed.txt", "signatures0.xml", "META-INF.xml", "a&b<c>'\"d", "%41", "%2e%2e", "A", "a", "-rf", "~", "🙂"]
    names += ["9" * 250 + f"{i:05d}" for i in range(4)]
    files = {n: (n.encode(), "text/plain") for n in names} | {n: (SMALL_PDF, "application/pdf") for n in ("k.pdf", "k.PDF")}
    path = court.write("chosen.asice", api.container(signed(api, files)))
    assert verified(stack, path)[0] == 0
    with zipfile.ZipFile(path) as z:
        inside = z.namelist()
    assert set(files) <= set(inside) and len(inside) == len(set(inside))
