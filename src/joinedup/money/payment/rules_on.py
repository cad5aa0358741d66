"""Which payment rule holds for each kind of care on a day: adopted, only proposed, missing, or two at once (MC1)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from joinedup.money.payment.schemes import PaymentScheme, next_step, scheme_for
from joinedup.planning import Parameter, ParameterMissing, ParameterOverlap, ParameterSet

STATES = ("adopted", "proposed", "missing", "overlap")


@dataclass(frozen=True, slots=True)
class RuleOn:
    """How a kind of care is paid on a day: its state (of STATES), the scheme where one is known, what to do next."""

    kind: str
    state: str
    scheme: PaymentScheme | None = None
    next_step: str = ""

    @property
    def settles(self) -> bool:
        """Whether money is settled by it; one that is capped still needs the contract's funded level."""
        return self.state == "adopted"


@dataclass(frozen=True, slots=True)
class FigureOn:
    """A figure of payment on a day: its state (of STATES), and its row where one is known."""

    id: str
    state: str
    row: Parameter | None = None


def rules_on(on: date, schemes: Sequence[PaymentScheme]) -> list[RuleOn]:
    """Answer the rule of every kind of care that any scheme names, by kind; never an error."""
    found = []
    for kind in sorted({one.kind for one in schemes}):
        try:
            scheme = scheme_for(kind, on, include_proposed=True, schemes=schemes)
        except ParameterOverlap as error:
            found.append(RuleOn(kind, "overlap", next_step=str(error)))
        except ParameterMissing:
            found.append(RuleOn(kind, "missing", next_step=next_step(kind, on, schemes)))
        else:
            todo = "" if scheme.status == "adopted" else next_step(kind, on, schemes)
            found.append(RuleOn(kind, scheme.status, scheme, todo))
    return found


def figures_on(on: date, parameters: ParameterSet) -> list[FigureOn]:
    """Answer every figure that payment uses, by id; never an error."""
    found = []
    for key in parameters.ids:
        try:
            row = parameters.one(key, on, include_proposed=True)
        except ParameterOverlap:
            found.append(FigureOn(key, "overlap"))
        except ParameterMissing:
            found.append(FigureOn(key, "missing"))
        else:
            found.append(FigureOn(key, row.status, row))
    return found


def in_order(schemes: Iterable[PaymentScheme]) -> list[PaymentScheme]:
    """Answer every scheme, by kind, the newest first."""
    by_day = sorted(schemes, key=lambda one: (one.valid_from, one.id), reverse=True)
    return sorted(by_day, key=lambda one: one.kind)


def percent(share: Decimal) -> str:
    """Answer a share as a percentage, as short as it is exact: "75%"."""
    return f"{(share * 100).normalize():f}%"
