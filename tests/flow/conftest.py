"""
Fixtures for tests against a running stack (`make up`; $ANTIN_RUN tells which). Nothing is started or stopped here.
"""
import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(__file__))
import antin_client as antin  # noqa: E402
from idp_kit import enrolled, fresh  # noqa: E402


@pytest.fixture(scope="session")
def stack():
    try:
        return antin.Stack()
    except FileNotFoundError:
        pytest.exit(f"no stack: {antin.run_dir()}/stack.env is missing (make up)", 3)


@pytest.fixture(scope="session")
def officer(stack):
    return antin.Officer(stack)


@pytest.fixture(scope="module")
def person(stack, officer):
    """A new person without a signing key, the same for all tests of a file."""
    return enrolled(stack, officer).person


@pytest.fixture
def visitor(stack, person):
    """This person in front of a browser that is signed in nowhere."""
    return fresh(stack, person)


@pytest.fixture
def portal(stack):
    return antin.Portal(stack)


@pytest.fixture
def citizen(stack, officer):
    """A new person, enrolled at level 2, activated, with a signing key, in front of a browser that is signed in nowhere."""
    ready = antin.ready_citizen(stack, officer)
    return antin.Citizen(stack, ready.person)


@pytest.fixture(scope="session")
def shared_citizen(stack, officer):
    """The same person for all tests that leave no mark on the account."""
    ready = antin.ready_citizen(stack, officer)
    return ready.person


@pytest.fixture
def signed_in(stack, shared_citizen, portal):
    """(citizen, tokens): the shared person after a login at the portal."""
    citizen = antin.Citizen(stack, shared_citizen)
    return citizen, portal.login(citizen)


@pytest.fixture
def dossiers(stack, signed_in):
    """The dossier API with a citizen's token; .citizen is who signs."""
    citizen, tokens = signed_in
    api = antin.Dossiers(stack, tokens["access_token"])
    api.citizen = citizen
    return api
