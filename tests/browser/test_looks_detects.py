"""
The checks of looks.py find what they are there for: each bad page here must be refused. A detector that stays silent proves nothing.
"""
from urllib.parse import quote

import looks
import pytest

GOOD = ("<!doctype html><html lang=vi><meta name=viewport content='width=device-width'><title>t</title><style>input,button{height:44px}</style>"
        "<main><h1>Trang</h1><label>Tên <input name=n></label><button>Gửi</button></main>")
BAD = {
    "no language": GOOD.replace(" lang=vi", ""),
    "no title": GOOD.replace("<title>t</title>", ""),
    "too wide": GOOD.replace("<main>", "<main><div style='width:900px;height:9px'></div>"),
    "no label": GOOD.replace("<label>Tên ", "<p>Tên "),
    "too small": GOOD.replace("<button>", "<button style='height:12px;padding:0;font-size:8px'>"),
    "no contrast": GOOD.replace("<h1>", "<p style='color:#999'>mờ</p><h1>"),
    "what the policy forbids": GOOD.replace("<title>", "<meta http-equiv=Content-Security-Policy content=\"default-src 'none'; style-src 'unsafe-inline'\">"
                                            "<script>alert(1)</script><title>"),
    "two headings": GOOD.replace("<h1>", "<h1>Một</h1><h1>"),
}


@pytest.fixture
def show(screen):
    driver = screen("phone").driver

    def open_page(html):
        driver.get("data:text/html;charset=utf-8," + quote(html))
        return driver
    return open_page


def test_a_good_page_passes(show):
    looks.check(show(GOOD))
    looks.check_focus(show(GOOD))


def test_each_fault_is_found(show):
    for fault, html in BAD.items():
        with pytest.raises(AssertionError):
            looks.check(show(html))
            print("not found:", fault)


def test_hidden_focus_is_found(show):
    with pytest.raises(AssertionError):
        looks.check_focus(show(GOOD.replace("<style>", "<style>*:focus{outline:none!important}")))
