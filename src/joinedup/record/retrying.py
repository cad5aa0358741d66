"""Trying again what was set aside, once its reason is mended: read anew, and taken in as if it came now (rules: R6).

It keeps the time at which it was received and its place in the delivery, so that order and clocks stay as they were.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from joinedup.access import Grant, record
from joinedup.feeds import SetAside, ledger, read_again
from joinedup.record.intake import keep
from joinedup.record.loading import is_known_organisation


def retry(grant: Grant, ids: Sequence[int] | None = None) -> dict[str, int]:
    """Try again what waits for it (of these ids, when given); answers how many were applied and how many still refused.

    Everything of one call is one transaction and one audit entry. Raises NotFound when a source is no longer declared.
    """
    with transaction.atomic():
        outcomes: dict[int, SetAside | None] = {}
        for waiting in ledger.waiting(ids):
            source = ledger.source(waiting.source)
            delivery = ledger.delivery(waiting.delivery_id)
            refused: list[SetAside] = []
            for batch in read_again(waiting.raw, source, is_known_organisation=is_known_organisation):
                for one in (*batch.resources, *batch.events, *batch.merges):
                    one.position = waiting.position
                refused += keep(grant, delivery, source, batch, accepts_used_ids=waiting.reason == "id-reused").refused
            outcomes[waiting.id] = refused[0] if refused else None
        counts = ledger.settle(outcomes, by=grant.actor_id, by_name=grant.actor_name)
        if outcomes:
            record(grant, "record.retry", "quarantine:all", details=counts)
    return counts
