"""The pages of the room: what waits for a person, one pair with its evidence, and how a resident's joins came about."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from django.db import connection, transaction
from django.http import HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_safe

from joinedup.access import disclose, record, requires
from joinedup.errors import NotFound, RuleError
from joinedup.feeds.values import SETTINGS
from joinedup.identity import services
from joinedup.identity.evidence import Evidence, Side, look, said_day
from joinedup.identity.forms import PartForm, UndoForm, VerdictForm, errors_of
from joinedup.identity.merges import merges_of
from joinedup.identity.residents import identity_events, resident_of, subjects_of
from joinedup.identity.values import LADDER_WEIGHT, METHOD_TITLES, METHODS, REVIEW_REASONS
from joinedup.ui import Chart, Column, Crumb, Page, Table

PERMISSION = "identity.review"
MOST_SHOWN = 1000
keeps_no_copy = cache_control(no_store=True, private=True)


@requires(PERMISSION)
@require_safe
@keeps_no_copy
def queue(request: Any) -> HttpResponseBase:
    """What waits for a person, the likeliest pair first; nobody's name stands here."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT r.id, r.reason, r.weight, r.opened_at, r.unsure, l.source, o.source, count(*) OVER ()
                 FROM identity_review r
                 LEFT JOIN identity_subject l ON l.subject_id = r.left_id
                 LEFT JOIN identity_subject o ON o.subject_id = r.right_id
                WHERE r.closed_at IS NULL ORDER BY r.weight DESC NULLS FIRST, r.id LIMIT %s""",
            [MOST_SHOWN],
        )
        found = cursor.fetchall()
    with transaction.atomic():
        record(request.grant, "identity.queue", "reviews:open", details={"shown": len(found)})
    rows = [
        {
            "pair": _(
                "Pair %(number)s",
            )
            % {"number": review},
            "href": reverse("identity:review", args=[review]),
            "reason": REVIEW_REASONS.get(reason, reason),
            "weight": weight if weight is not None and abs(weight) < LADDER_WEIGHT else None,
            "left": left or _("not sent"),
            "right": right or _("not sent"),
            "opened_at": opened_at,
            "unsure": unsure,
        }
        for review, reason, weight, opened_at, unsure, left, right, _all in found
    ]
    total = found[0][-1] if found else 0
    notes = [_("Bits: how much more likely one person is than two; 10 bits are odds of 1,000 to 1.")]
    if total > MOST_SHOWN:
        notes.append(_("The first %(shown)s of %(total)s.") % {"shown": f"{MOST_SHOWN:,}", "total": f"{total:,}"})
    table = Table(
        [
            Column("pair", _("Pair"), "link", href_key="href"),
            Column("reason", _("Why it waits")),
            Column("weight", _("Bits"), "number", decimals=1),
            Column("left", _("Source")),
            Column("right", _("Other source")),
            Column("opened_at", _("Since"), "date"),
            Column("unsure", _("Times unsure"), "number"),
        ],
        rows,
        caption=_("Pairs that wait for a person"),
        name="reviews",
        notes=notes,
        empty=_("Nothing waits for a person."),
    )
    return Page(
        request, "identity/queue.jinja", title=_("Are these one person?"), reviews=table, total=total,
        measured=_measured(),
    ).response()  # fmt: skip


@requires(PERMISSION)
@require_http_methods(["GET", "HEAD", "POST"])
@keeps_no_copy
def review(request: Any, review_id: int) -> HttpResponseBase:
    """Two records side by side with the evidence, and the verdict of whoever looks."""
    form = VerdictForm(request.POST if request.method == "POST" else None)
    errors = errors_of(form)
    if form.is_bound and form.is_valid():
        values = form.cleaned_data
        try:
            services.decide_review(
                request.grant, review_id, values["verdict"], values["reason"], request_id=values["request"]
            )
            return HttpResponseRedirect(reverse("identity:queue"))
        except RuleError as error:
            errors = [{"text": str(error), "href": "#verdict"}]
    found = look(request.grant, review_id)
    return Page(
        request,
        "identity/review.jinja",
        title=_("Are these one person?"),
        breadcrumbs=[Crumb(_("Pairs that wait"), reverse("identity:queue"))],
        found=found,
        reason=REVIEW_REASONS.get(found.reason, found.reason),
        step=_(METHOD_TITLES[found.step.method]) if found.step.method else "",
        records=_side_by_side(found),
        chart_of=_waterfall(found) if found.parts else None,
        histories=[
            (side.source, reverse("identity:resident", args=[side.resident_id])) for side in (found.left, found.right)
        ],
        form=form,
        errors=errors,
        request_id=form.data.get("request") or str(uuid4()),
    ).response(400 if errors else 200)


@requires(PERMISSION)
@require_http_methods(["GET", "HEAD", "POST"])
@keeps_no_copy
def resident(request: Any, resident_id: UUID) -> HttpResponseBase:
    """How the records of one resident came together, and the way to part them again."""
    subjects = subjects_of(resident_id)
    sources = _sources(subjects)
    if not sources:
        raise NotFound(_("There is no such resident."))
    with transaction.atomic():
        disclose(request.grant, subjects, "identity.review", parts=("joins",))
    form = PartForm(request.POST if request.method == "POST" else None, subjects=subjects)
    errors = errors_of(form)
    if form.is_bound and form.is_valid():
        values = form.cleaned_data
        try:
            services.unmerge(
                request.grant, resident_id, [UUID(one) for one in values["records"]], values["reason"],
                request_id=values["request"],
            )  # fmt: skip
            return HttpResponseRedirect(reverse("identity:resident", args=[resident_of(resident_id)]))
        except RuleError as error:
            errors = [{"text": str(error), "href": "#records"}]
    return Page(
        request,
        "identity/resident.jinja",
        title=_("Joins of a resident"),
        breadcrumbs=[Crumb(_("Pairs that wait"), reverse("identity:queue"))],
        members=[(str(subject), *sources[subject]) for subject in subjects if subject in sources],
        joins=_joins(subjects, sources),
        merges=_merges(resident_id, subjects),
        events=_events(subjects, sources),
        form=form,
        errors=errors,
        request_id=form.data.get("request") or str(uuid4()),
    ).response(400 if errors else 200)


@requires(PERMISSION)
@require_http_methods(["GET", "HEAD", "POST"])
@keeps_no_copy
def undo(request: Any, resident_id: UUID, number: int) -> HttpResponseBase:
    """Undo one merge that a source sent, after saying why and whether the source may merge the two again."""
    subjects = subjects_of(resident_id)
    found = next((one for one in merges_of(subjects) if one.number == number), None)
    if found is None or not (found.stands or request.method == "POST"):
        raise NotFound(_("No such merge of this resident stands."))
    with transaction.atomic():
        disclose(request.grant, subjects, "identity.review", parts=("joins",))
    form = UndoForm(request.POST if request.method == "POST" else None)
    errors = errors_of(form)
    if form.is_bound and form.is_valid():
        values = form.cleaned_data
        try:
            services.undo_merge(
                request.grant, found.survivor, found.gone, values["reason"], never_again=values["again"] == "never",
                request_id=values["request"],
            )  # fmt: skip
            return HttpResponseRedirect(reverse("identity:resident", args=[resident_of(found.survivor)]))
        except RuleError as error:
            errors = [{"text": str(error), "href": "#reason"}]
    return Page(
        request,
        "identity/undo.jinja",
        title=_("Undo a merge of a source"),
        breadcrumbs=[
            Crumb(_("Pairs that wait"), reverse("identity:queue")),
            Crumb(_("Joins of a resident"), reverse("identity:resident", args=[resident_id])),
        ],
        found=found,
        form=form,
        errors=errors,
        request_id=form.data.get("request") or str(uuid4()),
    ).response(400 if errors else 200)


# --- tables and the chart ------------------------------------------------------------------------------------------


def _side_by_side(found: Evidence) -> Table:
    """The two records as they are compared, a row a field; a row that differs says so in words."""
    left, right = found.left, found.right
    lines: list[tuple[str, str, str]] = [(_("Source"), left.source, right.source)]
    lines.append((_("Setting"), *(_(SETTINGS.get(side.setting, side.setting)) for side in (left, right))))
    lines.append((_("Organisation"), left.organisation, right.organisation))
    lines.append((_("Number at the source"), left.source_id, right.source_id))
    for title, say in _SHOWN:
        lines.append((title, say(left), say(right)))
    rows = []
    for title, one, other in lines:
        # Where a record comes from always differs, and says nothing of the person.
        is_compared = title in _COMPARED and one and other
        same = "" if not is_compared else _("same") if one == other else _("differs")
        rows.append({"field": title, "left": one or "–", "right": other or "–", "same": same})
    return Table(
        [
            Column("field", _("What")),
            Column("same", _("Same?")),
            Column("left", _("First record")),
            Column("right", _("Second record")),
        ],
        rows,
        caption=_("The two records as they are compared"),
        name="records",
        per_page=0,
        can_filter=False,
        can_download=False,
        notes=[_("Capitals, without accents and titles. What everybody writes who does not know is left out.")],
    )


def _number(side: Side) -> str:
    from joinedup.feeds.nhs_number import shown

    number = side.fields.nhs_number
    if number is None:
        return ""
    return f"{shown(number)} ({_('verified') if side.fields.is_verified else _('not verified')})"


_SHOWN: tuple[tuple[str, Any], ...] = (
    ("NHS number", _number),
    ("Surname", lambda side: side.fields.family or ""),
    ("Other surnames", lambda side: ", ".join(side.fields.other_families)),
    ("Forename", lambda side: side.fields.given or ""),
    ("Other forenames", lambda side: " ".join([side.fields.middle or "", *side.fields.other_givens]).strip()),
    ("Date of birth", lambda side: said_day(side.fields.birth_date)),
    ("Date of death", lambda side: said_day(side.fields.death_date)),
    ("Sex", lambda side: {"M": "male", "F": "female"}.get(side.fields.sex or "", "")),
    ("Address", lambda side: side.fields.house or ""),
    ("Postcode", lambda side: side.fields.postcode or ""),
    ("Telephone", lambda side: side.fields.phone or ""),
    ("E-mail", lambda side: side.fields.email or ""),
    ("Joined with", lambda side: f"{side.joined_with} other records" if side.joined_with else "no other record"),
)


_COMPARED = frozenset(title for title, _say in _SHOWN) - {"Joined with"}


def _waterfall(found: Evidence) -> Chart:
    """The bits of each comparison, one upon the other, down to the sum."""
    import altair

    rows = []
    for place, part in enumerate(found.parts):
        start = 0.0 if place == 0 else part.total - part.bits
        rows.append(
            {"step": part.name, "place": place, "start": start, "end": part.total, "bits": round(part.bits, 1),
             "says": _("for one person") if part.bits >= 0 else _("against")}
        )  # fmt: skip
    rows.append({"step": _("All together"), "place": len(rows), "start": 0.0, "end": found.weight,
                 "bits": round(found.weight, 1), "says": _("sum")})  # fmt: skip
    words = [_("for one person"), _("against"), _("sum")]
    base = altair.Chart(altair.Data(values=rows)).encode(
        y=altair.Y("step:N", sort=altair.SortField("place"), title=None, axis=altair.Axis(labelLimit=220)),
    )
    bars = base.mark_bar().encode(
        x=altair.X("start:Q", title=_("Bits")),
        x2="end:Q",
        color=altair.Color(
            "says:N", title=None, scale=altair.Scale(domain=words, range=["#007f3b", "#d5281b", "#005eb8"])
        ),
    )
    labels = (
        base.mark_text(align="left", dx=4, fontSize=14, color="#212b32")
        .encode(x=altair.X("right:Q"), text=altair.Text("bits:Q", format="+.1f"))
        .transform_calculate(right="max(datum.start, datum.end)")
    )
    drawing = (bars + labels).properties(width=480, height=altair.Step(28))
    table = Table(
        [
            Column("name", _("What is compared")),
            Column("level", _("What was found")),
            Column("bits", _("Bits"), "number", decimals=1),
            Column("total", _("Sum so far"), "number", decimals=1),
        ],
        [{"name": part.name, "level": part.level, "bits": part.bits, "total": part.total} for part in found.parts],
        caption=_("The evidence step by step"),
        name="evidence",
        per_page=0,
        can_filter=False,
        can_download=False,
        notes=[_("Model %(version)s.") % {"version": found.model}],
    )
    summary = _("%(bits)s bits: by the model, one person with a chance of %(chance)s.") % {
        "bits": f"{found.weight:.1f}", "chance": _chance(found.probability),
    }  # fmt: skip
    return Chart(drawing, title=_("What speaks for one person"), summary=summary, table=table)


def _chance(probability: float) -> str:
    if probability > 0.9999:
        return _("more than 99.99%")
    return f"{100 * probability:.2f}%" if probability > 0.9 else f"{100 * probability:.0f}%"


def _joins(subjects: Any, sources: dict[UUID, tuple[str, str]]) -> Table:
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT subject_id, since, method, weight FROM identity_membership
                WHERE subject_id = ANY(%s) AND until IS NULL ORDER BY since, subject_id""",
            [list(subjects)],
        )
        rows = [
            {"source": sources.get(subject, ("", ""))[0], "code": sources.get(subject, ("", ""))[1], "since": since,
             "how": _(METHOD_TITLES[METHODS[method]]), "weight": weight if 0 < weight < LADDER_WEIGHT else None}
            for subject, since, method, weight in cursor.fetchall()
        ]  # fmt: skip
    return Table(
        [
            Column("source", _("Source")),
            Column("code", _("Number at the source")),
            Column("how", _("Strongest evidence")),
            Column("weight", _("Bits"), "number", decimals=1),
            Column("since", _("Since"), "date"),
        ],
        rows,
        caption=_("Records that are read as one person"),
        name="joins",
        can_download=False,
        empty=_("This record stands alone."),
    )


