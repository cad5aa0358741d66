"""Events of activity as one Ibis table: what happened, when, at which provider, to a patient of which place.

The same expressions run on DuckDB and on Spark. A row is an event; those of one feed are told apart by cases, so that
none is counted under two points of delivery.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final

from joinedup.measures.activity.definitions import PointOfDelivery, Source
from joinedup.population.facts import Facts, facts
from joinedup.population.grid import month_of
from joinedup.population.months import first_day, last_day
from joinedup.population.snapshot import Snapshot

COLUMNS: Final = (
    "pod",
    "month",
    "provider",
    "service",
    "place",
    "hrg",
    "units",
    "cases",
    "nights",
    "pence",
    "unpriced",
)
_LONG_AGO, _FAR_OFF = date(1, 1, 1), date(9999, 12, 31)
_PRICED: Final = {"pop_encounter", "pop_appointment"}


def events_of(snapshot: Snapshot, chosen: Mapping[str, tuple[PointOfDelivery, Source]]) -> Any:
    """Answer (pod, month, provider, service, place, hrg, units, cases, nights, pence, unpriced): one row an event.

    `chosen` gives the one source of each point of delivery. `place` is that of the practice with which the patient was
    registered on the day on which the care began, where that practice belongs on the day that the event counts on; ""
    for none. Of a package that is counted by weeks, a row is a week and `cases` marks its first of the month. `pence`
    is null where the extract gives no price (`unpriced` is then 1).
    """
    import ibis

    kept = facts(snapshot)
    alike: dict[tuple[Any, ...], list[tuple[str, Source]]] = defaultdict(list)
    for code, (_, source) in chosen.items():
        key = (source.table, source.feed, source.day, source.provider, source.service, source.stays, source.weeks)
        alike[key].append((code, source))
    tables = [_of_feed(kept, sources) for sources in alike.values()]
    rows = ibis.union(*tables) if len(tables) > 1 else tables[0]
    return _with_places(kept, rows)


def _of_feed(kept: Facts, sources: list[tuple[str, Source]]) -> Any:
    """Answer (who, pod, began, day, provider, service, hrg, cases, nights, pence): events of sources that are alike."""
    import ibis

    first, months = sources[0][1], kept.snapshot.months
    rows = kept.table(first.table)
    rows = rows.filter(rows.feed == first.feed)
    if first.stays:
        rows = _with_episodes(rows)
    pod = ibis.cases(*[(is_event(rows, source), ibis.literal(code)) for code, source in sources], else_=None)
    rows = rows.mutate(pod=pod)
    rows = rows.filter(rows.pod.notnull())
    nothing = ibis.null("string")
    if first.weeks:
        rows = _by_weeks(kept, rows, months)
        began, day, cases = rows.monday, rows.monday, rows.is_first_of_month
    else:
        began, day, cases = rows[_begins(rows)], rows[first.day], ibis.literal(1)
    told = first.table in _PRICED
    nights = rows.ends.delta(rows.on, unit="day") if first.day == "ends" else ibis.literal(0)
    rows = rows.select(
        "person",
        "pod",
        began=began.cast("date"),
        day=day.cast("date"),
        provider=rows[first.provider] if first.provider else nothing,
        service=rows[first.service] if first.service else nothing,
        hrg=rows.hrg if told else nothing,
        cases=cases.cast("int64"),
        nights=nights.cast("int64"),
        pence=rows.tariff_pence.cast("int64") if told else ibis.null("int64"),
    )
    return kept.of_people(rows.filter(rows.day.between(first_day(months[0]), last_day(months[-1]))))


def _begins(rows: Any) -> str:
    return "on" if "on" in rows.columns else "starts"


def is_event(rows: Any, source: Source) -> Any:
    """Answer the test that a row of the source's table is of its point of delivery."""
    import ibis

    # What is not known is not so: a test that answers null would hide the row from the tests after it.
    def sure(test: Any) -> Any:
        return ibis.coalesce(test, ibis.literal(False))

    def one_of(column: Any, beginnings: tuple[str, ...]) -> Any:
        return sure(ibis.or_(*[column.startswith(one) for one in beginnings]))

    tests = [ibis.literal(True)]
    for column, values in source.where:
        equal = sure(rows[column].isin([value for value in values if value != ""]))
        tests.append(rows[column].isnull() | equal if "" in values else equal)
    tests += [one_of(rows[column], values) for column, values in source.begins]
    tests += [rows[column].notnull() & ~one_of(rows[column], values) for column, values in source.never]
    if source.hrg_begins:
        named = one_of(rows.hrg, tuple(one for one in source.hrg_begins if one))
        tests.append(rows.hrg.isnull() | named if "" in source.hrg_begins else named)
    if source.nights is not None:
        tests.append(sure(rows.ends.delta(rows.on, unit="day").between(*source.nights)))
    return ibis.and_(*tests)


