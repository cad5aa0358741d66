"""Automatic checks of a file that is to leave: what they find, where, and whether it may leave at all.

A finding names sheet, row and column and never the value that stood there: findings are read by people who may not see
it, and they are kept. `refuse` cannot leave as it is; `explain` may, when whoever asks says why and a second person
agrees. (rules: trust T42, T43, T45; population PB7, PE1 to PE5)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from joinedup.measures.disclosure.identifiers import KINDS, Planted, is_full_date, kinds_in
from joinedup.measures.releases.columns import FileColumn, columns_of, is_open, number_in, whole_in
from joinedup.measures.releases.files import ReleasedFile

SMALLEST_GROUP: Final = 8
"""k of T42: the fewest people who may share age, sex, area and what else tells them apart."""
MOST_SUPPRESSED: Final = 7
_MULTIPLIERS: Final = (1, 100, 1_000, 10_000, 100_000, 1_000_000)
_STEP: Final = {"nhs": 5, "opensafely": 5}


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found: its code, how grave, in words, and where; `places` counts the cells or rows of it.

    `row` is the first such line of the file as a text editor counts it (0: not about one row); `column` the title, or
    "column 3" where the title itself must not be shown.
    """

    code: str
    severity: str  # refuse or explain
    says: str
    column: str = ""
    row: int = 0
    places: int = 1
    sheet: str = ""

    @property
    def where(self) -> str:
        """Answer the place in words: "column people, row 17 and 3 more"."""
        parts = [part for part in (self.sheet, f"column {self.column}" if self.column else "") if part]
        if self.row:
            parts.append(f"row {self.row}" + (f" and {self.places - 1:,} more" if self.places > 1 else ""))
        return ", ".join(parts) or "the whole file"

    @property
    def refuses(self) -> bool:
        return self.severity == "refuse"


def check_file(
    file: ReleasedFile, *, mode: str = "nhs", planted: Planted | None = None, shares_are_ours: bool = False
) -> list[Finding]:
    """Answer what stands against releasing a file, the gravest first; empty when nothing does.

    Checks identifiers everywhere, formulas, rows of persons, free text, small or unrounded counts and shares that do
    not follow from the counts beside them; `shares_are_ours` leaves out the last, for what joinedup computed itself.
    What is out already is compared by `differences`.
    """
    columns = columns_of(file)
    found = [
        *_identifiers(file, columns, planted),
        *_formulas(file, columns),
        *_persons(file, columns),
        *_texts(file, columns),
        *_counts(file, columns, mode),
        *(() if shares_are_ours else _shares(file, columns)),
    ]
    found = [replace(one, column=_column_said(one.column, columns, planted)) for one in found]
    return sorted(found, key=lambda one: (not one.refuses, one.code, one.column, one.row))


def check_words(words: dict[str, str], *, planted: Planted | None = None) -> list[Finding]:
    """Answer what names a person in the words around a release: title, purpose, recipient, explanation, file name."""
    return [
        Finding("identifier", "refuse", f"This names a person: {KINDS[kind]}.", column=field)
        for field, text in words.items()
        for kind in kinds_in(text, planted)
    ]


# --- identifiers ---------------------------------------------------------------------------------------------------


def _identifiers(file: ReleasedFile, columns: Sequence[FileColumn], planted: Planted | None) -> Iterator[Finding]:
    for column in columns:
        for kind in kinds_in(column.title, planted):
            yield Finding("identifier", "refuse", f"A title names a person: {KINDS[kind]}.", f"#{column.number}", 1)
        # Cells repeat: each text is looked at once.
        kinds = {cell: tuple(kinds_in(cell, planted)) for cell in set(column.cells)}
        for kind in KINDS:
            rows = [at for at, cell in enumerate(column.cells) if kind in kinds[cell]]
            if rows:
                yield _at(file, rows, "identifier", "refuse", f"Cells hold {KINDS[kind]}.", column)
        full = [at for at, cell in enumerate(column.cells) if is_full_date(cell)]
        if full and column.is_of_birth:
            yield _at(file, full, "identifier", "refuse", "Cells hold a full date of birth; leave the month.", column)
        elif full:
            says = "Cells hold full days. A day of an event can tell who somebody is; give the month, or say why not."
            yield _at(file, full, "full-day", "explain", says, column)
    if planted is not None:
        rows = [at for at, row in enumerate(file.rows) if planted.stands_in(" ".join(row))]
        if rows:
            yield _at(file, rows, "identifier", "refuse", f"A row holds {KINDS['planted']}.", None)
    for kind in dict.fromkeys(kind for note in file.notes for kind in kinds_in(note, planted) if kind != "pseudonym"):
        yield Finding("identifier", "refuse", f"A note below the table holds {KINDS[kind]}.")


