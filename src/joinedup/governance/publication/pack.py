"""A board pack as values: everything members or the public read before and after a meeting, in reading order.

The same values become a tagged PDF (`pack_pdf`) and a page. Texts are plain: nothing in them is markup. The hash is of
the content alone, so that a pack rebuilt for the same two times has the same one (rules: governance B8, X1, X7, V26).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Final

from joinedup.governance.meetings.papers import PURPOSES, TRIPLE_AIM, content_hash_of

WITHHELD: Final = "Name withheld"
PRIVATE_TITLE: Final = "Private item"
OVERDUE_TITLE: Final = "Overdue commitments and actions"
TYPES_SAID: Final = {"approve": "For decision", "discuss": "For discussion", "note": "To note"}
EXPECTS_SAID: Final = {
    "measure": "Measure",
    "size": "Expected change",
    "by": "By when",
    "for": "For whom",
    "comparator": "Compared with",
    "chosen_for_extreme": "Chosen because the figure was extreme",
}
ASKS_SAID: Final = {
    "acts": "What the money may be used for",
    "valid_from": "From",
    "valid_to": "Up to",
    "party": "With whom",
    "purpose": "Purpose",
    "plan_line": "Line of the plan",
    "budget_line": "Budget line",
}

Facts = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Cited:
    """What a paper cites, in words: its kind, its id, and what it said as known when the paper was submitted."""

    kind: str
    id: str
    said: str


@dataclass(frozen=True, slots=True)
class PackPaper:
    """A version of a paper; `held_back` says why its content is not here, and then nothing else of it is."""

    key: str
    number: int
    title: str
    facts: Facts = ()
    paragraphs: tuple[str, ...] = ()
    cites: tuple[Cited, ...] = ()
    held_back: str = ""


@dataclass(frozen=True, slots=True)
class PackItem:
    """An item of the agenda: what is asked, what it is expected to do, who declared what, what came of it."""

    number: int
    title: str
    type: str
    is_private: bool = False
    asks: Facts = ()
    expects: Facts = ()
    declared: tuple[str, ...] = ()
    decision: str = ""  # its reference
    decided: Facts = ()
    papers: tuple[PackPaper, ...] = ()


@dataclass(frozen=True, slots=True)
class Pack:
    """A meeting as one document. `reader` is "members" or "public"; `by_itself` is what reached the agenda unasked."""

    meeting: str
    board: str
    title: str
    facts: Facts
    items: tuple[PackItem, ...]
    by_itself: tuple[str, ...]
    attendance: tuple[str, ...]
    reader: str
    valid_on: date
    known_at: datetime

    @property
    def content_hash(self) -> str:
        """The SHA-256 of what it says; the two times for which it was built are not part of it."""
        return hash_of_content({k: v for k, v in asdict(self).items() if k not in {"valid_on", "known_at"}})


def hash_of_content(content: Any) -> str:
    """Answer the SHA-256 of a page's content as canonical JSON; days and instants as ISO texts (X7)."""
    return content_hash_of({"content": _plain(content)})


def paragraphs_of(text: str) -> tuple[str, ...]:
    """Answer the paragraphs of a plain text: what empty lines part; lines within one are joined by a space."""
    parts = "\n".join(line.rstrip() for line in text.replace("\r\n", "\n").split("\n")).split("\n\n")
    return tuple(" ".join(part.split()) for part in parts if part.strip())


def facts_of_parts(parts: Mapping[str, Any]) -> Facts:
    """Answer the parts of a paper (B8) in words, those that are empty left out."""
    aims = parts.get("triple_aim") or {}
    cost = parts.get("cost_pence")
    rows = [
        ("Purposes", "; ".join(PURPOSES.get(one, one) for one in parts.get("purposes") or ())),
        *((TRIPLE_AIM[aim], str(aims.get(aim, ""))) for aim in TRIPLE_AIM),
        ("Evidence", "; ".join(parts.get("evidence") or ())),
        ("Engagement", "; ".join(parts.get("engagement") or ())),
        ("Made together with", "; ".join(parts.get("co_production") or ())),
        ("Why nobody was asked", str(parts.get("no_engagement_reason") or "")),
        ("Impact on equality", str(parts.get("equality_impact") or "")),
        ("Conflicts considered", str(parts.get("conflicts_considered") or "")),
        ("Cost", "" if cost is None else pounds_said(int(cost))),
        ("Lowest tier that could decide", str(parts.get("lowest_tier") or "").replace("_", " ")),
    ]
    return tuple((label, text) for label, text in rows if text.strip())


def facts_of(said: Mapping[str, Any] | None, labels: Mapping[str, str]) -> Facts:
    """Answer named values in words, in the order of their labels; what has no label stands under its own name."""
    if not said:
        return ()
    order = [*(key for key in labels if key in said), *(key for key in sorted(said) if key not in labels)]
    rows = [(labels.get(key, key.replace("_", " ").capitalize()), _in_words(said[key])) for key in order]
    return tuple((label, text) for label, text in rows if text)


def pounds_said(pence: int) -> str:
    """Answer pence as pounds, such as £1,234.56."""
    sign = "−" if pence < 0 else ""
    return f"{sign}£{abs(pence) // 100:,}.{abs(pence) % 100:02d}"


def cited_in_words(cite: Mapping[str, Any], *, is_private: bool = False) -> Cited:
    """Answer a citation in words, as it was known when the paper was submitted; nothing of a private decision."""
    kind, id_ = str(cite["kind"]), str(cite["id"])
    if is_private:
        return Cited("Decision", "", "A decision that was taken in private")
    if kind == "decision":
        outcome = str(cite.get("outcome") or "with its members to adopt").replace("_", " ")
        pence = cite.get("pence")
        amount = f", {pounds_said(int(pence))}" if pence else ""
        return Cited("Decision", id_, f"{outcome}{amount}, {str(cite.get('decided_at', ''))[:10]}")
    if kind == "plan_line":
        return Cited(
            "Line of the plan", id_,
            f"{cite.get('value')} {cite.get('unit')}, version {cite.get('version')} ({cite.get('state')})",
        )  # fmt: skip
    known = {key: value for key, value in cite.items() if key not in {"kind", "id", "title", "unit"}}
    more = "".join(f"; {label.lower()} {text}" for label, text in facts_of(known, {}))
    return Cited(kind.replace("_", " ").capitalize(), id_, f"{cite.get('title', '')} ({cite.get('unit', '')}){more}")


def _in_words(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, list | tuple):
        return ", ".join(filter(None, map(_in_words, value)))
    return " ".join(str(value).split())


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, str | int) or value is None:
        return value
    if isinstance(value, Iterable):
        return [_plain(one) for one in value]
    return str(value)
