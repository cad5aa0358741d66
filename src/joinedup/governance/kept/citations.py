"""What a paper cites by id, shown as it was known at an instant: decisions, plan lines, measures.

A citation is kept with what it said when its version was submitted, so that the paper reads the same for ever; its id
leads to what it says now.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from joinedup.errors import NotFound, RuleError, did_you_mean
from joinedup.governance import models
from joinedup.measures import definition_of
from joinedup.planning import plan_line

KINDS: Final = ("decision", "plan_line", "measure")


def cited(cites: Iterable[tuple[str, str]], known_at: datetime) -> list[dict[str, Any]]:
    """Answer each cited thing (kind, id) with what it said as known at an instant; NotFound for what was not there."""
    return [{"kind": kind, "id": id_} | _said(kind, id_, known_at)
            for kind, id_ in cites]  # fmt: skip


def _said(kind: str, id_: str, known_at: datetime) -> dict[str, Any]:
    if kind == "decision":
        found = models.Decision.objects.filter(pk=id_, at__lte=known_at).first()
        if found is None:
            keys = models.Decision.objects.values_list("pk", flat=True)
            raise NotFound(f"No decision '{id_}' was known then.{did_you_mean(id_, keys)}")
        return {"outcome": found.outcome, "pence": found.amount_pence, "decided_at": found.decided_at.isoformat()}
    if kind == "plan_line":
        line = plan_line(id_, known_at=known_at)
        if line is None:
            raise NotFound(f"No plan that stood then has the line '{id_}'. Copy its key from the plan's page.")
        return {"value": str(line.line.value), "unit": line.line.unit, "version": line.number, "state": line.state}
    if kind == "measure":
        definition = definition_of(id_)
        return {"title": definition.title, "unit": definition.unit}
    raise RuleError(f"B8: '{kind}' is nothing a paper cites; expected {', '.join(KINDS)}.{did_you_mean(kind, KINDS)}")
