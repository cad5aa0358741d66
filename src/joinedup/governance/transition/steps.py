"""Steps of a transition, rated by how much they disturb and what they are worth (rule P9)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from joinedup.errors import RuleError


class StepReasonMissing(RuleError):
    """A step that disturbs more than it is worth needs a reason."""


@dataclass(frozen=True, slots=True)
class TransitionStep:
    """A step: 1 to 5 for how much it disturbs and for what it is worth, and the reason to do it all the same."""

    key: str
    title: str
    disruption: int
    value: int
    reason: str = ""

    def __post_init__(self) -> None:
        for name in ("disruption", "value"):
            given = getattr(self, name)
            if isinstance(given, bool) or not isinstance(given, int) or not 1 <= given <= 5:
                raise RuleError(f"P9: the {name} of step {self.key} is {given!r}; expected a whole number from 1 to 5.")

    @property
    def needs_reason(self) -> bool:
        """Answer whether it disturbs more than it is worth."""
        return self.disruption > self.value


def without_reason(steps: Iterable[TransitionStep]) -> list[TransitionStep]:
    """Answer the steps that need a reason and have none, those that disturb most above their worth first."""
    found = [one for one in steps if one.needs_reason and not one.reason.strip()]
    return sorted(found, key=lambda one: (one.value - one.disruption, one.key))


def check_steps(steps: Iterable[TransitionStep]) -> None:
    """Raise StepReasonMissing, which lists the steps, unless each that needs a reason has one."""
    if found := without_reason(steps):
        said = ", ".join(f"{one.title} ({one.disruption} against {one.value})" for one in found)
        raise StepReasonMissing(f"P9: these steps disturb more than they are worth: {said}. Say why each is taken.")
