"""The report in a real browser: nothing is cut, nothing overlaps, keyboard and dark mode work."""

from __future__ import annotations

import base64
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome, ChromeOptions, ChromeService
from selenium.webdriver.common.keys import Keys

from rehearsal.report import picture
from tests.support.material import Written

LOOK = Path(__file__).with_name("look.js").read_text(encoding="utf-8")
DRIVER = shutil.which("chromedriver")
CHROMIUM = picture.browser()
WIDTHS = (1280, 390)
"""Pixels: a laptop and a phone."""
SECTIONS = "architecture checks reachability functions components roles secrets cost deployment".split()

pytestmark = pytest.mark.skipif(not (DRIVER and CHROMIUM), reason=f"no Chromium or no chromedriver. {picture.REMEDY}")

Open = Callable[..., Chrome]


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    """A headless Chromium with a profile of its own; nothing is downloaded."""
    options = ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for flag in (*picture.FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    browser = Chrome(options=options, service=ChromeService(executable_path=DRIVER))
    yield browser
    browser.quit()


@pytest.fixture
def page(driver: Chrome, written: Written) -> Open:
    """Opens the report: how wide, in which mode, for which medium."""

    def opened(width: int = 1280, scheme: str = "light", media: str = "") -> Chrome:
        features = [
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": "reduce"},  # no waiting until the page has scrolled
        ]
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": media, "features": features})
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        driver.get((written.folder / "report.html").as_uri())
        driver.execute_script(LOOK)
        return driver

    return opened


def look(browser: Chrome, question: str) -> list[str]:
    """What one of look.js's functions finds."""
    answers: list[str] = browser.execute_script(f"return look.{question}")
    return answers


def unfold(browser: Chrome) -> None:
    """Open everything that can be opened."""
    browser.execute_script("for (const one of document.querySelectorAll('details')) one.open = true")


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_cut_or_overlaps(page: Open, width: int) -> None:
    browser = page(width)
    assert browser.execute_script("return document.documentElement.scrollWidth") == width, "the page scrolls sideways"
    assert look(browser, "pageTexts()") == [], "closed"


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_cut_or_overlaps_with_everything_unfolded(page: Open, width: int) -> None:
    browser = page(width)
    unfold(browser)
    assert browser.execute_script("return document.documentElement.scrollWidth") == width, "the page scrolls sideways"
    assert look(browser, "pageTexts()") == []


@pytest.mark.parametrize("width", WIDTHS)
def test_no_text_of_the_diagram_is_cut_or_covered(page: Open, width: int) -> None:
    browser = page(width)
    assert len(browser.find_elements("css selector", "#diagram text")) > 40, "the diagram is there"
    assert look(browser, "diagramTexts()") == []
    assert look(browser, "diagramLines()") == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read_in_both_modes(page: Open, scheme: str) -> None:
    browser = page(scheme=scheme)
    unfold(browser)
    ground = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
    bright = sum(int(part) for part in ground.strip("rgb()").split(",")) / 3
    assert (bright > 200) == (scheme == "light"), f"the page's ground is {ground} in {scheme} mode"
    assert look(browser, "faint(4.5)") == [], "WCAG 2.2 AA asks for a contrast of 4.5"


def test_the_eyes_of_these_tests_see(page: Open) -> None:
    browser = page()
    browser.execute_script("document.getElementById('checks-title').style.marginBottom = '-4rem'")
    assert look(browser, "pageTexts()"), "overlapping paragraphs must be found"
    browser = page()
    browser.execute_script("document.querySelector('h1').style.cssText = 'margin-left: 100vw; width: 40rem'")
    assert look(browser, "pageTexts()"), "a title beyond the edge must be found"
    browser = page()
    browser.execute_script("document.querySelectorAll('#diagram text').forEach((one) => one.setAttribute('x', 60))")
    assert look(browser, "diagramTexts()") and look(browser, "diagramLines()"), "piled up texts must be found"
    browser = page()
    browser.execute_script("document.querySelector('h1').style.color = '#ccc'")
    assert look(browser, "faint(4.5)"), "grey on white must be found"


def focus(browser: Chrome) -> str:
    """What has the focus, in a word."""
    return str(
        browser.execute_script(
            "const one = document.activeElement;"
            "return one.getAttribute('href') || one.id || one.className || one.parentElement.className || one.tagName"
        )
    )


def press(browser: Chrome, key: str) -> str:
    """Press a key; where the focus is then."""
    browser.switch_to.active_element.send_keys(key)
    return focus(browser)


def test_the_keyboard_goes_through_the_page_in_order(page: Open) -> None:
    browser = page()
    walk = [press(browser, Keys.TAB) for _ in range(1 + len(SECTIONS))]
    assert walk == ["#main", *(f"#{section}" for section in SECTIONS)]
    outline = "return getComputedStyle(document.activeElement).outlineStyle"
    assert browser.execute_script(outline) == "solid", "whoever uses the keyboard must see where the focus is"
    order = (
        "return [...document.querySelectorAll('a, button, input, summary, [tabindex=\"0\"]')]"
        ".indexOf(document.activeElement)"
    )
    places = []
    for _ in range(12):
        press(browser, Keys.TAB)
        places.append(browser.execute_script(order))
    assert places == sorted(places) and len(set(places)) == len(places), f"the focus jumps: {places}"


def test_the_skip_link_leads_to_the_report(page: Open) -> None:
    browser = page()
    press(browser, Keys.TAB)
    shown = browser.execute_script("return document.activeElement.getBoundingClientRect().top >= 0")
    assert shown, "the skip link shows itself when it has the focus"
    assert press(browser, Keys.ENTER) == "main"


def test_a_resource_opens_by_keyboard(page: Open) -> None:
    browser = page()
    first = "document.querySelector('#tree summary')"
    browser.execute_script(f"{first}.focus()")
    press(browser, Keys.ENTER)
    assert browser.execute_script(f"return {first}.parentElement.open"), "Enter unfolds a component"


def test_the_search_leaves_what_fits(page: Open, written: Written) -> None:
    browser = page()
    visible = "return [...document.querySelectorAll('#tree details')].filter((one) => one.checkVisibility()).length"
    browser.find_element("id", "search").send_keys("aws:ec2:NatGateway")
    count = browser.find_element("id", "found").text
    assert count == f"3 of {len(written.description.records)} resources", count
    names = browser.execute_script(
        "return [...document.querySelectorAll('#tree details.resource')].filter((one) => one.checkVisibility()).map("
        "(one) => one.querySelector('.name').textContent)"
    )
    assert names == ["network-1", "network-2", "network-3"]
    browser.find_element("id", "search").clear()
    browser.find_element("id", "search").send_keys(" ")
    assert browser.execute_script(visible) > 3, "an empty search shows all again"


def test_without_scripts_everything_but_the_search_is_there(page: Open, driver: Chrome, written: Written) -> None:
    folder = written.folder
    quiet = folder / "without.html"
    html = (folder / "report.html").read_text(encoding="utf-8")
    start, end = html.index("<script>"), html.index("</script>")
    quiet.write_text(html[:start] + html[end + len("</script>") :], encoding="utf-8")
    page()
    driver.get(quiet.as_uri())
    assert not driver.find_element("id", "tools").is_displayed(), "a search that cannot search is hidden"
    driver.find_element("css selector", "#tree summary").click()
    assert driver.execute_script("return document.querySelector('#tree details').open"), "folding needs no script"


def test_nothing_is_fetched(page: Open) -> None:
    browser = page()
    assert browser.execute_script("return performance.getEntriesByType('resource').map((one) => one.name)") == []


def test_it_prints(page: Open) -> None:
    browser = page(media="print")
    assert not browser.find_element("css selector", "nav").is_displayed(), "links are of no use on paper"
    printed = base64.b64decode(browser.execute_cdp_cmd("Page.printToPDF", {})["data"])
    assert printed.startswith(b"%PDF-") and len(printed) > 10_000


def test_the_picture_is_taken(written: Written, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "images" / "rehearsal.png"
    assert picture.main([str(written.folder / "report.html"), str(target)]) == 0
    content = target.read_bytes()
    assert content.startswith(b"\x89PNG"), "a picture"
    size = tuple(int.from_bytes(content[at : at + 4], "big") for at in (16, 20))
    assert size == picture.SIZE, f"{size}"
    assert 30_000 < len(content) < 400_000, f"{len(content)} bytes: empty, or too large for a README"
    assert str(target) in capsys.readouterr().out


def test_a_missing_report_is_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert picture.main([str(tmp_path / "report.html"), str(tmp_path / "picture.png")]) == 1
    assert "make rehearse" in capsys.readouterr().err
