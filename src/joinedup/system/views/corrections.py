"""The page on which a fact is corrected: form, check, save."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from joinedup.access import requires
from joinedup.errors import JoinedupError, NotFound
from joinedup.moment import Moment, now
from joinedup.system import answers, names, services
from joinedup.system.forms import CorrectionForm
from joinedup.system.picture import Picture
from joinedup.system.views.parts import (
    NOTICE,
    Answer,
    body_of,
    crumbs,
    keeping,
)
from joinedup.ui import Crumb, Page


@requires("system.correct")
@require_http_methods(["GET", "HEAD", "POST"])
def correct(request: HttpRequest | Any, text: str, fact: str, fact_id: int) -> HttpResponseBase:
    picture = Picture(Moment(request.moment.valid_on, now().known_at))
    answer = answers.body(picture, body_of(picture, text))
    told = next((f for f in answer["facts"] if f["fact"] == fact and f["id"] == fact_id), None)
    if told is None or fact not in services.CORRECTABLE:
        raise NotFound(_("This fact is no longer believed, or cannot be corrected one by one. Open the body again."))
    what, words = names.fact_words(told)
    form = CorrectionForm.of_fact(told)
    is_checked = False
    if request.method == "POST":
        form = CorrectionForm.sent(fact, request.POST)
        is_checked = not form.errors and request.POST.get("step") != "change"
        if not form.errors and request.POST.get("step") == "save":
            try:
                _save(request, form, fact_id)
            except JoinedupError as error:
                form.errors.append((str(error), "reason" if "reason" in str(error) else form.boxes[0].name))
                is_checked = False
            else:
                request.session[NOTICE] = {"key": answer["key"], "what": what, "was": words}
                return HttpResponseRedirect(keeping(request, names.body_href(answer)))
    after = "" if form.never else names.fact_words({**told, "says": {**told["says"], **_typed(form)}})[1]
    return Page(
        request,
        "system/check.jinja" if is_checked else "system/correct.jinja",
        title=_("Check the correction")
        if is_checked
        else _("Correct: %(what)s of %(name)s") % {"what": what.lower(), "name": answer["name"]},
        breadcrumbs=crumbs(Crumb(answer["name"], names.body_href(answer))),
        answer=answer,
        told=told,
        heading=_("Check the correction") if is_checked else _("Correct: %(what)s") % {"what": what.lower()},
        what=what,
        words=words,
        days=names.span(told),
        form=form,
        after=after,
        after_days=names.span({"from": str(form.from_day), "to": str(form.to_day) if form.to_day else None})
        if form.from_day
        else "",
    ).response(422 if form.errors else 200)


def _typed(form: CorrectionForm) -> Answer:
    typed: Answer = {}
    for name, text in form.values.items():
        if name == "share":
            try:
                typed[name] = float(text) if text else None
            except ValueError:
                typed[name] = None
        elif name == "registered_patients":
            typed[name] = int(text) if text.isdigit() else None
        else:
            typed[name] = text
    return typed


def _save(request: Any, form: CorrectionForm, fact_id: int) -> None:
    if form.never:
        services.withdraw(request.grant, form.fact, fact_id, form.reason)
    elif form.from_day is not None:
        services.correct(request.grant, form.fact, fact_id, form.values, form.from_day, form.to_day, form.reason)
