"""Events as measures count them: how many a person had in a month, and how much of something there was in them.

The activities of `activities.toml`, and what `counted_events.toml` makes of them: some of an activity, what followed
it within so many days, nights in hospital, points of a score.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from joinedup.errors import NotFound, did_you_mean
from joinedup.population.activities import Part, activities, activity, activity_rows
from joinedup.population.definitions import as_said, both
from joinedup.population.deidentify import DIED
from joinedup.population.facts import Facts, facts
from joinedup.population.snapshot import Snapshot

SPELL_FEEDS = ("sus-apc", "bulk")


@dataclass(frozen=True)
class CountedEvent:
    """Events that are counted: which rows of which tables, and what is asked of them besides (see the file)."""

    name: str
    meaning: str
    parts: tuple[Part, ...]
    at_most: tuple[tuple[str, int], ...] = ()
    diagnosis: tuple[str, ...] = ()
    main: tuple[str, ...] = ()
    followed_by: str = ""
    days: int = 0
    from_day: int = 0
    amount: str = ""
    once: bool = False

    @property
    def feeds(self) -> tuple[str, ...]:
        return tuple(sorted({feed for part in self.parts for feed in part.feeds}))


@cache
def counted_events() -> Mapping[str, CountedEvent]:
    """Answer every event that can be counted, by its names: the activities, and those made of them."""
    found = {name: CountedEvent(one.name, one.meaning, one.parts) for name, one in activities().items()}
    for name, said in both("counted_events.toml").items():
        found[as_said(name)] = _event(name, said)
    return found


def counted_event(name: str) -> CountedEvent:
    """Answer an event by its name; raises NotFound, with the nearest, where there is none of it."""
    known = counted_events()
    if as_said(name) not in known:
        names = sorted({one.name for one in known.values()})
        raise NotFound(f"There is no event called '{name}'.{did_you_mean(name, names)} There are: {', '.join(names)}.")
    return known[as_said(name)]


def events_by_month(snapshot: Snapshot, wanted: CountedEvent, months: range) -> Any:
    """Answer (who, month, events), and for an amount (…, total, squares): what happened to whom in which month.

    `month` is the place in `months`. A person may have several rows a month: `events` are to be added up, and so are
    `total` and `squares`, the amounts and their squares in whole numbers.
    """
    kept = facts(snapshot)
    return kept.kept(("events by month", wanted.name, months), lambda: _by_month(kept, wanted, months))


def _by_month(kept: Facts, wanted: CountedEvent, months: range) -> Any:
    """Answer a row for each event: adding them up for a person and month is left to whoever adds up more than that."""
    import ibis

    is_activity = as_said(wanted.name) in activities()
    rows = activity_rows(kept.snapshot, activity(wanted.name)) if is_activity else _events(kept, wanted)
    rows = rows.mutate(month=(rows.on.year() * 12 + rows.on.month() - 1 - months.start).cast("int32"))
    rows = rows.filter(rows.month.between(0, len(months) - 1))
    if wanted.once:
        rows = rows.select("who", "month").distinct()
    one = ibis.literal(1).cast("int32")
    if not wanted.amount:
        return rows.select("who", "month", events=one)
    return rows.select("who", "month", events=one, total="amount", squares=rows.amount * rows.amount)


def _events(kept: Facts, wanted: CountedEvent) -> Any:
    """Answer (who, key, on, amount): one row an event."""
    import ibis

    tables = [_rows(kept, wanted, part) for part in wanted.parts]
    rows = ibis.union(*tables) if len(tables) > 1 else tables[0]
    if not wanted.followed_by:
        return rows
    met = rows.inner_join(_after(kept, wanted), [("who", "other")])
    least, most = ibis.interval(days=wanted.from_day), ibis.interval(days=wanted.days)
    met = met.filter(
        (met.then >= (met.on + least).cast("date"))
        & (met.then <= (met.on + most).cast("date"))
        & (met.key != met.other_key)
    )
    return rows.semi_join(met.select("key").distinct(), "key")


def _after(kept: Facts, wanted: CountedEvent) -> Any:
    """Answer (other, other_key, then): what may follow. What follows is another row, which its key tells."""
    import ibis

    following = counted_event(wanted.followed_by)
    if any(part.table == other.table for part in wanted.parts for other in following.parts if _meet(part, other)):
        rows = kept.kept(("dated with keys", following.name), lambda: _events(kept, following))
        return rows.select(other="who", other_key="key", then="on")
    rows = activity_rows(kept.snapshot, activity(following.name))
    return rows.select(other="who", other_key=ibis.literal(""), then="on")


def _meet(one: Part, other: Part) -> bool:
    return bool({*one.feeds} & {*other.feeds})


def _rows(kept: Facts, wanted: CountedEvent, part: Part) -> Any:
    """Answer (who, key, on, amount) of the rows of one table that are such events."""
    import ibis

    if part.table == "pop_encounter" and {*part.feeds} <= {*SPELL_FEEDS}:
        rows = _hospital(kept)
    else:
        rows = kept.of_people(kept.table(part.table))
    if "feed" in rows.columns:
        rows = rows.filter(rows.feed.isin(part.feeds))
    for column, values in part.equal:
        none = rows[column].isnull() if "" in values else ibis.literal(False)
        rows = rows.filter(none | rows[column].isin([value for value in values if value != ""]))
    for column, beginnings in part.begins:
        rows = rows.filter(ibis.or_(*[rows[column].startswith(beginning) for beginning in beginnings]))
    for column, most in wanted.at_most:
        rows = rows.filter(rows[column] <= most)
    if wanted.diagnosis:
        rows = _with_diagnosis(kept, rows, wanted.diagnosis, any_of_them=True)
    if wanted.main:
        rows = _with_diagnosis(kept, rows, wanted.main, any_of_them=False)
    on = rows[part.on]
    on = (on + "-01").cast("date") if part.on.endswith("_month") else on.cast("date")
    key = rows.key if "key" in rows.columns else rows.who.cast("string")
    amount = _amount(rows, wanted.amount)
    return rows.select("who", key=key, on=on, amount=amount).filter(lambda t: t.on.notnull() & t.amount.notnull())


def _hospital(kept: Facts) -> Any:
    """Answer stays and episodes in hospital, few among all encounters and asked for again and again."""

    def make() -> Any:
        rows = kept.table("pop_encounter")
        rows = rows.filter(rows.feed.isin(SPELL_FEEDS))
        return kept.of_people(rows.select([column for column in rows.columns if column in _asked()]))

    return kept.kept(("hospital",), make)


def _asked() -> set[str]:
    """Answer the columns of encounters that some event or diagnosis asks for: the others are not worth keeping."""
    asked = {"person", "key", "feed", "on", "ends", "part_of", "diagnosis", "reason"}
    for one in counted_events().values():
        asked.add(one.amount)
        for part in one.parts:
            asked.update((part.on, *(column for column, _ in (*part.equal, *part.begins, *one.at_most))))
    return asked


def _amount(rows: Any, amount: str) -> Any:
    import ibis

    if not amount:
        return ibis.literal(1).cast("int64")
    if amount == "nights":
        nights = rows.ends.delta(rows.on, unit="day").cast("int64")
        # Of a stay that ended in death only the month of its end is known.
        return ibis.ifelse(rows.discharge_method.isin(sorted(DIED)).fill_null(False), ibis.null("int64"), nights)
    return rows[amount].round().cast("int64")


def _with_diagnosis(kept: Facts, stays: Any, beginnings: tuple[str, ...], *, any_of_them: bool) -> Any:
    """Answer the stays with a diagnosis that begins so, of the stay, of one of its episodes, or as its reason."""
    import ibis

    said = kept.table("pop_condition")
    said = said.filter((said.system == "icd10") & said.feed.isin(SPELL_FEEDS) & said.encounter.notnull())
    plain = said.code.replace(".", "").upper()
    said = said.filter(ibis.or_(*[plain.startswith(one) for one in beginnings]))
    episodes = _hospital(kept)
    if any_of_them:
        such = said.select(said_of="encounter").distinct()
        met = episodes.inner_join(such, episodes.key == such.said_of)
    else:
        such = said.select(condition="key").distinct()
        met = episodes.inner_join(such, episodes.diagnosis == such.condition)
    # An episode speaks for the stay that it is part of, a stay for itself.
    keys = met.select(stay=ibis.coalesce(met.part_of, met.key)).distinct()
    reason = stays.reason.replace(".", "").upper()
    by_reason = ibis.coalesce(ibis.or_(*[reason.startswith(one) for one in beginnings]), ibis.literal(False))
    joined = stays.left_join(keys, stays.key == keys.stay)
    return joined.filter(joined.stay.notnull() | by_reason).drop("stay")


def _event(name: str, said: Mapping[str, Any]) -> CountedEvent:
    where = tuple((column, tuple(values)) for column, values in said.get("where", {}).items())
    begins = tuple((column, tuple(values)) for column, values in said.get("begins", {}).items())
    if "of" in said:
        of = activities().get(as_said(said["of"]))
        if of is None:
            raise NotFound(f"counted_events.toml, {name}: there is no activity '{said['of']}'.")
        parts = tuple(
            Part(part.table, part.feeds, said.get("dated", part.on), (*part.equal, *where), (*part.begins, *begins))
            for part in of.parts
        )
    else:
        parts = (Part(said["table"], tuple(said["feeds"]), said.get("on", "on"), where, begins),)
    return CountedEvent(
        name,
        said["meaning"],
        parts,
        tuple(said.get("at_most", {}).items()),
        tuple(said.get("diagnosis", ())),
        tuple(said.get("main", ())),
        said.get("followed_by", ""),
        said.get("days", 0),
        said.get("from_day", 0),
        said.get("amount", ""),
        bool(said.get("once", False)),
    )
