"""Deadlines: a date that includes its last second in London, and the working days before it (rule MD9).

Working days leave out weekends and the bank holidays of England, which are dated data (`bank_holidays.toml`). What
comes late is taken, marked late and shown; nothing is turned away for the hour.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from joinedup.errors import RuleError

HOLIDAYS = Path(__file__).with_name("bank_holidays.toml")
STAGES = ("draft", "final")
SCOPES = ("internal", "external")


class NaiveDatetime(RuleError):
    """An instant without a time zone: nobody can say whether it was on time."""


class DeadlineOrder(RuleError):
    """Deadlines of one document that cannot be kept one after the other."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """By when a document is due: on `due` up to 23:59:59 in London.

    `stage` is draft or final, `scope` internal or external; `is_hard` says that nothing is signed while it is missed.
    """

    template: str
    due: date
    stage: str
    scope: str
    is_hard: bool = False

    def __post_init__(self) -> None:
        if self.stage not in STAGES or self.scope not in SCOPES:
            raise RuleError(
                f"MD9: a deadline is {' or '.join(STAGES)}, and {' or '.join(SCOPES)}; not {self.stage}, {self.scope}."
            )


def deadline_status(due: date, sent: datetime, tz: str = "Europe/London") -> str:
    """Answer "on_time" or "late" for what was sent at an instant, by a zone's calendar. NaiveDatetime for no zone."""
    if sent.tzinfo is None:
        raise NaiveDatetime(f"MD9: {sent.isoformat()} has no time zone; give an aware datetime.")
    return "on_time" if sent.astimezone(ZoneInfo(tz)).date() <= due else "late"


def check_deadlines(deadlines: Iterable[Deadline]) -> None:
    """Raise DeadlineOrder unless, for each template, drafts come before finals and internal dates before external."""
    by_template: dict[str, list[Deadline]] = {}
    for one in deadlines:
        by_template.setdefault(one.template, []).append(one)
    for template, many in by_template.items():
        for early, late in ((a, b) for a in many for b in many):
            of_stage = early.scope == late.scope and early.stage == "draft" and late.stage == "final"
            of_scope = early.stage == late.stage and early.scope == "internal" and late.scope == "external"
            if (of_stage or of_scope) and early.due >= late.due:
                raise DeadlineOrder(
                    f"MD9: {template}: the {early.scope} {early.stage} is due on {early.due}, not before the "
                    f"{late.scope} {late.stage} on {late.due}. Bring it forward."
                )


def working_day_before(due: date, n: int, holidays: Collection[date]) -> date:
    """Answer the day `n` working days before a day; 0 is the day itself, or the last working day before it."""
    return _walk(due, n, holidays, -1)


def working_day_after(start: date, n: int, holidays: Collection[date]) -> date:
    """Answer the day `n` working days after a day; 0 is the day itself, or the next working day."""
    return _walk(start, n, holidays, 1)


def _walk(day: date, n: int, holidays: Collection[date], step: int) -> date:
    if n < 0:
        raise RuleError(f"MD9: {n} working days; expected 0 or more.")
    while n > 0 or day.weekday() >= 5 or day in holidays:
        day += timedelta(days=step)
        if day.weekday() < 5 and day not in holidays:
            n -= 1
            if n <= 0:
                return day
    return day


@lru_cache(maxsize=1)
def bank_holidays() -> frozenset[date]:
    """Answer the bank holidays of England that are known, as `bank_holidays.toml` lists them."""
    return frozenset(day for days in tomllib.loads(HOLIDAYS.read_text())["england"].values() for day in days)
