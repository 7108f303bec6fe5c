"""
What antin-sign makes for the matrix of formats: one row a format and level. A new format is a line of FORMATS.
"""
import dataclasses
import os
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[3]
BUILD = ROOT / (os.environ.get("ANTIN_BUILD") or "build")
LEVELS = ("B-B", "B-T", "B-LT", "B-LTA")
SECOND = "p384"  # whose signature comes second
VECTORS = ROOT / "tests/vectors/demo"


@dataclasses.dataclass(frozen=True)
class Format:
    name: str                # first word: the family that columns go by
    inputs: tuple            # files of the folder `in`
    output: str              # the file that appears
    options: tuple = ()      # of antin-sign
    levels: tuple = LEVELS
    dss: str = ""            # what EU DSS calls it, before the level
    then: tuple = ()         # options of a second person's signature on the result
    beside: tuple = ()       # what it signs that is not inside, and is handed to the judges with it


RECORDS = {"first": (), "renewed by timestamp": (), "renewed by hash tree": ("--hash", "sha512")}
ADD, COUNTER = ("--add",), ("--counter",)
PAPERS = ("to-khai.pdf", "to-khai.xml", "note.txt")
FORMATS = (
    Format("PAdES", PAPERS[:1], "to-khai.signed.pdf", dss="PAdES-BASELINE"),
    Format("PAdES by two", PAPERS[:1], "to-khai.signed.pdf", dss="PAdES-BASELINE", then=ADD),
    Format("PAdES visible by two", PAPERS[:1], "to-khai.signed.pdf", ("--visible", "citizen"), dss="PAdES-BASELINE",
           then=("--add", "--visible", "citizen", "--place", "last:20,230,80x20")),
    Format("CAdES detached", PAPERS[2:], "note.txt.p7s", dss="CAdES-BASELINE", beside=PAPERS[2:]),
    Format("CAdES enveloping", PAPERS[2:], "note.txt.p7m", ("--enveloping",), dss="CAdES-BASELINE"),
    Format("CAdES by two", PAPERS[2:], "note.txt.p7s", dss="CAdES-BASELINE", then=ADD, beside=PAPERS[2:]),
    Format("CAdES counter-signed", PAPERS[2:], "note.txt.p7s", levels=LEVELS[:2], dss="CAdES-BASELINE", then=COUNTER, beside=PAPERS[2:]),
    Format("XAdES enveloped", PAPERS[1:2], "to-khai.signed.xml", ("--format", "xades"), dss="XAdES-BASELINE"),
    Format("XAdES by two", PAPERS[1:2], "to-khai.signed.xml", ("--format", "xades"), dss="XAdES-BASELINE", then=ADD),
    Format("XAdES enveloping", PAPERS[2:], "note.txt.xades.xml", ("--format", "xades", "--enveloping"), dss="XAdES-BASELINE"),
    Format("XAdES detached", PAPERS[2:], "note.txt.xades.xml", ("--format", "xades", "--detached"), dss="XAdES-BASELINE", beside=PAPERS[2:]),
    Format("ASiC-E with XAdES", PAPERS, "to-khai.asice", ("--format", "asic-e"), dss="XAdES-BASELINE"),
    Format("ASiC-E with XAdES by two", PAPERS, "to-khai.asice", ("--format", "asic-e"), dss="XAdES-BASELINE", then=ADD),
    Format("ASiC-E with CAdES", PAPERS, "to-khai.asice", ("--format", "asic-e", "--kind", "cades"), dss="CAdES-BASELINE"),
    Format("ASiC-S with CAdES", PAPERS[2:], "note.asics", ("--format", "asic-s"), dss="CAdES-BASELINE"),
    Format("ASiC-S with a timestamp", PAPERS[2:], "note.asics", ("--format", "asic-s", "--kind", "timestamp"), ("B-T",)),
    Format("JAdES", PAPERS[2:], "note.txt.jades.json", ("--format", "jades"), LEVELS[:2], dss="JAdES-BASELINE"),
    Format("JAdES compact", PAPERS[2:], "note.txt.jws", ("--format", "jades", "--compact"), LEVELS[:1], dss="JAdES-BASELINE"),
    Format("JAdES detached", PAPERS[2:], "note.txt.jades.json", ("--format", "jades", "--detached"), LEVELS[:2], dss="JAdES-BASELINE", beside=PAPERS[2:]),
    Format("Evidence record", PAPERS, "note.txt.ers", ("evidence",), tuple(RECORDS), beside=PAPERS[2:]),
)


