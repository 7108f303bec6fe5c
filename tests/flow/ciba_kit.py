"""
A call centre: begins sign-ins by backchannel, asks for their tokens, and hears pings. And the person who answers at /requests.
Used by test_idp_ciba.py, test_idp_ciba_ping.py and test_idp_ciba_signed.py. CIBA Core 1.0.
"""
import base64
from urllib.parse import urlsplit

from idp_kit import Client, sql

GRANT = "urn:openid:params:grant-type:ciba"
MORE = ["--grant", "ciba", "--grant", "refresh_token", "--grant", "authorization_code"]


def centre(stack, scope="openid profile", **more):
    return Client(stack, scope, **{"more": MORE, **more})


def basic(client):
    return {"Authorization": "Basic " + base64.b64encode(f"{client.client_id}:{client.client_secret}".encode()).decode()}


def begin(client, number=None, headers=None, **more):
    data = {"scope": client.scope, "login_hint": number, "binding_message": "Mã 4711", **more}
    return client.http.post(client.meta["backchannel_authentication_endpoint"], headers=basic(client) if headers is None else headers,
                            data={k: v for k, v in data.items() if v is not None}, timeout=30)


def begun(client, person, **more):
    answer = begin(client, person.number, **more)
    assert answer.status_code == 200, answer.text
    return answer.json()["auth_req_id"]


def poll(client, auth_req_id, waited=True):
    if waited:  # time passes by moving what the database remembers
        sql(f"UPDATE idp.device SET polled_at = polled_at - interval '1 minute' WHERE client_id = '{client.client_id}'")
    return client.token_request(grant_type=GRANT, auth_req_id=auth_req_id)


def requests_page(stack, visitor):
    """What waits for this person, signed in."""
    page = visitor.browser.open(stack.idp_url + "/requests")
    if page.has_form("password"):
        page = page.form("password").submit({"number": visitor.person.number, "password": visitor.person.password})
    assert urlsplit(page.url).path == "/requests" and page.status == 200, (page.url, page.status)
    return page


def answer(stack, visitor, decision="allow"):
    """Answers the newest request."""
    return requests_page(stack, visitor).form(action="/requests").submit(button=decision)


def refused(response, error, status=400):
    assert response.status_code == status and response.json()["error"] == error, response.text
    assert "auth_req_id" not in response.json() and "access_token" not in response.json()
