"""What is decided before anything is scored; the first step that fits decides (PA5, R24)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from joinedup.identity import MatchingFields
from joinedup.identity.ladder import LocalId, decide_pair

N1, N2 = "9990123454", "9990000018"
BORN = date(1971, 6, 24)


def person(**more: Any) -> MatchingFields:
    said: dict[str, Any] = {"family": "CLARK", "given": "ANA", "birth_date": BORN, "postcode": "ZH1 1AA", **more}
    said.setdefault("is_verified", said.get("nhs_number") is not None)
    return MatchingFields(**said)


NUMBERED = person(nhs_number=N1)


@pytest.mark.parametrize(
    ("other", "step"),
    [
        # One number, both verified, one date of birth: names do not matter.
        ({"nhs_number": N1, "family": "HILL", "given": "EVE"}, "D1"),
        # Not verified: a name must agree as well, or there is none.
        ({"nhs_number": N1, "is_verified": False}, "D2"),
        ({"nhs_number": N1, "is_verified": False, "family": "HILL", "given": "EVE"}, "D3"),
        ({"nhs_number": N1, "is_verified": False, "family": None, "given": None}, "D2"),
        # The date of birth agrees in part: the book's own example, CLARK and CLARKE.
        ({"nhs_number": N1, "birth_date": date(1971, 5, 24), "family": "CLARKE"}, "D2"),
        ({"nhs_number": N1, "birth_date": date(1971, 6, 12)}, "D2"),
        ({"nhs_number": N1, "birth_date": date(1938, 11, 2), "family": "HILL", "given": "EVE"}, "D3"),
        ({"nhs_number": N1, "birth_date": date(1938, 11, 2)}, "D3"),
        # No date, or the year only: forename and surname must both agree.
        ({"nhs_number": N1, "birth_date": None}, "D2"),
        ({"nhs_number": N1, "birth_date": None, "given": "EVE"}, "D3"),
        ({"nhs_number": N1, "birth_date": date(1971, 1, 1)}, "D2"),
        ({"nhs_number": N1, "birth_date": date(1971, 1, 1), "family": "HILL"}, "D3"),
        ({"nhs_number": N1, "birth_date": date(1971, 6, 12), "family": "ANA", "given": "CLARK"}, "D2"),
        # An extract without names: part of the date and the postcode.
        ({"nhs_number": N1, "birth_date": None, "family": None, "given": None}, "D2"),
        ({"nhs_number": N1, "birth_date": None, "family": None, "given": None, "postcode": "ZH9 9ZZ"}, "D3"),
        # Two numbers, unless one replaced the other.
        ({"nhs_number": N2}, "D4"),
        ({"nhs_number": N2, "former_numbers": (N1,)}, "D1"),
        # At least one without a number.
        ({}, "D6"),
        ({"postcode": "ZH9 9ZZ"}, "D7"),
        ({"postcode": None}, "D7"),
        ({"is_withheld": True}, "D0"),
    ],
)
def test_the_step_that_decides(other: dict[str, Any], step: str) -> None:
    one, another = NUMBERED, person(**other)
    assert decide_pair(one, another).step == decide_pair(another, one).step == step


def test_never_match_outranks_all() -> None:
    assert decide_pair(NUMBERED, NUMBERED, is_never=True).step == "D0"


def test_day_and_month_swapped_agree_in_part() -> None:
    one = person(nhs_number=N1, birth_date=date(1971, 6, 12))
    assert decide_pair(one, person(nhs_number=N1, birth_date=date(1971, 12, 6))).step == "D2"


@pytest.mark.parametrize(
    ("here", "there", "other", "step"),
    [
        ("RWH", "RWH", {"postcode": "ZH9 9ZZ"}, "D5"),
        ("RWH", "RYY", {"postcode": "ZH9 9ZZ"}, "D7"),
        ("", "", {"postcode": "ZH9 9ZZ"}, "D7"),
        # Counters of two systems meet by accident: a name or, without names, the postcode must agree.
        ("RWH", "RWH", {"family": "HILL", "given": "EVE"}, "D7"),
        ("RWH", "RWH", {"family": None, "given": None}, "D5"),
        ("RWH", "RWH", {"family": None, "given": None, "postcode": None}, "D7"),
    ],
)
def test_one_local_number_of_one_organisation(here: str, there: str, other: dict[str, Any], step: str) -> None:
    local = (LocalId(here, "H1"), LocalId(there, "H1"))
    assert decide_pair(person(), person(**other), local=local).step == step
    assert decide_pair(person(), person(**other), local=(local[0], LocalId(there, "H2"))).step != "D5"


def test_an_earlier_surname_counts() -> None:
    married = person(nhs_number=N1, is_verified=False, family="HILL", other_families=("CLARK",), given="EVE")
    assert decide_pair(NUMBERED, married).step == "D2"


def test_a_nickname_is_the_forename() -> None:
    bill = person(nhs_number=N1, is_verified=False, family="HILL", given="BILL")
    assert decide_pair(person(nhs_number=N1, family="CLARK", given="WILLIAM"), bill).step == "D2"


def test_alike_is_jaro_winkler_of_at_least_092() -> None:
    """The book: CLARK and CLARKE are 0.966667 alike, ALAN and ALLEN only 0.826667."""
    alan = person(nhs_number=N1, birth_date=date(1971, 5, 24), family="ALAN", given="EVE")
    assert decide_pair(person(nhs_number=N1, family="ALLEN"), alan).step == "D3"
