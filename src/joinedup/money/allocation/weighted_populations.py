"""Reading the published table of weighted populations, one row a GP practice, exactly as it is published (rule MA1).

Source: NHS England, allocations and the tool that goes with them; each column of weighted population adds up to the
population of England, so a table that is cut off or edited shows it. Blank is not zero (M0.6): the table says where it
has blanks, and whoever reads it says what they mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from functools import cached_property
from pathlib import Path

from joinedup.errors import FileError, NotFound, RuleError, did_you_mean
from joinedup.money.allocation.splitting import Code, total
from joinedup.planning import year_days
from joinedup.system import published

# What a budget's component is called here, and its column.
COLUMNS = {
    "core": "Final WP",
    "general-and-acute": "G&A WP",
    "community": "CS WP",
    "mental-health": "MH WP",
    "maternity": "Mat WP",
    "health-inequalities": "Health Ineq WP",
    "prescribing": "Prescr WP",
    "primary-medical-care-need": "Primary Medical Care WP",
    "primary-medical-care": "Final PMC WP",
}
POPULATION = "pop 2022/23"  # The header keeps this year in the tables of later years.
ENGLAND = {"2022/23": Decimal(61_498_822)}  # what every column of that year adds up to
TOLERANCE = Decimal("0.5")
NO_NETWORK = "U"  # "unallocated": in many places, and no network in any (MA7)
BLANKS = {"zero": Decimal(0), "one": Decimal(1)}
NAMES = {"neighbourhood": "PCN_Name", "place": "LOC22name", "system": "ICS22name"}
LEVELS = ("system", "place", "neighbourhood", "practice")


class NormalisationError(FileError, RuleError):
    """A column of weighted population does not add up to the population: the table is cut off or was changed."""


class DuplicateCode(FileError, RuleError):
    """A practice stands twice in the table."""


class BlankCell(FileError, RuleError):
    """A cell that is needed is blank, and nobody said what that means."""


@dataclass(frozen=True, slots=True)
class Practice:
    """One row: codes of the practice and of what it belongs to, list size, projected list, weighted populations."""

    code: Code
    neighbourhood: Code
    place: Code
    system: Code
    patients: int
    population: Decimal
    weighted: dict[str, Decimal]

    def path(self) -> tuple[Code, Code, Code, Code]:
        """Answer the way down to it: system, place, neighbourhood, practice."""
        return self.system, self.place, self.neighbourhood, self.code


@dataclass(frozen=True, slots=True)
class Blank:
    """A blank cell: in which line of the file, of which practice, in which column."""

    line: int
    practice: Code
    column: str


@dataclass(frozen=True)
class WeightedPopulation:
    """A year's table: practices in the order of the file, the components that were read, and what was blank.

    `names` answers what a system, place, neighbourhood or practice is called, by (level, code).
    """

    year: str
    practices: tuple[Practice, ...]
    components: tuple[str, ...]
    blanks: tuple[Blank, ...]
    blank: str
    digest: str
    names: dict[tuple[str, Code], str] = field(repr=False)

    @cached_property
    def by_code(self) -> dict[Code, Practice]:
        return {one.code: one for one in self.practices}

    @cached_property
    def england(self) -> dict[str, Decimal]:
        """England's weighted population by component, and its projected lists under "population"."""
        sums = {name: total(one.weighted[name] for one in self.practices) for name in self.components}
        return sums | {"population": total(one.population for one in self.practices)}

    def of(self, system: Code) -> tuple[Practice, ...]:
        """Answer the practices of a system; NotFound, with the nearest code, when there is none."""
        found = tuple(one for one in self.practices if one.system == system)
        if not found:
            known = sorted({one.system for one in self.practices})
            raise NotFound(
                f"There is no system '{system}' in the weighted populations of {self.year}."
                f"{did_you_mean(system, known)} Its {len(known)} systems: {', '.join(known)}."
            )
        return found

    def systems(self) -> list[Code]:
        return sorted({one.system for one in self.practices})


def column_of(component: str) -> str:
    """Answer the column of a component; NotFound names the nearest."""
    if component not in COLUMNS:
        raise NotFound(f"There is no component '{component}'.{did_you_mean(component, COLUMNS)} "
                       f"Components: {', '.join(COLUMNS)}.")  # fmt: skip
    return COLUMNS[component]


