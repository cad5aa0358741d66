"""Counting cohorts for a page: how many people, line by line and by groups, protected together and audited.

A cohort is counted on the last day of the snapshot's last whole month, as measures are. What was answered once is kept
in memory; who asked for which definition is written down each time, in the transaction of the answer.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from threading import RLock
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from django.db import connection, transaction

from joinedup.access import Grant, record
from joinedup.errors import JoinedupError
from joinedup.measures.cohort_answers import EVERYBODY, Counted, Line, answered_as, lines_shown, said_alike
from joinedup.measures.cohort_lines import Typed, Wrong, short
from joinedup.measures.cohort_models import CohortAnswer
from joinedup.measures.rounding import SMALL, nearest_five
from joinedup.measures.suppression import Tables, suppress

if TYPE_CHECKING:
    from joinedup.population import Cohort, Snapshot

COUNT: Final = "population.count"
TRAITS: Final = ("sex", "age_band", "ethnic_group", "deprivation_national", "deprivation_local", "place")
"""What a page counts a cohort by, each alone. Several at once leave by a release."""
MOST_KEPT: Final = 1000
_REGISTER_LOCK: Final = 0x434F484F
_lock = RLock()
_snapshots: OrderedDict[tuple[str, int], Any] = OrderedDict()
_kept: OrderedDict[tuple[Any, ...], Any] = OrderedDict()


@dataclass(frozen=True, slots=True)
class Group:
    """The people of a cohort in one group of one trait, as they may be seen; None is hidden."""

    trait: str
    name: str
    people: int | None


@dataclass(frozen=True, slots=True)
class CohortAnswered:
    """What a page says of a cohort.

    `borrowed` is "line" where its figures are those of an earlier line of its own, "cohort" where they are those of one
    much like it that was counted before, else "".
    """

    snapshot_id: str
    on: date
    lines: tuple[Line, ...]
    groups: tuple[Group, ...] = ()
    borrowed: str = ""
    is_simulated: bool = False
    seconds: float = field(default=0.0, compare=False)

    @property
    def people(self) -> int | None:
        return self.lines[-1].left


class WrongLines(JoinedupError):
    """Lines of a cohort that name what there is not."""

    def __init__(self, wrong: Sequence[Wrong]) -> None:
        self.wrong = tuple(wrong)
        super().__init__("\n".join(one.says for one in wrong))


def latest_snapshot() -> Snapshot:
    """Answer the newest snapshot, open, with what was read of it; raises NotFound where there is none.

    One that was revised since is opened anew.
    """
    from joinedup.population import open_snapshot

    found = open_snapshot()
    key = (found.id, int(found.manifest.get("revision", 1)))
    with _lock:
        if key not in _snapshots:
            _snapshots[key] = found
            while len(_snapshots) > 1:
                _snapshots.popitem(last=False)
                _kept.clear()
        return _snapshots[key]  # type: ignore[no-any-return]


def count_cohort(grant: Grant, typed: Typed) -> CohortAnswered:
    """Answer how many people the typed lines leave, one after another, and by TRAITS; audited in one entry.

    Raises WrongLines where a line names a codelist, register or value that there is not.
    """
    grant.must_be_for(COUNT)
    began = time.monotonic()
    snapshot = latest_snapshot()
    key = ("cohort", typed.include, typed.exclude)
    with _lock, transaction.atomic():
        if key not in _kept:
            _keep(key, _counted(snapshot, typed))
        answer: CohortAnswered = _kept[key]
        _record(grant, snapshot, {"include": list(typed.include), "exclude": list(typed.exclude)})
    return CohortAnswered(
        answer.snapshot_id, answer.on, answer.lines, answer.groups, answer.borrowed, answer.is_simulated,
        time.monotonic() - began,
    )  # fmt: skip


def count_named(grant: Grant) -> dict[str, int | None]:
    """Answer how many people each cohort that has a name holds, protected; None is hidden. One entry in the audit."""
    from joinedup.population import cohort, cohort_names

    grant.must_be_for(COUNT)
    snapshot = latest_snapshot()
    names = cohort_names()
    key = ("named", *names)
    with _lock, transaction.atomic():
        if key not in _kept:
            register = _register(snapshot)
            _keep(key, {name: _answer(snapshot, cohort(name), register)[1].shown for name in names})
        answer: dict[str, int | None] = _kept[key]
        _record(grant, snapshot, {"cohorts": names})
    return dict(answer)


def kept_for(snapshot: Snapshot, name: str, make: Any) -> Any:
    """Answer what was made of a snapshot under this name, or make it and keep it as long as the snapshot is open."""
    with _lock:
        if (name,) not in _kept:
            _keep((name,), make())
        return _kept[(name,)]


def _keep(key: tuple[Any, ...], value: Any) -> None:
    _kept[key] = value
    while len(_kept) > MOST_KEPT:
        _kept.popitem(last=False)


def _record(grant: Grant, snapshot: Snapshot, said: dict[str, Any]) -> None:
    details = {"revision": int(snapshot.manifest.get("revision", 1)), **said}
    record(grant, COUNT, f"snapshot:{snapshot.id}", details=details)


def _counted(snapshot: Snapshot, typed: Typed) -> CohortAnswered:
    from joinedup.population import Cohort
    from joinedup.population.months import last_day

    _look_up(snapshot, typed)
    month = snapshot.months[-1]
    wanted = bears = Cohort(typed.include, typed.exclude)
    steps = wanted.attrition(snapshot, at=month)
    register = _register(snapshot)
    prefixes = [Cohort(typed.include[:number]) for number in range(1, len(typed.include) + 1)]
    prefixes += [Cohort(typed.include, typed.exclude[:number]) for number in range(1, len(typed.exclude) + 1)]
    answered = [Counted(frozenset(), frozenset(), steps[0].left)]
    for step, prefix in zip(steps[1:], prefixes, strict=True):
        bears, found = _answer(snapshot, prefix, register, step.left, everybody=answered[0])
        answered.append(found)
    sentences = [(EVERYBODY, False), *((step.sentence, step.is_exclusion) for step in steps[1:])]
    lines = lines_shown(sentences, [step.left for step in steps], [step.unknown for step in steps], answered)
    last = answered[-1]
    borrowed = "" if last.people == steps[-1].left else "line" if last in answered[:-1] else "cohort"
    groups = _groups(snapshot, bears, month) if last.people else ()
    return CohortAnswered(
        snapshot.id, last_day(month), tuple(lines), groups, borrowed, bool(snapshot.manifest.get("simulated"))
    )


def _look_up(snapshot: Snapshot, typed: Typed) -> None:
    """Evaluate each line by itself, so that one that names what there is not is told apart."""
    from joinedup.population import cohort

    wrong = []
    for kind in ("include", "exclude"):
        for number, sentence in enumerate(typed.lines(kind), start=1):
            try:
                cohort(include=[sentence]).people(snapshot, at=snapshot.months[-1])
            except JoinedupError as error:
                wrong.append(Wrong(kind, number, short(error)))
    if wrong:
        raise WrongLines(wrong)


# --- the register -----------------------------------------------------------------------------------------------------


def _register(snapshot: Snapshot) -> list[Counted]:
    """Answer the cohorts that have figures of their own, the earliest first; nobody else adds to them meanwhile."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_REGISTER_LOCK])
    rows = CohortAnswer.objects.filter(snapshot=snapshot.id, revision=int(snapshot.manifest.get("revision", 1)))
    return [Counted(frozenset(one.include), frozenset(one.exclude), one.people) for one in rows.order_by("id")]