def _formulas(file: ReleasedFile, columns: Sequence[FileColumn]) -> Iterator[Finding]:
    says = "Text that a spreadsheet would run as a formula. Put an apostrophe before it."
    for column in columns:
        rows = [at for at, cell in enumerate(column.cells) if _is_formula(cell)]
        if rows:
            yield _at(file, rows, "formula", "refuse", says, column)
        if _is_formula(column.title):
            yield Finding("formula", "refuse", says, f"#{column.number}", 1)


def _is_formula(cell: str) -> bool:
    return cell[:1] in ("=", "+", "-", "@", "\t", "\r") and len(cell) > 1 and number_in(cell) is None


# --- rows of persons -----------------------------------------------------------------------------------------------


def _persons(file: ReleasedFile, columns: Sequence[FileColumn]) -> Iterator[Finding]:
    for column in columns:
        if column.names_a_person:
            says = "The title says that each row is a person. Release counts."
            yield Finding("persons", "refuse", says, _key(column))
    if any(column.kind == "people" for column in columns):
        return
    # Without a count beside it each row may be a person. So what tells people apart must be shared by eight rows.
    telling = [column for column in columns if column.group]
    traits = {column.group for column in telling} - {"area", "deprivation"}
    repeated = [at for at, number in enumerate(map(Counter(file.rows).__getitem__, file.rows)) if number > 1]
    if traits and len({column.group for column in telling}) > 1:
        keys = list(zip(*(column.cells for column in telling), strict=True))
        sizes = Counter(keys)
        small = [at for at, key in enumerate(keys) if sizes[key] < SMALLEST_GROUP]
        if small:
            said = ", ".join(sorted({column.group for column in telling}))
            yield _at(
                file, small, "few-alike", "refuse",
                f"No column counts people, so a row may be one person, and the fewest rows with the same {said} are "
                f"{min(sizes.values())} (expected at least {SMALLEST_GROUP}). Give counts, or broader groups.", None,
            )  # fmt: skip
    elif repeated:
        says = "Rows are repeated and no column counts people: each row looks like one person. Release counts."
        yield _at(file, repeated, "persons", "refuse", says, None)


def smallest_group(file: ReleasedFile) -> int | None:
    """Answer k (T42): the fewest rows, or the smallest shown count, that share all traits; None without any trait."""
    columns = columns_of(file)
    telling = [column for column in columns if column.group]
    if not telling:
        return None
    people = [column for column in columns if column.kind == "people"]
    if people:
        shown = [n for column in people for cell in column.cells if (n := whole_in(cell)) is not None and n > 0]
        return min(shown, default=None)
    return min(Counter(zip(*(column.cells for column in telling), strict=True)).values(), default=None)


def _texts(file: ReleasedFile, columns: Sequence[FileColumn]) -> Iterator[Finding]:
    for column in columns:
        if column.kind != "text":
            continue
        texts = Counter(cell for cell in column.cells if is_open(cell))
        long = {text for text in texts if len(text.split()) >= 5}
        rows = [at for at, cell in enumerate(column.cells) if cell in long]
        if not rows:
            continue
        # Titles of measures and states repeat; what somebody wrote is different in each row.
        is_free = len(long) > 3 and len(long) * 2 > len(rows) and not column.names_an_area
        if is_free or any(len(text) > 200 for text in long):
            yield _at(file, rows, "free-text", "refuse", "Free text never leaves: anything may stand in it.", column)
        elif len(long) > 3 and not column.names_an_area:
            says = "Long texts. Say where they come from: only names of areas, groups and measures should be here."
            yield _at(file, rows, "long-text", "explain", says, column)


# --- counts and shares ---------------------------------------------------------------------------------------------


