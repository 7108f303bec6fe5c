"""
Calls that have no place here, and files that outgrew their room. Run by `make lint`; exit 1 when one is found.
Comments and strings don't count. tests/lint/banned_fixture.c holds one of each: when one of them is not found, the check is broken.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
BANNED = {
    "strcpy|strcat|stpcpy|sprintf|vsprintf|gets|strncpy|strncat": "unbounded or never what one wants: snprintf, buf_add",
    "scanf|sscanf|fscanf": "overflows silently: strtol with its end, or a parser",
    "atoi|atol|atoll|atof": "cannot fail: strtol with its end",
    "strtok": "keeps hidden state: strtok_r, or strcspn",
    "system|popen": "a shell: posix_spawn with fixed arguments",
    "alloca": "a stack that input can grow",
    "rand|random|srand|drand48|lrand48": "guessable: random_bytes",
    "time|gettimeofday|clock_gettime|localtime|gmtime|ctime|asctime": "clock.h alone tells the time",
    "mktemp|tmpnam|tempnam": "races: mkstemp, O_TMPFILE",
    "setjmp|longjmp": "jumps past cleanup",
}
# Where one of them is the point.
ALLOWED = {
    "common/clock.c": {"clock_gettime", "time", "gmtime"},
}
LINES_MAX = 500  # a file has one subject; past this it has two
FIXTURE = "tests/lint/banned_fixture.c"
FOLDERS = ["common", "schema", "certs", "idp", "signer"]
NOISE = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
CALL = {re.compile(r"(?<![\w.>])(" + names + r")\s*\("): why for names, why in BANNED.items()}


def blank(match):
    return re.sub(r"[^\n]", " ", match.group())


def complaints(path, text):
    code = NOISE.sub(blank, text)
    for pattern, why in CALL.items():
        for m in pattern.finditer(code):
            if m.group(1) not in ALLOWED.get(path, ()):
                yield f"{path}:{code.count(chr(10), 0, m.start()) + 1}: {m.group(1)}(): {why}"


def self_test():
    text = (ROOT / FIXTURE).read_text(encoding="utf-8")
    found = "\n".join(complaints(FIXTURE, text))
    names = [n for group in BANNED for n in group.split("|")]
    missed = [n for n in names if f": {n}():" not in found]
    assert not missed, f"banned.py no longer finds {missed} in {FIXTURE}"
    assert "quoted" not in found and found.count("\n") + 1 == len(names), f"banned.py finds more than there is:\n{found}"


def main():
    self_test()
    found, n = [], 0
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.[ch]")):
            text, n = path.read_text(encoding="utf-8"), n + 1
            name = str(path.relative_to(ROOT))
            found += complaints(name, text)
            if text.count("\n") > LINES_MAX:
                found.append(f"{name}: {text.count(chr(10))} lines, more than {LINES_MAX}: split it by subject")
    print("\n".join(found) or f"banned calls: none in {n} files")
    return 1 if found else 0


sys.exit(main())
