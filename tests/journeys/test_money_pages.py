"""Ways through the money: a slider moves and three places' pounds change and still add up; each page at desk and phone.

The demo is served once for the whole run. What is given here is an authority of its own, which binds nothing else.
"""

from __future__ import annotations

import json
import re
import time
from typing import Any

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.journey

PAGES = {
    "the way in": "/money/",
    "sharing by need": "/money/allocation/?system=QM7&change=4&kappa=50",
    "limits that leave no way": "/money/allocation/?system=QM7&change=4&kappa=50&floor=5&cap=6",
    "where the system stands": "/money/position/",
    "who disagrees": "/money/mismatches/?basis=actual",
    "the Better Care Fund": "/money/better-care-fund/",
    "a fund": "/money/funds/HERTS-BCF/",
    "opening a fund": "/money/funds/open/",
    "calling the risk share": "/money/funds/HERTS-BCF/risk-share/",
    "the end of a year": "/money/funds/HERTS-BCF/year-end/",
    "authorities": "/money/authorities/",
    "giving one": "/money/authorities/give/",
    "trial balances": "/money/trial-balances/",
    "taking one in": "/money/trial-balances/take-in/",
}


# Nobody says what the places had, and the pot is £1,000m: so it is with every table.
BY_LIST_SIZE = "system=QM7&pot=1000000000&before-06K=&before-06N=&before-07H="
PUBLISHED = [37_973_385_628, 41_271_964_632, 20_754_649_740]


def simulated(served: Any) -> str:
    """The edition of the table that the demo's partners sent, by its digest."""
    kept = json.loads(served.run("allocate", "editions", "--json").stdout)
    return str(next(one["digest"] for one in kept if one["year"] == "2026/27"))


@pytest.fixture(params=["simulated", "published"])
def need(request: Any, served: Any) -> tuple[str, list[int]]:
    """A table of weighted populations by its digest, and the pence of three places where they are known beforehand."""
    if request.param == "simulated":
        return simulated(served), []
    folder = request.getfixturevalue("reference") / "nhsengland_AIF_Allocation_Tool"
    done = served.run("allocate", "import", str(folder), "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["digest"], PUBLISHED


def given_a_finance_lead(page: Any, served: Any) -> None:
    page.goto(f"{served.url}/access/demo/")
    page.locator('button[name="role"][value="finance_lead"]').click()


def pence_of(text: str) -> int:
    return int(re.sub(r"[^\d]", "", text))


def pounds_of_places(page: Any) -> list[int]:
    """The pence in the column "Gets", place by place."""
    table = page.get_by_role("table", name="What each place gets")
    heads = table.get_by_role("columnheader").all_inner_texts()
    column = next(place for place, head in enumerate(heads) if head.startswith("Gets"))
    return [pence_of(row.get_by_role("cell").nth(column).inner_text()) for row in table.locator("tbody tr").all()]


@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES.keys())
def test_no_page_breaks_a_rule_of_accessibility(
    browser_page: Any, served: Any, assert_accessible: Any, path: str
) -> None:
    given_a_finance_lead(browser_page, served)
    browser_page.goto(served.url + path)
    expect(browser_page.get_by_role("region", name="Simulated residents")).to_be_visible()
    assert_accessible(browser_page)


@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES.keys())
def test_no_page_is_wider_than_a_phone(phone_page: Any, served: Any, assert_accessible: Any, path: str) -> None:
    given_a_finance_lead(phone_page, served)
    phone_page.goto(served.url + path)
    assert phone_page.evaluate("document.documentElement.scrollWidth") <= 390
    assert_accessible(phone_page)


def test_a_finance_lead_moves_a_slider_and_three_places_still_add_up(
    browser_page: Any, served: Any, need: tuple[str, list[int]]
) -> None:
    page = browser_page
    edition, known = need
    given_a_finance_lead(page, served)
    page.get_by_role("link", name="Money", exact=True).click()
    page.get_by_role("link", name="Share a pot by need").first.click()
    page.goto(f"{served.url}/money/allocation/?{BY_LIST_SIZE}&edition={edition}")
    before = pounds_of_places(page)
    assert len(before) == 3
    assert sum(before) == 100_000_000_000
    assert not known or before == known

    slider = page.get_by_label("Of the gap to target, close this year")
    slider.focus()
    for _step in range(40):
        page.keyboard.press("ArrowLeft")
    expect(page.locator('output[for="kappa"]')).to_have_text("60%")
    expect(page).to_have_url(re.compile("kappa=60"))
    after = pounds_of_places(page)
    assert all(now != then for now, then in zip(after, before, strict=True))
    assert sum(after) == 100_000_000_000
    expect(page.locator("#said")).to_contain_text("the difference is £0.00")

    pot = page.get_by_label("The pot grows or shrinks by")
    pot.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#said")).to_contain_text("£1,001,000,000.00")
    assert sum(pounds_of_places(page)) == 100_100_000_000
    # What was tried stands in the address, and is the same to whoever opens it.
    page.reload()
    assert sum(pounds_of_places(page)) == 100_100_000_000


