"""
A citizen signs in, consents, looks at a dossier and signs it, in a real browser: phone and desktop, with JavaScript and without.
"""
import time

import antin_client as antin
import looks
import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

VECTORS = antin.ROOT / "tests/vectors/demo"
NO = antin.NO


def field(driver, *selectors):
    return next(e for s in selectors for e in driver.find_elements(By.CSS_SELECTOR, s) if e.is_displayed())


def press(driver):
    """The button that goes on, of the form that has the shown fields (or the only one)."""
    buttons = [b for b in driver.find_elements(By.CSS_SELECTOR, "main button, main input[type=submit]") if b.is_displayed()]
    go_on = next(b for b in buttons if (b.get_attribute("value") or "").lower() not in NO)
    go_on.send_keys(Keys.ENTER)  # by the keyboard; a click on a touch screen without JavaScript never returns from chromedriver


def sign_in(driver, person):
    field(driver, "input[autocomplete=username]", "input[name=number]").send_keys(person.number)
    field(driver, "input[type=password]").send_keys(person.password)
    press(driver)


def wait_for(driver, what, seconds=15):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if what(driver):
            return
        time.sleep(0.1)
    raise AssertionError(f"waited in vain at {driver.current_url}: {driver.find_element(By.TAG_NAME, 'body').text[:300]}")


def portal_dossier(stack, portal, person):
    """What a portal prepares: a dossier with a PDF, an XML form and a photo, waiting for the signature."""
    tokens = antin.Portal(stack).login(antin.Citizen(stack, person))
    api = antin.Dossiers(stack, tokens["access_token"])
    made = api.create(agency="Ủy ban nhân dân Phường Bến Thành")
    for name, kind in (("to-khai.pdf", "application/pdf"), ("to-khai.xml", "application/xml"), ("anh-chan-dung.jpg", "image/jpeg")):
        api.put(made["id"], name, (VECTORS / name).read_bytes(), kind)
    return api, made["id"], api.submit(made["id"])["sign_url"]


@pytest.mark.parametrize("javascript", [True, False], ids=["js", "nojs"])
@pytest.mark.parametrize("kind", ["phone", "desktop"])
def test_citizen_signs_in_consents_reviews_and_signs(stack, portal, screen, kind, javascript):
    person = antin.ready_citizen(stack, antin.Officer(stack)).person
    window = screen(kind, javascript)
    driver = window.driver

    driver.get(portal.origin + "/")
    looks.check(driver)
    looks.check_focus(driver)
    window.shot("1-sign-in")
    sign_in(driver, person)
    wait_for(driver, lambda d: d.find_elements(By.CSS_SELECTOR, "form[action$='/consent']"))
    looks.check(driver)
    window.shot("2-consent")
    press(driver)
    wait_for(driver, lambda d: d.current_url.startswith(portal.origin))

    api, dossier, sign_url = portal_dossier(stack, portal, person)
    driver.get(sign_url)
    wait_for(driver, lambda d: d.find_elements(By.CSS_SELECTOR, "input[name^=pin]"))
    looks.check(driver)
    looks.check_focus(driver)
    for name in ("to-khai.pdf", "to-khai.xml", "anh-chan-dung.jpg"):
        assert name in driver.find_element(By.TAG_NAME, "main").text
    window.shot("3-review")
    field(driver, "input[name^=pin]").send_keys(person.pin)
    press(driver)
    wait_for(driver, lambda d: api.get(dossier)["state"] == "sealed")
    wait_for(driver, lambda d: not d.find_elements(By.CSS_SELECTOR, "input[name^=pin]"))
    looks.check(driver)
    window.shot("4-signed")


@pytest.mark.parametrize("kind", ["phone", "desktop"])
def test_wrong_password_and_wrong_pin_are_said_on_the_page(stack, portal, screen, person, kind):
    window = screen(kind)
    driver = window.driver
    driver.get(portal.origin + "/")
    field(driver, "input[autocomplete=username]", "input[name=number]").send_keys(person.number)
    field(driver, "input[type=password]").send_keys("khong-phai-mat-khau")
    press(driver)
    wait_for(driver, lambda d: d.find_elements(By.CSS_SELECTOR, "[role=alert]"))
    looks.check(driver)
    window.shot("5-wrong-password")
    sign_in_again = antin.Person(person.number, "", "", "", password=person.password)
    field(driver, "input[autocomplete=username]", "input[name=number]").clear()
    sign_in(driver, sign_in_again)
    wait_for(driver, lambda d: d.find_elements(By.CSS_SELECTOR, "form[action$='/consent']") or d.current_url.startswith(portal.origin))

    _, _, sign_url = portal_dossier(stack, portal, person)
    driver.get(sign_url)
    wait_for(driver, lambda d: d.find_elements(By.CSS_SELECTOR, "input[name^=pin]"))
    field(driver, "input[name^=pin]").send_keys("".join(str(9 - int(c)) for c in person.pin))
    press(driver)
    wait_for(driver, lambda d: d.find_elements(By.CSS_SELECTOR, "[role=alert]"))
    looks.check(driver)
    window.shot("6-wrong-pin")
    field(driver, "input[name^=pin]").send_keys(person.pin)  # and the right one still signs
    press(driver)
    wait_for(driver, lambda d: not d.find_elements(By.CSS_SELECTOR, "input[name^=pin]"))


@pytest.mark.parametrize("path", ["/", "/login", "/activate"])
def test_pages_are_vietnamese_first_and_english_by_a_switch(stack, screen, path):
    driver = screen("phone").driver
    driver.get(stack.idp_url + path)
    looks.check(driver, "vi")
    driver.get(stack.idp_url + path + "?lang=en")
    looks.check(driver, "en")


def test_english_by_accept_language(stack, screen):
    driver = screen("desktop", lang="en").driver
    driver.get(stack.idp_url + "/activate")
    looks.check(driver, "en")


def test_missing_page_is_a_page(stack, screen):
    for base in (stack.idp_url, stack.signer_url):
        driver = screen("phone").driver
        driver.get(base + "/sign/no-such-dossier" if base == stack.signer_url else base + "/authorize")
        looks.check(driver)
