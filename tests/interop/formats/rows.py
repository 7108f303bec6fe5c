"""
What antin-sign makes for the matrix of formats: one row a format and level. A new format is a line of FORMATS.
"""
import dataclasses
import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[3]
BUILD = ROOT / (os.environ.get("ANTIN_BUILD") or "build")
LEVELS = ("B-B", "B-T", "B-LT", "B-LTA")
VECTORS = ROOT / "tests/vectors/demo"


@dataclasses.dataclass(frozen=True)
class Format:
    name: str                # first word: the family that columns go by
    inputs: tuple            # files of the folder `in`
    output: str              # the file that appears
    options: tuple = ()      # of antin-sign
    levels: tuple = LEVELS
    dss: str = ""            # what EU DSS calls it, before the level


# A file named in `inputs` that is not inside the output is handed to the judges beside it.
FORMATS = (
    Format("PAdES", ("to-khai.pdf",), "to-khai.signed.pdf", dss="PAdES-BASELINE"),
    Format("CAdES detached", ("note.txt",), "note.txt.p7s", dss="CAdES-BASELINE"),
    Format("CAdES enveloping", ("note.txt",), "note.txt.p7m", ("--enveloping",), dss="CAdES-BASELINE"),
    Format("XAdES enveloped", ("to-khai.xml",), "to-khai.signed.xml", ("--format", "xades"), dss="XAdES-BASELINE"),
    Format("XAdES enveloping", ("note.txt",), "note.txt.xades.xml", ("--format", "xades", "--enveloping"), dss="XAdES-BASELINE"),
    Format("ASiC-E with XAdES", ("to-khai.pdf", "to-khai.xml", "note.txt"), "to-khai.pdf.asice", ("--format", "asic-e"), dss="XAdES-BASELINE"),
    Format("ASiC-E with CAdES", ("to-khai.pdf", "to-khai.xml", "note.txt"), "to-khai.pdf.asice", ("--format", "asic-e", "--kind", "cades"), LEVELS[:3], dss="CAdES-BASELINE"),
    Format("ASiC-S with CAdES", ("note.txt",), "note.asics", ("--format", "asic-s"), dss="CAdES-BASELINE"),
    Format("ASiC-S with a timestamp", ("note.txt",), "note.asics", ("--format", "asic-s", "--kind", "timestamp"), ("B-T",)),
)


@dataclasses.dataclass(frozen=True)
class Row:
    format: Format
    level: str

    def __str__(self):
        return f"{self.format.name} {self.level}"

    @property
    def family(self):
        return self.format.name.split()[0]

    @property
    def online(self):
        """Up to B-T a judge must ask for certificates' status; from B-LT on all it needs is in the file."""
        return self.level in ("B-B", "B-T")


ROWS = tuple(Row(f, level) for f in FORMATS for level in f.levels)


@dataclasses.dataclass
class Made:
    """A row's file, and what it signs that is not inside."""
    row: Row
    path: pathlib.Path
    contents: list


def inputs(folder):
    """The files that are signed."""
    folder.mkdir(exist_ok=True)
    for name in ("to-khai.pdf", "to-khai.xml"):
        (folder / name).write_bytes((VECTORS / name).read_bytes())
    (folder / "note.txt").write_text("Giấy tờ kèm theo\n", encoding="utf-8")
    return folder


def antin_sign(pki, args, signer="p256"):
    """antin-sign with what every call says; (exit status, what it printed)."""
    key = [] if "extend" in args or "timestamp" in args else ["--key", pki.folder / f"{signer}.key", "--cert", pki.folder / f"{signer}.pem"]
    done = subprocess.run([BUILD / "bin/antin-sign", *args, *key, "--chain", pki.folder / "chain.pem", "--trust", pki.folder / "root.pem", "--private-addresses",
                           "--no-cache", "--lang", "en"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60, check=False)
    return done.returncode, done.stdout


def make(pki, row, signer="p256"):
    """Signs; the level is the one that was asked for, or this fails."""
    out = pki.folder / "made" / f"{row} {signer}".replace(" ", "-")
    out.mkdir(parents=True, exist_ok=True)
    source = inputs(pki.folder / "in")
    tsa = [] if row.level == "B-B" else ["--tsa", pki.url + "/tsa"]
    level = [] if "timestamp" in row.format.options else ["--level", row.level]
    name = out / row.format.output if "asic-e" in row.format.options else out
    status, words = antin_sign(pki, [*row.format.options, *level, *tsa, "-o", name, "--overwrite", *(source / n for n in row.format.inputs)], signer)
    assert status == 0, f"{row}: antin-sign ends with {status}: {words}"
    contents = [source / n for n in row.format.inputs] if "detached" in row.format.name else []
    return Made(row, out / row.format.output, contents)
