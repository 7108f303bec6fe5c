"""
From review to sealed dossier, checked by programs that nobody here wrote: pdfsig, openssl, asn1crypto, cryptography.
Every way in which signing can fail leaves the dossier waiting for its signature.
"""
import hashlib
import json
import re
import threading

import antin_client as antin
import pytest
import requests
from asn1crypto import cms, tsp, x509 as asn1x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from signer_kit import DEMO, FILES, SMALL_PDF, Court, api_of, filled, problem, run, signed


@pytest.fixture(scope="module")
def court(stack):
    return Court(stack)


@pytest.fixture(scope="module")
def done(stack, shared_citizen):
    """One dossier of every kind of file, signed."""
    api = api_of(stack, antin.Citizen(stack, shared_citizen))
    api.files = {name: ((DEMO / name).read_bytes(), kind) for name, kind in FILES.items()}
    api.dossier = signed(api, api.files)
    return api


ARCHIVE_TIMESTAMP = "0.4.0.1733.2.4"  # archive-time-stamp-v3, EN 319 122-1 §5.5.3
OCSP_RESPONSE = "1.3.6.1.5.5.7.16.2"


def others(api):
    return [n for n in api.files if not n.endswith(".pdf")]


def pdfs(api):
    return [n for n in api.files if n.endswith(".pdf")]


def certificate(stack, officer, person):
    pem = officer.credentials(person.subject)[0]["certificate"]["pem"]
    return x509.load_pem_x509_certificate(pem.encode())


# --- what comes of it ---

@pytest.mark.parametrize("name", [n for n in FILES if n.endswith(".pdf")])
def test_a_signed_pdf_is_valid_for_poppler_and_keeps_its_bytes(done, court, name):
    data = done.component(done.dossier, name, "signed")
    assert data.startswith(done.files[name][0]), "an incremental update: the original stays byte for byte"
    words = court.pdfsig(data)
    assert "Signature is Valid." in words and "Certificate is Trusted." in words and "Total document signed" in words, words
    assert "ETSI.CAdES.detached" in words
    assert run("qpdf", "--check", court.write("b.pdf", data)).returncode == 0


@pytest.mark.parametrize("name", [n for n in FILES if not n.endswith(".pdf")])
def test_a_detached_signature_is_valid_for_openssl(done, court, name):
    data, p7s = done.files[name][0], done.component(done.dossier, name, "signature")
    assert done.component(done.dossier, name) == data
    assert court.cms_ok(data, p7s)
    assert not court.cms_ok(data[:-1] + bytes([data[-1] ^ 1]), p7s), "one bit makes it invalid"


def signer_info(p7s):
    info = cms.ContentInfo.load(p7s, strict=True)
    assert info["content_type"].native == "signed_data"
    sd = info["content"]
    assert len(sd["signer_infos"]) == 1
    return sd, sd["signer_infos"][0]


def attrs(of):
    return {a["type"].native: a["values"] for a in of}


def test_a_signature_is_cades_b_lta_and_carries_its_evidence(done):
    """EN 319 122-1 §6.3: message-digest, content-type, signing-certificate-v2, timestamps; and who was revoked, in SignedData's own field, never as attributes."""
    name = others(done)[0]
    sd, si = signer_info(done.component(done.dossier, name, "signature"))
    got = attrs(si["signed_attrs"])
    assert got["message_digest"][0].native == hashlib.sha256(done.files[name][0]).digest()
    assert {"content_type", "signing_certificate_v2"} <= set(got)
    stamp = attrs(si["unsigned_attrs"])["signature_time_stamp_token"][0]
    info = stamp["content"]["encap_content_info"]["content"].parsed
    assert isinstance(info, tsp.TSTInfo)
    assert info["message_imprint"]["hashed_message"].native == hashlib.sha256(si["signature"].native).digest()
    assert ARCHIVE_TIMESTAMP in {a["type"].dotted for a in si["unsigned_attrs"]}
    lists = [choice.chosen for choice in sd["crls"] if choice.name == "crl"]
    issuers = {crl["tbs_cert_list"]["issuer"].native["common_name"] for crl in lists}
    assert len(issuers) == 2, f"root and services CA: {issuers}"
    answers = [choice.chosen["other_rev_info_format"].dotted for choice in sd["crls"] if choice.name == "other"]
    assert answers == [OCSP_RESPONSE], "the citizens' CA speaks by OCSP (RFC 5940)"


