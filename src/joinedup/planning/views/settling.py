"""Settling a disagreement: propose, answer, assign, escalate, decide, close; one question page for each."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django.http import HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from joinedup.access import requires
from joinedup.errors import JoinedupError, Refused
from joinedup.moment import now
from joinedup.planning import ReasonRequired, services, words
from joinedup.planning.plans.decided import authorities_for_gap
from joinedup.planning.plans.plan_lines import PENCE, PENCE_A_UNIT, PERCENT, Number, year_of
from joinedup.planning.triangulation.resolution import ADJUSTMENTS, LEAST_REASON, NEEDS_TEXT, PROPOSALS, Gap as OpenGap
from joinedup.planning.views import parts
from joinedup.planning.views.disagreements import gap_of, said_of
from joinedup.ui import Crumb, Page, WrittenDate, read_date
from joinedup.ui.decided import decision_page

MOST_FIGURE = 10**15
Errors = list[dict[str, str]]


@requires(services.RESOLVE)
@require_http_methods(["GET", "HEAD", "POST"])
def propose(request: Any, number: int) -> HttpResponseBase:
    """Propose how it is settled: one side or both change their figures, or both stand, with reason and expiry."""
    _row, gap = gap_of(number)
    acting = _acting(request, gap)
    pair = gap.disagreement.pair
    data = request.POST
    errors: Errors = []
    expires = WrittenDate()
    if request.method == "POST":
        proposal = str(data.get("proposal", ""))
        side = _side(request, acting, errors)
        values: dict[str, Any] = {}
        if proposal not in PROPOSALS:
            errors.append(parts.error(_("Choose how it is settled"), "proposal"))
        elif proposal == "both":
            values = {
                name: _figure(data, f"value_{name}", str(words.SIDES[name]).lower(), pair.unit, errors)
                for name in ("commissioner", "provider")
            }
        elif proposal not in NEEDS_TEXT:
            name = proposal.removeprefix("adjust_")
            values = {"value": _figure(data, f"value_{name}", str(words.SIDES[name]).lower(), pair.unit, errors)}
        reason = str(data.get("reason", "")).strip()
        until: date | None = None
        if proposal in NEEDS_TEXT:
            expires = read_date(data, "expires", _("The day until which it holds"))
            until = expires.value
            if len(reason) < LEAST_REASON:
                errors.append(parts.error(_("Say why, in at least 10 characters"), "reason"))
            if expires.problem:
                errors.append(parts.error(expires.problem, f"expires-{expires.first_wrong}"))
            elif until is None or until <= now().valid_on:
                errors.append(parts.error(_("Enter a day after today until which it holds"), "expires-day"))
        if not errors:
            done = _act(
                lambda: services.propose(
                    request.grant, number, proposal, acting_for=side, values=values, reason=reason, expires=until
                ),
                errors,
                "proposal",
            )
            if done:
                return _back(request, number, _("It is proposed. The other side answers."))
    return _page(
        request, "planning/propose.jinja", number, gap, _("Propose how it is settled"), errors, acting,
        expires=expires, unit={PENCE: "£", PENCE_A_UNIT: "£", PERCENT: "%"}.get(pair.unit, pair.unit),
        made_of=_made_of(gap),
    )  # fmt: skip


@requires(services.RESOLVE)
@require_http_methods(["GET", "HEAD", "POST"])
def answer(request: Any, number: int) -> HttpResponseBase:
    """Accept or reject what the other side proposed."""
    _row, gap = gap_of(number)
    acting = [one for one in _acting(request, gap) if one not in gap.accepted_by]
    if not acting and gap.state == "proposed":
        raise Refused(_("Your side proposed this; the other side answers."))
    errors: Errors = []
    if request.method == "POST":
        verdict, reason = str(request.POST.get("verdict", "")), str(request.POST.get("reason", "")).strip()
        side = _side(request, acting, errors)
        if verdict not in ("accept", "reject"):
            errors.append(parts.error(_("Choose whether you accept it"), "verdict"))
        elif verdict == "reject" and len(reason) < LEAST_REASON:
            errors.append(parts.error(_("Say why you reject it, in at least 10 characters"), "reason"))
        if not errors and verdict == "accept":
            done = _act(lambda: services.accept(request.grant, number, acting_for=side), errors, "verdict")
            text = _("It is accepted by both sides.")
            if gap.proposal and gap.proposal.action in ADJUSTMENTS:
                text = _("It is accepted by both sides. A new version of the plan carries it and was compared at once.")
        elif not errors:
            done = _act(
                lambda: services.reject(request.grant, number, acting_for=side, reason=reason), errors, "reason"
            )
            text = _("It is rejected, and open to another proposal.")
        if not errors and done:
            return _back(request, number, text)
    names = parts.names_of([*gap.sides, *(step.by.body for step in gap.steps)])
    return _page(
        request, "planning/answer.jinja", number, gap, _("Accept or reject the proposal"), errors, acting,
        proposal=said_of(gap, gap.proposal, names) if gap.proposal else None,
    )  # fmt: skip


@requires(services.RESOLVE)
@require_http_methods(["GET", "HEAD", "POST"])
def assign(request: Any, number: int) -> HttpResponseBase:
    """Say which side resolves it, and by when."""
    _row, gap = gap_of(number)
    acting = _acting(request, gap)
    errors: Errors = []
    due = WrittenDate(str(gap.due.day), str(gap.due.month), str(gap.due.year), gap.due)
    if request.method == "POST":
        side = _side(request, acting, errors)
        owner = str(request.POST.get("owner", ""))
        due = read_date(request.POST, "due", _("The day by which it is resolved"))
        if owner not in gap.sides:
            errors.append(parts.error(_("Choose who resolves it"), "owner"))
        if due.problem or due.value is None:
            errors.append(parts.error(due.problem or _("Enter the day by which it is resolved"),
                                      f"due-{due.first_wrong}"))  # fmt: skip
        elif due.value < now().valid_on:
            errors.append(parts.error(_("The day by which it is resolved must not be in the past"), "due-day"))
        if not errors and _act(
            lambda: services.assign(request.grant, number, acting_for=side, owner=owner, due=due.value), errors, "owner"
        ):
            return _back(request, number, _("It is assigned."))
    return _page(request, "planning/assign.jinja", number, gap, _("Say who resolves it, and by when"), errors, acting,
                 due=due)  # fmt: skip


@requires(services.RESOLVE)
@require_http_methods(["GET", "HEAD", "POST"])
def escalate(request: Any, number: int) -> HttpResponseBase:
    """Hand it to the system to decide, with the reason."""
    _row, gap = gap_of(number)
    acting = _acting(request, gap)
    errors: Errors = []
    if request.method == "POST":
        side = _side(request, acting, errors)
        reason = str(request.POST.get("reason", "")).strip()
        if len(reason) < LEAST_REASON:
            errors.append(parts.error(_("Say why the two sides cannot settle it, in at least 10 characters"), "reason"))
        if not errors and _act(
            lambda: services.escalate(request.grant, number, acting_for=side, reason=reason), errors, "reason"
        ):
            return _back(request, number, _("It is escalated. The system decides."))
    return _page(request, "planning/escalate.jinja", number, gap, _("Escalate it to the system"), errors, acting)


@requires(services.SIGN)
@require_http_methods(["GET", "HEAD", "POST"])
def decide(request: Any, number: int) -> HttpResponseBase:
    """Settle an escalated disagreement by a decision of the system."""
    _row, gap = gap_of(number)
    acting = _acting(request, gap)
    errors: Errors = []
    if request.method == "POST":
        side = _side(request, acting, errors)
        decision, reason = (str(request.POST.get(name, "")).strip() for name in ("decision", "reason"))
        if not decision:
            errors.append(parts.error(_("Enter the reference of the decision"), "decision"))
        if len(reason) < LEAST_REASON:
            errors.append(parts.error(_("Say what was decided and why, in at least 10 characters"), "reason"))
        if not errors and _act(
            lambda: services.arbitrate(
                request.grant, number, acting_for=side, decision_id=decision, reason=reason
            ), errors, "decision",
        ):  # fmt: skip
            return _back(request, number, _("It is decided."))
    offered = [one.reference for one in authorities_for_gap(number, now().valid_on)]
    return _page(
        request, "planning/decide.jinja", number, gap, _("Decide it for the system"), errors, acting,
        offered=offered, offered_href=decision_page(offered[0]) if offered else "",
    )  # fmt: skip


@requires(services.RESOLVE)
@require_POST
def close(request: Any, number: int) -> HttpResponseBase:
    """Say that what was agreed has been done."""
    _row, gap = gap_of(number)
    services.close(request.grant, number, acting_for=_acting(request, gap)[0])
    return _back(request, number, _("It is closed. It no longer stands in the way of signing."))


# --- inside ---------------------------------------------------------------------------------------------------------


def _page(
    request: Any, template: str, number: int, gap: OpenGap, title: str, errors: Errors, acting: list[str], **more: Any
) -> HttpResponseBase:
    pair = gap.disagreement.pair
    names = parts.names_of([*gap.sides, *acting])
    ours, theirs = gap.sides
    return Page(
        request,
        template,
        title=title,
        breadcrumbs=parts.crumbs(
            Crumb(_("Where plans disagree"), parts.href("disagreements", year=year_of(pair.period))),
            Crumb(words.subject_of(pair), parts.href("disagreement", number)),
        ),
        caption=words.subject_of(pair),
        gap=gap,
        ours=names[ours],
        theirs=names[theirs],
        sides=[{"code": code, "name": names[code]} for code in dict.fromkeys(gap.sides)],
        commissioner_says=words.figure(pair.commissioner_value, pair.unit, pair.commissioner_of),
        provider_says=words.figure(pair.provider_value, pair.unit, pair.provider_of),
        acting=[{"value": code, "text": names[code]} for code in acting],
        back=parts.href("disagreement", number),
        data=request.POST,
        errors=errors,
        **more,
    ).response(422 if errors else 200)


def _made_of(gap: OpenGap) -> str:
    """What a new figure would be done to, where it is not that of one line."""
    one = gap.disagreement
    if one.reason == "year":
        return _("A new total changes the months in which the two plans differ, in proportion to how much they differ.")
    return _("Where a figure is the sum of several lines of a plan, they change in proportion.")


def _acting(request: Any, gap: OpenGap) -> list[str]:
    """The sides for which whoever asks may act; Refused when neither is theirs."""
    found = parts.bodies_of(request.grant, gap.sides)
    if not found:
        names = parts.names_of(gap.sides)
        raise Refused(
            _("Your role is held in another body. %(sides)s settle this.")
            % {"sides": _(" and ").join(names[one] for one in dict.fromkeys(gap.sides))}
        )
    return found


def _side(request: Any, acting: list[str], errors: Errors) -> str:
    """The side for which somebody acts: the only one, or the one that was chosen."""
    if len(acting) == 1:
        return acting[0]
    chosen = str(request.POST.get("acting_for", ""))
    if chosen not in acting:
        errors.append(parts.error(_("Choose for which side you act"), "acting_for"))
    return chosen


def _figure(data: Any, box: str, side: str, unit: str, errors: Errors) -> Number:
    """A figure as it was typed, money in pounds; what is wrong with it goes to the errors."""
    text = str(data.get(box, "")).strip().replace(",", "").removeprefix("£")
    try:
        value = Decimal(text)
        is_good = value.is_finite() and abs(value) < MOST_FIGURE
    except InvalidOperation:
        value, is_good = Decimal(0), False
    if is_good and unit in (PENCE, PENCE_A_UNIT):
        value *= 100
        is_good = value == value.to_integral_value()
    if is_good and unit == PERCENT:
        is_good = 0 <= value <= 100
    if not is_good:
        pounds = _("in pounds and pence, such as 1234.56")
        example = {PENCE: pounds, PENCE_A_UNIT: pounds, PERCENT: _("in per cent, such as 92.5")}
        what = example.get(unit, _("such as 960"))
        errors.append(parts.error(_("Enter the new figure of the %(side)s, %(what)s") % {"side": side, "what": what},
                                  box))  # fmt: skip
        return 0
    return int(value) if value == value.to_integral_value() else value


def _act(act: Callable[[], Any], errors: Errors, box: str) -> bool:
    """Do it; a rule that forbids it becomes an error at a box. Refusals stay refusals."""
    try:
        act()
    except Refused:
        raise
    except ReasonRequired as error:
        errors.append(parts.error(str(error), "reason"))
    except JoinedupError as error:
        errors.append(parts.error(str(error), box))
    return not errors


def _back(request: Any, number: int, text: str) -> HttpResponseBase:
    parts.say(request, text)
    return HttpResponseRedirect(parts.href("disagreement", number))
