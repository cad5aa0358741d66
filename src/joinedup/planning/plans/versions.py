"""Versions of a plan: a draft that may change, and after that what was said, for good (rule MD3)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from joinedup.errors import RuleError
from joinedup.planning.plans.plan_lines import Code, Number, PlanLine, check_lines

SIDES = ("commissioner", "provider")
# draft: may change; submitted: said to all partners; reconciling: compared with the other side's; agreed: no gap is
# left; signed: all have signed; superseded: a later version stands in its place.
AFTER: dict[str, tuple[str, ...]] = {
    "draft": ("submitted",),
    "submitted": ("reconciling", "superseded"),
    "reconciling": ("agreed", "superseded"),
    "agreed": ("signed", "reconciling", "superseded"),
    "signed": ("superseded",),
    "superseded": (),
}


class IllegalTransition(RuleError):
    """Not from this state to that one, or not by this act."""


class ImmutableVersion(RuleError):
    """A version that was submitted does not change; a new one is made."""


class StaleSignature(RuleError):
    """A signature was given for another version or other lines than these."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who acts: an id, the body acted for, and the role there. The name stays out of results and messages."""

    id: str
    body: Code
    role: str = ""


@dataclass(frozen=True, slots=True)
class PlanVersion:
    """What one body (`owner`, on one `side`) plans for a year, as its version `number` said; lines as `check_lines`."""

    owner: Code
    side: str
    year: str
    number: int
    lines: tuple[PlanLine, ...]
    template: str = ""
    template_version: int = 0
    state: str = "draft"

    def __post_init__(self) -> None:
        if self.side not in SIDES:
            raise RuleError(f"MD3: a plan is of the {' or the '.join(SIDES)}, not of the '{self.side}'.")
        if self.state not in AFTER:
            raise RuleError(f"MD3: '{self.state}' is no state; expected one of {', '.join(AFTER)}.")

    @property
    def name(self) -> str:
        return f"{self.owner} {self.side} {self.year} version {self.number}"

    @property
    def content_hash(self) -> str:
        return content_hash(self.lines)


@dataclass(frozen=True, slots=True)
class Signature:
    """That a person of a body, in a role, stands for exactly this content and this reconciliation, since `at`."""

    version: str  # the version's name
    body: Code
    role: str
    person: str
    hash: str  # of the version's content
    reconciliation: str
    at: datetime


def content_hash(lines: Iterable[PlanLine]) -> str:
    """Answer the SHA-256 of the lines in canonical form: the same lines in any order give the same hash, others none.

    Canonical: one line of text for each plan line, codes separated by the unit separator (U+001F, which no code holds),
    numbers as the shortest exact decimal, sorted, UTF-8.
    """
    return hashlib.sha256("\n".join(sorted(map(_canonical, lines))).encode()).hexdigest()


def edit(version: PlanVersion, lines: Sequence[PlanLine]) -> PlanVersion:
    """Answer the draft with other lines; ImmutableVersion once it was submitted."""
    if version.state != "draft":
        raise ImmutableVersion(
            f"MD3: {version.name} is {version.state} and does not change. Make version {version.number + 1}."
        )
    check_lines(lines)
    return replace(version, lines=tuple(lines))


def move(version: PlanVersion, to: str) -> PlanVersion:
    """Answer the version in its next state; IllegalTransition when it cannot go there from where it is."""
    allowed = AFTER[version.state]
    if to not in allowed:
        raise IllegalTransition(
            f"MD3: {version.name} is {version.state} and cannot become '{to}'; possible: "
            f"{', '.join(allowed) or 'none'}."
        )
    if to == "submitted":
        check_lines(version.lines)
        if not version.lines:
            raise RuleError(f"MD3: {version.name} has no line; fill the template and import it first.")
    return replace(version, state=to)


def next_version(version: PlanVersion, lines: Sequence[PlanLine]) -> PlanVersion:
    """Answer the draft that follows a version. It carries no signature, even with the same lines."""
    check_lines(lines)
    return replace(version, number=version.number + 1, lines=tuple(lines), state="draft")


def check_signature(signature: Signature, version: PlanVersion) -> None:
    """Raise StaleSignature unless the signature was given for this version with this content."""
    if signature.version != version.name or signature.hash != version.content_hash:
        raise StaleSignature(
            f"MD3: the signature of {signature.body} is for {signature.version} ({signature.hash[:12]}), not for "
            f"{version.name} ({version.content_hash[:12]}). Ask {signature.body} to sign this version."
        )


def plain(number: Number) -> str:
    """Answer the shortest exact decimal text of a number: 1.50 and 1.5 are one figure."""
    if isinstance(number, int):
        return str(number)
    text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


def _canonical(line: PlanLine) -> str:
    value, of = line.value, line.of
    return "\x1f".join(
        (
            *line[:8],
            str(value) if type(value) is int else plain(value),
            line.place,
            "" if of is None else plain(Decimal(of)),
        )
    )