def _with_episodes(rows: Any) -> Any:
    """Answer stays with the specialty of their last episode as `service`, and the prices of all of them added up.

    A stay whose last episode is not here (its row was set aside) has no price: part of one would pass for the whole.
    """
    import ibis

    episodes = rows.filter(rows.part_of.notnull())
    is_last = ibis.coalesce(episodes.is_last_episode, ibis.literal(False))
    said = episodes.group_by(stay=episodes.part_of).aggregate(
        last_service=episodes.service.max(where=is_last),
        any_service=episodes.service.max(),
        lasts=is_last.cast("int64").sum(),
        prices=episodes.tariff_pence.cast("int64").sum(),
    )
    stays = rows.filter(rows.part_of.isnull())
    met = stays.left_join(said, stays.key == said.stay)
    whole = ibis.ifelse(met.lasts > 0, met.prices, ibis.null("int64"))
    return met.mutate(
        service=ibis.coalesce(met.last_service, met.any_service, met.service),
        tariff_pence=ibis.ifelse(met.stay.isnull(), met.tariff_pence.cast("int64"), whole),
    ).drop("stay", "last_service", "any_service", "lasts", "prices")


def _by_weeks(kept: Facts, rows: Any, months: range) -> Any:
    """Answer a row for each Monday within each row's [starts, ends), with whether it is its first of the month."""
    import ibis

    mondays = [{"monday": day} for day in _mondays(first_day(months[0]), last_day(months[-1]))]
    table = kept.kept(("mondays", months), lambda: kept.from_memory(mondays, {"monday": "date"}))
    met = rows.inner_join(table, [rows.starts <= table.monday, rows.ends.isnull() | (table.monday < rows.ends)])
    week_before = (met.monday - ibis.interval(days=7)).cast("date")
    is_first = (week_before < met.starts) | (month_of(week_before) != month_of(met.monday))
    return met.mutate(is_first_of_month=ibis.ifelse(is_first, 1, 0))


def _mondays(first: date, last: date) -> list[date]:
    start = first + timedelta(days=-first.weekday() % 7)
    return [start + timedelta(days=7 * n) for n in range((last - start).days // 7 + 1)]


def _with_places(kept: Facts, rows: Any) -> Any:
    import ibis

    spells = kept.kept(("practices of people",), lambda: _practices(kept))
    areas = kept.table("practice_area")
    areas = areas.filter((areas.system == str(kept.snapshot.manifest["system"])) & areas.place.notnull())
    areas = areas.select(
        belongs="practice",
        place="place",
        a_starts=areas.starts.fill_null(_LONG_AGO),
        a_ends=areas.ends.fill_null(_FAR_OFF),
    )
    # Plain comparisons only: with an "or" in them DuckDB would compare every event with every spell.
    met = rows.left_join(
        spells, [rows.who == spells.whose, spells.begins <= rows.began, rows.began < spells.until]
    ).drop("whose", "begins", "until")
    met = met.left_join(areas, [met.practice == areas.belongs, areas.a_starts <= met.day, met.day < areas.a_ends])
    return met.select(
        "pod",
        month=month_of(met.day),
        provider=met.provider.fill_null(""),
        service=met.service.fill_null(""),
        place=met.place.fill_null(""),
        hrg=met.hrg.fill_null(""),
        units=ibis.literal(1).cast("int64"),
        cases="cases",
        nights="nights",
        pence="pence",
        unpriced=met.pence.isnull().cast("int64"),
    )


def _practices(kept: Facts) -> Any:
    """Answer (whose, practice, begins, until): with which practice somebody is registered, [begins, until).

    A spell holds on the day it ends as well, unless another begins then: who dies in hospital is of the practice still.
    """
    import ibis

    rows = kept.of_people(kept.table("registration"))
    after = rows.starts.lead().over(ibis.window(group_by="who", order_by="starts"))
    rows = rows.mutate(after=after)
    later = (rows.ends + ibis.interval(days=1)).cast("date")
    until = ibis.ifelse(rows.after.notnull() & (rows.after <= rows.ends), rows.ends, later)
    return rows.select(whose="who", practice="practice", begins="starts", until=until.fill_null(_FAR_OFF))
