"""What is done with a contract by forms: its award step by step, money bound for it, its quality, deductions."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from joinedup.access import requires
from joinedup.errors import NotFound, RuleError
from joinedup.moment import now
from joinedup.money import models
from joinedup.money.contracts import contracting, reading
from joinedup.money.contracts.awards import first_day_to_award
from joinedup.money.contracts.contract import Contract
from joinedup.money.ledger.reading import availabilities
from joinedup.money.views.act_form import (
    Act,
    Answers,
    Question,
    answer,
    authority_question,
    code_items,
    day_question,
    pounds_question,
    reason_question,
)
from joinedup.money.views.parts import crumbs
from joinedup.planning import bank_holidays
from joinedup.ui import Crumb, day
from joinedup.ui.tables import pounds

METHODS = ["GET", "HEAD", "POST"]


@requires(contracting.CONTRACT)
@require_http_methods(METHODS)
def publish(request: Any, code: str) -> HttpResponseBase:
    """Publish the next notice of the award; everybody reads it at once."""
    one = contract_of(code)
    kind, title = next_notice(one)
    if not kind:
        raise NotFound(_("No notice of this contract waits to be published."))
    return answer(
        request,
        Act(
            _("Publish: %(title)s") % {"title": _(title)},
            _("Publish this notice"),
            "notice",
            contract_crumbs(one),
            [
                Question(
                    "text", "long", _("What the notice says"), _("Write what the notice says"),
                    _("Everybody reads it. Name nobody."),
                ),
                day_question("published", _("Day of the notice")),
            ],
            lambda got: contracting.publish_notice(request.grant, code, kind, got.day("published"), got.text("text")),
            lambda got: (_("The notice is published."), href(code)),
            caption=one.title,
            intro=[_("%(process)s.") % {"process": _(reading.process_of(one).title)}],
        ),
    )  # fmt: skip


@requires(contracting.CONTRACT)
@require_http_methods(METHODS)
def sign(request: Any, code: str) -> HttpResponseBase:
    one = contract_of(code)
    return answer(
        request,
        Act(
            _("Sign the contract"),
            _("Sign this contract"),
            "sign",
            contract_crumbs(one),
            [day_question("signed", _("Day of the signature"))],
            lambda got: contracting.sign_contract(request.grant, code, got.day("signed")),
            lambda got: (_("The contract is signed. Bind money for it next."), href(code)),
            caption=one.title,
            intro=[
                _("By this it is awarded. Every notice that comes before must be out, and standstill over."),
                _("Whole value: %(sum)s.") % {"sum": pounds(one.total_p)},
            ],
        ),
    )


@requires(contracting.CONTRACT)
@require_http_methods(METHODS)
def represent(request: Any, code: str) -> HttpResponseBase:
    """Write down that a provider challenged the award within standstill."""
    one = contract_of(code)
    intro = [_("Nothing is signed before it is answered.")]
    if intention := reading.published_of(code).get("intention"):
        last = first_day_to_award(intention, bank_holidays()) - timedelta(days=1)
        intro.append(
            _("A representation may come from %(first)s to %(last)s.") % {"first": day(intention), "last": day(last)}
        )
    return answer(
        request,
        Act(
            _("Record a representation against the award"),
            _("Record it"),
            "representation",
            contract_crumbs(one),
            [
                Question("text", "long", _("What it says"), _("Write what the representation says")),
                day_question("came", _("Day on which it came")),
            ],
            lambda got: contracting.record_representation(request.grant, code, got.day("came"), got.text("text")),
            lambda got: (_("It is recorded. Answer it next."), href(code)),
            caption=one.title,
            intro=intro,
        ),
    )


@requires(contracting.CONTRACT)
@require_http_methods(METHODS)
def answer_representation(request: Any, code: str) -> HttpResponseBase:
    one = contract_of(code)
    waiting = reading.open_representations(code)
    return answer(
        request,
        Act(
            _("Answer a representation"),
            _("Record the answer"),
            "answer",
            contract_crumbs(one),
            [
                Question(
                    "outcome", "radios", _("What comes of it?"), _("Choose what comes of it"),
                    items=code_items({key: _(text) for key, text in contracting.OUTCOMES.items()}),
                ),
                Question("text", "long", _("What was answered"), _("Write what was answered")),
                day_question("answered", _("Day of the answer")),
            ],
            lambda got: contracting.answer_representation(
                request.grant, code, got.day("answered"), got.text("text"), outcome=got.text("outcome")
            ),
            lambda got: (_("The answer is recorded."), href(code)),
            caption=one.title,
            intro=[f"{day(entry.on)}: {entry.text}" for entry in waiting]
            or [_("No representation waits for an answer.")],
        ),
    )  # fmt: skip


@requires("money.post")
@require_http_methods(METHODS)
def bind(request: Any, code: str) -> HttpResponseBase:
    """Promise money of a budget line to the contract, under an authority."""
    one = contract_of(code)
    lines = list(models.BudgetLine.objects.filter(year__in=one.years).order_by("year", "name"))
    left = availabilities(line.code for line in lines)
    bound = reading.bindings_of(code)
    unbound = {
        year: pence - sum(made.standing.made - made.standing.released for made in bound if made.year == year)
        for year, pence in one.values
    }
    items = code_items(
        {
            line.code: _("%(name)s, %(year)s: %(left)s available")
            % {"name": line.name, "year": line.year, "left": pounds(left[line.code].available)}
            for line in lines
        },
        _("Choose a budget line") if lines else _("There is no budget line of its years"),
    )  # fmt: skip
    return answer(
        request,
        Act(
            _("Bind money for the contract"),
            _("Bind this money"),
            "bind",
            contract_crumbs(one),
            [
                pounds_question(),
                Question("line", "choice", _("Of which budget line"), _("Choose the budget line"), items=items),
                authority_question("commitment"),
                day_question("bound", _("From which day")),
            ],
            lambda got: contracting.bind_money(
                request.grant, code, got.pence("pence"), budget_line=got.text("line"),
                authority_id=got.text("authority"), on=got.day("bound"),
            ),
            lambda got: (
                _("%(sum)s are bound for this contract.") % {"sum": pounds(got.pence("pence"))}, href(code)
            ),
            caption=one.title,
            intro=[
                _("%(year)s: %(sum)s of its value are not bound yet.") % {"year": year, "sum": pounds(pence)}
                for year, pence in unbound.items()
            ],
        ),
    )  # fmt: skip


@requires(contracting.CONTRACT)
@require_http_methods(METHODS)
def quality(request: Any, code: str) -> HttpResponseBase:
    """Write down a month's figures of the quality schedule, or excuse those of which no data came."""
    one = contract_of(code)
    if not one.metrics:
        raise NotFound(_("This contract has no quality schedule. Change the contract to give it one."))
    questions = [_month_question(_("Of which month"))]
    for place, metric in enumerate(one.metrics):
        hint = _("Earns from %(floor)s, all at %(ceiling)s; weight %(weight)s. Leave empty what is not new.") % {
            "floor": f"{metric.floor:f}", "ceiling": f"{metric.ceiling:f}", "weight": f"{metric.weight:f}",
        }  # fmt: skip
        questions += [
            Question(f"value-{place}", "text", metric.name, hint=hint, is_optional=True),
            Question(
                f"why-{place}", "text", _("Why %(name)s is excused") % {"name": metric.name}, is_optional=True,
                hint=_("Only where there are no data and that is excused: its weight then goes to the others."),
            ),
        ]  # fmt: skip
    return answer(
        request,
        Act(
            _("Write down what was achieved"),
            _("Write it down"),
            "quality",
            contract_crumbs(one),
            questions,
            lambda got: contracting.write_quality(
                request.grant, code, reading.month_of(got.text("month")), _scores(one, got)
            ),
            lambda got: (_("It is written down; the next settlement counts it."), href(code)),
            caption=one.title,
            intro=[_("A measure of which nothing was ever written earns nothing.")],
            check=lambda got, errors: _check_quality(one, got, errors),
        ),
    )


