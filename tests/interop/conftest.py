"""
The fixtures of tests/flow, here too.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "flow"))
import pytest  # noqa: E402
from idp_kit import enrolled, fresh  # noqa: E402


@pytest.fixture(scope="session")
def stack():
    import antin_client
    try:
        return antin_client.Stack()
    except FileNotFoundError:
        pytest.exit("no stack (make up)", 3)


@pytest.fixture(scope="session")
def officer(stack):
    import antin_client
    return antin_client.Officer(stack)


@pytest.fixture(scope="session")
def somebody(stack, officer):
    return enrolled(stack, officer)


@pytest.fixture
def person(stack, somebody):
    """An enrolled person in front of a new browser."""
    return fresh(stack, somebody.person)


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    """An authority with its services, for the tests of formats (formats/pki.py)."""
    from formats.services import serving
    with serving(tmp_path_factory.mktemp("formats")) as pki:
        yield pki


def peer(start, log):
    """A library's process, or in its place the reason why it is not here."""
    from formats.peers import Away
    try:
        process = start(log)
    except Away as reason:
        yield str(reason)
        return
    yield process
    process.close()


@pytest.fixture(scope="session")
def dss(tmp_path_factory):
    from formats import peers
    yield from peer(peers.dss, tmp_path_factory.mktemp("dss") / "log")


@pytest.fixture(scope="session")
def pyhanko(tmp_path_factory):
    from formats import peers
    yield from peer(peers.pyhanko, tmp_path_factory.mktemp("pyhanko") / "log")


@pytest.fixture(scope="session")
def judges(authority, dss, pyhanko):
    from formats.columns import Judges
    return Judges(authority, dss, pyhanko)
