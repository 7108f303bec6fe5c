"""
The matrix itself: what each program said of each row, as the Markdown table that `make interop` prints and docs/formats.md holds.
"""
from formats.columns import COLUMNS, asked
from formats.rows import BUILD, ROWS

PATH = BUILD / "interop/matrix.md"


class Matrix:
    def __init__(self):
        self.cells = {}

    def note(self, row, column, word):
        self.cells[row, column] = word

    def cell(self, row, column):
        """pass, FAIL, away, – for a format that a program does not read, ? for one that was not asked."""
        return self.cells.get((row, column), "?") if asked(row, column) else "–"

    def complete(self):
        """Was everybody asked about everything?"""
        return not any(self.cell(r, c) in ("?", "away") for r in ROWS for c in COLUMNS)

    def __str__(self):
        lines = [["format and level", *COLUMNS], ["---"] * (len(COLUMNS) + 1), *([str(r), *(self.cell(r, c) for c in COLUMNS)] for r in ROWS)]
        return "".join("| " + " | ".join(line) + " |\n" for line in lines)

    def write(self):
        PATH.parent.mkdir(parents=True, exist_ok=True)
        PATH.write_text(str(self), encoding="utf-8")
