"""The way of two plans to one: a planner finds a disagreement, proposes, and a hospital's planner accepts."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.journey
REASON = "A theatre opens in June, and both sides know its lists"


# --- steps ---------------------------------------------------------------------------------------------------------


def given_they_are_signed_in(page: Any, served: Any, who: str) -> None:
    page.context.clear_cookies()
    page.goto(f"{served.url}/access/demo/")
    page.locator(f'button[name="role"][value="{who}"]').click()


def when_they_open_the_dearest_disagreement_of_the_hospital(page: Any) -> str:
    page.get_by_role("link", name="Plans", exact=True).click()
    page.get_by_role("link", name="Where plans disagree").click()
    page.get_by_label("Provider", exact=True).select_option(label="West Hertfordshire Teaching Hospitals NHS Trust")
    page.get_by_label("State", exact=True).select_option(label="Open")
    page.get_by_role("button", name="Show these").click()
    page.locator("#gaps tbody a").first.click()
    return str(page.url)


def when_they_propose_that_both_figures_stand(page: Any) -> None:
    page.get_by_role("link", name="Propose how it is settled").click()
    page.get_by_label("Both figures stand, and the difference is explained").check()
    page.get_by_role("textbox", name="Why").fill(REASON)
    page.get_by_role("textbox", name="Day").last.fill("31")
    page.get_by_role("textbox", name="Month").last.fill("3")
    page.get_by_role("textbox", name="Year").last.fill("2099")
    page.get_by_role("button", name="Propose it").click()


# --- journeys ------------------------------------------------------------------------------------------------------


def test_a_planner_resolves_a_disagreement_with_a_provider(
    browser_page: Any, served: Any, assert_accessible: Any
) -> None:
    page = browser_page
    main = page.get_by_role("main")
    given_they_are_signed_in(page, served, "planner")
    address = when_they_open_the_dearest_disagreement_of_the_hospital(page)
    expect(main).to_contain_text("May differ by")
    expect(main).to_contain_text(re.compile(r"Worth\s+£"))
    assert_accessible(page)
    page.get_by_role("link", name="Propose how it is settled").click()
    page.get_by_role("button", name="Propose it").click()
    expect(page).to_have_title(re.compile("^Error:"))
    expect(page.get_by_role("alert")).to_contain_text("Choose how it is settled")
    assert_accessible(page)
    page.goto(address)
    when_they_propose_that_both_figures_stand(page)
    expect(main).to_contain_text("It is proposed. The other side answers.")
    expect(page.get_by_role("link", name="Accept or reject the proposal")).to_have_count(0)

    given_they_are_signed_in(page, served, "planner.provider")
    page.goto(address)
    expect(main).to_contain_text(REASON)
    page.get_by_role("link", name="Accept or reject the proposal").click()
    assert_accessible(page)
    page.get_by_label("Accept it").check()
    page.get_by_role("button", name="Send the answer").click()
    expect(main).to_contain_text("It is accepted by both sides.")
    page.get_by_role("button", name="Close it: done as agreed").click()
    expect(main).to_contain_text("It no longer stands in the way of signing.")
    assert_accessible(page)


def test_a_template_goes_out_and_comes_back_wrong(browser_page: Any, served: Any, assert_accessible: Any) -> None:
    page = browser_page
    given_they_are_signed_in(page, served, "planner.provider")
    page.goto(f"{served.url}/planning/plans/template/")
    page.get_by_label("Body whose plan it is").select_option("RWG")
    page.get_by_label("Provider").check()
    page.get_by_label("CSV, for other programs").check()
    page.get_by_label("Fill in the newest version of this plan").check()
    with page.expect_download() as taken:
        page.get_by_role("button", name="Take the template").click()
    text = taken.value.path().read_text(encoding="utf-8-sig")
    lines = text.splitlines(keepends=True)
    assert lines[2].startswith("activity,")
    before, figure = lines[2].rstrip().rsplit(",", 2)[0], "many"
    lines[2] = f"{before},{figure},\r\n"
    wrong = {"name": "plan.csv", "mimeType": "text/csv", "buffer": "".join(lines).encode()}
    page.goto(f"{served.url}/planning/plans/hand-in/")
    page.get_by_label("The filled template").set_input_files(wrong)
    page.get_by_role("button", name="Check it and take it in").click()
    expect(page.get_by_role("alert")).to_contain_text("found the text 'many', expected a number")
    expect(page.get_by_role("main")).to_contain_text("Nothing of the file was taken in")
    assert_accessible(page)


def test_the_pages_fit_a_phone_and_are_accessible(phone_page: Any, served: Any, assert_accessible: Any) -> None:
    page = phone_page
    given_they_are_signed_in(page, served, "planner")
    for path in (
        "/planning/",
        "/planning/plans/",
        "/planning/plans/template/",
        "/planning/plans/hand-in/",
        "/planning/disagreements/",
        "/planning/sign-off/",
        "/planning/documents/",
        "/planning/documents/development/",
        "/planning/documents/development/governance/",
    ):
        page.goto(served.url + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
        assert_accessible(page)
