"""
A citizen's access token, and a resource server that may ask about it: what the rows for UserInfo and introspection need.
Used by bench.py. The parties are those of tests/flow.
"""
import base64
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "flow"))
import antin_client  # noqa: E402
import idp_kit  # noqa: E402


def prepare(stack):
    """(access token, Authorization of a resource server)."""
    env = antin_client.Stack(stack.layout.run / "stack.env")
    citizen = idp_kit.enrolled(env, antin_client.Officer(env))
    client = idp_kit.Client(env, "openid profile")
    code, keep = client.code(citizen)
    token = client.exchange(code, keep).json()["access_token"]
    server = idp_kit.Client(env, "dossier.read", more=["--grant", "client_credentials"])
    idp_kit.idpctl("client", "set", server.client_id, "--introspect", "yes")
    basic = base64.b64encode(f"{server.client_id}:{server.client_secret}".encode()).decode()
    return token, f"Basic {basic}"
