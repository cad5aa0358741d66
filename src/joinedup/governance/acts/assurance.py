"""The acts about risks, their controls, assurances and end, about how much risk is borne, and about commitments."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from django.db import transaction

from joinedup.access import record
from joinedup.errors import NotFound, RuleError, did_you_mean
from joinedup.governance import models
from joinedup.governance.assurance import commitments, framework as assurance
from joinedup.governance.assurance.appetite import check_appetite
from joinedup.governance.assurance.risks import RiskIsClosed, RiskScores, check_closing, check_scores, review_by
from joinedup.governance.kept.assurance import as_commitment, as_scores, evidence_of
from joinedup.governance.kept.boards import board_of
from joinedup.governance.kept.decisions import decision_of
from joinedup.governance.kept.registers import grown, known_from, lock, open_days, said, state
from joinedup.moment import LONDON
from joinedup.system import checked_name

if TYPE_CHECKING:
    from joinedup.access import Grant

ASSURE = "governance.assure"


def set_objective(
    grant: Grant,
    board: str,
    key: str,
    title: str,
    *,
    since: date,
    no_risk_because: str = "",
    known_at: datetime | None = None,
) -> None:
    """Write an objective of a board's assurance framework, or say otherwise of it from a day on."""
    grant.must_be_for(ASSURE)
    with transaction.atomic():
        lock(f"board {board}")
        at = known_from(grant, known_at)
        about = {"board": board_of(board), "key": key}
        says = {"title": checked_name(title), "no_risk_because": no_risk_because.strip()}
        if state(models.Objective, about, says, open_days(since), grant, at, "set"):
            record(grant, "governance.set-objective", f"objective:{board}/{key}", details={"since": str(since)})


def record_risk(
    grant: Grant,
    board: str,
    key: str,
    *,
    objective: str,
    cause: str,
    event: str,
    effect: str,
    owner: str,
    scores: RiskScores,
    part_of: str = "",
    known_at: datetime | None = None,
) -> None:
    """Enter a risk with its first scores; `part_of` is the system's risk that a partner's is part of (K4)."""
    grant.must_be_for(ASSURE)
    check_scores(scores)
    with transaction.atomic():
        lock(f"risk {key}")
        at = known_from(grant, known_at)
        if models.Risk.objects.filter(pk=key).exists():
            raise RuleError(f"K1: there is a risk '{key}' already; score it again instead.")
        if not models.Objective.objects.filter(board=board, key=objective).exists():
            raise NotFound(f"K5: {board} has no objective '{objective}' in its assurance framework.")
        risk = models.Risk.objects.create(
            key=key, board=board_of(board), objective=objective, cause=said(cause, "K1: a risk (its cause)"),
            event=said(event, "K1: a risk (its event)"), effect=said(effect, "K1: a risk (its effect)"),
            owner=said(owner, "K1: a risk (its owner)"), part_of=_risk(part_of) if part_of else None,
            **grown(grant, at),
        )  # fmt: skip
        _write_score(risk, scores, "entered", grant, at)
        record(grant, "governance.record-risk", f"risk:{key}", details={"current": scores.current.number})


def score_risk(grant: Grant, key: str, scores: RiskScores, *, reason: str, known_at: datetime | None = None) -> date:
    """Review a risk; answers by when it is reviewed again. A lower score needs an assurance since the last (K2)."""
    grant.must_be_for(ASSURE)
    why = said(reason, "K2: a review")
    with transaction.atomic():
        lock(f"risk {key}")
        at = known_from(grant, known_at)
        risk = _open_risk(key)
        last = risk.scores.order_by("pk").last()
        if last is not None and scores.scored_on < last.scored_on:
            raise RuleError(f"K4: this risk was reviewed on {last.scored_on}; a review of {scores.scored_on} is older.")
        assured = models.RiskAssurance.objects.filter(control__risk=risk).values_list("assured_on", flat=True)
        check_scores(scores, previous=as_scores(last) if last else None, assured_on=assured)
        due = _write_score(risk, scores, why, grant, at)
        record(grant, "governance.score-risk", f"risk:{key}", details={"current": scores.current.number})
    return due


