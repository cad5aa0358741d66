"""The gate: no act that binds money without an authority that holds, covers it, and is not spent (rule MB5)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from joinedup.errors import RuleError
from joinedup.money.pot.authority import (
    Asked,
    Authority,
    NoAuthority,
    OverAuthority,
    Use,
    check_authority,
    spent,
)
from joinedup.planning import financial_year, year_days

APRIL, JULY, NEXT_APRIL = date(2026, 4, 1), date(2026, 7, 1), date(2027, 4, 1)
GIVEN = Authority(
    "A1", "Partnership board, 14 April 2026, item 6", "user:1", "until governance stands", frozenset({"commitment"}),
    10_000_000, APRIL, NEXT_APRIL,
)  # fmt: skip
ASKED = Asked("commitment", 2_000_000, JULY, "POT", "Care Ltd", "home care", "plan-7")


def use(
    pence: int, authority: str = "A1", party: str = "Care Ltd", purpose: str = "home care", year: str = "2026/27"
) -> Use:
    return Use(authority, pence, party, purpose, year)


def check(asked: Asked = ASKED, authority: Authority | None = GIVEN, *uses: Use, today: date = JULY) -> None:
    check_authority(asked, authority, uses, today=today)


def test_an_authority_covers_what_it_covers() -> None:
    check()
    check(replace(ASKED, pence=10_000_000))
    check(replace(ASKED, on=APRIL), today=APRIL)
    check(replace(ASKED, on=date(2027, 3, 31)))


def test_without_one_nothing_is_bound() -> None:
    with pytest.raises(NoAuthority, match=r"commitment of 2000000 p needs an authority and none was named"):
        check(ASKED, None)
    check(replace(ASKED, pence=-5), None)  # giving back needs none


NOT_ON_THAT_DAY: list[tuple[dict[str, Any], dict[str, Any], date, str]] = [
    ({"on": date(2026, 3, 31)}, {}, JULY, "begins on 2026-04-01"),
    ({"on": NEXT_APRIL}, {}, JULY, "ended on 2027-04-01"),
    ({}, {"revoked_on": JULY}, JULY, "was revoked from 2026-07-01. Ask for a new one"),
    ({}, {"revoked_on": JULY, "superseded_by": "A2"}, JULY, "was superseded from 2026-07-01. Use A2 instead"),
    # put back into the days before: it is today that somebody binds money
    ({"on": APRIL}, {"revoked_on": JULY}, JULY, "was revoked"),
    ({"act": "virement"}, {}, JULY, "is for commitment, not for a virement"),
    ({}, {"fund": "BCF"}, JULY, "is for fund 'BCF'; the act is for 'POT'"),
    ({}, {"party": "Other Ltd"}, JULY, "is for party 'Other Ltd'"),
    ({}, {"purpose": "beds"}, JULY, "is for purpose 'beds'"),
    ({}, {"plan_line": "plan-8"}, JULY, "is for plan line 'plan-8'"),
]


@pytest.mark.parametrize(("asked", "given", "today", "says"), NOT_ON_THAT_DAY)
def test_no_authority(asked: dict[str, Any], given: dict[str, Any], today: date, says: str) -> None:
    with pytest.raises(NoAuthority, match=says):
        check(replace(ASKED, **asked), replace(GIVEN, **given), today=today)


def test_on_the_day_before_it_is_revoked_it_holds() -> None:
    check(ASKED, replace(GIVEN, revoked_on=date(2026, 7, 2)))
    with pytest.raises(NoAuthority):  # an effect after the day of the revocation, known before it
        check(replace(ASKED, on=date(2026, 7, 2)), replace(GIVEN, revoked_on=date(2026, 7, 2)))


def test_a_spent_authority_refuses_the_next_penny() -> None:
    check(replace(ASKED, pence=1), GIVEN, use(9_999_999, party="Somebody else"))
    with pytest.raises(OverAuthority, match="10000000 p are spent; 1 p more are 1 p too much"):
        check(replace(ASKED, pence=1), GIVEN, use(10_000_000, party="Somebody else"))
    # what was given back may be used again
    check(replace(ASKED, pence=1), GIVEN, use(10_000_000, party="Somebody else"), use(-1, party="Somebody else"))
    assert spent([use(5), use(7, "A2"), use(-2)], "A1") == 3


def test_one_purchase_in_pieces_counts_as_one() -> None:
    """Governance D3: £20,000.00 + £22,500.00 allowed, then £0.01 referred; on 1 April the sum restarts."""
    limited = replace(GIVEN, limit_pence=100_000_000, year_limit_pence=4_250_000, valid_to=date(2028, 4, 1))
    first, second, penny = (replace(ASKED, pence=pence) for pence in (2_000_000, 2_250_000, 1))
    check(first, limited)
    # under another authority: the limit is of whoever gave it, for the supplier and purpose
    check(second, limited, use(2_000_000, "A9"))
    done = use(2_000_000, "A9"), use(2_250_000)
    with pytest.raises(OverAuthority, match=r"in 2026/27 4250000 p were bound for Care Ltd, home care.*in pieces"):
        check(penny, limited, *done)
    with pytest.raises(OverAuthority):
        check(replace(penny, on=date(2027, 3, 31)), limited, *done)
    with pytest.raises(OverAuthority):  # the same supplier, written otherwise
        check(replace(penny, party="CARE  ltd "), limited, *done)
    check(replace(penny, on=NEXT_APRIL), limited, *done)
    check(replace(penny, party="Other Ltd"), limited, *done)
    check(replace(penny, purpose="equipment"), limited, *done)


def test_without_a_limit_of_the_year_the_limit_itself_holds_over_the_year() -> None:
    with pytest.raises(OverAuthority, match="in pieces"):
        check(replace(ASKED, pence=5_000_001), GIVEN, use(5_000_000, "A9"))


def test_the_financial_year() -> None:
    days = date(2026, 3, 31), APRIL, date(2027, 3, 31), NEXT_APRIL, date(1999, 4, 1)
    assert [financial_year(day) for day in days] == ["2025/26", "2026/27", "2026/27", "2027/28", "1999/00"]
    assert [(ends - begins).days for begins, ends in map(year_days, ("2022/23", "2023/24"))] == [365, 366]
    for wrong in ("2026", "2026/28", "26/27", "abcd/27", ""):
        with pytest.raises(RuleError, match="no financial year"):
            year_days(wrong)


CANNOT_BE: list[tuple[dict[str, Any], str]] = [
    ({"acts": frozenset()}, "allows nothing"),
    ({"acts": frozenset({"comitment"})}, "Did you mean 'commitment'"),
    ({"limit_pence": 0}, "limit 0"),
    ({"limit_pence": 10.0}, "limit 10.0"),
    ({"year_limit_pence": -1}, "limit -1"),
    ({"valid_to": APRIL}, "not after it begins"),
    ({"reference": " "}, "needs its reference"),
    ({"reason": ""}, "needs its reason"),
]


@pytest.mark.parametrize(("given", "says"), CANNOT_BE)
def test_an_authority_that_cannot_be(given: dict[str, Any], says: str) -> None:
    with pytest.raises(RuleError, match=says):
        replace(GIVEN, **given)
