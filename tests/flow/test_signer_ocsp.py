"""
The OCSP responder of the citizens' CA, asked and judged by `openssl ocsp` and python-cryptography. RFC 6960, RFC 5019, RFC 9654.
"""
import base64
import datetime
import hashlib
import os
import subprocess
import time

import antin_client as antin
import pytest
import requests
from asn1crypto import algos, core, ocsp as asn1_ocsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp
from signer_kit import Court, rows, run, wait_until

TYPE, REPLY = "application/ocsp-request", "application/ocsp-response"


class Bench:
    """One citizen's certificate, its CA's, and openssl beside them."""

    def __init__(self, stack, officer, person):
        self.stack, self.officer, self.court = stack, officer, Court(stack)
        self.mine = officer.credentials(person.subject)[0]
        self.leaf = self.court.write("leaf.pem", self.mine["certificate"]["pem"].encode())
        self.cert = x509.load_pem_x509_certificate(self.leaf.read_bytes())
        self.ca_cert = x509.load_der_x509_certificate(requests.get(stack.signer_url + "/ca/citizens.crt", timeout=10).content)
        self.ca = self.court.write("ca.pem", self.ca_cert.public_bytes(serialization.Encoding.PEM))

    def openssl(self, *more, issuer=None):
        """`openssl ocsp` with the root alone as trust: the responder's delegation is its to judge."""
        done = run("openssl", "ocsp", "-issuer", issuer or self.ca, "-CAfile", self.stack.trust_pem, "-url", self.stack.ocsp_url, *more)
        return done.stdout + done.stderr

    def request(self, algorithm=None, cert=None):
        return ocsp.OCSPRequestBuilder().add_certificate(cert or self.cert, self.ca_cert, algorithm or hashes.SHA1()).build().public_bytes(
            serialization.Encoding.DER)


@pytest.fixture
def bench(stack, officer, citizen):
    return Bench(stack, officer, citizen.person)


@pytest.fixture(scope="module")
def shared(stack, officer, shared_citizen):
    return Bench(stack, officer, shared_citizen)


def service(verb, name):
    done = run(antin.ROOT / "tests/stack/service", verb, name)
    assert done.returncode == 0, done.stdout + done.stderr


def post(stack, der, kind=TYPE):
    return requests.post(stack.ocsp_url, data=der, headers={"Content-Type": kind}, timeout=10)


def get(stack, der, **headers):
    return requests.get(stack.ocsp_url + "/" + requests.utils.quote(base64.b64encode(der).decode(), safe=""), headers=headers, timeout=10)


def read(answer):
    assert answer.status_code == 200 and answer.headers["Content-Type"] == REPLY, answer.status_code
    return ocsp.load_der_ocsp_response(answer.content)


def status_of(answer):
    return read(answer).response_status


# --- what it says ---

def test_a_certificate_that_was_issued_is_good(shared):
    out = shared.openssl("-cert", shared.leaf)
    assert "Response verify OK" in out and f"{shared.leaf}: good" in out, out


@pytest.mark.parametrize("name", ["sha1", "sha256", "sha384", "sha512"])
def test_whatever_hash_the_certificate_is_named_with(shared, name):
    out = shared.openssl(f"-{name}", "-cert", shared.leaf)
    assert "Response verify OK" in out and ": good" in out and "WARNING" not in out, out


def test_named_by_its_serial_number(shared):
    out = shared.openssl("-serial", hex(shared.cert.serial_number))
    assert "Response verify OK" in out and ": good" in out, out


def test_a_request_without_a_nonce(shared):
    out = shared.openssl("-no_nonce", "-cert", shared.leaf)
    assert "Response verify OK" in out and ": good" in out, out


def test_a_request_that_is_signed_is_answered_like_another(shared):
    key, cert = shared.court.folder / "me.key", shared.court.folder / "me.pem"
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=somebody", "-keyout", key, "-out", cert)
    out = shared.openssl("-cert", shared.leaf, "-signer", cert, "-signkey", key)
    assert "Response verify OK" in out and ": good" in out, out


