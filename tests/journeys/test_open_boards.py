"""A resident finds who decided something and why, without a sign-in; each open page of boards at desk and phone.

The demo is served once for the whole run; its partnership board has decided by then.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.journey

PAGES = {
    "who decides": "/open/boards/",
    "a board": "/open/boards/hwe-board/",
    "finding a decision": "/open/decisions/",
    "interests": "/open/interests/",
    "what boards publish": "/open/boards/compliance/",
}


def given_somebody_who_is_not_signed_in(page: Any, served: Any) -> None:
    page.context.clear_cookies()
    page.goto(f"{served.url}/open/boards/")


def then_it_says_who_decided_and_why(page: Any) -> None:
    expect(page.get_by_text(re.compile(r"^Decided by .+ on \d{1,2} \w+ \d{4}$"))).to_be_visible()
    for heading in ("What was decided, and how", "Quorum", "Interests", "Why", "What it changed"):
        expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
    expect(page.get_by_text("Fingerprint of what it says")).to_be_visible()


def test_a_resident_finds_who_decided_something_and_why(browser_page: Any, served: Any, assert_accessible: Any) -> None:
    page = browser_page
    given_somebody_who_is_not_signed_in(page, served)
    page.get_by_role("link", name="Find a decision").click()
    table = page.get_by_role("table", name=re.compile("Decisions"))
    table.locator("tbody tr").filter(has_text="Carried").first.get_by_role("link").click()
    then_it_says_who_decided_and_why(page)
    assert_accessible(page)
    decision = page.url
    page.get_by_role("link", name="The meeting, its papers and minutes").click()
    expect(page.get_by_role("heading", name="Agenda", exact=True)).to_be_visible()
    expect(page.get_by_role("heading", name="Who was there", exact=True)).to_be_visible()
    assert_accessible(page)
    # The page as it is now can be asked for again, and says the same.
    page.goto(decision)
    fingerprint = page.locator(".joinedup-fingerprint").inner_text()
    page.get_by_role("link", name="This page as it is now, for later").click()
    expect(page.locator(".joinedup-fingerprint")).to_have_text(fingerprint)


@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES.keys())
def test_no_open_page_breaks_a_rule_of_accessibility(
    browser_page: Any, served: Any, assert_accessible: Any, path: str
) -> None:
    browser_page.goto(served.url + path)
    expect(browser_page.get_by_role("region", name="Simulated residents")).to_be_visible()
    assert_accessible(browser_page)


@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES.keys())
def test_no_open_page_is_wider_than_a_phone(phone_page: Any, served: Any, assert_accessible: Any, path: str) -> None:
    phone_page.goto(served.url + path)
    assert phone_page.evaluate("document.documentElement.scrollWidth") <= 390
    assert_accessible(phone_page)
