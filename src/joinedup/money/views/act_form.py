"""The forms for acts on the pot: the form of `ui`, which errors stand beside which field, and its usual questions."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _

from joinedup.errors import NotFound
from joinedup.moment import now
from joinedup.money.ledger.double_entry import PeriodClosed
from joinedup.money.pot.authority import NoAuthority, OverAuthority
from joinedup.money.pot.budget_lines import OverBudget, OverCommitted, RingFence, VirementImbalance
from joinedup.money.pot.funds import NoAgreement
from joinedup.money.pot.outturn import ReasonRequired
from joinedup.money.pot.plan_links import NoPlanLine
from joinedup.money.pot.spending import NotOwed
from joinedup.money.views.authorities import all_authorities
from joinedup.money.views.parts import pence_sent
from joinedup.ui import act_form
from joinedup.ui.act_form import Act, Answers, Fields, Question, code_items
from joinedup.ui.tables import pounds

__all__ = [
    "Act", "Answers", "Question", "answer", "authority_question", "code_items", "day_question", "pounds_question",
    "reason_question",
]  # fmt: skip
# Beside which field a refusal is said: the first of these fields that the form has.
FIELDS: Final[Fields] = (
    ((NoAuthority, OverAuthority), ("authority",)),
    (NoAgreement, ("agreement", "sector", "on-day")),
    (PeriodClosed, ("on-day",)),
    ((OverBudget, OverCommitted, NotOwed), ("pence",)),
    ((RingFence, VirementImbalance), ("from",)),
    (ReasonRequired, ("reason",)),
    (NoPlanLine, ("plan_line",)),
    (NotFound, ("authority",)),
)


def answer(request: Any, act: Act) -> HttpResponseBase:
    """Answer the form, the page to check what was answered, or the way on once it is done."""
    return act_form.answer(request, act, fields=FIELDS, read_pounds=pence_sent)


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
    """Answer the question from which day it takes effect; today at first. Of several in a form, each says which."""
    says = f"“{label}”" if label else _("The day")
    return Question(name, "day", label or _("From which day"), says, start=start or now().valid_on)


def pounds_question(label: str = "", *, start: str = "", hint: str = "") -> Question:
    return Question("pence", "pounds", label or _("How much, in pounds"), _("The amount"), hint=hint, start=start)


def reason_question(label: str) -> Question:
    return Question("reason", "long", label, _("Say why, in a few words"))
