"""
The first visit of a citizen whom an officer has just enrolled: activation, password, PIN and certificate, by keyboard, with the mistakes people make.
"""
import antin_client as antin
import looks
import pytest
from selenium.webdriver.common.by import By
from test_citizen_signs import field, press, wait_for


def fill(driver, name, value):
    e = field(driver, f"input[name={name}]")
    e.clear()
    e.send_keys(value)


@pytest.mark.parametrize("kind,javascript", [("phone", False), ("desktop", True)])
def test_a_new_citizen_activates_and_chooses_a_pin(stack, screen, kind, javascript):
    person = antin.new_person()
    antin.Officer(stack).enrol(person)
    window = screen(kind, javascript)
    driver = window.driver

    driver.get(stack.idp_url + "/activate")
    looks.check_focus(driver)
    fill(driver, "number", person.number)
    fill(driver, "activation_code", person.activation_code)
    fill(driver, "new_password", person.password)
    fill(driver, "new_password_again", person.password + "x")
    press(driver)
    wait_for(driver, lambda d: d.find_elements(By.CSS_SELECTOR, "[role=alert]"))
    looks.check(driver)
    window.shot("7-activate-mistake")
    assert field(driver, "input[name=number]").get_attribute("value") == person.number, "what was typed right need not be typed again"
    fill(driver, "new_password", person.password)
    fill(driver, "new_password_again", person.password)
    press(driver)
    wait_for(driver, lambda d: not d.find_elements(By.CSS_SELECTOR, "input[name=activation_code]"))
    looks.check(driver)
    window.shot("8-activated")

    driver.get(stack.signer_url + "/credential")
    if driver.find_elements(By.CSS_SELECTOR, "input[type=password][name=password]"):
        fill(driver, "login", person.number)
        fill(driver, "password", person.password)
        press(driver)
    wait_for(driver, lambda d: d.find_elements(By.CSS_SELECTOR, "input[name=pin_again]"))
    looks.check(driver)
    window.shot("9-choose-pin")
    fill(driver, "pin", person.pin)
    fill(driver, "pin_again", person.pin[::-1])
    press(driver)
    wait_for(driver, lambda d: d.find_elements(By.CSS_SELECTOR, "[role=alert]"))
    looks.check(driver)
    fill(driver, "pin", person.pin)
    fill(driver, "pin_again", person.pin)
    press(driver)
    wait_for(driver, lambda d: d.find_elements(By.CSS_SELECTOR, "[role=status]"))
    assert person.name in driver.find_element(By.TAG_NAME, "main").text
    looks.check(driver)
    window.shot("10-certificate")


@pytest.mark.parametrize("kind", ["phone", "desktop"])
def test_home_pages_look_right(stack, screen, kind):
    window = screen(kind)
    for base, name in ((stack.idp_url, "idp"), (stack.signer_url, "signer")):
        window.driver.get(base + "/")
        looks.check(window.driver)
        looks.check_focus(window.driver)
        window.shot(f"0-home-{name}")
