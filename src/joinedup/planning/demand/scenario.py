"""What a planner tries out beside the forecast: prevention, shorter stays, a shift to the community, more people.

A scenario is typed into a form; here it becomes levers (see `levers`), or a message for each field that is wrong.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from joinedup.planning.demand.levers import COMMUNITY, Lever, Prevention, ShiftToCommunity, ShorterStay
from joinedup.planning.demand.series import month_after

WITH_STAYS = ("EL", "NEL", "NELS", "MAT")
PREVENTION, STAY, SHIFT = "prevention", "stay", "shift"
FIELDS = (PREVENTION, STAY, SHIFT, "contacts", "growth", "full_after")
MOST_GROWTH = 20.0
MOST_CONTACTS = 50.0
MOST_MONTHS = 36


@dataclass(frozen=True, slots=True)
class Scenario:
    """Changes against the forecast, in per cent when they are full; `growth` a year, None: as in the past.

    `contacts` are community contacts for each case that is moved; `full_after` the months until the levers are full,
    evenly from the first month forecast (1: at once).
    """

    prevention: float = 0.0
    stay: float = 0.0
    shift: float = 0.0
    contacts: float = 1.0
    growth: float | None = None
    full_after: int = 1

    @property
    def is_tried(self) -> bool:
        return bool(self.prevention or self.stay or self.shift) or self.growth is not None

    def levers(self, pod: str, first: date) -> tuple[Lever, ...]:
        """Answer the levers on one point of delivery from the first month forecast; those that are 0 are left out."""
        full = month_after(first, self.full_after - 1)
        made: list[Lever] = []
        if self.prevention:
            made.append(
                Prevention(name=PREVENTION, percent=self.prevention, pods=(pod,), from_month=first, full_from=full)
            )
        if self.stay:
            made.append(ShorterStay(name=STAY, percent=self.stay, pods=(pod,), from_month=first, full_from=full))
        if self.shift:
            made.append(
                ShiftToCommunity(
                    name=SHIFT,
                    percent=self.shift,
                    pods=(pod,),
                    from_month=first,
                    full_from=full,
                    contacts_per_case=self.contacts,
                )
            )
        return tuple(made)


@dataclass(frozen=True)
class Typed:
    """A form as it was sent: the scenario, or None and a message for each field that is wrong."""

    scenario: Scenario | None
    errors: dict[str, str] = field(default_factory=dict)


def read_scenario(sent: Mapping[str, str], pod: str) -> Typed:
    """Answer the scenario of a form. Empty fields change nothing; a text that is no number says so by its field."""
    errors: dict[str, str] = {}

    def number(name: str, what: str, least: float, most: float, otherwise: float) -> float:
        text = str(sent.get(name, "")).strip().rstrip("%").strip()
        if not text:
            return otherwise
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            errors[name] = f"{what} must be a number, such as 5 or 2.5"
            return otherwise
        if not least <= value <= most:
            errors[name] = f"{what} must be between {least:g} and {most:g}"
            return otherwise
        return value

    prevention = number(PREVENTION, "Prevention", 0, 100, 0.0)
    stay = number(STAY, "Shorter stays", 0, 100, 0.0)
    shift = number(SHIFT, "The shift to the community", 0, 100, 0.0)
    contacts = number("contacts", "Contacts for each case", 0, MOST_CONTACTS, 1.0)
    growth = number("growth", "Population growth", -MOST_GROWTH, MOST_GROWTH, math.nan)
    full = number("full_after", "Months until full effect", 1, MOST_MONTHS, 1.0)
    if not full.is_integer():
        errors["full_after"] = "Months until full effect must be a whole number, such as 6"
    if stay and pod not in WITH_STAYS:
        errors[STAY] = "Only stays in hospital can be made shorter: leave this empty"
    if shift and pod == COMMUNITY:
        errors[SHIFT] = "These contacts are in the community already: leave this empty"
    if errors:
        return Typed(None, errors)
    return Typed(Scenario(prevention, stay, shift, contacts, None if math.isnan(growth) else growth, int(full)))
