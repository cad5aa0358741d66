"""Ways through the pages of the system: to another day and back, to a correction, from an old code to its successor.

The demo is served once for the whole run. The only test that writes corrects the website of one body, and no other
test looks at that fact.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.journey

TEMPLATES = {
    "front page": "/",
    "search": "/search/?q=Harlow",
    "search that finds nothing": "/search/?q=harlwo",
    "England": "/system/",
    "coverage": "/system/coverage/",
    "system": "/system/hwe/",
    "system on a day before its board": "/system/QM7/?as_of=2019-04-01",
    "place": "/system/area/hwe-west-essex/",
    "council": "/system/area/council-harlow/?as_of=2020-03-01",
    "body": "/system/body/nel-icb/",
    "body that is no more": "/system/body/ccg-07h/",
    "beliefs about a body": "/system/body/hwe-icb/known/",
    "comparison": "/system/changes/",
    "comparison of two days": "/system/changes/?from=2021-03-31&to=2021-04-01&of=nel",
    "comparison with a wrong day": "/system/changes/?from_day=31&from_month=2&from_year=2020",
    "events": "/system/events/",
    "event whose date slipped": "/system/events/hwe-statutory/",
    "code": "/system/code/07H/",
    "kinds of bodies": "/system/bodies/",
    "bodies of a kind": "/system/bodies/?kind=nhs_trust",
    "page that is not there": "/system/body/nothing/",
}


# --- steps ---------------------------------------------------------------------------------------------------------


def given_somebody_looks_at(page: Any, served: Any, path: str) -> None:
    page.goto(served.url + path)


def given_a_demo_user_signed_in(page: Any, served: Any, role: str) -> None:
    page.goto(f"{served.url}/access/demo/")
    page.locator(f'button[name="role"][value="{role}"]').click()


def when_they_choose_the_day(page: Any, day: int, month: int, year: int) -> None:
    moment = page.get_by_role("region", name="Date of this site")
    moment.locator("summary").click()
    group = moment.get_by_role("group", name="The day")
    for label, number in (("Day", day), ("Month", month), ("Year", year)):
        group.get_by_label(label, exact=True).fill(str(number))
    moment.get_by_role("button", name="Show this date").click()


def when_they_ask_who_is_responsible(page: Any, place: str, day: int, month: int, year: int) -> None:
    main = page.get_by_role("main")
    main.get_by_label("Place, body or code").fill(place)
    group = main.get_by_role("group", name="On which day?")
    for label, number in (("Day", day), ("Month", month), ("Year", year)):
        group.get_by_label(label, exact=True).fill(str(number))
    main.get_by_role("button", name="Find who is responsible").click()


def when_they_search(page: Any, words: str) -> None:
    header = page.get_by_role("banner")
    header.get_by_role("searchbox").fill(words)
    header.get_by_role("button", name="Search").click()


def when_they_return_to_today(page: Any) -> None:
    page.get_by_role("link", name="Return to today").first.click()


def then_the_address_names_the_day(page: Any, day: str | None) -> None:
    asked = parse_qs(urlsplit(page.url).query).get("as_of")
    assert asked == ([day] if day else None), page.url


def then_the_page_says(page: Any, *texts: str) -> None:
    for text in texts:
        expect(page.get_by_role("main")).to_contain_text(text)


def then_the_page_does_not_say(page: Any, *texts: str) -> None:
    for text in texts:
        expect(page.get_by_role("main")).not_to_contain_text(text)


# --- another day ---------------------------------------------------------------------------------------------------


def test_the_whole_site_moves_to_a_day_and_back(browser_page: Any, served: Any) -> None:
    page = browser_page
    given_somebody_looks_at(page, served, "/system/hwe/")
    then_the_page_says(page, "NHS Hertfordshire and West Essex Integrated Care Board", "Integrated care board")

    when_they_choose_the_day(page, 1, 3, 2020)
    then_the_address_names_the_day(page, "2020-03-01")
    then_the_page_says(page, "Sustainability and transformation partnership", "NHS West Essex CCG")

    # A link to another page keeps the day.
    page.get_by_role("main").get_by_role("link", name="NHS West Essex CCG", exact=True).first.click()
    then_the_address_names_the_day(page, "2020-03-01")
    then_the_page_says(page, "Clinical commissioning group")
    then_the_page_does_not_say(page, "It does not exist")

    when_they_return_to_today(page)
    then_the_address_names_the_day(page, None)
    then_the_page_says(page, "It does not exist on", "1 April 2013 to 30 June 2022")


def test_a_day_that_does_not_exist_is_explained(browser_page: Any, served: Any) -> None:
    given_somebody_looks_at(browser_page, served, "/system/hwe/")
    when_they_choose_the_day(browser_page, 30, 2, 2022)
    expect(browser_page.get_by_role("alert")).to_contain_text("The day must be a real date")


def test_who_was_responsible_for_a_place_is_one_question(browser_page: Any, served: Any) -> None:
    page = browser_page
    given_somebody_looks_at(page, served, "/")
    when_they_ask_who_is_responsible(page, "Harlow", 1, 3, 2020)
    then_the_page_says(page, "Care is commissioned by NHS West Essex CCG.")

    page.get_by_role("main").get_by_role("link", name="Harlow", exact=True).first.click()
    then_the_page_says(page, "Who is responsible on 1 March 2020", "Sustainability and Transformation Partnership")


def test_a_plan_whose_date_passed_is_flagged(browser_page: Any, served: Any) -> None:
    page = browser_page
    given_somebody_looks_at(page, served, "/system/hwe/?as_of=2026-04-11")
    then_the_page_says(page, "Overdue", "Its date passed 10 days before the day shown")
    given_somebody_looks_at(page, served, "/system/hwe/?as_of=2026-03-31")
    then_the_page_does_not_say(page, "Overdue")


def test_a_date_that_slipped_stays_readable(browser_page: Any, served: Any) -> None:
    given_somebody_looks_at(browser_page, served, "/system/events/hwe-statutory/")
    then_the_page_says(browser_page, "1 July 2022", "In force", "1 April 2022", "Subject to Parliament")


# --- old codes -----------------------------------------------------------------------------------------------------


def test_an_old_code_leads_to_its_successor(browser_page: Any, served: Any) -> None:
    page = browser_page
    given_somebody_looks_at(page, served, "/")
    when_they_search(page, "07T")
    page.get_by_role("main").get_by_role("link", name="NHS City and Hackney CCG", exact=True).first.click()
    then_the_page_says(page, "It does not exist on", "1 April 2021 it was followed by")

    page.get_by_role("main").get_by_role("link", name="NHS North East London CCG", exact=True).first.click()
    then_the_page_says(page, "1 April 2021 to 30 June 2022")
    page.get_by_role("main").get_by_role("link", name="1 April 2021 to 30 June 2022").click()
    then_the_address_names_the_day(page, "2022-06-30")
    then_the_page_does_not_say(page, "It does not exist")


def test_a_mistyped_word_is_understood(browser_page: Any, served: Any) -> None:
    given_somebody_looks_at(browser_page, served, "/search/?q=Harlwo")
    browser_page.get_by_role("main").get_by_role("link", name="harlow").click()
    then_the_page_says(browser_page, "Council area", "Neighbourhood")


# --- a correction --------------------------------------------------------------------------------------------------


def test_a_correction_shows_today_and_not_in_what_was_known_yesterday(
    browser_page: Any, served: Any, assert_accessible: Any
) -> None:
    page = browser_page
    given_a_demo_user_signed_in(page, served, "data_engineer")
    given_somebody_looks_at(page, served, "/system/body/hwe-icb/")
    then_the_page_says(page, "https://hertsandwestessex.icb.nhs.uk")

    page.get_by_role("link", name="Correct Website: https://hertsandwestessex.icb.nhs.uk").click()
    assert_accessible(page)
    when_they_send_without_a_reason(page)
    expect(page.get_by_role("alert")).to_contain_text("Enter the reason")
    assert_accessible(page)

    page.get_by_label("Address or link").fill("https://www.example.org/new-address")
    page.get_by_label("Reason").fill("The board's own letter of this month gives the new address.")
    page.get_by_role("button", name="Continue").click()
    then_the_page_says(page, "Check the correction", "https://www.example.org/new-address")
    assert_accessible(page)
    page.get_by_role("button", name="Save the correction").click()

    then_the_page_says(page, "Website was corrected", "https://www.example.org/new-address")
    assert_accessible(page)

    page.get_by_role("link", name="See this page as known yesterday").click()
    yesterday = (date.today() - timedelta(days=1)).isoformat()  # noqa: DTZ011 - the browser's day, as people see it
    assert parse_qs(urlsplit(page.url).query)["known_at"] == [yesterday]
    then_the_page_says(page, "https://hertsandwestessex.icb.nhs.uk")
    then_the_page_does_not_say(page, "https://www.example.org/new-address", "was corrected")

    when_they_return_to_today(page)
    then_the_page_says(page, "https://www.example.org/new-address")
    page.get_by_role("link", name="What we knew, and when").click()
    then_the_page_says(page, "1 belief was replaced", "https://hertsandwestessex.icb.nhs.uk", "new-address")


def when_they_send_without_a_reason(page: Any) -> None:
    page.get_by_role("button", name="Continue").click()


def test_only_those_who_may_correct_are_offered_it(browser_page: Any, served: Any) -> None:
    page = browser_page
    given_somebody_looks_at(page, served, "/system/body/nel-icb/")
    expect(page.get_by_role("link", name="Correct")).to_have_count(0)
    given_a_demo_user_signed_in(page, served, "clinician")
    given_somebody_looks_at(page, served, "/system/body/nel-icb/")
    expect(page.get_by_role("link", name="Correct")).to_have_count(0)


def test_who_holds_a_post_is_for_staff(browser_page: Any, served: Any, assert_accessible: Any) -> None:
    page = browser_page
    given_somebody_looks_at(page, served, "/system/people/")
    assert urlsplit(page.url).path == "/access/sign-in/"
    given_a_demo_user_signed_in(page, served, "clinician")
    given_somebody_looks_at(page, served, "/system/people/?as_of=2020-07-01")
    then_the_page_says(page, "Posts and who holds them", "Dr Jane Halpin")
    assert_accessible(page)


# --- every page ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", TEMPLATES.values(), ids=TEMPLATES)
def test_every_page_can_be_used_by_everybody(browser_page: Any, served: Any, assert_accessible: Any, path: str) -> None:
    given_somebody_looks_at(browser_page, served, path)
    expect(browser_page.get_by_role("heading", level=1)).to_have_count(1)
    assert_accessible(browser_page)


@pytest.mark.parametrize("path", ["/", "/system/hwe/", "/system/body/ccg-07h/", "/system/changes/"])
def test_nothing_is_wider_than_a_phone(phone_page: Any, served: Any, path: str) -> None:
    given_somebody_looks_at(phone_page, served, path)
    wider = phone_page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wider <= 0, f"{path} is {wider} pixels wider than the screen"


# --- without JavaScript --------------------------------------------------------------------------------------------


@pytest.fixture
def page_without_scripts(browser: Any) -> Iterator[Any]:
    context = browser.new_context(java_script_enabled=False, locale="en-GB", viewport={"width": 1280, "height": 900})
    yield context.new_page()
    context.close()


def test_everything_works_without_scripts(page_without_scripts: Any, served: Any) -> None:
    page = page_without_scripts
    given_somebody_looks_at(page, served, "/")
    when_they_ask_who_is_responsible(page, "West Essex", 1, 3, 2020)
    page.get_by_role("main").get_by_role("link", name="West Essex", exact=True).first.click()
    then_the_page_says(page, "Care is commissioned by NHS West Essex CCG.")
    page.locator("summary", has_text="Show the figures as a table").click()
    page.get_by_label("Show rows with the words").fill("Harlow simulated small area 7")
    page.get_by_role("button", name="Filter").click()
    expect(page.get_by_role("table").get_by_text("Harlow simulated small area 7", exact=True)).to_be_visible()
    expect(page.get_by_role("table").get_by_text("Uttlesford simulated small area 1", exact=True)).to_have_count(0)

    when_they_return_to_today(page)
    then_the_page_says(page, "Who is responsible today")
    given_a_demo_user_signed_in(page, served, "board_secretary")
    given_somebody_looks_at(page, served, "/system/body/jucd-icb/")
    page.get_by_role("link", name="Correct Name").first.click()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("alert")).to_contain_text("Enter the reason")
