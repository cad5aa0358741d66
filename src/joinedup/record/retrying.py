"""Trying again what was set aside, once its reason is mended: read anew, and taken in as if it came now (rules: R6).

It keeps the time at which it was received and its place in the delivery, so that order and clocks stay as they were.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from django.db import transaction

from joinedup.access import Grant, record
from joinedup.errors import FileError
from joinedup.feeds import SetAside, ledger, read_again
from joinedup.record.intake import keep
from joinedup.record.loading import alone_with, comes_again, is_known_organisation, where

log = logging.getLogger(__name__)

ITEMS = 100  # a transaction: what is set aside is whole in memory, and may be a Bundle of 50 MB
PATIENCE_SECONDS = 5


def retry(grant: Grant, ids: Sequence[int] | None = None) -> dict[str, int]:
    """Try again what waits for it (of these ids, when given); answers how many were applied and how many still refused.

    Up to ITEMS of them are one transaction with one audit entry. Raises NotFound when a source is no longer declared,
    Unavailable while a source is loaded: what is done then stays done, and the rest waits for another try.
    """
    counts = {"applied": 0, "still-refused": 0}
    if ids is None:
        while any((some := _retry(grant, None)).values()):
            counts = {word: counts[word] + some[word] for word in counts}
        return counts
    for start in range(0, len(ids), ITEMS):
        some = _retry(grant, ids[start : start + ITEMS])
        counts = {word: counts[word] + some[word] for word in counts}
    return counts


def _retry(grant: Grant, ids: Sequence[int] | None) -> dict[str, int]:
    with transaction.atomic():
        outcomes: dict[int, SetAside | None] = {}
        waiting = ledger.waiting(ids, ITEMS)
        with alone_with({one.source for one in waiting}, seconds=PATIENCE_SECONDS):
            for one in waiting:
                outcomes[one.id] = _outcome(grant, one)
        counts = ledger.settle(outcomes, by=grant.actor_id, by_name=grant.actor_name)
        if outcomes:
            record(grant, "record.retry", "quarantine:all", details=counts)
    return counts


def _outcome(grant: Grant, waiting: ledger.Waiting) -> SetAside | None:
    """Take in what was set aside; answers why it still cannot be, or None."""
    source = ledger.source(waiting.source)
    delivery = ledger.delivery(waiting.delivery_id)
    refused: list[SetAside] = []
    try:
        with transaction.atomic():
            for batch in read_again(waiting.raw, source, is_known_organisation=is_known_organisation):
                for one in (*batch.resources, *batch.events, *batch.merges):
                    one.position = waiting.position
                refused += keep(grant, delivery, source, batch, accepts_used_ids=waiting.reason == "id-reused").refused
    except FileError:
        # A row is kept with its header; without the error's own words, which may quote it.
        says = "expected what is declared for this source now: its format, and its mapping's columns"
        return SetAside(waiting.position, "bad-structure", "item", says, waiting.raw)
    except Exception as error:
        if not comes_again(error):
            raise
        log.error("item %s of delivery %s could not be stored: %s", waiting.position, delivery.id, where(error))
        return SetAside(waiting.position, "gave-up", "item", "expected to be stored", waiting.raw)
    return refused[0] if refused else None
