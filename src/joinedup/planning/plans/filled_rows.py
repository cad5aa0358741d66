"""Filled rows of a plan template as plan lines: what each cell must say, and the fault when it does not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from joinedup.errors import did_you_mean
from joinedup.planning.plans.dated_codes import DatedCodes
from joinedup.planning.plans.plan_lines import (
    ACTIVITY,
    PENCE,
    PENCE_A_UNIT,
    PERCENT,
    UNIT_PRICE,
    Number,
    PlanLine,
    first_day,
    months_of,
    points_of_delivery,
)
from joinedup.planning.plans.template_layout import (
    DENOMINATOR,
    KEPT_UNITS,
    NUMERATOR,
    SHOWN_UNITS,
    TemplateColumn,
    TemplateSheet,
    column_letter,
    period_title,
    periods,
    year_span,
)

PLACES = 6  # decimal places of a figure that is not money
_UNITS = {one.code: one.unit for one in points_of_delivery()}


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell as it was read: its value, what it is ("number", "text", "formula", …), and its place where it differs."""

    value: Any = None
    kind: str = ""
    where: str = ""

    @property
    def is_blank(self) -> bool:
        return self.value is None or (self.kind == "text" and not str(self.value).strip())


@dataclass(frozen=True, slots=True)
class CellFault:
    """What is wrong with one cell: sheet and cell, what was found and expected, and the next step."""

    sheet: str
    cell: str
    found: str
    expected: str
    next_step: str

    def __str__(self) -> str:
        stop = "" if self.expected.endswith((".", "?")) else "."
        return (
            f"sheet {self.sheet}, cell {self.cell}: found {self.found}, expected {self.expected}{stop} {self.next_step}"
        )


@dataclass(slots=True)
class _Rate:
    """The two rows of a percentage, on their way to being whole."""

    where: tuple[str, str]
    parts: dict[str, dict[str, Number]] = field(default_factory=dict)
    cells: dict[tuple[str, str], str] = field(default_factory=dict)  # (part, period) -> cell


