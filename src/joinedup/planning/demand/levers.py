"""What a plan means to change: prevention, length of stay, care moved into the community.

Each lever names the points of delivery to which it applies, and no other is touched. It may be limited to specialties,
places and providers, and comes into force evenly from its first month to the month in which it is full.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from joinedup.errors import RuleError

EMERGENCY = ("NEL", "NELS", "AE1", "AE2", "AE3", "AE4", "UTC")
STAYS = ("EL", "NEL")
OUTPATIENTS = ("OPFA", "OPFU")
COMMUNITY = "COM"


class LeverError(RuleError):
    """A lever that cannot be: over 100 per cent, full before it starts, on what it cannot change or nobody has."""


class ActivityKey(NamedTuple):
    """What a series of activity counts: the point of delivery's code, specialty, place and provider."""

    pod: str
    specialty: str
    place: str
    provider: str


@dataclass(frozen=True, kw_only=True)
class Lever:
    """What all levers have: a name, how many per cent it changes when full, from when, and where it applies.

    Empty `specialties`, `places` or `providers` are all of them. `full_from` None: at once. The percentage is of the
    activity without any lever for the first one, then of what the levers before it have left.
    """

    name: str
    percent: float
    from_month: date
    full_from: date | None = None
    pods: tuple[str, ...] = ()
    specialties: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise LeverError("ME10: a lever needs a name, under which the page shows what it changes.")
        if not -100 <= self.percent <= 100:
            raise LeverError(f"ME10: the lever '{self.name}' is {self.percent:g} per cent; expected -100 to 100.")
        if not self.pods:
            raise LeverError(f"ME10: the lever '{self.name}' names no point of delivery; name those it changes.")
        if self.full_from is not None and self.full_from < self.from_month:
            raise LeverError(
                f"ME10: the lever '{self.name}' is full from {self.full_from}, before it starts on {self.from_month}."
            )

    def applies_to(self, key: ActivityKey) -> bool:
        """Answer whether the lever changes this series."""
        return (
            key.pod in self.pods
            and (not self.specialties or key.specialty in self.specialties)
            and (not self.places or key.place in self.places)
            and (not self.providers or key.provider in self.providers)
        )

    def share_in(self, month: date) -> float:
        """Answer the share, 0.05 for five per cent, by which it changes that month; less while it comes into force."""
        if month < self.from_month:
            return 0.0
        full = self.full_from or self.from_month
        steps = (full.year - self.from_month.year) * 12 + full.month - self.from_month.month + 1
        done = (month.year - self.from_month.year) * 12 + month.month - self.from_month.month + 1
        return self.percent / 100 * min(1.0, done / steps)


@dataclass(frozen=True, kw_only=True)
class Prevention(Lever):
    """Fewer people need care: so many per cent less activity, by default of emergency care."""

    pods: tuple[str, ...] = EMERGENCY


@dataclass(frozen=True, kw_only=True)
class ShorterStay(Lever):
    """Stays are so many per cent shorter: beds change, the number of spells does not. By default EL and NEL."""

    pods: tuple[str, ...] = STAYS

    def __post_init__(self) -> None:
        super().__post_init__()
        if others := [pod for pod in self.pods if pod not in (*STAYS, "NELS", "MAT")]:
            raise LeverError(
                f"ME10: the lever '{self.name}' shortens stays of {', '.join(others)}, which have none; expected "
                "EL, NEL, NELS or MAT."
            )


@dataclass(frozen=True, kw_only=True)
class ShiftToCommunity(Lever):
    """So many per cent of activity is given in the community instead, as `contacts_per_case` contacts for each case.

    By default outpatients. The contacts are counted at the same specialty and place, with `provider` or, where "" is
    given, the provider from whom they are taken.
    """

    pods: tuple[str, ...] = OUTPATIENTS
    contacts_per_case: float = 1.0
    provider: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.percent < 0 or self.contacts_per_case < 0:
            raise LeverError(f"ME10: the lever '{self.name}' shifts less than nothing; expected 0 or more.")
        if COMMUNITY in self.pods:
            raise LeverError(f"ME10: the lever '{self.name}' shifts community contacts to the community.")
