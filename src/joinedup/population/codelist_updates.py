"""What a new version of a code list does: codes added and removed, people gained and lost (rules: population PC4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from joinedup.population.codelists import Codelist, Difference
from joinedup.population.facts import recorded_codes
from joinedup.population.snapshot import Snapshot

CODED = ("pop_condition", "pop_observation", "pop_procedure", "pop_medication", "pop_immunisation")


@dataclass(frozen=True)
class Update:
    """An update of a list on one snapshot. People are raw counts: controlled, not for showing."""

    codes: Difference
    gained: int
    lost: int


def update(snapshot: Snapshot, before: Codelist, after: Codelist) -> Update:
    """Answer what changes when `after` takes the place of `before`: whoever has any code of the one or the other."""
    old, new = _people(snapshot, before), _people(snapshot, after)
    gained = new.anti_join(old, "person").count().execute()
    lost = old.anti_join(new, "person").count().execute()
    return Update(after.compared_with(before), int(gained), int(lost))


def _people(snapshot: Snapshot, wanted: Codelist) -> Any:
    import ibis

    codes = sorted(set(recorded_codes(wanted)))
    systems = sorted({system for system, _ in codes})
    tables = []
    for name in CODED:
        rows = snapshot.table(name)
        plain = rows.code.replace(".", "").upper().substr(0, 4)
        for system in systems:
            recorded = plain if system == "icd10" else rows.code.replace(".", "") if system == "opcs4" else rows.code
            of_system = [code for other, code in codes if other == system]
            tables.append(rows.filter((rows.system == system) & recorded.isin(of_system)).select("person"))
    return ibis.union(*tables).distinct()
