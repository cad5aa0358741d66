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


def as_commitment(row: models.Commitment) -> Commitment:
    """Answer a commitment as the rules take it."""
    return Commitment(row.key, row.source, row.text, row.owner, row.due_on, row.test)


def commitments_of(board: str, known_at: datetime) -> list[tuple[Commitment, list[Evidence]]]:
    """Answer the commitments of a board with what was shown for them, as known at an instant."""
    rows = models.Commitment.objects.filter(board=board, at__lte=known_at).order_by("due_on", "key")
    return [
        (
            as_commitment(row),
            evidence_of(row, known_at),
        )
        for row in rows
    ]


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
    return assurance_gaps(objectives, framed_risks(board, moment.known_at), moment.valid_on)


def framed_risks(board: str, known_at: datetime) -> list[FramedRisk]:
    """Answer the risks of a board with their last scores, controls and assurances, as known at an instant."""
    found = []
    for risk in models.Risk.objects.filter(board=board, at__lte=known_at).order_by("pk"):
        last = risk.scores.filter(at__lte=known_at).order_by("pk").last()
        if last is None:
            continue
        controls = list(risk.controls.filter(at__lte=known_at).order_by("pk"))
        assured = models.RiskAssurance.objects.filter(control__in=controls, at__lte=known_at).order_by("assured_on")
        found.append(
            FramedRisk(
                risk.key, risk.objective, as_scores(last).current, tuple(one.text for one in controls),
                tuple(Assurance(one.line, one.result, one.assured_on) for one in assured),
            )
        )  # fmt: skip
    return found


def overdue_reviews(board: str, on: date, known_at: datetime) -> list[str]:
    """Answer the risks of a board whose review is overdue on a day (K4)."""
    return [
        risk.key
        for risk in models.Risk.objects.filter(board=board, at__lte=known_at).order_by("pk")
        if (last := risk.scores.filter(at__lte=known_at).order_by("pk").last()) and last.review_by < on
    ]
