"""
What every page must be, whatever it says: checked in the rendered page. WCAG 2.2 success criteria are named where they are tested.
"""
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

CONTRAST = """
function lum(c) { return c.slice(0, 3).map(v => { v /= 255; return v <= 0.03928 ? v / 12.92 : Math.pow((v + 0.055) / 1.055, 2.4); })
                          .reduce((s, v, i) => s + v * [0.2126, 0.7152, 0.0722][i], 0); }
function rgb(s) { return (s.match(/[\\d.]+/g) || []).map(Number); }
function ground(e) { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); if (c.length == 3 || c[3] > 0.99) return c; }
                     return [255, 255, 255]; }
const bad = [];
for (const e of document.querySelectorAll('h1,h2,h3,p,label,button,a,td,th,dd,dt,li,span,small,strong')) {
  const own = [...e.childNodes].some(n => n.nodeType == 3 && n.textContent.trim()), box = e.getBoundingClientRect(), style = getComputedStyle(e);
  if (!own || box.width < 2 || box.height < 2 || style.visibility == 'hidden' || e.disabled) continue;
  const a = lum(rgb(style.color)), b = lum(ground(e)), ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && style.fontWeight >= 700);
  if (ratio < (large ? 3 : 4.5)) bad.push(e.tagName + ' "' + e.textContent.trim().slice(0, 30) + '" ' + ratio.toFixed(2));
}
return bad;
"""

UNLABELLED = """
return [...document.querySelectorAll('input,select,textarea')].filter(i => !['hidden', 'submit', 'button'].includes(i.type))
  .filter(i => !(i.labels && i.labels.length && [...i.labels].some(l => l.textContent.trim())) && !i.getAttribute('aria-label') && !i.getAttribute('aria-labelledby'))
  .map(i => i.name);
"""

TOO_WIDE = """
const w = document.documentElement.clientWidth;
return [document.documentElement.scrollWidth - w,
        [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > w + 1 && !e.closest('.table-wrap')).slice(0, 3).map(e => e.outerHTML.slice(0, 80))];
"""

SMALL_TARGETS = """
return [...document.querySelectorAll('button, input:not([type=hidden]), select')].filter(e => { const b = e.getBoundingClientRect();
  return b.width > 0 && (b.width < 24 || b.height < 24) && e.type != 'checkbox' && e.type != 'radio'; }).map(e => e.outerHTML.slice(0, 80));
"""

FOCUS_SEEN = """
const s = getComputedStyle(document.activeElement);
return document.activeElement != document.body && ((s.outlineStyle != 'none' && parseFloat(s.outlineWidth) > 0) || s.boxShadow != 'none');
"""


def check(driver, lang="vi"):
    """Raises AssertionError naming what is wrong with the page that is shown."""
    where = driver.current_url
    assert driver.find_element(By.TAG_NAME, "html").get_attribute("lang") == lang, f"{where}: html lang (WCAG 3.1.1)"
    assert driver.title.strip(), f"{where}: no title (2.4.2)"
    over, culprits = driver.execute_script(TOO_WIDE)
    assert over <= 0, f"{where}: {over} px too wide (1.4.10): {culprits}"
    assert not driver.execute_script(UNLABELLED), f"{where}: inputs without a label (3.3.2): {driver.execute_script(UNLABELLED)}"
    assert not driver.execute_script(SMALL_TARGETS), f"{where}: targets under 24 px (2.5.8): {driver.execute_script(SMALL_TARGETS)}"
    assert not driver.execute_script(CONTRAST), f"{where}: too little contrast (1.4.3): {driver.execute_script(CONTRAST)}"
    assert len(driver.find_elements(By.TAG_NAME, "h1")) == 1, f"{where}: not one h1"
    complaints = [e["message"] for e in driver.get_log("browser") if e["source"] != "network"]  # a status of 403 or 422 is no fault of the page
    assert not complaints, f"{where}: the browser complains: {complaints}"


def check_focus(driver):
    """Every stop of the Tab key shows where it is (2.4.7)."""
    body = driver.find_element(By.TAG_NAME, "body")
    body.send_keys(Keys.TAB)
    for _ in range(6):
        active = driver.switch_to.active_element
        if active.tag_name == "body":
            break
        assert driver.execute_script(FOCUS_SEEN), f"{driver.current_url}: focus not seen on {active.get_attribute('outerHTML')[:80]}"
        active.send_keys(Keys.TAB)
