"""What a body has open in the population, for the check before it closes (rule: governance C3): worklists not closed.

A worklist belongs to the body in which whoever asked for it holds the role. Snapshots name areas by what each became,
so that none of them belongs to a body that closes.
"""

from __future__ import annotations

from datetime import date

from joinedup.population.worklists.models import Worklist
from joinedup.population.worklists.rules import state_of
from joinedup.system import id_of


def open_work(body: str, on: date) -> list[dict[str, str]]:
    """Answer the worklists of a body, by its code, key or uuid, that wait or are open: none of the people on them.

    Dicts of kind, id, title, owner and link. A worklist has no last day, so that `on` changes nothing.
    """
    found = id_of(body)
    if found is None:
        return []
    rows = Worklist.objects.filter(asked_body=found).prefetch_related("steps").order_by("pk")
    return [
        {
            "kind": "worklist", "id": str(row.pk), "title": row.title, "owner": row.asked_by,
            "link": "/population/worklists/queue/",
        }
        for row in rows
        if state_of(step.step for step in sorted(row.steps.all(), key=lambda one: one.pk)) in {"waiting", "approved"}
    ]  # fmt: skip
