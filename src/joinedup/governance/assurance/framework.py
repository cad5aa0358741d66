"""The board assurance framework: for each objective its risks, and what is missing of proof that they are held (K5)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from joinedup.errors import RuleError
from joinedup.governance.assurance.risks import Score
from joinedup.governance.calendar_months import months_after

LINES: Final = {1: "management", 2: "oversight", 3: "independent"}
MONTHS_OF_ASSURANCE: Final = 12
NEEDS_INDEPENDENT: Final = ("high", "extreme")


@dataclass(frozen=True, slots=True)
class Assurance:
    """Evidence of the first, second or third line that a control works, and its day."""

    line: int
    result: str
    on: date

    def __post_init__(self) -> None:
        if self.line not in LINES:
            said = ", ".join(f"{line} ({title})" for line, title in LINES.items())
            raise RuleError(f"K5: there is no line {self.line} of assurance; expected {said}.")


@dataclass(frozen=True, slots=True)
class FramedRisk:
    """A risk in the framework: its objective, score of today, controls, and assurances of them."""

    key: str
    objective: str
    score: Score
    controls: tuple[str, ...] = ()
    assurances: tuple[Assurance, ...] = ()


@dataclass(frozen=True, slots=True)
class AssuranceGap:
    """What is missing, and of what: an objective or a risk."""

    objective: str
    risk: str
    says: str


def assurance_gaps(objectives: Iterable[tuple[str, str]], risks: Iterable[FramedRisk], on: date) -> list[AssuranceGap]:
    """Answer what the framework lacks on a day, by objectives in their order (K5).

    `objectives` are (objective, the reason why it has no risk, or ""). An objective needs a risk or a reason; a risk a
    control and an assurance in the 12 months up to the day, and a high or extreme one an independent one among these.
    """
    by_objective: dict[str, list[FramedRisk]] = {}
    for risk in risks:
        by_objective.setdefault(risk.objective, []).append(risk)
    found: list[AssuranceGap] = []
    known = []
    for objective, none_because in objectives:
        known.append(objective)
        mine = by_objective.get(objective, [])
        if not mine and not none_because.strip():
            found.append(AssuranceGap(objective, "", "no risk, and no reason why there is none"))
        for risk in mine:
            found += [AssuranceGap(objective, risk.key, says) for says in _lacks(risk, on)]
    for objective in sorted(by_objective.keys() - set(known)):
        found += [
            AssuranceGap(objective, one.key, "the objective is not in the framework") for one in by_objective[objective]
        ]
    return found


def _lacks(risk: FramedRisk, on: date) -> Iterator[str]:
    if not risk.controls:
        yield "no control"
    since = months_after(on, -MONTHS_OF_ASSURANCE)
    recent = [one for one in risk.assurances if since < one.on <= on]
    if not recent:
        yield "no assurance in 12 months"
    elif risk.score.band in NEEDS_INDEPENDENT and all(one.line != 3 for one in recent):
        yield "no independent assurance"