def _counts(file: ReleasedFile, columns: Sequence[FileColumn], mode: str) -> Iterator[Finding]:
    for column in columns:
        if column.kind != "people":
            continue
        small, exact = [], []
        for at, cell in enumerate(column.cells):
            number = number_in(cell)
            if number is None:
                continue
            if 0 < number <= MOST_SUPPRESSED and mode != "midpoint6":
                small.append(at)
            elif not _is_as_mode_says(number, mode):
                exact.append(at)
        if small:
            says = "Counts of 1 to 7. They must read *; if this is no count of people, its title should say what it is."
            yield _at(file, small, "small-count", "refuse", says, column)
        if exact:
            says = {
                "midpoint6": "Counts that are no midpoint of six (0, 3, 9, 15, ...).",
                "suppress": "A negative number of people.",
            }.get(mode, "Counts that are not rounded to the nearest 5.")
            yield _at(file, exact, "unrounded", "refuse", says, column)
        if mode == "suppress" and not small:
            yield Finding(
                "exact", "explain",
                "Counts are exact. Say how it was made sure that no * can be worked out from totals.", _key(column),
            )  # fmt: skip


def _is_as_mode_says(number: float, mode: str) -> bool:
    if number < 0 or number != int(number):
        return False
    if mode == "midpoint6":
        return number == 0 or int(number) % 6 == 3
    return mode not in _STEP or int(number) % _STEP[mode] == 0


def _shares(file: ReleasedFile, columns: Sequence[FileColumn]) -> Iterator[Finding]:
    people = [column for column in columns if column.kind == "people"]
    numerator = _named(people, "numerator", "count", "n", "events", "observed", "cases", "x")
    denominator = _named(people, "denominator", "population", "registered", "list", "total")
    if numerator is None and denominator is not None and len(people) == 2:
        numerator = next(one for one in people if one is not denominator)
    for column in columns:
        if column.kind != "share":
            continue
        shown = [at for at, cell in enumerate(column.cells) if is_open(cell)]
        if not shown:
            continue
        hidden = [at for at in shown if any(not is_open(one.cells[at]) or _is_few(one, at) for one in people)]
        if hidden:
            says = "A figure stands beside a count that is suppressed or below 8: the count can be worked out from it."
            yield _at(file, hidden, "share-of-suppressed", "refuse", says, column)
        if numerator is None or denominator is None or numerator is denominator:
            says = "No numerator and denominator stand beside it: nothing shows that it is from protected counts."
            yield _at(file, shown, "share-unproven", "explain", says, column)
            continue
        if not {"lower", "upper", "limit", "standardised", "standardized", "dsr", "isr"}.isdisjoint(column.words):
            continue  # Limits and standardised rates do not follow from the two counts alone.
        apart = [at for at in shown if at not in set(hidden) and not _follows(column, numerator, denominator, at)]
        if apart:
            says = "Figures that do not follow from the counts shown beside them: they are from unprotected counts."
            yield _at(file, apart, "share-unprotected", "refuse", says, column)


def _named(columns: Iterable[FileColumn], *names: str) -> FileColumn | None:
    columns = list(columns)
    return next((one for name in names for one in columns if name in one.words), None)


def _is_few(column: FileColumn, at: int) -> bool:
    number = number_in(column.cells[at])
    return number is not None and 0 < number <= MOST_SUPPRESSED


def _follows(share: FileColumn, numerator: FileColumn, denominator: FileColumn, at: int) -> bool:
    """Answer whether a figure is numerator over denominator, with any usual multiplier and to its own decimals."""
    cell = share.cells[at]
    value, over, under = number_in(cell), number_in(numerator.cells[at]), number_in(denominator.cells[at])
    if value is None or over is None or under is None:
        return False
    if under == 0:
        return value == 0
    # Shown as "≥ 95%" by the rule of the complement: 38 of 40 and 40 of 40 are not told apart.
    decimals = len(cell.rstrip("%").partition(".")[2]) if "e" not in cell.casefold() else 6
    slack = 0.5 * 10**-decimals + 1e-9 * abs(value)
    return any(abs(value - multiplier * over / under) <= slack for multiplier in _MULTIPLIERS)


# --- places --------------------------------------------------------------------------------------------------------


def _at(
    file: ReleasedFile, rows: Sequence[int], code: str, severity: str, says: str, column: FileColumn | None
) -> Finding:
    return Finding(code, severity, says, _key(column), file.lines[rows[0]], len(rows))


def _key(column: FileColumn | None) -> str:
    return "" if column is None else f"#{column.number}"


def _column_said(key: str, columns: Sequence[FileColumn], planted: Planted | None) -> str:
    """Answer the title of a column, or its number where the title itself may name somebody."""
    if not key.startswith("#"):
        return key
    column = columns[int(key[1:])]
    is_plain = len(column.title) <= 60 and not list(kinds_in(column.title, planted))
    return column.title if is_plain else str(column.number + 1)