def _answer(
    snapshot: Snapshot, wanted: Cohort, register: list[Counted], people: int | None = None,
    everybody: Counted | None = None,
) -> tuple[Cohort, Counted]:  # fmt: skip
    """Answer the cohort whose figure this one bears, and the figure; one of its own goes into the register."""
    from joinedup.population import Cohort

    def said_again(one: Counted) -> Cohort:
        return Cohort(tuple(sorted(one.include)), tuple(sorted(one.exclude)))

    month = snapshot.months[-1]
    if people is None:
        people = int(wanted.people(snapshot, at=month).count().execute())
    mine = Counted(said_alike(wanted.include), said_alike(wanted.exclude), people)
    held = wanted.people(snapshot, at=month)

    def nested(one: Counted) -> bool:
        other = said_again(one).people(snapshot, at=month)
        less, more = (held, other) if people <= one.people else (other, held)
        return not int(less.anti_join(more, "person").count().execute())

    earlier = [*([everybody] if everybody else []), *register]
    found = answered_as(mine, earlier, nested)
    if found is mine:
        register.append(mine)
        said = [sorted(mine.include), sorted(mine.exclude)]
        CohortAnswer.objects.get_or_create(
            snapshot=snapshot.id, revision=int(snapshot.manifest.get("revision", 1)),
            definition=hashlib.sha256(json.dumps(said).encode()).hexdigest(),
            defaults={"include": said[0], "exclude": said[1], "people": people},
        )  # fmt: skip
        return wanted, mine
    return said_again(found), found


# --- groups -----------------------------------------------------------------------------------------------------------


def _groups(snapshot: Snapshot, wanted: Cohort, month: int) -> tuple[Group, ...]:
    """Answer the groups of every trait, hidden so that no small one follows from the others and the figure above."""
    names: list[tuple[str, str]] = []
    counts: list[int] = [0]
    sums = []
    for trait, by_name in _by_trait(wanted.counts(snapshot, TRAITS, at=month)).items():
        first = len(counts)
        names += [(trait, name) for name in by_name]
        counts += by_name.values()
        sums.append((0, tuple(range(first, len(counts)))))
        counts[0] = sum(counts[first:])
    if not sums:
        return ()
    raw = np.array([counts], dtype=np.int64)
    one = np.ones(1, dtype=bool)
    known = np.zeros(raw.shape, dtype=bool)
    known[0, 0] = counts[0] > SMALL  # it stands above the tables
    table = Tables(raw, np.zeros_like(raw), np.ones(raw.shape, dtype=bool), ~one, ~one, ~one, knows_n=known)
    hidden = suppress(table, sums).n[0]
    shown = nearest_five(raw)[0]
    return tuple(
        Group(trait, name, None if hidden[at] else int(shown[at])) for at, (trait, name) in enumerate(names, start=1)
    )


def _by_trait(rows: Iterable[Mapping[str, str | int]]) -> dict[str, dict[str, int]]:
    """Answer the people of each group of each trait, from those of all traits at once."""
    found: dict[str, dict[str, int]] = {trait: {} for trait in TRAITS}
    for row in rows:
        for trait in TRAITS:
            name = str(row[trait])
            found[trait][name] = found[trait].get(name, 0) + int(row["people"])
    return {
        trait: dict(sorted(groups.items(), key=lambda one: _in_order(one[0])))
        for trait, groups in found.items()
        if groups
    }


def _in_order(name: str) -> tuple[bool, int, str]:
    """Ages by number ("100" after "90"), the unknown last."""
    digits = name.split("-")[0].split()[0]
    return name == "Unknown", int(digits) if digits.isdigit() else 0, name
