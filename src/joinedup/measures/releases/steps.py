"""What a release is, and how it gets from being asked to being out: its kinds, its steps and the state they add up to.

Nothing of a release is overwritten. Its state is read from its steps, which only grow: asked, checked, then approved or
refused by a second person, published, downloaded, withdrawn.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from joinedup.errors import RuleError

KINDS: Final = MappingProxyType(
    {
        "measures": "A table of measures",
        "cohort": "Counts of a cohort",
        "file": "A file made by an analyst",
    }
)
"""What may be asked to be released."""

RECIPIENTS: Final = MappingProxyType(
    {
        "public": "The public",
        "nhs": "A body of the NHS",
        "council": "A council",
        "research": "A university or research body",
        "voluntary": "A voluntary or community organisation",
        "other": "Another body",
    }
)
"""To whom a release goes, as the public log says it; the name of the body stays inside."""

MODES: Final = MappingProxyType(
    {
        "nhs": "1 to 7 suppressed, others to the nearest 5",
        "opensafely": "0 to 7 redacted, others to the nearest 5",
        "midpoint6": "To the midpoint of six",
        "suppress": "1 to 7 and their partners suppressed, others exact",
    }
)
"""How counts are protected in what leaves (rules: population PE1). `internal` never leaves."""

STEPS: Final = ("asked", "checked", "approved", "refused", "published", "downloaded", "withdrawn")
STATES: Final = MappingProxyType(
    {
        "waiting": "Waits for a second person",
        "approved": "Approved, not yet published",
        "refused": "Refused",
        "published": "Published",
        "withdrawn": "Withdrawn",
    }
)
# What each step makes of a state; a step that is not here cannot follow.
_AFTER: Final = MappingProxyType(
    {
        ("", "asked"): "waiting",
        ("waiting", "checked"): "waiting",
        ("waiting", "approved"): "approved",
        ("waiting", "refused"): "refused",
        ("waiting", "withdrawn"): "withdrawn",
        ("approved", "published"): "published",
        ("approved", "withdrawn"): "withdrawn",
        ("published", "downloaded"): "published",
        ("published", "withdrawn"): "withdrawn",
    }
)


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody asks to release, as the form or a command gives it; `explanation` answers the checks' findings."""

    title: str
    purpose: str
    recipient_kind: str
    recipient: str
    kind: str
    mode: str
    explanation: str = ""


def state_of(steps: Iterable[str]) -> str:
    """Answer the state that these steps, in their order, have led to; RuleError for an order that cannot be."""
    state = ""
    for step in steps:
        state = after(state, step)
    return state


def after(state: str, step: str) -> str:
    """Answer the state after one more step; RuleError, in words for whoever tries, when it cannot follow."""
    try:
        return _AFTER[state, step]
    except KeyError:
        said = STATES.get(state, "not asked").lower()
        raise RuleError(
            f"A release that is '{said}' cannot be {step}. Open it again to see what became of it."
        ) from None


def was_out(steps: Iterable[str]) -> bool:
    """Answer whether anybody may have what was released: a withdrawn file that was out cannot be called back."""
    return bool({"published", "downloaded"} & set(steps))


def check_request(request: Request) -> None:
    """Raise RuleError naming the first thing that is missing or unknown in a request."""
    for value, known, what in (
        (request.kind, KINDS, "kind of content"),
        (request.recipient_kind, RECIPIENTS, "kind of recipient"),
        (request.mode, MODES, "way of protecting counts"),
    ):
        if value not in known:
            raise RuleError(f"'{value}' is no {what}; expected {', '.join(known)}.")
    for text, what, least in ((request.title, "title", 5), (request.purpose, "purpose", 10)):
        if len(text.strip()) < least:
            raise RuleError(f"A release needs its {what}, in a few words.")
    if request.recipient_kind != "public" and not request.recipient.strip():
        raise RuleError("Name the body that receives it. The public log shows its kind only.")
