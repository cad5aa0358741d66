"""Numbers that somebody decided, each with the days on which it holds and who decided it (rule M0.4).

A tolerance, a price uplift, a payment rate: none of them is written into code. The row is chosen by the day of the
activity or of the effect, never by the day on which something is computed, so that last year's question keeps last
year's answer.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from joinedup.errors import FileError, RuleError, did_you_mean

Value = Decimal | int | str | tuple[Any, ...]

STATUSES = ("proposed", "adopted", "withdrawn")
DEFAULTS = Path(__file__).with_name("parameters.toml")


class ParameterMissing(RuleError):
    """No adopted row holds on the day that was asked for."""


class ParameterOverlap(RuleError):
    """Two rows hold on the day that was asked for, and nothing says which of them counts."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One row: a value with its unit, true from `valid_from` up to but not on `valid_to` (None: until further notice).

    `value` is an exact number (int or Decimal), a word, or a tuple of these; never a float. RuleError for a float, an
    unknown status, or a period that ends before it begins.
    """

    id: str
    value: Value
    unit: str
    valid_from: date
    valid_to: date | None
    status: str
    source: str
    decided_by: str

    def __post_init__(self) -> None:
        if not self.id.strip():
            raise RuleError("M0.4: a parameter needs an id.")
        refused = _inexact(self.value)
        if refused:
            raise RuleError(
                f"M0.4: the value of {self.id} is {refused}; expected an int, a Decimal made from text, a text, or a "
                "tuple of these."
            )
        if self.status not in STATUSES:
            raise RuleError(
                f"M0.4: '{self.status}' is no status of a parameter ({self.id}); expected one of "
                f"{', '.join(STATUSES)}.{did_you_mean(self.status, STATUSES)}"
            )
        if self.valid_to is not None and self.valid_to <= self.valid_from:
            raise RuleError(
                f"M0.4: {self.id} would end on {self.valid_to}, not after it begins on {self.valid_from}; the last "
                "day is the one before valid_to."
            )

    def holds_on(self, on: date) -> bool:
        """Answer whether a day lies in [valid_from, valid_to)."""
        return self.valid_from <= on and (self.valid_to is None or on < self.valid_to)


class ParameterSet:
    """Rows of parameters, of which each question picks the one that holds on its day. The order of rows is irrelevant.

    Join two sets by `ParameterSet([*these, *those])`.
    """

    def __init__(self, parameters: Iterable[Parameter]) -> None:
        self._by_id: dict[str, list[Parameter]] = {}
        for parameter in parameters:
            self._by_id.setdefault(parameter.id, []).append(parameter)

    def __iter__(self) -> Iterator[Parameter]:
        return (row for key in sorted(self._by_id) for row in self._by_id[key])

    def __len__(self) -> int:
        return sum(map(len, self._by_id.values()))

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids for which there is any row, sorted."""
        return tuple(sorted(self._by_id))

    def one(self, id: str, on: date, *, include_proposed: bool = False) -> Parameter:
        """Answer the adopted row that holds on a day; with `include_proposed`, a proposed one where none is adopted.

        `on` is the day of the activity or effect. A withdrawn row never counts. ParameterMissing when no row holds (a
        row that is only proposed is named), ParameterOverlap when two of the same status do.
        """
        if isinstance(on, datetime):
            raise RuleError(f"M0.4: {id} is asked for a day, not for an instant; give the day in London.")
        holding = [row for row in self._by_id.get(id, ()) if row.holds_on(on)]
        wanted = ("adopted", "proposed") if include_proposed else ("adopted",)
        for status in wanted:
            found = [row for row in holding if row.status == status]
            if len(found) > 1:
                starts = " and ".join(str(row.valid_from) for row in found)
                raise ParameterOverlap(
                    f"M0.4: {id} has {len(found)} {status} rows on {on}, beginning on {starts}; exactly one may hold. "
                    "Give the earlier one its last day, or withdraw one."
                )
            if found:
                return found[0]
        raise ParameterMissing(self._missing(id, on, holding))

    def value(self, id: str, on: date) -> Value:
        """Answer the value of the adopted row that holds on a day; raises as `one` does."""
        return self.one(id, on).value

    def number(self, id: str, on: date) -> Decimal:
        """Answer the value as an exact number; RuleError when it is a word or a tuple, else as `one` does."""
        value = self.value(id, on)
        if isinstance(value, int | Decimal):
            return Decimal(value)
        raise RuleError(f"M0.4: {id} is {value!r} on {on}; expected a number. Correct the row.")

    def refuse_overlaps(self) -> None:
        """Raise ParameterOverlap when on any day two adopted rows of one parameter hold."""
        for key, rows in self._by_id.items():
            adopted = sorted((row for row in rows if row.status == "adopted"), key=lambda row: row.valid_from)
            for row in adopted[1:]:
                self.one(key, row.valid_from)

    def _missing(self, key: str, on: date, holding: list[Parameter]) -> str:
        if key not in self._by_id:
            return f"M0.4: there is no parameter '{key}'.{did_you_mean(key, self._by_id)} Add it with its dates."
        if any(row.status == "proposed" for row in holding):
            return f"M0.4: on {on} {key} is only proposed; a result that counts needs an adopted row."
        said = "; ".join(
            f"{row.status} from {row.valid_from}" + (f" up to {row.valid_to}" if row.valid_to else "")
            for row in sorted(self._by_id[key], key=lambda row: row.valid_from)
        )
        return f"M0.4: no adopted row of {key} holds on {on}; known: {said}. Add a row with the day it begins."


