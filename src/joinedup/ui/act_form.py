"""One form for every act: questions, what is wrong beside each, a page to check the answers, and the act.

Before the answers are shown to be checked, the act is tried and taken back, so that whatever a rule refuses (no
authority, over it, a period closed) is said beside its field in the rule's own words, and not after the last button.
The form carries its own key, so that sent twice it is one act.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from itertools import groupby
from typing import Any, Literal

from django.db import transaction
from django.http import HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _

from joinedup.errors import JoinedupError, Refused
from joinedup.ui.dates import PARTS, day
from joinedup.ui.pages import Crumb, Page
from joinedup.ui.sent import NOTICE, day_sent, key_sent, text_sent, time_sent, without_rule
from joinedup.ui.tables import Table, pounds

Kind = Literal["text", "long", "pounds", "percent", "number", "choice", "radios", "checks", "day", "time"]
# Beside which field a refusal is said: the first of these fields that the form has, by kinds of errors.
Fields = Sequence[tuple[type[Exception] | tuple[type[Exception], ...], tuple[str, ...]]]
# How a room reads pounds that were typed: (what was sent, field, what it is, errors, signed=...) -> pence.
ReadPounds = Callable[..., int]


@dataclass(frozen=True, slots=True)
class Question:
    """One question: its field, what is asked, and what is said where it is not answered.

    Kinds: text, long (several lines), pounds, percent (answered as a share), number (0 or more, such as a weight),
    choice (a list), radios, day (three boxes, `<name>_day` and so on), and time (a minute of a day, 10:30). `items` are
    the choices as NHS.UK macros take them.
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

    def chosen(self, name: str) -> tuple[str, ...]:
        """Answer which of several were ticked."""
        return tuple(self.values[name])

    def pence(self, name: str) -> int:
        return int(self.values[name])

    def day(self, name: str) -> date:
        found = self.values[name]
        assert isinstance(found, date)
        return found

    def time(self, name: str) -> time:
        found = self.values[name]
        assert isinstance(found, time)
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


def answer(request: Any, act: Act, *, fields: Fields = (), read_pounds: ReadPounds | None = None) -> HttpResponseBase:
    """Answer the form, the page to check what was answered, or the way on once it is done.

    `fields` says beside which field a refusal stands; a room whose forms ask for pounds says how they are read.
    """
    sent = request.POST
    key = key_sent(sent, act.prefix)
    errors: dict[str, str] = {}
    if request.method == "POST" and "change" not in sent:
        got = _read(act, sent, key, errors, read_pounds)
        if got is not None and act.check is not None:
            act.check(got, errors)
        if got is not None and not errors:
            is_confirmed = sent.get("confirmed") == "yes"
            _attempt(act, got, errors, fields, for_good=is_confirmed)
            if not errors and is_confirmed:
                request.session[NOTICE], where = act.done(got)
                return HttpResponseRedirect(where)
            if not errors:
                return _check_page(request, act, got)
    return Page(
        request,
        "ui/act.jinja",
        title=act.title,
        breadcrumbs=list(act.breadcrumbs),
        act=act,
        groups=[(name, list(found)) for name, found in groupby(act.questions, key=lambda one: one.group)],
        key=key,
        values=sent if request.method == "POST" else _starts(act),
        ticked={
            one.name: sent.getlist(one.name) if request.method == "POST" else str(one.start or "").split(",")
            for one in act.questions
            if one.kind == "checks"
        },
        errors=errors,
    ).response(422 if errors else 200)


def code_items(texts: Mapping[str, str], none: str = "") -> list[dict[str, str]]:
    """Answer choices by their codes, behind a first one that chooses nothing where `none` says it."""
    first = [{"value": "", "text": none}] if none else []
    return [*first, *({"value": code, "text": text} for code, text in texts.items())]