class Reading:
    """Reads rows one after the other; keeps the lines and every fault."""

    def __init__(self, codes: DatedCodes, year: str, blank: str) -> None:
        self.codes, self.year, self.blank = codes, year, blank
        self.periods = periods(year)
        self.faults: list[CellFault] = []
        self._lines: list[PlanLine] = []
        self._seen: dict[tuple[str, ...], str] = {}
        self._rates: dict[tuple[str, ...], _Rate] = {}

    def fault(self, sheet: str, cell: str, found: str, expected: str, next_step: str) -> None:
        self.faults.append(CellFault(sheet, cell, found, expected, next_step))

    def lines(self) -> list[PlanLine]:
        """Answer the lines of all rows read; a rate that lacks its numerator or denominator is a fault."""
        for key, rate in self._rates.items():
            sheet, cell = rate.where
            if len(rate.parts) != 2:
                missing = DENOMINATOR if NUMERATOR in rate.parts else NUMERATOR
                self.fault(sheet, cell, "one row", f"a row of its {missing}, too", "Add the row of the other part.")
                continue
            above, below = rate.parts[NUMERATOR], rate.parts[DENOMINATOR]
            for period in self.periods:
                if (period in above) != (period in below):
                    part = DENOMINATOR if period in above else NUMERATOR
                    found, both = f"the {part} empty", "a figure in both rows of the percentage, or in neither"
                    self.fault(sheet, rate.cells[part, period], found, both, "Fill both or neither.")
                elif period in above:
                    if below[period] <= 0:
                        found = f"a denominator of {below[period]} in {period_title(period)}"
                        self.fault(sheet, rate.cells[DENOMINATOR, period], found, "more than 0", "Correct it.")
                        continue
                    self._lines.append(self._line(key, period, PERCENT, above[period], below[period]))
        return self._lines

    def row(self, sheet: TemplateSheet, page: str, number: int, cells: Sequence[Cell]) -> None:
        """Read one row: its keys, and a figure for each month or for the year. A row without figures is passed over."""
        keys: dict[str, str] = {}
        before = len(self.faults)
        for index, column in enumerate(sheet.columns):
            cell = cells[index] if index < len(cells) else Cell()
            keys[column.field] = self._key(page, self._where(cell, index, number), column, cell)
        figures = list(cells[len(sheet.columns) :])
        figures += [Cell()] * (len(self.periods) - len(figures))
        for index, cell in enumerate(figures[len(self.periods) :], start=len(sheet.columns) + len(self.periods)):
            if not cell.is_blank:
                self.fault(page, self._where(cell, index, number), "a value", "no more columns", "Empty the cell.")
        figures = figures[: len(self.periods)]
        if all(cell.is_blank for cell in figures):
            del self.faults[before:]  # A row that was prepared and not used.
            return
        unit = self._unit(sheet, page, number, keys, cells)
        if len(self.faults) > before:
            for index, cell in enumerate(figures, start=len(sheet.columns)):
                self._figure(page, self._where(cell, index, number), cell, unit or "", sheet.kind, complain_only=True)
            return
        names = ("commissioner", "provider", "service", "pod", "measure", "place", "part")
        said = {"measure": ACTIVITY} | keys
        key = (sheet.kind, *(said.get(name, "") for name in names))
        where = self._where(cells[0], 0, number)
        if key in self._seen:
            found = f"the same thing as in {self._seen[key]}: each month twice"
            self.fault(page, where, found, "one row for one thing", "Remove one of the rows.")
            return
        self._seen[key] = where
        self._figures(sheet, page, number, key, str(unit), figures)

    def _figures(
        self, sheet: TemplateSheet, page: str, number: int, key: tuple[str, ...], unit: str, figures: Sequence[Cell]
    ) -> None:
        months = len(self.periods) - 1
        first = len(sheet.columns)
        by_month = any(not cell.is_blank for cell in figures[:months])
        if by_month and not figures[months].is_blank:
            where = self._where(figures[months], first + months, number)
            self.fault(page, where, "the year beside its months: each month twice", "either months or the year",
                       "Empty this cell, or the months.")  # fmt: skip
            return
        read: dict[str, Number] = {}
        for index, (period, cell) in enumerate(zip(self.periods, figures, strict=True)):
            if by_month == ("/" in period):
                continue
            where = self._where(cell, first + index, number)
            why = self._closed(sheet, key, period)
            if why and cell.is_blank:
                continue
            value = self._figure(page, where, cell, unit, sheet.kind)
            if value is None:
                continue
            if why:
                found = f"a figure for {period_title(period)}"
                self.fault(page, where, found, f"none: {why}", "Empty it, or correct the code.")
                continue
            read[period] = value
        part = key[-1]
        if part:
            rate = self._rates.setdefault(key[:-1], _Rate((page, self._where(figures[0], 0, number))))
            rate.parts[part] = read
            rate.cells |= {
                (part, period): self._where(cell, first + index, number)
                for index, (period, cell) in enumerate(zip(self.periods, figures, strict=True))
            }
            return
        self._lines += [self._line(key, period, unit, value) for period, value in read.items()]

    def _line(self, key: tuple[str, ...], period: str, unit: str, value: Number, of: Number | None = None) -> PlanLine:
        kind, commissioner, provider, service, pod, measure, place = key[:7]
        return PlanLine(kind, commissioner, provider, service, pod, period, measure, unit, value, place, of)

    def _key(self, page: str, where: str, column: TemplateColumn, cell: Cell) -> str:
        """Answer the text of a key column's cell, without spaces around it; "" with a fault when it cannot be."""
        if cell.is_blank:
            if column.is_needed:
                self.fault(page, where, "nothing", f"a {column.name.lower()}", "Choose one from the list.")
            return ""
        if cell.kind not in ("text", "number"):
            self.fault(page, where, f"a {cell.kind} {cell.value}" if cell.kind == "formula" else cell.kind,
                       f"a {column.name.lower()}", "Type the value itself.")  # fmt: skip
            return ""
        said = str(cell.value).strip()
        if not column.codes:
            return said
        start, end = year_span(self.year)
        if said not in self.codes.between(column.codes, start, end):
            why = self.codes.why_not(column.codes, said, start)
            self.fault(
                page, where, f"'{said}'", f"a {column.name.lower()} of {self.year}: {why}", "Choose one from the list."
            )
        return said

    def _unit(
        self, sheet: TemplateSheet, page: str, number: int, keys: dict[str, str], cells: Sequence[Cell]
    ) -> str | None:
        """Answer the unit in which figures are kept; None with a fault when measure, unit or part are not its own."""
        names = [column.field for column in sheet.columns]

        def place(name: str) -> str:
            index = names.index(name)
            return self._where(cells[index] if index < len(cells) else Cell(), index, number)

        if sheet.kind == "activity":
            unit = _UNITS.get(keys["pod"])
        else:
            measure = keys["measure"]
            unit = sheet.measures.get(measure)
            if unit is None and measure:
                hint = did_you_mean(measure, sheet.measures)
                self.fault(page, place("measure"), f"'{measure}'", f"one of {', '.join(sorted(sheet.measures))}",
                           f"Choose one from the list.{hint}")  # fmt: skip
        said = keys["unit"]
        if unit is not None and said and KEPT_UNITS.get(said, said) != unit:
            shown = SHOWN_UNITS.get(unit, unit)
            of = keys["pod"] if sheet.kind == "activity" else keys["measure"]
            self.fault(page, place("unit"), f"'{said}'", f"'{shown}', in which {of} is counted",
                       f"Give the figures in {shown}.")  # fmt: skip
        if "part" in keys and unit is not None:
            expected = (NUMERATOR, DENOMINATOR) if unit == PERCENT else ("",)
            if keys["part"] not in expected:
                self.fault(page, place("part"), f"'{keys['part']}'", " or ".join(expected) or "nothing",
                           "A percentage has a row of its numerator and one of its denominator.")  # fmt: skip
        return unit

    def _figure(
        self, page: str, where: str, cell: Cell, unit: str, kind: str, *, complain_only: bool = False
    ) -> Number | None:
        """Answer the figure of a cell in the unit in which it is kept; None with a fault, or for an empty cell."""
        if cell.is_blank:
            if complain_only or self.blank == "zero":
                return None if complain_only else 0
            self.fault(page, where, "nothing", "a number", "Fill it in; 0 is a number, an empty cell is not.")
            return None
        if cell.kind != "number":
            self.fault(page, where, *_not_a_number(cell))
            return None
        value: Number = cell.value
        if complain_only:
            return None
        if kind != "finance" and value < 0:
            self.fault(page, where, str(value), "0 or more", "Only money may be below 0.")
            return None
        if unit in (PENCE, PENCE_A_UNIT):
            pence = Decimal(value) * 100
            if pence != pence.to_integral_value():
                self.fault(page, where, str(value), "pounds with at most two decimals", "Round it to the penny.")
                return None
            return int(pence)
        exact = Decimal(value)
        if exact != round(exact, PLACES):
            self.fault(page, where, str(value), f"at most {PLACES} decimals", "Round it.")
            return None
        return int(exact) if exact == exact.to_integral_value() else exact.normalize()

    def _closed(self, sheet: TemplateSheet, key: tuple[str, ...], period: str) -> str:
        """Answer why a code of a row does not hold in a period, or ""."""
        of = {"commissioner": key[1], "provider": key[2], "service": key[3], "pod": key[4], "place": key[6]}
        days = [first_day(one) for one in (months_of(period) if "/" in period else (period,))]
        for column in sheet.columns:
            code = of.get(column.field, "")
            if column.codes and code:
                reasons = [self.codes.why_not(column.codes, code, day) for day in days]
                if all(reasons) or (any(reasons) and key[5] != UNIT_PRICE):
                    return next(one for one in reasons if one)
        return ""

    @staticmethod
    def _where(cell: Cell, index: int, number: int) -> str:
        return cell.where or f"{column_letter(index)}{number}"


def _not_a_number(cell: Cell) -> tuple[str, str, str]:
    """Answer found, expected and next step for a cell that holds no number."""
    if cell.kind == "formula":
        return f"the formula {cell.value}", "a number", "Replace the formula by its result (paste as value)."
    if cell.kind != "text":
        return cell.kind, "a number", "Type the number."
    said = str(cell.value).strip()
    plain = said.replace(",", "").replace("£", "").replace(" ", "")
    try:
        step = f"Type {Decimal(plain)} as a number."
    except ArithmeticError:
        step = "Type a number; 0 where there is none."
    return f"the text '{said[:40]}'", "a number", step
