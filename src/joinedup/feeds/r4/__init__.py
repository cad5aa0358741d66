"""What FHIR R4 says of its types, compiled into one small file: elements, cardinalities and required codes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent


class Element(NamedTuple):
    """One element of a type as compiled by `compile.py`: see there for what its values mean."""

    type: str
    min: int
    max: int
    set: str
    targets: tuple[str, ...]
    choice: str = ""


@dataclass(frozen=True, slots=True)
class Definitions:
    """The compiled definitions: the resource types, the codes of each required value set, the elements of each type."""

    resources: frozenset[str]
    sets: dict[str, frozenset[str]]
    types: dict[str, dict[str, Element]]


@cache
def definitions() -> Definitions:
    """Answer the definitions of FHIR R4 4.0.1; read once, about 15 ms."""
    compiled = json.loads((HERE / "definitions.json").read_text())
    return Definitions(
        frozenset(compiled["resources"]),
        {key: frozenset(codes) for key, codes in compiled["sets"].items()},
        {
            name: {
                key: Element(one[0], one[1], one[2], one[3], tuple(one[4]), one[5] if len(one) > 5 else "")
                for key, one in elements.items()
            }
            for name, elements in compiled["types"].items()
        },
    )


@cache
def retired_urls() -> frozenset[str]:
    """Answer the addresses of UK Core definitions that are retired (package UKCore.R4.STU.02.00.00, June 2025)."""
    return frozenset(json.loads((HERE / "uk_core.json").read_text())["retired"])


@cache
def code_systems() -> dict[str, frozenset[str]]:
    """Answer the codes of each code system that HL7 publishes with R4, none where it does not publish all."""
    compiled = json.loads((HERE / "codes.json").read_text())
    return {system: frozenset(codes) for system, codes in compiled.items()}
