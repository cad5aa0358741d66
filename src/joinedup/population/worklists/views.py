"""The pages of worklists: those that a team works, asking for one, deciding on one."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django.http import HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from joinedup.access import actor_of, decide, purposes_for, requires
from joinedup.access.roles import TABLE
from joinedup.errors import JoinedupError, RuleError
from joinedup.moment import now
from joinedup.population.cohorts import cohort, cohort_names
from joinedup.population.models import Worklist
from joinedup.population.worklists import acts as worklists
from joinedup.population.worklists.forms import AskForm, DecisionForm, MarkForm, errors_of
from joinedup.population.worklists.rules import SAID, STATES
from joinedup.ui import Column, Crumb, Page, Table

keeps_no_copy = cache_control(no_store=True, private=True)
MOST_SHOWN = 200
_NOTICE = "population.worklist.said"
STEP_NAMES = {
    "asked": "Asked", "approved": "Approved", "refused": "Refused", "opened": "First opened by", "closed": "Closed",
}  # fmt: skip


@requires(worklists.WORK)
@require_safe
@keeps_no_copy
def mine(request: Any) -> HttpResponseBase:
    """The open worklists on which there are residents whom the reader may see."""
    rows = [
        {"title": one.title, "href": reverse("population:worklist", args=[one.number]), "people": people,
         "asked_at": one.asked_at, "reason": one.reason}
        for one, people in worklists.lists_for(request)
    ]  # fmt: skip
    return Page(
        request,
        "population/worklists.jinja",
        title=_("Worklists"),
        worklists=Table(
            [
                Column("title", _("Worklist"), "link", href_key="href"),
                Column("reason", _("What it is for")),
                Column("people", _("Your residents"), "number"),
                Column("asked_at", _("Asked"), "date"),
            ],
            rows,
            caption=_("Worklists with residents of yours"),
            name="worklists",
            can_download=False,
            empty=_("No open worklist holds a resident whose record you may open."),
        ),
        may_ask=_may(request, worklists.ASK),
    ).response()


@requires(worklists.WORK)
@require_safe
@keeps_no_copy
def worklist(request: Any, number: int) -> HttpResponseBase:
    """One worklist: the residents on it whose record the reader may open. That they were shown is written down."""
    page = request.GET.get("page", "1")
    opened = worklists.open_worklist(
        request, request.grant, number, int(page) if page.isdigit() and len(page) < 6 else 1
    )
    return Page(
        request,
        "population/worklist.jinja",
        title=opened.title,
        breadcrumbs=[Crumb(_("Worklists"), reverse("population:worklists"))],
        opened=opened,
        states=[(key, _(text)) for key, text in STATES.items()],
        tags={"to do": "nhsuk-tag--yellow", "done": "nhsuk-tag--green", "not needed": "nhsuk-tag--grey"},
        note=request.session.pop(_NOTICE, ""),
    ).response()


@requires(worklists.WORK)
@require_POST
@keeps_no_copy
def mark(request: Any, number: int) -> HttpResponseBase:
    form = MarkForm(request.POST)
    if not form.is_valid():
        raise RuleError(_("Choose what was done for somebody on the list."))
    values = form.cleaned_data
    worklists.mark_entry(request, request.grant, number, values["entry"], values["state"])
    request.session[_NOTICE] = _("Noted. What was noted before stays in the story.")
    return HttpResponseRedirect(reverse("population:worklist", args=[number]))


@requires(worklists.ASK)
@require_http_methods(["GET", "HEAD", "POST"])
@keeps_no_copy
def ask(request: Any) -> HttpResponseBase:
    """Ask that a cohort is sent back as a worklist. An address may bring the sentences along."""
    form = AskForm(request.POST if request.method == "POST" else None)
    errors = errors_of(form)
    if form.is_bound and form.is_valid():
        values = form.cleaned_data
        wanted = worklists.WantedWorklist(
            values["title"], values["include_lines"], values["exclude_lines"], values["purpose"], values["reason"]
        )
        try:
            worklists.ask_worklist(request, request.grant, wanted, request_id=values["request"])
            request.session[_NOTICE] = _("It waits for the Caldicott guardian. You see here what becomes of it.")
            return HttpResponseRedirect(reverse("population:asked-worklists"))
        except JoinedupError as error:
            errors = [{"text": str(error).split(" Statements look like:", 1)[0], "href": "#include"}]
    asked = {name: "\n".join(request.GET.getlist(name)[:20]) for name in ("include", "exclude")}
    return Page(
        request,
        "population/ask_worklist.jinja",
        title=_("Ask for a worklist"),
        breadcrumbs=[Crumb(_("Worklists"), reverse("population:worklists"))],
        form=form,
        errors=errors,
        given={name: form.data.get(name, asked[name]) for name in asked},
        cohorts=[(name, cohort(name).title) for name in cohort_names()],
        purposes=purposes_for(request, worklists.ASK),
        request_id=form.data.get("request") or str(uuid4()),
    ).response(400 if errors else 200)


@requires(worklists.ASK)
@require_safe
@keeps_no_copy
def asked(request: Any) -> HttpResponseBase:
    """What whoever looks asked for, and how far it is. How many people they are is not told here."""
    found = Worklist.objects.filter(asked_by=request.grant.actor_id).prefetch_related("steps").order_by("-number")
    rows = []
    for one in found[:MOST_SHOWN]:
        state = worklists.state_of(one)
        rows.append(
            {"number": one.number, "title": one.title, "state": _(SAID[state]), "asked_at": one.asked_at,
             "why": next((step.reason for step in reversed(worklists.steps_of(one))
                          if step.step in ("approved", "refused", "closed")), "")}
        )  # fmt: skip
    return Page(
        request,
        "population/asked_worklists.jinja",
        title=_("Worklists that I asked for"),
        breadcrumbs=[Crumb(_("Worklists"), reverse("population:worklists"))],
        note=request.session.pop(_NOTICE, ""),
        asked=Table(
            [
                Column("title", _("Title")),
                Column("state", _("State")),
                Column("why", _("What was said to it")),
                Column("asked_at", _("Asked"), "date"),
            ],
            rows,
            caption=_("What you asked for"),
            name="asked",
            can_download=False,
            empty=_("Nothing yet."),
        ),
        closable=[
            row for row, one in zip(rows, found, strict=False) if worklists.state_of(one) in ("waiting", "approved")
        ],
    ).response()


@requires(worklists.ASK)
@require_POST
@keeps_no_copy
def close(request: Any, number: int) -> HttpResponseBase:
    worklists.close_worklist(request.grant, number, _("closed by whoever asked"))
    return HttpResponseRedirect(reverse("population:asked-worklists"))


@requires(worklists.APPROVE)
@require_safe
@keeps_no_copy
def queue(request: Any) -> HttpResponseBase:
    """What waits for the Caldicott guardian, the oldest first, and what was decided."""
    waits = list(worklists.in_state("waiting").order_by("number")[:MOST_SHOWN])
    others = list(worklists.in_state("decided").order_by("-number")[:MOST_SHOWN])
    return Page(
        request,
        "population/worklist_queue.jinja",
        title=_("Worklists that wait"),
        waits=_list(waits, _("Waiting for you"), "waits", _("Nothing waits.")),
        others=_list(others, _("Decided"), "decided", _("Nothing yet.")),
        note=request.session.pop(_NOTICE, ""),
    ).response()


@requires(worklists.APPROVE)
@require_http_methods(["GET", "HEAD", "POST"])
@keeps_no_copy
def decision(request: Any, number: int) -> HttpResponseBase:
    """A worklist as the Caldicott guardian judges it: whom, how many about, who asks, for what."""
    found = worklists.worklist(number)
    form = DecisionForm(request.POST if request.method == "POST" else None)
    errors = errors_of(form)
    if form.is_bound and form.is_valid():
        values = form.cleaned_data
        try:
            if values["verdict"] == "refuse":
                worklists.refuse_worklist(request.grant, number, values["reason"])
                request.session[_NOTICE] = _("Refused. Whoever asked sees your reason.")
            else:
                worklists.approve_worklist(request.grant, number, values["reason"])
                request.session[_NOTICE] = _("Approved. Teams see those of their own residents who are on it.")
            return HttpResponseRedirect(reverse("population:worklist-queue"))
        except RuleError as error:
            errors = [{"text": str(error), "href": "#verdict"}]
    state = worklists.state_of(found)
    is_own = found.asked_by == request.grant.actor_id
    steps = [
        {"step": _(STEP_NAMES[step.step]), "name": step.name, "role": _role(step.role), "at": step.at,
         "reason": step.reason}
        for step in worklists.steps_of(found)
    ]  # fmt: skip
    return Page(
        request,
        "population/worklist_decision.jinja",
        title=found.title,
        breadcrumbs=[Crumb(_("Worklists that wait"), reverse("population:worklist-queue"))],
        found=found,
        purpose=TABLE.purposes[found.purpose].title,
        asked_role=_role(found.asked_role),
        size="" if is_own else found.people,
        state=_(SAID[state]),
        steps=Table(
            [
                Column("step", _("What")),
                Column("name", _("Who")),
                Column("role", _("As")),
                Column("at", _("When"), "date"),
                Column("reason", _("Why")),
            ],
            steps,
            caption=_("Its story"),
            name="steps",
            can_download=False,
            can_sort=False,
        ),
        form=form,
        errors=errors,
        may_decide=state == "waiting" and not is_own,
        may_close=state == "approved",
        is_own=is_own,
    ).response(400 if errors else 200)


@requires(worklists.APPROVE)
@require_POST
@keeps_no_copy
def close_any(request: Any, number: int) -> HttpResponseBase:
    """Close an open worklist as the Caldicott guardian, with the reason."""
    reason = " ".join(request.POST.get("reason", "").split())
    if not reason:
        raise RuleError(_("Say why you close it: whoever asked reads it."))
    worklists.close_worklist(request.grant, number, reason)
    request.session[_NOTICE] = _("Closed. Nobody opens it any more; its story is kept.")
    return HttpResponseRedirect(reverse("population:worklist-queue"))


def _list(found: list[Worklist], caption: str, name: str, empty: str) -> Table:
    rows = [
        {"title": one.title, "href": reverse("population:worklist-decision", args=[one.number]), "by": one.asked_name,
         "asked_at": one.asked_at, "state": _(SAID[worklists.state_of(one)])}
        for one in found
    ]  # fmt: skip
    return Table(
        [
            Column("title", _("Worklist"), "link", href_key="href"),
            Column("by", _("Asked by")),
            Column("state", _("State")),
            Column("asked_at", _("Asked"), "date"),
        ],
        rows,
        caption=caption,
        name=name,
        can_download=False,
        empty=empty,
    )


def _role(key: str) -> str:
    return TABLE.roles[key].title if key in TABLE.roles else key


def _may(request: Any, permission: str) -> bool:
    return bool(decide(actor_of(request.user), permission, now().valid_on).allowed)
