"""
An authority of its own for the matrix of formats, made by python3-cryptography and neither by our code nor by what is compared: a root, an authority for
persons and one for services, a person's keys, a time-stamping certificate and a delegated OCSP responder. RFC 5280, RFC 6960, RFC 3161.
"""
import datetime
import pathlib

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

DAY = datetime.timedelta(days=1)
KEYS = {
    "p256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "p384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "p521": lambda: ec.generate_private_key(ec.SECP521R1()),
    "rsa": lambda: rsa.generate_private_key(65537, 3072),
    "ed25519": ed25519.Ed25519PrivateKey.generate,
}


def now():
    return datetime.datetime.utcnow().replace(microsecond=0)


class Holder:
    """A key and its certificate."""

    def __init__(self, name, key, cert):
        self.name, self.key, self.cert = name, key, cert

    @property
    def pem(self):
        return self.cert.public_bytes(serialization.Encoding.PEM)

    @property
    def der(self):
        return self.cert.public_bytes(serialization.Encoding.DER)


class Pki:
    """Files of the folder: root.pem (the anchor), chain.pem (the authorities below it), NAME.pem and NAME.key of whoever signs."""

    def __init__(self, folder, url):
        self.folder, self.url = pathlib.Path(folder), url
        self.root = self.authority("Interop Root", None)
        self.persons = self.authority("Interop Persons CA", self.root)
        self.services = self.authority("Interop Services CA", self.root)
        self.tsa = self.issue("Interop TSA", self.services, "tsa", crl="services", usage=("digital_signature",), eku=[ExtendedKeyUsageOID.TIME_STAMPING])
        self.ocsp = self.issue("Interop OCSP", self.persons, "ocsp", usage=("digital_signature",), eku=[ExtendedKeyUsageOID.OCSP_SIGNING], nocheck=True)
        self.signers = {kind: self.issue(f"Trần Thị Bưởi ({kind})", self.persons, kind, kind=kind, ocsp=True) for kind in KEYS}
        self.write("root.pem", self.root.pem)
        self.write("chain.pem", self.persons.pem + self.services.pem)
        self.write("all.pem", self.root.pem + self.persons.pem + self.services.pem)

    def write(self, name, data):
        (self.folder / name).write_bytes(data)

    def authority(self, name, issuer):
        key = KEYS["p256"]()
        builder = self.begin(name, key, issuer or Holder(name, key, None), 3650)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        builder = builder.add_extension(usages("key_cert_sign", "crl_sign"), True)
        if issuer:
            builder = self.addresses(builder, "root", "root", False)
        return Holder(name, key, builder.sign((issuer.key if issuer else key), hashes.SHA256()))

    def issue(self, name, issuer, file, kind="p256", usage=("content_commitment",), eku=None, ocsp=False, crl=None, nocheck=False):
        key = KEYS[kind]()
        builder = self.begin(name, key, issuer, 365).add_extension(usages(*usage), True)
        if eku:
            builder = builder.add_extension(x509.ExtendedKeyUsage(eku), True)
        if nocheck:
            builder = builder.add_extension(x509.OCSPNoCheck(), False)
        elif crl or ocsp:
            builder = self.addresses(builder, crl, "persons" if ocsp else "services", ocsp)
        holder = Holder(name, key, builder.sign(issuer.key, hashes.SHA256()))
        self.write(f"{file}.pem", holder.pem)
        self.write(f"{file}.key", key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
        return holder

    def begin(self, name, key, issuer, days):
        subject = x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"), x509.NameAttribute(NameOID.COMMON_NAME, name)])
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer.cert.subject if issuer.cert else subject)
        builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(now() - DAY).not_valid_after(now() + days * DAY)
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        return builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()), False)

    def addresses(self, builder, crl, above, ocsp):
        """Where to ask for the status, and where the issuer's certificate lies."""
        access = [x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, x509.UniformResourceIdentifier(f"{self.url}/{above}.crt"))]
        if ocsp:
            access.append(x509.AccessDescription(AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(f"{self.url}/ocsp")))
        builder = builder.add_extension(x509.AuthorityInformationAccess(access), False)
        if crl:
            point = x509.DistributionPoint([x509.UniformResourceIdentifier(f"{self.url}/{crl}.crl")], None, None, None)
            builder = builder.add_extension(x509.CRLDistributionPoints([point]), False)
        return builder


def usages(*wanted):
    every = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign", "encipher_only",
             "decipher_only")
    return x509.KeyUsage(**{name: name in wanted for name in every})
