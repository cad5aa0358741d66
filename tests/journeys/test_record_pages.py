"""Ways through a record: an emergency department clinician who has to know of an allergy, and who looked afterwards.

Needs the demo with simulated residents, which `joinedup demo` loads and links. Nothing here names a resident in
advance: the tests take whom the demo itself calls worth opening.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.journey
PARTS = ["", "timeline/", "about-me/", "documents/", "who-is-who/", "note/", "alert/", "about-me/write/", "refer/"]
TEAM = ["/record/", "/record/inbox/", "/record/unopened/"]


@dataclass(frozen=True)
class Known:
    """A resident as somebody at the front door would describe them."""

    path: str
    given: str
    family: str
    born: tuple[str, str, str]


@pytest.fixture(scope="module")
def worth_opening(served: Any) -> dict[str, Any]:
    """What the demo says is worth opening, as its command answers it."""
    file = served.data / "demo-feeds" / "truth" / "worth_opening.csv"
    if not file.exists():
        pytest.skip("the demo holds no simulated residents")
    with file.open(newline="") as rows:
        return {row["kind"]: row for row in csv.DictReader(rows)}


@pytest.fixture
def somebody(browser: Any, served: Any, worth_opening: dict[str, Any]) -> Iterator[Known]:
    """Somebody with an allergy on which sources differ, as their own doctor sees them."""
    page = browser.new_context(locale="en-GB").new_page()
    given_they_are_signed_in(page, served, "clinician")
    from joinedup.feeds import subject_id

    row = worth_opening["conflicting_allergies"]
    page.goto(f"{served.url}/record/{subject_id(row['source'], row['source_id'])}/")
    name = page.locator(".joinedup-identity__name").inner_text().split("\n")[0].replace("Simulated", "").strip()
    born = re.search(r"(\d+) (\w+) (\d{4})", page.locator(".joinedup-identity__facts").inner_text())
    assert born
    given, _, family = name.partition(" ")
    yield Known(urlsplit(page.url).path, given, family.split(" ")[-1], born.groups())  # type: ignore[arg-type]
    page.context.close()


# --- steps ---------------------------------------------------------------------------------------------------------


def given_they_are_signed_in(page: Any, served: Any, role: str) -> None:
    page.goto(f"{served.url}/access/demo/")
    page.locator(f'button[name="role"][value="{role}"]').click()


def when_they_look_for(page: Any, served: Any, who: Known) -> None:
    page.goto(f"{served.url}/record/")
    form = page.get_by_role("main").locator('form[action="/record/"]')
    form.get_by_label("Family name").fill(who.family)
    form.get_by_label("Given name").fill(who.given)
    for label, value in zip(("Day", "Month", "Year"), who.born, strict=True):
        form.get_by_label(label, exact=True).fill(value)
    form.get_by_role("button", name="Find").click()


def when_they_break_the_glass(page: Any, who: Known, number: str) -> None:
    form = page.locator('form[action="/record/break-glass/"]')
    form.get_by_label("NHS number").fill(number)
    for label, value in zip(("Day", "Month", "Year"), who.born, strict=True):
        form.get_by_label(label, exact=True).fill(value)
    form.get_by_label("Family name").fill("")
    form.get_by_label("Given name").fill("")
    form.get_by_label("Emergency: waiting would put the person at risk").check()
    form.get_by_label("What happened?").fill("Brought in unconscious, no relative here")
    form.get_by_role("button", name="Open the record for an hour").click()


def then_the_audit_has(served: Any, action: str, path: str) -> dict[str, Any]:
    said = json.loads(served.run("audit", "show", "--json").stdout)
    entries = said["entries"] if isinstance(said, dict) else said
    resident = path.strip("/").split("/")[1]
    return next(one for one in entries if one["action"] == action and resident in json.dumps(one))


# --- the journey ---------------------------------------------------------------------------------------------------


def test_an_emergency_clinician_finds_somebody_and_sees_who_said_the_allergy(
    browser_page: Any, served: Any, somebody: Known, assert_accessible: Any
) -> None:
    page = browser_page
    given_they_are_signed_in(page, served, "clinician")
    page.goto(served.url + somebody.path)
    number = re.search(r"\d{3} \d{3} \d{4}", page.locator(".joinedup-identity__facts").inner_text())
    assert number
    page.get_by_role("button", name="Sign out").click()

    given_they_are_signed_in(page, served, "emergency_clinician")
    when_they_look_for(page, served, somebody)
    assert urlsplit(page.url).query == "", "nobody is named in an address"
    found = page.get_by_role("main").locator(f'a[href="{somebody.path}"]')
    if found.count() == 0:  # No stay brings this person here: the department breaks the glass, in the same page.
        expect(page.get_by_role("main")).to_contain_text("Nobody whose record you may open fits")
        assert_accessible(page)
        when_they_break_the_glass(page, somebody, number.group())
    else:
        found.first.click()
    expect(page).to_have_url(served.url + somebody.path)

    allergies = page.get_by_role("region", name="Allergies and adverse reactions")
    expect(allergies).to_contain_text("received")  # how old the data of whoever said it are
    assert allergies.locator(".joinedup-line__source").count() >= 1
    assert_accessible(page)

    page.get_by_role("navigation", name="Parts of this record").get_by_role("link", name="Timeline").click()
    page.get_by_label("Kind of entry").select_option("AllergyIntolerance")
    page.get_by_role("button", name="Show these").click()
    entry = page.locator(".joinedup-entry").first
    expect(entry).to_contain_text("Same person:")
    entry.get_by_role("link").first.click()
    expect(page.get_by_role("main")).to_contain_text("Who said it")

    told = then_the_audit_has(served, "record.read", somebody.path)
    assert told


@pytest.mark.parametrize("width", [390, 320])
def test_no_page_of_a_record_is_cut_off_on_a_narrow_screen(
    browser: Any, served: Any, somebody: Known, width: int
) -> None:
    """320 pixels are also what a zoom of 400 % leaves of a desktop (rules: trust T68)."""
    context = browser.new_context(viewport={"width": width, "height": 800}, locale="en-GB")
    page = context.new_page()
    given_they_are_signed_in(page, served, "clinician")
    wide = []
    for path in [*TEAM, *(somebody.path + part for part in PARTS)]:
        assert page.goto(served.url + path).status == 200, path
        over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if over > 0:
            wide.append((path, over))
    context.close()
    assert wide == []


def test_every_page_of_a_record_is_accessible(
    browser_page: Any, served: Any, somebody: Known, assert_accessible: Any
) -> None:
    page = browser_page
    given_they_are_signed_in(page, served, "clinician")
    for path in [*TEAM, *(somebody.path + part for part in PARTS)]:
        page.goto(served.url + path)
        assert_accessible(page)
    # The forms with what is wrong.
    page.goto(served.url + somebody.path + "alert/")
    page.get_by_role("button", name="Add the alert").click()
    expect(page.get_by_role("alert")).to_contain_text("There is a problem")
    assert_accessible(page)


def test_a_resident_writes_about_me_and_a_nurse_sees_it_first(browser_page: Any, served: Any) -> None:
    page = browser_page
    given_they_are_signed_in(page, served, "resident")
    page.goto(served.url + "/record/mine/")
    path = urlsplit(page.url).path
    page.goto(served.url + path + "about-me/write/")
    page.get_by_label("What is most important to me").fill("My allotment, and quiet mornings")
    page.get_by_role("button", name="Keep these words").click()
    expect(page.get_by_role("main")).to_contain_text("My allotment, and quiet mornings")
    page.get_by_role("navigation", name="Parts of this record").get_by_role("link", name="Who looked").click()
    expect(page.get_by_role("main")).to_contain_text("Who looked")
    page.get_by_role("button", name="Sign out").click()

    given_they_are_signed_in(page, served, "clinician")
    page.goto(served.url + path.replace("/mine/", "/"))
    text = page.get_by_role("main").inner_text()
    assert text.index("My allotment, and quiet mornings") < text.index("Allergies and adverse reactions")
