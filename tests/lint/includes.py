"""
Includes point one way: routes -> endpoints -> rules, formats, factors -> store; common under all. Run by `make lint`; exit 1 on a breach.
A row: folder -> what its files may include beside themselves. Everything else of ours is a breach; so is an include that is not rooted.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
RULES = {
    "common": set(),
    "schema": {"common"},
    "certs": {"common"},
    "certs/keyd": {"common", "certs"},
    "signer/formats": {"common"},
    "signer/verify": {"common", "signer/formats"},
    "signer/sign": {"common", "signer/formats"},
    "signer/store": {"common", "signer"},
    "signer/rules": {"common", "signer", "signer/formats", "signer/store"},
    "signer/endpoints": {"common", "signer", "signer/formats", "signer/store", "signer/rules"},
    "signer": {"common", "signer/formats", "signer/store", "signer/rules", "signer/endpoints"},
    "idp/store": {"common", "idp"},
    "idp/factors": {"common", "idp", "idp/store"},
    "idp/rules": {"common", "idp", "idp/store", "idp/factors"},
    "idp/endpoints": {"common", "idp", "idp/store", "idp/factors", "idp/rules"},
    "idp/ctl": {"common", "idp", "idp/store", "idp/factors", "idp/rules"},
    "idp": {"common", "idp/store", "idp/factors", "idp/rules", "idp/endpoints"},
}
# Of a daemon's own top folder the lower layers may see its error numbers, nothing else.
TOP_FOR_LOWER = {"errors.h", "errors.def"}
LOWER = {"store", "rules", "factors"}
# Headers of libraries that a layer must not know.
BANNED = {
    "signer/formats": {"microhttpd.h", "libpq-fe.h", "common/http.h", "common/db.h"},
    "signer/verify": {"microhttpd.h", "libpq-fe.h", "common/http.h", "common/db.h"},
    "signer/rules": {"microhttpd.h", "libpq-fe.h"},
    "idp/rules": {"microhttpd.h", "libpq-fe.h"},
    "idp/store": {"microhttpd.h", "libpq-fe.h", "common/http.h"},
    "signer/store": {"microhttpd.h", "libpq-fe.h", "common/http.h"},
    "certs": {"microhttpd.h", "libpq-fe.h", "common/http.h", "common/db.h"},
    "certs/keyd": {"microhttpd.h", "libpq-fe.h", "common/http.h", "common/db.h"},
}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)


def complaints(folder, name, text):
    for quote, target in INCLUDE.findall(text):
        line = text[: text.index(target)].count("\n") + 1
        where = f"{folder}/{name}:{line}"
        if target in BANNED.get(folder, ()):
            yield f"{where}: {folder} must not know {target}"
        if quote == "<":
            continue
        to = str(pathlib.PurePosixPath(target).parent)
        if to not in RULES:
            yield f"{where}: \"{target}\" is not rooted in the repository"
        elif to != folder and to not in RULES[folder]:
            yield f"{where}: {folder} may not include {target}"
        elif folder.count("/") and folder.split("/")[1] in LOWER and to == folder.split("/")[0] and target.split("/")[-1] not in TOP_FOR_LOWER:
            yield f"{where}: {folder} may see no more of {to}/ than its errors, not {target}"


def self_test():
    """The check itself is checked."""
    bad = ['#include "idp/endpoints/x.h"', '#include "err.h"', '#include <libpq-fe.h>', '#include "idp/app.h"', '#include "signer/errors.h"']
    assert all(list(complaints("idp/rules", "x.c", b)) for b in bad), "includes.py no longer finds a breach"
    assert not list(complaints("idp/rules", "x.c", '#include "common/err.h"\n#include "idp/store/client.h"\n#include "idp/errors.h"\n#include <stdio.h>\n'))


def main():
    self_test()
    found = []
    for folder in RULES:
        for path in sorted((ROOT / folder).glob("*.[ch]")):
            found += complaints(folder, path.name, path.read_text(encoding="utf-8"))
    print("\n".join(found) or f"includes: one way ({len(RULES)} folders)")
    return 1 if found else 0


sys.exit(main())
