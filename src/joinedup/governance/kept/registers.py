"""Writing and reading the registers, and the instants of acts: the one way in which dated facts of this room change.

Which rows end and which are added is decided by the rule of the room `system` (`revise`). Each function works inside
the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from django.db import connection
from django.db.backends.postgresql.psycopg_any import DateRange, DateTimeTZRange

from joinedup.errors import RuleError
from joinedup.governance.tables.kept import Registered
from joinedup.moment import Moment
from joinedup.system import Period, Row, revise

if TYPE_CHECKING:
    from joinedup.access import Grant

Line = TypeVar("Line", bound=Registered)
LEAST_REASON = 3


def known_from(grant: Grant, known_at: datetime | None) -> datetime:
    """Answer the instant from which an act is known: now.

    Only a job (which replays what was recorded elsewhere, as the demo does) may name an earlier one; nobody names one
    that is still to come.
    """
    now = datetime.now(UTC)
    if known_at is None:
        return now
    if known_at.tzinfo is None:
        raise RuleError("T1: an instant needs its time zone.")
    if known_at > now:
        raise RuleError(f"T1: {known_at:%Y-%m-%d %H:%M} is still to come; nothing can be known from then on.")
    if not grant.is_service:
        raise RuleError("T1: what a person records is known from now on. Leave the known time out.")
    return known_at


def said(reason: str, what: str) -> str:
    """Answer a reason without spaces around it; RuleError where none is given. `what` names the act and its rule."""
    plain = reason.strip()
    if len(plain) < LEAST_REASON:
        raise RuleError(f"{what} needs a reason: say in a few words why.")
    return plain


def grown(grant: Grant, at: datetime) -> dict[str, Any]:
    """Answer who writes a row, and since when it is known."""
    return {"by": grant.actor_id, "at": at}


def lock(*names: str) -> None:
    """Wait until nobody else writes about these, to the end of the transaction; always in the order of their names."""
    with connection.cursor() as cursor:
        for name in sorted(set(names)):
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"governance {name}"])


def state(
    model: type[Registered],
    about: Mapping[str, Any],
    says: Mapping[str, Any] | None,
    days: Period,
    grant: Grant,
    known_at: datetime,
    reason: str,
) -> bool:
    """Make a line of a register hold for these days, as known from an instant on; answers whether anything changed.

    `says` of None: nothing holds on those days. What it said about other days stays believed. Raises RuleError where
    later knowledge about those days is stored.
    """
    stored = {row.pk: row for row in model.objects.filter(**about).select_for_update()}
    rows = [
        Row(
            row.pk, tuple(_value(row, name) for name in model.says), Period(row.valid.lower, row.valid.upper),
            row.known.lower, row.known.upper,
        )
        for row in stored.values()
    ]  # fmt: skip
    value = None if says is None else tuple(_plain(says[name]) for name in model.says)
    revision = revise(rows, value, days, known_at)
    for ended in revision.ended:
        row = stored[ended.id]
        row.known = DateTimeTZRange(ended.known_from, known_at)
        row.save(update_fields=["known"])
    for kept in revision.kept:
        old = stored[kept.row.id]
        _add(model, about, {name: getattr(old, name) for name in model.says}, kept.valid, old.by, known_at, old.reason)
    if revision.added is not None and says is not None:
        _add(model, about, says, revision.added, grant.actor_id, known_at, reason)
    return not revision.is_empty


def visible(model: type[Line], moment: Moment, **where: Any) -> list[Line]:
    """Answer the lines of a register that were true on a day by what was known at an instant (rule T1)."""
    return list(
        model.objects.filter(valid__contains=moment.valid_on, known__contains=moment.known_at, **where).order_by("pk")
    )


def believed(model: type[Line], known_at: datetime, **where: Any) -> list[Line]:
    """Answer the lines of all days that were believed at an instant."""
    return list(model.objects.filter(known__contains=known_at, **where).order_by("valid", "pk"))


def days_of(line: Registered) -> Period:
    return Period(line.valid.lower, line.valid.upper)


def open_days(since: date, until: date | None = None) -> Period:
    """Answer the days [since, until)."""
    return Period(since, until)


def _add(
    model: type[Registered], about: Mapping[str, Any], says: Mapping[str, Any], days: Period, by: str,
    known_at: datetime, reason: str,
) -> None:  # fmt: skip
    model.objects.create(
        **about, **says, valid=DateRange(days.start, days.end), known=DateTimeTZRange(known_at, None), by=by,
        reason=reason,
    )  # fmt: skip


def _value(row: Registered, name: str) -> Any:
    return _plain(getattr(row, row._meta.get_field(name).attname))


def _plain(value: Any) -> Any:
    """Bring a value to a form in which equal values are equal: a row its key, a list a tuple."""
    value = getattr(value, "pk", value)
    return tuple(map(_plain, value)) if isinstance(value, list | tuple) else value
