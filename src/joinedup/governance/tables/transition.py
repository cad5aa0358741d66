"""The tables of a transition: its changes, applications, steps, functions, staff, and who has the open work after it.

Rows only grow. Of what is said again (a step, a member of staff, a map of functions, a new owner) the newest row that
was known counts. Terms of employment are kept as hashes only, and people by their keys in `system`.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from joinedup.governance.tables.kept import Grown


class Transition(Grown):
    """The way of bodies from one legal form to the next, from the proposal to day one and after."""

    key = models.TextField(primary_key=True)
    system = models.TextField()
    title = models.TextField()
    proposal = models.TextField()
    proposed_on = models.DateField()

    def __str__(self) -> str:
        return f"transition {self.key}"


class TransitionEvent(Grown):
    """That a change event of `system`, by its key, belongs to a transition."""

    transition = models.ForeignKey(Transition, on_delete=models.PROTECT, related_name="events")
    event = models.TextField(unique=True)

    def __str__(self) -> str:
        return f"event {self.event}"


class Application(Grown):
    """An application that must be sent by a day: a merger, a designation (rule P1)."""

    transition = models.ForeignKey(Transition, on_delete=models.PROTECT, related_name="applications")
    key = models.TextField(primary_key=True)
    kind = models.TextField()  # merger, designation
    title = models.TextField()
    submit_by = models.DateField()
    precision = models.TextField()  # of submit_by: day, month, year
    effective_from = models.DateField()
    adopting = models.JSONField(default=list)  # codes of bodies

    def __str__(self) -> str:
        return f"application {self.key}"


class ApplicationSent(Grown):
    """That an application was sent at an instant, and what shows it."""

    application = models.OneToOneField(Application, on_delete=models.PROTECT, related_name="sent")
    submitted_at = models.DateTimeField()
    evidence = models.TextField()

    def __str__(self) -> str:
        return f"sent {self.pk}"


class ApplicationDecided(Grown):
    """What was decided of an application, by whom, on which day; the newest counts."""

    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="decided")
    outcome = models.TextField()  # approved, approved_with_conditions, refused
    decided_on = models.DateField()
    decided_by = models.TextField()
    conditions = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"decided {self.pk}"


class TransitionStep(Grown):
    """A step, rated by how much it disturbs and what it is worth (rule P9); the newest of a key counts.

    `evidence` shows that it was done.
    """

    transition = models.ForeignKey(Transition, on_delete=models.PROTECT, related_name="steps")
    key = models.TextField()
    title = models.TextField()
    owner = models.TextField()
    due_on = models.DateField()
    done_on = models.DateField(null=True)
    disruption = models.SmallIntegerField()
    value = models.SmallIntegerField()
    reason = models.TextField(blank=True)
    evidence = models.TextField(blank=True, default="", db_default="")

    class Meta:
        indexes: ClassVar = (models.Index(fields=["transition", "key", "-id"], name="governance_step_newest"),)

    def __str__(self) -> str:
        return f"step {self.pk}"


class FunctionMap(Grown):
    """Who has which function before and after (rules: C5, C6); the newest of a transition counts."""

    transition = models.ForeignKey(Transition, on_delete=models.PROTECT, related_name="function_maps")
    before = models.JSONField()  # {function: code of its body}
    after = models.JSONField()  # [[function, code of its body]]
    reason = models.TextField()

    def __str__(self) -> str:
        return f"function map {self.pk}"


class TransitionCount(Grown):
    """How many people a body employs before, or how many posts one has after (C7); the newest counts."""

    transition = models.ForeignKey(Transition, on_delete=models.PROTECT, related_name="counts")
    what = models.TextField()  # staff, posts
    body = models.TextField()
    number = models.IntegerField()
    source = models.TextField()

    def __str__(self) -> str:
        return f"count {self.pk}"


class StaffTransfer(Grown):
    """An employment and where it goes (rules: C7 to C10); the newest row of an employment counts.

    Without a receiving post (`to_post` of "") somebody is unplaced. `status` is planned, or left for who has gone.
    """

    transition = models.ForeignKey(Transition, on_delete=models.PROTECT, related_name="staff", db_index=False)
    employment = models.TextField()
    person = models.TextField()
    from_body = models.TextField()
    from_post = models.TextField()
    fte = models.DecimalField(max_digits=4, decimal_places=3)
    staff_class = models.TextField()
    continuous_from = models.DateField()
    terms_hash_before = models.TextField()
    to_body = models.TextField(blank=True)
    to_post = models.TextField(blank=True)
    to_fte = models.DecimalField(max_digits=4, decimal_places=3, null=True)
    terms_hash_after = models.TextField(blank=True)
    to_continuous_from = models.DateField(null=True)
    basis = models.TextField()
    wish = models.TextField()
    offer_valid_to = models.DateField(null=True)
    consulted_on = models.DateField(null=True)
    status = models.TextField()
    reason = models.TextField()

    class Meta:
        indexes: ClassVar = (
            models.Index(fields=["transition", "employment", "-id"], name="governance_staff_newest"),
            models.Index(fields=["person"], name="governance_staff_person"),
        )

    def __str__(self) -> str:
        return f"staff transfer {self.pk}"


class StaffResponse(Grown):
    """What a member of staff said of the own transfer: to the offer, or in the consultation (rules: C7, C9)."""

    transition = models.ForeignKey(Transition, on_delete=models.PROTECT, related_name="responses")
    employment = models.TextField()
    about = models.TextField()  # offer, consultation
    answer = models.TextField()  # accept, decline; agree, question, object
    words = models.TextField(blank=True)

    class Meta:
        indexes: ClassVar = (
            models.Index(fields=["transition", "employment", "-id"], name="governance_response_newest"),
        )

    def __str__(self) -> str:
        return f"response {self.pk}"


class StaffReply(Grown):
    """What human resources answered; whoever responded reads it."""

    response = models.OneToOneField(StaffResponse, on_delete=models.PROTECT, related_name="reply")
    words = models.TextField()

    def __str__(self) -> str:
        return f"reply {self.pk}"


class NewOwner(Grown):
    """Who has open work of a closing body from day one on (rule C3); the newest that fits counts.

    A `work` of "" stands for all work of the kind, a `kind` of "" for all kinds, a `room` of "" for all rooms.
    """

    transition = models.ForeignKey(Transition, on_delete=models.PROTECT, related_name="new_owners")
    body = models.TextField()
    room = models.TextField(blank=True)
    kind = models.TextField(blank=True)
    work = models.TextField(blank=True)
    to = models.TextField()
    reason = models.TextField()

    def __str__(self) -> str:
        return f"new owner {self.pk}"


class DayOneResult(Grown):
    """What the check found when an event took force, and how many people moved with it."""

    transition = models.ForeignKey(Transition, on_delete=models.PROTECT, related_name="results")
    event = models.TextField()
    found = models.JSONField()  # {kind: number}
    not_checked = models.JSONField()
    heads = models.IntegerField()
    fte = models.DecimalField(max_digits=9, decimal_places=3)

    def __str__(self) -> str:
        return f"day one {self.pk}"
