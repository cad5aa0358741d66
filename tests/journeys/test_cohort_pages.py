"""Ways through cohorts and worklists: built in sentences, counted, sent back, ended; at a desk and on a phone.

The demo is served once for the whole run; the worklist that is asked for here is closed here.
"""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.journey

PAGES = {
    "cohorts": ("analyst", "/measures/cohorts/"),
    "the builder": ("analyst", "/measures/cohorts/build/"),
    "a cohort that is counted": (
        "analyst", "/measures/cohorts/build/?include=is+on+the+register+hypertension&exclude=is+aged+80+or+over",
    ),
    "a sentence that is not understood": ("analyst", "/measures/cohorts/build/?include=is+registerd"),
    "worklists": ("clinician", "/population/worklists/"),
    "asking for one": ("clinician", "/population/worklists/ask/"),
    "what was asked": ("clinician", "/population/worklists/asked/"),
    "what waits": ("caldicott_guardian", "/population/worklists/queue/"),
}  # fmt: skip
TITLE = "Blood pressure reviews that are overdue"


def given_somebody(page: Any, served: Any, role: str) -> None:
    page.context.clear_cookies()
    page.goto(f"{served.url}/access/demo/")
    page.locator(f'button[name="role"][value="{role}"]').click()


@pytest.mark.parametrize(("role", "path"), PAGES.values(), ids=PAGES.keys())
def test_no_page_breaks_a_rule_of_accessibility(
    browser_page: Any, served: Any, assert_accessible: Any, role: str, path: str
) -> None:
    given_somebody(browser_page, served, role)
    browser_page.goto(served.url + path)
    expect(browser_page.get_by_role("heading", level=1)).to_be_visible()
    assert_accessible(browser_page)


@pytest.mark.parametrize(("role", "path"), PAGES.values(), ids=PAGES.keys())
def test_no_page_is_wider_than_a_phone(
    phone_page: Any, served: Any, assert_accessible: Any, role: str, path: str
) -> None:
    given_somebody(phone_page, served, role)
    phone_page.goto(served.url + path)
    assert phone_page.evaluate("document.documentElement.scrollWidth") <= 390
    assert_accessible(phone_page)


def test_the_way_of_a_worklist_from_asking_to_its_end(browser_page: Any, served: Any, assert_accessible: Any) -> None:
    page = browser_page
    given_somebody(page, served, "clinician")
    page.goto(f"{served.url}/population/worklists/")
    page.get_by_role("main").get_by_role("link", name="Ask for a worklist").click()
    page.get_by_label("Title").fill(TITLE)
    page.get_by_label("Or: include people of whom all of this is true").fill("is on the register hypertension")
    page.get_by_role("radio").first.check()
    page.get_by_label("What will be done for these people?").fill("Invite them for a review by their own team")
    page.get_by_role("button", name="Ask the Caldicott guardian").click()
    expect(page.get_by_role("main")).to_contain_text("It waits for the Caldicott guardian")

    given_somebody(page, served, "caldicott_guardian")
    page.goto(f"{served.url}/population/worklists/queue/")
    page.get_by_role("table", name="Waiting for you").get_by_role("link", name=TITLE).click()
    assert_accessible(page)
    page.get_by_role("radio", name="Approve: these people are sent back to their teams").check()
    page.get_by_label("Why?").fill("Care by their own team")
    page.get_by_role("button", name="Record the decision").click()
    expect(page.get_by_role("main")).to_contain_text("Approved.")

    page.get_by_role("table", name="Decided").get_by_role("link", name=TITLE).click()
    assert_accessible(page)
    page.get_by_label("Why?").fill("The reviews are done")
    page.get_by_role("button", name="Close the worklist").click()
    expect(page.get_by_role("main")).to_contain_text("Closed. Nobody opens it any more")

    given_somebody(page, served, "clinician")
    page.goto(f"{served.url}/population/worklists/asked/")
    expect(page.get_by_role("table", name="What you asked for")).to_contain_text("The reviews are done")
