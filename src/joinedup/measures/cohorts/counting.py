"""Counting cohorts for a page: how many people, line by line and by groups, protected together and audited.

A cohort is counted on the last day of the snapshot's last whole month, as measures are. What was answered once is kept
in memory; who asked for which definition is written down each time, in the transaction of the answer.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from threading import RLock
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from django.db import connection, transaction

from joinedup.access import Grant, record
from joinedup.errors import JoinedupError
from joinedup.measures.cohorts.answers import EVERYBODY, Counted, Line, answered_as, lines_shown, said_alike
from joinedup.measures.cohorts.held_people import Flags, HeldPeople
from joinedup.measures.cohorts.lines import Typed, Wrong, short
from joinedup.measures.cohorts.models import CohortAnswer
from joinedup.measures.disclosure.rounding import SMALL, nearest_five
from joinedup.measures.disclosure.suppression import Tables, suppress
from joinedup.measures.needs import keep_file, kept_file
from joinedup.population.kept_files import definitions_digest, read_kept

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

    with _lock:
        found = open_snapshot()
        key = _revision_of(found)
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
    with _lock, transaction.atomic():
        snapshot = latest_snapshot()
        key = (*_revision_of(snapshot), "cohort", typed.include, typed.exclude)
        answer: CohortAnswered = _kept_or_made(key, lambda: _counted(snapshot, typed))
        _record(grant, snapshot, {"include": list(typed.include), "exclude": list(typed.exclude)})
    return CohortAnswered(
        answer.snapshot_id, answer.on, answer.lines, answer.groups, answer.borrowed, answer.is_simulated,
        time.monotonic() - began,
    )  # fmt: skip


def count_named(grant: Grant) -> dict[str, int | None]:
    """Answer how many people each cohort that has a name holds, protected; None is hidden. One entry in the audit."""
    from joinedup.population import cohort, cohort_names

    grant.must_be_for(COUNT)
    names = cohort_names()
    with _lock, transaction.atomic():
        snapshot = latest_snapshot()
        key = (*_revision_of(snapshot), "named", *names)
        cohorts = {name: cohort(name) for name in names}
        answer: dict[str, int | None] = _kept_or_made(key, lambda: _named_kept(snapshot, cohorts))
        _record(grant, snapshot, {"cohorts": names})
    return dict(answer)


def _named_kept(snapshot: Snapshot, cohorts: dict[str, Cohort]) -> dict[str, int | None]:
    """Answer the protected counts as they were worked out before, as long as the definitions are the same."""
    said = {name: [list(one.include), list(one.exclude)] for name, one in cohorts.items()}
    path = kept_file(snapshot, "cohorts")
    definitions = definitions_digest()
    told = read_kept(path)
    if (told.get("cohorts"), told.get("definitions")) == (said, definitions) and isinstance(told.get("people"), dict):
        return dict(told["people"])
    people = {name: _named(snapshot, one) for name, one in cohorts.items()}
    transaction.on_commit(lambda: keep_file(path, {"definitions": definitions, "cohorts": said, "people": people}))
    return people


def _named(snapshot: Snapshot, one: Cohort) -> int | None:
    people = held_people(snapshot)
    held = people.cohort(one.include, one.exclude)
    mine = Counted(said_alike(one.include), said_alike(one.exclude), int(held.sum()))
    register = _register(snapshot)
    everybody = _everybody(snapshot, people, register)
    found = _answer(people, mine, held, [everybody, *register])
    if found is mine:
        _keep_answer(snapshot, mine)
    return found.shown


def kept_for(snapshot: Snapshot, name: str, make: Callable[[], Any]) -> Any:
    """Answer what was made of a snapshot under this name, or make it and keep it as long as the snapshot is open."""
    key = (*_revision_of(snapshot), name)
    with _lock:
        if key not in _kept:
            _keep(key, make())
        return _kept[key]


def forget() -> None:
    """Drop what is kept in memory, and open the snapshot anew when it is asked for again."""
    with _lock:
        _snapshots.clear()
        _kept.clear()


def _revision_of(snapshot: Snapshot) -> tuple[str, int]:
    """Answer what tells a snapshot from every other, as the first part of each key."""
    return snapshot.id, int(snapshot.manifest.get("revision", 1))


def _kept_or_made(key: tuple[Any, ...], make: Callable[[], Any]) -> Any:
    """Answer what is kept, or make it and keep it once its transaction, with the register, is committed."""
    if key in _kept:
        return _kept[key]
    made = make()

    def keep() -> None:
        with _lock:
            _keep(key, made)

    transaction.on_commit(keep)
    return made


def _keep(key: tuple[Any, ...], value: Any) -> None:
    _kept[key] = value
    while len(_kept) > MOST_KEPT:
        _kept.popitem(last=False)


def _record(grant: Grant, snapshot: Snapshot, said: dict[str, Any]) -> None:
    details = {"revision": int(snapshot.manifest.get("revision", 1)), **said}
    record(grant, COUNT, f"snapshot:{snapshot.id}", details=details)


def held_people(snapshot: Snapshot) -> HeldPeople:
    """Answer the people of a snapshot, held as long as it is open."""
    found: HeldPeople = kept_for(snapshot, "people", lambda: HeldPeople(snapshot))
    return found


def _counted(snapshot: Snapshot, typed: Typed) -> CohortAnswered:
    from joinedup.population.months import last_day

    people = held_people(snapshot)
    _look_up(people, typed)
    left = np.ones(len(people), dtype=bool)
    register = _register(snapshot)
    answered = [_everybody(snapshot, people, register)]
    said, raw, unknown = [(EVERYBODY, False)], [len(people)], [0]
    sentences = [(one, False) for one in typed.include] + [(one, True) for one in typed.exclude]
    for number, (sentence, is_exclusion) in enumerate(sentences, start=1):
        told = people.told(sentence)
        unknown.append(int((left & told.unknown).sum()))
        left = left & (~told.true if is_exclusion else told.true)
        said.append((sentence, is_exclusion))
        raw.append(int(left.sum()))
        include, exclude = (
            said_alike(one for one, is_out in sentences[:number] if is_out == wanted) for wanted in (False, True)
        )
        mine = Counted(include, exclude, raw[-1])
        answered.append(_answer(people, mine, left, [answered[0], *register]))
        if answered[-1] is mine:
            register.append(mine)
            _keep_answer(snapshot, mine)
    lines = lines_shown(said, raw, unknown, answered)
    last = answered[-1]
    borrowed = "" if last.people == raw[-1] else "line" if last in answered[:-1] else "cohort"
    # Groups beside a figure of another revision would tell of whoever was taken out between the two.
    is_told = last.people and not last.is_earlier
    groups = _groups(people, people.cohort(last.include, last.exclude)) if is_told else ()
    return CohortAnswered(
        snapshot.id, last_day(people.month), tuple(lines), groups, borrowed, bool(snapshot.manifest.get("simulated"))
    )


def _look_up(people: HeldPeople, typed: Typed) -> None:
    """Ask each line by itself, so that one that names what there is not is told apart."""
    wrong = []
    for kind in ("include", "exclude"):
        for number, sentence in enumerate(typed.lines(kind), start=1):
            try:
                people.told(sentence)
            except JoinedupError as error:
                wrong.append(Wrong(kind, number, short(error)))
    if wrong:
        raise WrongLines(wrong)


# --- the register -----------------------------------------------------------------------------------------------------


def _register(snapshot: Snapshot) -> list[Counted]:
    """Answer the cohorts that have figures of their own, the earliest first; nobody else adds to them meanwhile.

    Those of all revisions: the same cohort counted before and after somebody is taken out would tell of them.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_REGISTER_LOCK])
    _, revision = _revision_of(snapshot)
    return [
        Counted(frozenset(one.include), frozenset(one.exclude), one.people, one.revision != revision)
        for one in CohortAnswer.objects.filter(snapshot=snapshot.id).order_by("id")
    ]


