"""What the tables of this room have in common: rows that only grow, and dated facts of which nothing is overwritten."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, DateTimeRangeField, RangeOperators
from django.db import models


class Grown(models.Model):
    """Who wrote a row, and since when it is known; no row is changed."""

    by = models.TextField()
    at = models.DateTimeField()

    class Meta:
        abstract = True


class Registered(models.Model):
    """A line of a register: true for the days in `valid`, what we knew for the instants in `known` (rule T1).

    A correction ends `known` and adds another row; the trigger of migration 0001 refuses any other change.
    """

    valid = DateRangeField()
    known = DateTimeRangeField()
    by = models.TextField()
    reason = models.TextField(blank=True)

    about: ClassVar[tuple[str, ...]] = ()  # the columns that tell one fact from another
    says: ClassVar[tuple[str, ...]] = ()  # the columns that hold what it says

    class Meta:
        abstract = True


def one_at_a_time(name: str, *columns: str) -> ExclusionConstraint:
    """Answer the constraint that these columns have one row for each pair of a day and an instant."""
    overlapping = [("valid", RangeOperators.OVERLAPS), ("known", RangeOperators.OVERLAPS)]
    return ExclusionConstraint(
        name=name, expressions=[(column, RangeOperators.EQUAL) for column in columns] + overlapping
    )
