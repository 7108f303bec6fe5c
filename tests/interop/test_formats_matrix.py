"""
Every format and level that antin-sign makes, before every program that reads it: one row a format and level, one column a program. Nothing but a pass counts as a
pass. The table is printed by `make interop` and kept in docs/formats.md.
"""
import pytest
from formats import matrix, rows, tamper
from formats.columns import COLUMNS, Refused, asked

CELLS = [(row, column) for row in rows.ROWS for column in COLUMNS if asked(row, column)]


@pytest.fixture(scope="module")
def table():
    m = matrix.Matrix()
    yield m
    m.write()


@pytest.fixture(scope="module")
def made(authority):
    """A row's file, signed when it is first asked for."""
    files = {}
    return lambda row: files[row] if row in files else files.setdefault(row, rows.make(authority, row))


@pytest.mark.parametrize(("row", "column"), CELLS, ids=[f"{r}-{c}".replace(" ", "-") for r, c in CELLS])
def test_a_program_accepts_it(judges, table, made, row, column):
    _, judge, peer = COLUMNS[column]
    if peer and isinstance(getattr(judges, peer), str):
        table.note(row, column, "away")
        pytest.skip(getattr(judges, peer))
    table.note(row, column, "FAIL")
    judge(judges, made(row))
    table.note(row, column, "pass")


# qpdf looks at structure alone, openssl at time-stamps of XML signatures and at a container's manifest, jwcrypto not at files that a signature names.
SEE_CONTENT = [(r, c) for r, c in CELLS if not r.key and r.level in ("B-T", "first") and c != "qpdf" and (c != "openssl" or r.family in ("PAdES", "CAdES", "ASiC-S"))
               and (c != "jwcrypto" or not r.format.beside)]


@pytest.mark.parametrize(("row", "column"), SEE_CONTENT, ids=[f"{r}-{c}".replace(" ", "-") for r, c in SEE_CONTENT])
def test_a_program_refuses_changed_content(judges, made, tmp_path, row, column):
    """A judge that accepts everything would make the table worthless."""
    _, judge, peer = COLUMNS[column]
    if peer and isinstance(getattr(judges, peer), str):
        pytest.skip(getattr(judges, peer))
    with pytest.raises(Refused):
        judge(judges, tamper.changed(made(row), tmp_path))


def test_the_table_in_the_documentation_is_this_one(table):
    if not table.complete():
        pytest.skip("not every program was asked")
    kept = (rows.ROOT / "docs/formats.md").read_text(encoding="utf-8")
    assert str(table) in kept, f"docs/formats.md should have:\n{table}"
