"""
What may become a component, and what an upload that goes wrong gets. RFC 9530, tests/vectors/README.md.
"""
import base64
import hashlib
import socket
import zlib
from urllib.parse import quote, urlsplit

import pytest
from signer_kit import SMALL_PDF, VECTORS, problem, wait_until, with_catalog

BROKEN = {
    "encrypted.pdf": "pdf_encrypted", "encrypted-user-password.pdf": "pdf_encrypted", "truncated.pdf": "pdf_truncated",
    "cut-after-xref.pdf": "pdf_truncated", "header-alone.pdf": "pdf_truncated", "junk-before-header.pdf": "pdf_junk_before_header",
    "not-a-pdf.pdf": "not_a_pdf", "picture-named.pdf": "not_a_pdf", "empty.pdf": "not_a_pdf", "wrong-offsets.pdf": "pdf_damaged",
    "startxref-past-end.pdf": "pdf_damaged", "prev-self.pdf": "pdf_damaged", "prev-pair.pdf": "pdf_damaged", "no-root.pdf": "pdf_damaged",
    "no-pages.pdf": "pdf_damaged", "size-bomb.pdf": "pdf_damaged", "certified-no-changes.pdf": "pdf_certified",
}


@pytest.fixture
def draft(dossiers):
    return dossiers.create()["id"]


def put(api, dossier, name, data, media_type="application/octet-stream", **headers):
    path = f"/{dossier}/components/{quote(name, safe='')}"
    return api.call("PUT", path, data=data, headers={"Content-Type": media_type, **{k.replace("_", "-"): v for k, v in headers.items()}})


def test_an_upload_tells_what_arrived(dossiers, draft):
    answer = put(dossiers, draft, "tờ khai.txt", b"abc", "text/plain")
    assert answer.status_code == 201
    body = answer.json()
    assert (body["name"], body["size"], body["media_type"]) == ("tờ khai.txt", 3, "text/plain")
    assert body["sha256"] == hashlib.sha256(b"abc").hexdigest() and body["sha512"] == hashlib.sha512(b"abc").hexdigest()
    assert dossiers.component(draft, "tờ khai.txt") == b"abc"


def test_the_same_name_with_other_bytes_replaces(dossiers, draft):
    assert put(dossiers, draft, "a", b"1").status_code == 201
    assert put(dossiers, draft, "a", b"22").status_code == 200
    assert [(c["name"], c["size"]) for c in dossiers.get(draft)["components"]] == [("a", 2)]


def test_a_component_can_be_taken_out(dossiers, draft):
    put(dossiers, draft, "a", b"1")
    assert dossiers.delete(draft, "a").status_code == 204
    problem(dossiers.call("DELETE", f"/{draft}/components/a"), 404, "not_found")
    assert dossiers.get(draft)["components"] == []


@pytest.mark.parametrize("name, code", BROKEN.items())
def test_an_unusable_pdf_is_refused_with_its_reason(dossiers, draft, name, code):
    body = problem(put(dossiers, draft, name, (VECTORS / "broken" / name).read_bytes(), "application/pdf"), 422, code)
    assert any(c in body["title"].lower() for c in "ăâđêôơưáàảãạéèẻẽẹíìỉĩịóòỏõọúùủũụýỳỷỹỵấầẩẫậếềểễệốồổỗộớờởỡợứừửữự"), "Vietnamese first"
    assert dossiers.get(draft)["components"] == [], "nothing half-done"


@pytest.mark.parametrize("name", ["odd-small.pdf", "odd-hybrid.pdf", "odd-linearized.pdf", "odd-no-last-newline.pdf"])
def test_an_unusual_but_sound_pdf_is_accepted(dossiers, draft, name):
    assert put(dossiers, draft, name, (VECTORS / "broken" / name).read_bytes(), "application/pdf").status_code == 201


