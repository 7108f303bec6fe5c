"""
A dossier that the daemon sealed, before programs that nobody here wrote: EU DSS and pyHanko, with the root certificate alone and no network.
"""
import json
import re
import zipfile

import antin_client as antin
import pytest
from formats.columns import DSS_PASS
from signer_kit import DEMO, FILES, api_of, signed


@pytest.fixture(scope="module")
def container(stack, officer, tmp_path_factory):
    """The path of a dossier.asice, and beside it what unzip finds in it."""
    api = api_of(stack, antin.ready_citizen(stack, officer))
    dossier = signed(api, {name: ((DEMO / name).read_bytes(), kind) for name, kind in FILES.items()})
    path = tmp_path_factory.mktemp("dossier") / "dossier.asice"
    path.write_bytes(api.container(dossier))
    with zipfile.ZipFile(path) as z:
        z.extractall(path.parent)
    return path


def asked(peer, stack, path, *contents):
    if isinstance(peer, str):
        pytest.skip(peer)
    return peer.ask("validate", stack.trust_pem, "offline", path, *contents)


def components(container):
    return json.loads((container.parent / "manifest.json").read_bytes())["components"]


def test_eu_dss_accepts_the_container(stack, dss, container):
    """The citizen's signature is over the components as uploaded, so that EU DSS remarks that it does not cover the files made of them; the seal's covers all."""
    words = asked(dss, stack, container)
    citizen, service = [w for w in words if not w.startswith("TST|")]
    assert re.fullmatch(r"TOTAL_PASSED\|XAdES-BASELINE-LTA\|\|(Not all files are signed!)?", citizen), words
    assert DSS_PASS.fullmatch(service) and "|XAdES-BASELINE-LTA|" in service, words
    stamps = [w for w in words if w.startswith("TST|")]
    assert len(stamps) == 4 and all(DSS_PASS.match(w) for w in stamps), words


def test_eu_dss_accepts_every_file_in_it(stack, dss, container):
    for c in components(container):
        name = c["signature"]["name"]
        pdf = name.endswith(".pdf")
        words = asked(dss, stack, container.parent / name, *([] if pdf else [container.parent / c["name"]]))
        assert words[0].startswith("TOTAL_PASSED|" + ("PAdES" if pdf else "CAdES") + "-BASELINE-LTA|"), words
        assert len(words) == 3 and all(DSS_PASS.match(w) for w in words), words


def test_eu_dss_accepts_the_seal_over_the_manifest(stack, dss, container):
    words = asked(dss, stack, container.parent / "manifest.json.p7s", container.parent / "manifest.json")
    assert words[0].startswith("TOTAL_PASSED|CAdES-BASELINE-LTA|") and all(DSS_PASS.match(w) for w in words), words


def test_pyhanko_accepts_its_pdfs(stack, pyhanko, container):
    for c in components(container):
        if c["signature"]["name"].endswith(".pdf"):
            assert asked(pyhanko, stack, container.parent / c["signature"]["name"]) == ["TOTAL_PASSED|B-LTA|"]


def test_eu_dss_refuses_a_container_with_another_file_in_it(stack, dss, container, tmp_path):
    """A judge that accepts everything would prove nothing."""
    twin = tmp_path / "dossier.asice"
    with zipfile.ZipFile(container) as old, zipfile.ZipFile(twin, "w") as new:
        for info in old.infolist():
            new.writestr(info.filename, old.read(info) + (b" " if info.filename == "to-khai.xml" else b""))
    assert not any(w.startswith("TOTAL_PASSED") for w in asked(dss, stack, twin))
