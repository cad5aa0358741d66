"""Named values: measurements and answers that statements speak of by a word (`values.toml`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from joinedup.errors import NotFound, did_you_mean
from joinedup.population.codelists import Codelist, codelist
from joinedup.population.definitions import as_said, both


@dataclass(frozen=True)
class NamedValue:
    """A measurement: what codes it is recorded under, in which unit, and what is taken of several on one day.

    Values outside `lowest` to `highest` are taken for slips of the pen or for another unit, and left out.
    """

    name: str
    title: str
    unit: str
    codes: Codelist
    same_day: str = "lowest"
    lowest: float | None = None
    highest: float | None = None
    is_answer: bool = False


def named_values() -> Mapping[str, NamedValue]:
    """Answer every named value by each of the names that it goes by."""
    found: dict[str, NamedValue] = {}
    for name, said in both("values.toml").items():
        value = _value(as_said(name), said)
        for known in (name, *said.get("also", ())):
            found[as_said(known)] = value
    return found


def named_value(name: str) -> NamedValue:
    values = named_values()
    if as_said(name) not in values:
        raise NotFound(
            f"There is no value called '{name}'.{did_you_mean(name, values)} "
            f"There are: {', '.join(sorted({one.name for one in values.values()}))}."
        )
    return values[as_said(name)]


def _value(name: str, said: Mapping[str, Any]) -> NamedValue:
    return NamedValue(
        name,
        said["title"],
        said.get("unit", ""),
        codelist(said["codelist"]),
        said.get("same_day", "lowest"),
        said.get("lowest"),
        said.get("highest"),
        bool(said.get("is_answer", False)),
    )
