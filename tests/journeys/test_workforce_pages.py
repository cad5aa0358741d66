"""From 56,000 people to a ward's skills, and from a plan to the beds it needs: a planner asks, and asks what if."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.journey
HOSPITAL = "West Hertfordshire Teaching Hospitals NHS Trust"


# --- steps ---------------------------------------------------------------------------------------------------------


def given_a_planner_is_signed_in(page: Any, served: Any) -> None:
    page.context.clear_cookies()
    page.goto(f"{served.url}/access/demo/")
    page.locator('button[name="role"][value="planner"]').click()


def when_they_open_the_workforce(page: Any) -> None:
    page.get_by_role("link", name="Plans", exact=True).click()
    page.get_by_role("link", name="Workforce", exact=True).click()


def people_in(page: Any) -> list[int]:
    cells = page.locator("#staff tbody tr td:nth-child(2)").all_inner_texts()
    return [int(re.sub(r"\D", "", text)) for text in cells]


# --- journeys ------------------------------------------------------------------------------------------------------


def test_a_planner_goes_from_all_people_to_the_skills_of_one_hospital(
    browser_page: Any, served: Any, assert_accessible: Any
) -> None:
    page = browser_page
    main = page.get_by_role("main")
    given_a_planner_is_signed_in(page, served)
    when_they_open_the_workforce(page)
    expect(main).to_contain_text("56,000")
    assert sum(people_in(page)) == 56_000
    assert_accessible(page)
    for by in ("Profession", "Place", "Grade"):
        page.get_by_label("Show by").select_option(label=by)
        page.get_by_role("button", name="Show these").click()
        expect(page.locator("#staff caption")).to_contain_text(by.lower())
        assert sum(people_in(page)) == 56_000
    page.get_by_label("Show by").select_option(label="Partner")
    page.get_by_role("button", name="Show these").click()
    page.locator("#staff").get_by_role("link", name=HOSPITAL).click()
    expect(page.locator("#staff caption")).to_contain_text("By profession")
    expect(page.locator("#skills")).to_contain_text("Operating theatre")
    expect(page.locator("#beside")).to_contain_text("Registered nurses")
    assert_accessible(page)
    page.locator("#staff").get_by_role("link", name="Registered nurses").click()
    expect(main).to_contain_text("Shown:")
    page.get_by_role("link", name=f"take away {HOSPITAL}").click()
    expect(page.locator("#staff caption")).to_contain_text("By partner")


def test_a_planner_asks_what_shorter_stays_would_free(browser_page: Any, served: Any, assert_accessible: Any) -> None:
    page = browser_page
    main = page.get_by_role("main")
    given_a_planner_is_signed_in(page, served)
    page.goto(f"{served.url}/planning/capacity/")
    expect(page.locator("#beds")).to_contain_text("The whole system")
    assert_accessible(page)
    page.get_by_label("Length of stay").fill("a lot")
    page.get_by_role("button", name="Show what it would need").click()
    expect(page).to_have_title(re.compile("^Error:"))
    expect(page.get_by_role("alert")).to_contain_text("Enter a number")
    assert_accessible(page)
    page.get_by_label("Length of stay").fill("-10")
    page.get_by_role("button", name="Show what it would need").click()
    expect(main).to_contain_text(re.compile(r"needed, .* there; [−-]\d+ against the plans"))
    page.get_by_role("link", name="Back to the plans as they are").click()
    expect(main).not_to_contain_text("against the plans")