def test_a_pades_signature_has_no_signing_time_attribute(done):
    """EN 319 142-1 §6.3: the claimed time is the dictionary's /M."""
    data = done.component(done.dossier, pdfs(done)[0], "signed")
    contents = re.findall(rb"/Contents\s*<([0-9a-fA-F]+)>", data)[0]  # the second is a document timestamp
    raw = bytes.fromhex(contents.decode())
    _, si = signer_info(raw[:der_length(raw)])
    got = attrs(si["signed_attrs"])
    assert "signing_time" not in got and "signing_certificate_v2" in got
    assert "signature_time_stamp_token" in attrs(si["unsigned_attrs"])


def der_length(raw):
    """The placeholder is filled up with zeros after the CMS."""
    n = raw[1]
    if n < 128:
        return 2 + n
    return 2 + (n & 127) + int.from_bytes(raw[2:2 + (n & 127)], "big")


def test_the_certificate_signs_documents_and_nothing_else(stack, officer, shared_citizen):
    cert = certificate(stack, officer, shared_citizen)
    usage = cert.extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical and usage.value.content_commitment and not usage.value.digital_signature and not usage.value.key_cert_sign
    assert shared_citizen.number not in cert.subject.rfc4514_string(), "the citizen number is no part of a certificate"
    assert isinstance(cert.public_key(), ec.EllipticCurvePublicKey)


