"""Ways through the measures: from the start to a figure in two clicks, down to why it is so, at desk and on a phone.

The demo is served once for the whole run, with the measures of its own residents; nothing here changes them.
"""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.journey

PAGES = {
    "the way in": "/measures/",
    "a place": "/measures/areas/hwe-west-essex/",
    "the system": "/measures/areas/QM7/",
    "a rate": "/measures/emergency-attendances/",
    "a proportion of a place": "/measures/hypertension-prevalence/?area=hwe-west-essex&by=sex",
    "areas compared": "/measures/compare/?measure=hypertension-prevalence&kind=place&area=hwe-west-essex",
    "two areas": "/measures/compare/?areas=hwe-west-essex,hwe-west-hertfordshire",
    "why": "/measures/hypertension-prevalence/why/?area=hwe-west-essex",
    "an area that is not there": "/measures/areas/PX/",
}


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
    page.get_by_label("Area").select_option(label="West Essex")
    page.get_by_role("button", name="Show this area").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("West Essex")

    page.get_by_role("main").get_by_role("link", name="On the hypertension register").last.click()
    main = page.get_by_role("main")
    expect(main).to_contain_text("Month by month")
    expect(main.locator(".joinedup-headline")).to_contain_text("West Essex")

    main.get_by_role("link", name="Why is this number so?").click()
    expect(page.get_by_role("main")).to_contain_text("is on the register hypertension")
    with page.expect_download() as taken:
        page.get_by_role("table", name="Code lists").get_by_role("link").first.click()
    assert taken.value.suggested_filename.endswith(".csv")


def test_the_pages_do_without_script(browser: Any, served: Any) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.set_default_timeout(30_000)
    given_an_analyst(page, served)
    page.goto(f"{served.url}/measures/")
    page.get_by_label("Area").select_option("QM7")
    page.get_by_role("button", name="Show this area").click()
    page.get_by_role("main").get_by_role("link", name="On the hypertension register").last.click()
    expect(page.get_by_role("img", name="Month by month")).to_be_visible()
    page.get_by_text("Show the figures as a table").first.click()
    expect(page.get_by_role("table").first).to_be_visible()
    context.close()
