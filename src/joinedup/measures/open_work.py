"""What a body has open among the figures, for the check before it closes (rule: governance C3).

The series of measures that are told under its code and have no other area to go on in; and releases that are asked
for, about areas of its code or made for it, and not settled. Definitions of measures are nobody's own: they are files.
"""

from __future__ import annotations

from datetime import date

from joinedup.errors import JoinedupError
from joinedup.measures.models import Release
from joinedup.measures.releases.steps import state_of
from joinedup.measures.results import open_results
from joinedup.system import codes_answered_for

Work = dict[str, str]


def open_work(body: str, on: date) -> list[Work]:
    """Answer the series and the unsettled releases of a body, by its code, key or uuid.

    Dicts of kind, id, title, owner, link and, for series, count: as many as there are measures.
    """
    codes = codes_answered_for(body)
    return [*_series(codes), *_releases(codes)]


def _series(codes: frozenset[str]) -> list[Work]:
    try:
        results = open_results()
    except JoinedupError:  # No figures were made, or nobody can read them: then none goes on under an old code.
        return []
    return [
        {
            "kind": "measure series", "id": area.code, "title": area.name, "owner": area.code,
            "link": f"/measures/areas/{area.code}/", "count": str(len(results.measures)),
        }
        for area in results.areas()
        if area.code in codes and not area.became
    ]  # fmt: skip


def _releases(codes: frozenset[str]) -> list[Work]:
    rows = Release.objects.prefetch_related("steps").order_by("pk")
    return [
        {
            "kind": "release", "id": str(row.pk), "title": row.title, "owner": row.asked_by,
            "link": f"/measures/releases/{row.pk}/",
        }
        for row in rows
        if (row.recipient in codes or codes.intersection(row.definition.get("areas", ())))
        and state_of(step.step for step in sorted(row.steps.all(), key=lambda one: one.pk)) in {"waiting", "approved"}
    ]  # fmt: skip