def test_many_certificates_at_once(shared):
    out = shared.openssl("-cert", shared.leaf, "-serial", "0x1234", "-serial", hex(shared.cert.serial_number), "-sha256", "-cert", shared.leaf)
    assert "Response verify OK" in out and out.count(": good") == 3 and out.count(": unknown") == 1, out


@pytest.mark.parametrize("serial", [0, 1, 0x7f, 0x80, 2 ** 158, 2 ** 159 - 1])
def test_a_serial_number_that_was_never_given_is_unknown(shared, serial):
    out = shared.openssl("-serial", hex(serial))
    assert "Response verify OK" in out and ": unknown" in out, out


def test_the_responder_does_not_vouch_for_itself(stack, shared):
    """Its certificate comes from the ceremony, not from here, and says that nobody need ask."""
    responder = read(post(stack, shared.request())).certificates[0]
    assert read(post(stack, shared.request(cert=responder))).certificate_status == ocsp.OCSPCertStatus.UNKNOWN


def test_certificates_of_other_cas_are_unknown(stack, shared):
    """Not good, and no signature of ours over their serial numbers that could pass for their CA's word."""
    services = x509.load_der_x509_certificate(requests.get(stack.signer_url + "/ca/services.crt", timeout=10).content)
    der = ocsp.OCSPRequestBuilder().add_certificate(shared.cert, services, hashes.SHA1()).build().public_bytes(serialization.Encoding.DER)
    answer = read(post(stack, der))
    assert answer.certificate_status == ocsp.OCSPCertStatus.UNKNOWN and answer.serial_number == shared.cert.serial_number
    pem = shared.court.write("services.pem", services.public_bytes(serialization.Encoding.PEM))
    assert "Response verify OK" not in shared.openssl("-serial", "0x1234", issuer=pem)


def test_a_certificate_that_is_only_intended_is_unknown_and_one_given_up_is_revoked(stack, bench):
    """What the database says of the row before keyd's certificate has come back: nobody may rely on it yet."""
    serial = os.urandom(19).rjust(20, b"\x41")
    rows(stack, f"INSERT INTO signer.certificate (serial, credential_id, state, not_before, not_after) VALUES ('\\x{serial.hex()}', '{bench.mine['id']}', "
                "'intended', now(), now() + interval '1 day')")
    number = hex(int.from_bytes(serial, "big"))
    try:
        assert ": unknown" in bench.openssl("-serial", number)
        rows(stack, f"UPDATE signer.certificate SET state = 'abandoned', revoked_at = now() WHERE serial = '\\x{serial.hex()}'")
        assert ": revoked" in bench.openssl("-serial", number)
    finally:
        rows(stack, f"DELETE FROM signer.certificate WHERE serial = '\\x{serial.hex()}'")


def test_a_revocation_is_told_at_once_with_reason_and_invalidity_date(stack, bench):
    assert read(post(stack, bench.request())).certificate_status == ocsp.OCSPCertStatus.GOOD  # and kept for the next who asks
    since = datetime.datetime.utcnow().replace(microsecond=0) - datetime.timedelta(hours=1)
    bench.officer.revoke(bench.mine["id"], "key_compromise", since.strftime("%Y-%m-%dT%H:%M:%SZ"))
    for answer in (read(post(stack, bench.request())), read(get(stack, bench.request()))):
        assert answer.certificate_status == ocsp.OCSPCertStatus.REVOKED
        assert answer.revocation_reason == x509.ReasonFlags.key_compromise and abs(answer.revocation_time - datetime.datetime.utcnow()).seconds < 60
        whole = asn1_ocsp.OCSPResponse.load(answer.public_bytes(serialization.Encoding.DER), strict=True)
        single = whole["response_bytes"]["response"].parsed["tbs_response_data"]["responses"][0]
        assert single.invalidity_date_value.native.replace(tzinfo=None) == since
    out = bench.openssl("-cert", bench.leaf)
    assert "Response verify OK" in out and ": revoked" in out and "keyCompromise" in out, out


