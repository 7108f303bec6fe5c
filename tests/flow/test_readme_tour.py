"""
What the documents promise: commands work when they are copied, links lead somewhere.
"""
import pathlib
import re
import subprocess

import antin_client as antin
import pytest

DOCS = ["README.md", "docs/portal-developer.md"]


def tours(path):
    """The sh blocks between <!-- tour… --> and <!-- tour end -->."""
    text = pathlib.Path(antin.ROOT / path).read_text(encoding="utf-8")
    return ["\n".join(re.findall(r"```sh\n(.*?)```", part, re.S)) for part in re.findall(r"<!-- tour:.*?-->(.*?)<!-- tour end -->", text, re.S)]


@pytest.mark.parametrize("path", DOCS)
def test_commands_work_when_copied(stack, path, tmp_path):
    found = tours(path)
    assert found, f"{path} has no tour"
    for script in found:
        script = script.replace("/tmp/tour", f"{tmp_path}/tour").replace("run/stack.env", str(stack.path))
        done = subprocess.run(["sh", "-eu", "-c", script], cwd=antin.ROOT, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
        for refusal in ('"error"', "unsupported", "FAILED", "<html"):
            assert refusal not in done.stdout, done.stdout[-2000:]


def test_links_between_documents_lead_somewhere():
    documents = [p for p in (*antin.ROOT.glob("*.md"), *antin.ROOT.glob("docs/*.md"), *antin.ROOT.glob("*/*.md"), *antin.ROOT.glob("*/*/*.md"))
                 if not {"build", "run"} & set(p.relative_to(antin.ROOT).parts)]
    for document in set(documents):
        for link in re.findall(r"\]\(([^)#\s]+)\)", document.read_text(encoding="utf-8")):
            assert link.startswith(("http:", "https:")) or (document.parent / link).exists(), f"{document}: {link}"
