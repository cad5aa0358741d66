"""When a lock opens again, when a session is over, when a link has run out."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

FAILURES = 5  # rules: trust T51, sign-in 5 per 5 min per account and per address
WITHIN = timedelta(minutes=5)
INVITATION_LASTS = timedelta(days=7)
RESET_LASTS = timedelta(hours=1)
RESETS_AN_HOUR = 3  # so that nobody's letter box is filled by somebody else


def locked_until(failed_at: Iterable[datetime], at: datetime) -> datetime | None:
    """Answer when the next try is allowed, or None when it is allowed now.

    Five failures within five minutes lock; the lock opens when the fifth from last is five minutes old. Tries made
    while it is locked do not count, so a lock ends even if somebody keeps knocking.
    """
    recent = sorted(failure for failure in failed_at if at - WITHIN < failure <= at)
    return recent[-FAILURES] + WITHIN if len(recent) >= FAILURES else None


def session_ends_at(began_at: datetime, last_seen_at: datetime, idle: timedelta, absolute: timedelta) -> datetime:
    """Answer when a session ends if nothing more is done in it: idle too long, or open too long whatever is done."""
    return min(last_seen_at + idle, began_at + absolute)
