"""The tables of rosters and of capacity: what each partner said of its posts, people, beds and rooms in a month.

They only grow (triggers of the migration that made them): a return that comes again is the next version of its month.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class Kept(models.Model):
    """A partner's return of a month, once; `content_hash` is that of its rows, whatever their order."""

    month = models.DateField()
    number = models.IntegerField()
    content_hash = models.TextField()
    rows_count = models.IntegerField()
    file = models.TextField(blank=True)
    by = models.TextField()
    at = models.DateTimeField()

    class Meta:
        abstract = True


class Roster(Kept):
    """Posts and people of a body, or of a sector such as general practice, at the end of a month."""

    partner = models.TextField()
    headcount = models.IntegerField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["partner", "month", "number"], name="planning_one_roster"),
        ]

    def __str__(self) -> str:
        return f"roster of {self.partner} {self.month:%Y-%m}, version {self.number}"


class RosterLine(models.Model):
    """A person, a post, or a group of them (roster_rows.RosterRow). Nobody is named."""

    id = models.BigAutoField(primary_key=True)
    roster = models.ForeignKey(Roster, on_delete=models.PROTECT, related_name="lines")
    place = models.TextField(blank=True)
    site = models.TextField(blank=True)
    profession = models.TextField()
    staff_group = models.TextField(blank=True)
    grade = models.TextField(blank=True)
    establishment = models.DecimalField(max_digits=12, decimal_places=2)
    in_post = models.DecimalField(max_digits=12, decimal_places=2)
    bank = models.DecimalField(max_digits=12, decimal_places=2)
    agency = models.DecimalField(max_digits=12, decimal_places=2)
    headcount = models.IntegerField()
    joined_month = models.DateField(null=True)
    left_month = models.DateField(null=True)
    skills = models.TextField(blank=True)  # codes between semicolons


class CapacityReturn(Kept):
    """The beds, theatres, clinics, community clinicians and emergency spaces of a provider in a month."""

    provider = models.TextField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["provider", "month", "number"], name="planning_one_capacity"),
        ]

    def __str__(self) -> str:
        return f"capacity of {self.provider} {self.month:%Y-%m}, version {self.number}"


class CapacityLine(models.Model):
    """One kind of capacity (capacity_rows.CapacityRow); what does not apply to the kind is null."""

    id = models.BigAutoField(primary_key=True)
    capacity = models.ForeignKey(CapacityReturn, on_delete=models.PROTECT, related_name="lines")
    resource = models.TextField()
    name = models.TextField()
    available = models.DecimalField(max_digits=12, decimal_places=2)
    in_use = models.DecimalField(max_digits=12, decimal_places=2, null=True)
    no_criteria_to_reside = models.DecimalField(max_digits=12, decimal_places=2, null=True)
    hours_a_week = models.DecimalField(max_digits=6, decimal_places=2, null=True)
    utilisation = models.DecimalField(max_digits=5, decimal_places=4, null=True)
    minutes = models.DecimalField(max_digits=8, decimal_places=2, null=True)