@requires(contracting.CONTRACT)
@require_http_methods(METHODS)
def deduct(request: Any, code: str) -> HttpResponseBase:
    one = contract_of(code)
    return answer(
        request,
        Act(
            _("Take something off the payment"),
            _("Take it off"),
            "deduct",
            contract_crumbs(one),
            [
                pounds_question(_("How much, in pounds")),
                _month_question(_("From which month")),
                reason_question(_("Why, by which clause of the contract?")),
            ],
            lambda got: contracting.deduct(
                request.grant, code, reading.month_of(got.text("month")), got.pence("pence"), got.text("reason")
            ),
            lambda got: (_("It is written down; the next settlement takes it off."), href(code)),
            caption=one.title,
            intro=[_("It is taken off once in the financial year, and stands on the statement with its reason.")],
            check=_check_month,
        ),
    )


@requires(contracting.CONTRACT)
@require_http_methods(METHODS)
def take_back(request: Any, code: str, number: int) -> HttpResponseBase:
    """Take a deduction back: the next settlement pays it."""
    one = contract_of(code)
    found = next((entry for entry in reading.standing_deductions(code) if entry.pk == number), None)
    if found is None:
        raise NotFound(_("There is no such deduction that stands."))
    said = _("%(sum)s, from %(month)s: %(why)s") % {
        "sum": pounds(int(found.value)), "month": f"{found.on:%B %Y}", "why": found.key,
    }  # fmt: skip
    return answer(
        request,
        Act(
            _("Take a deduction back"),
            _("Take it back"),
            "take-back",
            contract_crumbs(one),
            [reason_question(_("Why is it taken back?"))],
            lambda got: contracting.take_back_deduction(request.grant, code, number, got.text("reason")),
            lambda got: (_("It is taken back; the next settlement pays it."), href(code)),
            caption=one.title,
            intro=[said],
        ),
    )


