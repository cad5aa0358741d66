"""The tables of plans: what each partner handed in, where two plans disagree, what was said of it, and who signed.

They only grow (triggers of migration 0001): a correction is a new version, a state is the last of its steps, and what
was known at an instant is what was written by then. No line is added to a version that was submitted.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from joinedup.planning.workforce.models import CapacityLine, CapacityReturn, Roster, RosterLine

__all__ = [
    "CapacityLine",
    "CapacityReturn",
    "CheckWaiver",
    "Comparison",
    "ComparisonGap",
    "Document",
    "DocumentEntry",
    "Gap",
    "GapStep",
    "Grown",
    "Line",
    "Plan",
    "PlanAuthority",
    "PlanAuthorityEnd",
    "Roster",
    "RosterLine",
    "Version",
    "VersionSignature",
    "VersionStep",
]


class Grown(models.Model):
    """Who wrote a row, and when it was known; no row is changed."""

    by = models.TextField()
    at = models.DateTimeField()

    class Meta:
        abstract = True


class Plan(Grown):
    """What one body plans for a year, on one side."""

    owner = models.TextField()
    side = models.TextField()
    year = models.TextField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["owner", "side", "year"], name="planning_one_plan"),
        ]

    def __str__(self) -> str:
        return f"plan of {self.owner} {self.year}"


class Version(Grown):
    """A plan as it was handed in once; `content_hash` is that of its lines (versions.content_hash)."""

    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="versions")
    number = models.IntegerField()
    template = models.TextField()
    template_version = models.IntegerField()
    content_hash = models.TextField()
    lines_count = models.IntegerField()
    file = models.TextField(blank=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["plan", "number"], name="planning_one_number"),
        ]

    def __str__(self) -> str:
        return f"version {self.number}"


class VersionStep(Grown):
    """The state into which a version came; the newest is its state."""

    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="steps")
    state = models.TextField()  # a key of versions.AFTER


class Line(models.Model):
    """A line of a version (rule MD1); a rate has its denominator in `of`."""

    id = models.BigAutoField(primary_key=True)
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="lines", db_index=False)
    kind = models.TextField()
    commissioner = models.TextField(blank=True)
    provider = models.TextField()
    service = models.TextField(blank=True)
    pod = models.TextField(blank=True)
    period = models.TextField()
    measure = models.TextField()
    unit = models.TextField()
    value = models.DecimalField(max_digits=30, decimal_places=6)
    place = models.TextField(blank=True)
    of = models.DecimalField(max_digits=30, decimal_places=6, null=True)

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["version", "provider"], name="planning_line_version"),
        ]


class Comparison(Grown):
    """One triangulation of two versions: with which tolerances, the hash of its inputs, and how many of what came."""

    commissioner_version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="as_commissioner")
    provider_version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="as_provider")
    as_of = models.DateField()
    inputs_hash = models.TextField()
    tolerances = models.JSONField()
    parameter_ids = models.JSONField()
    counts = models.JSONField()
    code_version = models.TextField()


class Gap(Grown):
    """A disagreement with these figures; the next comparison that finds the same figures finds this gap again."""

    thread = models.TextField(unique=True)  # a digest of whose plans, what, and both figures
    key = models.TextField()  # resolution.gap_id: the same while figures change
    reason = models.TextField()
    pair = models.JSONField()  # the fields of a Pair, numbers as text
    gap = models.DecimalField(max_digits=30, decimal_places=6)
    tolerance = models.DecimalField(max_digits=30, decimal_places=6)
    money_pence = models.BigIntegerField(null=True)
    is_material = models.BooleanField()
    owner = models.TextField()
    opened = models.DateField()
    due = models.DateField()
    escalate_on = models.DateField()


class ComparisonGap(models.Model):
    """That a comparison found a gap."""

    id = models.BigAutoField(primary_key=True)
    comparison = models.ForeignKey(Comparison, on_delete=models.PROTECT, related_name="found")
    gap = models.ForeignKey(Gap, on_delete=models.PROTECT, related_name="found_in")


class GapStep(Grown):
    """One act on a gap (rule MD6)."""

    gap = models.ForeignKey(Gap, on_delete=models.PROTECT, related_name="steps")
    action = models.TextField()
    body = models.TextField()
    role = models.TextField(blank=True)
    on = models.DateField()
    values = models.JSONField()
    reason = models.TextField(blank=True)
    expires = models.DateField(null=True)


class PlanAuthority(Grown):
    """Leave by a decision to settle a gap, or for plan lines to be funded; `reference` is the decision's (rule MD6)."""

    id = models.TextField(primary_key=True)
    reference = models.TextField()
    given_by = models.TextField()
    reason = models.TextField()
    acts = models.JSONField()  # of decided.ACTS
    plan_lines = models.JSONField(default=list)  # keys of plan lines
    gap = models.ForeignKey(Gap, on_delete=models.PROTECT, null=True, related_name="authorities")
    valid_from = models.DateField()

    def __str__(self) -> str:
        return f"plan authority {self.id}"


class PlanAuthorityEnd(Grown):
    """From `ends_on` an authority allows nothing more: its decision fell, or another took its place."""

    id = models.BigAutoField(primary_key=True)
    authority = models.ForeignKey(PlanAuthority, on_delete=models.PROTECT, related_name="ends")
    ends_on = models.DateField()
    reason = models.TextField()

    def __str__(self) -> str:
        return f"end of {self.authority_id}"


class CheckWaiver(Grown):
    """That somebody lets a failed check of a version pass, and why."""

    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="waivers")
    check_name = models.TextField()
    reason = models.TextField()


class VersionSignature(Grown):
    """A signature under a version and the reconciliation of its comparison (rule MD7)."""

    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="signatures")
    comparison = models.ForeignKey(Comparison, on_delete=models.PROTECT, related_name="signatures")
    body = models.TextField()
    role = models.TextField()
    content_hash = models.TextField()
    reconciliation = models.TextField()


class Document(Grown):
    """A development, transition or implementation plan of a system."""

    kind = models.TextField()
    system = models.TextField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["kind", "system"], name="planning_one_document"),
        ]


class DocumentEntry(Grown):
    """One thing said of a document: a section's text and owner, an approval, a partner's adoption, that it was sent."""

    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="entries")
    what = models.TextField()  # section, approval, adoption, sent
    key = models.TextField()
    text = models.TextField(blank=True)
    owner = models.TextField(blank=True)
