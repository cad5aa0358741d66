"""Practices with so few people that a snapshot names their network instead (rules: population PB7).

A practice with a list of less than `LEAST_LIST` people leaves as a stand-in such as `U12345-small`: the code of the
neighbourhood in which it lies, and "-small". Practices that lay in the same areas at the same times share one; those of
one neighbourhood that came to it by different ways have stand-ins of their own (`U12345-small-2`), so that what is
counted by neighbourhood, place and system stays what it was, in every month. A practice that is known to lie nowhere
leaves as `unplaced-small`. A stand-in has rows in `practice_area` and none in `area`: no figure is told of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date
from typing import Any, Final

from joinedup.errors import RuleError
from joinedup.population.areas import LONG_AGO, Areas, Rows
from joinedup.population.pseudonym import RECIPIENT

LEAST_LIST: Final = 1_000
UNPLACED: Final = "unplaced-small"
_Spell = tuple[str | None, str | None, str | None, date, date | None]


def least_list(asked: int | None, recipient: str, *, is_simulated: bool) -> int:
    """Answer how long a practice's list must be for the practice to be named: 1,000, or more where more is asked for.

    Made-up people for the system's own analysts may be shown by practices of any size, and are unless asked otherwise.
    Raises RuleError for fewer of anybody else.

    >>> least_list(None, "icb-analytics", is_simulated=True), least_list(None, "research-a", is_simulated=True)
    (0, 1000)
    """
    floor = 0 if is_simulated and recipient == RECIPIENT else LEAST_LIST
    if asked is not None and asked < floor:
        raise RuleError(
            f"PB7: a practice with a list of {asked:,} can't be named to {recipient}: expected {LEAST_LIST:,} or more. "
            "Leave --least-list out, or raise it."
        )
    return floor if asked is None else asked


def stand_ins(
    lists: Mapping[str, int], practice_area: Rows, least: int, since: date, others: Collection[str] = ()
) -> dict[str, str]:
    """Answer what each small practice leaves as, by its code in capitals.

    `lists` has the people of each practice that the data name; a practice that only `practice_area` knows has none.
    `others` are codes of organisations that are no practices, whatever a source says: they leave as they are, unless
    `practice_area` knows better. Rows that ended before `since` make no difference.
    """
    people: dict[str, int] = defaultdict(int)
    for code, many in lists.items():
        people[code.upper()] += many
    spells: dict[str, list[_Spell]] = defaultdict(list)
    for row in practice_area:
        people.setdefault(row["practice"].upper(), 0)
        if (spell := _spell(row, since)) is not None:
            spells[row["practice"].upper()].append(spell)
    exempt = {code.upper() for code in others} - {row["practice"].upper() for row in practice_area}
    by_network: dict[str, dict[tuple[_Spell, ...], list[str]]] = defaultdict(lambda: defaultdict(list))
    for code, many in people.items():
        if many < least and code not in exempt:
            history = tuple(sorted(spells[code], key=lambda spell: spell[3]))
            by_network[_network(history)][history].append(code)
    answer: dict[str, str] = {}
    for network, histories in by_network.items():
        ordered = sorted(histories.items(), key=lambda found: _in_order(found[0]))
        for nth, (_, codes) in enumerate(ordered, start=1):
            name = UNPLACED if not network else f"{network}-small" + (f"-{nth}" if nth > 1 else "")
            answer |= dict.fromkeys(codes, name)
    return dict(sorted(answer.items()))


def folded(areas: Areas, instead: Mapping[str, str], since: date) -> Areas:
    """Answer areas without the small practices, and with where their stand-ins lie."""
    if not instead:
        return areas
    rows = [row for row in areas.practice_area if row["practice"].upper() not in instead]
    found: set[tuple[str, _Spell]] = set()
    for row in areas.practice_area:
        name = instead.get(row["practice"].upper(), UNPLACED)
        if name != UNPLACED and (spell := _spell(row, since)) is not None:
            found.add((name, spell))
    for name, (neighbourhood, place, system, starts, ends) in sorted(found, key=lambda one: (one[0], one[1][3])):
        rows.append({
            "practice": name, "neighbourhood": neighbourhood, "place": place, "system": system, "starts": starts,
            "ends": ends,
        })  # fmt: skip
    whole = [
        {**row, "became": None} if (row["became"] or "").upper() in instead else row
        for row in areas.area
        if row["kind"] != "practice" or row["code"].upper() not in instead
    ]
    return replace(areas, practice_area=rows, area=whole)


def _spell(row: Mapping[str, Any], since: date) -> _Spell | None:
    """Answer where a practice lay, as far as the months of a snapshot can tell; None where that was before them."""
    starts, ends = row["starts"] or LONG_AGO, row["ends"]
    if ends is not None and ends <= since:
        return None
    return row["neighbourhood"], row["place"], row["system"], LONG_AGO if starts <= since else starts, ends


def _network(history: tuple[_Spell, ...]) -> str:
    """Answer the smallest area that the practice lay in last; "" for nowhere."""
    return next((code for spell in reversed(history) for code in spell[:3] if code), "")


def _in_order(history: tuple[_Spell, ...]) -> Any:
    # What lies in one place for good comes first, so that it has the name without a number.
    spells = [(*(code or "" for code in spell[:3]), spell[3], str(spell[4] or "")) for spell in history]
    return len(history), spells
