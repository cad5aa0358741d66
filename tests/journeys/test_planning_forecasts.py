"""A planner looks at what is to come, and tries out what would change it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.journey


def given_a_planner_is_signed_in(page: Any, served: Any) -> None:
    page.context.clear_cookies()
    page.goto(f"{served.url}/access/demo/")
    page.locator('button[name="role"][value="planner"]').click()


def when_they_follow(page: Any, name: str) -> None:
    page.get_by_role("link", name="Plans", exact=True).click()
    page.get_by_role("link", name=name).click()


def test_a_planner_forecasts_and_tries_prevention(browser_page: Any, served: Any, assert_accessible: Any) -> None:
    page = browser_page
    main = page.get_by_role("main")
    given_a_planner_is_signed_in(page, served)
    when_they_follow(page, "Forecast activity")
    page.get_by_label("Point of delivery").select_option(label="GP appointment")
    page.get_by_role("button", name="Show the forecast").click()
    expect(main).to_contain_text(re.compile(r"its 80% interval held the count in \d+% of \d+ tests"))
    assert_accessible(page)
    page.get_by_text("Try a scenario").click()
    page.get_by_label("Prevention").fill("some")
    page.get_by_role("button", name="Show the forecast").click()
    expect(page.get_by_role("alert")).to_contain_text("Prevention must be a number")
    page.get_by_label("Prevention").fill("10")
    page.get_by_role("button", name="Show the forecast").click()
    expect(main).to_contain_text("Prevention, 10%")
    expect(main).to_contain_text("Forecast without your scenario")
    assert_accessible(page)


def test_a_planner_adds_capacity_to_a_waiting_list(phone_page: Any, served: Any, assert_accessible: Any) -> None:
    page = phone_page
    main = page.get_by_role("main")
    given_a_planner_is_signed_in(page, served)
    page.goto(f"{served.url}/planning/waiting-lists/")
    expect(main).to_contain_text("Relief capacity")
    assert_accessible(page)
    page.get_by_text("Change capacity, referrals or the target").click()
    page.get_by_label("Treatments a week (capacity)").fill("400")
    page.get_by_role("button", name="Show where it is heading").click()
    expect(main).to_contain_text("With your change: At its target queue by")
    assert_accessible(page)
