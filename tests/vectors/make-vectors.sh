#!/bin/sh
# Makes the files of demo/ and broken/ anew. They are committed, so that tests need none of these programs; PDF dates and ids differ from run to run.
# Needs: libreoffice-writer-nogui, qpdf, img2pdf, python3-pil, fonts-noto-core.
set -eu
cd "$(dirname "$0")"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

office() { HOME=$tmp soffice --headless --convert-to pdf --outdir "$tmp" "$1" >/dev/null 2>&1; }

# An application form, as an office program makes it.
/usr/bin/python3 src/to_khai.py form > "$tmp/to-khai.fodt"
office "$tmp/to-khai.fodt"
cp "$tmp/to-khai.pdf" demo/to-khai.pdf

# A scanned page: a noisy JPEG, wrapped without re-encoding.
/usr/bin/python3 src/pictures.py scan "$tmp/scan.jpg"
img2pdf --output demo/xac-nhan-cu-tru.pdf "$tmp/scan.jpg"

# Sixty pages with object streams and a cross-reference stream.
/usr/bin/python3 src/to_khai.py file > "$tmp/tap.fodt"
office "$tmp/tap.fodt"
qpdf --object-streams=generate --compress-streams=y "$tmp/tap.pdf" demo/tap-tai-lieu.pdf

# A photo.
/usr/bin/python3 src/pictures.py photo demo/anh-chan-dung.jpg

# Broken and odd ones.
/usr/bin/python3 src/broken.py demo/to-khai.pdf broken
qpdf --encrypt "" owner 256 -- broken/odd-small.pdf broken/encrypted.pdf
qpdf --encrypt user owner 256 -- broken/odd-small.pdf broken/encrypted-user-password.pdf
qpdf --linearize demo/to-khai.pdf broken/odd-linearized.pdf

qpdf --check demo/tap-tai-lieu.pdf >/dev/null
du -sh demo broken
