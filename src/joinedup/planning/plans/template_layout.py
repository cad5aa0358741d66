"""The layout of plan templates: sheets, columns, and what a cell may say. What is written is what is read back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from joinedup.planning.plans.plan_lines import PENCE, PENCE_A_UNIT, PERCENT, UNIT_PRICE, first_day, months_of
from joinedup.planning.workforce.staff import MEASURES as STAFF

TEMPLATE, TEMPLATE_VERSION = "plan", 1
READ_ME, ABOUT, CODES = "Read me", "About", "Codes"
ABOUT_ROWS = ("Template", "Template version", "Owner", "Side", "Year")
FIRST_ROW = 2  # of data; the columns' names are in row 1
NUMERATOR, DENOMINATOR = "numerator", "denominator"
# Money is filled in pounds and kept in pence.
SHOWN_UNITS = {PENCE: "pounds", PENCE_A_UNIT: "pounds a unit"}
KEPT_UNITS = {shown: kept for kept, shown in SHOWN_UNITS.items()}

FINANCE = {
    "contract_value": PENCE,
    "income": PENCE,
    "spend": PENCE,
    "pay": PENCE,
    "bank": PENCE,
    "agency": PENCE,
    UNIT_PRICE: PENCE_A_UNIT,
}
PERFORMANCE = {
    "rtt-18": PERCENT,
    "ae-4h": PERCENT,
    "cancer-62": PERCENT,
    "diagnostics-6": PERCENT,
    "bed-occupancy": PERCENT,
    "waiting-list": "people",
    "over-52-weeks": "people",
    "beds": "beds",
}


@dataclass(frozen=True, slots=True)
class TemplateColumn:
    """A key column: its name, the field of the line, the kind of its codes ("" for words), and whether it must say."""

    name: str
    field: str
    codes: str = ""
    is_needed: bool = True


@dataclass(frozen=True, slots=True)
class TemplateSheet:
    """A sheet of the template: the kind of its lines, its title, its key columns, and its measures with their units."""

    kind: str
    title: str
    columns: tuple[TemplateColumn, ...]
    measures: dict[str, str]


_COMMISSIONER = TemplateColumn("Commissioner", "commissioner", "commissioner")
_OF_ANY = TemplateColumn("Commissioner", "commissioner", "commissioner", is_needed=False)
_PROVIDER = TemplateColumn("Provider", "provider", "provider")
_PLACE = TemplateColumn("Place", "place", "place", is_needed=False)
_SERVICE = TemplateColumn("Service", "service", "service")
_ANY_SERVICE = TemplateColumn("Service", "service", "service", is_needed=False)
_POD = TemplateColumn("Point of delivery", "pod", "pod")
_ANY_POD = TemplateColumn("Point of delivery", "pod", "pod", is_needed=False)
_PROFESSION = TemplateColumn("Profession", "pod", "profession")
_MEASURE, _UNIT = TemplateColumn("Measure", "measure"), TemplateColumn("Unit", "unit")
_PART = TemplateColumn("Part", "part", is_needed=False)

SHEETS = (
    TemplateSheet("activity", "Activity", (_COMMISSIONER, _PROVIDER, _PLACE, _SERVICE, _POD, _UNIT), {}),
    TemplateSheet("workforce", "Workforce", (_PROVIDER, _PLACE, _PROFESSION, _MEASURE, _UNIT), dict(STAFF)),
    TemplateSheet("finance", "Finance", (_OF_ANY, _PROVIDER, _PLACE, _ANY_SERVICE, _ANY_POD, _MEASURE, _UNIT), FINANCE),
    TemplateSheet(
        "performance", "Performance", (_OF_ANY, _PROVIDER, _PLACE, _ANY_SERVICE, _MEASURE, _UNIT, _PART), PERFORMANCE
    ),
)
# One sheet of all kinds, as a CSV has it.
CSV_COLUMNS = ("Kind", "Commissioner", "Provider", "Place", "Service", "Point of delivery", "Profession", "Measure",
               "Unit", "Part")  # fmt: skip


def periods(year: str) -> tuple[str, ...]:
    """Answer the twelve months of a year and the year itself, in the order of the columns."""
    return (*months_of(year), year)


def period_title(period: str) -> str:
    """Answer the name of a period's column: "Apr 2026", or "Year 2026/27"."""
    return f"Year {period}" if "/" in period else f"{first_day(period):%b %Y}"


def year_span(year: str) -> tuple[date, date]:
    """Answer the days [from, to) of a financial year."""
    start = first_day(year)
    return start, date(start.year + 1, start.month, 1)


def titles(sheet: TemplateSheet, year: str) -> tuple[str, ...]:
    """Answer the names of a sheet's columns, keys first."""
    return (*(column.name for column in sheet.columns), *map(period_title, periods(year)))


def column_letter(index: int) -> str:
    """Answer the letters of a column, counted from 0: A, B, …, Z, AA."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
