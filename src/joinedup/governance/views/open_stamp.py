"""What stands at the foot of every open page: for which day, by what was known, and the fingerprint of what it says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from joinedup.moment import Moment, now
from joinedup.ui import day, instant

OPEN = "system.read"  # open to everyone, as the system itself is


@dataclass(frozen=True, slots=True)
class Stamp:
    """The two times of a page, its hash, the address that asks for it again, and whether it reads otherwise by now."""

    valid_on: str
    known_at: str
    content_hash: str
    again: str
    was_corrected: bool


def stamp(request: Any, content: Any, by_now: Callable[[Moment], Any]) -> Stamp:
    """Answer the stamp of a page; `by_now` gives its content for the same day by all that is known today (X7)."""
    moment: Moment = request.moment
    own = content.content_hash
    changed = request.known_on is not None and by_now(Moment(moment.valid_on, now().known_at)).content_hash != own
    query = urlencode({"as_of": moment.valid_on.isoformat(), "known_at": moment.known_at.isoformat()})
    return Stamp(day(moment.valid_on), instant(moment.known_at), own, f"{request.path}?{query}", changed)
