"""Contracts as they are kept: made, awarded, signed, changed, and never overwritten."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import InternalError, ProgrammingError, transaction

from joinedup.errors import NotFound, Refused, RuleError
from joinedup.moment import now
from joinedup.money import (
    Authority,
    BelowSpecification,
    ContractError,
    NoAuthority,
    NoticeMissing,
    RepresentationOpen,
    change_contract,
    models,
    services,
)
from joinedup.money.contracts import contracting
from joinedup.money.contracts.reading import (
    abandoned_on,
    award_standing,
    bindings_of,
    contracts_on,
    month_of,
    published_of,
    signed_on,
    state_of,
    version_on,
    versions_of,
)

from .contracted import ACUTE, AUTHORITY, LINE, METRICS, STARTS, YEAR, contract, month, signed
from .pot import grant

pytestmark = [pytest.mark.usefixtures("littleshire_with_a_pot"), pytest.mark.django_db]
CONTRACT = grant("money.contract")


def lasting(name: str, limit: int, *, ends: date = date(2030, 4, 1)) -> Authority:
    """An authority that holds on the day on which these tests run."""
    return replace(AUTHORITY, id=name, limit_pence=limit, valid_to=ends)


def make(agreed: object = ACUTE, reason: str = "the year's agreement") -> None:
    with transaction.atomic():
        contracting.make_contract(CONTRACT, agreed, reason=reason)  # type: ignore[arg-type]


def test_a_contract_is_made_once_and_read_as_it_was_made() -> None:
    make()
    assert version_on("RZ1-2526", STARTS).contract == ACUTE
    with pytest.raises(ContractError, match="there is a RZ1-2526 already"):
        make()
    with pytest.raises(NotFound, match="Did you mean 'RZ1-2526'"):
        version_on("RZ1-2525", STARTS)
    with pytest.raises(RuleError, match="is no month"):
        month_of("2026-13")


def test_a_provider_that_has_closed_is_refused() -> None:
    with pytest.raises(ContractError, match=r"provider: .*01A.* does not exist on 2025-04-01: it has closed"):
        make(contract(provider="01A"))
    with pytest.raises(ContractError, match="provider: No body has the code 'RZ9'"):
        make(contract(provider="RZ9"))
    with pytest.raises(ContractError, match="commissioner: "):
        make(contract(commissioner="01A"))
    assert not models.Contract.objects.exists()


def test_the_same_activity_is_not_contracted_twice() -> None:
    make()
    with pytest.raises(ContractError, match="is paid at that time for DC by RZ1-2526, EL by RZ1-2526"):
        make(contract(code="AGAIN"))
    make(contract(code="NEXT", starts=date(2026, 4, 1), ends=date(2027, 4, 1), values=(("2026/27", 4_000_000_000),),
                  parts=tuple(replace(one, pence=(("2026/27", 5),)) for one in ACUTE.parts)))  # fmt: skip
    assert [one.contract.code for one in contracts_on(STARTS, provider="RZ1")] == ["NEXT", "RZ1-2526"]


def test_only_whoever_may_and_with_a_reason() -> None:
    with pytest.raises(Refused):
        contracting.make_contract(grant("money.post"), ACUTE, reason="the year's agreement")
    with pytest.raises(Refused, match="another body"):
        contracting.make_contract(grant("money.contract", uuid4()), ACUTE, reason="the year's agreement")
    with pytest.raises(RuleError):
        make(reason=" ")


def test_the_way_of_a_contract_that_needs_standstill() -> None:
    today = now().valid_on
    make(contract(award="direct_award_c"))
    assert state_of(ACUTE, signed_on(ACUTE.code), today) == "draft"
    with pytest.raises(NoticeMissing, match="publish 'Intention to award'"):
        contracting.sign_contract(CONTRACT, ACUTE.code, today)
    with pytest.raises(RuleError, match="not in standstill"):
        contracting.record_representation(CONTRACT, ACUTE.code, today, "Somebody else offers more")
    with pytest.raises(RuleError, match="has not"):
        contracting.publish_notice(CONTRACT, ACUTE.code, "intention", today + timedelta(days=1), "We intend to")
    contracting.publish_notice(CONTRACT, ACUTE.code, "intention", today - timedelta(days=30), "We intend to")
    with pytest.raises(RuleError, match="No representation on contract RZ1-2526 waits"):
        contracting.answer_representation(CONTRACT, ACUTE.code, today, "We looked again")
    with pytest.raises(RuleError, match="is not in that"):
        contracting.record_representation(CONTRACT, ACUTE.code, today, "Somebody else offers more")
    early = today - timedelta(days=29)
    contracting.record_representation(CONTRACT, ACUTE.code, early, "Somebody else offers more")
    with pytest.raises(RepresentationOpen, match=f"came on {early} and is not answered"):
        contracting.sign_contract(CONTRACT, ACUTE.code, today)
    with pytest.raises(RuleError, match="expected stands, abandoned"):
        contracting.answer_representation(CONTRACT, ACUTE.code, today, "We looked again", outcome="perhaps")
    with pytest.raises(RuleError, match="cannot be answered on"):
        contracting.answer_representation(CONTRACT, ACUTE.code, early - timedelta(days=1), "We looked again")
    contracting.answer_representation(CONTRACT, ACUTE.code, today, "We looked again")
    with pytest.raises(NoticeMissing, match="standstill is not over"):
        contracting.sign_contract(CONTRACT, ACUTE.code, today)
    assert award_standing(version_on(ACUTE.code, STARTS).contract, today)[0].state == "waiting"
    assert published_of(ACUTE.code) == {"intention": today - timedelta(days=30)}


def test_an_award_that_a_representation_ends_is_never_signed() -> None:
    today = now().valid_on
    make(contract(award="direct_award_c"))
    contracting.publish_notice(CONTRACT, ACUTE.code, "intention", today - timedelta(days=40), "We intend to")
    contracting.record_representation(CONTRACT, ACUTE.code, today - timedelta(days=35), "Another was not asked")
    contracting.answer_representation(
        CONTRACT, ACUTE.code, today - timedelta(days=30), "They were right", outcome="abandoned"
    )
    with pytest.raises(RepresentationOpen, match="was abandoned on"):
        contracting.sign_contract(CONTRACT, ACUTE.code, today)
    assert abandoned_on(ACUTE.code) == today - timedelta(days=30)


def test_signed_once_and_confirmed_after() -> None:
    today = now().valid_on
    make()
    with pytest.raises(NoticeMissing, match="follows the award"):
        contracting.publish_notice(CONTRACT, ACUTE.code, "award", today, "We awarded")
    contracting.sign_contract(CONTRACT, ACUTE.code, today)
    with pytest.raises(RuleError, match="already"):
        contracting.sign_contract(CONTRACT, ACUTE.code, today)
    contracting.publish_notice(CONTRACT, ACUTE.code, "award", today, "We awarded")
    assert [one.state for one in award_standing(ACUTE, today)] == ["published"]
    states = [state_of(ACUTE, today, day) for day in (date(2025, 3, 31), STARTS, date(2026, 4, 1))]
    assert states == ["signed", "in force", "ended"]


def test_nothing_below_the_national_specification_is_signed() -> None:
    make(contract(specification=ACUTE.specification[:2]))
    with pytest.raises(BelowSpecification):
        contracting.sign_contract(CONTRACT, ACUTE.code, STARTS)
    change_contract(CONTRACT, ACUTE, effective_from=STARTS, reason="the missing headings")
    contracting.sign_contract(CONTRACT, ACUTE.code, STARTS)


def test_an_award_process_of_its_day() -> None:
    with pytest.raises(ContractError, match="award: On 2025-04-01 no contract is awarded by 'before_2024'"):
        make(contract(award="before_2024"))
    make(contract(award="before_2024", award_began=date(2023, 11, 1)))


def test_a_change_is_another_version_and_the_first_stays() -> None:
    signed()
    more = contract(values=((YEAR, 4_040_000_000),))
    with pytest.raises(NoAuthority, match="40000000 p needs an authority"), transaction.atomic():
        change_contract(CONTRACT, more, effective_from=month(10), reason="a hard winter")
    services.give_authority(grant("money.authorise"), lasting("A2", 50_000_000))
    change_contract(CONTRACT, more, effective_from=month(10), reason="a hard winter", authority_id="A2")
    assert [one.number for one in versions_of(ACUTE.code)] == [1, 2]
    assert version_on(ACUTE.code, month(9)).contract == ACUTE
    assert version_on(ACUTE.code, month(10)).contract == more
    refused = [
        (more, month(11), "no version was made"),
        (replace(more, title="X"), month(9), "expected 2025-10-01 or later"),
        (replace(more, provider="01A"), month(11), "it stays RZ1"),
        (contract(values=((YEAR, 6_000_000_000),)), month(11), "change considerably"),
    ]
    for changed, day, says in refused:
        with pytest.raises(RuleError, match=says), transaction.atomic():
            change_contract(CONTRACT, changed, effective_from=day, reason="another try", authority_id="A2")
    for statement in (models.ContractVersion.objects.filter(number=1).delete,
                      lambda: models.Contract.objects.update(provider="X")):  # fmt: skip
        with pytest.raises((ProgrammingError, InternalError), match="only grows"), transaction.atomic():
            statement()


def test_no_money_is_bound_without_an_authority_nor_above_the_value() -> None:
    make()
    given = {"budget_line": "acute", "on": STARTS}
    with pytest.raises(RuleError, match="is not signed"):
        contracting.bind_money(grant("money.post"), ACUTE.code, 5, authority_id="A1", **given)  # type: ignore[arg-type]
    contracting.sign_contract(CONTRACT, ACUTE.code, STARTS)
    with pytest.raises(NoAuthority, match="none was named"):
        contracting.bind_money(grant("money.post"), ACUTE.code, 5, authority_id="", **given)  # type: ignore[arg-type]
    with pytest.raises(RuleError, match="is worth 4000000000 p in 2025/26"):
        contracting.bind_money(grant("money.post"), ACUTE.code, 4_000_000_001, authority_id="A1", **given)  # type: ignore[arg-type]
    contracting.bind_money(grant("money.post"), ACUTE.code, 4_000_000_000, authority_id="A1", **given)  # type: ignore[arg-type]
    (bound,) = bindings_of(ACUTE.code, YEAR)
    assert (bound.authority, bound.plan_line, bound.standing.open) == ("A1", LINE.plan_line, 4_000_000_000)


def test_quality_and_deductions_are_written_down() -> None:
    signed(contract(metrics=METRICS, quality_share=Decimal("0.0125")))
    with pytest.raises(NotFound, match="Did you mean 'came back'"):
        contracting.write_achieved(CONTRACT, ACUTE.code, "come back", month(4), Decimal(11))
    with pytest.raises(RuleError):
        contracting.write_achieved(CONTRACT, ACUTE.code, "came back", month(4), None)
    with pytest.raises(RuleError, match="above 0"):
        contracting.deduct(CONTRACT, ACUTE.code, month(4), 0, "late letters")
    contracting.write_achieved(CONTRACT, ACUTE.code, "came back", month(4), Decimal("11.0"))
    contracting.write_achieved(CONTRACT, ACUTE.code, "seen in time", month(4), None, reason="the system was down")
    contracting.deduct(CONTRACT, ACUTE.code, month(4), 5, "late letters")
    assert models.ContractEntry.objects.filter(what__in=("achieved", "excused", "deduction")).count() == 3