def _attempt(act: Act, got: Answers, errors: dict[str, str], where: Fields, *, for_good: bool) -> None:
    """Do the act, or only try it; what a rule refuses goes to the errors."""
    try:
        with transaction.atomic():
            act.do(got)
            if not for_good:
                transaction.set_rollback(True)
    except Refused:
        raise
    except JoinedupError as error:
        errors[_field_of(error, act, where)] = without_rule(error)


def _field_of(error: Exception, act: Act, where: Fields) -> str:
    fields = [f"{one.name}-day" if one.kind == "day" else one.name for one in act.questions]
    for kinds, names in where:
        if isinstance(error, kinds):
            for name in names:
                if name in fields:
                    return name
    return next((name for name in fields if name.endswith("-day")), fields[0])


def _read(act: Act, sent: Any, key: str, errors: dict[str, str], read_pounds: ReadPounds | None) -> Answers | None:
    values = {one.name: _read_one(one, sent, errors, read_pounds) for one in act.questions}
    return None if errors else Answers(key, values)


def _read_one(one: Question, sent: Any, errors: dict[str, str], read_pounds: ReadPounds | None) -> Any:
    if one.kind == "day":
        written = day_sent(sent, one.name, one.says, errors, start=date.min if one.is_optional else None)
        return written.value
    if one.kind == "checks":
        known = {str(item["value"]) for item in one.items}
        ticked = tuple(value for value in sent.getlist(one.name) if value in known)
        if not ticked and not one.is_optional:
            errors[one.name] = one.says
        return ticked
    text = sent.get(one.name, "").strip()
    if one.is_optional and not text:
        return "" if one.kind in {"text", "long", "choice", "radios"} else None
    if one.kind == "pounds":
        assert read_pounds is not None, "a form that asks for pounds says how they are read"
        return read_pounds(sent, one.name, _what(one), errors, signed=one.is_signed)
    if one.kind == "time":
        return time_sent(sent, one.name, one.says, errors)
    if one.kind in {"percent", "number"}:
        return _number(one, text, errors)
    if not text_sent(sent, one.name, one.says, errors):
        return ""
    if one.kind == "radios" and text not in {item["value"] for item in one.items}:
        errors[one.name] = one.says
    # A choice that is not offered is left to the rule: it says why the authority or line does not do.
    return text


def _what(one: Question) -> str:
    """Answer what a message calls a question; of several alike, each says in which box it stands."""
    said = one.says or one.label
    return f"{one.group}, {said}" if one.group and one.group not in said else said


def _number(one: Question, text: str, errors: dict[str, str]) -> Decimal | None:
    whole, most = (100, Decimal(100)) if one.kind == "percent" else (1, Decimal(10**9))
    try:
        number = Decimal(text.removesuffix("%"))
    except ArithmeticError:
        number = Decimal("NaN")
    if not number.is_finite() or not 0 <= number <= most:
        errors[one.name] = _("%(what)s must be a number from 0 to %(most)s") % {
            "what": _what(one),
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
        "ui/act_check.jinja",
        title=_("Check what you are about to do"),
        breadcrumbs=list(act.breadcrumbs),
        act=act,
        answers=[
            (f"{one.group}: {one.label}" if one.group else one.label, said)
            for one in act.questions
            if (said := _said(one, got.values[one.name]))
        ],
        hidden=[
            ("key", got.key),
            *((name, value) for name in sorted(names) for value in request.POST.getlist(name) or [""]),
        ],
        tables=act.worked(got) if act.worked else (),
    ).response()


def _said(one: Question, value: Any) -> str:
    if value is None or value == "":
        return ""
    if one.kind == "pounds":
        return pounds(value)
    if one.kind == "day":
        return day(value)
    if one.kind == "time":
        return f"{value:%H:%M}"
    if one.kind == "percent":
        return f"{(value * 100).normalize():f}%"
    if one.kind == "number":
        return f"{value.normalize():f}"
    if one.kind == "checks":
        return ", ".join(str(item["text"]) for item in one.items if item["value"] in value)
    if one.items:
        return next((str(item["text"]) for item in one.items if item["value"] == value), str(value))
    return str(value)
