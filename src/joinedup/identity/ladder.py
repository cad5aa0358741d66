"""The deterministic ladder: what is decided about a pair before anything is scored; the first step that fits decides.

Method: rules/population PA5, with record R24 and R25. Feeds taught four things that the book does not say:

- D1 needs both numbers verified (status 01). A pair with an unverified number goes on to D2 and is joined there when
  names agree as well, or when one side has no name at all (extracts have none) and the whole date of birth agrees, or
  part of it and the postcode.
- D2 takes a missing date of birth, or one of 1 January of the same year (which stands for "the year is known"), only
  when surname and forename both agree.
- D5 asks for a name, or where one side has none for the postcode, since the counters of two systems of one
  organisation meet by accident.
- Names in each other's place are one name.

The same rules stand in SQL for many pairs at once (`comparing.py`); a test holds the two together.
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
            if _agrees_in_part(one, other, same_day):
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
        and (names_near(one, other) or (_lacks_a_name(one, other) and _same(one.postcode, other.postcode)))
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
    """Answer whether surnames or forenames agree, each as `family_near` and `given_near` have it."""
    return given_near(one, other) or family_near(one, other) or _swapped(one, other)


def given_near(one: MatchingFields, other: MatchingFields) -> bool:
    """Answer whether forenames are equal or two forms of one."""
    return bool(one.given and other.given and root(one.given) == root(other.given))


def family_near(one: MatchingFields, other: MatchingFields) -> bool:
    """Answer whether surnames are equal or alike (Jaro-Winkler 0.92), an earlier surname counting as one."""
    from rapidfuzz.distance import JaroWinkler

    if one.family and other.family and JaroWinkler.similarity(one.family, other.family) >= NAMES_ALIKE:
        return True
    return (one.family is not None and one.family in other.other_families) or (
        other.family is not None and other.family in one.other_families
    )


def _agrees_in_part(one: MatchingFields, other: MatchingFields, same_day: bool) -> bool:
    if birth_dates_near(one, other) and names_near(one, other):
        return True
    a, b = one.birth_date, other.birth_date
    unsaid = a is None or b is None or (a.year == b.year and (1, 1) in ((a.month, a.day), (b.month, b.day)))
    if _lacks_a_name(one, other):
        return same_day or ((unsaid or birth_dates_near(one, other)) and _same(one.postcode, other.postcode))
    return unsaid and ((given_near(one, other) and family_near(one, other)) or _swapped(one, other))


def _lacks_a_name(one: MatchingFields, other: MatchingFields) -> bool:
    return not (one.family or one.given) or not (other.family or other.given)


def _swapped(one: MatchingFields, other: MatchingFields) -> bool:
    return _same(one.family, other.given) and _same(one.given, other.family)


def _same(one: str | None, other: str | None) -> bool:
    return one is not None and one == other


def _same_number(one: MatchingFields, other: MatchingFields) -> bool:
    return (
        one.nhs_number == other.nhs_number
        or one.nhs_number in other.former_numbers
        or other.nhs_number in one.former_numbers
    )
