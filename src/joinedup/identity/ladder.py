"""The deterministic ladder: what is decided about a pair before anything is scored; the first step that fits decides.

Method: rules/population PA5, with record R24 and R25. Two steps ask for more than the book does, because a join for
care must hold in 9,999 of 10,000 cases: D1 needs both numbers verified (status 01), and a pair with an unverified
number goes on to D2, which asks for a name as well; D5 asks for a name too, since the counters of two systems of one
organisation meet by accident. The same rules stand in SQL for many pairs at once (`ladder_sql.py`); a test holds them
together.
"""

from __future__ import annotations

from dataclasses import dataclass

from joinedup.identity.nicknames import root
from joinedup.identity.standardise import MatchingFields

NAMES_ALIKE = 0.92  # Jaro-Winkler of surnames (PA5 D2)


@dataclass(frozen=True, slots=True)
class Step:
    """What the ladder says: the step, the method or reason, and `link`, `review`, `stop`, `conflict` or `score`."""

    step: str
    outcome: str
    method: str = ""


@dataclass(frozen=True, slots=True)
class LocalId:
    """Where a record comes from, and its id there."""

    organisation: str = ""
    source_id: str = ""


def decide_pair(
    one: MatchingFields,
    other: MatchingFields,
    *,
    is_never: bool = False,
    local: tuple[LocalId, LocalId] | None = None,
) -> Step:
    """Answer the first step that fits a pair. A withheld identity joins nobody (R25)."""
    if is_never or one.is_withheld or other.is_withheld:
        return Step("D0", "stop")
    if one.nhs_number and other.nhs_number:
        if _same_number(one, other):
            same_day = one.birth_date is not None and one.birth_date == other.birth_date
            if same_day and one.is_verified and other.is_verified:
                return Step("D1", "link", "nhs+dob")
            if birth_dates_near(one, other) and names_near(one, other):
                return Step("D2", "link", "nhs+partial")
            return Step("D3", "review", "number_conflict")
        return Step("D4", "conflict", "different_numbers")
    born_alike = one.birth_date is not None and one.birth_date == other.birth_date
    if (
        local
        and local[0].organisation
        and local[0] == local[1]
        and local[0].source_id
        and born_alike
        and names_near(one, other)
    ):
        return Step("D5", "link", "local_id")
    if (
        born_alike
        and one.family is not None and one.family == other.family
        and one.given is not None and one.given == other.given
        and one.postcode is not None and one.postcode == other.postcode
    ):  # fmt: skip
        return Step("D6", "link", "exact_demographic")
    return Step("D7", "score")


def birth_dates_near(one: MatchingFields, other: MatchingFields) -> bool:
    """Answer whether two dates of birth agree in at least two of their three parts, or with day and month swapped."""
    a, b = one.birth_date, other.birth_date
    if a is None or b is None:
        return False
    swapped = a.year == b.year and a.day == b.month and a.month == b.day
    return swapped or (a.year == b.year) + (a.month == b.month) + (a.day == b.day) >= 2


def names_near(one: MatchingFields, other: MatchingFields) -> bool:
    """Answer whether surnames are equal or alike (Jaro-Winkler 0.92), or forenames are equal or short for each other.

    A surname that either was known by before counts as its surname.
    """
    from rapidfuzz.distance import JaroWinkler

    if one.given and other.given and root(one.given) == root(other.given):
        return True
    if one.family and other.family:
        if JaroWinkler.similarity(one.family, other.family) >= NAMES_ALIKE:
            return True
        return one.family in other.other_families or other.family in one.other_families
    return False


def _same_number(one: MatchingFields, other: MatchingFields) -> bool:
    return (
        one.nhs_number == other.nhs_number
        or one.nhs_number in other.former_numbers
        or other.nhs_number in one.former_numbers
    )