def _everybody(snapshot: Snapshot, people: HeldPeople, register: list[Counted]) -> Counted:
    """Answer whose figure everybody bears: that of an earlier revision, where 1 to 7 people were taken out since."""
    mine = Counted(frozenset(), frozenset(), len(people))
    found = answered_as(mine, [one for one in register if not one.include and not one.exclude], lambda one: True)
    if found is mine:
        register.append(mine)
        _keep_answer(snapshot, mine)
    return found


def _answer(people: HeldPeople, mine: Counted, held: Flags, earlier: Sequence[Counted]) -> Counted:
    """Answer the cohort whose figure this one bears: itself where it has one of its own."""

    def nested(one: Counted) -> bool:
        other = people.cohort(one.include, one.exclude)
        return not (held & ~other).any() or not (other & ~held).any()

    return answered_as(mine, earlier, nested)


def _keep_answer(snapshot: Snapshot, mine: Counted) -> None:
    said = [sorted(mine.include), sorted(mine.exclude)]
    CohortAnswer.objects.get_or_create(
        snapshot=snapshot.id,
        revision=int(snapshot.manifest.get("revision", 1)),
        definition=hashlib.sha256(json.dumps(said).encode()).hexdigest(),
        defaults={"include": said[0], "exclude": said[1], "people": mine.people},
    )


# --- groups -----------------------------------------------------------------------------------------------------------


def _groups(people: HeldPeople, held: Flags) -> tuple[Group, ...]:
    """Answer the groups of every trait, hidden so that no small one follows from the others and the figure above."""
    names: list[tuple[str, str]] = []
    counts: list[int] = [int(held.sum())]
    sums = []
    for trait in TRAITS:
        by_name = people.by_trait(held, trait)
        first = len(counts)
        names += [(trait, name) for name in by_name]
        counts += by_name.values()
        sums.append((0, tuple(range(first, len(counts)))))
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
