"""Whether a contract's specification says at least what the national one does: its headings, and no lower standard."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path
from typing import Any

from joinedup.errors import RuleError
from joinedup.money.contracts.contract import Contract

MINIMUM = Path(__file__).with_name("specification.toml")


class BelowSpecification(RuleError):
    """A contract says less than the national specification."""


@dataclass(frozen=True, slots=True)
class Heading:
    """Something that every specification writes about."""

    key: str
    title: str
    source: str
    to_confirm: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Standard:
    """A figure that no contract for these points of delivery may promise less than."""

    key: str
    title: str
    unit: str
    at_least: Decimal
    pods: tuple[str, ...]
    source: str
    to_confirm: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SpecificationCheck:
    """Whether one thing is as the national specification wants it: what it wants, what the contract says."""

    key: str
    title: str
    wanted: str
    given: str
    is_met: bool


def headings(on: date) -> tuple[Heading, ...]:
    """Answer what every specification writes about on a day."""
    return tuple(
        Heading(one["key"], one["title"], one["source"], tuple(one["to_confirm"]))
        for one in _file()["heading"]
        if one["valid_from"] <= on and ("valid_to" not in one or on < one["valid_to"])
    )


def standards(on: date, pods: tuple[str, ...] | None = None) -> tuple[Standard, ...]:
    """Answer the national standards of a day: all of them, or those of some points of delivery."""
    return tuple(
        Standard(
            one["key"], one["title"], one["unit"], Decimal(one["at_least"]), tuple(one["pods"]), one["source"],
            tuple(one["to_confirm"]),
        )
        for one in _file()["standard"]
        if one["valid_from"] <= on and ("valid_to" not in one or on < one["valid_to"])
        and (pods is None or set(pods) & set(one["pods"]))
    )  # fmt: skip


def check_specification(contract: Contract) -> tuple[SpecificationCheck, ...]:
    """Answer, for each heading and standard that applies when the contract begins, whether it is met."""
    on = contract.starts
    said, promised = dict(contract.specification), dict(contract.standards)
    checks = []
    for heading in headings(on):
        given = said.get(heading.key, "").strip()
        checks.append(SpecificationCheck(heading.key, heading.title, "written", given, bool(given)))
    for one in standards(on, contract.pods):
        text = promised.get(one.key, "").strip()
        checks.append(
            SpecificationCheck(
                one.key, one.title, f"at least {one.at_least:f} {one.unit}", text,
                (figure := _figure(text)) is not None and figure >= one.at_least,
            )
        )  # fmt: skip
    return tuple(checks)


def must_meet_specification(contract: Contract) -> None:
    """Raise BelowSpecification, naming each thing, unless the contract says at least what the national one does."""
    failed = [one for one in check_specification(contract) if not one.is_met]
    if failed:
        said = "; ".join(f"{one.title}: expected {one.wanted}, is {one.given or 'missing'}" for one in failed)
        raise BelowSpecification(f"Contract {contract.code} says less than the national specification. {said}.")


def _figure(text: str) -> Decimal | None:
    try:
        figure = Decimal(text)
    except InvalidOperation:
        return None
    return figure if figure.is_finite() else None


@cache
def _file() -> dict[str, Any]:
    return tomllib.loads(MINIMUM.read_text(encoding="utf-8"))
