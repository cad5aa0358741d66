"""One form for every act on the pot: questions, what is wrong beside each, a page to check the answers, and the act.

Before the answers are shown to be checked, the act is tried and taken back, so that whatever a rule refuses (no
authority, over it, a period closed) is said beside its field in the rule's own words, and not after the last button.
The form carries its own key, so that sent twice it is one act.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Any, Literal

from django.db import transaction
from django.http import HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _

from joinedup.errors import JoinedupError, NotFound, Refused
from joinedup.moment import now
from joinedup.money.ledger.double_entry import PeriodClosed
from joinedup.money.pot.authority import NoAuthority, OverAuthority
from joinedup.money.pot.budget_lines import OverBudget, OverCommitted, RingFence, VirementImbalance
from joinedup.money.pot.funds import NoAgreement
from joinedup.money.pot.outturn import ReasonRequired
from joinedup.money.pot.plan_links import NoPlanLine
from joinedup.money.pot.spending import NotOwed
from joinedup.money.views.authorities import all_authorities
from joinedup.money.views.parts import NOTICE, day_sent, key_sent, pence_sent, text_sent, without_rule
from joinedup.ui import Crumb, Page, Table, day
from joinedup.ui.dates import PARTS
from joinedup.ui.tables import pounds

Kind = Literal["text", "long", "pounds", "percent", "number", "choice", "radios", "day"]
# Beside which field a refusal is said: the first of these fields that the form has.
FIELDS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], tuple[str, ...]], ...] = (
    ((NoAuthority, OverAuthority), ("authority",)),
    (NoAgreement, ("agreement", "sector", "on-day")),
    (PeriodClosed, ("on-day",)),
    ((OverBudget, OverCommitted, NotOwed), ("pence",)),
    ((RingFence, VirementImbalance), ("from",)),
    (ReasonRequired, ("reason",)),
    (NoPlanLine, ("plan_line",)),
    (NotFound, ("authority",)),
)


@dataclass(frozen=True, slots=True)
class Question:
    """One question: its field, what is asked, and what is said where it is not answered.

    Kinds: text, long (several lines), pounds, percent (answered as a share), number (0 or more, such as a weight),
    choice (a list), radios, and day (three boxes, `<name>_day` and so on). `items` are the choices as NHS.UK
    macros take them.
    """

    name: str
    kind: Kind
    label: str
    says: str = ""
    hint: str = ""
    items: Sequence[Mapping[str, Any]] = ()
    is_optional: bool = False
    start: str | date | None = None
    is_signed: bool = False
    group: str = ""  # questions one after the other with the same group stand in one box under its name


@dataclass(frozen=True, slots=True)
class Answers:
    """What was answered, by the questions' names: text (""), pence or a share or a day (None where left out)."""

    key: str
    values: Mapping[str, Any]

    def text(self, name: str) -> str:
        return str(self.values[name])

    def pence(self, name: str) -> int:
        return int(self.values[name])

    def day(self, name: str) -> date:
        found = self.values[name]
        assert isinstance(found, date)
        return found


@dataclass(frozen=True, slots=True)
class Act:
    """An act with its form: `do` does it, `done` answers the sentence and the address that follow.

    `prefix` begins the form's key. `check` puts what is wrong between answers into the errors, by field. `worked`
    answers tables that show beforehand what the act would do.
    """

    title: str
    button: str
    prefix: str
    breadcrumbs: Sequence[Crumb]
    questions: Sequence[Question]
    do: Callable[[Answers], object]
    done: Callable[[Answers], tuple[str, str]]
    caption: str = ""
    intro: Sequence[str] = ()
    check: Callable[[Answers, dict[str, str]], None] | None = None
    worked: Callable[[Answers], Sequence[Table]] | None = None
    tables: Sequence[Table] = ()


def answer(request: Any, act: Act) -> HttpResponseBase:
    """Answer the form, the page to check what was answered, or the way on once it is done."""
    sent = request.POST
    key = key_sent(sent, act.prefix)
    errors: dict[str, str] = {}
    if request.method == "POST" and "change" not in sent:
        got = _read(act, sent, key, errors)
        if got is not None and act.check is not None:
            act.check(got, errors)
        if got is not None and not errors:
            is_confirmed = sent.get("confirmed") == "yes"
            _attempt(act, got, errors, for_good=is_confirmed)
            if not errors and is_confirmed:
                request.session[NOTICE], where = act.done(got)
                return HttpResponseRedirect(where)
            if not errors:
                return _check_page(request, act, got)
    return Page(
        request,
        "money/act.jinja",
        title=act.title,
        breadcrumbs=list(act.breadcrumbs),
        act=act,
        groups=[(name, list(found)) for name, found in groupby(act.questions, key=lambda one: one.group)],
        key=key,
        values=sent if request.method == "POST" else _starts(act),
        errors=errors,
    ).response(422 if errors else 200)


