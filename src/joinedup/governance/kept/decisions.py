"""Decisions as kept: the model of a day, who adopted, what stands, and the money it freed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from joinedup.errors import NotFound, did_you_mean
from joinedup.governance import models
from joinedup.governance.boards.governance_models import GovernanceModel, ModelChoice, model_named, model_on
from joinedup.governance.kept.registers import believed
from joinedup.governance.meetings.adoption import AdoptionResult, Position, adoption_outcome
from joinedup.governance.meetings.quorum import Quorum
from joinedup.moment import LONDON, Moment

CARRIED = ("carried", "carried_for_adopters")


def decision_of(reference: str) -> models.Decision:
    """Answer a decision by its reference; NotFound, with the nearest, for none."""
    found = models.Decision.objects.select_related("board", "item__meeting").filter(pk=reference).first()
    if found is None:
        keys = models.Decision.objects.values_list("pk", flat=True)
        raise NotFound(f"There is no decision '{reference}'.{did_you_mean(reference, keys)}")
    return found


def day_decided(decision: models.Decision) -> date:
    """Answer the day of a decision in London."""
    return decision.decided_at.astimezone(LONDON).date()


def model_of_system(system: str, moment: Moment) -> GovernanceModel:
    """Answer the governance model of a system on a day, by what was known then; NoModel for none (G1)."""
    choices = [
        ModelChoice(system, line.model, line.valid.lower, line.valid.upper)
        for line in believed(models.ModelInForce, moment.known_at, system=system)
    ]
    return model_named(model_on(choices, system, moment.valid_on))


def must_be_adopted(model: GovernanceModel, board: models.Board) -> bool:
    """Answer whether members of a joint committee adopt its decisions; a committee of one body binds that body."""
    return model.adoption_required and bool(board.joint_of)


def positions_of(decision: models.Decision, known_at: datetime) -> list[Position]:
    """Answer what members said to a decision, by what was known at an instant, in the order in which it was said."""
    rows = decision.adoptions.filter(at__lte=known_at).order_by("pk")
    return [Position(row.body, row.status, row.on, row.duty, row.condition_met_on) for row in rows]


def adoption_of(decision: models.Decision, moment: Moment) -> AdoptionResult | None:
    """Answer whom a decision binds by the end of a day; None where nobody has to adopt it.

    It is read under the model under which it was taken, for ever (G1).
    """
    model = model_named(decision.model)
    if decision.outcome is not None or not must_be_adopted(model, decision.board):
        return None
    return adoption_outcome(
        model, decision.board.joint_of, positions_of(decision, moment.known_at), decided_on=day_decided(decision),
        today=max(moment.valid_on, day_decided(decision)), is_quorate=True,
    )  # fmt: skip


def outcome_of(decision: models.Decision, moment: Moment) -> str | None:
    """Answer the outcome of a decision by the end of a day; None while members may still adopt it."""
    adopted = adoption_of(decision, moment)
    return decision.outcome if adopted is None else adopted.outcome


def quorum_kept(quorum: Quorum, **more: Any) -> dict[str, Any]:
    """Answer the quorum of an item in the form in which a decision keeps it."""
    kept = {name: list(one) if isinstance(one, tuple) else one for name, one in asdict(quorum).items()}
    return kept | {"at": quorum.at.isoformat(), "is_quorate": quorum.is_quorate, "says": quorum.says} | more


def quorum_of_kept(kept: Mapping[str, Any]) -> Quorum:
    """Answer the quorum that a decision keeps."""
    return Quorum(
        datetime.fromisoformat(kept["at"]), kept["count"], kept["need"], kept["base"],
        tuple(kept["missing_categories"]), tuple(kept["counted"]), tuple(kept["present"]), tuple(kept["excluded"]),
        kept["conflicted"],
    )  # fmt: skip
