"""
Makes PDFs that must be refused, and odd ones that must not: `broken.py GOOD.pdf OUTDIR`. Called by make-vectors.sh.
The hand-made ones are written object by object, with true offsets except where a wrong one is the point.
"""
import pathlib
import sys
import zlib

OBJECTS = {
    1: b"<< /Type /Catalog /Pages 2 0 R >>",
    2: b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
    3: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 200] /Contents 4 0 R /Resources << /Font << /F 5 0 R >> >> >>",
    4: b"<< /Length 44 >>\nstream\nBT /F 18 Tf 40 100 Td (Tai lieu thu) Tj ET   \nendstream",
    5: b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
}


def body(objects):
    out, offsets = bytearray(b"%PDF-1.5\n%\xe2\xe3\xcf\xd3\n"), {}
    for number, text in objects.items():
        offsets[number] = len(out)
        out += b"%d 0 obj\n%s\nendobj\n" % (number, text)
    return out, offsets


def classic(objects, trailer=b"", shift=0, prev=None):
    """A file with one classic cross-reference table. shift makes its offsets wrong; prev: "self" or a number."""
    out, offsets = body(objects)
    at = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    for number in sorted(offsets):
        out += b"%010d 00000 n \n" % (offsets[number] + shift)
    if prev is not None:
        trailer += b" /Prev %d" % (at if prev == "self" else prev)
    out += b"trailer\n<< /Size %d /Root 1 0 R%s >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, b" " + trailer if trailer else b"", at)
    return bytes(out)


def prev_pair():
    """Two sections that name each other as the one before."""
    first = classic(OBJECTS)
    first_xref = first.rindex(b"xref\n0 ")
    second_at = len(first) + len(b" /Prev 0000000000")
    first = first.replace(b" /Root 1 0 R", b" /Root 1 0 R /Prev %010d" % second_at)
    return first + b"xref\n0 1\n0000000000 65535 f \ntrailer\n<< /Size 6 /Root 1 0 R /Prev %d >>\nstartxref\n%d\n%%%%EOF\n" % (first_xref, second_at)


def hybrid():
    """ISO 32000-1 §7.5.8.4: a classic table whose trailer names a cross-reference stream for the objects that old readers must not see."""
    objects = dict(OBJECTS)
    objects[1] = b"<< /Type /Catalog /Pages 2 0 R /Metadata 7 0 R >>"
    out, offsets = body(objects)
    inner = b"7 0 << /Hidden true >>"
    data = zlib.compress(inner)
    offsets[6] = len(out)
    out += b"6 0 obj\n<< /Type /ObjStm /N 1 /First 4 /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream\nendobj\n" % (len(data), data)
    stream_at = len(out)
    rows = zlib.compress(bytes([2]) + (6).to_bytes(3, "big") + b"\0" + bytes([1]) + stream_at.to_bytes(3, "big") + b"\0")
    out += (b"8 0 obj\n<< /Type /XRef /Size 9 /W [1 3 1] /Index [7 2] /Root 1 0 R /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream\nendobj\n"
            % (len(rows), rows))
    at = len(out)
    out += b"xref\n0 7\n0000000000 65535 f \n"
    for number in range(1, 7):
        out += b"%010d 00000 n \n" % offsets[number]
    out += b"trailer\n<< /Size 9 /Root 1 0 R /XRefStm %d >>\nstartxref\n%d\n%%%%EOF\n" % (stream_at, at)
    return bytes(out)


def certified():
    """An author's signature that allows no change at all (DocMDP, P 1); the signature itself is empty."""
    objects = dict(OBJECTS)
    objects[1] = b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [6 0 R] /SigFlags 3 >> /Perms << /DocMDP 7 0 R >> >>"
    objects[6] = b"<< /Type /Annot /Subtype /Widget /FT /Sig /T (Author) /Rect [0 0 0 0] /F 132 /P 3 0 R /V 7 0 R >>"
    objects[7] = (b"<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /adbe.pkcs7.detached /ByteRange [0 0 0 0] /Contents <00> /Reference "
                  b"[<< /Type /SigRef /TransformMethod /DocMDP /TransformParams << /Type /TransformParams /P 1 /V /1.2 >> >>] >>")
    return classic(objects)


def main():
    good, out = pathlib.Path(sys.argv[1]).read_bytes(), pathlib.Path(sys.argv[2])
    small = classic(OBJECTS)
    files = {
        "truncated.pdf": good[: len(good) * 6 // 10],
        "cut-after-xref.pdf": small[: small.rindex(b"startxref")],
        "junk-before-header.pdf": b"From: scanner@example.test\r\n\r\n" + small,
        "not-a-pdf.pdf": "Đây không phải là tệp PDF.\n".encode() * 20,
        "picture-named.pdf": bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffd9"),
        "empty.pdf": b"",
        "header-alone.pdf": b"%PDF-1.7\n",
        "wrong-offsets.pdf": classic(OBJECTS, shift=7),
        "startxref-past-end.pdf": small[: small.rindex(b"startxref")] + b"startxref\n99999999\n%%EOF\n",
        "prev-self.pdf": classic(OBJECTS, prev="self"),
        "prev-pair.pdf": prev_pair(),
        "no-root.pdf": small.replace(b"/Root 1 0 R", b"/Rood 1 0 R"),
        "no-pages.pdf": classic({1: b"<< /Type /Catalog /Pages 2 0 R >>", 2: b"<< /Type /Pages /Kids [] /Count 0 >>"}),
        "certified-no-changes.pdf": certified(),
        "size-bomb.pdf": small.replace(b"/Size 6", b"/Size 2147483647"),
        "odd-hybrid.pdf": hybrid(),
        "odd-small.pdf": small,
        "odd-no-last-newline.pdf": small.rstrip(b"\n"),
    }
    for name, data in files.items():
        (out / name).write_bytes(data)


main()
