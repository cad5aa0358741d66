"""Who decides for all in a system, by the legal form of the body that leads it (rules: governance section 8, G1).

The two models of November 2020 each have a legal form: option 1 the joint committee, option 2 the corporate body. What
leads a system without either is no body in law: it agrees, and each of its members decides for itself.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Deciding:
    """How a legal form decides: in a few words, in a sentence, and by which of the two models (None: by neither)."""

    short: str
    sentence: str
    model: str | None


_NEITHER = Deciding(
    "each member for itself",
    "Each member decides for itself. The partnership agrees, and has no power in law to bind its members.",
    None,
)
_BY_FORM = {
    "none": _NEITHER,
    "partnership": _NEITHER,
    "joint_committee": Deciding(
        "the members together",
        "The members together, by consensus. What they agree binds each member that adopts it.",
        "option1",
    ),
    "statutory_corporate": Deciding(
        "the board",
        "The board itself, by majority. It answers in law for what it decides, and no member has a veto.",
        "option2",
    ),
}


def who_decides(legal_form: str) -> Deciding | None:
    """Answer how the body that leads a system decides; None for a legal form that leads no system."""
    return _BY_FORM.get(legal_form)
