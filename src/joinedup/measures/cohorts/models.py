"""The register of cohorts that were counted on a page: by it a later one is compared with them (`cohort_answers`)."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class CohortAnswer(models.Model):
    """A cohort that has a figure of its own in one revision of a snapshot. The count is raw: no page reads it."""

    id = models.BigAutoField(primary_key=True)
    snapshot = models.TextField()
    revision = models.IntegerField()
    definition = models.TextField()  # a digest of the sentences, without order
    include = models.JSONField()
    exclude = models.JSONField()
    people = models.BigIntegerField()
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["snapshot", "revision", "definition"], name="measures_cohort_answer_once"),
        ]

    def __str__(self) -> str:
        return f"answer {self.pk}"
