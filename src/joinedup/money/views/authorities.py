"""Authorities to bind money: those there are, giving one with a reason, what was done under it, revoking it (MB5)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db.models import Sum
from django.http import HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from joinedup.access import requires
from joinedup.errors import NotFound, RuleError
from joinedup.moment import now
from joinedup.money import models, services
from joinedup.money.ledger.reading import authority_of, left_of, pounds_of_authority
from joinedup.money.pot.authority import Authority
from joinedup.money.views.ledger import postings_table
from joinedup.money.views.parts import (
    ACTS,
    NOTICE,
    crumbs,
    day_sent,
    may,
    pence_sent,
    said_plainly,
    text_sent,
    without_rule,
)
from joinedup.ui import Column, Crumb, Page, Table
from joinedup.ui.decided import decision_page
from joinedup.ui.tables import pounds


@requires("money.read")
@require_safe
def authorities(request: Any) -> HttpResponseBase:
    on = request.moment.valid_on
    return Page(
        request,
        "money/authorities.jinja",
        title=_("Authorities"),
        breadcrumbs=crumbs(),
        notice=request.session.pop(NOTICE, ""),
        may_give=may(request, "money.authorise"),
        authorities=Table(
            [
                Column("reference", _("Decision"), "link", "href"),
                Column("id", _("Authority")),
                Column("acts", _("Allows")),
                Column("limit", _("Limit"), "pence"),
                Column("spent", _("Used"), "pence"),
                Column("left", _("Left"), "pence"),
                Column("until", _("Ends"), "date", note="The first day on which it allows nothing more."),
                Column("state", _("State")),
            ],
            [
                {
                    "reference": one.reference,
                    "id": one.id,
                    "href": reverse("money:authority", args=[one.id]),
                    "acts": acts_said(one),
                    "limit": one.limit_pence,
                    "spent": used,
                    "left": one.limit_pence - used,
                    "until": one.revoked_on or one.valid_to,
                    "state": state_of(one, on),
                }
                for one, used in all_authorities()
            ],
            caption=_("Authorities"),
            name="authorities",
            notes=[_("Used is what was bound under it, less what was given back.")],
            empty=_(
                "Nobody has given an authority yet, so nothing can be bound. A board gives one; until governance "
                "stands, a finance lead does, with a reason."
            ),
        ),
    ).response()


@requires("money.read")
@require_safe
def authority(request: Any, code: str) -> HttpResponseBase:
    return _page(request, code, {}, {})


@requires("money.authorise")
@require_POST
def revoke(request: Any, code: str) -> HttpResponseBase:
    errors: dict[str, str] = {}
    reason = text_sent(request.POST, "reason", _("Say why it ends; the reason stays beside it"), errors)
    written = day_sent(request.POST, "on", _("The first day on which it allows nothing more"), errors)
    if not errors and written.value is not None:
        try:
            services.revoke_authority(request.grant, code, written.value, reason)
        except RuleError as error:
            errors["on-day" if str(written.value) in str(error) else "reason"] = without_rule(error)
        else:
            request.session[NOTICE] = _("The authority allows nothing more from %(day)s.") % {
                "day": f"{written.value:%-d %B %Y}"
            }
            return HttpResponseRedirect(reverse("money:authority", args=[code]))
    return _page(request, code, dict(request.POST.items()), errors)


@requires("money.authorise")
@require_http_methods(["GET", "HEAD", "POST"])
def give(request: Any) -> HttpResponseBase:
    errors: dict[str, str] = {}
    values = dict(request.POST.items()) if request.method == "POST" else {"id": _next_id()}
    chosen = request.POST.getlist("acts")
    if request.method == "POST":
        given = _given(request.POST, chosen, request.grant.actor_id, errors)
        if given is not None and not errors:
            try:
                services.give_authority(request.grant, given)
            except (RuleError, NotFound) as error:
                if _is_the_same(given):
                    return HttpResponseRedirect(reverse("money:authority", args=[given.id]))
                errors[_field_of(error)] = without_rule(error)
            else:
                request.session[NOTICE] = _("The authority is given.")
                return HttpResponseRedirect(reverse("money:authority", args=[given.id]))
    return Page(
        request,
        "money/give_authority.jinja",
        title=_("Give an authority"),
        breadcrumbs=crumbs(Crumb(_("Authorities"), reverse("money:authorities"))),
        values=values,
        errors=errors,
        acts=[{"value": key, "text": _(text), "checked": key in chosen} for key, text in ACTS.items()],
        funds=[{"value": "", "text": _("Any fund")}]
        + [
            {"value": code, "text": name, "selected": values.get("fund") == code}
            for code, name in models.Fund.objects.order_by("name").values_list("code", "name")
        ],
    ).response(422 if errors else 200)


def all_authorities() -> list[tuple[Authority, int]]:
    """Answer every authority as it stands with the pence used under it, the newest first."""
    used = dict(models.AuthorityUse.objects.values_list("authority").annotate(Sum("pence")).order_by())
    ids = models.Authority.objects.order_by("-at").values_list("pk", flat=True)
    return [(authority_of(id_), int(used.get(id_, 0))) for id_ in ids]


def state_of(one: Authority, on: date) -> str:
    """Answer in a word whether it holds on a day."""
    if one.revoked_on is not None and one.revoked_on <= on:
        return _("Superseded") if one.superseded_by else _("Revoked")
    if on < one.valid_from:
        return _("Not begun")
    return _("Ended") if on >= one.valid_to else _("Holds")


def acts_said(one: Authority) -> str:
    return ", ".join(_(ACTS[act]) for act in ACTS if act in one.acts)


def _page(request: Any, code: str, values: Mapping[str, str], errors: Mapping[str, str]) -> HttpResponseBase:
    one = authority_of(code)
    done = pounds_of_authority(code)
    kept = models.Authority.objects.get(pk=code)
    end = kept.ends.order_by("ends_on", "pk").first()
    found = models.Transaction.objects.filter(key__in=done.postings).order_by("-pk")[:200]
    today = now().valid_on
    return Page(
        request,
        "money/authority.jinja",
        said_plainly=said_plainly,
        title=one.reference,
        breadcrumbs=crumbs(Crumb(_("Authorities"), reverse("money:authorities"))),
        one=one,
        decision_href=decision_page(one.reference),
        acts=acts_said(one),
        state=state_of(one, request.moment.valid_on),
        end=end,
        left=pounds(left_of(code)),
        used=pounds(one.limit_pence - left_of(code)),
        done=done,
        pounds_text=pounds,
        notice=request.session.pop(NOTICE, ""),
        may_revoke=may(request, "money.authorise") and end is None and today < one.valid_to,
        values=values
        or {"on_day": str(today.day), "on_month": str(today.month), "on_year": str(today.year), "reason": ""},
        errors=errors,
        virements=[
            {"key": one_.key, "on": one_.effective_on, "reason": one_.reason}
            for one_ in kept.virements.order_by("-effective_on")[:50]
        ],
        postings=postings_table(found, caption=_("What was done under it")),
    ).response(422 if errors else 200)


def _given(sent: Any, acts: list[str], actor: str, errors: dict[str, str]) -> Authority | None:
    """Answer the authority that was typed; None with every field that is wrong in `errors`."""
    reference = text_sent(sent, "reference", _("Give the reference of the decision, such as a minute's number"), errors)
    reason = text_sent(sent, "reason", _("Say why you give it; the reason stays beside it"), errors)
    if not set(acts) & set(ACTS):
        errors["acts"] = _("Choose what it allows")
    limit = pence_sent(sent, "limit", _("The limit"), errors)
    year_limit = None
    if sent.get("year_limit", "").strip():
        year_limit = pence_sent(sent, "year_limit", _("The limit for one purchase in a year"), errors)
    start = day_sent(sent, "start", _("The first day"), errors)
    end = day_sent(sent, "end", _("The last day"), errors)
    if start.value and end.value and end.value < start.value:
        errors["end-day"] = _("The last day must not be before the first")
    if errors or start.value is None or end.value is None:
        return None
    return Authority(
        sent.get("id", "").strip() or _next_id(),
        reference,
        actor,
        reason,
        frozenset(acts) & frozenset(ACTS),
        limit,
        start.value,
        date.fromordinal(end.value.toordinal() + 1),
        year_limit,
        sent.get("fund", ""),
        sent.get("party", "").strip(),
        sent.get("purpose", "").strip(),
        sent.get("plan_line", "").strip(),
    )


def _next_id() -> str:
    """Answer the next free name of an authority; it stands in the form, so that the form sent twice gives one."""
    number = models.Authority.objects.count() + 1
    while models.Authority.objects.filter(pk=f"A-{number}").exists():
        number += 1
    return f"A-{number}"


def _is_the_same(given: Authority) -> bool:
    try:
        return authority_of(given.id) == given
    except NotFound:
        return False


def _field_of(error: Exception) -> str:
    text = str(error)
    return "reason" if "Say why" in text else "fund" if "fund" in text else "reference"