def add_control(grant: Grant, risk: str, text: str, *, known_at: datetime | None = None) -> int:
    """Write down what is done against a risk; answers the control's number."""
    grant.must_be_for(ASSURE)
    with transaction.atomic():
        at = known_from(grant, known_at)
        control = models.RiskControl.objects.create(
            risk=_open_risk(risk), text=said(text, "K2: a control"), **grown(grant, at)
        )
        record(grant, "governance.add-control", f"risk:{risk}", details={"control": control.pk})
    return int(control.pk)


def assure(grant: Grant, control: int, line: int, result: str, *, on: date, known_at: datetime | None = None) -> None:
    """Write down evidence that a control works, from line 1 (management), 2 (oversight) or 3 (independent)."""
    grant.must_be_for(ASSURE)
    assurance.Assurance(line, result, on)
    with transaction.atomic():
        at = known_from(grant, known_at)
        kept = models.RiskControl.objects.filter(pk=control).first()
        if kept is None:
            raise NotFound(f"There is no control {control} of a risk.")
        _open_risk(kept.risk_id)
        if on > at.astimezone(LONDON).date():
            raise RuleError(f"K5: an assurance of {on} is still to come.")
        models.RiskAssurance.objects.create(
            control=kept, line=line, result=said(result, "K5: an assurance"), assured_on=on, **grown(grant, at)
        )
        record(grant, "governance.assure", f"risk:{kept.risk_id}", details={"control": control, "line": line})


def close_risk(
    grant: Grant, key: str, *, on: date, closed_by: str, reason: str, known_at: datetime | None = None
) -> None:
    """Close a risk from a day on: who decided it, and why. It is kept and shown apart; one that comes back is new."""
    grant.must_be_for(ASSURE)
    why = said(reason, "K4: the end of a risk")
    who = said(closed_by, "K4: the end of a risk (who decided it)")
    with transaction.atomic():
        lock(f"risk {key}")
        at = known_from(grant, known_at)
        risk = _open_risk(key)
        last = risk.scores.order_by("pk").last()
        check_closing(on, last.scored_on if last else on, at.astimezone(LONDON).date())
        models.RiskClosed.objects.create(risk=risk, closed_on=on, closed_by=who, reason=why, **grown(grant, at))
        record(grant, "governance.close-risk", f"risk:{key}", details={"on": str(on)})


def set_appetite(
    grant: Grant,
    board: str,
    most: int,
    *,
    since: date,
    objective: str = "",
    reason: str,
    known_at: datetime | None = None,
) -> None:
    """Say the highest score of a risk that a board bears from a day on, for one objective or for all ("")."""
    grant.must_be_for(ASSURE)
    check_appetite(most)
    why = said(reason, "K1: how much risk is borne")
    with transaction.atomic():
        lock(f"board {board}")
        at = known_from(grant, known_at)
        about = {"board": board_of(board), "objective": objective}
        if objective and not models.Objective.objects.filter(board=board, key=objective).exists():
            raise NotFound(f"K5: {board} has no objective '{objective}' in its assurance framework.")
        if state(models.RiskAppetite, about, {"most": most}, open_days(since), grant, at, why):
            details = {"objective": objective, "most": most, "since": str(since)}
            record(grant, "governance.set-appetite", f"board:{board}", details=details)


