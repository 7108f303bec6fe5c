"""
What the matrix's certificates point to, over HTTP on this machine: a time-stamping authority (openssl ts), OCSP answers and CRLs (python3-cryptography),
issuers' certificates. Ends with the block.
"""
import contextlib
import http.server
import itertools
import subprocess
import threading

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp

from formats.pki import DAY, Pki, now

TSA_CONF = """
[tsa]
dir = {folder}
serial = $dir/tsa.serial
crypto_device = builtin
signer_cert = $dir/tsa.pem
certs = $dir/chain.pem
signer_key = $dir/tsa.key
signer_digest = sha256
default_policy = 1.3.6.1.4.1.99999.1
digests = sha256, sha384, sha512
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""


class Services:
    def __init__(self, pki):
        self.pki, self.lock, self.number = pki, threading.Lock(), itertools.count(1)
        (pki.folder / "tsa.conf").write_text(TSA_CONF.format(folder=pki.folder), encoding="utf-8")
        (pki.folder / "tsa.serial").write_text("01", encoding="utf-8")

    def timestamp(self, query):
        with self.lock:  # the serial number's file is openssl's
            n = next(self.number)
            ask = self.pki.folder / f"query-{n}.tsq"
            ask.write_bytes(query)
            out = subprocess.run(["openssl", "ts", "-reply", "-config", self.pki.folder / "tsa.conf", "-section", "tsa", "-queryfile", ask],
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
            ask.unlink()
        return out.stdout

    def crl(self, issuer):
        builder = x509.CertificateRevocationListBuilder().issuer_name(issuer.cert.subject).last_update(now()).next_update(now() + DAY)
        builder = builder.add_extension(x509.CRLNumber(next(self.number)), False)
        builder = builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()), False)
        return builder.sign(issuer.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)

    def ocsp(self, query):
        ask = ocsp.load_der_ocsp_request(query)
        cert = next((s.cert for s in self.pki.signers.values() if s.cert.serial_number == ask.serial_number), None)
        if cert is None:
            return ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.UNAUTHORIZED).public_bytes(serialization.Encoding.DER)
        builder = ocsp.OCSPResponseBuilder().add_response(cert=cert, issuer=self.pki.persons.cert, algorithm=ask.hash_algorithm,
                                                          cert_status=ocsp.OCSPCertStatus.GOOD, this_update=now(), next_update=now() + DAY,
                                                          revocation_time=None, revocation_reason=None)
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, self.pki.ocsp.cert).certificates([self.pki.ocsp.cert])
        for extension in ask.extensions:
            if isinstance(extension.value, x509.OCSPNonce):
                builder = builder.add_extension(extension.value, False)
        return builder.sign(self.pki.ocsp.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)

    def get(self, path):
        authority = {"root": self.pki.root, "persons": self.pki.persons, "services": self.pki.services}.get(path[1:-4])
        if authority and path.endswith(".crl"):
            return "application/pkix-crl", self.crl(authority)
        if authority and path.endswith(".crt"):
            return "application/pkix-cert", authority.der
        return None, None

    def post(self, path, body):
        if path == "/tsa":
            return "application/timestamp-reply", self.timestamp(body)
        if path == "/ocsp":
            return "application/ocsp-response", self.ocsp(body)
        return None, None


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, kind, body):
        self.send_response(200 if kind else 404)
        self.send_header("Content-Type", kind or "text/plain")
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        self.wfile.write(body or b"")

    def do_GET(self):
        self.answer(*self.server.services.get(self.path))

    def do_POST(self):
        self.answer(*self.server.services.post(self.path, self.rfile.read(int(self.headers["Content-Length"]))))

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def serving(folder):
    """The authority, its services answering until the block ends."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    pki = Pki(folder, f"http://127.0.0.1:{server.server_address[1]}")
    server.services = Services(pki)
    pki.answers = server.services
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield pki
    finally:
        server.shutdown()
        server.server_close()
