"""The rows of a capacity return: what a provider has of beds, theatres, clinics, community clinicians, spaces (ME13).

Beds say how many are there and taken, as means of the month, and how many of the taken hold a patient who no longer
meets the criteria to reside. Everything else says how many units there are, the hours a week that one is open, the
share of them in which it may be planned to be in use, and the minutes of a case.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from joinedup.errors import did_you_mean
from joinedup.planning.capacity.needs import BEDS, UNITS
from joinedup.planning.plans.dated_codes import DatedCodes
from joinedup.planning.plans.plan_lines import Code, first_day
from joinedup.planning.return_rows import Cells, ReturnError, RowFault, lines_of

COLUMNS = ("month", "provider", "resource", "name", "available", "in_use", "no_criteria_to_reside", "hours_a_week",
           "utilisation", "minutes")  # fmt: skip
RESOURCES = (BEDS, *UNITS)
HOURS = 168  # of a week
_OF_BEDS, _OF_UNITS = ("in_use", "no_criteria_to_reside"), ("hours_a_week", "utilisation", "minutes")


class CapacityError(ReturnError):
    """A capacity return that could not be taken in; `faults` has each line and field. Nothing of it was kept."""


class CapacityRow(NamedTuple):
    """One kind of capacity of a provider; None where a figure does not apply or is not known."""

    resource: str
    name: str
    available: Decimal
    in_use: Decimal | None = None
    no_criteria_to_reside: Decimal | None = None
    hours_a_week: Decimal | None = None
    utilisation: Decimal | None = None
    minutes: Decimal | None = None


@dataclass(frozen=True, slots=True)
class ProviderCapacity:
    """All that one provider said for a month."""

    provider: Code
    month: str
    rows: tuple[CapacityRow, ...]

    @property
    def content_hash(self) -> str:
        """A digest of the rows, whatever their order."""
        said = sorted("\x1f".join("" if cell is None else str(cell) for cell in row) for row in self.rows)
        return hashlib.sha256("\n".join([self.provider, self.month, *said]).encode()).hexdigest()


def read_capacity(file: str, content: bytes, *, codes_of: Callable[[str], DatedCodes]) -> list[ProviderCapacity]:
    """Answer the capacity in a CSV file by provider and month, sorted; `codes_of` answers a month's codes.

    CapacityError names every line and field that cannot be; then nothing is answered.
    """
    faults: list[RowFault] = []
    found: dict[tuple[Code, str], dict[str, CapacityRow]] = {}
    try:
        for cells in lines_of(file, content, COLUMNS, faults):
            before = len(faults)
            month, provider, resource = cells.month("month"), cells.text("provider"), cells.text("resource")
            if not month:
                if len(faults) == before:
                    cells.wrong("month", "a month such as 2026-10")
                continue
            if why := codes_of(month).why_not("provider", provider, first_day(month)):
                cells.wrong("provider", f"the code of a provider in {month}: {why}")
            if resource not in RESOURCES:
                known = ", ".join(RESOURCES)
                cells.wrong("resource", f"one of {known}.{did_you_mean(resource, RESOURCES)}")
                continue
            row = _row(cells, resource)
            rows = found.setdefault((provider, month), {})
            if resource in rows:
                cells.wrong("resource", f"{resource} of {provider} in {month} once; add sites up")
            if len(faults) == before:
                rows[resource] = row
    except ReturnError as error:
        raise CapacityError(file, error.faults) from None
    if not faults and not found:
        faults = [RowFault(1, "the file", "a header without lines", "at least one line")]
    if faults:
        raise CapacityError(file, faults)
    return [ProviderCapacity(*key, tuple(rows.values())) for key, rows in sorted(found.items())]


def _row(cells: Cells, resource: str) -> CapacityRow:
    is_beds = resource == BEDS
    for field in _OF_UNITS if is_beds else _OF_BEDS:
        if cells.text(field):
            cells.wrong(field, f"an empty cell: it does not apply to {resource}")
    if not cells.text("name"):
        cells.wrong("name", "what it is called, such as General and acute beds")
    available = cells.number("available")
    if is_beds:
        before = len(cells.faults)
        in_use = cells.number("in_use")
        no_criteria = cells.number("no_criteria_to_reside") if cells.text("no_criteria_to_reside") else None
        if no_criteria is not None and no_criteria > in_use and len(cells.faults) == before:
            cells.wrong("no_criteria_to_reside", f"at most the {in_use} beds that are taken")
        return CapacityRow(resource, cells.text("name"), available, in_use, no_criteria)
    before = len(cells.faults)
    hours, share, minutes = cells.number("hours_a_week"), cells.number("utilisation", 4), cells.number("minutes")
    if len(cells.faults) > before:  # What cannot be read is not judged again.
        return CapacityRow(resource, cells.text("name"), available)
    if not 0 < hours <= HOURS:
        cells.wrong("hours_a_week", f"more than 0 and at most {HOURS} hours")
    if not 0 < share <= 1:
        cells.wrong("utilisation", "a share above 0 and up to 1, such as 0.85")
    if not minutes:
        cells.wrong("minutes", "more than 0 minutes for a case")
    return CapacityRow(
        resource, cells.text("name"), available, hours_a_week=hours, utilisation=share, minutes=minutes
    )  # fmt: skip