def contract_of(code: str) -> Contract:
    """Answer what a contract says last; NotFound for none."""
    return reading.versions_of(code)[-1].contract


def contract_crumbs(one: Contract) -> list[Crumb]:
    return crumbs(Crumb(_("Contracts"), reverse("money:contracts")), Crumb(one.title, href(one.code)))


def href(code: str) -> str:
    return reverse("money:contract", args=[code])


def next_notice(one: Contract) -> tuple[str, str]:
    """Answer (kind, title) of the notice that is to be published next, ("", "") where none is."""
    signed = reading.signed_on(one.code)
    for found in reading.award_standing(one, now().valid_on):
        if found.state in ("due", "late") and found.published_on is None:
            return (found.kind, found.title) if found.is_before_award or signed is not None else ("", "")
    return "", ""


def last_month() -> str:
    """Answer the last month that is over, as 2026-03."""
    today = now().valid_on
    return f"{today.replace(day=1) - timedelta(days=1):%Y-%m}"


def _month_question(label: str) -> Question:
    return Question(
        "month", "text", label, _("Give the month, such as 2026-03"), _("Year and month, such as 2026-03."),
        start=last_month(),
    )  # fmt: skip


def _check_month(got: Answers, errors: dict[str, str]) -> date | None:
    try:
        return reading.month_of(got.text("month"))
    except RuleError as error:
        errors["month"] = str(error)
    return None


def _check_quality(one: Contract, got: Answers, errors: dict[str, str]) -> None:
    _check_month(got, errors)
    for place, _metric in enumerate(one.metrics):
        try:
            _figure(got.text(f"value-{place}"))
        except InvalidOperation:
            errors[f"value-{place}"] = _("What was achieved must be a number, such as 92.5")
    if not errors and not _scores(one, got):
        errors["value-0"] = _("Give a figure, or say why a measure is excused")


def _scores(one: Contract, got: Answers) -> dict[str, tuple[Decimal | None, str]]:
    found = {}
    for place, metric in enumerate(one.metrics):
        value, why = _figure(got.text(f"value-{place}")), got.text(f"why-{place}")
        if value is not None or why:
            found[metric.name] = value, why
    return found


def _figure(text: str) -> Decimal | None:
    if not text:
        return None
    figure = Decimal(text)
    if not figure.is_finite():
        raise InvalidOperation
    return figure
