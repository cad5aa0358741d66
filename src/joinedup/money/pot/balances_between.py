"""What bodies of a system say of each other's money month by month, as they agree balances (rule MB12).

A file of month, payer, payee, payer_says_pence, payee_says_pence: a blank figure is that nobody said one, which is not
0. Of one body, pair and month the newest counts. What a body says here stands in the place of what the accounts of its
trial balance say of the same pair.
"""

from __future__ import annotations

import csv
import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Final

from django.db import transaction

from joinedup.access import record
from joinedup.errors import FileError
from joinedup.money import models
from joinedup.money.ledger.posting import must_be_theirs

if TYPE_CHECKING:
    from joinedup.access import Grant

POST: Final = "money.post"
COLUMNS: Final = ("month", "payer", "payee", "payer_says_pence", "payee_says_pence")


@dataclass(frozen=True, slots=True)
class Said:
    """What one body says of a pair in a month, in pence; `month` is its first day, `body` the payer or the payee."""

    body: str
    month: date
    payer: str
    payee: str
    pence: int


def read_balances_between(name: str, content: bytes) -> list[Said]:
    """Read the file; FileError names the first row that cannot be."""
    try:
        rows = list(csv.DictReader(content.decode("utf-8-sig").splitlines()))
    except (UnicodeDecodeError, csv.Error):
        raise FileError(name, "the file cannot be read", "Give a CSV file, UTF-8.") from None
    found: dict[tuple[str, date, str, str], Said] = {}
    for number, row in enumerate(rows, start=2):
        cells = {column: (row.get(column) or "").strip() for column in COLUMNS}
        for column in COLUMNS[:3]:
            if not cells[column]:
                raise FileError(name, f"expected {', '.join(COLUMNS)}", "Add it.", line=number, field=column)
        try:
            month = date.fromisoformat(f"{cells['month']}-01")
        except ValueError:
            raise FileError(
                name, "expected a month such as 2026-04", "Write it so.", line=number, field="month"
            ) from None
        if cells["payer"] == cells["payee"]:
            raise FileError(name, "a body would pay itself", "Name two.", line=number, field="payee")
        for who in ("payer", "payee"):
            column = f"{who}_says_pence"
            if not cells[column]:
                continue
            if not cells[column].removeprefix("-").isdecimal():
                raise FileError(name, "expected whole pence", "Write 1234, not £12.34.", line=number, field=column)
            key = (cells[who], month, cells["payer"], cells["payee"])
            if key in found:
                raise FileError(name, "the pair is there twice in this month", "Leave one.", line=number, field="payer")
            found[key] = Said(*key, int(cells[column]))
    if not found:
        raise FileError(name, "expected at least one figure", f"Its columns are {', '.join(COLUMNS)}.")
    return list(found.values())


def import_balances_between(grant: Grant, name: str, content: bytes) -> int:
    """Keep what bodies say of each other; answers how many figures are new. The same again changes nothing."""
    grant.must_be_for(POST)
    said = read_balances_between(name, content)
    must_be_theirs(grant, sorted({one.body for one in said}))
    with transaction.atomic():
        known = {(one.body, one.month, one.payer, one.payee): one for one in said_between({one.month for one in said})}
        new = [one for one in said if known.get((one.body, one.month, one.payer, one.payee)) != one]
        digest, at = hashlib.sha256(content).hexdigest(), datetime.now(UTC)
        models.SaidBetween.objects.bulk_create(
            models.SaidBetween(
                body=one.body, month=one.month, payer=one.payer, payee=one.payee, pence=one.pence, file=name,
                digest=digest, by=grant.actor_id, at=at,
            )
            for one in new
        )  # fmt: skip
        if new:
            details = {"file": name, "digest": digest, "figures": len(new)}
            record(grant, "money.import-balances-between", "balances-between", details=details)
    return len(new)


def said_between(months: set[date]) -> list[Said]:
    """Answer what was last said of each pair in these months, by each of the two."""
    rows = models.SaidBetween.objects.filter(month__in=months).order_by("month", "body", "payer", "payee", "-pk")
    return [
        Said(one.body, one.month, one.payer, one.payee, one.pence)
        for one in rows.distinct("month", "body", "payer", "payee")
    ]
