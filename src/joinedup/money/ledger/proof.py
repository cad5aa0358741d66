"""Proving the tables of the ledger against the texts that were sealed (rule MB14).

The chain proves that no text was changed. Balances are read from columns and lines, and these are proved here: each
must be what its text says. `joinedup.access.verify("ledger")` asks both (settings.LOG_PROOFS).
"""

from __future__ import annotations

import json
from datetime import datetime

from django.db import connection

from joinedup.money import models
from joinedup.money.ledger.double_entry import read_sealed

# What a text says of a transaction, and where the tables keep it.
_COLUMNS = {
    "txn": "t.key",
    "kind": "t.kind",
    "effective": "t.effective_on::text",
    "authority": "coalesce(t.authority_id, '')",
    "commitment": "coalesce(t.commitment_id, '')",
    "party": "t.party",
    "purpose": "t.purpose",
    "plan_line": "t.plan_line",
    "description": "t.description",
    "reverses": "coalesce(undone.key, '')",
}
_DIFFER = " OR ".join(f"coalesce(s.said ->> '{name}', '') <> {column}" for name, column in _COLUMNS.items())
_CHANGED = f"""
SELECT t.id FROM money_transaction t
  CROSS JOIN LATERAL (SELECT t.body::jsonb AS said) s
  LEFT JOIN money_transaction undone ON undone.id = t.reverses_id
  LEFT JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_array(l.account, l.body, l.fund_id, coalesce(l.budget_line_id, ''), l.amount_pence)
                     ORDER BY l.number) AS lines,
           bool_and(l.effective_on = t.effective_on AND l.recorded_at = t.recorded_at) AS times
      FROM money_line l WHERE l.transaction_id = t.id
  ) kept ON true
 WHERE kept.lines IS DISTINCT FROM s.said -> 'lines' OR NOT kept.times
    OR (s.said ->> 'recorded')::timestamptz <> t.recorded_at OR {_DIFFER}
 ORDER BY t.id
"""  # noqa: S608  # nosec B608 - names of this file only
MOST_SAID = 1_000  # transactions of which a proof says what differs; the rest are counted


def verify_ledger() -> list[str]:
    """Answer the keys of transactions whose kept lines, times or words are not what their sealed text says."""
    kept = models.Transaction.objects.in_bulk(_changed())
    return [kept[number].key for number in sorted(kept)]


def prove_ledger() -> list[tuple[int | None, str]]:
    """Answer each difference between tables and sealed texts: the number of the transaction, and what differs.

    It names transactions, lines and columns, never the sums.
    """
    numbers = _changed()
    kept = models.Transaction.objects.select_related("reverses").prefetch_related("lines").in_bulk(numbers[:MOST_SAID])
    found: list[tuple[int | None, str]] = [
        (number, f"transaction {number} ({kept[number].key}): {says}")
        for number in sorted(kept)
        for says in _differences(kept[number])
    ]
    if len(numbers) > MOST_SAID:
        found.append((None, f"and {len(numbers) - MOST_SAID:,} transactions more"))
    return found


def _changed() -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(_CHANGED)
        return [number for (number,) in cursor.fetchall()]


def _differences(kept: models.Transaction) -> list[str]:
    said = json.loads(kept.body)
    sealed = read_sealed(kept.body)
    here = {
        "key": (kept.key, sealed.key),
        "kind": (kept.kind, sealed.kind),
        "effective_on": (kept.effective_on, sealed.effective_on),
        "recorded_at": (kept.recorded_at, datetime.fromisoformat(said["recorded"])),
        "authority": (kept.authority_id or "", said["authority"]),
        "commitment": (kept.commitment_id or "", sealed.commitment),
        "party": (kept.party, sealed.party),
        "purpose": (kept.purpose, sealed.purpose),
        "plan_line": (kept.plan_line, sealed.plan_line),
        "description": (kept.description, sealed.description),
        "reverses": (kept.reverses.key if kept.reverses else "", sealed.reverses),
    }
    told = [f"its {name} is not what was sealed" for name, (now, then) in here.items() if now != then]
    lines = {line.number: line for line in kept.lines.all()}
    for number, line in enumerate(sealed.lines, start=1):
        row = lines.pop(number, None)
        if row is None:
            told.append(f"line {number} is gone")
            continue
        values = (row.account, row.body, row.fund_id, row.budget_line_id or "", row.amount_pence)
        if values != (line.account, line.body, line.fund, line.budget_line, line.amount_pence):
            told.append(f"line {number} is not what was sealed")
        if (row.effective_on, row.recorded_at) != (kept.effective_on, kept.recorded_at):
            told.append(f"line {number} bears other times than its transaction")
    told += [f"line {number} was put in" for number in sorted(lines)]
    return told or ["its lines or columns are not what was sealed"]