def open_commitment(
    grant: Grant,
    board: str,
    key: str,
    *,
    text: str,
    owner: str,
    due_on: date,
    test: str,
    source: str = "",
    decision: str = "",
    known_at: datetime | None = None,
) -> None:
    """Open a commitment or action: from a decision, or from another source that is named."""
    grant.must_be_for(ASSURE)
    made = commitments.Commitment(key, source or decision, text, owner, due_on, test)
    with transaction.atomic():
        lock(f"commitment {key}")
        at = known_from(grant, known_at)
        if models.Commitment.objects.filter(pk=key).exists():
            raise RuleError(f"P5: there is a commitment '{key}' already.")
        models.Commitment.objects.create(
            key=key, board=board_of(board), decision=decision_of(decision) if decision else None, source=made.source,
            text=text, owner=owner, due_on=due_on, test=test, **grown(grant, at),
        )  # fmt: skip
        details = {"due_on": str(due_on), "decision": decision}
        record(grant, "governance.open-commitment", f"commitment:{key}", details=details)


def give_evidence(
    grant: Grant, commitment: str, text: str, *, dated: date, status: str, known_at: datetime | None = None
) -> None:
    """Show something for a commitment, and say what it becomes by that; EvidenceTooLate for met after its day (P5)."""
    grant.must_be_for(ASSURE)
    with transaction.atomic():
        lock(f"commitment {commitment}")
        at = known_from(grant, known_at)
        kept = _commitment(commitment)
        evidence = commitments.Evidence(text, dated, status, at.astimezone(LONDON).date())
        commitments.check_evidence(as_commitment(kept, at), evidence)
        models.CommitmentEvidence.objects.create(
            commitment=kept, text=text.strip(), dated=dated, status=status, **grown(grant, at)
        )
        record(grant, "governance.give-evidence", f"commitment:{commitment}", details={"status": status})


def move_commitment(
    grant: Grant, commitment: str, *, due_on: date, reason: str, known_at: datetime | None = None
) -> None:
    """Say that an open commitment is due on another day, and why. What was promised first stays, and is shown."""
    grant.must_be_for(ASSURE)
    why = said(reason, "P5: another day for a commitment")
    with transaction.atomic():
        lock(f"commitment {commitment}")
        at = known_from(grant, known_at)
        kept = _commitment(commitment)
        now_due = as_commitment(kept, at).due_on
        status = commitments.status_on(as_commitment(kept, at), evidence_of(kept, at), at.astimezone(LONDON).date())
        if status != "open":
            raise commitments.CommitmentError(f"P5: this commitment is {status}; the day of an open one is moved.")
        if due_on == now_due:
            raise commitments.CommitmentError(f"P5: this commitment is due on {due_on} already. Give another day.")
        models.CommitmentMoved.objects.create(commitment=kept, due_on=due_on, reason=why, **grown(grant, at))
        details = {"due_on": str(due_on), "before": str(now_due)}
        record(grant, "governance.move-commitment", f"commitment:{commitment}", details=details)


def _commitment(key: str) -> models.Commitment:
    found = models.Commitment.objects.filter(pk=key).first()
    if found is None:
        keys = models.Commitment.objects.values_list("pk", flat=True)
        raise NotFound(f"There is no commitment '{key}'.{did_you_mean(key, keys)}")
    return found


def _risk(key: str) -> models.Risk:
    found = models.Risk.objects.filter(pk=key).first()
    if found is None:
        keys = models.Risk.objects.values_list("pk", flat=True)
        raise NotFound(f"There is no risk '{key}'.{did_you_mean(key, keys)}")
    return found


def _open_risk(key: str) -> models.Risk:
    risk = _risk(key)
    closed = models.RiskClosed.objects.filter(risk=risk).first()
    if closed is not None:
        raise RiskIsClosed(f"K4: risk '{key}' was closed on {closed.closed_on}. Enter it anew if it came back.")
    return risk


def _write_score(risk: models.Risk, scores: RiskScores, reason: str, grant: Grant, at: datetime) -> date:
    due = review_by(scores.current, scores.scored_on)
    columns = {
        f"{name}_{what}": getattr(getattr(scores, name), what)
        for name in ("inherent", "current", "target")
        for what in ("likelihood", "consequence")
    }
    models.RiskScore.objects.create(
        risk=risk, scored_on=scores.scored_on, review_by=due, reason=reason, **columns, **grown(grant, at)
    )
    return due
