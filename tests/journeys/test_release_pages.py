"""The way of figures out of the house: an analyst asks, a privacy officer approves, everyone sees it."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.journey
TITLE = "Days in bed by place"
TABLE = b"place,mean_days,people\r\nEast,4.25,120\r\nWest,3.5,85\r\n"
PERSONS = b"nhs_number,place,people\r\n9990000018,East,20\r\n9990000026,West,3\r\n"


# --- steps ---------------------------------------------------------------------------------------------------------


def given_they_are_signed_in(page: Any, served: Any, role: str) -> None:
    page.context.clear_cookies()
    page.goto(f"{served.url}/access/demo/")
    page.locator(f'button[name="role"][value="{role}"]').click()


def when_they_ask_for(page: Any, served: Any, content: bytes) -> None:
    page.goto(f"{served.url}/measures/releases/ask/")
    page.get_by_label("The file").set_input_files({"name": "figures.csv", "mimeType": "text/csv", "buffer": content})
    page.get_by_label("Title").fill(TITLE)
    page.get_by_label("What is it for?").fill("For the annual report of the board")
    page.get_by_label("The public").check()
    page.get_by_label("How was it made?").fill("The snapshot of last month, the notebook on days in bed")
    page.get_by_role("button", name="Check it and ask for the release").click()


def when_they_decide(page: Any, verdict: str, reason: str) -> None:
    page.get_by_label(verdict, exact=True).check()
    page.get_by_label("Why").fill(reason)
    page.get_by_role("button", name="Record the decision").click()


# --- journeys ------------------------------------------------------------------------------------------------------


def test_figures_leave_with_a_second_person_and_in_public(
    browser_page: Any, served: Any, assert_accessible: Any
) -> None:
    page = browser_page
    main = page.get_by_role("main")
    given_they_are_signed_in(page, served, "analyst")

    when_they_ask_for(page, served, PERSONS)
    expect(main).to_contain_text("This cannot leave as it is")
    expect(main).to_contain_text("Cells hold a valid NHS number.")
    assert "999000" not in page.content()
    assert_accessible(page)

    when_they_ask_for(page, served, TABLE)
    expect(main).to_contain_text("Explain what was found")
    page.get_by_label("What should a second person know?").fill("Means of at least 85 people each")
    page.get_by_role("button", name="Check it and ask for the release").click()
    expect(main).to_contain_text("It waits for a second person")
    assert_accessible(page)
    link = page.get_by_role("row", name=TITLE).get_by_role("link")
    number = link.inner_text().removeprefix("Release ")
    decision = f"{served.url}/measures/releases/queue/{number}/"

    response = page.goto(decision)
    assert response.status == 403, "whoever asks does not decide"
    response = page.goto(f"{served.url}/open/releases/{number}/")
    assert response.status == 404, "nothing is public before it was approved"

    given_they_are_signed_in(page, served, "privacy_officer")
    page.goto(decision)
    expect(main).to_contain_text("Needs an explanation")
    expect(main).to_contain_text("column mean_days")
    expect(main).to_contain_text("Means of at least 85 people each")
    assert_accessible(page)
    when_they_decide(page, "Approve and publish now", "Looked at each cell; the means are of many")
    expect(page).to_have_url(f"{served.url}/measures/releases/queue/")

    page.context.clear_cookies()
    page.goto(f"{served.url}/open/releases/")
    assert_accessible(page)
    page.get_by_role("link", name=TITLE).click()
    expect(main).to_contain_text("by: Privacy officer")
    expect(main).to_contain_text("Published")
    assert "Mei" not in main.inner_text()
    assert_accessible(page)
    with page.expect_download() as taken:
        page.get_by_role("link", name="Take the file away (CSV)").click()
    assert taken.value.path().read_bytes() == TABLE


def test_the_pages_fit_a_phone(phone_page: Any, served: Any) -> None:
    page = phone_page
    given_they_are_signed_in(page, served, "analyst")
    for path in ("/measures/releases/", "/measures/releases/ask/", "/open/releases/"):
        page.goto(served.url + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
