"""Measures counted by hand: plain loops over the rows of a small made-up snapshot, sharing no code with the engine."""

from __future__ import annotations

import calendar
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

Row = dict[str, Any]


def last_day(month: int) -> date:
    return date(month // 12, month % 12 + 1, calendar.monthrange(month // 12, month % 12 + 1)[1])


def month_of(day: date) -> int:
    return day.year * 12 + day.month - 1


def a_year_before(day: date) -> date:
    return date(day.year - 1, day.month, min(day.day, calendar.monthrange(day.year - 1, day.month)[1]))


class ByHand:
    """The rows of a snapshot as lists of dicts, and the questions asked of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def rows(self, table: str) -> list[Row]:
        files = sorted((self.folder / "tables" / table).glob("*.parquet"))
        return [row for file in files for row in pq.ParquetFile(file).read().to_pylist()]

    @cached_property
    def people(self) -> dict[str, Row]:
        return {row["person"]: row for row in self.rows("person")}

    @cached_property
    def registrations(self) -> dict[str, list[Row]]:
        return self.by_person("registration")

    @cached_property
    def areas_of_practices(self) -> dict[str, list[Row]]:
        found = defaultdict(list)
        for row in self.rows("practice_area"):
            found[row["practice"]].append(row)
        return found

    def by_person(self, table: str, keep: Callable[[Row], bool] = lambda row: True) -> dict[str, list[Row]]:
        found = defaultdict(list)
        for row in self.rows(table):
            if keep(row):
                found[row["person"]].append(row)
        return found

    def age(self, person: str, month: int) -> int:
        year, number = self.people[person]["birth_month"].split("-")
        return (month - (int(year) * 12 + int(number) - 1)) // 12

    def practice(self, person: str, month: int) -> str | None:
        day = last_day(month)
        died = self.people[person]["death_month"]
        if died and int(died[:4]) * 12 + int(died[5:]) - 1 <= month:
            return None
        for row in self.registrations[person]:
            if row["starts"] <= day and (row["ends"] is None or row["ends"] > day):
                return str(row["practice"])
        return None

    def practice_when_it_happened(self, person: str, month: int) -> str | None:
        """The practice at the month's end, or for who had none any more, that of the end before."""
        return self.practice(person, month) or self.practice(person, month - 1)

    def in_area(self, practice: str | None, area: str, month: int) -> bool:
        """Whether a practice lay in an area then; PD is what PA and PB became."""
        if practice is None:
            return False
        day = last_day(month)
        for row in self.areas_of_practices[practice]:
            if row["starts"] <= day and (row["ends"] is None or row["ends"] > day):
                here = {practice, row["neighbourhood"], row["place"], row["system"]}
                return area in here or (area == "PD" and row["place"] in {"PA", "PB"})
        return False

    def registered(self, area: str, month: int, ages: Callable[[int], bool] = lambda age: True) -> set[str]:
        return {
            person
            for person in self.people
            if self.in_area(self.practice(person, month), area, month) and ages(self.age(person, month))
        }

    def had_in_the_year(self, rows: dict[str, list[Row]], person: str, month: int) -> bool:
        day = last_day(month)
        return any(a_year_before(day) < row["on"] <= day for row in rows.get(person, []))

    def events(self, rows: list[Row], area: str, month: int, on: str = "on") -> int:
        return sum(
            1
            for row in rows
            if row[on] is not None
            and month_of(row[on]) == month
            and row["person"] in self.people
            and self.in_area(self.practice_when_it_happened(row["person"], month), area, month)
        )

    def latest(self, rows: list[Row], month: int) -> Row | None:
        """The latest reading of the twelve months to the month's end; of one day the lowest."""
        day = last_day(month)
        inside = [row for row in rows if a_year_before(day) < row["on"] <= day]
        if not inside:
            return None
        newest = max(row["on"] for row in inside)
        return min((row for row in inside if row["on"] == newest), key=lambda row: row["value"])


def counted(rows: list[Row]) -> Counter[str]:
    return Counter(row["person"] for row in rows)
