"""A secretary prepares, publishes and minutes: an item, its paper, the pack for everybody; minutes by Word, approved.

The demo has a place's meeting to come, with its papers not yet published, and the minutes of the board's last meeting
to be approved at that of today.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.journey

PLACE = "East and North Hertfordshire place board"
PAPER = "Eleven care homes of East and North Hertfordshire are visited by whoever is free."
ITEM = "Visiting hours in the eleven homes"
WRITTEN = "The secretary noted that the building was cold."


def given_a_secretary(page: Any, served: Any) -> None:
    page.goto(f"{served.url}/access/demo/")
    page.locator('button[name="role"][value="board_secretary"]').click()


def the_meeting_two_weeks_ago() -> str:
    """Answer the key of the board's last meeting: the Friday two weeks before this one."""
    today = datetime.now(ZoneInfo("Europe/London")).date()
    return f"hwe-board-{today - timedelta(days=today.weekday() + 14 - 4)}"


def when_the_minutes_are_edited_in_word(file: Path) -> Path:
    import docx

    document = docx.Document(str(file))
    document.add_paragraph(WRITTEN)
    edited = file.with_name("edited.docx")
    document.save(str(edited))
    return edited


def test_a_secretary_prepares_and_publishes_a_coming_meeting(
    browser_page: Any, served: Any, assert_accessible: Any
) -> None:
    page = browser_page
    given_a_secretary(page, served)
    page.goto(f"{served.url}/governance/")
    row = page.get_by_role("table", name="Next meetings").get_by_role("row").filter(has_text=PLACE).first
    row.get_by_role("link", name=re.compile(r"10:00$")).click()
    agenda = page.get_by_role("table", name="Agenda")
    expect(agenda).to_contain_text("In time")
    assert_accessible(page)
    meeting = page.url
    key = meeting.rstrip("/").rsplit("/", 1)[-1]
    agenda.get_by_role("link", name="A weekly round in eleven care homes").click()
    expect(page.get_by_role("main")).to_contain_text(PAPER)
    assert_accessible(page)

    # One item more.
    page.goto(meeting)
    page.get_by_role("link", name="Put an item on the agenda").click()
    page.get_by_label("What is the item called?").fill(ITEM)
    page.get_by_label("To discuss").check()
    page.get_by_role("button", name="Continue").click()
    assert_accessible(page)
    page.locator('button[name="confirmed"]').click()
    expect(page.get_by_role("main")).to_contain_text(ITEM)

    # A paper for it.
    page.goto(meeting)
    page.get_by_role("link", name=ITEM).click()
    page.goto(f"{served.url}/governance/items/{key}-3/paper/")
    page.get_by_label("What is the paper called?").fill("Visiting hours")
    page.get_by_label("What does it say?").fill("Families ask for evenings.\n\nHomes ask for mornings.")
    page.get_by_role("button", name="Continue").click()
    assert_accessible(page)
    page.locator('button[name="confirmed"]').click()
    page.goto(f"{served.url}/governance/items/{key}-3/")
    expect(page.get_by_role("main")).to_contain_text("Families ask for evenings.")

    # Whoever is not signed in sees what is to be talked about, and no paper before it is published.
    page.context.clear_cookies()
    page.goto(f"{served.url}/open/meetings/{key}/")
    expect(page.get_by_role("main")).to_contain_text(ITEM)
    expect(page.get_by_role("main")).not_to_contain_text(PAPER)
    expect(page.get_by_role("main")).not_to_contain_text("Families ask for evenings.")

    # It is published, and everybody reads it without a sign-in, also as one file.
    given_a_secretary(page, served)
    page.goto(meeting)
    page.get_by_role("link", name="Publish the papers").click()
    page.get_by_label("Yes").check()
    page.get_by_role("button", name="Continue").click()
    assert_accessible(page)
    page.get_by_role("button", name="Publish them").click()
    page.context.clear_cookies()
    page.goto(f"{served.url}/open/meetings/{key}/")
    expect(page.get_by_role("main")).to_contain_text("Families ask for evenings.")
    expect(page.get_by_role("main")).to_contain_text(PAPER)
    assert page.request.get(f"{served.url}/open/meetings/{key}/pack.pdf").body().startswith(b"%PDF")


def test_a_secretary_takes_minutes_to_word_and_back_and_they_are_approved(
    browser_page: Any, served: Any, assert_accessible: Any, tmp_path: Path
) -> None:
    page = browser_page
    given_a_secretary(page, served)
    key = the_meeting_two_weeks_ago()
    page.goto(f"{served.url}/governance/meetings/{key}/minutes/")
    expect(page.get_by_role("main")).to_contain_text("Twelve mental health beds of two trusts")
    assert_accessible(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Take the minutes to Word").click()
    file = tmp_path / "minutes.docx"
    download.value.save_as(file)
    page.get_by_label("The Word file that you edited").set_input_files(when_the_minutes_are_edited_in_word(file))
    page.get_by_role("button", name="Keep as a new version").click()
    expect(page.get_by_role("heading", name="Version 2", exact=True)).to_be_visible()
    expect(page.locator("ins")).to_have_text(WRITTEN)
    expect(page.locator("del")).to_have_count(0)
    assert_accessible(page)

    # They wait by themselves on the agenda of the board's next meeting, and the public has none of them yet.
    page.goto(f"{served.url}/governance/")
    rows = page.get_by_role("table", name="Next meetings").get_by_role("row")
    rows.filter(has_text="integrated care board").first.get_by_role("link", name=re.compile(r", \d\d:00$")).click()
    expect(page.get_by_role("link", name=f"Minutes to approve: {key}")).to_be_visible()
    page.context.clear_cookies()
    page.goto(f"{served.url}/open/meetings/{key}/")
    main = page.get_by_role("main")
    expect(main).to_contain_text("The minutes are published when a later meeting has approved them.")
    expect(main).not_to_contain_text(WRITTEN)

    # Today's meeting approves them, and everybody may read them.
    given_a_secretary(page, served)
    page.goto(f"{served.url}/governance/meetings/{key}/minutes/")
    page.get_by_role("link", name="Approve").click()
    meetings = page.get_by_label("At which meeting were they approved?")
    meetings.select_option(index=len(meetings.get_by_role("option").all()) - 1)
    page.get_by_role("button", name="Continue").click()
    assert_accessible(page)
    page.get_by_role("button", name="Approve them").click()
    expect(page.get_by_role("main")).to_contain_text("are approved")
    page.context.clear_cookies()
    page.goto(f"{served.url}/open/meetings/{key}/")
    expect(main).to_contain_text("Carried 8-0")
    # What was written stands under a private item, the last of the meeting: it stays private with it.
    expect(main).to_contain_text("3. Private item: the public was excluded.")
    expect(main).not_to_contain_text(WRITTEN)
