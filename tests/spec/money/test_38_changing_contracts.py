"""Changing what a signed contract says: under an authority, extended as it provides, ended early; its pence by days."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from django.db import transaction

from joinedup.errors import NotFound, RuleError
from joinedup.moment import now
from joinedup.money import (
    ContractError,
    NoAuthority,
    OverAuthority,
    change_contract,
    end_contract,
    extend_contract,
    services,
)
from joinedup.money.contracts import contracting
from joinedup.money.contracts.reading import (
    deductions_of,
    entries_of,
    standing_deductions,
    version_on,
    versions_of,
)
from joinedup.money.contracts.terms import ended_early, extended, yearly_rate

from .contracted import ACUTE, METRICS, STARTS, YEAR, contract, month, signed
from .pot import grant
from .test_36_contracts_as_kept import lasting

CONTRACT = grant("money.contract")
OPEN_ENDED = contract(extends_to=date(2027, 10, 1))

# --- another end, as values -----------------------------------------------------------------------------------------


def test_a_contract_that_ends_early_keeps_the_pence_of_its_days() -> None:
    # 183 of the 365 days from 1 April 2025 are over on 1 October.
    short = ended_early(OPEN_ENDED, date(2025, 10, 1))
    assert (short.ends, short.extends_to) == (date(2025, 10, 1), None)
    assert short.values == ((YEAR, 2_005_479_452),)
    assert short.parts[0].pence == ((YEAR, 1_203_287_671),)
    two = contract(
        ends=date(2027, 4, 1), values=((YEAR, 365), ("2026/27", 730)),
        parts=(replace(ACUTE.parts[0], pence=((YEAR, 365), ("2026/27", 730))),),
    )  # fmt: skip
    assert ended_early(two, date(2026, 4, 1)).values == ((YEAR, 365),), "a year that is over stays whole"
    assert ended_early(two, date(2026, 4, 2)).values == ((YEAR, 365), ("2026/27", 2))
    for day in (STARTS, ACUTE.ends):
        with pytest.raises(ContractError, match="expected a day after the first"):
            ended_early(ACUTE, day)


def test_a_contract_is_extended_at_a_yearly_rate_and_its_parts_in_step() -> None:
    assert yearly_rate(OPEN_ENDED) == 4_000_000_000
    longer = extended(OPEN_ENDED, date(2027, 4, 1), 4_400_000_000)
    assert longer.values == ((YEAR, 4_000_000_000), ("2026/27", 4_400_000_000))
    assert [part.pence[-1] for part in longer.parts] == [("2026/27", 2_640_000_000), ("2026/27", 330_000_000)]
    assert longer.extends_to == date(2027, 10, 1)
    whole = extended(longer, date(2027, 10, 1), 3_660_000_000)
    # 183 of 366 days: the year 2027/28 holds 29 February 2028.
    assert whole.value_of("2027/28") == 1_830_000_000
    assert whole.extends_to is None
    # Half a year is at the rate of a whole one.
    half = contract(starts=date(2025, 10, 1), values=((YEAR, 1_820),))
    assert yearly_rate(half) == 3_650
    refused = [
        (ACUTE, date(2027, 4, 1), 5, "provides for no extension"),
        (OPEN_ENDED, date(2027, 10, 2), 5, "may be extended up to 2027-10-01"),
        (OPEN_ENDED, date(2026, 4, 1), 5, "it ends on 2026-04-01"),
        (OPEN_ENDED, date(2027, 4, 1), 0, "expected whole pence above 0"),
    ]
    for one, to, annual, says in refused:
        with pytest.raises(ContractError, match=says):
            extended(one, to, annual)


def test_parts_that_make_the_whole_value_go_on_making_it() -> None:
    thirds = contract(
        extends_to=date(2027, 4, 1), values=((YEAR, 100),),
        parts=tuple(replace(ACUTE.parts[0], name=str(n), pods=(), pence=((YEAR, p),)) for n, p in ((1, 33), (2, 67))),
    )  # fmt: skip
    longer = extended(thirds, date(2027, 4, 1), 1_001)
    assert sum(dict(part.pence)["2026/27"] for part in longer.parts) == longer.value_of("2026/27") == 1_001


# --- as kept --------------------------------------------------------------------------------------------------------

kept = pytest.mark.usefixtures("littleshire_with_a_pot")


@kept
@pytest.mark.django_db
def test_a_signed_contract_is_extended_under_an_authority_that_covers_it() -> None:
    signed(OPEN_ENDED)
    to, more = date(2027, 4, 1), {"reason": "as it provides"}
    with pytest.raises(NoAuthority, match="none was named"), transaction.atomic():
        extend_contract(CONTRACT, ACUTE.code, to, 4_000_000_000, authority_id="", **more)
    services.give_authority(grant("money.authorise"), lasting("SMALL", 3_999_999_999))
    with pytest.raises(OverAuthority), transaction.atomic():
        extend_contract(CONTRACT, ACUTE.code, to, 4_000_000_000, authority_id="SMALL", **more)
    assert len(versions_of(ACUTE.code)) == 1
    services.give_authority(grant("money.authorise"), lasting("A2", 4_000_000_000))
    extend_contract(CONTRACT, ACUTE.code, to, 4_000_000_000, authority_id="A2", **more)
    assert version_on(ACUTE.code, month(5, 2026)).contract.value_of("2026/27") == 4_000_000_000
    (entry,) = entries_of([ACUTE.code], "extended")
    assert (entry.key, entry.value, entry.text) == ("A2", "2", "as it provides")


@kept
@pytest.mark.django_db
def test_a_signed_contract_ends_early_under_an_authority_that_holds() -> None:
    signed()
    on, why = date(2025, 10, 1), "The provider gives the service back"
    for name, ends in (("GONE", date(2026, 4, 1)), ("A2", date(2030, 4, 1))):
        services.give_authority(grant("money.authorise"), lasting(name, 1, ends=ends))
    for name, says in (("", "needs an authority and none was named"), ("GONE", "does not hold on")):
        with pytest.raises(NoAuthority, match=says), transaction.atomic():
            end_contract(CONTRACT, ACUTE.code, on, reason=why, authority_id=name)
    end_contract(CONTRACT, ACUTE.code, on, reason=why, authority_id="A2")
    one = version_on(ACUTE.code, month(9)).contract
    assert (one.ends, one.value_of(YEAR)) == (on, 2_005_479_452)
    services.revoke_authority(grant("money.authorise"), "A2", now().valid_on, "no longer needed")
    with pytest.raises(NoAuthority, match="does not hold on"), transaction.atomic():
        end_contract(CONTRACT, ACUTE.code, date(2025, 9, 1), reason=why, authority_id="A2")


@kept
@pytest.mark.django_db
def test_what_is_not_signed_is_changed_not_ended() -> None:
    contracting.make_contract(CONTRACT, OPEN_ENDED, reason="the year's agreement")
    with pytest.raises(RuleError, match="is not signed; change it instead"):
        end_contract(CONTRACT, ACUTE.code, month(10), reason="not needed", authority_id="A1")
    with pytest.raises(RuleError, match="is not signed; change it instead"):
        extend_contract(CONTRACT, ACUTE.code, date(2027, 4, 1), 5, reason="needed", authority_id="A1")


@kept
@pytest.mark.django_db
def test_many_small_changes_are_one_considerable_change() -> None:
    signed(contract(values=((YEAR, 1_000_000_000),)))
    services.give_authority(grant("money.authorise"), lasting("A2", 5_000_000_000))

    def change(pence: int) -> None:
        with transaction.atomic():
            change_contract(
                CONTRACT, contract(values=((YEAR, pence),)), effective_from=STARTS, reason="more of it",
                authority_id="A2",
            )  # fmt: skip

    change(1_120_000_000)
    change(1_240_000_000)
    with pytest.raises(ContractError, match="change considerably"):
        change(1_250_000_000)
    change(1_249_999_999)


@kept
@pytest.mark.django_db
def test_a_deduction_is_taken_back_and_both_stay_written() -> None:
    signed()
    contracting.deduct(CONTRACT, ACUTE.code, month(4), 500, "late letters")
    contracting.deduct(CONTRACT, ACUTE.code, month(6), 700, "no data")
    assert deductions_of(ACUTE.code, month(5)) == (("late letters", 500),)
    first, _second = standing_deductions(ACUTE.code)
    contracting.take_back_deduction(CONTRACT, ACUTE.code, first.pk, "They were in time")
    assert deductions_of(ACUTE.code, month(7)) == (("no data", 700),)
    assert len(entries_of([ACUTE.code], "deduction", "deduction-back")) == 3
    with pytest.raises(NotFound, match="that stands"):
        contracting.take_back_deduction(CONTRACT, ACUTE.code, first.pk, "once more")
    for wrong in (date(2025, 3, 1), date(2026, 4, 1), date(2025, 4, 2)):
        with pytest.raises(RuleError, match="expected a month of it that has begun"):
            contracting.deduct(CONTRACT, ACUTE.code, wrong, 500, "late letters")


@kept
@pytest.mark.django_db
def test_the_figures_of_a_month_are_written_all_or_none() -> None:
    signed(contract(metrics=METRICS, quality_share=Decimal("0.0125")))
    with pytest.raises(NotFound, match="no measure 'waits'"):
        contracting.write_quality(
            CONTRACT, ACUTE.code, month(4), {"came back": (Decimal(9), ""), "waits": (Decimal(1), "")}
        )
    assert entries_of([ACUTE.code], "achieved", "excused") == []
    contracting.write_quality(
        CONTRACT, ACUTE.code, month(4), {"came back": (Decimal(9), ""), "seen in time": (None, "The system was down")}
    )
    assert [one.what for one in entries_of([ACUTE.code], "achieved", "excused")] == ["achieved", "excused"]
