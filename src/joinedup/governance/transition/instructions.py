"""Instructions from above that a report to scrutiny must name, or say why not (rule P7)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from joinedup.errors import RuleError


class InstructionOmitted(RuleError):
    """A report leaves out an instruction that is live, and says no reason; it cannot be published so."""


@dataclass(frozen=True, slots=True)
class Instruction:
    """A letter or direction: who issued it, when, what it asks by when, and when it was closed (None: it is live)."""

    key: str
    issuer: str
    document: str
    issued_on: date
    requirements: tuple[tuple[str, date], ...] = ()
    closed_on: date | None = None

    def is_live_on(self, day: date) -> bool:
        """Answer whether it was issued by a day and not closed before it."""
        return self.issued_on <= day and (self.closed_on is None or day < self.closed_on)


def omitted(
    instructions: Iterable[Instruction], *, on: date, named: Collection[str], reasons: Mapping[str, str] | None = None
) -> list[Instruction]:
    """Answer the live instructions that a report of a day neither names nor leaves out for a reason, oldest first."""
    excused = {key for key, reason in (reasons or {}).items() if reason.strip()}
    found = [one for one in instructions if one.is_live_on(on) and one.key not in named and one.key not in excused]
    return sorted(found, key=lambda one: (one.issued_on, one.key))


def must_name_all(
    instructions: Iterable[Instruction], *, on: date, named: Collection[str], reasons: Mapping[str, str] | None = None
) -> None:
    """Raise InstructionOmitted, which lists them, where a report leaves live instructions out."""
    if found := omitted(instructions, on=on, named=named, reasons=reasons):
        said = "; ".join(f"{one.document} of {one.issued_on} ({one.issuer})" for one in found)
        raise InstructionOmitted(
            f"P7: the report of {on} leaves out {len(found)} live instruction{'s' if len(found) > 1 else ''}: {said}. "
            "Name each, or say why it is left out."
        )
