"""
The timestamp service over HTTP, asked and verified by `openssl ts` and asn1crypto. RFC 3161, RFC 5816.
"""
import concurrent.futures
import hashlib
import os

import pytest
import requests
from asn1crypto import algos, core, tsp
from signer_kit import Court, rows, run

TYPE = "application/timestamp-query"


@pytest.fixture(scope="module")
def court(stack):
    return Court(stack)


def post(stack, data, kind=TYPE):
    return requests.post(stack.tsa_url, data=data, headers={"Content-Type": kind}, timeout=10)


def query(hash_name="sha256", data=b"abc", **more):
    fields = {"version": "v1", "message_imprint": {"hash_algorithm": {"algorithm": hash_name}, "hashed_message": hashlib.new(hash_name, data).digest()},
              "nonce": int.from_bytes(os.urandom(8), "big"), "cert_req": True}
    fields.update(more)
    return tsp.TimeStampReq({k: v for k, v in fields.items() if v is not None})


def answer(stack, q):
    got = post(stack, q.dump())
    assert got.status_code == 200 and got.headers["Content-Type"] == "application/timestamp-reply"
    return tsp.TimeStampResp.load(got.content, strict=True)


def tst(reply):
    return reply["time_stamp_token"]["content"]["encap_content_info"]["content"].parsed


@pytest.mark.parametrize("alg", ["sha256", "sha384", "sha512"])
def test_openssl_asks_and_verifies(stack, court, alg):
    data, q, r = court.write("d", b"what is stamped"), court.folder / "q.tsq", court.folder / "r.tsr"
    run("openssl", "ts", "-query", "-data", data, f"-{alg}", "-cert", "-out", q)
    r.write_bytes(post(stack, q.read_bytes()).content)
    for given in (["-queryfile", q], ["-data", data]):
        done = run("openssl", "ts", "-verify", *given, "-in", r, "-CAfile", stack.trust_pem, "-untrusted", court_chain(stack, court))
        assert done.returncode == 0 and "Verification: OK" in done.stdout, done.stderr
    court.write("d", b"what is stampeD")
    assert run("openssl", "ts", "-verify", "-data", data, "-in", r, "-CAfile", stack.trust_pem, "-untrusted", court_chain(stack, court)).returncode != 0


def court_chain(stack, court):
    der = court.write("services.der", requests.get(stack.signer_url + "/ca/services.crt", timeout=10).content)
    run("openssl", "x509", "-inform", "DER", "-in", der, "-out", court.folder / "services.pem")
    return court.folder / "services.pem"


def test_nonce_policy_accuracy_and_unique_serials(stack):
    seen, times = set(), []
    for _ in range(20):
        q = query()
        info = tst(answer(stack, q))
        assert info["nonce"].native == q["nonce"].native
        assert info["policy"].native and info["accuracy"].native
        seen.add(info["serial_number"].native)
        times.append(info["gen_time"].native)
    assert len(seen) == 20 and times == sorted(times)


def test_certificates_only_when_asked_for(stack):
    with_, without = (answer(stack, query(cert_req=c))["time_stamp_token"]["content"]["certificates"] for c in (True, False))
    assert len(with_) >= 1 and len(without) == 0


def test_the_policy_can_be_named(stack):
    policy = tst(answer(stack, query()))["policy"].native
    assert answer(stack, query(req_policy=policy))["status"]["status"].native == "granted"


class Refusal(core.Sequence):
    """TimeStampResp without the token that RFC 3161 §2.4.2 makes optional (asn1crypto does not)."""
    _fields = [("status", tsp.PKIStatusInfo), ("time_stamp_token", core.Any, {"optional": True})]


def failure(got):
    assert got.status_code == 200 and got.headers["Content-Type"] == "application/timestamp-reply"
    reply = Refusal.load(got.content, strict=True)
    assert reply["status"]["status"].native == "rejection" and reply["time_stamp_token"].native is None
    return reply["status"]["fail_info"].native


@pytest.mark.parametrize("q, info", [
    (query("sha1"), "bad_alg"), (query("md5"), "bad_alg"), (query(req_policy="1.2.3.4"), "unaccepted_policy"), (query(nonce=-1), "bad_request"),
    (query(extensions=[{"extn_id": "1.2.3.4", "critical": False, "extn_value": core.OctetString(b"\x05\x00")}]), "unaccepted_extensions"),
], ids=["sha1", "md5", "policy", "nonce", "extension"])
def test_a_query_that_is_refused_is_told_why(stack, q, info):
    assert failure(post(stack, q.dump())) == {info}


def test_an_imprint_of_the_wrong_length_is_refused(stack):
    q = tsp.TimeStampReq({"version": "v1", "message_imprint": tsp.MessageImprint({"hash_algorithm": algos.DigestAlgorithm({"algorithm": "sha256"}),
                                                                                 "hashed_message": b"x" * 20})})
    assert failure(post(stack, q.dump())) == {"bad_data_format"}


@pytest.mark.parametrize("data", [b"x", b"\x30\x00", query().dump()[:-1], query().dump() + b"\x00", b"\x30\x84\xff\xff\xff\xff", bytes(4000)],
                         ids=["text", "empty", "cut", "trailing", "length", "zeros"])
def test_what_is_no_query_is_refused(stack, data):
    assert failure(post(stack, data)) & {"bad_data_format", "bad_request"}


def test_only_its_own_media_type(stack):
    assert post(stack, query().dump(), "application/octet-stream").status_code == 415


def test_a_query_over_4_kib_is_413(stack):
    assert post(stack, bytes(5000)).status_code == 413


def test_get_is_not_a_query(stack):
    got = requests.get(stack.tsa_url, timeout=10)
    assert got.status_code == 405 and "POST" in got.headers["Allow"]


def test_every_timestamp_given_out_has_its_row(stack):
    serial = tst(answer(stack, query()))["serial_number"].native
    sql = f"SELECT count(*) FROM signer.timestamp WHERE ltrim(encode(serial, 'hex'), '0') = '{serial:x}' AND purpose = 'tsa'"
    assert rows(stack, sql) == "1"


def test_timestamps_asked_for_at_once_share_a_commit_and_each_has_its_row(stack):
    with concurrent.futures.ThreadPoolExecutor(24) as pool:
        serials = list(pool.map(lambda _: tst(answer(stack, query()))["serial_number"].native, range(120)))
    assert len(set(serials)) == 120
    listed = ",".join(f"'{s:x}'" for s in serials)
    assert rows(stack, f"SELECT count(*) FROM signer.timestamp WHERE ltrim(encode(serial, 'hex'), '0') IN ({listed}) AND octet_length(imprint) = 32") == "120"