def authority_question(act: str, *, on: date | None = None, is_optional: bool = False) -> Question:
    """Answer the question under which authority: those that allow the act on a day and have something left."""
    today = on or now().valid_on
    found = [
        {
            "value": one.id,
            "text": _("%(reference)s (%(id)s): %(left)s left")
            % {"reference": one.reference, "id": one.id, "left": pounds(one.limit_pence - used)},
        }
        for one, used in all_authorities()
        if act in one.acts
        and one.valid_from <= today < min(one.valid_to, one.revoked_on or date.max)
        and used < one.limit_pence
    ]
    none = _("Choose an authority") if found else _("There is none that allows this")
    return Question(
        "authority",
        "choice",
        _("Under which authority"),
        _("Choose the authority under which you do it"),
        hint="" if found else _("A board gives one, and until then the finance lead."),
        items=[{"value": "", "text": none}, *found],
        is_optional=is_optional,
    )


def day_question(name: str = "on", label: str = "", *, start: date | None = None) -> Question:
    """Answer the question from which day it takes effect; today at first."""
    return Question(name, "day", label or _("From which day"), _("The day"), start=start or now().valid_on)


def pounds_question(label: str = "", *, start: str = "", hint: str = "") -> Question:
    return Question("pence", "pounds", label or _("How much, in pounds"), _("The amount"), hint=hint, start=start)


def reason_question(label: str) -> Question:
    return Question("reason", "long", label, _("Say why, in a few words"))


def code_items(texts: Mapping[str, str], none: str = "") -> list[dict[str, str]]:
    """Answer choices by their codes, behind a first one that chooses nothing where `none` says it."""
    first = [{"value": "", "text": none}] if none else []
    return [*first, *({"value": code, "text": text} for code, text in texts.items())]


def _attempt(act: Act, got: Answers, errors: dict[str, str], *, for_good: bool) -> None:
    """Do the act, or only try it; what a rule refuses goes to the errors."""
    try:
        with transaction.atomic():
            act.do(got)
            if not for_good:
                transaction.set_rollback(True)
    except Refused:
        raise
    except JoinedupError as error:
        errors[_field_of(error, act)] = without_rule(error)


def _field_of(error: Exception, act: Act) -> str:
    fields = [f"{one.name}-day" if one.kind == "day" else one.name for one in act.questions]
    for kinds, names in FIELDS:
        if isinstance(error, kinds):
            for name in names:
                if name in fields:
                    return name
    return next((name for name in fields if name.endswith("-day")), fields[0])


def _read(act: Act, sent: Mapping[str, str], key: str, errors: dict[str, str]) -> Answers | None:
    values = {one.name: _read_one(one, sent, errors) for one in act.questions}
    return None if errors else Answers(key, values)


def _read_one(one: Question, sent: Mapping[str, str], errors: dict[str, str]) -> Any:
    if one.kind == "day":
        written = day_sent(sent, one.name, one.says, errors, start=date.min if one.is_optional else None)
        return written.value
    text = sent.get(one.name, "").strip()
    if one.is_optional and not text:
        return "" if one.kind in {"text", "long", "choice", "radios"} else None
    if one.kind == "pounds":
        return pence_sent(sent, one.name, one.says, errors, signed=one.is_signed)
    if one.kind in {"percent", "number"}:
        return _number(one, text, errors)
    if not text_sent(sent, one.name, one.says, errors):
        return ""
    if one.kind == "radios" and text not in {item["value"] for item in one.items}:
        errors[one.name] = one.says
    # A choice that is not offered is left to the rule: it says why the authority or line does not do.
    return text


def _number(one: Question, text: str, errors: dict[str, str]) -> Decimal | None:
    whole, most = (100, Decimal(100)) if one.kind == "percent" else (1, Decimal(10**9))
    try:
        number = Decimal(text.removesuffix("%"))
    except ArithmeticError:
        number = Decimal("NaN")
    if not number.is_finite() or not 0 <= number <= most:
        errors[one.name] = _("%(what)s must be a number from 0 to %(most)s") % {
            "what": one.says or one.label,
            "most": f"{most:,}",
        }
        return None
    return number / whole


def _starts(act: Act) -> dict[str, str]:
    """Answer what the boxes hold before anybody typed."""
    values: dict[str, str] = {}
    for one in act.questions:
        if isinstance(one.start, date):
            values |= {f"{one.name}_{part}": str(getattr(one.start, part)) for part in PARTS}
        elif one.start:
            values[one.name] = one.start
    return values


def _check_page(request: Any, act: Act, got: Answers) -> HttpResponseBase:
    names = {f"{one.name}_{part}" if one.kind == "day" else one.name for one in act.questions for part in PARTS}
    return Page(
        request,
        "money/act_check.jinja",
        title=_("Check what you are about to do"),
        breadcrumbs=list(act.breadcrumbs),
        act=act,
        answers=[
            (f"{one.group}: {one.label}" if one.group else one.label, said)
            for one in act.questions
            if (said := _said(one, got.values[one.name]))
        ],
        hidden=[("key", got.key), *((name, request.POST.get(name, "")) for name in sorted(names))],
        tables=act.worked(got) if act.worked else (),
    ).response()


def _said(one: Question, value: Any) -> str:
    if value is None or value == "":
        return ""
    if one.kind == "pounds":
        return pounds(value)
    if one.kind == "day":
        return day(value)
    if one.kind == "percent":
        return f"{(value * 100).normalize():f}%"
    if one.kind == "number":
        return f"{value.normalize():f}"
    if one.items:
        return next((str(item["text"]) for item in one.items if item["value"] == value), str(value))
    return str(value)
