"""
The whole scenario of `make demo` on the stack under test: every claim of its table holds; a second run makes no work twice; a person's own files go the same way.
"""
import json
import os
import stat
import subprocess
import time

import antin_client as antin
import pytest

DEMO = antin.ROOT / "tests/demo/demo.py"


def demo(*files):
    return subprocess.run(["/usr/bin/python3", "-B", DEMO, *files], cwd=antin.ROOT, capture_output=True, text=True, timeout=300)


@pytest.fixture(scope="module")
def folder(stack):
    done = demo()
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-3000:]
    return antin.run_dir() / "demo"


def test_every_claim_holds_and_every_step_made_one(folder):
    rows = json.loads((folder / "proofs.json").read_text(encoding="utf-8"))
    assert all(r["true"] for r in rows)
    assert {r["step"] for r in rows} == {1, 2, 3, 4, 5, 6}


def test_results_are_left_for_people(folder):
    for name in ("to-khai.signed.pdf", "xac-nhan-cu-tru.signed.pdf", "tap-tai-lieu.signed.pdf", "to-khai.xml.p7s", "anh-chan-dung.jpg.p7s", "manifest.json",
                 "manifest.json.p7s", "dossier.asice", "report.json"):
        assert (folder / name).stat().st_size > 0, name


def test_what_the_citizens_keep_to_themselves_is_readable_by_the_owner_alone(folder):
    assert stat.S_IMODE(os.stat(folder / "people.json").st_mode) == 0o600


def test_second_run_knows_the_citizens_and_is_done_in_seconds(folder):
    before = json.loads((folder / "people.json").read_text(encoding="utf-8"))
    start = time.monotonic()
    done = demo()
    assert done.returncode == 0, done.stdout[-6000:]
    assert "0 now, 3 known from before" in done.stdout
    assert json.loads((folder / "people.json").read_text(encoding="utf-8")) == before
    assert time.monotonic() - start < 60  # a few seconds; sanitizers and busy machines are slower


def test_own_files_are_signed_whatever_their_names(folder, tmp_path):
    names = ["Đơn xin (bản 2).docx", "báo cáo & phụ lục.pdf", "không đuôi"]
    for name in names:
        (tmp_path / name).write_bytes((antin.ROOT / "tests/vectors/demo/xac-nhan-cu-tru.pdf").read_bytes() if name.endswith(".pdf") else name.encode())
    done = demo(*(tmp_path / n for n in names))
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-3000:]
    assert (folder / "báo cáo & phụ lục.signed.pdf").exists() and (folder / "không đuôi.p7s").exists()


def test_an_own_file_that_cannot_be_signed_is_named_with_its_reason(folder):
    done = demo(antin.ROOT / "tests/vectors/broken/encrypted.pdf")
    assert done.returncode == 1 and "encrypted.pdf" in done.stderr and "pdf_encrypted" in done.stderr and "Traceback" not in done.stderr


def test_a_missing_file_is_said_before_anything_is_done(folder):
    done = demo("no-such-file.pdf")
    assert done.returncode == 1 and "no-such-file.pdf" in done.stderr
