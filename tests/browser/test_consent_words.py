"""
The consent page when a portal asks for more than scopes: single claims, checked data with evidence, an act with its documents. Long words included.
"""
import json
from urllib.parse import urlsplit

import looks
import pytest
from idp_kit import Client, idpctl
from selenium.webdriver.common.by import By
from test_citizen_signs import press, wait_for
from test_first_visit import fill

EVIDENCE = [{"type": {"value": "document"}, "document_details": {"type": None, "document_number": None}, "check_details": [{"check_method": None}]}]
CLAIMS = json.dumps({"userinfo": {"email": {"purpose": "Gửi kết quả giải quyết hồ sơ cho bạn"}, "verified_claims": {
    "verification": {"trust_framework": None, "evidence": EVIDENCE}, "claims": {"name": {"essential": True}, "birthdate": None}}}})
DETAILS = json.dumps([
    {"type": "dossier", "procedure": "1.004873.000.00.00.H29", "agency": "Ủy ban nhân dân Phường Bến Thành, Thành phố Hồ Chí Minh", "actions": ["create", "submit", "sign"]},
    {"type": "credential", "credentialID": "x", "hashAlgorithmOID": "2.16.840.1.101.3.4.2.1", "documentDigests": [
        {"hash": "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", "label": "To_khai_dang_ky_thuong_tru_co_ten_rat_dai_khong_co_khoang_trang_nao_ca_2026.pdf"}]}])


@pytest.mark.parametrize("kind,lang", [("phone", "vi"), ("desktop", "en")])
def test_what_is_asked_can_be_read(stack, person, screen, kind, lang):
    client = Client(stack, "openid citizen_number", allowed="openid profile email citizen_number")
    idpctl("client", "set", client.client_id, "--set", 'authorization_details_types=["credential", "dossier"]')
    window = screen(kind, javascript=False, lang=lang)
    driver = window.driver
    driver.get(client.request(claims=CLAIMS, authorization_details=DETAILS)[0])
    fill(driver, "login", person.number)
    fill(driver, "password", person.password)
    press(driver)
    wait_for(driver, lambda d: d.find_elements(By.CSS_SELECTOR, "form[action$='/consent']"))
    looks.check(driver, lang)
    looks.check_focus(driver)
    window.shot("11-consent-details")
    text = driver.find_element(By.TAG_NAME, "main").text
    assert "Phường Bến Thành" in text and "To_khai_dang_ky" in text and "Gửi kết quả" in text
    assert urlsplit(driver.current_url).path == "/consent"