def test_the_manifest_names_everything_and_is_sealed(done, court):
    manifest, seal = done.manifest(done.dossier), done.manifest_signature(done.dossier)
    m = json.loads(manifest)
    assert manifest == json.dumps(m, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode(), "RFC 8785 for text and integers"
    dossier = done.get(done.dossier)
    assert (m["code"], m["procedure"], m["agency"], m["applicant"]) == tuple(dossier[k] for k in ("code", "procedure", "agency", "applicant"))
    assert {c["name"]: (c["media_type"], c["size"], c["sha256"], c["sha512"]) for c in m["components"]} == {
        n: (k, len(d), hashlib.sha256(d).hexdigest(), hashlib.sha512(d).hexdigest()) for n, (d, k) in done.files.items()}
    for c in m["components"]:
        made = done.component(done.dossier, c["name"], "signed" if c["name"].endswith(".pdf") else "signature")
        assert c["signature"]["sha256"] == hashlib.sha256(made).hexdigest()
    assert court.cms_ok(manifest, seal)
    assert not court.cms_ok(manifest.replace(b"PDF", b"pdf").replace(b"pdf", b"pdg", 1), seal)


def test_every_signature_is_by_the_citizens_key(done, stack, officer, shared_citizen):
    cert = certificate(stack, officer, shared_citizen)
    for name in others(done):
        _, si = signer_info(done.component(done.dossier, name, "signature"))
        signed_attrs = si["signed_attrs"].untag().dump(force=True)
        cert.public_key().verify(si["signature"].native, signed_attrs, ec.ECDSA(hashes.SHA256()))
        assert si["sid"].chosen["serial_number"].native == cert.serial_number


def test_files_of_one_name_ending_get_names_of_their_own(stack, signed_in, court):
    api = api_of(stack, signed_in[0])
    files = {"a.pdf": (SMALL_PDF, "application/pdf"), "a.signed.pdf": (SMALL_PDF, "application/pdf"), "x": (b"1", "text/plain"), "x.p7s": (b"2", "text/plain")}
    dossier = signed(api, files)
    names = [n for c in json.loads(api.manifest(dossier))["components"] for n in (c["name"], c["signature"]["name"])]
    assert len(names) == len(set(names)) == 8, names


def test_names_of_full_length_can_be_signed(stack, signed_in):
    api = api_of(stack, signed_in[0])
    files = {"ạ" * 83 + ".pdf": (SMALL_PDF, "application/pdf"), "ộ" * 85: (b"1", "text/plain"), "n" * 255: (b"1", "text/plain")}
    dossier = signed(api, files)
    for c in json.loads(api.manifest(dossier))["components"]:
        assert len(c["signature"]["name"].encode()) <= 255


def test_64_components_are_signed_at_once(stack, signed_in, court):
    api = api_of(stack, signed_in[0])
    files = {f"{i}.txt": (str(i).encode(), "text/plain") for i in range(62)} | {f"{i}.pdf": (SMALL_PDF, "application/pdf") for i in range(2)}
    dossier = signed(api, files)
    assert court.cms_ok(b"61", api.component(dossier, "61.txt", "signature"))


def test_a_pdf_signed_before_keeps_its_first_signature_valid(stack, citizen, done, court):
    api = api_of(stack, citizen)
    dossier = signed(api, {"hai-chu-ky.pdf": (done.component(done.dossier, "to-khai.pdf", "signed"), "application/pdf")})
    words = court.pdfsig(api.component(dossier, "hai-chu-ky.pdf", "signed"))
    assert words.count("Signature is Valid.") == 2, words


# --- what the citizen sees ---

def test_the_review_shows_name_size_digest_and_the_thing_itself(stack, signed_in):
    api = api_of(stack, signed_in[0])
    data = (DEMO / "to-khai.pdf").read_bytes()
    dossier, url = filled(api, {"Tờ khai <b>&.pdf": (data, "application/pdf")}, agency="UBND <i>Phường</i>")
    page = api.citizen.review(url)
    digest = hashlib.sha256(data).hexdigest()
    assert "Tờ khai <b>&.pdf" in page.words() and "41,9 kB" in page.words() and digest in page.words().replace(" ", "")
    assert "UBND <i>Phường</i>" in page.words() and "<i>Phường" not in page.text, "what others wrote is escaped"
    assert "đăng nhập" in page.words().lower() and api.citizen.person.name in page.words()
    link = next(link for link in page.links() if "/files/" in link)
    opened = api.citizen.browser.open(link)
    assert opened.response.content == data and opened.headers["Content-Type"] == "application/pdf"
    assert opened.headers["X-Content-Type-Options"] == "nosniff" and opened.headers["Content-Disposition"].startswith("inline")


@pytest.mark.parametrize("kind, where", [("image/png", "inline"), ("text/plain", "inline"), ("text/html", "attachment"), ("image/svg+xml", "attachment"),
                                         ("application/xhtml+xml", "attachment"), ("application/xml", "attachment")])
def test_a_document_never_runs_in_our_origin(stack, signed_in, kind, where):
    api = api_of(stack, signed_in[0])
    _, url = filled(api, {"x": (b"<script>alert(1)</script>", kind)})
    page = api.citizen.review(url)
    got = api.citizen.browser.open(next(link for link in page.links() if "/files/" in link))
    assert got.headers["Content-Disposition"].startswith(where) and got.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in got.headers["Content-Security-Policy"]


def test_another_citizen_cannot_review_or_open_or_sign(stack, citizen, signed_in):
    api = api_of(stack, signed_in[0])
    dossier, url = filled(api)
    page = citizen.visit(url)
    assert page.status == 403 and "không phải của bạn" in page.words()
    assert citizen.browser.open(f"{url}/files/don.pdf").status == 403
    own = citizen.review(filled(api_of(stack, citizen))[1])
    csrf = own.form("pin").element.form_values()
    assert citizen.browser.open(url, "post", {**dict(csrf), "pin": citizen.person.pin}).status == 403
    assert api.get(dossier)["state"] == "awaiting_signature"


def test_nobody_signs_in_a_session_of_somebody_else(stack, citizen, signed_in):
    """The link of another's sign-in, opened in this browser: state is bound to the browser that began."""
    api = api_of(stack, signed_in[0])
    _, url = filled(api)
    thief = antin.Browser()
    thief.stop = [stack.idp_url]
    at_provider = thief.open(url).stopped_at
    signed_in[0].browser.stop = [stack.signer_url + "/callback"]
    back = signed_in[0].browser.open(at_provider).stopped_at
    signed_in[0].browser.stop = []
    assert signed_in[0].browser.open(back).status == 400, "not the browser that began"
    thief.stop = []


def test_a_forms_token_is_needed_and_is_the_sessions_own(stack, citizen, signed_in):
    api = api_of(stack, signed_in[0])
    dossier, url = filled(api)
    form = api.citizen.review(url).form("pin")
    pin = {"pin": api.citizen.person.pin}
    assert form.submit(pin, raw={"csrf": None}).status == 403
    assert form.submit(pin, raw={"csrf": "A" * 43}).status == 403
    foreign = citizen.review(filled(api_of(stack, citizen))[1]).form("pin").element.form_values()
    assert form.submit(pin, raw={"csrf": dict(foreign)["csrf"]}).status == 403
    assert api.get(dossier)["state"] == "awaiting_signature"


@pytest.mark.parametrize("header", [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}])
def test_a_form_from_another_origin_is_refused(stack, signed_in, header):
    api = api_of(stack, signed_in[0])
    dossier, url = filled(api)
    page = api.citizen.review(url)
    fields = {**dict(page.form("pin").element.form_values()), "pin": api.citizen.person.pin}
    assert api.citizen.browser.open(url, "post", fields, headers=header).status == 403
    assert api.get(dossier)["state"] == "awaiting_signature"