def test_what_a_pdf_holds_besides_paper_must_be_accepted_kind_by_kind(dossiers, draft):
    data = with_catalog(b"/OpenAction << /S /JavaScript /JS (app.alert\\(1\\)) /Next << /S /Launch /F (a.exe) >> >>")
    put_with = lambda accept: dossiers.call("PUT", f"/{draft}/components/a.pdf{accept}", data=data, headers={"Content-Type": "application/pdf"})
    assert problem(put_with(""), 422, "pdf_active_content")["active"] == ["javascript", "launch"]
    assert problem(put_with("?accept=javascript,xfa"), 422, "pdf_active_content")["active"] == ["launch"]
    problem(put_with("?accept=everything"), 400, "invalid_request")
    problem(put_with("?accept=launch,launch"), 400, "invalid_request")
    assert dossiers.get(draft)["components"] == [], "nothing half-done"
    assert put_with("?accept=launch,javascript").status_code == 201


def test_a_pdf_sent_without_its_type_is_still_a_pdf(dossiers, draft):
    assert put(dossiers, draft, "a.pdf", SMALL_PDF).json()["signature_kind"] == "pades"
    problem(put(dossiers, draft, "b.pdf", b"%PDF-1.7 and then nothing"), 422, "pdf_truncated")


@pytest.mark.parametrize("seed", range(12))
def test_no_mangled_pdf_kills_the_daemon(dossiers, draft, seed):
    """Bytes changed at regular places: refused or taken, but always answered."""
    data = bytearray((VECTORS / "demo/tap-tai-lieu.pdf").read_bytes())
    for at in range(seed * 97 + 8, len(data), 1009 + seed * 13):
        data[at] = (data[at] + 1 + seed) % 256
    assert put(dossiers, draft, "x.pdf", bytes(data), "application/pdf").status_code in (201, 422)


def bomb():
    """A cross-reference stream that unpacks to a gigabyte of zeros."""
    packed = zlib.compressobj(9)
    stream = b"".join(packed.compress(bytes(1 << 20)) for _ in range(1024)) + packed.flush()
    out = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n2 0 obj\n<< /Type /Pages /Kids [] /Count 0 >>\nendobj\n"
    head = b"3 0 obj\n<< /Type /XRef /Size 268435456 /W [1 2 1] /Root 1 0 R /Filter /FlateDecode /Length %d >>\nstream\n" % len(stream)
    return out + head + stream + b"\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % len(out)


def test_a_bomb_is_refused_and_costs_the_daemon_nothing(dossiers, draft):
    answer = put(dossiers, draft, "bomb.pdf", bomb(), "application/pdf")
    assert answer.status_code == 422 and answer.json()["code"] in ("pdf_damaged", "pdf_unreadable")
    assert put(dossiers, draft, "a.pdf", SMALL_PDF, "application/pdf").status_code == 201


# --- digests (RFC 9530) ---

def digest(alg, data):
    return f"{alg}=:{base64.b64encode(hashlib.new(alg.replace('-', ''), data).digest()).decode()}:"


def test_declared_digests_that_match_are_accepted(dossiers, draft):
    both = digest("sha-256", b"abc") + ", " + digest("sha-512", b"abc") + ", unknown=:AA==:"
    assert put(dossiers, draft, "a", b"abc", Content_Digest=both).status_code == 201


@pytest.mark.parametrize("header", [digest("sha-256", b"abd"), digest("sha-512", b"abd"), digest("sha-256", b"abc") + "," + digest("sha-512", b"x"),
                                    "sha-256=:AAAA:"])
def test_a_declared_digest_that_does_not_match_400(dossiers, draft, header):
    problem(put(dossiers, draft, "a", b"abc", Content_Digest=header), 400, "digest_mismatch")
    assert dossiers.get(draft)["components"] == []


@pytest.mark.parametrize("header", ["sha-256", "sha-256=abc", "sha-256=:####:", "=:AAAA:", "sha-256=:"])
def test_a_digest_that_cannot_be_read_400(dossiers, draft, header):
    problem(put(dossiers, draft, "a", b"abc", Content_Digest=header), 400, "digest_invalid")