def test_limits_that_leave_no_way_are_said_beside_the_slider_while_it_moves(browser_page: Any, served: Any) -> None:
    page = browser_page
    given_a_finance_lead(page, served)
    page.goto(f"{served.url}/money/allocation/?{BY_LIST_SIZE}&cap=6&edition={simulated(served)}")
    floor = page.get_by_label("Every place grows by at least")
    floor.focus()
    for _step in range(21):
        page.keyboard.press("ArrowRight")
    expect(page.locator("#floor-error")).to_contain_text("must be from £1,005,000,000.00 to £1,060,000,000.00")
    expect(page.locator("#answer")).not_to_contain_text("What each place gets")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#answer")).to_contain_text("What each place gets")
    expect(page.locator("#floor-error")).to_have_text("")


def test_the_sliders_do_without_script(browser: Any, served: Any) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.set_default_timeout(30_000)
    given_a_finance_lead(page, served)
    page.goto(f"{served.url}/money/allocation/?{BY_LIST_SIZE}&edition={simulated(served)}")
    page.get_by_label("Of the gap to target, close this year").fill("50")
    page.get_by_role("button", name="Show what each place gets").click()
    assert "kappa=50" in page.url
    assert sum(pounds_of_places(page)) == 100_000_000_000
    page.get_by_role("link", name="West Essex").first.click()
    expect(page.get_by_role("table", name="Neighbourhoods of West Essex")).to_be_visible()
    context.close()


def test_an_authority_is_given_and_revoked(browser_page: Any, served: Any) -> None:
    page = browser_page
    given_a_finance_lead(page, served)
    page.goto(f"{served.url}/money/")
    page.get_by_role("link", name="Give an authority").click()
    page.get_by_role("button", name="Give this authority").click()
    expect(page.get_by_role("alert")).to_contain_text("Give the reference of the decision")
    reference = f"Board of {time.time_ns()}"
    page.get_by_label("Reference of the decision").fill(reference)
    page.get_by_label("Why do you give it?").fill("Until governance stands")
    page.get_by_label("Commitments").check()
    page.get_by_label("Limit, in pounds").fill("1000")
    for group, day in (("first", ("1", "4", "2026")), ("last", ("31", "3", "2027"))):
        boxes = page.get_by_role("group", name=f"The {group} day on which it holds")
        for label, typed in zip(("Day", "Month", "Year"), day, strict=True):
            boxes.get_by_label(label).fill(typed)
    page.get_by_role("button", name="Give this authority").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(reference)
    expect(page.get_by_role("main")).to_contain_text("£1,000.00")

    page.get_by_label("Why does it end?").fill("It was given to try it")
    page.get_by_role("button", name="Revoke this authority").click()
    expect(page.get_by_role("main")).to_contain_text("The authority allows nothing more from")
    expect(page.get_by_role("main")).to_contain_text("It was given to try it")


def test_a_finance_lead_opens_a_fund_checks_what_was_answered_and_sets_a_line(browser_page: Any, served: Any) -> None:
    page = browser_page
    given_a_finance_lead(page, served)
    page.goto(f"{served.url}/money/")
    page.get_by_role("link", name="Open a fund").click()
    code = f"TRIED-{time.time_ns()}"
    page.get_by_label("Name").fill("A fund to try it")
    page.get_by_label("Code", exact=True).fill(code)
    page.get_by_label("Pooled under section 75").check()
    page.get_by_label("Whose books hold it").fill("QM7")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("alert")).to_contain_text("names no agreement")

    page.get_by_label("Agreement").fill("S75/tried")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Check what you are about to do")
    expect(page.get_by_role("main")).to_contain_text("Pooled under section 75")
    page.get_by_role("button", name="Change the answers").click()
    expect(page.get_by_label("Agreement")).to_have_value("S75/tried")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Open this fund").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("A fund to try it")
    expect(page.get_by_role("main")).to_contain_text("The fund is open.")

    page.get_by_role("link", name="Set a budget line").click()
    page.get_by_label("What is it for?").fill("Home care")
    page.get_by_label("Code", exact=True).fill(f"{code}-1")
    page.get_by_label("What it may spend, in pounds").fill("1,000.00")
    page.get_by_label("Reference of the decision").fill("Item 6")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("main")).to_contain_text("£1,000.00")
    page.get_by_role("button", name="Set this line").click()
    expect(page.get_by_role("main")).to_contain_text("Nothing of this line is committed yet.")
