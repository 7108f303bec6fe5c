"""
Programs built by Go: the portal of go/portal, oauth2-proxy as a tool of go/go.mod. Modules come through the module proxy; versions and sums are fixed in go.mod, go.sum.
Used by test_go_oidc.py and test_oauth2_proxy.py.
"""
import os
import subprocess

import pytest
from interop_kit import HERE, need

BUILD = HERE.parents[1] / (os.environ.get("ANTIN_BUILD") or "build") / "interop"


def built(name, package):
    """The program's path; a skip that says why when Go or its modules cannot be had."""
    go = need("go", "https://go.dev, 1.26")
    BUILD.mkdir(parents=True, exist_ok=True)
    done = subprocess.run([go, "build", "-o", BUILD / name, package], cwd=HERE / "go", capture_output=True, text=True, timeout=900, check=False)
    if done.returncode != 0 and any(w in done.stderr for w in ("dial tcp", "proxyconnect", "no such host", "connection refused", "i/o timeout")):
        pytest.skip("the Go module proxy cannot be reached: " + done.stderr.strip().splitlines()[-1])
    assert done.returncode == 0, done.stderr
    return BUILD / name