# --- names ---

@pytest.mark.parametrize("name", ["a", "Tờ khai (bản 2).pdf", "申請書.txt", "ใบสมัคร", "نموذج", "a" * 255, "ạ" * 85, "100 %", "a?b#c", "~", "…", "🙂"])
def test_names_of_any_script_are_kept_as_they_are(dossiers, draft, name):
    assert put(dossiers, draft, name, b"x").json()["name"] == name
    assert dossiers.component(draft, name) == b"x"


@pytest.mark.parametrize("name", ["a" * 256, "ạ" * 86, ".", "..", "a/b", "../a", "a\\b", "a\nb", "a\x7fb", "a\u0085b", "a\u2028b", "\u202egnp.exe", "\u2066x"])
def test_names_that_deceive_or_break_are_refused(dossiers, draft, name):
    answer = put(dossiers, draft, name, b"x")
    assert answer.status_code in (400, 404, 422), answer.text
    assert dossiers.get(draft)["components"] == []


def test_a_name_that_is_no_utf8_is_refused(dossiers, draft):
    answer = dossiers.call("PUT", f"/{draft}/components/%ff%fe", data=b"x")
    assert answer.status_code in (400, 422)


@pytest.mark.parametrize("kind", ["a", "/", "a/", "/b", "a b/c", "a/b/c", "text/" + "x" * 200, "text/<b>"])
def test_a_media_type_that_is_none_is_refused(dossiers, draft, kind):
    assert put(dossiers, draft, "a", b"x", kind).status_code in (400, 415)


def test_packed_bodies_are_refused(dossiers, draft):
    problem(put(dossiers, draft, "a", b"x", Content_Encoding="gzip"), 415, "unsupported_media_type")


# --- limits ---

def test_more_than_64_components_are_refused(dossiers, draft):
    for i in range(64):
        assert put(dossiers, draft, f"{i}", b"x").status_code == 201
    problem(put(dossiers, draft, "64", b"x"), 422, "too_many_components")
    assert put(dossiers, draft, "63", b"y").status_code == 200


def test_a_file_over_the_limit_413(dossiers, draft):
    problem(put(dossiers, draft, "a", bytes(50 * 1024 * 1024 + 1)), 413, "content_too_large")
    assert dossiers.get(draft)["components"] == []


def test_a_dossier_over_the_limit_413(dossiers, draft):
    for i in range(4):
        assert put(dossiers, draft, f"{i}", bytes(50 * 1024 * 1024)).status_code == 201
    problem(put(dossiers, draft, "4", b"x"), 413, "dossier_too_large")


def test_a_cut_upload_leaves_nothing(stack, dossiers, draft):
    at = urlsplit(stack.signer_url)
    with socket.create_connection((at.hostname, at.port), 10) as s:
        s.sendall((f"PUT /v1/dossiers/{draft}/components/a HTTP/1.1\r\nHost: {at.netloc}\r\nAuthorization: Bearer {dossiers.token}\r\n"
                   "Content-Type: text/plain\r\nContent-Length: 100000\r\n\r\n").encode() + b"x" * 5000)
    wait_until(lambda: dossiers.call("GET", f"/{draft}").status_code == 200)
    assert dossiers.get(draft)["components"] == []


def test_a_strangers_upload_is_not_even_read(stack, draft):
    """Expect: 100-continue is answered with the refusal: the body need not be sent."""
    at = urlsplit(stack.signer_url)
    with socket.create_connection((at.hostname, at.port), 10) as s:
        s.sendall((f"PUT /v1/dossiers/{draft}/components/a HTTP/1.1\r\nHost: {at.netloc}\r\nExpect: 100-continue\r\n"
                   "Content-Type: text/plain\r\nContent-Length: 100000\r\n\r\n").encode())
        s.settimeout(10)
        assert b" 401 " in s.recv(4096).split(b"\r\n")[0]
