"""Risks: likelihood times consequence, each 1 to 5, three times over, and when each is looked at again (K1 to K4, V18).

The bands low, moderate, high and extreme begin at 1, 4, 8 and 15 [to confirm: the national risk matrix of 2008].
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from joinedup.errors import RuleError
from joinedup.governance.calendar_months import months_after

BANDS: Final = {"low": 1, "moderate": 4, "high": 8, "extreme": 15}  # band -> its least score
POSSIBLE: Final = frozenset(one * other for one in range(1, 6) for other in range(1, 6))
REVIEW_MONTHS: Final = {"extreme": 1, "high": 3, "moderate": 6, "low": 12}  # [to confirm]
GRAVEST: Final = 5


class ScoreError(RuleError):
    """No such score: likelihood and consequence are whole numbers from 1 to 5, a score their product."""


class ScoresOutOfOrder(RuleError):
    """A risk is worse than before anything was done, is to become worse, or became better without a proof."""


class RiskIsClosed(RuleError):
    """A risk that was closed is scored, controlled, assured or closed again."""


@dataclass(frozen=True, slots=True, order=True)
class Score:
    """How likely and how grave, each 1 to 5."""

    likelihood: int
    consequence: int

    def __post_init__(self) -> None:
        for name in ("likelihood", "consequence"):
            given = getattr(self, name)
            if isinstance(given, bool) or not isinstance(given, int) or not 1 <= given <= 5:
                raise ScoreError(f"K1: the {name} is {given!r}; expected a whole number from 1 to 5.")

    @property
    def number(self) -> int:
        """The product, 1 to 25."""
        return self.likelihood * self.consequence

    @property
    def band(self) -> str:
        """low, moderate, high or extreme."""
        return band_of(self.number)

    @property
    def is_gravest(self) -> bool:
        """Answer whether people may die of it, however rarely: the quality committee always sees such a risk."""
        return self.consequence == GRAVEST


@dataclass(frozen=True, slots=True)
class RiskScores:
    """A review of a risk: before controls (inherent), today (current), and as it should be (target)."""

    inherent: Score
    current: Score
    target: Score
    scored_on: date


def band_of(number: int) -> str:
    """Answer the band of a score (K1); ScoreError for one that no two numbers from 1 to 5 multiply to, such as 7."""
    if number not in POSSIBLE:
        raise ScoreError(f"K1: {number} is no score; possible are {', '.join(map(str, sorted(POSSIBLE)))}.")
    return next(band for band, least in reversed(BANDS.items()) if number >= least)


def check_scores(scores: RiskScores, *, previous: RiskScores | None = None, assured_on: Iterable[date] = ()) -> None:
    """Raise ScoresOutOfOrder unless target <= current <= inherent, and a lower current has proof (K2).

    `assured_on` are the days of assurances of the risk's controls: one of them must lie after the review before, up to
    this one, for the risk to be scored lower than then.
    """
    inherent, current, target = scores.inherent.number, scores.current.number, scores.target.number
    if current > inherent:
        raise ScoresOutOfOrder(
            f"K2: the risk is {current} today and was {inherent} before anything was done; correct one of them."
        )
    if target > current:
        raise ScoresOutOfOrder(f"K2: the target {target} is worse than today's {current}; set one that is not.")
    if previous is None or current >= previous.current.number:
        return
    if not any(previous.scored_on < day <= scores.scored_on for day in assured_on):
        raise ScoresOutOfOrder(
            f"K2: the risk went from {previous.current.number} to {current} without an assurance of a control dated "
            f"after {previous.scored_on}. Record the assurance first."
        )


def check_closing(on: date, scored_on: date, today: date) -> None:
    """Raise RuleError unless a risk that was scored last on a day may be closed on another (K4)."""
    if on < scored_on:
        raise RuleError(f"K4: this risk was reviewed on {scored_on}; it cannot be closed on {on}, before that.")
    if on > today:
        raise RuleError(f"K4: {on} is still to come; close the risk on the day.")


def review_by(score: Score, reviewed_on: date) -> date:
    """Answer by when a risk is reviewed again: extreme 1 month, high 3, moderate 6, low 12; months clamp (K4)."""
    return months_after(reviewed_on, REVIEW_MONTHS[score.band])


def for_the_board(risks: Mapping[str, Score]) -> list[str]:
    """Answer the risks that go to the board, the highest first: those that are extreme (K4)."""
    return sorted((key for key, score in risks.items() if score.band == "extreme"), key=lambda k: (-risks[k].number, k))


def for_the_quality_committee(risks: Mapping[str, Score]) -> list[str]:
    """Answer the risks of which people may die, whatever their band (K3)."""
    return sorted((key for key, score in risks.items() if score.is_gravest), key=lambda k: (-risks[k].number, k))


def system_score(partners: Iterable[Score]) -> Score:
    """Answer the score of a system's risk: the highest of its partners', never their mean (K4).

    Of two equal ones, the graver consequence is taken. RuleError where no partner has it.
    """
    return max(_some(partners), key=lambda score: (score.number, score.consequence))


def _some(scores: Iterable[Score]) -> list[Score]:
    every = list(scores)
    if not every:
        raise RuleError("K4: a system's risk is made of partners' risks; link at least one.")
    return every