def read_parameters(path: Path | str) -> ParameterSet:
    """Read a TOML file of `[[parameter]]` tables; numbers with a point are read exactly, as Decimal.

    Each table has id, value, unit, valid_from, status, source, decided_by, and valid_to unless it holds until further
    notice; dates are TOML dates. FileError names the table by its number and id; ParameterOverlap when two adopted rows
    hold on one day.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            content = tomllib.load(file, parse_float=Decimal)
    except FileNotFoundError:
        raise FileError(path.name, "there is no such file", "Give the path of a TOML file of parameters.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FileError(path.name, f"expected TOML: {error}", "Correct the file and read it again.") from None
    tables = content.pop("parameter", [])
    if content or not isinstance(tables, list):
        given = ", ".join(content) or "parameter = …"
        raise FileError(path.name, f"expected only [[parameter]] tables, found {given}", "Correct the file.")
    found = ParameterSet([_row(path.name, number, table) for number, table in enumerate(tables, start=1)])
    found.refuse_overlaps()
    return found


def planning_parameters() -> ParameterSet:
    """Answer the parameters that planning brings along; a system replaces or adds rows with its own decisions."""
    return read_parameters(DEFAULTS)


def _row(file: str, number: int, table: Mapping[str, Any]) -> Parameter:
    where = f"{file}, parameter {number} ({table.get('id', 'without id')})"
    names = [one.name for one in fields(Parameter)]
    for given in table:
        if given not in names:
            hint = did_you_mean(given, names)
            raise FileError(where, f"'{given}' is unknown, expected {', '.join(names)}.{hint}", "Correct the file.")
    for name in names:
        if name not in table and name != "valid_to":
            raise FileError(where, f"'{name}' is missing", "Add it and read the file again.")
    for name in ("valid_from", "valid_to"):
        day = table.get(name)
        if day is not None and (isinstance(day, datetime) or not isinstance(day, date)):
            raise FileError(where, f"{name} is {day!r}, expected a date such as 2026-04-01", "Correct the date.")
    for name in ("id", "unit", "status", "source", "decided_by"):
        if not isinstance(table[name], str):
            raise FileError(where, f"{name} is {table[name]!r}, expected a text", "Put it into quotation marks.")
    try:
        return Parameter(**{"valid_to": None} | dict(table) | {"value": _frozen(table["value"])})
    except RuleError as error:
        raise FileError(where, str(error), "Correct the row and read the file again.") from None


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


def _inexact(value: object) -> str:
    """Answer what is wrong with a value, or ""."""
    if isinstance(value, tuple):
        return next((wrong for wrong in map(_inexact, value) if wrong), "")
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        return f"{value!r}, a {type(value).__name__}"
    if isinstance(value, Decimal) and not value.is_finite():
        return f"{value}, no finite number"
    return ""
