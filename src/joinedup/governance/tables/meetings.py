"""The tables of meetings: who was there, what was on the agenda, which papers, and the minutes."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateTimeRangeField, RangeOperators
from django.db import models

from joinedup.governance.tables.boards import Board
from joinedup.governance.tables.kept import Grown


class Meeting(Grown):
    """A meeting of a board, as it was called."""

    key = models.TextField(primary_key=True)
    board = models.ForeignKey(Board, on_delete=models.PROTECT, related_name="meetings")
    kind = models.TextField()  # decision, development, seminar, extraordinary, urgent
    starts_at = models.DateTimeField()
    place = models.TextField(blank=True)
    papers_due = models.DateField()
    notice_by = models.DateField()
    short_notice_reason = models.TextField(blank=True)
    is_public = models.BooleanField()
    exclusion_resolution = models.TextField(blank=True)
    exclusion_reason = models.TextField(blank=True)
    cancelled = ""  # why it was cancelled, as read with its changes (`kept.meetings.meeting_of`)

    class Meta:
        indexes: ClassVar = (models.Index(fields=["board", "starts_at"], name="governance_meeting_when"),)

    def __str__(self) -> str:
        return f"meeting {self.key}"


class Presiding(Grown):
    """Who presides over a meeting from an instant on, and who does where that person may not."""

    meeting = models.ForeignKey(Meeting, on_delete=models.PROTECT, related_name="presidings")
    since = models.DateTimeField()
    person = models.TextField()
    deputy = models.TextField(blank=True)
    reason = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"presiding {self.pk}"


class Attendance(models.Model):
    """That a person was there for the instants in `present`. A correction ends `known` and adds a row, with a reason.

    `visit` tells one stay from another: all rows of one visit say the same stay, each as it was believed for a time.
    """

    meeting = models.ForeignKey(Meeting, on_delete=models.PROTECT, related_name="attendances")
    visit = models.UUIDField()
    person = models.TextField()
    present = DateTimeRangeField()
    mode = models.TextField()  # in_person, remote
    deputy_for = models.TextField(blank=True)
    known = DateTimeRangeField()
    by = models.TextField()
    reason = models.TextField(blank=True)

    class Meta:
        constraints: ClassVar = (
            ExclusionConstraint(
                name="governance_one_visit",
                expressions=[("visit", RangeOperators.EQUAL), ("known", RangeOperators.OVERLAPS)],
            ),
            ExclusionConstraint(
                name="governance_one_place_at_a_time",
                expressions=[
                    ("meeting", RangeOperators.EQUAL), ("person", RangeOperators.EQUAL),
                    ("present", RangeOperators.OVERLAPS), ("known", RangeOperators.OVERLAPS),
                ],
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return f"attendance {self.pk}"


class AgendaItem(Grown):
    """A question on the agenda: what it asks, of which function, for how much, for whom."""

    key = models.TextField(primary_key=True)
    meeting = models.ForeignKey(Meeting, on_delete=models.PROTECT, related_name="items")
    number = models.SmallIntegerField()
    title = models.TextField()
    type = models.TextField()  # approve, discuss, note
    is_private = models.BooleanField(default=False)
    function = models.TextField(blank=True)
    orgs_named = ArrayField(models.TextField(), default=list)
    amount_pence = models.BigIntegerField(null=True)
    supplier = models.TextField(blank=True)
    needs = models.TextField(blank=True)  # a special majority, such as 2/3 of present; "": more for than against
    asks = models.JSONField(null=True)  # the authority that money is asked for
    expects = models.JSONField(null=True)  # the expected effect: measure, size, by when, for whom
    supersedes = models.TextField(blank=True)
    presenter = models.TextField(blank=True)
    minutes = models.SmallIntegerField(null=True)  # how long it may take
    purposes = ArrayField(models.TextField(), default=list)  # of the four of an integrated care system
    withdrawn = ""  # why it was withdrawn, as read with its changes (`kept.meetings.items_of`)

    class Meta:
        constraints: ClassVar = (models.UniqueConstraint(fields=["meeting", "number"], name="governance_item_place"),)

    def __str__(self) -> str:
        return f"item {self.key}"


class ItemOpened(Grown):
    """The instant from which votes of an item count, and the kind under which it was opened."""

    item = models.OneToOneField(AgendaItem, on_delete=models.PROTECT, related_name="opened")
    since = models.DateTimeField()
    type = models.TextField()  # what an incomplete paper makes of `approve` (rule B8)
    missing = ArrayField(models.TextField(), default=list)

    def __str__(self) -> str:
        return f"opened {self.pk}"


class Paper(Grown):
    """A paper before a board; what it says stands in its versions."""

    key = models.TextField(primary_key=True)
    board = models.ForeignKey(Board, on_delete=models.PROTECT, related_name="papers")

    def __str__(self) -> str:
        return f"paper {self.key}"


class PaperVersion(Grown):
    """One version of a paper, pinned by its hash (rules: B8, B9)."""

    paper = models.ForeignKey(Paper, on_delete=models.PROTECT, related_name="versions")
    number = models.SmallIntegerField()
    item = models.ForeignKey(AgendaItem, on_delete=models.PROTECT, related_name="paper_versions")
    title = models.TextField()
    text = models.TextField()
    parts = models.JSONField()  # the parts of rule B8
    cites = models.JSONField(default=list)  # [{kind, id, and what it said, as known at `at`}]
    embargo_until = models.DateTimeField(null=True)
    listed = ArrayField(models.TextField(), default=list)  # who reads it before (actors, or people by their keys)
    submitted_at = models.DateTimeField()
    days_late = models.SmallIntegerField(default=0)
    late_reason = models.TextField(blank=True)
    content_hash = models.TextField()

    class Meta:
        constraints: ClassVar = (models.UniqueConstraint(fields=["paper", "number"], name="governance_version_number"),)

    def __str__(self) -> str:
        return f"paper version {self.pk}"


class PaperPublished(Grown):
    """That a version was published, and how many days after it was due."""

    version = models.OneToOneField(PaperVersion, on_delete=models.PROTECT, related_name="published")
    published_at = models.DateTimeField()
    days_late = models.SmallIntegerField(default=0)

    def __str__(self) -> str:
        return f"published {self.pk}"


class MinutesVersion(Grown):
    """The minutes of a meeting, drafted or edited; the approved one is the last."""

    meeting = models.ForeignKey(Meeting, on_delete=models.PROTECT, related_name="minutes")
    number = models.SmallIntegerField()
    text = models.TextField()
    content_hash = models.TextField()
    approved_at = models.ForeignKey(Meeting, on_delete=models.PROTECT, null=True, related_name="approved_minutes")

    class Meta:
        constraints: ClassVar = (
            models.UniqueConstraint(fields=["meeting", "number"], name="governance_minutes_number"),
            models.UniqueConstraint(
                fields=["meeting"], condition=models.Q(approved_at__isnull=False), name="governance_minutes_approved"
            ),
        )

    def __str__(self) -> str:
        return f"minutes {self.pk}"
