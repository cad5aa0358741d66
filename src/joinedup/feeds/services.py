"""The acts on feeds: looking at what was set aside, trying it again, discarding it, and the health of each feed.

What was set aside is somebody's data: opening it needs leave and is audited each time, and lists show none of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils.module_loading import import_string

from joinedup.access import Grant, record
from joinedup.errors import NotFound, RuleError, did_you_mean
from joinedup.feeds import health, ledger
from joinedup.feeds.models import QUARANTINE_STATES
from joinedup.feeds.values import REASONS, Source
from joinedup.moment import LONDON

READ, QUARANTINE = "feeds.read", "feeds.quarantine"
DAYS_SHOWN = 7 * (health.WEEKS + 1)
SHORTEST_REASON = 10  # characters: enough to say which sender corrects what


# --- what was set aside --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Held:
    """Something set aside, without its content."""

    id: int
    delivery_id: int
    source: str
    file: str
    position: int
    reason: str
    place: str
    message: str
    state: str
    received_at: datetime

    @property
    def remedy(self) -> str:
        """Answer what mends it."""
        return REASONS.get(self.reason, "")


@dataclass(frozen=True, slots=True)
class Decided:
    """What somebody decided, or what came of a new try."""

    at: datetime
    decision: str
    by_name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Opened:
    """Something set aside with its content and what was decided about it, oldest first."""

    held: Held
    raw: bytes
    decisions: tuple[Decided, ...]


_HELD = "s.id, s.delivery_id, s.source, d.name, s.position, s.reason, s.place, s.message, s.state, s.received_at"


def quarantine(
    grant: Grant,
    *,
    source: str = "",
    reason: str = "",
    state: str = "quarantined",
    delivery_id: int | None = None,
    limit: int = 1000,
) -> list[Held]:
    """Answer what is set aside, latest first; an empty `state` is every state. Raises NotFound for an unknown word."""
    if grant.permission != QUARANTINE:  # Who may decide about it may see the list.
        grant.must_be_for(READ)
    _must_know(reason, state)
    where, parameters = _filter(source, reason, state, delivery_id)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT {_HELD} FROM feeds_setaside s JOIN feeds_delivery d ON d.id = s.delivery_id
                 WHERE {where} ORDER BY s.id DESC LIMIT %s""",  # noqa: S608  # nosec B608 (our own words)
            [*parameters, limit],
        )
        return [Held(*row) for row in cursor.fetchall()]


