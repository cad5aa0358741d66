"""How many people a cohort may be said to have, when others much like it were counted before (rules: population PE5).

Two cohorts of which one lies within the other tell, together, about those between them. Where these are 1 to 7 people
the later cohort is answered as the earlier one was, so that nothing shows where it lies: taking somebody out, or
putting them in, changes no figure. Where they are 8 or more, or the two only overlap, it has a figure of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from joinedup.measures.disclosure.rounding import SMALL, round_count

EVERYBODY: Final = "everybody in the snapshot"


@dataclass(frozen=True, slots=True)
class Counted:
    """A cohort with a figure of its own: its sentences, without order or capitals, and its raw count. Controlled.

    `is_earlier`: it was counted in another revision of the snapshot, with people who may have been taken out since.
    """

    include: frozenset[str]
    exclude: frozenset[str]
    people: int
    is_earlier: bool = False

    @property
    def shown(self) -> int | None:
        """Answer the figure as it may be seen; None is 1 to 7."""
        return round_count(self.people)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a cohort as it may be seen. `removed` None hides 1 to 7, or what would tell such a number.

    `stands_for` is the number of the earlier line whose figure it bears, where it bears none of its own.
    """

    sentence: str
    is_exclusion: bool
    left: int | None
    removed: int | None
    unknown: int | None


def said_alike(sentences: Iterable[str]) -> frozenset[str]:
    return frozenset(" ".join(one.split()).rstrip(".").casefold() for one in sentences)


def lies_within(one: Counted, other: Counted) -> bool:
    """Answer whether the sentences alone say that `one` lies within `other`: it asks all that the other asks."""
    return one.include >= other.include and one.exclude >= other.exclude


def is_near(one: Counted, other: Counted) -> bool:
    """Answer whether two cohorts differ by at most one sentence each way, so that one may lie within the other."""
    left, right = _marked(one), _marked(other)
    return len(left - right) <= 1 and len(right - left) <= 1


def answered_as(new: Counted, earlier: Sequence[Counted], nested: Callable[[Counted], bool]) -> Counted:
    """Answer the cohort whose figure the new one bears: an earlier one of the same people but 1 to 7, else itself.

    `nested` answers of an earlier cohort whether it or the new one holds all people of the other; it is asked only
    where the sentences do not say so. An earlier one of nobody is passed by: its 0 would be wrong of anybody.
    """
    for one in earlier:
        if abs(one.people - new.people) > SMALL or (one.people == 0 and new.people > 0):
            continue
        if lies_within(new, one) or lies_within(one, new) or (is_near(new, one) and nested(one)):
            return one
    return new


def lines_shown(
    sentences: Sequence[tuple[str, bool]], raw: Sequence[int], unknown: Sequence[int], answered: Sequence[Counted]
) -> list[Line]:
    """Answer the lines of a cohort, the first of everybody: raw counts left, unknown, and what each is answered as.

    What a line removes follows from the figures shown, so that nothing can be taken from it.
    """
    lines: list[Line] = []
    for number, (sentence, is_exclusion) in enumerate(sentences):
        left = answered[number].shown
        removed: int | None = 0
        if number:
            before, went = lines[-1].left, raw[number - 1] - raw[number]
            if before is None or left is None or (went and (went <= SMALL or before <= left)):
                removed = None
            elif went:
                removed = before - left
        lines.append(Line(sentence, is_exclusion, left, removed, round_count(unknown[number])))
    return lines


def _marked(one: Counted) -> set[tuple[bool, str]]:
    return {(False, said) for said in one.include} | {(True, said) for said in one.exclude}