def read_weighted_population(
    path: Path | str, *, year: str, blank: str = "error", components: Sequence[str] = tuple(COLUMNS)
) -> WeightedPopulation:
    """Read a published table of weighted populations, UTF-8 with or without its byte-order mark, and check it (MA1).

    Of the weighted populations only `components` are read and checked; a blank cell of another harms nobody. `blank`
    says what a blank among them is: "zero" (nobody), "one" (one weighted person), or "error".

    Raises BlankCell, DuplicateCode, NormalisationError (a column's published cells do not add up to England's
    population within 0.5), FileError for a missing column or what is no number of 0 or more: all with file and line.
    """
    year_days(year)
    if blank not in (*BLANKS, "error"):
        raise RuleError(f"M0.6: blank is '{blank}'; expected zero, one or error.")
    path = Path(path)
    columns = {component: column_of(component) for component in components}
    needed = ("Practice_Code", "PCN_Code", "LOC22", "ICS22", "Patients", POPULATION, *columns.values())
    practices: dict[Code, Practice] = {}
    blanks: list[Blank] = []
    names: dict[tuple[str, Code], str] = {}
    for line, row in published.rows(path, *needed, may_have_bom=True):
        code = row["Practice_Code"]
        for name in ("Practice_Code", "PCN_Code", "LOC22", "ICS22"):
            if not row[name]:
                raise BlankCell(path.name, "MA1: the code is blank; expected one.", published.AGAIN,
                                line=line, field=name)  # fmt: skip
        if code in practices:
            raise DuplicateCode(
                path.name, f"MA1: the practice {code} stands here a second time; expected each once.", published.AGAIN,
                line=line, field="Practice_Code",
            )  # fmt: skip
        weighted = {}
        for component, column in columns.items():
            if row[column]:
                weighted[component] = _number(path, line, column, row[column])
                continue
            if blank == "error":
                raise BlankCell(
                    path.name, f"M0.6: the cell of {code} is blank, and a blank is not 0.",
                    "Say what it means: zero, one, or use another component (--blank zero on the command line).",
                    line=line, field=column,
                )  # fmt: skip
            blanks.append(Blank(line, code, column))
            weighted[component] = BLANKS[blank]
        practices[code] = Practice(
            code, row["PCN_Code"], row["LOC22"], row["ICS22"], _patients(path, line, row["Patients"]),
            _number(path, line, POPULATION, row[POPULATION]), weighted,
        )  # fmt: skip
        names[("practice", code)] = row.get("GP_Practice_Name", "")
        for level, code_column in (("neighbourhood", "PCN_Code"), ("place", "LOC22"), ("system", "ICS22")):
            names[(level, row[code_column])] = row.get(NAMES[level], "")
    table = WeightedPopulation(
        year, tuple(practices.values()), tuple(columns), tuple(blanks), blank, published.digest(path), names
    )
    _check_sums(path, table, columns)
    return table


def _check_sums(path: Path, table: WeightedPopulation, columns: dict[str, str]) -> None:
    """Hold every column against England's population; what stands for a blank does not count."""
    england = ENGLAND.get(table.year) or total(one.population for one in table.practices)
    blank = {(one.practice, one.column) for one in table.blanks}
    for component, column in columns.items():
        found = total(one.weighted[component] for one in table.practices if (one.code, column) not in blank)
        if abs(found - england) > TOLERANCE:
            raise NormalisationError(
                path.name,
                f"MA1: the column adds up to {found:,.2f}; expected {england:,.2f}, England's population of "
                f"{table.year}, within {TOLERANCE}. It is cut off, changed, or of another year.",
                published.AGAIN, field=column,
            )  # fmt: skip


def _number(path: Path, line: int, column: str, text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return published.amount(path, line, column, text, least=0)
    # A Decimal that is not finite compares with nothing, so it is asked first.
    return number if number.is_finite() and number >= 0 else published.amount(path, line, column, text, least=0)


def _patients(path: Path, line: int, text: str) -> int:
    return published.whole(path, line, "Patients", text)