def open_set_aside(grant: Grant, id_: int) -> Opened:
    """Answer something set aside with its content, and record who looked. Raises NotFound when there is none."""
    grant.must_be_for(QUARANTINE)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT {_HELD}, s.raw FROM feeds_setaside s JOIN feeds_delivery d ON d.id = s.delivery_id
                 WHERE s.id = %s""",  # noqa: S608  # nosec B608
            [id_],
        )
        row = cursor.fetchone()
        if row is None:
            raise NotFound(f"There is nothing in the quarantine with the number {id_}.")
        cursor.execute(
            "SELECT at, decision, by_name, reason FROM feeds_decision WHERE set_aside_id = %s ORDER BY id", [id_]
        )
        decisions = tuple(Decided(*one) for one in cursor.fetchall())
        held = Held(*row[:-1])
        record(
            grant, "feeds.quarantine.open", f"set-aside:{id_}",
            details={"source": held.source, "delivery": held.delivery_id, "reason": held.reason},
        )  # fmt: skip
    return Opened(held, bytes(row[-1]), decisions)


def retry(
    grant: Grant, ids: Sequence[int] | None = None, *, source: str = "", reason: str = "", by_name: str = ""
) -> dict[str, int]:
    """Try again what is set aside: these, or all of a source, of a reason, or both; answers what came of it.

    Keys of the answer: `tried`, `applied`, `still-refused`. What waits from a try that was broken off is tried as well.
    Raises NotFound when an id is not there, RuleError for nothing to choose by.
    """
    grant.must_be_for(QUARANTINE)
    if ids is None and not (source or reason):
        raise RuleError("Say what is to be tried again: its numbers, a source or a reason.")
    marked = _decide(grant, ids, source, reason, "retry", "pending", "", by_name)
    again = import_string(settings.RETRY)
    counts = {"tried": len(marked), "applied": 0, "still-refused": 0}
    # A thousand a transaction: a mended mapping may free a million rows.
    for start in range(0, len(marked), 1000):
        for word, count in again(grant, marked[start : start + 1000]).items():
            counts[word] = counts.get(word, 0) + count
    return counts


def discard(grant: Grant, ids: Sequence[int], reason: str, *, by_name: str = "") -> int:
    """Say that these will never be taken in, by whom and why; answers how many. They stay readable.

    Raises RuleError without a reason of at least ten characters, NotFound when one of them is not in the quarantine.
    """
    grant.must_be_for(QUARANTINE)
    if len(reason.strip()) < SHORTEST_REASON:
        raise RuleError(f"Say why it is discarded, in at least {SHORTEST_REASON} characters.")
    if grant.is_service and not by_name:
        raise RuleError("Say who discards it: a person answers for it.")
    return len(_decide(grant, ids, "", "", "discard", "discarded", reason.strip(), by_name))


def _decide(
    grant: Grant, ids: Sequence[int] | None, source: str, reason: str, decision: str, state: str, why: str, by_name: str
) -> list[int]:
    """Note a decision about what is chosen, in one transaction with its audit; answers the ids in order of arrival."""
    _must_know(reason, "")
    # What a broken-off try left waiting is chosen again; what is applied or discarded has been decided.
    where, parameters = "s.state IN ('quarantined', 'pending')", list[Any]()
    if ids is not None:
        where, parameters = where + " AND s.id = ANY(%s)", [list(ids)]
    if source:
        where, parameters = where + " AND s.source = %s", [*parameters, source]
    if reason:
        where, parameters = where + " AND s.reason = %s", [*parameters, reason]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"""WITH chosen AS (
                    UPDATE feeds_setaside s SET state = %s WHERE {where}
                    RETURNING s.id, s.received_at, s.delivery_id, s.position),
                decided AS (
                    INSERT INTO feeds_decision (set_aside_id, at, decision, by, by_name, reason)
                    SELECT id, clock_timestamp(), %s, %s, %s, %s FROM chosen)
                SELECT id FROM chosen ORDER BY received_at, delivery_id, position, id""",  # noqa: S608  # nosec B608
            [state, *parameters, decision, grant.actor_id, by_name or grant.actor_name, why],
        )
        chosen = [row[0] for row in cursor.fetchall()]
        if ids is not None and (missing := sorted(set(ids) - set(chosen))):
            raise NotFound(
                f"Not in the quarantine: {', '.join(map(str, missing[:5]))}{' ...' if len(missing) > 5 else ''}. "
                "What was applied or discarded is decided. See: joinedup quarantine list"
            )
        if chosen:
            details = {"count": len(chosen), "source": source, "reason": reason, "first": chosen[0], "last": chosen[-1]}
            record(grant, f"feeds.quarantine.{decision}", "quarantine:all", details=details)
    return chosen


def _filter(source: str, reason: str, state: str, delivery_id: int | None) -> tuple[str, list[Any]]:
    wanted = {"s.source": source, "s.reason": reason, "s.state": state, "s.delivery_id": delivery_id}
    chosen = {column: value for column, value in wanted.items() if value}
    return " AND ".join(f"{column} = %s" for column in chosen) or "true", list(chosen.values())


def _must_know(reason: str, state: str) -> None:
    if reason and reason not in REASONS:
        raise NotFound(f"There is no reason '{reason}'.{did_you_mean(reason, REASONS)}")
    if state and state not in QUARANTINE_STATES:
        raise NotFound(f"There is no state '{state}'.{did_you_mean(state, QUARANTINE_STATES)}")


# --- health --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FeedHealth:
    """How a feed is: its freshness, the volume of its last day against the usual, and what of it waits for a decision.

    `reasons` counts what was set aside in the last nine weeks, by reason, also what has been decided since.
    """

    source: Source
    freshness: health.Freshness
    volume: health.Volume | None  # of the last whole day on which something came; None when nothing did
    by_day: dict[date, int]
    quarantined: int
    reasons: dict[str, int]
    refused: int  # files refused or held in the last nine weeks
    receiving: int  # deliveries that are under way, or were broken off


@dataclass(frozen=True, slots=True)
class DeliveryLine:
    """One delivery as lists show it."""

    id: int
    source: str
    name: str
    channel: str
    state: str
    reason: str
    received_at: datetime
    finished_at: datetime | None
    bytes: int
    items_read: int
    items_applied: int
    items_repeated: int
    items_set_aside: int
    items_not_mapped: int
    resources_added: int
    resources_unchanged: int


def freshness(now: datetime | None = None) -> dict[str, health.Freshness]:
    """Answer how fresh each declared source is, by key: what pages of a record must say of its age (R18).

    It discloses nothing of anybody, so it needs no Grant.
    """
    now = now or datetime.now(UTC)
    last = ledger.last_good_deliveries()
    return {
        key: health.freshness(last.get(key), source.interval_hours, now) for key, source in ledger.declared().items()
    }


def feeds(grant: Grant, now: datetime | None = None) -> list[FeedHealth]:
    """Answer the health of every declared feed, in the order of their declaration."""
    grant.must_be_for(READ)
    now = now or datetime.now(UTC)
    fresh = freshness(now)
    today = now.astimezone(LONDON).date()
    since = now - timedelta(days=DAYS_SHOWN)
    by_day: dict[str, dict[date, int]] = {}
    reasons: dict[str, dict[str, int]] = {}
    waiting: dict[str, int] = {}
    refused: dict[str, int] = {}
    receiving: dict[str, int] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT d.source, (d.received_at AT TIME ZONE 'Europe/London')::date, sum(p.items_read)::bigint
                 FROM feeds_delivery d JOIN feeds_position p ON p.delivery_id = d.id
                WHERE d.received_at >= %s GROUP BY 1, 2""",
            # A day of the chart is compared with eight weeks of its own.
            [since - timedelta(weeks=health.WEEKS)],
        )
        for key, day, items in cursor.fetchall():
            by_day.setdefault(key, {})[day] = items
        cursor.execute(
            "SELECT source, reason, count(*) FROM feeds_setaside WHERE received_at >= %s GROUP BY 1, 2", [since]
        )
        for key, reason, count in cursor.fetchall():
            reasons.setdefault(key, {})[reason] = count
        cursor.execute("SELECT source, count(*) FROM feeds_setaside WHERE state = 'quarantined' GROUP BY 1")
        waiting.update(cursor.fetchall())
        cursor.execute(
            """SELECT source, count(*) FILTER (WHERE state IN ('refused', 'held') AND received_at >= %s),
                      count(*) FILTER (WHERE state = 'receiving') FROM feeds_delivery GROUP BY 1""",
            [since],
        )
        for key, was_refused, is_receiving in cursor.fetchall():
            refused[key], receiving[key] = was_refused, is_receiving
    return [
        FeedHealth(
            source=source,
            freshness=fresh[key],
            volume=_last_volume(by_day[key], today) if key in by_day else None,
            by_day=by_day.get(key, {}),
            quarantined=waiting.get(key, 0),
            reasons=reasons.get(key, {}),
            refused=refused.get(key, 0),
            receiving=receiving.get(key, 0),
        )
        for key, source in ledger.declared().items()
    ]


