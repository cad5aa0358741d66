"""What a statement is made of, and what it is: plain values, with the one text by which each is known."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from joinedup.money.allocation.splitting import exact
from joinedup.money.contracts.contract import Contract, contract_text


@dataclass(frozen=True, slots=True)
class PlannedLine:
    """Units of a service at a point of delivery that were planned for a month, and the pence of one.

    `is_spread` are a month's part of units that the plan states for the year.
    """

    pod: str
    service: str
    month: date
    units: Decimal | int
    unit_price_p: int
    is_spread: bool = False


@dataclass(frozen=True, slots=True)
class DoneLine:
    """Units of an HRG at a point of delivery that were done in a month, and what the extract prices them at together.

    `unpriced` of the units have no price in the extract; they are not in `pence`, and are not paid until they have one.
    """

    pod: str
    hrg: str
    month: date
    units: int
    pence: int
    unpriced: int = 0


@dataclass(frozen=True, slots=True)
class Achieved:
    """What was achieved of a measure of the quality schedule; None where no data came, which may be excused."""

    name: str
    value: Decimal | None
    is_excused: bool = False


@dataclass(frozen=True, slots=True)
class StatementInputs:
    """All that a statement is made of. `planned` and `done` are of the year to date.

    `missing` are points of delivery and months without activity data: what was planned stands in for them.
    `not_collected` says of which of them no data will come, and why. Without any plan, `plan_source` is "".
    `paid_before_p` is what was settled so far in the financial year.
    """

    contract: Contract
    version: int
    month: date
    planned: tuple[PlannedLine, ...] = ()
    plan_source: str = ""
    done: tuple[DoneLine, ...] = ()
    activity_source: str = ""
    missing: frozenset[tuple[str, date]] = frozenset()
    not_collected: tuple[tuple[str, str], ...] = ()
    achieved: tuple[Achieved, ...] = ()
    deductions: tuple[tuple[str, int], ...] = ()
    paid_before_p: int = 0


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One line, explained. `units` is None where there are none, or where they may not be shown (`is_small`)."""

    section: str  # plan, activity, payment, quality, deduction
    what: str
    pence: int
    rule: str
    part: str = ""
    units: str | None = None
    is_small: bool = False
    price_source: str = ""
    parameters: tuple[str, ...] = ()
    says: str = ""


@dataclass(frozen=True)
class Statement:
    """What is due for a contract up to the end of a month; `due_p` below 0 is paid back.

    `is_trial` was made with a scheme that is only proposed, and settles nothing.
    """

    contract: str
    version: int
    month: date
    mechanism: str
    lines: tuple[StatementLine, ...]
    plan_p: int
    actual_p: int
    entitled_p: int
    paid_before_p: int
    due_p: int
    break_glass: bool
    is_trial: bool
    notes: tuple[str, ...]
    parameter_ids: tuple[str, ...]
    inputs_hash: str
    code_version: str

    @property
    def text(self) -> str:
        """The statement as it is kept: JSON with sorted keys."""
        said = asdict(self) | {"month": f"{self.month:%Y-%m}"}
        return json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def inputs_hash(inputs: StatementInputs) -> str:
    """Answer the SHA-256 of everything that a statement is made of, whatever the order of its lines.

    Not of the name of the source of activity, nor of why none is collected: the same activity in a newer snapshot is
    the same activity.
    """
    said = {
        "contract": contract_text(inputs.contract), "version": inputs.version, "month": inputs.month.isoformat(),
        "planned": sorted(
            [one.pod, one.service, one.month.isoformat(), f"{exact(one.units, 'units'):f}", one.unit_price_p,
             *(["spread"] if one.is_spread else [])]
            for one in inputs.planned
        ),
        "plan": inputs.plan_source,
        "done": sorted(
            [one.pod, one.hrg, one.month.isoformat(), one.units, one.pence, one.unpriced] for one in inputs.done
        ),
        "missing": sorted([pod, day.isoformat()] for pod, day in inputs.missing),
        "achieved": sorted(
            [one.name, None if one.value is None else f"{one.value:f}", one.is_excused] for one in inputs.achieved
        ),
        "deductions": sorted(map(list, inputs.deductions)), "paid_before": inputs.paid_before_p,
    }  # fmt: skip
    return hashlib.sha256(json.dumps(said, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def read_statement(text: str) -> dict[str, Any]:
    """Answer a kept statement as plain values."""
    said: dict[str, Any] = json.loads(text)
    return said
