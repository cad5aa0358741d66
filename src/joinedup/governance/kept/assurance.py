"""Risks and commitments as kept, as the rules take them."""

from __future__ import annotations

from datetime import date, datetime

from joinedup.governance import models
from joinedup.governance.assurance.commitments import Commitment, Evidence, overdue, status_on
from joinedup.governance.assurance.framework import Assurance, AssuranceGap, FramedRisk, assurance_gaps
from joinedup.governance.assurance.risks import RiskScores, Score
from joinedup.governance.kept.registers import visible
from joinedup.moment import LONDON, Moment


def as_scores(row: models.RiskScore) -> RiskScores:
    """Answer a review as the rules take it."""
    return RiskScores(
        Score(row.inherent_likelihood, row.inherent_consequence),
        Score(row.current_likelihood, row.current_consequence),
        Score(row.target_likelihood, row.target_consequence), row.scored_on,
    )  # fmt: skip


def as_commitment(row: models.Commitment, known_at: datetime | None = None) -> Commitment:
    """Answer a commitment as the rules take it: due on the day to which it was moved last, by what was known."""
    moves = moves_of(row, known_at)
    return Commitment(row.key, row.source, row.text, row.owner, moves[-1].due_on if moves else row.due_on, row.test)


def moves_of(row: models.Commitment, known_at: datetime | None = None) -> list[models.CommitmentMoved]:
    """Answer how often the day of a commitment was moved, in that order."""
    return sorted((one for one in row.moves.all() if known_at is None or one.at <= known_at), key=lambda one: one.pk)


def commitments_of(board: str, known_at: datetime) -> list[tuple[Commitment, list[Evidence]]]:
    """Answer the commitments of a board with what was shown for them, as known at an instant."""
    rows = models.Commitment.objects.filter(board=board, at__lte=known_at).prefetch_related("evidence", "moves")
    found = [(as_commitment(row, known_at), evidence_of(row, known_at)) for row in rows]
    return sorted(found, key=lambda one: (one[0].due_on, one[0].key))


def evidence_of(row: models.Commitment, known_at: datetime) -> list[Evidence]:
    """Answer what was shown for a commitment, as known at an instant; what was read ahead is not read again."""
    return [
        Evidence(one.text, one.dated, one.status, one.at.astimezone(LONDON).date())
        for one in sorted(row.evidence.all(), key=lambda one: one.pk)
        if one.at <= known_at
    ]


def overdue_of(board: str, moment: Moment) -> list[Commitment]:
    """Answer the commitments of a board that are overdue on a day: they reach its next agenda (P5)."""
    return overdue(commitments_of(board, moment.known_at), moment.valid_on)


def status_of(key: str, moment: Moment) -> str:
    """Answer how a commitment stands on a day, by what was known."""
    row = models.Commitment.objects.get(pk=key)
    return next(
        status_on(one, evidence, moment.valid_on)
        for one, evidence in commitments_of(row.board_id, moment.known_at)
        if one.key == key
    )


def framework_gaps(board: str, moment: Moment) -> list[AssuranceGap]:
    """Answer what the assurance framework of a board lacks on a day (K5)."""
    objectives = [(one.key, one.no_risk_because) for one in visible(models.Objective, moment, board=board)]
    return assurance_gaps(objectives, framed_risks(board, moment), moment.valid_on)


def framed_risks(board: str, moment: Moment) -> list[FramedRisk]:
    """Answer the open risks of a board with their last scores, controls and assurances, as known at an instant."""
    found = []
    known_at = moment.known_at
    for risk in open_risks(moment, board=board):
        last = newest_score(risk, moment)
        if last is None:
            continue
        controls = [one for one in sorted(risk.controls.all(), key=lambda one: one.pk) if one.at <= known_at]
        assured = [one for control in controls for one in control.assurances.all() if one.at <= known_at]
        found.append(
            FramedRisk(
                risk.key, risk.objective, as_scores(last).current, tuple(one.text for one in controls),
                tuple(
                    Assurance(one.line, one.result, one.assured_on)
                    for one in sorted(assured, key=lambda one: (one.assured_on, one.pk))
                ),
            )
        )  # fmt: skip
    return found


def open_risks(moment: Moment, *, board: str = "") -> list[models.Risk]:
    """Answer the risks, of one board or of all, that were entered and not closed by a day, as known at an instant."""
    rows = models.Risk.objects.filter(at__lte=moment.known_at).select_related("closed")
    if board:
        rows = rows.filter(board=board)
    rows = rows.prefetch_related("scores", "controls__assurances")
    return [row for row in rows.order_by("pk") if closing_of(row, moment) is None]


def closing_of(risk: models.Risk, moment: Moment) -> models.RiskClosed | None:
    """Answer the end of a risk by a day, as known at an instant; None while it is open."""
    closed: models.RiskClosed | None = getattr(risk, "closed", None)
    if closed is None or closed.at > moment.known_at or closed.closed_on > moment.valid_on:
        return None
    return closed


def newest_score(risk: models.Risk, moment: Moment) -> models.RiskScore | None:
    """Answer the last review of a risk by a day, as known at an instant; what was read ahead is not read again."""
    done = [
        one for one in sorted(risk.scores.all(), key=lambda one: one.pk)
        if one.at <= moment.known_at and one.scored_on <= moment.valid_on
    ]  # fmt: skip
    return done[-1] if done else None


def appetites_of(board: str, moment: Moment) -> dict[str, int]:
    """Answer the highest score that a board bears on a day, by objective; "" is for all of them."""
    return {one.objective: one.most for one in visible(models.RiskAppetite, moment, board=board)}


def overdue_reviews(board: str, on: date, known_at: datetime) -> list[str]:
    """Answer the open risks of a board whose review is overdue on a day (K4)."""
    moment = Moment(on, known_at)
    return [
        risk.key
        for risk in open_risks(moment, board=board)
        if (last := newest_score(risk, moment)) is not None and last.review_by < on
    ]
