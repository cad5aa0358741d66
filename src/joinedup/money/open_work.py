"""What a body has open in the pot, for the check before it closes (rule: governance C3).

Contracts that have not ended, promised money that was not all invoiced or released, authorities in its favour, budget
lines and funds that it hosts.
"""

from __future__ import annotations

from datetime import date

from django.db.models import Q, Sum

from joinedup.money import models
from joinedup.money.contracts.contract import read_contract
from joinedup.money.ledger.double_entry import COMMITTED
from joinedup.planning import year_days

Work = dict[str, str]


def open_work(body: str, on: date) -> list[Work]:
    """Answer what a body, by its code in the books, has open on a day: dicts of kind, id, title, owner and link."""
    return [*_contracts(body, on), *_commitments(body), *_authorities(body, on), *_funds(body, on), *_lines(body, on)]


def _work(kind: str, id_: str, title: str, owner: str, link: str) -> Work:
    return {"kind": kind, "id": id_, "title": title, "owner": owner, "link": link}


def _contracts(body: str, on: date) -> list[Work]:
    rows = models.ContractVersion.objects.filter(
        Q(contract__commissioner=body) | Q(contract__provider=body)
    ).select_related("contract")
    newest: dict[str, models.ContractVersion] = {row.contract_id: row for row in rows.order_by("contract", "number")}
    ended = set(
        models.ContractEntry.objects.filter(contract__in=newest, what="ended", on__lte=on).values_list(
            "contract", flat=True
        )
    )
    return [
        _work("contract", code, contract.title, body, f"/money/contracts/{code}/")
        for code, row in newest.items()
        if code not in ended and (contract := read_contract(row.body)).ends > on
    ]


def _commitments(body: str) -> list[Work]:
    # What stands on the account of commitments is what was neither invoiced nor released (rule MB6).
    still = Sum("transactions__lines__amount_pence", filter=Q(transactions__lines__account=COMMITTED))
    rows = models.Commitment.objects.filter(Q(budget_line__body=body) | Q(supplier=body)).annotate(open=still)
    return [
        _work("commitment of money", row.code, row.purpose, body, f"/money/commitments/{row.code}/")
        for row in rows.filter(open__gt=0).order_by("pk")
    ]


def _authorities(body: str, on: date) -> list[Work]:
    rows = models.Authority.objects.filter(Q(party=body) | Q(given_by=body), valid_to__gt=on).exclude(
        ends__ends_on__lte=on
    )
    return [
        _work("authority", row.id, row.reference, body, f"/money/authorities/{row.id}/") for row in rows.order_by("pk")
    ]


def _funds(body: str, on: date) -> list[Work]:
    rows = models.Fund.objects.filter(host=body, valid_to__gt=on).order_by("pk")
    return [_work("fund", row.code, row.name, body, f"/money/funds/{row.code}/") for row in rows]


def _lines(body: str, on: date) -> list[Work]:
    rows = models.BudgetLine.objects.filter(body=body).order_by("pk")
    return [
        _work("budget line", row.code, row.name, body, f"/money/lines/{row.code}/")
        for row in rows
        if year_days(row.year)[1] > on
    ]
