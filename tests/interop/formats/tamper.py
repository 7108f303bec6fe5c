"""
A row's file with one thing changed that was signed: what every judge must refuse, or its passes prove nothing.
"""
import zipfile

from formats.rows import Made


def pdf(data):
    at = data.index(b"/MediaBox")  # structure stays as it is
    end = data.index(b"]", at)
    box = data[at:end]
    return data[:at] + box.replace(b"595", b"594", 1).replace(b"842", b"841", 1) + data[end:]


def text(data):
    """A digit of the form, or a letter of the file inside (base64)."""
    return data.replace(b"079192004217", b"079192004218", 1).replace(b"R2nhuqV5", b"R2nhuqV4", 1)


def changed(made, folder):
    """A copy whose content is another, or beside which other content lies."""
    folder.mkdir(exist_ok=True)
    path, contents = folder / made.path.name, made.contents
    data = made.path.read_bytes()
    if made.contents:
        contents = [folder / made.contents[0].name]
        contents[0].write_bytes(made.contents[0].read_bytes() + b"more\n")
    elif made.row.family == "PAdES":
        data = pdf(data)
    elif made.row.family.startswith("ASiC"):
        return Made(made.row, in_container(made.path, path), [])
    elif made.path.suffix in (".xml", ".json"):
        data = text(data)
    else:
        data = data.replace("kèm".encode(), "kem ".encode(), 1)
    assert made.contents or data != made.path.read_bytes(), "nothing was changed"
    path.write_bytes(data)
    return Made(made.row, path, contents)


def in_container(source, path):
    """The same entries in the same order, note.txt with other words."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(path, "w") as new:
        for entry in old.infolist():
            data = old.read(entry)
            new.writestr(entry, data + b"more\n" if entry.filename == "note.txt" else data, entry.compress_type)
    return path
