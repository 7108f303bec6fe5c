"""
What the demo says while it runs and the table it ends with: each claim with the proof that was seen, true or false.
"""
import json
import sys
import textwrap
import time

WIDTHS = (4, 50, 58)  # step, claim, proof


class Proofs:
    def __init__(self):
        self.rows, self.started, self.colour = [], time.monotonic(), sys.stdout.isatty()

    def step(self, number, title):
        self.number = number
        print(f"\n{number}. {title}", flush=True)

    def line(self, text):
        print(f"   {time.monotonic() - self.started:6.2f} s  {text}", flush=True)

    def claim(self, what, true, proof=""):
        """One row of the table; also a line now. Returns whether it holds."""
        self.rows.append({"step": self.number, "claim": what, "proof": str(proof), "true": bool(true)})
        self.line(f"{self.mark(true)} {what}" + (f": {proof}" if proof else ""))
        return bool(true)

    def each(self, what, items, proof=""):
        """One row for several things: (name, holds, proof) each gets its own line. The row names those that fail, else counts."""
        items = list(items)
        for name, true, seen in items:
            self.line(f"{self.mark(true)} {name}: {seen}")
        bad = [name for name, true, _ in items if not true]
        count = f"{len(items) - len(bad)} of {len(items)}"
        self.rows.append({"step": self.number, "claim": what, "proof": f"not {', '.join(bad)}" if bad else f"{count}{': ' if proof else ''}{proof}",
                          "true": bool(items) and not bad, "items": [{"name": n, "true": bool(t), "proof": str(p)} for n, t, p in items]})
        return not bad

    def mark(self, true):
        sign = "✓" if true else "✗"
        return f"\033[{32 if true else 31}m{sign}\033[0m" if self.colour else sign

    def all_true(self):
        return bool(self.rows) and all(r["true"] for r in self.rows)

    def table(self):
        rule = "+".join("-" * (w + 2) for w in WIDTHS) + "+---"
        print("\n" + rule)
        print(" | ".join(h.ljust(w) for h, w in zip((" #", "claim", "proof"), WIDTHS)))
        print(rule)
        last = None
        for row in self.rows:
            number = "" if row["step"] == last else f" {row['step']}"
            last = row["step"]
            cells = [[number], textwrap.wrap(row["claim"], WIDTHS[1]) or [""], textwrap.wrap(row["proof"], WIDTHS[2]) or [""]]
            for i in range(max(map(len, cells))):
                parts = [(c[i] if i < len(c) else "").ljust(w) for c, w in zip(cells, WIDTHS)]
                print(" | ".join(parts) + " | " + (self.mark(row["true"]) if i == 0 else ""))
        print(rule)
        true = sum(r["true"] for r in self.rows)
        print(f"{true} of {len(self.rows)} claims hold, {time.monotonic() - self.started:.1f} s")

    def save(self, path):
        path.write_text(json.dumps(self.rows, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
