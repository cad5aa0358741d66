"""The demo as a person gets it: served by one command, accessible on desktop and phone, ended without a trace."""

from __future__ import annotations

import json

import pytest


@pytest.mark.journey
def test_the_front_page_is_served_and_accessible_on_a_desktop(served, browser_page, assert_accessible) -> None:
    browser_page.goto(served.url)
    assert "joinedup" in browser_page.title()
    assert_accessible(browser_page)


@pytest.mark.journey
def test_the_front_page_is_served_and_accessible_on_a_phone(served, phone_page, assert_accessible) -> None:
    phone_page.goto(served.url)
    assert_accessible(phone_page)
    assert phone_page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "it scrolls sideways"


def test_the_demo_has_three_systems_and_an_audit_that_holds(served) -> None:
    for key in ("hwe", "nel", "derbyshire"):
        shown = served.run("system", "show", key, "--as-of", "2022-07-01", "--json")
        assert shown.returncode == 0, shown.stderr
        assert json.loads(shown.stdout)["as_of"] == "2022-07-01"
    assert served.run("audit", "verify").returncode == 0
    check = served.run("check")
    assert check.returncode == 0, check.stdout
