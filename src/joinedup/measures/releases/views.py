"""The pages of releases for those who ask and those who decide: own requests, asking, the queue, one release."""

from __future__ import annotations

import base64
from typing import Any
from uuid import uuid4

from django.http import HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from joinedup.access import grant_for, requires
from joinedup.errors import FileError, NotFound, RuleError
from joinedup.measures.cohorts.counting import COUNT
from joinedup.measures.models import Release
from joinedup.measures.releases import parts, services
from joinedup.measures.releases.contents import asked_in, made_for
from joinedup.measures.releases.files import MOST_BYTES, ReleasedFile, read_file
from joinedup.measures.releases.forms import AskForm, DecisionForm, FileAskForm, ReasonForm, errors_of
from joinedup.measures.releases.steps import KINDS, MODES, RECIPIENTS, Request
from joinedup.ui import Column, Crumb, Page, Table

keeps_no_copy = cache_control(no_store=True, private=True)
MOST_SHOWN = 500
MOST_KEPT = 300_000  # bytes of a file that the form carries along while a finding is explained
_NOTICE = "measures.release.said"


@requires(services.ASK)
@require_safe
@keeps_no_copy
def mine(request: Any) -> HttpResponseBase:
    """What whoever looks asked to release, and how far it is."""
    found = Release.objects.filter(asked_by=request.grant.actor_id).prefetch_related("steps").order_by("-number")
    return Page(
        request,
        "measures/releases.jinja",
        title=_("My releases"),
        releases=_list(found[:MOST_SHOWN], "measures:release", _("What you asked to release")),
        note=request.session.pop(_NOTICE, ""),
        may_ask=True,
        may_decide=parts.may(request, services.APPROVE),
    ).response()


@requires(services.APPROVE)
@require_safe
@keeps_no_copy
def queue(request: Any) -> HttpResponseBase:
    """What waits for a second person, the oldest first, and what was decided."""
    waits = services.releases_waiting().order_by("number")[:MOST_SHOWN]
    others = services.releases_decided().order_by("-number")[:MOST_SHOWN]
    return Page(
        request,
        "measures/releases.jinja",
        title=_("Releases that wait"),
        releases=_list(waits, "measures:release-decision", _("Waiting for a second person"), _("Nothing waits.")),
        others=_list(others, "measures:release-decision", _("Decided"), name="decided"),
        note=request.session.pop(_NOTICE, ""),
        may_ask=parts.may(request, services.ASK),
        may_decide=False,
    ).response()


@requires(services.ASK)
@require_http_methods(["GET", "HEAD", "POST"])
@keeps_no_copy
def ask(request: Any) -> HttpResponseBase:
    """Ask for a table of measures, counts of a cohort (both named in the address), or a file that was uploaded.

    An address alone counts nobody: the table is made, audited, when it is asked for.
    """
    wanted = asked_in(request.GET)
    may_count = grant_for(request, COUNT) if wanted and wanted.kind == "cohort" else None
    kind_of_form = FileAskForm if wanted is None else AskForm
    form = kind_of_form(request.POST if request.method == "POST" else None)
    errors = errors_of(form)
    findings: list[Any] = []
    file: ReleasedFile | None = None
    content: services.Content | None = None
    if form.is_bound and wanted is None:
        try:
            file = _uploaded(request)
        except FileError as error:
            errors.append({"text": str(error), "href": "#file"})
    if form.is_bound and form.is_valid() and (wanted or file) and not errors:
        values = form.cleaned_data
        kind = wanted.kind if wanted else "file"
        asked = Request(
            values["title"], values["purpose"], values["recipient_kind"], values["recipient"], kind,
            # What joinedup makes is protected in one way, whatever a form says.
            "nhs" if wanted else values["mode"] or "nhs", values["explanation"],
        )  # fmt: skip
        if wanted:
            content = made_for(may_count or request.grant, wanted)
        elif file is not None:
            content = services.Content(file, {"how": values["how"].strip()})
        assert content is not None
        try:
            services.ask_release(request.grant, asked, content, request_id=values["request"])
            request.session[_NOTICE] = _("It waits for a second person. You see here what becomes of it.")
            return HttpResponseRedirect(reverse("measures:releases"))
        except services.NotReleasable as error:
            findings = error.findings
            errors = [{"text": _("This cannot leave as it is: see what was found"), "href": "#findings"}]
        except services.NeedsExplanation as error:
            findings = error.findings
            errors = [{"text": _("Explain what was found, so that a second person can judge it"),
                       "href": "#explanation"}]  # fmt: skip
    kept = ""
    # What must not leave is not sent back either.
    is_harmless = not any(one.refuses for one in findings)
    if wanted is None and file is not None and is_harmless and len(file.content) <= MOST_KEPT:
        kept = base64.b64encode(file.content).decode()
    return Page(
        request,
        "measures/ask_release.jinja",
        title=_("Ask for a release"),
        breadcrumbs=[Crumb(_("My releases"), reverse("measures:releases"))],
        form=form,
        errors=errors,
        wanted=wanted,
        findings=parts.findings_table(findings) if findings else None,
        preview=parts.preview(content.file) if wanted and content and is_harmless else None,
        recipients=[(key, _(text)) for key, text in RECIPIENTS.items()],
        modes=[(key, _(text)) for key, text in MODES.items()],
        kept=kept,
        kept_name=file.name if file else "",
        request_id=form.data.get("request") or str(uuid4()),
    ).response(400 if errors else 200)


