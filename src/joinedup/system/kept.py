"""Answers kept from one request to the next, for as long as nothing that they rest on has changed.

An answer rests on what is stored, the day, and what was known. What is stored has a mark: every act of this room adds
a source or a belief, and every fact that is added has a higher number. What is known "now" changes with the clock only
when a day begins (an end that was announced becomes known on its day), so all of today's present shares one answer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django.core.cache import cache
from django.db import connection

from joinedup.moment import LONDON
from joinedup.system.models import FACTS
from joinedup.system.picture import Picture

Kept = TypeVar("Kept")
_NEWEST = ", ".join(f"(SELECT max(id) FROM {m._meta.db_table})" for m in FACTS)  # noqa: S608  # nosec B608
_MARK = f"""
SELECT (SELECT max(loaded_at) FROM system_source), (SELECT count(*) FROM system_source),
       (SELECT max(id) FROM system_eventbelief), (SELECT count(*) FROM system_outline), {_NEWEST},
       (SELECT max(id) FROM system_smallarea), (SELECT max(retired_at) FROM system_smallarea WHERE is_simulated),
       (SELECT pg_postmaster_start_time()), current_database()
"""  # noqa: S608  # nosec B608 - names of our own tables


def kept(picture: Picture, name: str, answer: Callable[[], Kept]) -> Kept:
    """Answer what `answer()` does for this picture, from the cache when it was asked before and nothing changed."""
    with connection.cursor() as cursor:
        cursor.execute(_MARK)
        mark = cursor.fetchone()
    known_at = picture.moment.known_at
    is_present = mark[0] is None or known_at >= mark[0]
    known = known_at.astimezone(LONDON).date() if is_present else known_at
    key = f"{name}|{picture.moment.valid_on}|{known}"
    found = cache.get(key)
    if found is None or found[0] != mark:
        found = (mark, answer())
        cache.set(key, found, timeout=3600)
    return found[1]  # type: ignore[no-any-return]
