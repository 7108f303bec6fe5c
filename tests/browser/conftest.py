"""
Chromium, driven by Debian's python3-selenium and chromium-driver, against a running stack. $ANTIN_RUN tells which.
Screenshots go to build/screenshots/.
"""
import base64
import pathlib
import shutil
import sys
import tempfile

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.remote.remote_connection import RemoteConnection

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "flow"), str(HERE.parent / "demo")]
import antin_client as antin  # noqa: E402
import portal as portal_app  # noqa: E402

SHOTS = antin.ROOT / "build/screenshots"
FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--force-color-profile=srgb", "--hide-scrollbars"]
PHONE, DESKTOP = {"width": 360, "height": 740, "pixelRatio": 2.0}, {"width": 1280, "height": 900, "pixelRatio": 1.0}


class Screen:
    """One browser window: .driver, and shot(name) for a picture of the whole page."""

    def __init__(self, label, metrics, javascript, lang):
        self.label, self.profile = label, tempfile.mkdtemp(prefix="antin-chrome-")
        options = webdriver.ChromeOptions()
        for flag in FLAGS + [f"--user-data-dir={self.profile}", f"--lang={lang}", "--window-size=1280,900"]:
            options.add_argument(flag)
        options.add_experimental_option("mobileEmulation", {"deviceMetrics": {**metrics, "touch": metrics is PHONE, "mobile": metrics is PHONE}})
        prefs = {"intl.accept_languages": lang}
        if not javascript:
            prefs["profile.managed_default_content_settings.javascript"] = 2
        options.add_experimental_option("prefs", prefs)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        RemoteConnection.set_timeout(60)
        self.driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
        self.driver.implicitly_wait(5)
        self.driver.set_page_load_timeout(30)

    def shot(self, name):
        SHOTS.mkdir(parents=True, exist_ok=True)
        picture = self.driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png", "captureBeyondViewport": True})
        (SHOTS / f"{self.label}-{name}.png").write_bytes(base64.b64decode(picture["data"]))

    def close(self):
        self.driver.quit()
        shutil.rmtree(self.profile, ignore_errors=True)


@pytest.fixture(scope="session")
def stack():
    if not (shutil.which("chromium") and shutil.which("chromedriver")):
        pytest.skip("chromium and chromium-driver are not installed")
    return antin.Stack()


@pytest.fixture(scope="session")
def portal(stack):
    """The demo's portal, listening on its redirect URI: browsers must land somewhere."""
    server = portal_app.Server(stack)
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def person(stack):
    return antin.ready_citizen(stack, antin.Officer(stack)).person


@pytest.fixture
def screen():
    """Opens windows and closes them after the test: screen("phone", javascript=False)."""
    opened = []

    def make(kind, javascript=True, lang="vi"):
        opened.append(Screen(kind + ("" if javascript else "-nojs"), PHONE if kind == "phone" else DESKTOP, javascript, lang))
        return opened[-1]

    yield make
    for s in opened:
        s.close()
