"""
pyHanko for the matrix of formats: one process in its own environment (build/interop/venv), a question a line, an answer a line; words are separated by tabs.
Started by peers.py; the questions are those of java/Main.java.
"""
import asyncio
import hashlib
import sys
import traceback

from asn1crypto import cms, crl as asn1_crl, ocsp as asn1_ocsp, pem, x509
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import signers, timestamps
from pyhanko.sign.ades.report import AdESPassed
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.validation.ades import ades_basic_validation, ades_lta_validation, ades_with_time_validation
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.policy_decl import (LocalKnowledge, PdfSignatureValidationSpec, RevinfoOnlineFetchingRule, RevocationInfoGatheringSpec,
                                                 SignatureValidationSpec)
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.policy_decl import REQUIRE_REVINFO, CertRevTrustPolicy
from pyhanko_certvalidator.registry import SimpleTrustManager
from pyhanko_certvalidator.revinfo.archival import CRLContainer, OCSPContainer

ENTIRE_REVISION = SignatureCoverageLevel.ENTIRE_REVISION


def certificates(path):
    with open(path, "rb") as f:
        return [x509.Certificate.load(der) for _, _, der in pem.unarmor(f.read(), multiple=True)]


def spec(root, online, known=LocalKnowledge()):
    """One anchor; each certificate's status must be known; asked for over HTTP or in the file alone."""
    policy = CertValidationPolicySpec(trust_manager=SimpleTrustManager.build(trust_roots=certificates(root)),
                                      revinfo_policy=CertRevTrustPolicy(REQUIRE_REVINFO))
    rule = RevinfoOnlineFetchingRule.ALWAYS_FETCH if online else RevinfoOnlineFetchingRule.LOCAL_ONLY
    return SignatureValidationSpec(cert_validation_policy=policy, revinfo_gathering_policy=RevocationInfoGatheringSpec(rule), local_knowledge=known)


def said(result):
    """INDICATION|what went wrong"""
    if result.ades_subindic == AdESPassed.OK:
        return "TOTAL_PASSED|"
    return f"{type(result.ades_subindic).__name__} {result.ades_subindic.name}|{result.failure_msg}"


def stamped(signed_data):
    return any(a["type"].native == "signature_time_stamp_token" for a in signed_data["signer_infos"][0]["unsigned_attrs"])


def known_of_dss(reader):
    """What a PAdES-B-LT file brings in its document security store."""
    dss = DocumentSecurityStore.read_dss(reader)
    answers = [OCSPContainer.load_multi(asn1_ocsp.OCSPResponse.load(o.get_object().data)) for o in dss.ocsps]
    return LocalKnowledge(known_crls=[CRLContainer(asn1_crl.CertificateList.load(c.get_object().data)) for c in dss.crls],
                          known_ocsps=[a for group in answers for a in group], known_certs=list(dss.load_certs()))


async def judge_pdf(root, online, file):
    """One word a signature by a person: INDICATION|LEVEL|errors. The level is what was there and was found good."""
    words = []
    with open(file, "rb") as f:
        reader = PdfFileReader(f)
        for s in reader.embedded_regular_signatures:
            s.compute_integrity_info()
            level, result = await judge_one(root, online, reader, s)
            head, errors = said(result).split("|", 1)
            status, whole = result.api_status, s.summarise_integrity_info()
            if head == "TOTAL_PASSED" and not (status.intact and status.valid and whole["docmdp_ok"] is not False and whole["coverage"] >= ENTIRE_REVISION):
                head, errors = "FAILED", f"{whole}"
            stamp = status.timestamp_validity if status else None
            if head == "TOTAL_PASSED" and level != "B-B" and not (stamp and stamp.intact and stamp.valid):
                head, errors = "FAILED", "the time-stamp is not valid"
            words.append(f"{head}|{level}|{errors}")
    return words


