"""Minutes for the public, and what somebody changed in them (rules: governance B7, X1).

Minutes are one plain text in which each item begins with its number and title. Of a private item the public reads that
there was one, and nothing else. Where that cannot be told for certain the whole text stays back.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from joinedup.governance.publication.masking import public_text

PRIVATE_LINE: Final = "Private item: the public was excluded."


@dataclass(frozen=True, slots=True)
class ItemTitle:
    """The number and title of an item, as its heading stands in the minutes."""

    number: int
    title: str
    is_private: bool = False

    @property
    def heading(self) -> str:
        return f"{self.number}. {self.title}"


def public_minutes(text: str, items: Sequence[ItemTitle]) -> str | None:
    """Answer minutes as the public reads them, masked; None where a private item cannot be told from the rest.

    A private item ends where the heading of a public one begins; its own numbered lines end nothing.
    """
    private = {one.heading: one for one in items if one.is_private}
    public = {one.heading for one in items if not one.is_private}
    kept: list[str] = []
    found: set[str] = set()
    is_inside = False
    for line in text.replace("\r\n", "\n").split("\n"):
        heading = " ".join(line.split())
        if heading in private:
            is_inside = True
            found.add(heading)
            kept += [f"{private[heading].number}. {PRIVATE_LINE}", ""]
        elif heading in public:
            is_inside = False
        if not is_inside:
            kept.append(line)
    rest = " ".join("\n".join(kept).casefold().split())
    if found != private.keys() or any(" ".join(one.title.casefold().split()) in rest for one in private.values()):
        return None
    return public_text("\n".join(kept).strip() + "\n")


@dataclass(frozen=True, slots=True)
class LineChange:
    """A line that differs: `kind` is "taken out" or "put in"."""

    kind: str
    text: str


SIGNS: Final[Mapping[str, str]] = {"- ": "taken out", "+ ": "put in"}


def differences(before: str, after: str) -> tuple[LineChange, ...]:
    """Answer which lines were taken out and put in between two versions, in their order.

    Spaces at the ends of lines do not count.
    """
    old, new = ([line.rstrip() for line in text.strip().split("\n")] for text in (before, after))
    return tuple(
        LineChange(SIGNS[line[:2]], line[2:])
        for line in difflib.ndiff(old, new)
        if line[:2] in SIGNS and line[2:].strip()
    )
