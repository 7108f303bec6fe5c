"""
Signatures that EU DSS and pyHanko make, for antin-verify and `antin-sign extend`. A new one is a line of FOREIGN.
"""
import dataclasses

from formats import rows

LEVELS = rows.LEVELS


@dataclasses.dataclass(frozen=True)
class Foreign:
    maker: str             # "dss" or "pyhanko", as the fixtures are called
    format: str            # as the maker calls it
    inputs: tuple
    output: str
    levels: tuple = LEVELS
    raised: str = "B-LTA"  # how far antin-sign extend takes it
    beside: bool = False   # the content lies beside the signature

    def __str__(self):
        return f"{'EU DSS' if self.maker == 'dss' else 'pyHanko'} {self.format}"


PAPERS = ("to-khai.pdf", "note.txt")
FOREIGN = (
    Foreign("dss", "PAdES", PAPERS[:1], "x.pdf"),
    Foreign("dss", "CAdES-DETACHED", PAPERS[1:], "note.txt.p7s", beside=True),
    Foreign("dss", "CAdES-ENVELOPING", PAPERS[1:], "x.p7m"),
    Foreign("dss", "XAdES-ENVELOPED", ("to-khai.xml",), "x.xml"),
    Foreign("dss", "XAdES-ENVELOPING", PAPERS[1:], "x.xml"),
    Foreign("dss", "XAdES-DETACHED", PAPERS[1:], "note.txt.xades.xml", beside=True),
    Foreign("dss", "ASiC-E-XAdES", PAPERS, "x.asice"),
    Foreign("dss", "ASiC-E-CAdES", PAPERS, "x.asice"),
    Foreign("dss", "ASiC-S-XAdES", PAPERS[1:], "x.asics"),
    Foreign("dss", "ASiC-S-CAdES", PAPERS[1:], "x.asics"),
    Foreign("dss", "JAdES-COMPACT", PAPERS[1:], "x.json", LEVELS[:1], raised=""),
    Foreign("dss", "JAdES-JSON", PAPERS[1:], "x.json", LEVELS[:2], raised="B-T"),
    Foreign("pyhanko", "PAdES", PAPERS[:1], "x.pdf"),
    Foreign("pyhanko", "CAdES-DETACHED", PAPERS[1:], "note.txt.p7s", LEVELS[:2], beside=True),
    Foreign("pyhanko", "CAdES-ENVELOPING", PAPERS[1:], "x.p7m", LEVELS[:2]),
)


@dataclasses.dataclass(frozen=True)
class Level:
    """As much of a row as the judges look at, of a file that antin-sign did not make."""
    family: str
    level: str
    format: object = None

    @property
    def online(self):
        return self.level in ("B-B", "B-T")


def make(pki, peer, f, level, folder):
    """Signed by the maker; judged later as a row is."""
    source = rows.inputs(pki.folder / "in")
    out = folder / f.output
    peer.ask("sign", pki.folder / "root.pem", pki.folder / "p256.key", pki.folder / "p256.pem", pki.folder / "chain.pem", pki.url + "/tsa", f.format, level[2:],
             "|".join(str(source / n) for n in f.inputs), out)
    return made(f, level, out, [source / n for n in f.inputs] if f.beside else [])


def made(f, level, path, contents):
    return rows.Made(Level(f.format.split("-")[0], level, rows.Format("", (), "", dss=f"{family(f.format)}-BASELINE")), path, contents)


def family(name):
    """ASiC-E-CAdES holds CAdES."""
    return name.rsplit("-", 1)[1] if name.startswith("ASiC") else name.split("-")[0]


def raised(pki, m, level):
    """In its place, by antin-sign extend."""
    content = ["--content", m.contents[0]] if m.contents else []
    status, words = rows.antin_sign(pki, ["extend", "--level", level, "--tsa", pki.url + "/tsa", *content, m.path])
    assert status == 0, words
    return dataclasses.replace(m, row=dataclasses.replace(m.row, level=level))
