"""Ways through contracts: an award with its notices, seen by everybody; a month's payment, explained to the penny.

The demo is served once for the whole run. What is made here has a code of its own.
"""

from __future__ import annotations

import re
import time
from datetime import date, timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from joinedup.moment import now

pytestmark = pytest.mark.journey
CONTRACT = "RWG-2627"
# Paid without counting: in a demo this small a month of planned care can be without any stay.
BLOCK = "RY4-2627"
PAGES = {
    "contracts": "/money/contracts/",
    "a contract": f"/money/contracts/{CONTRACT}/",
    "adding one": "/money/contracts/add/",
    "changing one": f"/money/contracts/{CONTRACT}/change/",
    "ending one": f"/money/contracts/{CONTRACT}/end/",
    "its quality": f"/money/contracts/{CONTRACT}/quality/",
    "a deduction": f"/money/contracts/{CONTRACT}/deduct/",
    "binding money": f"/money/contracts/{CONTRACT}/bind/",
    "payments": "/money/payments/",
    "payment rules": "/money/payments/rules/",
    "open contracts": "/open/contracts/",
    "an open contract": f"/open/contracts/{CONTRACT}/",
    "open spend": "/open/spend/",
}


def given_a_finance_lead(page: Any, served: Any) -> None:
    page.goto(f"{served.url}/access/demo/")
    page.locator('button[name="role"][value="finance_lead"]').click()


def pence_of(text: str) -> int:
    pence = int(re.sub(r"[^\d]", "", text))
    return -pence if text.strip().startswith("−") else pence


def type_day(page: Any, group: str, on: date) -> None:
    boxes = page.get_by_role("group", name=group)
    for label, typed in (("Day", on.day), ("Month", on.month), ("Year", on.year)):
        boxes.get_by_label(label).fill(str(typed))


def confirm(page: Any, button: str) -> None:
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Check what you are about to do")
    page.get_by_role("button", name=button).click()


@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES.keys())
def test_no_page_breaks_a_rule_of_accessibility(
    browser_page: Any, served: Any, assert_accessible: Any, path: str
) -> None:
    given_a_finance_lead(browser_page, served)
    browser_page.goto(served.url + path)
    assert_accessible(browser_page)


@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES.keys())
def test_no_page_is_wider_than_a_phone(phone_page: Any, served: Any, path: str) -> None:
    given_a_finance_lead(phone_page, served)
    phone_page.goto(served.url + path)
    assert phone_page.evaluate("document.documentElement.scrollWidth") <= 390


def test_an_award_with_its_notices_is_seen_by_everybody(browser: Any, browser_page: Any, served: Any) -> None:
    page, today = browser_page, now().valid_on
    code = f"RWG-{time.time_ns() % 10**9}"
    given_a_finance_lead(page, served)
    page.goto(f"{served.url}/money/contracts/")
    page.get_by_role("link", name="Add a contract").click()
    title = f"Diabetes reviews at home {code}"
    for label, typed in (
        ("Code", code), ("Title", title), ("Provider, by code", "RWG"), ("Commissioner, by code", "QM7"),
        ("Services", "Diabetes reviews"), ("Value of a whole year, in pounds", "120,000"),
        ("Of it fixed, in pounds a year", "120000.00"), ("Why so", "The existing provider does well"),
    ):  # fmt: skip
        page.get_by_label(label, exact=True).fill(typed)
    page.get_by_label("Decision by which it is made").fill("Board, 1 April 2026, item 2")
    page.get_by_label("NHS provider").check()
    page.get_by_label("Direct award process C").check()
    type_day(page, "First day", date(2026, 4, 1))
    type_day(page, "Up to, but not on", date(2027, 4, 1))
    for area in page.locator("textarea[name^='spec-']").all():
        area.fill("As in the national specification")
    page.get_by_role("button", name="Add this contract").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(title)

    # Not before its notice is out and standstill is over.
    page.get_by_role("link", name="Sign the contract").click()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("alert")).to_contain_text("publish 'Intention to award'")
    page.goto(f"{served.url}/money/contracts/{code}/")
    page.get_by_role("link", name="Publish: Intention to award").click()
    page.get_by_label("What the notice says").fill("We intend to award it to the existing provider")
    type_day(page, "Day of the notice", today - timedelta(days=40))
    confirm(page, "Publish this notice")
    expect(page.get_by_role("main")).to_contain_text("The notice is published.")
    page.get_by_role("link", name="Sign the contract").click()
    confirm(page, "Sign this contract")
    page.get_by_role("link", name="Publish: Confirmation of the award").click()
    page.get_by_label("What the notice says").fill("We awarded it")
    confirm(page, "Publish this notice")
    expect(page.get_by_role("main")).not_to_contain_text("Not published")

    nobody = browser.new_context()
    anyone = nobody.new_page()
    anyone.goto(f"{served.url}/open/contracts/")
    anyone.get_by_role("link", name=title).click()
    for said in ("Direct award process C", "£120,000.00", "We intend to award it", "We awarded it"):
        expect(anyone.get_by_role("main")).to_contain_text(said)
    nobody.close()


