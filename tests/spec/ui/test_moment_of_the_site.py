"""The date that moves the whole site: in the address, remembered, and forgiving."""

from __future__ import annotations

import pytest
from django.test import Client

from joinedup.moment import now

# what is asked                                                         where it leads
MOVES = [
    ("/?as_of_day=1&as_of_month=7&as_of_year=2022", "/?as_of=2022-07-01"),
    ("/?as_of_day=1&as_of_month=july&as_of_year=2022", "/?as_of=2022-07-01"),
    (
        "/?q=a&as_of_day=1&as_of_month=7&as_of_year=2022&known_at_day=3&known_at_month=12&known_at_year=2020",
        "/?q=a&as_of=2022-07-01&known_at=2020-12-03",
    ),
    ("/?as_of_day=&as_of_month=&as_of_year=", "/"),
    ("/?as_of=today&x=1", "/?x=1"),
]

# what is asked                                                         what is wrong with it
REFUSALS = [
    ("/?as_of_day=30&as_of_month=2&as_of_year=2022", "The day must be a real date"),
    ("/?as_of_day=1&as_of_month=&as_of_year=2022", "The day must include a month"),
    ("/?as_of_day=one&as_of_month=2&as_of_year=2022", "check the day"),
    ("/?as_of_day=1&as_of_month=2&as_of_year=22", "must have a year between 1900 and 2200"),
    (
        "/?as_of_day=1&as_of_month=2&as_of_year=2022&known_at_day=1&known_at_month=1&known_at_year=2199",
        "As known on must be today or in the past",
    ),
    ("/?as_of=2022-02-30", "is not a date that exists"),
    ("/?as_of=<script>", "is not a date that exists"),
    ("/?known_at=2199-01-01", "must be today or in the past"),
    ("/?known_at=yesterday", "is not a"),
    ("/?known_at=0001-01-01T00:00:00%2B14:00", "is not a time that exists"),
]


@pytest.mark.parametrize(("asked", "led_to"), MOVES)
def test_the_date_form_leads_to_the_address_that_shows_the_day(site: Client, asked: str, led_to: str) -> None:
    response = site.get(asked)
    assert (response.status_code, response["Location"]) == (302, led_to)


@pytest.mark.parametrize(("asked", "said"), REFUSALS)
def test_a_wrong_date_is_a_page_that_says_what_is_wrong(site: Client, asked: str, said: str) -> None:
    response = site.get(asked)
    page = response.content.decode()
    assert response.status_code == 400
    assert said in page
    assert page.index("There is a problem") < page.index('id="as_of-day"')  # the summary comes first
    assert '<details class="nhsuk-details" open>' in page
    assert "<script>" not in page


def test_the_day_is_remembered_and_shown_in_every_address(site: Client) -> None:
    page = site.get("/?as_of=2022-07-01&known_at=2022-06-01").content.decode()
    assert "<strong>1 July 2022</strong>" in page
    assert "<strong>1 June 2022</strong>" in page
    assert "Return to today" in page
    followed = site.get("/drawings/?page=2")
    assert followed["Location"] == "/drawings/?page=2&as_of=2022-07-01&known_at=2022-06-01"
    assert site.get("/?as_of=today")["Location"] == "/"
    assert "You are looking at: today" in site.get("/").content.decode()


@pytest.mark.parametrize("asked", ["?as_of=today", "?as_of_day=1&as_of_month=7&as_of_year=2022", "?q=a", "?as_of=x"])
def test_an_address_that_begins_with_two_slashes_leads_to_no_other_site(site: Client, asked: str) -> None:
    site.get("/?as_of=2022-07-01")
    answer = site.get(f"/{asked}", PATH_INFO="//elsewhere.example/")
    assert not answer.get("Location", "").startswith("//")
    assert 'action="//' not in answer.content.decode()


def test_programs_and_sign_in_are_never_redirected(site: Client) -> None:
    site.get("/?as_of=2022-07-01&known_at=2022-06-01")
    assert site.get("/api/moment/").json()["valid_on"] == now().valid_on.isoformat()
    assert site.get("/access/moment/").json() == {
        "valid_on": "2022-07-01",
        "known_at": "2022-06-01T23:59:59.999999+01:00",
    }


def test_what_was_known_today_is_all_that_is_known(site: Client) -> None:
    today = now().valid_on.isoformat()
    assert "You are looking at: today" in site.get(f"/?as_of={today}&known_at={today}").content.decode()


def test_a_planned_day_may_lie_ahead(site: Client) -> None:
    assert "<strong>1 April 2030</strong>" in site.get("/?as_of=2030-04-01").content.decode()
