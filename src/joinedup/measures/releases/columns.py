"""What the columns of a file that is to leave hold, judged by title and cells: counts, shares, periods, groups, texts.

In doubt a column of whole numbers is a count of people: that is the reading under which most is checked.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from joinedup.measures.releases.files import ReleasedFile

SUPPRESSED: Final = frozenset({"*", "[redacted]", "redacted", "suppressed", "c"})
BLANK: Final = frozenset({"", "–", "-", "na", "n/a", "nan", "none", "null"})
WHOLE = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+|[+-]?\d+(?:\.0*)?")
NUMBER = re.compile(r"[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d*)?(?:e[+-]?\d{1,2})?%?", re.IGNORECASE)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Words of a title. Whole numbers under a title of nothing but these (and names of groups) are no counts of people.
_NOT_PEOPLE = _words(
    "year month week quarter day date age band quintile decile quantile rank code id position order cost pence pounds "
    "tariff price beds minutes hours days weeks months years version revision lsoa msoa"
)
_BESIDE = _words("financial calendar national local of")
_PEOPLE = _words(
    "count counts n numerator denominator people persons patients residents population list total registered observed "
    "events deaths admissions attendances cases listsize"
)
_SHARE = _words(
    "value rate proportion percent percentage share ratio prevalence coverage mean average median standardised "
    "standardized dsr isr smr lower upper limit low high pct % index sii rii sd se expected weight weighted score "
    "risk probability"
)
_PERSON = _words("person pseudonym pseudo patient nhs nhsnumber subject resident mpi uprn household")
_TAIL = _words("id key number no code hash token ref reference")
_ALWAYS_PERSON = _words("pseudonym pseudo nhsnumber uprn mpi")
_BIRTH = _words("birth born dob birthdate yob")
_GROUPS: Final = {
    "age": _words("age ageband band birth born yob dob"),
    "sex": _words("sex gender"),
    "ethnic group": _words("ethnic ethnicity ethnicgroup ethnic_group"),
    "area": _words(
        "area lsoa lsoa11 lsoa21 msoa ward postcode practice neighbourhood place district pcn locality org "
        "organisation gp sector"
    ),
    "deprivation": _words("deprivation imd quintile decile"),
}
_AREA_NAME = _words("area name title practice neighbourhood place district pcn measure indicator meaning")


@dataclass(frozen=True, slots=True)
class FileColumn:
    """One column: its number from 0, its title, its cells as they are, and what it is taken to hold.

    `kind` is people (counts of them), share (a rate, a mean, a limit), number (other whole numbers), day, empty or
    text.
    `group` names the trait of a person that it tells ("age", "sex", "ethnic group", "area", "deprivation"), or "".
    """

    number: int
    title: str
    cells: tuple[str, ...]
    kind: str
    group: str = ""

    @property
    def words(self) -> tuple[str, ...]:
        return words_of(self.title)

    @property
    def is_of_birth(self) -> bool:
        return bool(_BIRTH.intersection(self.words))

    @property
    def names_a_person(self) -> bool:
        """Answer whether the title says that each cell is somebody: person, pseudonym, patient id, NHS number."""
        words = set(self.words)
        is_id = "id" in words and len(words) == 1
        return is_id or bool(words & _ALWAYS_PERSON) or bool(words & _PERSON and (len(words) == 1 or words & _TAIL))

    @property
    def names_an_area(self) -> bool:
        return bool(_AREA_NAME.intersection(self.words))


def words_of(title: str) -> tuple[str, ...]:
    """Answer the words of a title in small letters: "Patients_aged 65+" is patients, aged, 65."""
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", title)
    return tuple(re.findall(r"[a-z0-9]+|%", parted.casefold()))


def columns_of(file: ReleasedFile) -> list[FileColumn]:
    """Answer each column of a file with what it is taken to hold."""
    found = []
    for number, title in enumerate(file.columns):
        cells = file.column(number)
        kind = _kind(title, cells)
        # Counts of people aged 0 to 17 tell no trait of a row.
        found.append(FileColumn(number, title, tuple(cells), kind, "" if kind == "people" else _group(title)))
    return found


def is_open(cell: str) -> bool:
    """Answer whether a cell shows something: it is neither blank nor suppressed."""
    return cell.casefold() not in SUPPRESSED and cell.casefold() not in BLANK


def number_in(cell: str) -> float | None:
    """Answer the number that a cell shows, a percentage as its number; None for anything else."""
    if not cell or not NUMBER.fullmatch(cell) or not any(one.isdigit() for one in cell):
        return None
    try:
        return float(cell.rstrip("%").replace(",", ""))
    except ValueError:
        return None


def whole_in(cell: str) -> int | None:
    """Answer the whole number that a cell shows ("1,240", "12.0"), or None."""
    if not WHOLE.fullmatch(cell):
        return None
    return int(cell.replace(",", "").split(".")[0])


def _kind(title: str, cells: Sequence[str]) -> str:
    shown = [cell for cell in cells if is_open(cell)]
    words = set(words_of(title))
    if not shown:
        # A column of stars alone says nothing; it is a count if its title says so.
        return "people" if words & _PEOPLE else "empty"
    if all(re.fullmatch(r"\d{4}-\d{2}(?:-\d{2})?(?:[T ].*)?", cell) for cell in shown):
        return "day"
    if all(whole_in(cell) is not None for cell in shown):
        if words & _PEOPLE:
            return "people"
        if words & _SHARE:
            return "share"
        return "number" if _is_label(title) else "people"
    if all(number_in(cell) is not None for cell in shown):
        return "people" if words & _PEOPLE and not words & _SHARE else "share"
    # A few notes among numbers ("10 (low)") do not make a count a text.
    numbers = sum(number_in(cell) is not None for cell in shown)
    return "people" if words & _PEOPLE and numbers * 2 > len(shown) else "text"


def _is_label(title: str) -> bool:
    """Answer whether the whole title is a label of numbers: "IMD decile" is, "Age 0-17" or "Practice A" is not."""
    words = set(words_of(title)) - _BESIDE
    return bool(words) and words <= _NOT_PEOPLE.union(*_GROUPS.values())


def _group(title: str) -> str:
    words = set(words_of(title))
    joined = "".join(words_of(title))
    return next((trait for trait, named in _GROUPS.items() if words & named or joined in named), "")