@requires(services.ASK)
@require_safe
@keeps_no_copy
def release(request: Any, number: int) -> HttpResponseBase:
    """One's own release: its state, what the checks found, its story, and what one may do now."""
    return _shown(request, _own(request, number), form=ReasonForm())


@requires(services.ASK)
@require_POST
@keeps_no_copy
def withdraw(request: Any, number: int) -> HttpResponseBase:
    found = _own(request, number)
    form = ReasonForm(request.POST)
    errors = errors_of(form)
    if form.is_valid():
        try:
            services.withdraw(request.grant, number, form.cleaned_data["reason"])
            return HttpResponseRedirect(reverse("measures:release", args=[number]))
        except RuleError as error:
            errors = [{"text": str(error), "href": "#reason"}]
    return _shown(request, found, form=form, errors=errors)


@requires(services.ASK)
@require_POST
@keeps_no_copy
def publish(request: Any, number: int) -> HttpResponseBase:
    services.publish(request.grant, number)
    return HttpResponseRedirect(reverse("measures:release", args=[number]))


@requires(services.ASK)
@require_POST
@keeps_no_copy
def take(request: Any, number: int) -> HttpResponseBase:
    """The file, to hand it over to whom it was released; that it was taken is written down."""
    return parts.file_response(services.take_file(request.grant, number), number)


@requires(services.APPROVE)
@require_http_methods(["GET", "HEAD", "POST"])
@keeps_no_copy
def decision(request: Any, number: int) -> HttpResponseBase:
    """A release as a second person judges it: what is to leave, to whom and why, and what the checks find today."""
    found = services.release_of(number)
    form = DecisionForm(request.POST if request.method == "POST" else None)
    errors = errors_of(form)
    if form.is_bound and form.is_valid():
        values = form.cleaned_data
        try:
            if values["verdict"] == "refuse":
                services.refuse(request.grant, number, values["reason"])
            else:
                services.approve(request.grant, number, values["reason"], publish_now=values["verdict"] == "publish")
            return HttpResponseRedirect(reverse("measures:release-queue"))
        except services.NotReleasable:
            errors = [{"text": _("This cannot leave as it is: see what was found"), "href": "#findings"}]
            found = services.release_of(number)
        except RuleError as error:
            errors = [{"text": str(error), "href": "#verdict"}]
    return _shown(request, found, form=form, errors=errors, is_decision=True)


def _shown(
    request: Any, found: Release, *, form: Any, errors: Any = (), is_decision: bool = False
) -> HttpResponse | Any:
    state = services.state_of(found)
    content = services.content_of(found)
    is_own = found.asked_by == request.grant.actor_id
    # While it waits, what the checks find today; later, what they found when it was decided.
    findings = (
        services.findings_of(services.request_of(found), content)
        if state == "waiting"
        else services.last_findings(found)
    )
    text, back = (_("Releases that wait"), "release-queue") if is_decision else (_("My releases"), "releases")
    return Page(
        request,
        "measures/release.jinja",
        title=found.title,
        breadcrumbs=[Crumb(text, reverse(f"measures:{back}"))],
        release=found,
        state=state,
        state_tag=parts.state_tag(state),
        about=parts.about(found, inside=True),
        findings=parts.findings_table(findings),
        has_findings=bool(findings),
        smallest=parts.smallest_said(content.file),
        preview=parts.preview(content.file),
        steps=parts.steps_table(found),
        form=form,
        errors=list(errors),
        is_decision=is_decision,
        is_own=is_own,
        may_decide=is_decision and state == "waiting" and not is_own,
        is_refused_by_checks=any(one.refuses for one in findings),
    ).response(400 if errors else 200)


def _own(request: Any, number: int) -> Release:
    found = services.release_of(number)
    if found.asked_by != request.grant.actor_id:
        raise NotFound(_("There is no such release."))
    return found


def _uploaded(request: Any) -> ReleasedFile:
    given = request.FILES.get("file")
    if given is not None:
        if given.size > MOST_BYTES:
            raise FileError("file", f"expected at most {MOST_BYTES // 1_000_000} MB", "Release fewer rows.")
        return read_file(given.read(), given.name)
    kept = request.POST.get("kept", "")
    if not kept:
        raise FileError("file", "no file was chosen", "Choose the CSV.")
    try:
        content = base64.b64decode(kept, validate=True)
    except ValueError:
        raise FileError("file", "the file did not come through", "Choose it again.") from None
    return read_file(content, request.POST.get("kept_name", "") or "file")


def _list(found: Any, route: str, caption: str, empty: str = "", *, name: str = "releases") -> Table:
    rows = [
        {
            "number": _("Release %(number)s") % {"number": one.number},
            "href": reverse(route, args=[one.number]),
            "title": one.title,
            "kind": _(KINDS[one.kind]),
            "recipient": _(RECIPIENTS[one.recipient_kind]),
            "asked_at": one.asked_at,
            "state": parts.state_tag(services.state_of(one))["text"],
        }
        for one in found
    ]
    return Table(
        [
            Column("number", _("Release"), "link", href_key="href"),
            Column("title", _("Title")),
            Column("state", _("State")),
            Column("kind", _("What")),
            Column("recipient", _("For")),
            Column("asked_at", _("Asked"), "date"),
        ],
        rows,
        caption=caption,
        name=name,
        can_download=False,
        empty=empty or _("Nothing yet."),
    )
