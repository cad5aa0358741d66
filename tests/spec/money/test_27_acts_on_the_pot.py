"""Authorities, virements, commitments, calls and trial balances as they are kept: what each act lets through."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import transaction

from joinedup.errors import NotFound, RuleError
from joinedup.moment import now
from joinedup.money import (
    AlignedMoney,
    Difference,
    NoAgreement,
    NoAuthority,
    OverAuthority,
    OverBudget,
    OverCommitted,
    PartnerAccount,
    PeriodClosed,
    RingFence,
    TrialBalanceError,
    Unbalanced,
    VirementImbalance,
    availability,
    import_trial_balance,
    models,
    reconciliation,
    reverse,
    risk_share,
    services,
    trial_balance,
    virement,
)
from joinedup.money.ledger.importing_trial_balances import accounts_of, name_accounts
from joinedup.money.ledger.reading import authority_of, commitment_standing, left_of, owed_to
from joinedup.money.pot import spending
from joinedup.money.pot.sharing_risk import Layer
from joinedup.planning import financial_year, year_days

from .pot import APRIL, BEDS, DECISION, HOME, MAY, MILLION, POT, authority, contribute, give, grant, open_pot

pytestmark = pytest.mark.django_db
POST, PAY, ALLOCATE, AUTHORISE = (grant(f"money.{what}") for what in ("post", "pay", "allocate", "authorise"))


@pytest.fixture(autouse=True)
def _pot() -> None:
    open_pot()


def commit(pence: int = 100, key: str = "C1", **more: Any) -> Any:
    given = {"budget_line": "home", "supplier": "Care Ltd", "purpose": "home care", "authority_id": "A2", "on": MAY}
    with transaction.atomic():
        return spending.commit(POST, pence, key=key, **given | more)


# --- an authority is given, spent, ended ---------------------------------------------------------------------------


def test_who_gives_an_authority_is_who_acts() -> None:
    given = services.give_authority(AUTHORISE, authority("A2"))
    assert (given.given_by, authority_of("A2")) == ("user:tom", given)
    with pytest.raises(RuleError, match="already; it stays as it was given"):
        give("A2", limit_pence=5)
    with pytest.raises(RuleError, match="ended by an act of its own"):
        give("A3", revoked_on=MAY)
    with pytest.raises(NotFound, match="Did you mean 'A2'"):
        authority_of("A22")


def test_a_spent_authority_refuses_the_next_penny() -> None:
    give("A2", "commitment", limit_pence=1_000)
    commit(1_000)
    assert left_of("A2") == 0
    with pytest.raises(OverAuthority, match="1000 p are spent; 1 p more"):
        commit(1, "C2", supplier="Somebody else")
    spending.release(POST, "C1", key="R", on=MAY, reason="they withdrew")
    assert left_of("A2") == 1_000
    commit(1_000, "C2")
    with pytest.raises(OverAuthority):
        commit(1, "C3", supplier="Somebody else")
    # A release undone binds again, and finds that what it gave back is spent.
    with pytest.raises(OverAuthority), transaction.atomic():
        reverse(POST, "R", MAY, "they came back")


def test_a_revoked_authority_refuses_the_next_penny() -> None:
    """Revoked today, as anybody revokes: neither a penny of today nor one put back into the days before."""
    today = now().valid_on
    begins, ends = year_days(financial_year(today))
    long_ago = begins - timedelta(days=400)
    services.make_fund(ALLOCATE, replace(POT, code="NOW", valid_from=long_ago, valid_to=ends))
    for year in (financial_year(today), financial_year(begins - timedelta(days=1))):
        services.set_budget_line(ALLOCATE, replace(HOME, code=year, fund="NOW", year=year), decision=DECISION)
    for id_ in ("A2", "A3"):
        give(id_, "commitment", valid_from=long_ago, valid_to=ends)

    def at(on: date, **more: Any) -> dict[str, Any]:
        return {"budget_line": financial_year(on), "on": on} | more

    commit(5, **at(today))
    services.revoke_authority(AUTHORISE, "A2", today, "the board changed its mind")
    for on in (today, today - timedelta(days=1)):
        with pytest.raises(NoAuthority, match="was revoked"):
            commit(1, "C2", **at(on))
    with pytest.raises(NoAuthority, match="was revoked"), transaction.atomic():
        spending.top_up(POST, "C1", 1, key="U", authority_id="A2", on=today)
    commit(1, "C4", **at(today, authority_id="A3"))
    with pytest.raises(RuleError, match=r"ended on .* already"):
        services.revoke_authority(AUTHORISE, "A2", today, "again")
    with pytest.raises(RuleError, match="is over"):
        services.revoke_authority(AUTHORISE, "A3", today - timedelta(days=1), "back in time")
    assert authority_of("A3").revoked_on is None
    # What was done under it stays, and may be invoiced.
    spending.invoice(POST, "C1", 5, key="I", on=today)


def test_an_expired_one_and_one_that_is_superseded() -> None:
    give("A2", "commitment", valid_to=MAY)
    with pytest.raises(NoAuthority, match="ended on 2026-05-01"):
        commit()
    give("A4", "commitment")
    services.give_authority(AUTHORISE, authority("A5", "commitment", valid_from=MAY), supersedes="A4")
    with pytest.raises(NoAuthority, match=r"superseded from 2026-05-01\. Use A5 instead"):
        commit(authority_id="A4")
    commit(authority_id="A5")


def test_a_purchase_in_pieces_counts_as_one_under_all_authorities() -> None:
    for id_ in ("A2", "A3"):
        give(id_, "commitment", limit_pence=100_000_000, year_limit_pence=4_250_000)
    commit(2_000_000)
    commit(2_250_000, "C2", authority_id="A3", supplier="CARE  Ltd")
    for id_ in ("A2", "A3"):
        with pytest.raises(OverAuthority, match="in pieces"):
            commit(1, "C3", authority_id=id_)
    commit(1, "C3", purpose="equipment")


def test_no_authority_no_act() -> None:
    before = models.Transaction.objects.count()
    with pytest.raises(NoAuthority, match="none was named"):
        commit(authority_id="")
    with pytest.raises(NotFound, match="no authority 'A9'"):
        commit(authority_id="A9")
    with pytest.raises(NoAuthority, match="none was named"), transaction.atomic():
        contribute("RQW", "nhs", 5, "X", authority_id="")
    with pytest.raises(NoAuthority, match="none was named"), transaction.atomic():
        services.call_risk_share(ALLOCATE, "POT", {"QM7": 5}, authority_id="", on=MAY, key="X", reason="overspent")
    with pytest.raises(NoAuthority, match="none was named"), transaction.atomic():
        virement(ALLOCATE, {"home": 5, "beds": -5}, authority_id="", on=MAY, reason="winter", key="X")
    give("A2", "virement")
    with pytest.raises(NoAuthority, match="is for virement, not for a commitment"):
        commit()
    assert (models.Transaction.objects.count(), models.Virement.objects.count()) == (before, 0)
    assert not models.Commitment.objects.exists()


# --- commitments ---------------------------------------------------------------------------------------------------


def test_the_life_of_a_commitment() -> None:
    give("A2", "commitment", limit_pence=1_000)
    commit(100)
    assert commitment_standing("C1").state == "open"
    spending.invoice(POST, "C1", 60, key="I1", on=MAY)
    with pytest.raises(OverCommitted, match=r"40 p open and 41 p.*Top it up first"), transaction.atomic():
        spending.invoice(POST, "C1", 41, key="I2", on=MAY)
    spending.top_up(POST, "C1", 1, key="U1", authority_id="A2", on=MAY)
    spending.invoice(POST, "C1", 41, key="I2", on=MAY)
    assert (commitment_standing("C1").state, commitment_standing("C1").made) == ("closed", 101)
    assert (left_of("A2"), availability("home").actual) == (899, 101)
    with pytest.raises(OverCommitted), transaction.atomic():
        reverse(POST, "C1", MAY, "it was invoiced, so it cannot be undone")
    with pytest.raises(NotFound, match="Did you mean 'C1'"):
        spending.invoice(POST, "C11", 1, key="I3", on=MAY)


def test_nobody_is_paid_more_than_is_owed() -> None:
    give("A2", "commitment")
    commit(100)
    spending.invoice(POST, "C1", 60, key="I1", on=MAY)
    with pytest.raises(spending.NotOwed, match="owed 60 p in POT and would be paid 61 p"), transaction.atomic():
        spending.pay(PAY, "C1", 61, key="P", on=MAY)
    assert spending.pay(PAY, "C1", 60, key="P", on=MAY) == spending.pay(PAY, "C1", 60, key="P", on=MAY)
    assert owed_to("Care Ltd", fund="POT", body="QM7") == 0


def test_an_accrual_is_undone_when_the_next_period_begins() -> None:
    give("A2", "commitment")
    commit(100, on=APRIL)
    spending.accrue(POST, "C1", 30, key="ACC", on=date(2026, 4, 30))
    assert (availability("home").actual, availability("home").committed) == (30, 70)
    assert len(spending.reverse_accruals(POST, "POT", MAY)) == 1
    assert (availability("home").actual, availability("home", date(2026, 4, 30)).actual) == (0, 30)
    assert spending.reverse_accruals(POST, "POT", MAY) == []
    assert commitment_standing("C1").open == 100


def test_more_than_the_line_has_is_refused() -> None:
    give("A2", "commitment")
    commit(HOME.original_pence - 5)
    with pytest.raises(OverBudget, match="has 5 p available and 6 p are asked for"):
        commit(6, "C2", supplier="Other Ltd")
    commit(5, "C2", supplier="Other Ltd")


def test_the_year_of_a_line_and_the_supplier_of_a_commitment() -> None:
    give("A2", "commitment")
    services.set_budget_line(ALLOCATE, replace(HOME, code="next", year="2027/28"), decision=DECISION)
    with pytest.raises(RuleError, match="is of 2027/28"):
        commit(budget_line="next")
    for blank in ({"supplier": " "}, {"purpose": ""}):
        with pytest.raises(RuleError, match="names its supplier"):
            commit(**blank)
    commit()
    with pytest.raises(RuleError, match="says something else"):
        commit(supplier="Other Ltd")


def test_what_is_left_at_the_end_of_the_year_rolls_over_or_lapses() -> None:
    after = replace(POT, code="TWO", valid_to=date(2028, 4, 1))
    services.make_fund(ALLOCATE, after)
    services.set_budget_line(ALLOCATE, replace(HOME, code="this", fund="TWO"), decision=DECISION)
    services.set_budget_line(ALLOCATE, replace(HOME, code="next", fund="TWO", year="2027/28"), decision=DECISION)
    give("A2", "commitment")
    give("A3", "commitment", valid_from=date(2027, 4, 1), valid_to=date(2028, 4, 1))
    commit(100, budget_line="this")
    spending.invoice(POST, "C1", 60, key="I1", on=MAY)
    rolled: dict[str, Any] = {"to_line": "next", "year": "2027/28", "reason": "the works go on"}
    with pytest.raises(NoAuthority, match="ended on 2027-04-01"), transaction.atomic():
        spending.roll_over(POST, "C1", authority_id="A2", **rolled)
    assert commitment_standing("C1").open == 40
    spending.roll_over(POST, "C1", authority_id="A3", **rolled)
    assert (commitment_standing("C1").state, commitment_standing("C1 2027/28").open) == ("released", 40)
    assert (availability("this").available, availability("next").committed) == (HOME.original_pence - 60, 40)
    assert models.Commitment.objects.get(pk="C1 2027/28").rolled_from_id == "C1"
    spending.release(POST, "C1 2027/28", key="L", on=date(2027, 5, 1), reason="it lapses after all")
    assert (commitment_standing("C1 2027/28").state, left_of("A3")) == ("released", 2_000 * MILLION)


# --- virements, contributions, calls -------------------------------------------------------------------------------


def test_a_virement_moves_under_an_authority() -> None:
    give("A2", "virement", limit_pence=600)
    asked: dict[str, Any] = {"authority_id": "A2", "on": MAY, "reason": "a hard winter", "key": "V1"}
    for _ in range(2):  # the same key twice is one
        virement(ALLOCATE, {"home": 500, "beds": -500}, **asked)
    assert (availability("home").current - HOME.original_pence, availability("beds").virements) == (500, -500)
    assert availability("home", APRIL).virements == 0
    assert left_of("A2") == 100
    refused: list[tuple[dict[str, int], dict[str, Any], type[Exception]]] = [
        ({"home": 5, "beds": -5}, {}, RuleError),  # the key is taken by another
        ({"home": 101, "beds": -101}, {"key": "V2"}, OverAuthority),
        ({"home": 5, "beds": -4}, {"key": "V2"}, VirementImbalance),
        ({"home": 5, "beds": -5}, {"key": "V2", "on": date(2027, 4, 1)}, RuleError),
        ({"home": 5 * MILLION, "beds": -5 * MILLION}, {"key": "V2", "authority_id": "A1"}, OverBudget),
    ]
    for moves, more, error in refused:
        with pytest.raises(error), transaction.atomic():
            virement(ALLOCATE, moves, **asked | more)
    services.close_period(POST, "POT", MAY + timedelta(days=1), "May begins on the second")
    with pytest.raises(PeriodClosed), transaction.atomic():
        virement(ALLOCATE, {"home": 1, "beds": -1}, **asked | {"key": "V2"})
    assert models.Virement.objects.count() == 1


def test_a_ring_fence_holds() -> None:
    services.set_budget_line(ALLOCATE, replace(BEDS, code="mind", ring_fence="mental health"), decision=DECISION)
    with pytest.raises(RingFence):
        virement(ALLOCATE, {"mind": -5, "beds": 5}, authority_id="A1", on=MAY, reason="winter", key="V")


def test_a_call_under_the_risk_share_is_all_or_nothing() -> None:
    calls = risk_share(1_000, [Layer(None, {"QM7": 65, "E10000015": 35})])  # type: ignore[dict-item]
    give("A2", "risk_share", limit_pence=999)
    with pytest.raises(OverAuthority), transaction.atomic():
        services.call_risk_share(ALLOCATE, "POT", calls, authority_id="A2", on=MAY, key="K", reason="overspent")
    give("A3", "risk_share", limit_pence=1_000)
    rows = services.call_risk_share(ALLOCATE, "POT", calls, authority_id="A3", on=MAY, key="K", reason="overspent")
    assert {row.transaction.party: row.transaction.lines[0].amount_pence for row in rows} == calls
    assert trial_balance("POT", effective_to=MAY, known_at=now().known_at)["4100"] == -1_000


def test_aligned_money_lies_with_each_partner() -> None:
    services.make_fund(ALLOCATE, replace(POT, code="SIDE", kind="aligned", agreement=""))
    contribute("QM7", "nhs", 5, "S1", fund="SIDE")
    contribute("E10000015", "la", 7, "S2", fund="SIDE")
    bodies = dict(models.Line.objects.filter(fund="SIDE", account="1100").values_list("body", "amount_pence"))
    assert bodies == {"QM7": 5, "E10000015": 7}
    for code, body in (("s1", "QM7"), ("s2", "E10000015")):
        services.set_budget_line(ALLOCATE, replace(HOME, code=code, body=body, fund="SIDE"), decision=DECISION)
    with pytest.raises(AlignedMoney):
        virement(ALLOCATE, {"s1": -5, "s2": 5}, authority_id="A1", on=MAY, reason="winter", key="V")


def test_a_fund_and_a_line_stay_as_they_were_set() -> None:
    services.make_fund(ALLOCATE, POT)
    services.set_budget_line(ALLOCATE, HOME, decision=DECISION)
    with pytest.raises(RuleError, match="it is another"):
        services.make_fund(ALLOCATE, replace(POT, name="Another"))
    with pytest.raises(RuleError, match="a virement changes what it has"):
        services.set_budget_line(ALLOCATE, replace(HOME, original_pence=1), decision=DECISION)
    with pytest.raises(RuleError, match="reference of the decision"):
        services.set_budget_line(ALLOCATE, replace(HOME, code="x"), decision=" ")
    with pytest.raises(RuleError, match="books of its host"):
        services.set_budget_line(ALLOCATE, replace(HOME, code="x", body="RQW"), decision=DECISION)
    with pytest.raises(NoAgreement):
        replace(POT, agreement="")


# --- trial balances ------------------------------------------------------------------------------------------------

APRIL_TB = (
    "Account,Name,Debit,Credit\n100,Bank,9000000.00,\n110,Debtors,1000000.00,\n400,Income,,10000000.00\n"
    "500,Home care,,0.00\n900,Own staff,77.00,\n901,Own bank,,77.00\n"
)
CHART = [
    PartnerAccount("100", "1000", "POT"), PartnerAccount("110", "1100", "POT"), PartnerAccount("400", "4000", "POT"),
    PartnerAccount("500", "5000", "POT", "home"),
]  # fmt: skip


def take(text: str, month: date = APRIL, **more: Any) -> Any:
    return import_trial_balance(POST, "QM7", month, "april.csv", text.encode(), **more)


def test_a_trial_balance_is_kept_and_agrees_to_the_penny() -> None:
    assert name_accounts(POST, "QM7", CHART) == 4
    assert name_accounts(POST, "QM7", CHART) == 0
    taken = take(APRIL_TB)
    assert (taken.accounts, taken.reconciliation.agrees, taken.reconciliation.outside) == (6, True, ("900", "901"))
    assert models.TrialBalanceLine.objects.count() == 6
    assert take(APRIL_TB).number == taken.number  # the same bytes again change nothing
    # Posted later, effective in April: the same month no longer agrees, by the line and the penny.
    give("A2", "commitment")
    commit(100, on=APRIL)
    spending.invoice(POST, "C1", 60, key="I1", on=APRIL)
    assert reconciliation("QM7", APRIL).differences == (
        Difference("2000", "POT", "", 0, -60, ()),
        Difference("5000", "POT", "home", 0, 60, ("500",)),
    )
    with pytest.raises(NotFound, match="May 2026"):
        reconciliation("QM7", MAY)


def test_nothing_is_kept_of_one_that_does_not_balance_or_cannot_be_read() -> None:
    name_accounts(POST, "QM7", CHART)
    unbalanced, formula = APRIL_TB.replace("77.00,\n", "77.01,\n"), APRIL_TB.replace("9000000.00", "=A1")
    for wrong, error in ((unbalanced, Unbalanced), (formula, TrialBalanceError)):
        with pytest.raises(error):
            take(wrong)
    assert not models.TrialBalance.objects.exists()
    assert not models.TrialBalanceLine.objects.exists()


def test_a_month_twice_takes_the_place_of_the_other_only_with_a_reason() -> None:
    name_accounts(POST, "QM7", CHART)
    first = take(APRIL_TB)
    better = APRIL_TB.replace("9000000.00", "8999999.99").replace("1000000.00,\n4", "1000000.01,\n4")
    with pytest.raises(RuleError, match="QM7 for April 2026 is here already"):
        take(better)
    second = take(better, replace_because="a late journal")
    assert [one.difference for one in second.reconciliation.differences] == [-1, 1]
    kept = models.TrialBalance.objects.get(pk=second.number)
    assert (kept.replaces_id, kept.reason) == (first.number, "a late journal")


def test_an_account_can_be_named_anew() -> None:
    name_accounts(POST, "QM7", CHART)
    assert name_accounts(POST, "QM7", [PartnerAccount("500", "5000", "POT", "beds")]) == 1
    assert {one.partner_account: one.budget_line for one in accounts_of("QM7")}["500"] == "beds"
    with pytest.raises(NotFound, match="no budget line"):
        name_accounts(POST, "QM7", [PartnerAccount("500", "5000", "POT", "nowhere")])
