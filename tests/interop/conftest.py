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
