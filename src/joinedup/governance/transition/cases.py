"""Open cases of a transfer: each member of staff for whom something is still to be settled, and what (rules: C7 to C9).

What a report says in sums is said here of each employment, for human resources alone. Nobody is named: an employment
stands by its key.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from joinedup.governance.transition.staff_transfer import TransferReport

# What may be open of an employment, in the order in which it holds a change back: the first four come of the list.
KINDS: Final = {
    "unplaced": "No receiving post",
    "changed_terms": "Terms would change",
    "broken_service": "Service would be broken",
    "changed_fte": "Other hours",
    "without_offer": "No offer that runs long enough",
    "not_consulted": "Not consulted",
    "declined": "Declined the offer",
    "asked": "Waits for an answer",
}


@dataclass(frozen=True, slots=True, order=True)
class Case:
    """What is open of one employment; `response` is the number of what was said and not answered, where it is that."""

    employment: str
    kind: str
    response: int = 0


def open_cases(
    report: TransferReport, *, declined: Iterable[str] = (), asked: Mapping[int, str] | None = None
) -> list[Case]:
    """Answer the open cases, those that hold the change back first.

    `declined` are employments whose last answer to the offer is no; `asked` is {number of a response: employment}.
    """
    found = [
        Case(employment, kind)
        for kind in ("unplaced", "changed_terms", "broken_service", "changed_fte", "without_offer", "not_consulted")
        for employment in getattr(report, kind)
    ]
    found += [Case(employment, "declined") for employment in declined]
    found += [Case(employment, "asked", number) for number, employment in (asked or {}).items()]
    order = list(KINDS)
    return sorted(found, key=lambda one: (order.index(one.kind), one.employment, one.response))
