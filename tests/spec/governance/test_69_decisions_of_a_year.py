"""At which tier boards decided in a year, and how often a conflict kept members from deciding (rules B11, I7)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.test import Client

from joinedup.governance.kept.open_registers import open_decided_year
from joinedup.moment import Moment, now

from .open_meeting_of_littleshire import sit

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("littleshire_with_a_board")]


def found(year: int, until: date) -> tuple[Any, Any]:
    answer = open_decided_year(year, Moment(until, now().known_at))
    return answer.tiers, answer.loads


def test_what_was_decided_in_public_counts_and_nothing_private() -> None:
    sit()  # One decision in public, with one member excluded, and one in private.
    assert found(2022, date(2023, 3, 31)) == ((("system", 1, "100.0"),), (("option2", 1, 1, "1.00"),))


def test_only_decisions_of_the_year_up_to_the_day_count() -> None:
    sit()
    assert found(2022, date(2022, 9, 22)) == ((), ())
    assert found(2022, date(2022, 9, 23))[0] == (("system", 1, "100.0"),)
    assert found(2023, date(2024, 3, 31)) == ((), ())


def test_the_page_shows_both_with_words_for_a_year_without_decisions() -> None:
    sit()
    client = Client()
    said = client.get("/open/boards/compliance/?year=2022").content.decode()
    assert "At which tier decisions were taken in 2022/23" in said
    assert "1.00" in said
    empty = client.get("/open/boards/compliance/?year=2024").content.decode()
    assert "No board decided anything in this year." in empty
    assert "No item was decided in this year." in empty
