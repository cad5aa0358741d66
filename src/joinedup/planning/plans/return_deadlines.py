"""By when the plans of a year are due, as data (`return_deadlines.toml`), and which came late."""

from __future__ import annotations

import tomllib
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path

from joinedup.planning.plans.deadlines import Deadline, check_deadlines, deadline_status
from joinedup.planning.plans.template_layout import TEMPLATE

FILE = Path(__file__).with_name("return_deadlines.toml")


@lru_cache(maxsize=1)
def return_deadlines() -> dict[str, tuple[Deadline, ...]]:
    """Answer the deadlines for handing plans in, by year, the earliest first. DeadlineOrder when they contradict."""
    found: dict[str, list[Deadline]] = {}
    for row in tomllib.loads(FILE.read_text(encoding="utf-8"))["deadline"]:
        one = Deadline(TEMPLATE, row["due"], row["stage"], row["scope"], row.get("is_hard", False))
        found.setdefault(row["year"], []).append(one)
    for many in found.values():
        check_deadlines(many)
    return {year: tuple(sorted(many, key=lambda one: one.due)) for year, many in found.items()}


def standing_of(year: str, sent: datetime | None, on: date) -> str:
    """Answer how a return stands on a day against its year's final deadline: on_time, late, overdue, awaited, none.

    "none": no deadline is known for that year. "overdue": nothing was sent and the day is over.
    """
    finals = [one for one in return_deadlines().get(year, ()) if one.stage == "final" and one.scope == "external"]
    if not finals:
        return "none"
    if sent is None:
        return "overdue" if on > finals[-1].due else "awaited"
    return deadline_status(finals[-1].due, sent)
