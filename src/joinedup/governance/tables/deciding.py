"""The tables of decisions: votes, what was decided and under which rule, who adopted it, and delegations."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from joinedup.governance.tables.boards import Board
from joinedup.governance.tables.kept import Grown, Registered, one_at_a_time
from joinedup.governance.tables.meetings import AgendaItem, Meeting


class ProxyGiven(Grown):
    """That a member lets another vote for him in one meeting while he is away (rule Q8)."""

    meeting = models.ForeignKey(Meeting, on_delete=models.PROTECT, related_name="proxies")
    giver = models.TextField()
    holder = models.TextField()

    class Meta:
        constraints: ClassVar = (models.UniqueConstraint(fields=["meeting", "giver"], name="governance_one_proxy"),)

    def __str__(self) -> str:
        return f"proxy {self.pk}"


class Vote(Grown):
    """A vote that was taken; the last of a person before the item is closed counts, all are kept (rule Q5)."""

    item = models.ForeignKey(AgendaItem, on_delete=models.PROTECT, related_name="votes")
    person = models.TextField()
    value = models.TextField()  # for, against, abstain
    cast_at = models.DateTimeField()
    proxy_for = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"vote {self.pk}"


class Decision(Grown):
    """What was decided, under which model, with what quorum and conflicts as known at that instant (rule B7).

    `outcome` is the one at the board; what adoption by members made of it since is read (`kept_decisions`).
    """

    reference = models.TextField(primary_key=True)
    item = models.OneToOneField(AgendaItem, on_delete=models.PROTECT, null=True, related_name="decision")
    board = models.ForeignKey(Board, on_delete=models.PROTECT, related_name="decisions")
    text = models.TextField()
    function = models.TextField(blank=True)
    amount_pence = models.BigIntegerField(null=True)
    supplier = models.TextField(blank=True)
    tier = models.TextField()
    tier_reason = models.TextField(blank=True)
    model = models.TextField()
    method = models.TextField()  # consensus, vote, urgent
    outcome = models.TextField(null=True)  # null: it is what its members make of it (rule G2)
    reasons = ArrayField(models.TextField(), default=list)
    decided_at = models.DateTimeField()
    quorum_snapshot = models.JSONField()
    conflicts_snapshot = models.JSONField()
    votes_snapshot = models.JSONField()
    papers = models.JSONField(default=list)  # [{paper, number, content_hash}]
    asks = models.JSONField(null=True)
    supersedes = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="successors")

    class Meta:
        indexes: ClassVar = (
            models.Index(fields=["board", "decided_at"], name="governance_decision_when"),
            models.Index(fields=["function", "supplier"], name="governance_decision_purchase"),
        )

    def __str__(self) -> str:
        return f"decision {self.reference}"


class Dissent(Grown):
    """A person's own words against a decision, minuted with it (rule Q6)."""

    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="dissents")
    person = models.TextField()
    text = models.TextField()

    def __str__(self) -> str:
        return f"dissent {self.pk}"


class Adoption(Grown):
    """What a member body made of a decision of a joint committee; its last word counts (rule G2)."""

    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="adoptions")
    body = models.TextField()
    duty = models.TextField()
    status = models.TextField()  # adopted, conditional, declined, none
    condition = models.TextField(blank=True)
    condition_met_on = models.DateField(null=True)
    decided_by = models.TextField()
    on = models.DateField()

    def __str__(self) -> str:
        return f"adoption {self.pk}"


class Ratification(Grown):
    """That a decision taken urgently was ratified at a meeting, or was not (rule Q7)."""

    decision = models.OneToOneField(Decision, on_delete=models.PROTECT, related_name="ratification")
    meeting = models.ForeignKey(Meeting, on_delete=models.PROTECT, related_name="ratifications")
    is_ratified = models.BooleanField()
    ratified_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"ratification {self.pk}"


class GivenAuthority(Grown):
    """The authority that money was given by a decision, by its id there."""

    decision = models.OneToOneField(Decision, on_delete=models.PROTECT, related_name="given_authority")
    authority = models.TextField()

    def __str__(self) -> str:
        return f"given {self.pk}"


class Delegation(Registered):
    """A line of the scheme of reservation and delegation: a function reserved to a board, or handed on with a limit."""

    key = models.TextField()
    function = models.TextField()
    from_board = models.ForeignKey(Board, on_delete=models.PROTECT, related_name="delegations")
    to_kind = models.TextField()  # board, committee, post, body
    to = models.TextField()
    limit_pence = models.BigIntegerField(null=True)
    per = models.TextField(blank=True)  # decision, contract, fy
    per_population = models.IntegerField(null=True)
    sub_delegation = models.TextField(default="none")
    reserved = models.BooleanField(default=False)
    reserved_type = models.TextField(blank=True)
    conditions = models.TextField(blank=True)
    parent = models.TextField(blank=True)  # the key of the delegation it was handed on from
    written_approval = models.TextField(blank=True)
    about = ("key",)
    says = (
        "function", "from_board", "to_kind", "to", "limit_pence", "per", "per_population", "sub_delegation",
        "reserved", "reserved_type", "conditions", "parent", "written_approval",
    )  # fmt: skip

    class Meta:
        constraints: ClassVar = (one_at_a_time("governance_one_delegation", "key"),)
        indexes: ClassVar = (models.Index(fields=["function"], name="governance_delegation_of"),)

    def __str__(self) -> str:
        return f"delegation {self.key}"
