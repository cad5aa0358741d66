"""What a paper must hold before a board may approve it, its versions, and its embargo (rules: governance B8, B9).

A decision pins the version it was taken on by its hash: versions that come later change nothing about it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from joinedup.errors import Refused, RuleError, did_you_mean

# The four purposes of an integrated care system (S2:12-15) and the triple aim (S2:115-118).
PURPOSES: Final = {
    "outcomes": "Improve outcomes in population health and healthcare",
    "inequalities": "Tackle inequalities in outcomes, experience and access",
    "value": "Enhance productivity and value for money",
    "social_economic": "Help the NHS support broader social and economic development",
}
TRIPLE_AIM: Final = {
    "health": "Better health for the whole population",
    "quality": "Better quality of care",
    "sustainability": "Financial sustainability for the taxpayer",
}
TYPES: Final = ("approve", "discuss", "note")


class PaperIncomplete(RuleError):
    """A paper lacks what a board needs to approve it; the message names each missing part."""


class PinBroken(RuleError):
    """The version that was pinned is not the one that is there: its hash differs."""


class UnderEmbargo(Refused):
    """Nobody but those who are listed reads this paper before its embargo ends."""


@dataclass(frozen=True, slots=True)
class PaperParts:
    """The parts of a paper that B8 asks for. `engagement` and `co_production` hold links; a reason may stand instead.

    `cost_pence` is None until somebody says what it costs; 0 is an answer.
    """

    purposes: tuple[str, ...] = ()
    triple_aim: Mapping[str, str] = field(default_factory=dict)
    evidence: tuple[str, ...] = ()
    engagement: tuple[str, ...] = ()
    co_production: tuple[str, ...] = ()
    no_engagement_reason: str = ""
    equality_impact: str = ""
    conflicts_considered: str = ""
    cost_pence: int | None = None
    lowest_tier: str = ""

    def __post_init__(self) -> None:
        for word in self.purposes:
            if word not in PURPOSES:
                raise RuleError(
                    f"B8: '{word}' is none of the four purposes; expected {', '.join(PURPOSES)}."
                    f"{did_you_mean(word, PURPOSES)}"
                )
        for word in self.triple_aim:
            if word not in TRIPLE_AIM:
                raise RuleError(
                    f"B8: '{word}' is no part of the triple aim; expected {', '.join(TRIPLE_AIM)}."
                    f"{did_you_mean(word, TRIPLE_AIM)}"
                )
        if self.cost_pence is not None and self.cost_pence < 0:
            raise RuleError(f"B8: the cost is {self.cost_pence:,} p; expected 0 or more.")


def missing_parts(parts: PaperParts) -> tuple[str, ...]:
    """Answer which parts an `approve` item still needs, in the order of B8; empty when it is whole.

    A part that holds only spaces is missing. Engagement and co-production each need a link, or one reason for both.
    """
    reason = bool(parts.no_engagement_reason.strip())
    needed = {
        "purposes": bool(parts.purposes),
        **{f"triple_aim.{aim}": bool(parts.triple_aim.get(aim, "").strip()) for aim in TRIPLE_AIM},
        "evidence": any(one.strip() for one in parts.evidence),
        "engagement": reason or any(one.strip() for one in parts.engagement),
        "co_production": reason or any(one.strip() for one in parts.co_production),
        "equality_impact": bool(parts.equality_impact.strip()),
        "conflicts_considered": bool(parts.conflicts_considered.strip()),
        "cost_pence": parts.cost_pence is not None,
        "lowest_tier": bool(parts.lowest_tier.strip()),
    }
    return tuple(part for part, is_there in needed.items() if not is_there)


def type_of_item(asked: str, parts: PaperParts | None) -> tuple[str, tuple[str, ...]]:
    """Answer as what an item may be taken, and which parts are missing: `approve` becomes `discuss` without them (B8).

    An item without a paper (None) lacks every part. RuleError for another type than approve, discuss, note.
    """
    if asked not in TYPES:
        raise RuleError(f"B8: '{asked}' is no type of item; expected {', '.join(TYPES)}.{did_you_mean(asked, TYPES)}")
    if asked != "approve":
        return asked, ()
    missing = missing_parts(parts or PaperParts())
    return ("discuss" if missing else "approve"), missing


def must_be_complete(parts: PaperParts | None) -> None:
    """Raise PaperIncomplete, naming the missing parts, unless an item with this paper may be approved."""
    missing = missing_parts(parts or PaperParts())
    if missing:
        raise PaperIncomplete(
            f"B8: the paper lacks {', '.join(missing)}. Add that in a new version, or take the item for discussion."
        )


def content_hash_of(content: Mapping[str, Any]) -> str:
    """Answer the SHA-256 of a paper's content as canonical JSON: keys sorted, no spaces, UTF-8 (B9).

    RuleError for a float, whose text is not one thing; give money as whole pence and shares as text.
    """
    _no_float(content, "the paper")
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _no_float(value: Any, where: str) -> None:
    if isinstance(value, float):
        raise RuleError(f"B9: {where} holds the float {value}; write it as text or as a whole number.")
    if isinstance(value, Mapping):
        for key, one in value.items():
            _no_float(one, f"{where}.{key}")
    elif isinstance(value, list | tuple):
        for one in value:
            _no_float(one, where)


@dataclass(frozen=True, slots=True)
class Pin:
    """The version of a paper that a decision or a consultation is on."""

    paper: str
    number: int
    content_hash: str


def check_pin(pin: Pin, content: Mapping[str, Any]) -> None:
    """Raise PinBroken unless this content is exactly what was pinned (B9)."""
    found = content_hash_of(content)
    if found != pin.content_hash:
        raise PinBroken(
            f"B9: version {pin.number} of paper {pin.paper} was pinned as {pin.content_hash[:12]} and is now "
            f"{found[:12]}. A pinned version is never changed: restore it, and make a new version."
        )


def is_open_to(viewer: str, at: datetime, *, embargo_until: datetime | None, listed: Collection[str]) -> bool:
    """Answer whether a viewer may read a paper at an instant: from `embargo_until` on, or before if listed (B9)."""
    for instant in (at, embargo_until):
        if instant is not None and instant.tzinfo is None:
            raise RuleError("B9: an embargo needs a time zone; give aware datetimes.")
    return embargo_until is None or at >= embargo_until or viewer in listed


def check_embargo(viewer: str, at: datetime, *, embargo_until: datetime | None, listed: Collection[str]) -> None:
    """Raise UnderEmbargo unless the viewer may read the paper at that instant; the refusal goes to the audit."""
    if not is_open_to(viewer, at, embargo_until=embargo_until, listed=listed):
        assert embargo_until is not None
        until = embargo_until.strftime("%Y-%m-%d %H:%M")
        raise UnderEmbargo(f"B9: this paper is under embargo until {until}; only the people listed for it read it.")