# Other keys and digests than P-256 with SHA-256: whose, and options of antin-sign.
KEYS = {
    "ECDSA P-384": ("p384",),
    "ECDSA P-521": ("p521",),
    "ECDSA, SHA3-256": ("p256", "--hash", "sha3-256"),
    "RSASSA-PSS": ("rsa",),
    "RSA PKCS#1 v1.5": ("rsa", "--rsa-pkcs1"),
    "Ed25519": ("ed25519",),
}


@dataclasses.dataclass(frozen=True)
class Row:
    format: Format
    level: str
    key: str = ""

    def __str__(self):
        return f"{self.format.name} {self.level}" + (f", {self.key}" if self.key else "")

    @property
    def family(self):
        return self.format.name.split()[0]

    @property
    def online(self):
        """Up to B-T a judge must ask for certificates' status; from B-LT on all it needs is in the file."""
        return self.level in ("B-B", "B-T")


KEYED = {"PAdES": tuple(KEYS), "CAdES detached": tuple(KEYS), "XAdES enveloped": tuple(KEYS),
         "JAdES": tuple(k for k in KEYS if "SHA3" not in k)}  # JSON has no name for SHA-3
ROWS = (*(Row(f, level) for f in FORMATS for level in f.levels), *(Row(f, "B-T", key) for f in FORMATS for key in KEYED.get(f.name, ())))


@dataclasses.dataclass
class Made:
    """A row's file, and what it signs that is not inside."""
    row: Row
    path: pathlib.Path
    contents: list


def inputs(folder):
    """The files that are signed."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("to-khai.pdf", "to-khai.xml"):
        (folder / name).write_bytes((VECTORS / name).read_bytes())
    (folder / "note.txt").write_text("Giấy tờ kèm theo\n", encoding="utf-8")
    return folder


def antin_sign(pki, args, signer="p256"):
    """antin-sign with what every call says; (exit status, what it printed)."""
    key = [] if {"extend", "evidence", "timestamp"} & set(args) else ["--key", pki.folder / f"{signer}.key", "--cert", pki.folder / f"{signer}.pem"]
    done = subprocess.run([BUILD / "bin/antin-sign", *args, *key, "--chain", pki.folder / "chain.pem", "--trust", pki.folder / "root.pem", "--private-addresses",
                           "--no-cache", "--lang", "en"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60, check=False)
    return done.returncode, done.stdout


def make(pki, row):
    """Signs, a second person too where the row says so; the level is the one that was asked for, or this fails."""
    if row.family == "Evidence":
        return make_record(pki, row)
    out = inputs(pki.folder / "made" / re.sub("[ ,#]+", "-", str(row)))
    signer, *options = KEYS.get(row.key, ("p256",))
    tsa = [] if row.level == "B-B" else ["--tsa", pki.url + "/tsa"]
    how = tsa if "timestamp" in row.format.options else ["--level", row.level, *tsa]
    sources, path = [out / n for n in row.format.inputs], out / row.format.output
    steps = [(signer, (*row.format.options, *options), sources)]
    if row.format.then:
        steps.append((SECOND, row.format.then, [path]))
    for who, args, files in steps:
        status, words = antin_sign(pki, [*args, *how, "--overwrite", *files], who)
        assert status == 0 and path.exists(), f"{row}: antin-sign ends with {status}: {words}"
    return Made(row, path, [out / n for n in row.format.beside])


def make_record(pki, row):
    """One timestamp over all inputs, renewed or not; a record of one of them."""
    out = inputs(pki.folder / "made" / str(row).replace(" ", "-"))
    sources, store, tsa = [out / n for n in row.format.inputs], out / "store", ["--tsa", pki.url + "/tsa"]
    steps = [["create", *tsa, *sources]]
    if row.level != "first":
        steps.append(["renew", *tsa, *RECORDS[row.level], *(sources if RECORDS[row.level] else [])])
    for verb, *args in [*steps, ["get", *(out / n for n in row.format.beside)]]:
        status, words = antin_sign(pki, ["evidence", verb, "-o", store, *args])
        assert status == 0, f"{row}: antin-sign evidence {verb} ends with {status}: {words}"
    return Made(row, out / row.format.output, [out / n for n in row.format.beside])
