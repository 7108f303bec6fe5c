"""
Signatures that can be seen: asked for when a PDF is put, told at once when there is no place, there when it is signed. Read by poppler and mupdf.
"""
import re
from urllib.parse import quote

import antin_client as antin
import pytest
from signer_kit import DEMO, SMALL_PDF, Court, api_of, problem, run, verified, with_catalog

FORM = (DEMO / "to-khai.pdf").read_bytes()


@pytest.fixture(scope="module")
def api(stack, shared_citizen):
    return api_of(stack, antin.Citizen(stack, shared_citizen))


def put(api, dossier, visible, data=FORM, name="to-khai.pdf", kind="application/pdf"):
    return api.call("PUT", f"/{dossier}/components/{quote(name)}?visible={quote(visible, safe='')}", data=data, headers={"Content-Type": kind})


@pytest.mark.parametrize("visible", ["top-right", "last:20,200,90x30"])
def test_a_signed_pdf_shows_who_signed_and_when(stack, api, visible):
    court = Court(stack)
    dossier = api.create()["id"]
    answer = put(api, dossier, visible)
    assert answer.status_code == 201 and answer.json()["visible"] == visible
    api.put(dossier, "b.pdf", SMALL_PDF, "application/pdf")
    assert api.citizen.sign(api.submit(dossier)["sign_url"]).status == 200
    data = api.component(dossier, "to-khai.pdf", "signed")
    assert data.startswith(FORM)
    path = court.write("to-khai.signed.pdf", data)
    words = " ".join(run("pdftotext", "-layout", path, "-").stdout.split())
    assert f"Người ký: {api.citizen.person.name}" in words and re.search(r"Thời gian ký: \d\d-\d\d-\d{4} \d\d:\d\d:\d\d \+07:00", words), words
    assert "Signature is Valid." in court.pdfsig(data)
    assert "The signature is valid" in run("mutool", "sign", "-v", path).stdout
    assert run("qpdf", "--check", path).returncode == 0
    status, report = verified(stack, path)
    assert status == 0, report
    plain = court.write("plain.pdf", api.component(dossier, "b.pdf", "signed"))
    assert "Người ký" not in run("pdftotext", plain, "-").stdout, "who did not ask sees nothing"


@pytest.mark.parametrize("visible", ["9:top-right", "1:400,10,50x20", "field:Nobody"])
def test_a_place_that_is_not_there_is_told_at_once(api, visible):
    dossier = api.create()["id"]
    problem(put(api, dossier, visible), 422, "signature_place")
    assert api.get(dossier)["components"] == []


@pytest.mark.parametrize("visible", ["somewhere", "1:10,20", "field:", "x" * 300])
def test_a_wish_that_cannot_be_read_is_refused(api, visible):
    problem(put(api, api.create()["id"], visible), 400, "invalid_request")


def test_only_what_is_signed_inside_can_show_it(api):
    problem(put(api, api.create()["id"], "top-right", b"text", "a.txt", "text/plain"), 400, "invalid_request")


def test_the_citizen_is_told_what_the_eye_does_not_meet_and_what_will_be_seen(api):
    dossier = api.create()["id"]
    script = with_catalog(b"/OpenAction << /S /JavaScript /JS (app.alert\\(1\\)) >>")
    wish = {"visible": "top-right", "accept": "javascript,launch"}
    assert api.call("PUT", f"/{dossier}/components/a.pdf", params=wish, data=script, headers={"Content-Type": "application/pdf"}).status_code == 201
    api.put(dossier, "b.pdf", SMALL_PDF, "application/pdf")
    words = api.citizen.review(api.submit(dossier)["sign_url"]).words()
    assert words.count("chương trình nhỏ (JavaScript)") == 1 and "lệnh mở chương trình khác" not in words, words
    assert words.count("Chữ ký của bạn sẽ hiện trên trang giấy") == 1
