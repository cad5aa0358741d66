"""What may become of a worklist, step by step, and how its pseudonyms are turned back at the source.

Pseudonyms are a one-way street: nobody can work back from one. The record side, which knows its own numbers, works out
the pseudonym of each with the recipient's key and looks which are in the cohort (rules: PB7, trust T43). So only the
custodian of the record can do it, and only for a list that a second person has approved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from joinedup.errors import RuleError

STEPS: Final = ("asked", "approved", "refused", "opened", "closed")
STATES: Final = {"to do": "To do", "done": "Done", "not needed": "Not needed"}
SAID: Final = {
    "waiting": "Waits for the Caldicott guardian",
    "approved": "Open",
    "refused": "Refused",
    "closed": "Closed",
}
LEAST_REASON: Final = 10
SMALL: Final = 7
_AFTER: Final = {
    "waiting": frozenset({"approved", "refused", "closed"}),
    "approved": frozenset({"opened", "closed"}),
    "refused": frozenset[str](),
    "closed": frozenset[str](),
}


@dataclass(frozen=True, slots=True)
class TurnedBack:
    """Whom the pseudonyms of a cohort stand for: a subject of each resident, and how many could not be told.

    `unsure` are numbers that lead to more than one resident: identity has to be settled first.
    """

    subjects: frozenset[Any]
    unsure: int
    not_found: int


def state_of(steps: Iterable[str]) -> str:
    """Answer the state of a worklist from its steps, the earliest first."""
    state = "waiting"
    for step in steps:
        if step in ("approved", "refused", "closed"):
            state = step
    return state


def must_follow(steps: Iterable[str], step: str) -> None:
    """Raise RuleError when this step can't follow those."""
    state = state_of(steps)
    if step not in _AFTER[state]:
        raise RuleError(f"This worklist is {SAID[state].lower()}: it cannot be {step}.")


def people_said(count: int) -> str:
    """Answer how many people, as those who may not see them are told: to the nearest 5, and * for 1 to 7."""
    if 0 < count <= SMALL:
        return "*"
    return f"{(count + 2) // 5 * 5:,}"


def turned_back(
    pseudonyms: frozenset[str],
    subjects_by_number: Mapping[str, Iterable[Any]],
    every_subject: Iterable[Any],
    *,
    of_number: Callable[[str], str],
    of_person: Callable[[Any], str],
    resident_of: Callable[[Iterable[Any]], Mapping[Any, Any]],
) -> TurnedBack:
    """Answer whom these pseudonyms stand for.

    A pseudonym comes from a verified NHS number or, where there is none, from a subject's id (`from_record`). A number
    that is in the records of two residents is not turned back: one of them would be shown as somebody they are not.
    """
    found: dict[str, frozenset[Any]] = {}
    for number, subjects in subjects_by_number.items():
        if (pseudonym := of_number(number)) in pseudonyms:
            found[pseudonym] = frozenset(subjects)
    left = pseudonyms - found.keys()
    if left:
        for subject in every_subject:
            if (pseudonym := of_person(subject)) in left:
                found[pseudonym] = frozenset({subject})
    residents = resident_of({subject for subjects in found.values() for subject in subjects})
    sure: dict[Any, Any] = {}
    unsure = 0
    for subjects in found.values():
        if len({residents[one] for one in subjects}) > 1:
            unsure += 1
            continue
        one = min(subjects)
        sure.setdefault(residents[one], one)
    return TurnedBack(frozenset(sure.values()), unsure, len(pseudonyms) - len(found))
