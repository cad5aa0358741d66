"""Following a code to what it means on a day, through published rows of old code, new code and date.

A row whose old and new code are the same is no edge: it says that the old code lives on beside the new ones from
that date; a later date without such a row ends it. So a pair may rightly carry two dates (rules: governance T6, T7).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from joinedup.errors import RuleError

Rows = Mapping[str, Mapping[date, set[str]]]


def index(rows: Iterable[tuple[str, str, date]]) -> Rows:
    """Answer the rows by old code and date, as `resolve` reads them."""
    by_old: dict[str, dict[date, set[str]]] = defaultdict(lambda: defaultdict(set))
    for old, new, on in rows:
        by_old[old][on].add(new)
    return {old: dict(by_date) for old, by_date in by_old.items()}


def resolve(code: str, on: date, rows: Rows) -> frozenset[str]:
    """Answer the codes that `code` has become by the day `on`; a code without a row is itself.

    Several old codes may lead to one new, and one old to several new. Resolving the answer again on the same day
    changes nothing. Raises RuleError when the rows go in a circle.
    """
    return resolve_with(code, on, lambda old: rows.get(old, {}))


def resolve_with(code: str, on: date, rows_of: Callable[[str], Mapping[date, set[str]]]) -> frozenset[str]:
    """As `resolve`, with the rows of one old code fetched when they are needed."""
    return _resolve(code, on, rows_of, ())


def _resolve(
    code: str, on: date, rows_of: Callable[[str], Mapping[date, set[str]]], came_from: tuple[str, ...]
) -> frozenset[str]:
    if code in came_from:
        raise RuleError(
            f"The succession goes in a circle: {' → '.join((*came_from, code))}. Correct one of these rows."
        )
    rows = rows_of(code)
    dates = sorted(day for day in rows if day <= on)
    if not dates:
        return frozenset({code})
    found = {code} if code in rows[dates[-1]] else set()
    for day in dates:
        for new in rows[day] - {code}:
            found |= _resolve(new, on, rows_of, (*came_from, code))
    return frozenset(found)


def walk_back(codes: Iterable[str], on: date, rows: Iterable[tuple[str, str, date]]) -> frozenset[str]:
    """Answer the codes that stood on day `on`, given the codes that stand later.

    Every code that a later date made out of others is replaced by those others, again and again. A self row keeps
    the code itself, too.
    """
    made_of: dict[str, set[str]] = defaultdict(set)
    for old, new, when in rows:
        if when > on and old != new:
            made_of[new].add(old)
    found: set[str] = set()
    open_codes = set(codes)
    seen: set[str] = set()
    while open_codes:
        code = open_codes.pop()
        if code in seen:
            continue
        seen.add(code)
        if code in made_of:
            open_codes |= made_of[code]
        else:
            found.add(code)
    return frozenset(found)


@dataclass(frozen=True, slots=True)
class SuccessionReport:
    """What a succession file holds, for the person who loads it."""

    rows: int
    self_rows: int
    old_codes: int
    longest_chain: int  # steps; the bodies in it are one more
    one_to_many: int  # old codes with several new ones, self rows aside
    many_to_one: int  # new codes with several old ones, self rows aside
    pairs_with_two_dates: tuple[tuple[str, str], ...] = field(default=())
    two_dates_without_self_row: tuple[tuple[str, str], ...] = field(default=())


def report(rows: Iterable[tuple[str, str, date]]) -> SuccessionReport:
    """Count what a succession file holds; raises RuleError with the codes when rows other than self rows go round."""
    rows = list(rows)
    after: dict[str, set[str]] = defaultdict(set)
    before: dict[str, set[str]] = defaultdict(set)
    self_dates = {(old, on) for old, new, on in rows if old == new}
    dates: dict[tuple[str, str], list[date]] = defaultdict(list)
    for old, new, on in rows:
        if old != new:
            after[old].add(new)
            before[new].add(old)
            dates[old, new].append(on)
    twice = sorted(pair for pair, found in dates.items() if len(set(found)) > 1)
    return SuccessionReport(
        rows=len(rows),
        self_rows=sum(1 for old, new, _ in rows if old == new),
        old_codes=len({old for old, _, _ in rows}),
        longest_chain=_longest_chain(after),
        one_to_many=sum(1 for new in after.values() if len(new) > 1),
        many_to_one=sum(1 for old in before.values() if len(old) > 1),
        pairs_with_two_dates=tuple(twice),
        two_dates_without_self_row=tuple(pair for pair in twice if (pair[0], min(dates[pair])) not in self_dates),
    )


def _longest_chain(after: Mapping[str, set[str]]) -> int:
    steps: Counter[str] = Counter()
    state: dict[str, int] = {}  # 1 on the way, 2 done
    for start in after:
        stack = [(start, False)]
        while stack:
            code, is_done = stack.pop()
            if is_done:
                steps[code] = max((steps[new] + 1 for new in after.get(code, ())), default=0)
                state[code] = 2
            elif state.get(code) is None:
                state[code] = 1
                stack.append((code, True))
                for new in after.get(code, ()):
                    if state.get(new) == 1:
                        raise RuleError(f"The succession goes in a circle: {code} → {new} → … → {code}.")
                    if state.get(new) is None:
                        stack.append((new, False))
    return max(steps.values(), default=0)
