"""How a contract is awarded: the processes of the Provider Selection Regime, their notices in order, and standstill.

    findings(award_process("direct_award_c", day), published, awarded_on=day, today=day, holidays=bank_holidays())

The processes are dated rows of awards.toml. A contract is signed when nothing that comes before the award is missing.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from joinedup.errors import NotFound, RuleError, did_you_mean
from joinedup.planning import working_day_after

PROCESSES = Path(__file__).with_name("awards.toml")


class NoticeMissing(RuleError):
    """A notice that comes first is not out, or the time after it is not over."""


@dataclass(frozen=True, slots=True)
class NoticeRule:
    """A notice that a process publishes: before or after the award, and what must pass after it."""

    kind: str
    title: str
    when: str
    within_days: int | None = None
    wait_days: int = 0
    standstill: bool = False


@dataclass(frozen=True, slots=True)
class AwardProcess:
    """A way in which a contract may be awarded on the days on which it holds, with its notices in order."""

    key: str
    title: str
    meant_for: str
    notices: tuple[NoticeRule, ...]
    valid_from: date
    valid_to: date | None
    source: str
    to_confirm: tuple[str, ...]

    def notice(self, kind: str) -> NoticeRule:
        """Answer the rule of a notice; NotFound for one that this process does not publish."""
        kinds = [one.kind for one in self.notices]
        if kind not in kinds:
            raise NotFound(
                f"{self.title} publishes no notice '{kind}'; expected {', '.join(kinds) or 'none'}."
                f"{did_you_mean(kind, kinds)}"
            )
        return self.notices[kinds.index(kind)]


@dataclass(frozen=True, slots=True)
class Standstill:
    """How many working days pass between the intention to award and the award."""

    working_days: int
    after_answer_working_days: int
    source: str
    to_confirm: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """Where one notice stands: published, due (with the last day, if there is one), late, or waiting (until a day)."""

    kind: str
    title: str
    state: str
    published_on: date | None
    by: date | None
    is_before_award: bool


def award_processes() -> tuple[AwardProcess, ...]:
    """Answer every process that is or was in force, as awards.toml lists them."""
    return tuple(
        AwardProcess(
            one["key"], one["title"], one["for"], tuple(NoticeRule(**notice) for notice in one["notices"]),
            one["valid_from"], one.get("valid_to"), one["source"], tuple(one["to_confirm"]),
        )
        for one in _file()["process"]
    )  # fmt: skip


def award_process(key: str, on: date) -> AwardProcess:
    """Answer a process as it holds on a day; NotFound for one that is unknown or does not hold then."""
    holding = [one for one in award_processes() if one.valid_from <= on and (one.valid_to is None or on < one.valid_to)]
    for one in holding:
        if one.key == key:
            return one
    keys = [one.key for one in holding]
    raise NotFound(
        f"On {on} no contract is awarded by '{key}'; possible: {', '.join(keys) or 'none'}.{did_you_mean(key, keys)}"
    )


def standstill() -> Standstill:
    """Answer the length of the standstill."""
    one = _file()["standstill"]
    return Standstill(one["working_days"], one["after_answer_working_days"], one["source"], tuple(one["to_confirm"]))


def first_day_to_award(intention_on: date, holidays: Collection[date], *, answered_on: date | None = None) -> date:
    """Answer the first day on which a contract may be awarded after its intention to award was published.

    Working days are counted from the day after the notice; the standstill ends with the last of them. Where a
    representation was answered on a day, so many more pass from then.
    """
    length = standstill()
    over: date = working_day_after(intention_on, length.working_days, holidays)
    if answered_on is not None:
        over = max(over, working_day_after(answered_on, length.after_answer_working_days, holidays))
    return over + timedelta(days=1)


def check_notice(
    process: AwardProcess, kind: str, on: date, published: Mapping[str, date], *, awarded_on: date | None
) -> None:
    """Raise NoticeMissing unless a notice may be published on a day, after those that come before it."""
    rule = process.notice(kind)
    if kind in published:
        raise RuleError(f"{rule.title} was published on {published[kind]} already.")
    for earlier in process.notices[: process.notices.index(rule)]:
        if earlier.kind not in published:
            raise NoticeMissing(f"{process.title}: publish '{earlier.title}' before '{rule.title}'.")
        soonest = published[earlier.kind] + timedelta(days=earlier.wait_days)
        if on < soonest:
            raise NoticeMissing(
                f"{process.title}: '{rule.title}' may be published from {soonest}, {earlier.wait_days} days after "
                f"'{earlier.title}'."
            )
    if rule.when == "after" and (awarded_on is None or on < awarded_on):
        raise NoticeMissing(f"{process.title}: '{rule.title}' follows the award. Sign the contract first.")


def check_award(
    process: AwardProcess,
    on: date,
    published: Mapping[str, date],
    holidays: Collection[date],
    *,
    answered_on: date | None = None,
) -> None:
    """Raise NoticeMissing unless everything that comes before the award on this day is out, and standstill is over."""
    for rule in process.notices:
        if rule.when != "before":
            continue
        if rule.kind not in published:
            raise NoticeMissing(f"{process.title}: publish '{rule.title}' before the contract is signed.")
        if rule.standstill:
            soonest = first_day_to_award(published[rule.kind], holidays, answered_on=answered_on)
            if on < soonest:
                raise NoticeMissing(
                    f"{process.title}: standstill is not over. '{rule.title}' was published on {published[rule.kind]}; "
                    f"the contract may be signed from {soonest}."
                )


def findings(
    process: AwardProcess,
    published: Mapping[str, date],
    *,
    awarded_on: date | None,
    today: date,
    holidays: Collection[date],
    answered_on: date | None = None,
) -> tuple[Finding, ...]:
    """Answer where each notice of a process stands today, in the order in which they are published."""
    found = []
    for rule in process.notices:
        day = published.get(rule.kind)
        by = None
        if rule.within_days is not None and awarded_on is not None:
            by = awarded_on + timedelta(days=rule.within_days)
        state = "published" if day else "due"
        if by is not None and (day or today) > by:
            state = "late"
        if rule.standstill and day and awarded_on is None:
            by = first_day_to_award(day, holidays, answered_on=answered_on)
            state = "waiting" if today < by else "published"
        found.append(Finding(rule.kind, rule.title, state, day, by, rule.when == "before"))
    return tuple(found)


def is_considerable_change(before_p: int, after_p: int, on: date) -> bool:
    """Answer whether a change of a contract's whole value is considerable: by so much, and by such a share."""
    for one in _file()["threshold"]:
        if one["id"] == "considerable_change" and one["valid_from"] <= on:
            change = abs(after_p - before_p)
            return bool(change >= one["pence"] and change >= Decimal(one["share"]) * before_p)
    return False


@cache
def _file() -> dict[str, Any]:
    return tomllib.loads(PROCESSES.read_text(encoding="utf-8"))
