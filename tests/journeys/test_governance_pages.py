"""Ways through a board's work: a chair runs a meeting in which a conflict breaks the quorum; pages at desk and phone.

The demo has a meeting on the day on which it is made, prepared and not yet held. It is run here.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.journey

PAGES = {
    "the way in": "/governance/",
    "a joint committee": "/governance/boards/hwe-mental-health/",
    "a collaborative": "/governance/boards/hwe-providers/",
    "a board that is not whole": "/governance/boards/hwe-place-west-essex/",
    "the partnership board": "/governance/boards/hwe-board/",
    "interests": "/governance/interests/",
    "declaring an interest": "/governance/interests/declare/",
    "who may decide what": "/governance/delegations/",
    "risks": "/governance/risks/",
    "commitments": "/governance/commitments/",
}
THE_BOARD = "Hertfordshire and West Essex integrated care board"
# Eight of thirteen voting members, two of them of the trusts that the second item names.
HERE = ("Jane Sample", "Omar Sample", "Ruth Sample", "Tunde Sample", "Maura Sample", "Peter Sample", "Leila Sample")


def given_a_chair(page: Any, served: Any) -> None:
    page.goto(f"{served.url}/access/demo/")
    page.locator('button[name="role"][value="chair"]').click()


@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES.keys())
def test_no_page_breaks_a_rule_of_accessibility(
    browser_page: Any, served: Any, assert_accessible: Any, path: str
) -> None:
    given_a_chair(browser_page, served)
    browser_page.goto(served.url + path)
    assert_accessible(browser_page)


@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES.keys())
def test_a_page_fits_a_phone(phone_page: Any, served: Any, path: str) -> None:
    given_a_chair(phone_page, served)
    phone_page.goto(served.url + path)
    assert phone_page.evaluate("document.documentElement.scrollWidth") <= 390


def when_they_come(page: Any, chair: str) -> None:
    for name in (chair, *HERE):
        page.get_by_role("checkbox", name=name, exact=True).check()
    page.get_by_role("button", name="Write down who came").click()
    expect(page.get_by_role("status")).to_contain_text("8 came at")


def when_a_conflict_takes_somebody_out(page: Any, person: str) -> None:
    page.get_by_role("link", name=person, exact=True).first.click()
    page.get_by_label("Leaves for the item", exact=True).check()
    page.get_by_label("Why?").fill("Leads one of the two trusts")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Decide this").click()
    expect(page.get_by_role("status")).to_contain_text("It is decided.")


def test_a_chair_runs_a_meeting_in_which_a_conflict_breaks_the_quorum(
    browser_page: Any, served: Any, assert_accessible: Any
) -> None:
    page = browser_page
    given_a_chair(page, served)
    page.goto(f"{served.url}/governance/")
    # The board's next meeting is that of today; it began with the hour in which the demo was made.
    row = page.get_by_role("table", name="Next meetings").get_by_role("row").filter(has_text=THE_BOARD).first
    row.get_by_role("link", name=re.compile(r", \d\d:00$")).click()
    assert_accessible(page)
    chair = page.locator("dt:text-is('Presides') + dd").inner_text()
    page.get_by_role("button", name="Run this meeting").click()
    assert_accessible(page)
    when_they_come(page, chair)
    assert_accessible(page)

    # The first item: quorate, voted by a show of hands and decided.
    page.get_by_role("link", name="1. Winter vaccination clinics").click()
    page.get_by_role("button", name="Open this item").click()
    expect(page.get_by_role("main")).to_contain_text("Quorate: 8 of 7 needed.")
    assert_accessible(page)
    page.get_by_text("Write down votes by a show of hands").click()
    for name in HERE:
        page.get_by_role("checkbox", name=name, exact=True).check()
    page.locator('input[name="shown"][value="for"]').check()
    page.get_by_role("button", name="Write down these votes").click()
    page.get_by_role("link", name="Close this item").click()
    assert_accessible(page)
    page.get_by_label("What was decided, in one sentence?").fill("Clinics open in six market towns")
    page.get_by_role("button", name="Continue").click()
    assert_accessible(page)
    page.get_by_role("button", name="Close the item").click()
    expect(page.get_by_role("main")).to_contain_text("Carried")
    assert_accessible(page)

    # The second item: two members lead the trusts that it names, and six are left of the seven needed.
    page.get_by_role("link", name="Item 1").click()
    page.get_by_role("link", name="Who is there").click()
    page.get_by_role("link", name="2. A joint hospital discharge team").click()
    for person in ("Peter Sample", "Leila Sample"):
        when_a_conflict_takes_somebody_out(page, person)
    page.get_by_role("button", name="Open this item").click()
    main = page.get_by_role("main")
    expect(main).to_contain_text("Not quorate: 6 of 7 needed, 2 with a conflict not counted.")
    expect(main).to_contain_text("Form a panel of people without a conflict")
    expect(page.get_by_role("button", name="Cast your vote")).to_have_count(0)
    expect(page.get_by_text("Write down votes by a show of hands")).to_have_count(0)
    assert_accessible(page)
    page.get_by_role("link", name="Close this item").click()
    page.get_by_label("Form a panel of people without a conflict and let it decide.").check()
    page.get_by_label("What was decided, in one sentence?").fill("A panel without a conflict decides")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Close the item").click()
    expect(page.get_by_role("main")).to_contain_text("Deferred")
    assert_accessible(page)
