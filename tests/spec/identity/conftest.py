"""Invented subjects and a grant, for the chapters of identity."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest

from joinedup.access import Grant, service_grant
from joinedup.feeds import Source, subject_id
from joinedup.identity import MatchingFields, SubjectSeen, keep_subjects

SEEN = datetime(2026, 7, 1, 9, tzinfo=UTC)
ANA, BO = "9990000018", "9990000026"


def source(key: str, **more: Any) -> Source:
    """A simulated source; its organisation is its key in capitals unless another is named."""
    return Source(**{"key": key, "name": key, "organisation": key.upper(), "setting": "acute", "format": "fhir",
                     "is_simulated": True, **more})  # fmt: skip


@pytest.fixture
def grant() -> Grant:
    """Leave to do anything, as a command on the server has it."""
    return service_grant("test", "Show how it works", "the reader")


@pytest.fixture
def keep(db: Any) -> Callable[..., UUID]:
    """Keep one subject, `keep("gp:1", nhs_number=...)`, and answer its id."""
    from django.db import transaction

    def keep_one(name: str, *, seen_at: datetime = SEEN, of: Source | None = None, **fields: Any) -> UUID:
        key, code = name.split(":")
        said = {"family": "SAMPLE", "given": "ANA", "birth_date": date(1971, 6, 24), "sex": "F", **fields}
        said.setdefault("is_verified", "nhs_number" in fields)
        one = subject_id(key, code)
        with transaction.atomic():
            keep_subjects([SubjectSeen(one, of or source(key), code, MatchingFields(**said), seen_at)])
        return one

    return keep_one
