"""Ways through a transition: a member of staff sees the own transfer and nobody else's; whoever leads sees sums."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from joinedup.demo_transition import as_csv, staff_rows

pytestmark = pytest.mark.journey
OWN = "/governance/my-transfer/"
PAGES = {
    "transitions": "/governance/transitions/",
    "a transition": "/governance/transitions/hwe-2022/",
    "day one": "/governance/transitions/hwe-to-come/day-one/hwe-split/",
    "the list of staff": "/governance/transitions/hwe-to-come/staff/",
    "open cases": "/governance/transitions/hwe-2022/cases/",
    "a form": "/governance/transitions/hwe-to-come/add-step/",
}


def given_somebody_signed_in(page: Any, served: Any, role: str) -> None:
    page.goto(f"{served.url}/access/demo/")
    page.locator(f'button[name="role"][value="{role}"]').click()


@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES.keys())
def test_no_page_breaks_a_rule_of_accessibility(
    browser_page: Any, served: Any, assert_accessible: Any, path: str
) -> None:
    given_somebody_signed_in(browser_page, served, "board_secretary")
    browser_page.goto(served.url + path)
    assert_accessible(browser_page)


@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES.keys())
def test_no_page_is_wider_than_a_phone(phone_page: Any, served: Any, path: str) -> None:
    given_somebody_signed_in(phone_page, served, "board_secretary")
    phone_page.goto(served.url + path)
    assert phone_page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_member_of_staff_sees_the_own_transfer_and_nobody_elses(
    browser_page: Any, served: Any, assert_accessible: Any
) -> None:
    page = browser_page
    given_somebody_signed_in(page, served, "operations_lead")
    page.goto(f"{served.url}/governance/transitions/hwe-2022/")
    expect(page.get_by_text("sees staff in sums")).to_be_visible()
    page.get_by_role("link", name="See your own transfer").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("My transfer")
    expect(page.get_by_text("06K-post-010")).to_be_visible()
    expect(page.get_by_text("Your terms stay as they are")).to_be_visible()
    assert "06K-post-011" not in page.content()
    assert_accessible(page)

    # The change is in force: what somebody wished stays readable, and nothing is left to choose.
    expect(page.get_by_text("I wish to stay")).to_be_visible()
    expect(page.get_by_role("button", name="Save my wish")).to_have_count(0)


def test_somebody_else_sees_another_transfer_and_the_rest_none(browser: Any, browser_page: Any, served: Any) -> None:
    given_somebody_signed_in(browser_page, served, "engagement_lead")
    browser_page.goto(served.url + OWN)
    expect(browser_page.get_by_text("06N-post-010")).to_be_visible()
    assert "06K-post-010" not in browser_page.content()
    for role in ("chair", "board_secretary", "resident"):
        context = browser.new_context()
        page = context.new_page()
        given_somebody_signed_in(page, served, role)
        answer = page.goto(served.url + OWN)
        assert answer.status == 404, role
        assert "-post-" not in page.content()
        context.close()


def test_whoever_leads_sees_sums_that_name_nobody_and_why_a_change_is_not_ready(browser_page: Any, served: Any) -> None:
    page = browser_page
    given_somebody_signed_in(page, served, "board_secretary")
    page.goto(f"{served.url}/governance/transitions/")
    page.get_by_role("link", name="Hertfordshire and West Essex becomes a statutory body").click()
    expect(page.get_by_text("291 before, 291 after")).to_be_visible()
    assert "Staff Sample" not in page.content()
    page.goto(f"{served.url}/governance/transitions/hwe-to-come/")
    page.get_by_role("link", name="Check whether it is ready for day one").click()
    expect(page.get_by_text("Not ready")).to_be_visible()
    expect(page.get_by_role("button", name="Put the change in force")).to_have_count(0)


def test_whoever_leads_hands_in_a_list_that_loses_somebody_and_nothing_is_taken_in(
    browser_page: Any, served: Any, assert_accessible: Any
) -> None:
    page = browser_page
    given_somebody_signed_in(page, served, "board_secretary")
    page.goto(f"{served.url}/governance/transitions/hwe-2022/")
    page.get_by_text("What you can do here").click()
    page.get_by_role("link", name="Hand in the list of staff").click()
    lost = as_csv(staff_rows()[:-1])
    page.get_by_label("The filled list of staff").set_input_files(
        {"name": "staff.csv", "mimeType": "text/csv", "buffer": lost}
    )
    page.get_by_label("Where does the list come from?").fill("payroll of June")
    page.get_by_role("button", name="Check the list").click()

    expect(page.get_by_text("1 of the employments that are known are not in this list").first).to_be_visible()
    assert_accessible(page)

    page.get_by_label("The filled list of staff").set_input_files(
        {"name": "staff.csv", "mimeType": "text/csv", "buffer": as_csv(staff_rows())}
    )
    page.get_by_role("button", name="Check the list").click()
    expect(page.get_by_text("Nothing was taken in yet")).to_be_visible()
    expect(page.get_by_text("291 before, 291 after")).to_be_visible()
    assert_accessible(page)
