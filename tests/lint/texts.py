"""
Texts for people: the same keys in Vietnamese and English, none used that isn't there. Run by `make lint`; exit 1 on a fault.
Looks at the texts themselves, at {{t:key}} in pages, at the last column of errors.def, and at text_get(…, "key") in the code.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
DAEMONS = {"idp": ["common", "idp"], "signer": ["common", "signer"]}
VIETNAMESE = re.compile(r"[ăâđêôơưáàảãạéèẻẽẹíìỉĩịóòỏõọúùủũụýỳỷỹỵấầẩẫậắằẳẵặếềểễệốồổỗộớờởỡợứừửữự]", re.I)
faults = []


def fault(words):
    faults.append(words)


def read(path):
    found = {}
    for n, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        key, eq, value = line.partition("=")
        key, value = key.strip(), value.strip()
        where = f"{path.relative_to(ROOT)}:{n}"
        if not eq or not re.fullmatch(r"[a-z0-9_.]+", key):
            fault(f"{where}: not \"key = text\"")
        elif key in found:
            fault(f"{where}: {key} a second time")
        elif not value:
            fault(f"{where}: {key} is empty")
        found[key] = value
    return found


def pair(folder):
    """Both languages of one folder; the keys of it."""
    paths = [ROOT / folder / "texts" / f"{lang}.txt" for lang in ("vi", "en")]
    if not any(p.exists() for p in paths):
        return set()
    vi, en = (read(p) if p.exists() else {} for p in paths)
    for key in sorted(vi.keys() ^ en.keys()):
        fault(f"{folder}/texts: {key} is only in {'vi' if key in vi else 'en'}.txt")
    for key in sorted(vi.keys() & en.keys()):
        if sorted(re.findall(r"%[a-z]+|\{\w+\}", vi[key])) != sorted(re.findall(r"%[a-z]+|\{\w+\}", en[key])):
            fault(f"{folder}/texts: {key} has other placeholders in Vietnamese than in English")
        if VIETNAMESE.search(en[key]) and "Ấn Tín" not in en[key] and not key.startswith("lang."):
            fault(f"{folder}/texts/en.txt: {key} holds Vietnamese")
    return vi.keys() & en.keys()


def used(folder):
    """(key, where) of each use in this folder's pages and code."""
    for path in sorted((ROOT / folder).rglob("*.html")):
        for key in re.findall(r"\{\{\s*t:([^}\s]+)\s*\}\}", path.read_text(encoding="utf-8")):
            yield key, path.relative_to(ROOT)
    for path in sorted((ROOT / folder).rglob("errors.def")):
        for row in re.findall(r"^ERR\((.*?)\)\s*(?:/\*.*)?$", path.read_text(encoding="utf-8"), re.M):
            yield row.rsplit('"', 2)[1], path.relative_to(ROOT)
    for path in sorted((ROOT / folder).rglob("*.c")):
        for key in re.findall(r'text_get\([^;"]*"([a-z0-9_.]+)"\s*\)', path.read_text(encoding="utf-8")):
            yield key, path.relative_to(ROOT)


def main():
    keys = {folder: pair(folder) for folder in ("common", "idp", "signer")}
    total = 0
    for daemon, folders in DAEMONS.items():
        known = set().union(*(keys[f] for f in folders))
        for folder in folders:
            for key, where in used(folder):
                total += 1
                if key not in known:
                    fault(f"{where}: {key} is in no text file of {daemon}")
    print("\n".join(dict.fromkeys(faults)) or f"texts: {sum(map(len, keys.values()))} keys in both languages, {total} uses")
    return 1 if faults else 0


sys.exit(main())