def _merges(resident_id: UUID, subjects: Any) -> Table | None:
    """The merges of sources that stand, each with the way to undo it; None when there are none."""
    rows = [
        {"source": one.source, "survivor": one.survivor_source_id, "gone": one.gone_source_id, "at": one.event_at,
         "undo": _("Undo the merge of %(number)s") % {"number": one.gone_source_id},
         "href": reverse("identity:undo", args=[resident_id, one.number])}
        for one in merges_of(subjects)
        if one.stands
    ]  # fmt: skip
    if not rows:
        return None
    return Table(
        [
            Column("source", _("Source")),
            Column("gone", _("Number that it gave up")),
            Column("survivor", _("Number that it kept")),
            Column("at", _("Merged there"), "date"),
            Column("undo", _("Undo"), "link", href_key="href"),
        ],
        rows,
        caption=_("Merges that a source sent (A40)"),
        name="merges",
        can_download=False,
    )


def _events(subjects: Any, sources: dict[UUID, tuple[str, str]]) -> Table:
    words = {"joined": _("joined"), "merged": _("merged by the source"), "parted": _("parted"), "undone": _("undone")}
    rows = [
        {"at": event.at, "what": words[event.kind], "source": sources.get(event.subject_id, ("", ""))[0],
         "how": _(METHOD_TITLES.get(event.method, event.method)), "who": _who(event.actor), "reason": event.reason}
        for event in reversed(identity_events(subjects))
    ]  # fmt: skip
    return Table(
        [
            Column("at", _("When"), "date"),
            Column("what", _("What")),
            Column("source", _("Record of")),
            Column("how", _("How")),
            Column("who", _("By whom")),
            Column("reason", _("Why")),
        ],
        rows,
        caption=_("Every joining and parting, the latest first"),
        name="events",
        can_download=False,
        empty=_("Nothing was joined or parted yet."),
    )


def _who(actor: str) -> str:
    kind, _colon, name = actor.partition(":")
    if kind == "service":
        return _("joinedup (%(job)s)") % {"job": name}
    return _("the source %(source)s") % {"source": name} if kind == "source" else _("a reviewer")


def _sources(subjects: Any) -> dict[UUID, tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT subject_id, source, source_id FROM identity_subject WHERE subject_id = ANY(%s)", [list(subjects)]
        )
        return {subject: (source, code) for subject, source, code in cursor.fetchall()}


def _measured() -> dict[str, Any] | None:
    """What the last report measured, beside the configuration that it measured."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT at, report FROM identity_measured ORDER BY id DESC LIMIT 1")
        row = cursor.fetchone()
    if row is None:
        return None
    import json

    at, report = row
    report = report if isinstance(report, dict) else json.loads(report)
    return {"at": at, "care": report["care"], "model": report["model"]}
