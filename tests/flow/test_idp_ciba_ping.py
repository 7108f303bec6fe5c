"""
The client is told that an answer is there: at its registered address, with its own token, and nowhere else. CIBA Core 1.0 §10.2.
"""
import json
import time
from urllib.parse import urlsplit

import pytest
from ciba_kit import answer, begin, begun, centre, poll, refused
from idp_kit import enrolled, fresh, idpctl, sql
from receiver_kit import Receiver

TOKEN = "thong-bao-0123456789abcdef0123456789"


@pytest.fixture(scope="module")
def port(stack):
    return urlsplit(stack.idp_url).port + 93


@pytest.fixture(scope="module")
def server(port):
    made = Receiver(port)
    yield made
    made.close()


@pytest.fixture
def receiver(server):
    sql("DELETE FROM idp.throttle; UPDATE idp.device SET notify_due = NULL, expires_at = now() WHERE backchannel")
    return server.quiet()


@pytest.fixture
def visitor(stack, officer):
    return fresh(stack, enrolled(stack, officer).person)


def pinged_at(stack, uri):
    made = centre(stack)
    idpctl("client", "set", made.client_id, "--ciba-notify", uri)
    return made


@pytest.fixture(scope="module")
def client(stack, port):
    return pinged_at(stack, f"http://localhost:{port}/xong")


def test_client_is_told_and_fetches_the_tokens(stack, client, visitor, receiver):
    request = begun(client, visitor.person, client_notification_token=TOKEN)
    assert receiver.nothing(0.5)
    answer(stack, visitor)
    came = receiver.next()
    assert came.path == "/xong" and came.headers["Content-Type"] == "application/json"
    assert came.headers["Authorization"] == "Bearer " + TOKEN and json.loads(came.body) == {"auth_req_id": request}
    assert poll(client, request).status_code == 200
    time.sleep(0.3)
    assert sql("SELECT count(*) FROM idp.device WHERE notify_due IS NOT NULL") == "0"
    assert sql(f"SELECT count(*) FROM idp.audit WHERE event = 'backchannel.told' AND client_id = '{client.client_id}'") == "1"


def test_refusal_is_told_alike(stack, client, visitor, receiver):
    request = begun(client, visitor.person, client_notification_token=TOKEN)
    answer(stack, visitor, "deny")
    assert json.loads(receiver.next().body) == {"auth_req_id": request}
    refused(poll(client, request), "access_denied")


def test_it_may_ask_as_well(client, visitor, receiver):
    refused(poll(client, begun(client, visitor.person, client_notification_token=TOKEN)), "authorization_pending")


def test_client_that_polls_is_not_told(stack, visitor, receiver):
    request = begun(centre(stack), visitor.person, client_notification_token=TOKEN)
    answer(stack, visitor)
    assert receiver.nothing() and request


@pytest.mark.parametrize("token", [None, "", "a b", "a\r\nX-Evil: 1", "x" * 1025, "=", "ă", "a=b"])
def test_token_must_be_one(client, visitor, receiver, token):
    refused(begin(client, visitor.person.number, client_notification_token=token), "invalid_request")


def test_longest_token_goes_through(stack, client, visitor, receiver):
    begun(client, visitor.person, client_notification_token="x" * 1024)
    answer(stack, visitor)
    assert receiver.next().headers["Authorization"] == "Bearer " + "x" * 1024


def test_client_that_is_down_is_told_later(stack, client, visitor, receiver):
    receiver.status = 503
    begun(client, visitor.person, client_notification_token=TOKEN)
    answer(stack, visitor)
    receiver.next()
    time.sleep(0.3)
    assert sql("SELECT notify_tries FROM idp.device WHERE notify_due > now()") == "1"
    receiver.status = 204
    sql("UPDATE idp.device SET notify_due = now() WHERE notify_due IS NOT NULL")
    receiver.next(5)
    time.sleep(0.3)
    assert sql("SELECT count(*) FROM idp.device WHERE notify_due IS NOT NULL") == "0"


def test_it_is_given_up_in_the_end(stack, client, visitor, receiver):
    receiver.status = 500
    begun(client, visitor.person, client_notification_token=TOKEN)
    answer(stack, visitor)
    receiver.next()
    time.sleep(0.3)
    sql("UPDATE idp.device SET notify_tries = 4, notify_due = now() WHERE notify_due IS NOT NULL")
    receiver.next(5)
    time.sleep(0.3)
    assert sql("SELECT count(*) FROM idp.device WHERE notify_due IS NOT NULL") == "0"
    assert sql(f"SELECT count(*) FROM idp.audit WHERE event = 'backchannel.untold' AND client_id = '{client.client_id}'") == "1"


def test_redirects_are_not_followed(stack, port, visitor, receiver):
    begun(pinged_at(stack, f"http://localhost:{port}/moved"), visitor.person, client_notification_token=TOKEN)
    answer(stack, visitor)
    assert receiver.next().path == "/moved" and receiver.nothing()


@pytest.mark.parametrize("uri", ["http://localhost:{stray}/xong", "http://127.0.0.1:{port}/xong", "https://localhost:{port}/xong"])
def test_origin_that_the_operator_did_not_write_down_is_never_called(stack, port, visitor, receiver, uri):
    stray = Receiver(port - 1)  # where logouts may be told to; answers may not
    try:
        client = pinged_at(stack, uri.format(stray=port - 1, port=port))
        begun(client, visitor.person, client_notification_token=TOKEN)
        answer(stack, visitor)
        assert stray.nothing() and receiver.nothing(0.1)
    finally:
        stray.close()
    assert sql(f"SELECT count(*) FROM idp.audit WHERE event = 'backchannel.untold' AND client_id = '{client.client_id}'") == "1"


def test_answering_does_not_wait_for_the_client(stack, client, visitor, receiver):
    begun(client, visitor.person, client_notification_token=TOKEN)
    start = time.monotonic()
    answer(stack, visitor)
    assert time.monotonic() - start < 1.5
    receiver.next()


@pytest.mark.parametrize("uri", ["http://10.0.0.1/x", "ftp://localhost/x", "https://a.example/x#y", "https://u@a.example/x", "x"])
def test_unfit_address_cannot_be_registered(client, uri):
    assert idpctl("client", "set", client.client_id, "--ciba-notify", uri, check=False).returncode == 2


def test_neither_token_nor_request_is_in_the_database(client, visitor, receiver):
    request = begun(client, visitor.person, client_notification_token=TOKEN)
    for word in (request, TOKEN):
        for text in (word, word.encode().hex()):
            assert sql(f"SELECT count(*) FROM idp.device d WHERE d::text LIKE '%{text}%'") == "0"


def test_discovery_tells_of_it(client):
    assert client.meta["backchannel_token_delivery_modes_supported"] == ["poll", "ping"]
