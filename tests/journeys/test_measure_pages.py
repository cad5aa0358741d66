"""Ways through the measures: from the start to a figure in two clicks, down to why it is so, at desk and on a phone.

The demo is served once for the whole run; the figures are drawn ones, put beside it for this module.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect
from tests.spec.measures.drawn_results import draw

pytestmark = pytest.mark.journey

DEFINED = """
theme = "Drawn"
[[measure]]
id = "high-blood-pressure"
title = "People with high blood pressure"
meaning = "Of all adults, how many are on the register of high blood pressure."
kind = "proportion"
unit = "% of adults"
polarity = "decrease"
denominator = ["is aged 18 or over"]
numerator = ["is on the register hypertension"]
standard = "drawn for tests"
purposes = [1, 2]
feeds = ["gp"]
"""
PAGES = {
    "the way in": "/measures/",
    "a place": "/measures/areas/PA/",
    "the system": "/measures/areas/QM7/",
    "a proportion": "/measures/high-blood-pressure/?area=PA",
    "an area suppressed": "/measures/high-blood-pressure/?area=NA1&by=sex",
    "areas compared": "/measures/compare/?measure=high-blood-pressure&area=NA2",
    "two areas": "/measures/compare/?areas=PA,PB",
    "why": "/measures/high-blood-pressure/why/?area=PA",
    "an area that is not there": "/measures/areas/PX/",
}


@pytest.fixture(scope="module", autouse=True)
def _drawn(served: Any) -> Iterator[None]:
    """The drawn results and the definition they need, in the data folder of the served demo."""
    own = served.data / "definitions" / "measures"
    own.mkdir(parents=True, exist_ok=True)
    (own / "drawn.toml").write_text(DEFINED)
    folder = draw(served.data)
    yield
    (own / "drawn.toml").unlink()
    shutil.rmtree(folder)


def given_an_analyst(page: Any, served: Any) -> None:
    page.goto(f"{served.url}/access/demo/")
    page.locator('button[name="role"][value="analyst"]').click()


@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES.keys())
def test_no_page_breaks_a_rule_of_accessibility(
    browser_page: Any, served: Any, assert_accessible: Any, path: str
) -> None:
    given_an_analyst(browser_page, served)
    browser_page.goto(served.url + path)
    expect(browser_page.get_by_role("region", name="Simulated residents")).to_be_visible()
    assert_accessible(browser_page)


@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES.keys())
def test_no_page_is_wider_than_a_phone(phone_page: Any, served: Any, assert_accessible: Any, path: str) -> None:
    given_an_analyst(phone_page, served)
    phone_page.goto(served.url + path)
    assert phone_page.evaluate("document.documentElement.scrollWidth") <= 390
    assert_accessible(phone_page)


def test_from_the_start_to_why_a_number_is_so(browser_page: Any, served: Any) -> None:
    page = browser_page
    given_an_analyst(page, served)
    page.get_by_role("link", name="Measures", exact=True).click()
    page.get_by_label("Area").select_option("NA1")
    page.get_by_role("button", name="Show this area").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Alder 1")

    page.get_by_role("main").get_by_role("link", name="People with high blood pressure").first.click()
    main = page.get_by_role("main")
    expect(main).to_contain_text("Suppressed: it rests on 1 to 7 people")
    expect(main.locator(".joinedup-legend").first).to_contain_text("Suppressed")

    main.get_by_role("link", name="Why is this number so?").click()
    expect(page.get_by_role("main")).to_contain_text("is on the register hypertension")
    with page.expect_download() as taken:
        page.get_by_role("main").get_by_role("link", name="Hypertension").first.evaluate("link => link.download = ''")
        page.get_by_role("main").get_by_role("link", name="Hypertension").first.click()
    assert taken.value.suggested_filename == "hypertension.csv"


def test_the_pages_do_without_script(browser: Any, served: Any) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    given_an_analyst(page, served)
    page.goto(f"{served.url}/measures/")
    page.get_by_label("Area").select_option("PB")
    page.get_by_role("button", name="Show this area").click()
    page.get_by_role("main").get_by_role("link", name="People with high blood pressure").first.click()
    expect(page.get_by_role("img", name="Month by month: Birch")).to_be_visible()
    page.get_by_text("Show the figures as a table").first.click()
    expect(page.get_by_role("table").first).to_be_visible()
    context.close()
