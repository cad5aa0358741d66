"""The way of two plans to one: a planner finds a disagreement, proposes, and a hospital's planner accepts."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from joinedup.planning import PlanLine, months_of, plan_csv

pytestmark = pytest.mark.journey
# A year of its own: what is settled in it changes nothing of the demo's.
NEXT = "2027/28"
BOARD = "NHS Hertfordshire and West Essex Integrated Care Board"
REASON = "A theatre opens in June, and both sides know its lists"


# --- steps ---------------------------------------------------------------------------------------------------------


def given_they_are_signed_in(page: Any, served: Any, who: str) -> None:
    page.context.clear_cookies()
    page.goto(f"{served.url}/access/demo/")
    page.locator(f'button[name="role"][value="{who}"]').click()


def when_they_open_the_dearest_disagreement_of_the_hospital(page: Any) -> str:
    page.get_by_role("link", name="Plans", exact=True).click()
    page.get_by_role("link", name="Where plans disagree").click()
    page.goto(page.url.split("?")[0] + "?year=2026/27")
    page.get_by_label("Provider", exact=True).select_option(label="West Hertfordshire Teaching Hospitals NHS Trust")
    page.get_by_label("State", exact=True).select_option(label="Open")
    page.get_by_role("button", name="Show these").click()
    page.locator("#gaps tbody a").first.click()
    return str(page.url)


def plan(side: str, april: int) -> dict[str, Any]:
    """A plan of the hospital's day cases as the named side has it, as a file to hand in."""
    owner = {"commissioner": "QM7", "provider": "RWG"}[side]
    figures = dict.fromkeys(months_of(NEXT), 1_000) | {f"{NEXT[:4]}-04": april}
    lines = [PlanLine("activity", "QM7", "RWG", "110", "DC", month, "activity", "spells", many)
             for month, many in figures.items()]  # fmt: skip
    lines.append(PlanLine("finance", "QM7", "RWG", "110", "DC", NEXT, "unit_price", "pence a unit", 110_000))
    if side == "provider":
        income = sum(figures.values()) * 110_000
        lines.append(PlanLine("finance", "", "RWG", "", "", NEXT, "income", "pence", income))
    text = plan_csv(owner, side, NEXT, lines)
    return {"name": f"{owner}.csv", "mimeType": "text/csv", "buffer": text.encode("utf-8-sig")}


def when_they_hand_in_and_submit(page: Any, served: Any, file: dict[str, Any]) -> None:
    page.goto(f"{served.url}/planning/plans/hand-in/?year={NEXT}")
    page.get_by_label("The filled template").set_input_files(file)
    page.get_by_role("button", name="Check it and take it in").click()
    page.get_by_role("button", name="Submit it to all partners").click()
    expect(page.get_by_role("main")).to_contain_text("It is submitted.")


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


def test_two_plans_become_one_by_a_new_version_and_are_signed_by_all(
    browser_page: Any, served: Any, assert_accessible: Any
) -> None:
    page = browser_page
    main = page.get_by_role("main")
    given_they_are_signed_in(page, served, "planner.provider")
    when_they_hand_in_and_submit(page, served, plan("provider", 1_100))
    given_they_are_signed_in(page, served, "planner")
    when_they_hand_in_and_submit(page, served, plan("commissioner", 1_000))

    # Both compare, and one proposes to change its own figure.
    page.goto(f"{served.url}/planning/disagreements/?year={NEXT}")
    page.get_by_role("button", name="Compare the plans").click()
    page.locator("#gaps tbody a", has_text=f"April {NEXT[:4]}").click()
    address = page.url
    expect(main).to_contain_text("1,000 spells")
    page.get_by_role("link", name="Propose how it is settled").click()
    page.get_by_label(f"{BOARD} changes its figure").check()
    page.get_by_label(f"New figure of {BOARD}").fill("1090")
    assert_accessible(page)
    page.get_by_role("button", name="Propose it").click()
    expect(main).to_contain_text("new figure 1,090 spells")

    # The other accepts: a new version carries it, and nothing is apart any more.
    given_they_are_signed_in(page, served, "planner.provider")
    page.goto(address)
    page.get_by_role("link", name="Accept or reject the proposal").click()
    page.get_by_label("Accept it").check()
    page.get_by_role("button", name="Send the answer").click()
    expect(main).to_contain_text("A new version of the plan carries it and was compared at once.")
    expect(main).to_contain_text("version 2 of the commissioner's plan")
    assert_accessible(page)
    page.goto(f"{served.url}/planning/disagreements/?year={NEXT}")
    expect(main).to_contain_text("No disagreement fits.")

    # What stands in the way of signing: a check that cannot be made, and a section that nobody wrote.
    given_they_are_signed_in(page, served, "planner")
    page.goto(f"{served.url}/planning/sign-off/?year={NEXT}")
    page.locator("#pairs tbody a", has_text="West Hertfordshire").click()
    sign_off = page.url
    expect(main).to_contain_text("What stands in the way")
    expect(main).to_contain_text("Every gap is settled.")
    expect(main).to_contain_text("the section “How residents, staff and partners took part” is empty")
    assert_accessible(page)
    page.get_by_role("link", name="Waive a check, with your name and a reason").click()
    page.get_by_label("Productivity against the year before").check()
    page.get_by_role("textbox", name="Why").fill("The plan of this year says nothing of spend so far")
    page.get_by_role("button", name="Waive").click()
    expect(main).to_contain_text("It is waived in your name.")
    page.goto(f"{served.url}/planning/documents/implementation/involvement/")
    page.locator("#text").fill("Residents and staff took part in twelve meetings.")
    page.locator("#owner").fill("director of engagement")
    page.get_by_role("main").get_by_role("button").click()

    # Both sign the same fingerprint, and the system last.
    page.goto(sign_off)
    expect(main).to_contain_text("Nothing stands in the way")
    page.get_by_role("button", name=f"Sign for {BOARD}").click()
    expect(main).to_contain_text("It is signed.")
    expect(page.get_by_role("button", name="Sign for the system")).to_have_count(0)
    given_they_are_signed_in(page, served, "planner.provider")
    page.goto(sign_off)
    page.get_by_role("button", name="Sign for West Hertfordshire").click()
    expect(main).to_contain_text("It is signed.")
    given_they_are_signed_in(page, served, "planner")
    page.goto(sign_off)
    page.get_by_role("button", name="Sign for the system").click()
    expect(main).to_contain_text("It is signed.")
    expect(page.locator("#signatures tbody tr")).to_have_count(3)
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
