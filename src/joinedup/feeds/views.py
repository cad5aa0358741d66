"""The pages of feeds: how each feed is, and what was set aside of it until somebody decides."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_POST, require_safe

from joinedup.access import actor_of, decide, requires as needs
from joinedup.errors import JoinedupError, RuleError
from joinedup.feeds import health, services
from joinedup.feeds.services import DeliveryLine, FeedHealth, Held
from joinedup.feeds.values import REASONS, SETTINGS
from joinedup.moment import now
from joinedup.ui import Chart, Column, Crumb, Page, Table, day

# More than this is tried at the command line, where somebody watches it.
MOST_AT_ONCE = 1000
_NOTICE = "feeds.said"
_TAGS = {"green": "green", "amber": "orange", "red": "red"}


def said_colour(fresh: health.Freshness) -> str:
    """Answer a colour in words: nobody should have to see it."""
    if fresh.received_at is None:
        return _("Nothing yet")
    return {"green": _("On time"), "amber": _("Late"), "red": _("Very late")}[fresh.colour]


def said_verdict(volume: health.Volume | None) -> str:
    """Answer how the last day compares with the usual, in words."""
    if volume is None:
        return ""
    return {
        "usual": _("As usual"),
        "low": _("Fewer than usual"),
        "high": _("More than usual"),
        "unknown": _("Too young to say"),
    }[volume.verdict]


def said_interval(hours: float) -> str:
    """Answer how often a feed is expected: "every 15 minutes", "every 24 hours", "every 31 days"."""
    if hours < 1:
        return _("every %(count)s minutes") % {"count": f"{hours * 60:g}"}
    if hours <= 48:
        return _("every %(count)s hours") % {"count": f"{hours:g}"}
    return _("every %(count)s days") % {"count": f"{hours / 24:.4g}"}


@needs("feeds.read")
@require_safe
def feeds(request: Any) -> HttpResponseBase:
    found = services.feeds(request.grant)
    wanting = [one for one in found if one.freshness.is_stale or (one.volume and one.volume.verdict in ("low", "high"))]
    return Page(
        request,
        "feeds/feeds.jinja",
        title=_("Feeds"),
        breadcrumbs=_crumbs()[:1],
        wanting=[_card(one) for one in wanting],
        count=len(found),
        late=sum(one.freshness.is_stale for one in found),
        set_aside=sum(one.quarantined for one in found),
        feeds=_feeds_table(found),
        deliveries=_deliveries_table(services.deliveries(request.grant, limit=50), with_source=True),
        note=request.session.pop(_NOTICE, ""),
    ).response()


@needs("feeds.read")
@require_safe
def feed(request: Any, key: str) -> HttpResponseBase:
    found = services.feed(request.grant, key)
    return Page(
        request,
        "feeds/feed.jinja",
        title=found.source.name,
        breadcrumbs=_crumbs(),
        feed=found,
        setting=SETTINGS[found.source.setting],
        interval=said_interval(found.source.interval_hours),
        card=_card(found),
        volumes=_volumes(found) if found.by_day else None,
        reasons=_reasons_table(found),
        deliveries=_deliveries_table(services.deliveries(request.grant, source=key), with_source=False),
        note=request.session.pop(_NOTICE, ""),
    ).response()


@needs("feeds.read")
@require_safe
def quarantine(request: Any) -> HttpResponseBase:
    source, reason = request.GET.get("source", ""), request.GET.get("reason", "")
    state = request.GET.get("state", "quarantined")
    held = services.quarantine(
        request.grant, source=source, reason=reason, state="" if state == "all" else state, limit=MOST_AT_ONCE
    )
    may_decide = _may_decide(request)
    return Page(
        request,
        "feeds/quarantine.jinja",
        title=_("Set aside"),
        breadcrumbs=_crumbs(),
        held=_held_table(held, may_decide=may_decide),
        chosen={"source": source, "reason": reason, "state": state},
        sources=[(one.source.key, one.source.name) for one in services.feeds(request.grant)],
        reasons=list(REASONS),
        remedy=REASONS.get(reason, ""),
        count=len(held),
        is_cut=len(held) == MOST_AT_ONCE,
        may_retry=may_decide and bool(held) and bool(source or reason) and state == "quarantined",
        note=request.session.pop(_NOTICE, ""),
    ).response()


@needs("feeds.quarantine")
@require_safe
@cache_control(no_store=True)
def set_aside(request: Any, number: int) -> HttpResponseBase:
    return _shown(request, number)


@needs("feeds.quarantine")
@require_POST
def retry(request: Any, number: int) -> HttpResponseBase:
    counts = services.retry(request.grant, [number])
    request.session[_NOTICE] = _outcome(counts)
    return HttpResponseRedirect(reverse("feeds:set-aside", args=[number]))


@needs("feeds.quarantine")
@require_POST
def retry_all(request: Any) -> HttpResponseBase:
    source, reason = request.POST.get("source", ""), request.POST.get("reason", "")
    if not (source or reason):
        raise RuleError(_("Choose a feed or a reason first."))
    chosen = services.quarantine(request.grant, source=source, reason=reason, limit=MOST_AT_ONCE)
    counts = services.retry(request.grant, [one.id for one in chosen])
    request.session[_NOTICE] = _outcome(counts)
    return HttpResponseRedirect(_quarantine_href(source=source, reason=reason))


@needs("feeds.quarantine")
@require_POST
@cache_control(no_store=True)
def discard(request: Any, number: int) -> HttpResponseBase:
    reason = request.POST.get("reason", "")
    try:
        services.discard(request.grant, [number], reason)
    except RuleError as error:
        return _shown(request, number, error=error, typed=reason)
    request.session[_NOTICE] = _("Discarded. It stays here to be read, with your name and reason.")
    return HttpResponseRedirect(reverse("feeds:set-aside", args=[number]))


def _shown(request: Any, number: int, *, error: JoinedupError | None = None, typed: str = "") -> HttpResponseBase:
    opened = services.open_set_aside(request.grant, number)
    held = opened.held
    text, cells = _readable(opened.raw)
    return Page(
        request,
        "feeds/set_aside.jinja",
        title=_("Set aside: %(number)s") % {"number": number},
        breadcrumbs=[*_crumbs(), Crumb(_("Set aside"), reverse("feeds:quarantine"))],
        held=held,
        decisions=_decisions_table(opened.decisions),
        text=text,
        cells=[{"key": {"text": heading}, "value": {"text": value}} for heading, value in cells if value],
        size=len(opened.raw),
        is_open=held.state == "quarantined",
        error=str(error) if error else "",
        errors=[{"text": str(error), "href": "#reason"}] if error else [],
        typed=typed,
        note=request.session.pop(_NOTICE, ""),
    ).response(error.status if error else 200)


# --- what the pages are made of


def _crumbs() -> list[Crumb]:
    return [Crumb("joinedup", "/"), Crumb(_("Feeds"), reverse("feeds:feeds"))]


def _may_decide(request: Any) -> bool:
    return decide(actor_of(request.user), "feeds.quarantine", now().valid_on).allowed


def _quarantine_href(**chosen: str) -> str:
    return reverse("feeds:quarantine") + "?" + urlencode({key: value for key, value in chosen.items() if value})


def _outcome(counts: Mapping[str, int]) -> str:
    return _("Tried %(tried)s again: %(applied)s applied, %(still)s still refused.") % {
        "tried": f"{counts['tried']:,}",
        "applied": f"{counts['applied']:,}",
        "still": f"{counts['still-refused']:,}",
    }


def _card(one: FeedHealth) -> dict[str, Any]:
    return {
        "name": one.source.name,
        "key": one.source.key,
        "href": reverse("feeds:feed", args=[one.source.key]),
        "colour": _TAGS[one.freshness.colour],
        "age": said_colour(one.freshness),
        "received_at": one.freshness.received_at,
        "interval": said_interval(one.source.interval_hours),
        "volume": one.volume,
        "verdict": said_verdict(one.volume) if one.volume and one.volume.verdict in ("low", "high") else "",
    }


def _feeds_table(found: Sequence[FeedHealth]) -> Table:
    rows = [
        {
            "name": one.source.name,
            "href": reverse("feeds:feed", args=[one.source.key]),
            "key": one.source.key,
            "age": said_colour(one.freshness),
            "received_at": one.freshness.received_at,
            "items": one.volume.items if one.volume else None,
            "volume": said_verdict(one.volume),
            "set_aside": one.quarantined,
            "set_aside_href": _quarantine_href(source=one.source.key) if one.quarantined else None,
        }
        for one in found
    ]
    return Table(
        [
            Column("name", _("Feed"), "link", "href"),
            Column(
                "age", _("Freshness"), note=_("Late after twice the declared interval, very late after four times.")
            ),
            Column("received_at", _("Last good delivery"), "date"),
            Column("items", _("Items of a day"), "number", note=_("Of the last whole day on which something came.")),
            Column("volume", _("Volume"), note=_("Against the median of the last eight same weekdays.")),
            Column("set_aside", _("Set aside"), "number", "set_aside_href"),
        ],
        rows,
        caption=_("All feeds"),
        name="feeds",
        empty=_("No feed is declared yet. Put a sources.toml beside the files and load the folder."),
    )


def _deliveries_table(lines: Sequence[DeliveryLine], *, with_source: bool) -> Table:
    states = {
        "receiving": _("Under way"),
        "applied": _("Taken in"),
        "duplicate": _("Same as before"),
        "refused": _("Refused"),
        "held": _("Held"),
    }
    rows = [
        {
            "id": line.id,
            "received_at": line.received_at,
            "source": line.source,
            "href": reverse("feeds:feed", args=[line.source]),
            "name": line.name,
            "state": states[line.state],
            "read": line.items_read,
            "applied": line.items_applied,
            "set_aside": line.items_set_aside,
            "repeated": line.items_repeated,
            "not_mapped": line.items_not_mapped,
            "added": line.resources_added,
            "unchanged": line.resources_unchanged,
            "reason": line.reason,
        }
        for line in lines
    ]
    columns = [
        Column("received_at", _("Received"), "date"),
        *([Column("source", _("Feed"), "link", "href")] if with_source else []),
        Column("name", _("File")),
        Column("state", _("State")),
        Column("read", _("Items"), "number", note=_("Lines, messages, rows or Bundles.")),
        Column("applied", _("Applied"), "number"),
        Column("set_aside", _("Set aside"), "number"),
    ]
    if not with_source:
        columns += [
            Column("repeated", _("Repeated"), "number"),
            Column("not_mapped", _("Not mapped"), "number"),
            Column("unchanged", _("Unchanged"), "number", note=_("Resources that said nothing new.")),
        ]
    columns.append(Column("added", _("Resources added"), "number"))
    if any(line.reason for line in lines):
        columns.append(Column("reason", _("Why not")))
    return Table(
        columns,
        rows,
        caption=_("Last deliveries"),
        name="deliveries",
        per_page=20,
        notes=[] if with_source else [_("Items = applied + set aside + repeated + not mapped.")],
        empty=_("Nothing has come yet."),
    )


def _reasons_table(found: FeedHealth) -> Table:
    rows = [
        {
            "reason": reason,
            "href": _quarantine_href(source=found.source.key, reason=reason, state="all"),
            "count": count,
            "remedy": REASONS.get(reason, ""),
        }
        for reason, count in sorted(found.reasons.items(), key=lambda pair: -pair[1])
    ]
    return Table(
        [
            Column("reason", _("Reason"), "link", "href"),
            Column("count", _("Items"), "number"),
            Column("remedy", _("What mends it")),
        ],
        rows,
        caption=_("Why items were set aside in the last nine weeks"),
        name="reasons",
        empty=_("Nothing of this feed was set aside in the last nine weeks."),
    )


def _volumes(found: FeedHealth) -> Chart:
    newest = max(found.by_day)
    days = sorted(one for one in found.by_day if (newest - one).days <= services.DAYS_SHOWN)
    volumes = [health.volume(found.by_day, one) for one in days]
    rows = [{"day": one.day, "items": one.items, "usual": one.usual, "verdict": said_verdict(one)} for one in volumes]
    table = Table(
        [
            Column("day", _("Day"), "date"),
            Column("items", _("Items"), "number"),
            Column("usual", _("Usual"), "number", note=_("Median of the last eight same weekdays.")),
            Column("verdict", _("Against the usual")),
        ],
        rows,
        caption=_("Items a day"),
        name="volumes",
    )
    whole = found.volume or volumes[-1]
    usual = _("usual on this weekday: %(usual)s") % {"usual": f"{whole.usual:,.0f}"} if whole.usual is not None else ""
    return Chart(
        _draw(volumes),
        title=_("How much came each day"),
        summary=_("On %(day)s %(items)s items came%(usual)s. A dash marks what is usual on a day.")
        % {"day": day(whole.day), "items": f"{whole.items:,}", "usual": f" ({usual})" if usual else ""},
        table=table,
    )


def _draw(volumes: Sequence[health.Volume]) -> Any:
    import altair  # a second to import: only when there is something to draw

    shown: list[dict[str, Any]] = [
        {"day": one.day.isoformat(), "items": one.items, "usual": one.usual} for one in volumes
    ]
    days = altair.X("day:O", title=_("Day received"), axis=altair.Axis(labelAngle=-60, labelOverlap=True))
    base = altair.Chart(altair.Data(values=shown))
    bars = base.mark_bar().encode(x=days, y=altair.Y("items:Q", title=_("Items")))
    # A tick over each bar, not another colour alone.
    ticks = base.transform_filter("datum.usual !== null").mark_tick(color="#212b32", thickness=3, size=18)
    return (bars + ticks.encode(x=days, y="usual:Q")).properties(width=600, height=260)


def _held_table(held: Sequence[Held], *, may_decide: bool) -> Table:
    states = {
        "quarantined": _("Waits for a decision"),
        "pending": _("Waits to be tried"),
        "applied": _("Taken in later"),
        "discarded": _("Discarded"),
    }
    rows = [
        {
            "id": one.id,
            "number": str(one.id),
            "href": reverse("feeds:set-aside", args=[one.id]) if may_decide else None,
            "received_at": one.received_at,
            "source": one.source,
            "file": one.file,
            "position": one.position,
            "reason": one.reason,
            "place": one.place,
            "message": one.message,
            "state": states[one.state],
        }
        for one in held
    ]
    return Table(
        [
            Column("number", _("Number"), "link", "href"),
            Column("received_at", _("Received"), "date"),
            Column("source", _("Feed")),
            Column("file", _("File")),
            Column("position", _("Item"), "number"),
            Column("reason", _("Reason")),
            Column("place", _("Where")),
            Column("message", _("What was expected")),
            Column("state", _("State")),
        ],
        rows,
        caption=_("What was set aside, latest first"),
        name="held",
        per_page=50,
        empty=_("Nothing is set aside here."),
    )


def _decisions_table(decisions: Sequence[services.Decided]) -> Table:
    words = {
        "retry": _("To be tried again"),
        "applied": _("Taken in"),
        "still-refused": _("Still refused"),
        "discard": _("Discarded"),
    }
    rows = [
        {"at": one.at, "decision": words[one.decision], "by": one.by_name, "reason": one.reason} for one in decisions
    ]
    return Table(
        [
            Column("at", _("When"), "date"),
            Column("decision", _("What")),
            Column("by", _("By")),
            Column("reason", _("Why")),
        ],
        rows,
        caption=_("What was decided"),
        name="decisions",
        can_download=False,
        empty=_("Nothing has been decided yet."),
    )


def _readable(raw: bytes) -> tuple[str, list[tuple[str, str]]]:
    """Answer what was set aside as text, bytes that are none as \\xNN, and for a row of a CSV its cells by heading."""
    text = raw.decode("utf-8", "backslashreplace").replace("\0", "\\x00")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    header, line_end, row = text.partition("\n")
    if not line_end or not any(sign in header for sign in ",|;\t") or text.startswith(("MSH", "{", "[")):
        return text, []
    delimiter = max(",|;\t", key=header.count)
    try:
        headings = next(csv.reader([header], delimiter=delimiter))
        cells = next(csv.reader(io.StringIO(row, newline=""), delimiter=delimiter))
    except (csv.Error, StopIteration):
        return text, []
    return text, list(zip(headings, cells, strict=False)) if len(headings) == len(cells) else []