def test_english_when_asked_for(stack, shared_citizen):
    citizen = antin.Citizen(stack, shared_citizen, lang="en")
    api = api_of(stack, citizen)
    page = citizen.review(filled(api)[1])
    assert page.doc.get("lang") == "en" and "Review and sign" in page.words()
    switched = citizen.browser.open(next(link for link in page.links() if "lang=vi" in link))
    assert switched.doc.get("lang") == "vi" and "Xem lại và ký hồ sơ" in switched.words()


def test_the_way_back_is_shown_only_to_portals_that_are_known(stack, signed_in):
    api = api_of(stack, signed_in[0])
    origin = stack.portal_redirect_uri.rsplit("/", 1)[0]
    page = api.citizen.sign(filled(api, return_uri=origin + "/ho-so?id=1")[1])
    assert origin + "/ho-so?id=1" in page.links()
    for foreign in ("https://evil.example/", origin + ".evil.example/", origin.replace("://", "://x@") + "/"):
        page = api.citizen.sign(filled(api, return_uri=foreign)[1])
        assert page.status == 200 and foreign not in page.links()


# --- what goes wrong ---

def test_a_wrong_pin_signs_nothing_and_the_right_one_still_does(stack, citizen, court):
    api = api_of(stack, citizen)
    dossier, url = filled(api)
    page = citizen.review(url).form("pin").submit({"pin": "918273" if citizen.person.pin != "918273" else "918274"})
    assert page.status == 403 and "Số lần thử còn lại: 4" in page.words()
    assert api.get(dossier)["state"] == "awaiting_signature"
    problem(api.call("GET", f"/{dossier}/components/don.pdf/signed"), 409, "not_sealed")
    page = page.form("pin").submit({"pin": citizen.person.pin})
    assert page.status == 200 and api.get(dossier)["state"] == "sealed"
    assert "Signature is Valid." in court.pdfsig(api.component(dossier, "don.pdf", "signed"))


@pytest.mark.parametrize("pin", ["", "12345", "1234567890123", "abcdef", "12 456"])
def test_what_is_no_pin_costs_no_attempt(stack, signed_in, pin):
    api = api_of(stack, signed_in[0])
    dossier, url = filled(api)
    page = api.citizen.review(url).form("pin").submit({"pin": pin})
    assert page.status == 422 and "Số lần thử" not in page.words()
    assert page.form("pin").submit({"pin": api.citizen.person.pin}).status == 200


def test_two_submissions_at_once_one_wins_and_both_see_the_result(stack, signed_in):
    api = api_of(stack, signed_in[0])
    dossier, url = filled(api, {f"{i}.txt": (b"x", "text/plain") for i in range(30)})
    page = api.citizen.review(url)
    fields = {**dict(page.form("pin").element.form_values()), "pin": api.citizen.person.pin}
    cookies, answers = api.citizen.browser.session.cookies, []

    def press():
        answers.append(requests.post(url, data=fields, cookies=cookies, headers={"Origin": stack.signer_url}, timeout=60))

    threads = [threading.Thread(target=press) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert [a.status_code for a in answers] == [200] * 4
    assert all("Hồ sơ đã được ký" in a.text for a in answers), [a.text[:300] for a in answers]
    assert api.get(dossier)["state"] == "sealed"


def test_a_sealed_dossier_is_not_signed_again(done):
    page = done.citizen.review(f"{done.citizen.stack.signer_url}/sign/{done.dossier}")
    assert page.status == 200 and not page.has_form("pin") and "Hồ sơ đã được ký" in page.words()


def test_a_draft_cannot_be_signed(stack, signed_in):
    api = api_of(stack, signed_in[0])
    dossier = api.create()["id"]
    page = api.citizen.review(f"{stack.signer_url}/sign/{dossier}")
    assert page.status == 409 and not page.has_form("pin")


def test_the_session_ends_with_sign_out(stack, signed_in):
    api = api_of(stack, signed_in[0])
    _, url = filled(api)
    page = api.citizen.review(url)
    next(f for f in page.forms() if f.action.endswith("/logout")).submit(button="logout")
    api.citizen.browser.stop = [stack.idp_url + "/authorize"]
    assert api.citizen.browser.open(url).stopped_at, "signed out: the way leads to the provider"
    api.citizen.browser.stop = []


def test_asn1crypto_reads_the_certificates_too(done):
    sd, _ = signer_info(done.component(done.dossier, others(done)[0], "signature"))
    assert all(isinstance(c.chosen, asn1x509.Certificate) for c in sd["certificates"])
