"""Writing dated facts: the one way in which the tables of this room change.

Each function works inside the caller's transaction and takes everything that is decided elsewhere: what, for which
days, known since when, by which source and through which event.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection
from django.db.backends.postgresql.psycopg_any import DateRange, DateTimeTZRange
from django.db.models import Model, Q

from joinedup.system.bitemporal import Row, revise
from joinedup.system.models import ChangeEvent, Fact, Source
from joinedup.system.periods import PartialDate, Period


@dataclass(frozen=True, slots=True)
class Basis:
    """What a fact rests on: since when it is known, by which source, who wrote it down, through which event."""

    known_at: datetime
    source: Source
    recorded_by: str = ""
    event: ChangeEvent | None = None
    to_confirm: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Days:
    """The days for which a fact is stated, as exact as they were given; `to` of None is open."""

    start: PartialDate
    to: PartialDate | None = None

    @property
    def period(self) -> Period:
        return Period(self.start.earliest, self.to.earliest if self.to else None)


def state(
    model: type[Fact], about: Mapping[str, Any], says: Mapping[str, Any] | None, days: Days, basis: Basis
) -> bool:
    """Make the fact hold for these days as known from `basis.known_at` on; answers whether anything changed.

    `says` of None states that nothing holds. What the rows said about other days stays believed. Raises RuleError
    when later knowledge about those days is stored already.
    """
    stored = list(model.objects.filter(matching(about)).select_for_update())
    return _state_over(stored, model, about, says, days, basis)


def state_all(
    model: type[Fact], wanted: Iterable[tuple[Mapping[str, Any], Mapping[str, Any] | None, Days]], basis: Basis
) -> int:
    """State many facts of one model and basis; answers how many changed. One query reads what is stored of them."""
    wanted = list(wanted)
    first = model.about[0]
    stored: dict[tuple[Any, ...], list[Fact]] = {}
    keys = {_pk(about[first]) for about, _, _ in wanted if about.get(first) is not None}
    for fact in model.objects.filter(**{f"{_column(model, first)}__in": keys}).select_for_update():
        stored.setdefault(tuple(_stored(fact, name) for name in model.about), []).append(fact)
    fresh: list[Fact] = []
    changed = 0
    for about, says, days in wanted:
        facts = stored.get(tuple(_pk(about.get(name)) for name in model.about), [])
        if facts:
            changed += _state_over(facts, model, about, says, days, basis)
        elif says is not None:
            fresh.append(_new(model, about, says, days.period, days.start.precision, _to_precision(days), basis))
            changed += 1
    columns = [f.attname for f in model._meta.concrete_fields if f.attname not in {"id", "recorded_at"}]
    copy_rows(model, columns, [[getattr(fact, name) for name in columns] for fact in fresh])
    return changed


def copy_rows(model: type[Model], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Add many rows by COPY, some ten times as fast as INSERT; the database checks each as it does any other."""
    quoted = ", ".join(connection.ops.quote_name(name) for name in columns)
    table = connection.ops.quote_name(model._meta.db_table)
    statement = f"COPY {table} ({quoted}) FROM STDIN"
    # Django does not see inside a COPY: without the wrapper a refusal of the database is not its IntegrityError.
    with connection.cursor() as cursor, connection.wrap_database_errors, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def end(model: type[Fact], where: Q, on: PartialDate, basis: Basis) -> list[Fact]:
    """End what holds on and after `on` for the rows that match; answers the rows that were ended or cut."""
    cut = list(
        model.objects.filter(where, known__contains=basis.known_at, valid__overlap=DateRange(on.earliest, None))
        .select_for_update()
        .select_related()
    )
    for fact in cut:
        about = {name: getattr(fact, name) for name in model.about}
        _state_over([fact], model, about, None, Days(on), basis)
    return cut


def _state_over(
    stored: list[Any],
    model: type[Fact],
    about: Mapping[str, Any],
    says: Mapping[str, Any] | None,
    days: Days,
    basis: Basis,
) -> bool:
    rows = [
        Row(
            fact.pk,
            tuple(_stored(fact, name) for name in model.says),
            Period(fact.valid.lower, fact.valid.upper),
            fact.known.lower,
            fact.known.upper,
        )
        for fact in stored
    ]
    value = None if says is None else tuple(_comparable(model, name, says.get(name)) for name in model.says)
    revision = revise(rows, value, days.period, basis.known_at)
    if revision.is_empty:
        return False
    by_id = {fact.pk: fact for fact in stored}
    for row in revision.ended:
        ended = by_id[row.id]
        ended.known = DateTimeTZRange(row.known_from, basis.known_at)
        ended.save(update_fields=["known"])
    for kept in revision.kept:
        old = by_id[kept.row.id]
        starts_as_before = kept.valid.start == old.valid.lower
        ends_as_before = kept.valid.end == old.valid.upper
        again = _new(
            model,
            {name: getattr(old, name) for name in model.about},
            {name: getattr(old, name) for name in model.says},
            kept.valid,
            old.from_precision if starts_as_before else _to_precision(days),
            old.to_precision if ends_as_before else days.start.precision,
            basis,
        )
        again.source, again.to_confirm, again.note = old.source, old.to_confirm, old.note
        if ends_as_before:  # The event made the end of the stretch before it, and nothing of the one after.
            again.event = old.event
        again.save(force_insert=True)
    if revision.added is not None and says is not None:
        _new(model, about, says, revision.added, days.start.precision, _to_precision(days), basis).save(
            force_insert=True
        )
    return True


def _new(
    model: type[Fact],
    about: Mapping[str, Any],
    says: Mapping[str, Any],
    valid: Period,
    from_precision: str,
    to_precision: str,
    basis: Basis,
) -> Fact:
    return model(
        **about,
        **says,
        valid=DateRange(valid.start, valid.end),
        from_precision=from_precision,
        to_precision=to_precision,
        known=DateTimeTZRange(basis.known_at, None),
        source=basis.source,
        event=basis.event,
        to_confirm=basis.to_confirm,
        note=basis.note,
        recorded_by=basis.recorded_by,
    )


def _to_precision(days: Days) -> str:
    return days.to.precision if days.to else "day"


def matching(about: Mapping[str, Any]) -> Q:
    """Answer the condition that columns hold these values, None meaning that they are empty."""
    where = Q()
    for name, value in about.items():
        where &= Q(**{f"{name}__isnull": True}) if value is None else Q(**{name: value})
    return where


def _column(model: type[Fact], name: str) -> str:
    return str(model._meta.get_field(name).attname)


def _stored(fact: Fact, name: str) -> Any:
    return getattr(fact, _column(type(fact), name))


def _pk(value: Any) -> Any:
    return value.pk if hasattr(value, "pk") else value


def _comparable(model: type[Fact], name: str, value: Any) -> Any:
    """Bring a value to the form in which the database gives it back, so that equal values compare equal."""
    value = _pk(value)
    field = model._meta.get_field(name)
    if value is None or field.is_relation:
        return value
    return field.to_python(value)


def on_day(day: date) -> Days:
    """Answer open days that begin on an exact day."""
    return Days(PartialDate(day))
