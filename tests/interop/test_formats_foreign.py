"""
Signatures made by EU DSS and pyHanko: verified by antin-verify, raised by antin-sign, and then still accepted by whoever made them. And ours, raised by EU DSS.
"""
import pytest
from formats import foreign, rows, tamper
from formats.columns import Refused
from formats.foreign import FOREIGN

EACH = [(f, level) for f in FOREIGN for level in f.levels]
RISING = [(f, level) for f in FOREIGN if f.raised for level in rows.LEVELS[:rows.LEVELS.index(f.raised)] if level in f.levels]
# What EU DSS calls our formats when it raises them.
NAMES = {"PAdES": "PAdES", "PAdES by two": "PAdES", "CAdES detached": "CAdES-DETACHED", "CAdES enveloping": "CAdES-ENVELOPING", "XAdES enveloped": "XAdES-ENVELOPED", "XAdES enveloping": "XAdES-ENVELOPING",
         "XAdES detached": "XAdES-DETACHED", "CAdES by two": "CAdES-DETACHED", "JAdES": "JAdES-JSON", "ASiC-E with XAdES by two": "ASiC-E-XAdES",
         "ASiC-E with XAdES": "ASiC-E-XAdES", "ASiC-E with CAdES": "ASiC-E-CAdES", "ASiC-S with CAdES": "ASiC-S-CAdES"}
OURS = [r for r in rows.ROWS if r.level == "B-B" and r.format.name in NAMES]


def ids(cells):
    return ["-".join(str(c) for c in cell).replace(" ", "-") for cell in cells]


@pytest.fixture
def by(request):
    """A maker by its fixture's name, or a skip that says why it is away."""
    def maker(name):
        peer = request.getfixturevalue(name)
        if isinstance(peer, str):
            pytest.skip(peer)
        return peer
    return maker


@pytest.mark.parametrize(("f", "level"), EACH, ids=ids(EACH))
def test_a_foreign_signature_is_verified(judges, authority, by, tmp_path, f, level):
    made = foreign.make(authority, by(f.maker), f, level, tmp_path)
    judges.antin_verify(made)
    with pytest.raises(Refused):
        judges.antin_verify(tamper.changed(made, tmp_path / "changed"))


@pytest.mark.parametrize(("f", "level"), RISING, ids=ids(RISING))
def test_a_foreign_signature_is_raised(judges, authority, by, tmp_path, f, level):
    """From each level to the highest of its format; EU DSS and our verifier accept what became of it, with nothing else at hand."""
    by("dss")
    made = foreign.raised(authority, foreign.make(authority, by(f.maker), f, level, tmp_path), f.raised)
    judges.antin_verify(made)
    judges.dss_says(made)


@pytest.mark.parametrize("row", OURS, ids=[str(r).replace(" ", "-") for r in OURS])
def test_ours_is_raised_by_eu_dss(judges, authority, by, tmp_path, row):
    made, out = rows.make(authority, row), tmp_path / row.format.output
    level = row.format.levels[-1]
    by("dss").ask("extend", judges.root, authority.url + "/tsa", NAMES[row.format.name], level[2:], made.path, out, *made.contents)
    judges.antin_verify(rows.Made(rows.Row(row.format, level), out, made.contents))