def test_a_month_is_paid_and_its_statement_adds_up_to_the_penny(
    browser_page: Any, served: Any, assert_accessible: Any
) -> None:
    page = browser_page
    given_a_finance_lead(page, served)
    # A figure of quality came late: with it the month is settled again, for the year to date.
    page.goto(f"{served.url}/money/contracts/{BLOCK}/")
    page.get_by_role("link", name="Write down what was achieved").click()
    page.get_by_label("Of which month").fill("2026-10")
    page.get_by_label("care-plan (optional)").fill("91")
    confirm(page, "Write it down")
    page.get_by_role("link", name="Settle a month").click()
    page.get_by_role("textbox", name="Month").fill("2026-10")
    page.get_by_role("button", name="Settle this month").click()
    expect(page.get_by_role("main")).to_contain_text("Settled: the ledger holds it.")
    statement = page.url
    due = page.get_by_role("table", name="What is due, and why")
    heads = due.get_by_role("columnheader").all_inner_texts()
    amount, why = heads.index("Amount"), heads.index("Why")
    rows = [row.locator("th, td").all_inner_texts() for row in due.locator("tbody tr").all()]
    assert all("£" in row[why] for row in rows), "each line says its formula in pounds"
    entitled, before, now_due = map(pence_of, page.locator("dl.joinedup-sums dd").all_inner_texts())
    assert sum(pence_of(row[amount]) for row in rows) == entitled
    assert entitled - before == now_due
    assert_accessible(page)
    for said in ("equal months", "care-plan: 91 between 75 and 95 earns 0.8 of its weight 0.4"):
        assert said in " ".join(row[why] for row in rows)
    # The same month again changes nothing, here and at the command.
    page.goto(f"{served.url}/money/payments/?contract={BLOCK}")
    page.get_by_role("textbox", name="Month").fill("2026-10")
    page.get_by_role("button", name="Settle this month").click()
    expect(page.get_by_role("main")).to_contain_text("Nothing has changed since it was settled.")
    assert page.url == statement
    done = served.run("pay", "--contract", BLOCK, "--month", "2026-10")
    assert "settled already; nothing has changed" in done.stdout, done.stderr
    # From the pounds to the authority and the plan line, and from the plan line back to these pounds.
    posted = page.get_by_role("table", name="In the ledger")
    expect(posted.get_by_role("link", name="A-HWE-POT-OUT")).to_have_count(2)
    key = posted.get_by_role("link", name="Invoice").get_attribute("href")
    posted.get_by_role("link", name="contract value").first.click()
    page.locator(f'a[href="{key}"]').first.click()
    expect(page.get_by_role("link", name="A-HWE-POT-OUT").first).to_be_visible()
    expect(page.locator(f'a[href="/money/contracts/{BLOCK}/"]').first).to_be_visible()
