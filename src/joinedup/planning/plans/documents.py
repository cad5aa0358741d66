"""Development, transition and implementation plans: what each must contain, who owns it, and what is missing today.

The kinds are data (`document_kinds.toml`): required sections with their owners, approvals, deadlines. A system may give
deadlines of its own.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path

from joinedup.errors import NotFound, did_you_mean
from joinedup.moment import LONDON
from joinedup.planning.plans.deadlines import Deadline, check_deadlines, deadline_status
from joinedup.planning.plans.plan_lines import Code

KINDS = Path(__file__).with_name("document_kinds.toml")
WHAT = ("section", "owner", "approval", "partner", "deadline")


@dataclass(frozen=True, slots=True)
class RequiredSection:
    """A section that a kind of document must have, and the post that owns it unless somebody else was named."""

    key: str
    title: str
    owner: str


@dataclass(frozen=True, slots=True)
class DocumentKind:
    """A kind of document: its sections, whose approval it needs, whether all partners must adopt it, and by when.

    Plans of years that begin on the days [needed_from, needed_to) are not signed while a section of it is empty.
    """

    key: str
    title: str
    source: str
    sections: tuple[RequiredSection, ...]
    approvals: tuple[str, ...]
    needs_all_partners: bool
    deadlines: tuple[Deadline, ...]
    needed_from: date = date.max
    needed_to: date | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """What a document says under one heading, and who owns it."""

    text: str = ""
    owner: str = ""


@dataclass(frozen=True, slots=True)
class PlanDocument:
    """A document as it stands: its sections by key, who approved it, which partners adopted it, what was sent when."""

    kind: str
    system: Code
    sections: Mapping[str, Section] = field(default_factory=dict)
    approvals: Mapping[str, date] = field(default_factory=dict)
    adopted_by: frozenset[Code] = frozenset()
    sent: Mapping[str, datetime] = field(default_factory=dict)  # stage -> when


@dataclass(frozen=True, slots=True)
class Missing:
    """One thing that a document lacks today: what, which, in words, and whose it is."""

    what: str
    key: str
    says: str
    owner: str = ""
    is_late: bool = False


@dataclass(frozen=True, slots=True)
class Owed:
    """What a document lacks before plans are signed: empty sections and hard deadlines that passed with nothing sent.

    `late` are hard deadlines after which it was sent: that is shown, and stands in nobody's way (rule MD9).
    """

    kind: str
    title: str
    empty: tuple[str, ...] = ()
    missed: tuple[Deadline, ...] = ()
    late: tuple[Deadline, ...] = ()


@lru_cache(maxsize=1)
def document_kinds() -> dict[str, DocumentKind]:
    """Answer the kinds of documents by key. DeadlineOrder when a kind's deadlines contradict each other."""
    found = {}
    for row in tomllib.loads(KINDS.read_text())["document"]:
        deadlines = tuple(
            Deadline(row["key"], one["due"], one["stage"], one["scope"], one.get("is_hard", False))
            for one in row["deadline"]
        )
        check_deadlines(deadlines)
        sections = tuple(RequiredSection(one["key"], one["title"], one["owner"]) for one in row["section"])
        found[row["key"]] = DocumentKind(
            row["key"], row["title"], row["source"], sections, tuple(row["approvals"]), row["needs_all_partners"],
            deadlines, row.get("needed_from", date.max), row.get("needed_to"),
        )  # fmt: skip
    return found


def document_kind(key: str) -> DocumentKind:
    """Answer a kind of document; NotFound suggests the nearest."""
    kinds = document_kinds()
    if key not in kinds:
        raise NotFound(f"There is no kind of plan '{key}'.{did_you_mean(key, kinds)} Known: {', '.join(kinds)}.")
    return kinds[key]


def missing_today(
    document: PlanDocument,
    on: date,
    *,
    partners: Iterable[Code] = (),
    deadlines: Sequence[Deadline] | None = None,
) -> list[Missing]:
    """Answer what a document lacks on a day: empty sections, sections without owner, approvals, partners, deadlines.

    A deadline is missing when nothing of its stage was sent, and late when its day is over or it was sent after it; one
    that was kept is not listed. `deadlines` replace those of the kind.
    """
    kind = document_kind(document.kind)
    found: list[Missing] = []
    for one in kind.sections:
        section = document.sections.get(one.key, Section())
        owner = section.owner or one.owner
        if not section.text.strip():
            found.append(Missing("section", one.key, f"'{one.title}' is empty", owner))
        if not section.owner.strip():
            found.append(Missing("owner", one.key, f"'{one.title}' has no owner; proposed: {one.owner}", one.owner))
    found += [Missing("approval", one, f"the approval of the {one} is missing", one)
              for one in kind.approvals if one not in document.approvals or document.approvals[one] > on]  # fmt: skip
    if kind.needs_all_partners:
        found += [Missing("partner", one, f"{one} has not adopted it", one)
                  for one in sorted(set(partners) - document.adopted_by)]  # fmt: skip
    for deadline in sorted(deadlines if deadlines is not None else kind.deadlines, key=lambda one: one.due):
        found += _against(deadline, document.sent.get(deadline.stage), on)
    return found


def empty_sections(document: PlanDocument) -> list[str]:
    """Answer the titles of required sections that hold no text; while there are any, nothing is signed (MD7)."""
    return [
        one.title
        for one in document_kind(document.kind).sections
        if not document.sections.get(one.key, Section()).text.strip()
    ]


def owed_for(year_start: date, documents: Iterable[PlanDocument], on: date) -> list[Owed]:
    """Answer what a system's documents lack on a day for plans of a year to be signed (rules MD7, MD9)."""
    found = []
    for document in documents:
        kind = document_kind(document.kind)
        if not kind.needed_from <= year_start < (kind.needed_to or date.max):
            continue
        hard = [(one, document.sent.get(one.stage)) for one in kind.deadlines if one.is_hard]
        missed = tuple(one for one, sent in hard if sent is None and on > one.due)
        late = tuple(one for one, sent in hard if sent is not None and deadline_status(one.due, sent) == "late")
        owed = Owed(kind.key, kind.title, tuple(empty_sections(document)), missed, late)
        if owed.empty or owed.missed or owed.late:
            found.append(owed)
    return found


def _against(deadline: Deadline, sent: datetime | None, on: date) -> list[Missing]:
    name = f"{deadline.scope} {deadline.stage}"
    if sent is None or sent.astimezone(LONDON).date() > on:
        says = f"the {name} is not sent; due on {deadline.due:%-d %B %Y}"
        return [Missing("deadline", deadline.stage, says, is_late=on > deadline.due)]
    if deadline_status(deadline.due, sent) == "late":
        return [
            Missing(
                "deadline", deadline.stage, f"the {name} was sent late; due on {deadline.due:%-d %B %Y}", is_late=True
            )
        ]
    return []