def test_its_form(stack, shared):
    """A delegated responder that need not be asked about, named by its key; the certificate alone comes along."""
    answer = read(post(stack, shared.request(hashes.SHA256())))
    (responder,) = answer.certificates
    assert responder.issuer == shared.ca_cert.subject
    assert list(responder.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == [x509.ExtendedKeyUsageOID.OCSP_SIGNING]
    assert responder.extensions.get_extension_for_class(x509.OCSPNoCheck)
    assert answer.responder_key_hash == x509.SubjectKeyIdentifier.from_public_key(responder.public_key()).digest
    assert answer.this_update <= datetime.datetime.utcnow() and answer.produced_at == answer.this_update
    assert answer.next_update - answer.this_update == datetime.timedelta(seconds=3600)
    assert len(answer.public_bytes(serialization.Encoding.DER)) < 1200


def test_citizens_certificates_name_it(stack, shared):
    access = shared.cert.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    assert {d.access_method: d.access_location.value for d in access} == {
        x509.AuthorityInformationAccessOID.OCSP: stack.ocsp_url, x509.AuthorityInformationAccessOID.CA_ISSUERS: stack.signer_url + "/ca/citizens.crt"}
    assert run("openssl", "x509", "-in", shared.leaf, "-noout", "-ocsp_uri").stdout.strip() == stack.ocsp_url


def test_our_own_collector_finds_it(stack, shared):
    """formats/vdata_collect: path, the responder's answer for the citizen, the CRL for its CA."""
    binary = antin.ROOT / os.environ.get("ANTIN_BUILD", "build") / "test/test_collect_live"
    if not binary.exists():
        pytest.skip("make tests builds the collector's program")
    env = {**os.environ, "ANTIN_LIVE_LEAF": str(shared.leaf), "ANTIN_LIVE_ROOT": stack.trust_pem, "ANTIN_LIVE_ORIGIN": stack.signer_url}
    done = subprocess.run([binary], env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0 and "1 OCSP, 1 CRL, 3 certificates" in done.stdout, done.stdout + done.stderr


# --- nonce (RFC 9654) ---

def with_nonce(der, *values, critical=False, raw=False):
    request = asn1_ocsp.OCSPRequest.load(der)
    exts = [{"extn_id": "1.3.6.1.5.5.7.48.1.2", "critical": critical,
             "extn_value": core.ParsableOctetString(v if raw else core.OctetString(v).dump())} for v in values]
    request["tbs_request"]["request_extensions"] = RawExtensions(exts)
    return request.dump(force=True)


class RawExtension(core.Sequence):
    _fields = [("extn_id", core.ObjectIdentifier), ("critical", core.Boolean, {"default": False}), ("extn_value", core.ParsableOctetString)]


class RawExtensions(asn1_ocsp.TBSRequestExtensions):
    _child_spec = RawExtension


@pytest.mark.parametrize("length", [1, 16, 32, 128])
@pytest.mark.parametrize("critical", [False, True])
def test_a_nonce_comes_back(stack, shared, length, critical):
    nonce = os.urandom(length)
    answer = post(stack, with_nonce(shared.request(), nonce, critical=critical))
    assert read(answer).extensions.get_extension_for_class(x509.OCSPNonce).value.nonce == nonce
    assert "no-store" in answer.headers["Cache-Control"]


@pytest.mark.parametrize("values, raw", [([b""], False), ([bytes(129)], False), ([b"a", b"b"], False), ([b"\x01" * 16], True), ([b"\x04\x10short"], True),
                                         ([b"\x04\x02okjunk"], True)], ids=["empty", "129", "two", "bare", "cut", "trailing"])
def test_a_nonce_of_no_right_length_or_form_is_malformed(stack, shared, values, raw):
    assert status_of(post(stack, with_nonce(shared.request(), *values, raw=raw))) == ocsp.OCSPResponseStatus.MALFORMED_REQUEST


def test_no_nonce_unless_it_was_asked_for(stack, shared):
    assert len(list(read(post(stack, shared.request())).extensions)) == 0


# --- GET and caches (RFC 5019) ---

def test_get_answers_and_may_be_kept(stack, shared):
    got = get(stack, shared.request())
    answer = read(got)
    assert answer.certificate_status == ocsp.OCSPCertStatus.GOOD
    control = got.headers["Cache-Control"]
    assert "public" in control and "max-age=60" in control and "no-transform" in control and "must-revalidate" in control
    assert got.headers["Last-Modified"] == answer.this_update.strftime("%a, %d %b %Y %H:%M:%S GMT") and got.headers["Expires"]
    again = get(stack, shared.request(), **{"If-None-Match": got.headers["ETag"]})
    assert again.status_code == 304 and again.content == b"" and again.headers["ETag"] == got.headers["ETag"]
    assert get(stack, shared.request(), **{"If-None-Match": '"other"'}).status_code == 200


def test_get_with_a_nonce_is_not_kept(stack, shared):
    assert "no-store" in get(stack, with_nonce(shared.request(), os.urandom(16))).headers["Cache-Control"]


def test_head_is_get_without_the_answer(stack, shared):
    url = stack.ocsp_url + "/" + requests.utils.quote(base64.b64encode(shared.request()).decode(), safe="")
    got = requests.head(url, timeout=10)
    assert got.status_code == 200 and got.headers["Content-Type"] == REPLY and got.content == b""


def slashed(bench):
    """A request whose base64 has slashes and plus signs: about a never issued certificate."""
    for n in range(1, 5000):
        certid = {"hash_algorithm": algos.DigestAlgorithm({"algorithm": "sha1"}), "issuer_name_hash": hashlib.sha1(b"%d" % n).digest(),
                  "issuer_key_hash": b"\xff\xff\xfe" * 2 + bytes(14), "serial_number": n}
        der = asn1_ocsp.OCSPRequest({"tbs_request": {"request_list": [{"req_cert": certid}]}}).dump()
        text = base64.b64encode(der).decode()
        if "//" in text and "+" in text and text.endswith("="):
            return der, text
    raise AssertionError("none")


def test_slashes_of_the_base64_may_be_escaped_or_not(stack, shared):
    """RFC 6960 A.1 escapes them; proxies undo it, and some clients never did."""
    der, text = slashed(shared)
    for written in (requests.utils.quote(text, safe=""), text, requests.utils.quote(text, safe="+="), text.replace("/", "%2f")):
        request = requests.Request("GET", stack.ocsp_url).prepare()
        request.url = stack.ocsp_url + "/" + written
        got = requests.Session().send(request, timeout=10)
        assert read(got).certificate_status == ocsp.OCSPCertStatus.UNKNOWN, written


def test_an_answer_is_made_once_until_half_its_life_is_over(stack, shared):
    """ECDSA signatures differ each time: equal bytes are the same signature."""
    first = post(stack, shared.request()).content
    time.sleep(1.1)
    assert post(stack, shared.request()).content == first and get(stack, shared.request()).content == first
    assert post(stack, shared.request(hashes.SHA256())).content != first
    assert post(stack, with_nonce(shared.request(), os.urandom(16))).content != first


def test_without_keyd_what_was_said_is_said_again_and_nothing_new(stack, shared):
    """Never an unsigned answer, never good by guess: try later, and no cache keeps that."""
    said = get(stack, shared.request()).content
    service("stop", "keyd-signer")
    try:
        assert get(stack, shared.request()).content == said
        later = post(stack, with_nonce(shared.request(), os.urandom(16)))
        assert later.status_code == 503 and later.headers["Content-Type"] == REPLY and later.headers["Retry-After"] and "no-store" in later.headers["Cache-Control"]
        assert ocsp.load_der_ocsp_response(later.content).response_status == ocsp.OCSPResponseStatus.TRY_LATER
    finally:
        service("start", "keyd-signer")
    wait_until(lambda: post(stack, with_nonce(shared.request(), os.urandom(16))).status_code == 200)


# --- abuse ---

@pytest.mark.parametrize("make", [lambda d: b"", lambda d: b"x", lambda d: b"\x30\x00", lambda d: d[:-1], lambda d: d + b"\x00", lambda d: bytes(5000),
                                  lambda d: b"\x30\x80" + d[2:] + b"\x00\x00", lambda d: b"\x30\x84\xff\xff\xff\xff", lambda d: d[:2] + b"\x30\x02\x30\x00"],
                         ids=["nothing", "text", "empty", "cut", "trailing", "zeros", "indefinite", "length", "no-list"])
def test_what_is_no_request_is_malformed(stack, shared, make):
    for answer in (post(stack, make(shared.request())), get(stack, make(shared.request()) or b"\x00")):
        assert status_of(answer) == ocsp.OCSPResponseStatus.MALFORMED_REQUEST
        assert "no-store" in answer.headers["Cache-Control"]


def about(ids, **more):
    return asn1_ocsp.OCSPRequest({"tbs_request": {"request_list": [{"req_cert": i} for i in ids], **more}}).dump()


def cert_id(serial=5, algorithm="sha1", size=20):
    return {"hash_algorithm": algos.DigestAlgorithm({"algorithm": algorithm}), "issuer_name_hash": bytes(size), "issuer_key_hash": bytes(size),
            "serial_number": serial}


@pytest.mark.parametrize("der", [about([]), about([cert_id(-1)]), about([cert_id(2 ** 160)]), about([cert_id(size=19)]), about([cert_id(size=64)]),
                                 about([cert_id()], request_extensions=RawExtensions([{"extn_id": "1.2.3.4", "critical": True,
                                                                                       "extn_value": core.ParsableOctetString(b"\x05\x00")}]))],
                         ids=["none", "negative", "long-serial", "short-hash", "long-hash", "critical"])
def test_requests_that_make_no_sense_are_malformed(stack, der):
    assert status_of(post(stack, der)) == ocsp.OCSPResponseStatus.MALFORMED_REQUEST


def test_an_unknown_extension_that_is_not_critical_is_passed_over(stack):
    der = about([cert_id()], request_extensions=RawExtensions([{"extn_id": "1.2.3.4", "extn_value": core.ParsableOctetString(b"\x05\x00")}]))
    assert status_of(post(stack, der)) == ocsp.OCSPResponseStatus.SUCCESSFUL


def test_names_made_with_another_hash_get_no_word(stack):
    assert status_of(post(stack, about([cert_id(algorithm="md5", size=16)]))) == ocsp.OCSPResponseStatus.UNAUTHORIZED


def test_sixteen_certificates_are_answered_and_seventeen_are_not(stack):
    answer = read(post(stack, about([cert_id(n) for n in range(1, 17)])))
    assert len(list(answer.responses)) == 16
    assert status_of(post(stack, about([cert_id(n) for n in range(1, 18)]))) == ocsp.OCSPResponseStatus.MALFORMED_REQUEST


def test_a_request_over_8_kib_is_413(stack):
    assert post(stack, bytes(8193)).status_code == 413
    assert post(stack, bytes(5 << 20)).status_code == 413


def test_only_its_own_media_type(stack, shared):
    for kind in ("application/octet-stream", "text/plain", "application/ocsp-response", "application/json"):
        assert post(stack, shared.request(), kind).status_code == 415


@pytest.mark.parametrize("path", ["!!!!", "MEIw", "M", "%00", "abc%20def", "a" * 7000], ids=["signs", "short", "one", "nul", "space", "long"])
def test_a_path_that_is_no_request_is_refused(stack, path):
    got = requests.get(f"{stack.ocsp_url}/{path}", timeout=10)
    assert got.status_code in (200, 400, 414) and (got.status_code != 200 or status_of(got) == ocsp.OCSPResponseStatus.MALFORMED_REQUEST)


def test_other_methods(stack):
    assert requests.get(stack.ocsp_url, timeout=10).status_code == 405
    assert requests.put(stack.ocsp_url, data=b"x", timeout=10).status_code == 405
    assert requests.post(stack.ocsp_url + "/MEIw", data=b"x", headers={"Content-Type": TYPE}, timeout=10).status_code == 405