async def judge_one(root, online, reader, s):
    """By the process of EN 319 102-1 that fits what is there: basic, with time, or with archival data."""
    digest = s.compute_digest()
    if online and not stamped(s.signed_data):
        return "B-B", await ades_basic_validation(s.signed_data, spec(root, True), raw_digest=digest)
    if online:
        return "B-T", await ades_with_time_validation(s.signed_data, spec(root, True), raw_digest=digest)
    if not reader.embedded_timestamp_signatures:
        return "B-LT", await ades_with_time_validation(s.signed_data, spec(root, False, known_of_dss(reader)), raw_digest=digest)
    result = await ades_lta_validation(s, PdfSignatureValidationSpec(spec(root, False)))
    return "B-LTA" if result.oldest_evidence_record_timestamp else "B-LT", result


def known_of(signed_data):
    """What a CAdES-B-LT signature brings in its own fields."""
    crls, answers = [], []
    for choice in signed_data["crls"] if signed_data["crls"].native else []:
        if choice.name != "other":
            crls.append(CRLContainer(choice.chosen))
        elif choice.chosen["other_rev_info_format"].dotted == "1.3.6.1.5.5.7.16.2":  # RFC 5940
            answers += OCSPContainer.load_multi(asn1_ocsp.OCSPResponse.load(choice.chosen["other_rev_info"].dump()))
    return LocalKnowledge(known_crls=crls, known_ocsps=answers, known_certs=[c.chosen for c in signed_data["certificates"] if c.name == "certificate"])


async def judge_cms(root, online, file, content):
    with open(file, "rb") as f:
        signed_data = cms.ContentInfo.load(f.read())["content"]
    digest = None
    if content:
        name = signed_data["signer_infos"][0]["digest_algorithm"]["algorithm"].native
        with open(content[0], "rb") as f:
            digest = hashlib.new(name, f.read()).digest()
    has_time = stamped(signed_data)
    use = spec(root, online, LocalKnowledge() if online else known_of(signed_data))
    result = await (ades_with_time_validation if has_time else ades_basic_validation)(signed_data, use, raw_digest=digest)
    level = "B-B" if not has_time else "B-T" if online else "B-LT"
    head, errors = said(result).split("|", 1)
    if head == "TOTAL_PASSED" and not (result.api_status.intact and result.api_status.valid):
        head = "FAILED"
    return [f"{head}|{level}|{errors}"]


async def sign(root, key, cert, chain, tsa, form, level, files, out):
    """PAdES, CAdES-DETACHED or CAdES-ENVELOPING, level B, T, LT or LTA (CAdES: to T)."""
    signer = signers.SimpleSigner.load(key, cert, ca_chain_files=(chain,))
    stamper = None if level == "B" else timestamps.HTTPTimeStamper(tsa)
    with open(files, "rb") as f, open(out, "wb") as to:
        if form == "PAdES":
            context = ValidationContext(trust_roots=certificates(root), allow_fetching=True, revocation_mode="require")
            meta = signers.PdfSignatureMetadata(field_name="Signature", md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES, validation_context=context,
                                                embed_validation_info=level in ("LT", "LTA"), use_pades_lta=level == "LTA")
            await signers.PdfSigner(meta, signer=signer, timestamper=stamper).async_sign_pdf(IncrementalPdfFileWriter(f), output=to)
        else:
            made = await signer.async_sign_general_data(f.read(), "sha256", detached=form == "CAdES-DETACHED", use_cades=True, timestamper=stamper)
            to.write(made.dump())
    return []


async def answer(q):
    if q[0] == "sign":
        return await sign(*q[1:])
    if q[0] == "validate":
        online = q[2] == "online"
        with open(q[3], "rb") as f:
            pdf = f.read(5) == b"%PDF-"
        return await (judge_pdf(q[1], online, q[3]) if pdf else judge_cms(q[1], online, q[3], q[4:]))
    raise ValueError(q[0])


def main():
    out, sys.stdout = sys.stdout, sys.stderr  # what libraries print is no answer
    for line in sys.stdin:
        try:
            head, words = "ok", asyncio.run(answer(line.rstrip("\n").split("\t")))
        except Exception as e:  # pylint: disable=broad-except
            head, words = "error", [type(e).__name__, str(e)]
            traceback.print_exc()
        print("\t".join([head, *(" ".join(str(w).split()) for w in words)]), file=out, flush=True)


if __name__ == "__main__":
    main()
