"""The tables of risk, assurance, commitments and referrals."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from joinedup.governance.tables.boards import Board
from joinedup.governance.tables.deciding import Decision
from joinedup.governance.tables.kept import Grown, Registered, one_at_a_time


class Objective(Registered):
    """An objective of a board's assurance framework; where it has no risk, the reason why (rule K5)."""

    board = models.ForeignKey(Board, on_delete=models.PROTECT, related_name="objectives")
    key = models.TextField()
    title = models.TextField()
    no_risk_because = models.TextField(blank=True)
    about = ("board", "key")
    says = ("title", "no_risk_because")

    class Meta:
        constraints: ClassVar = (one_at_a_time("governance_one_objective", "board", "key"),)

    def __str__(self) -> str:
        return f"objective {self.key}"


class Risk(Grown):
    """A risk: a cause, an event, an effect, and whose it is; its scores and what is done are rows of their own."""

    key = models.TextField(primary_key=True)
    board = models.ForeignKey(Board, on_delete=models.PROTECT, related_name="risks")
    objective = models.TextField()
    cause = models.TextField()
    event = models.TextField()
    effect = models.TextField()
    owner = models.TextField()
    part_of = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="parts")

    def __str__(self) -> str:
        return f"risk {self.key}"


class RiskScore(Grown):
    """A review of a risk: likelihood and consequence, 1 to 5, of each of the three (rules: K1, K2, K4)."""

    risk = models.ForeignKey(Risk, on_delete=models.PROTECT, related_name="scores")
    scored_on = models.DateField()
    inherent_likelihood = models.SmallIntegerField()
    inherent_consequence = models.SmallIntegerField()
    current_likelihood = models.SmallIntegerField()
    current_consequence = models.SmallIntegerField()
    target_likelihood = models.SmallIntegerField()
    target_consequence = models.SmallIntegerField()
    review_by = models.DateField()
    reason = models.TextField()

    class Meta:
        indexes: ClassVar = (models.Index(fields=["risk", "-scored_on"], name="governance_score_newest"),)

    def __str__(self) -> str:
        return f"score {self.pk}"


class RiskClosed(Grown):
    """That a risk is looked at no longer: since when, who said so, why. It is closed once; one that returns is new."""

    risk = models.OneToOneField(Risk, on_delete=models.PROTECT, related_name="closed")
    closed_on = models.DateField()
    closed_by = models.TextField()
    reason = models.TextField()

    def __str__(self) -> str:
        return f"closing {self.pk}"


class RiskAppetite(Registered):
    """The highest score of a risk that a board bears without acting; `objective` of "" is for all of its objectives."""

    board = models.ForeignKey(Board, on_delete=models.PROTECT, related_name="appetites")
    objective = models.TextField(blank=True)
    most = models.SmallIntegerField()
    about = ("board", "objective")
    says = ("most",)

    class Meta:
        constraints: ClassVar = (one_at_a_time("governance_one_appetite", "board", "objective"),)

    def __str__(self) -> str:
        return f"appetite {self.pk}"


class RiskControl(Grown):
    """Something that is done against a risk."""

    risk = models.ForeignKey(Risk, on_delete=models.PROTECT, related_name="controls")
    text = models.TextField()

    def __str__(self) -> str:
        return f"control {self.pk}"


class RiskAssurance(Grown):
    """Evidence that a control works, from the first, second or third line (rule K5)."""

    control = models.ForeignKey(RiskControl, on_delete=models.PROTECT, related_name="assurances")
    line = models.SmallIntegerField()
    result = models.TextField()
    assured_on = models.DateField()

    def __str__(self) -> str:
        return f"assurance {self.pk}"


class Commitment(Grown):
    """Something promised: by whom, until when, and the test by which it is kept (rule P5)."""

    key = models.TextField(primary_key=True)
    board = models.ForeignKey(Board, on_delete=models.PROTECT, related_name="commitments")
    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, null=True, related_name="commitments")
    source = models.TextField()
    text = models.TextField()
    owner = models.TextField()
    due_on = models.DateField()
    test = models.TextField()

    def __str__(self) -> str:
        return f"commitment {self.key}"


class CommitmentEvidence(Grown):
    """What was shown for a commitment, and what it became by that: open, met, broken or superseded."""

    commitment = models.ForeignKey(Commitment, on_delete=models.PROTECT, related_name="evidence")
    text = models.TextField()
    dated = models.DateField()
    status = models.TextField()

    def __str__(self) -> str:
        return f"evidence {self.pk}"


class CommitmentMoved(Grown):
    """That a commitment is due on another day, since when, and why; the last one counts, and all of them are shown."""

    commitment = models.ForeignKey(Commitment, on_delete=models.PROTECT, related_name="moves")
    due_on = models.DateField()
    reason = models.TextField()

    def __str__(self) -> str:
        return f"move {self.pk}"


class Referral(Grown):
    """A matter between a board and a scrutiny committee, a health and wellbeing board or Healthwatch.

    `origin` says who turned to whom: "referred" by the board, which waits for an answer, or "asked" of the board, which
    owes one. `answer_by` is the last day for it, by the rule or as agreed.
    """

    board = models.ForeignKey(Board, on_delete=models.PROTECT, related_name="referrals")
    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, null=True, related_name="referrals")
    to_kind = models.TextField()  # scrutiny_committee, hwb, healthwatch
    to = models.TextField()
    matter = models.TextField()
    referred_on = models.DateField()
    answer_by = models.DateField()
    origin = models.TextField(default="referred")  # referred, asked
    is_public = models.BooleanField(default=True)

    def __str__(self) -> str:
        return f"referral {self.pk}"


class ReferralReply(Grown):
    """A question of whom a matter was referred to, or the answer given."""

    referral = models.ForeignKey(Referral, on_delete=models.PROTECT, related_name="replies")
    kind = models.TextField()  # asked, answered
    text = models.TextField()
    on = models.DateField()

    def __str__(self) -> str:
        return f"reply {self.pk}"