def _last_volume(by_day: dict[date, int], today: date) -> health.Volume:
    """Answer the volume of the last whole day on which something came; of today, where nothing came before."""
    return health.volume(by_day, max((day for day in by_day if day < today), default=today))


def feed(grant: Grant, key: str, now: datetime | None = None) -> FeedHealth:
    """Answer the health of one feed; raises NotFound, with the nearest key, when it is not declared."""
    found = {one.source.key: one for one in feeds(grant, now)}
    if key not in found:
        raise NotFound(f"There is no feed '{key}'.{did_you_mean(key, found)}")
    return found[key]


def deliveries(grant: Grant, *, source: str = "", limit: int = 100) -> list[DeliveryLine]:
    """Answer the last deliveries, of one source when it is named, the latest first."""
    grant.must_be_for(READ)
    sums = ", ".join(f"coalesce(sum(p.{name}), 0)::bigint" for name in ledger.COUNTS)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT d.id, d.source, d.name, d.channel, d.state, d.reason, d.received_at, d.finished_at, d.bytes,
                       {sums}
                  FROM (SELECT * FROM feeds_delivery WHERE %s = '' OR source = %s
                         ORDER BY received_at DESC, id DESC LIMIT %s) d
                  LEFT JOIN feeds_position p ON p.delivery_id = d.id
                 GROUP BY d.id, d.source, d.name, d.channel, d.state, d.reason, d.received_at, d.finished_at, d.bytes
                 ORDER BY d.received_at DESC, d.id DESC""",  # noqa: S608  # nosec B608
            [source, source, limit],
        )
        return [DeliveryLine(*row) for row in cursor.fetchall()]
