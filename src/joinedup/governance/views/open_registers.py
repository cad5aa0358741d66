"""The register of interests and how far boards publish what they must, for everybody, without a sign-in."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from joinedup.access import requires
from joinedup.errors import RuleError
from joinedup.governance.assurance.scrutiny import ORIGINS
from joinedup.governance.boards.governance_models import model_named
from joinedup.governance.interests.register import TYPES
from joinedup.governance.kept.open_registers import (
    DecidedYear,
    open_compliance,
    open_decided_year,
    open_interests,
    open_scrutiny,
)
from joinedup.governance.meetings.chain import TIERS
from joinedup.governance.publication.pack import hash_of_content
from joinedup.governance.publication.register import FIGURES, ComplianceReport
from joinedup.governance.views.open_stamp import OPEN, stamp
from joinedup.governance.views.scrutiny import standing_said
from joinedup.moment import Moment, now
from joinedup.ui import Column, Crumb, Page, Table


@requires(OPEN)
@require_safe
def interests(request: Any) -> HttpResponseBase:
    """What members declared, as the register publishes it; withdrawn six months after an interest ended."""
    present = now()
    found = open_interests(request.moment, present)
    return Page(
        request,
        "governance/open_interests.jinja",
        title=_("Interests that members declared"),
        breadcrumbs=[Crumb(_("Who decides"), reverse("open_boards:boards"))],
        interests=Table(
            [
                Column("name", _("Name")),
                Column("type", _("Kind")),
                Column("org", _("With whom")),
                Column("description", _("What it is")),
                Column("since", _("Since"), "date"),
                Column("until", _("Until"), "date"),
            ],
            [
                {
                    "name": name, "type": _(TYPES.get(kind, kind)), "org": org, "description": text, "since": since,
                    "until": until,
                }
                for name, kind, org, text, since, until in found.rows
            ],
            caption=_("Declared interests"),
            name="interests",
            empty=_("No interest is published for this day."),
        ),
        nil=found.nil,
        held_back=found.held_back,
        stamp=stamp(request, found, lambda moment: open_interests(moment, present)),
    ).response()  # fmt: skip


@requires(OPEN)
@require_safe
def scrutiny(request: Any) -> HttpResponseBase:
    """What boards referred to those who scrutinise them and were asked by them, and the answers, where public."""
    found = open_scrutiny(request.moment, now())
    return Page(
        request,
        "governance/open_scrutiny.jinja",
        title=_("What scrutiny asked, and the answers"),
        breadcrumbs=[Crumb(_("Who decides"), reverse("open_boards:boards"))],
        matters=Table(
            [
                Column("matter", _("Matter")), Column("with", _("With whom")), Column("origin", _("Who began")),
                Column("board", _("Board")), Column("on", _("Asked on"), "date"),
                Column("due", _("Answer due by"), "date"), Column("stands", _("Stands")),
                Column("answer", _("Answer")),
            ],
            [
                {
                    "matter": one.matter, "with": one.to, "origin": _(ORIGINS[one.origin]), "board": one.board,
                    "on": one.asked_on, "due": one.answer_by, "stands": standing_said(one.standing),
                    "answer": one.answer,
                }
                for one in found.rows
            ],
            caption=_("Referred and asked, what waits first"), name="scrutiny",
            empty=_("Nothing is referred and nothing was asked by this day."),
        ),
        stamp=stamp(request, found, lambda moment: open_scrutiny(moment, now())),
    ).response()  # fmt: skip


@dataclass(frozen=True)
class _Answer:
    report: ComplianceReport
    decided: DecidedYear

    @property
    def content_hash(self) -> str:
        return hash_of_content([
            [(one.board, one.percents) for one in self.report.boards], self.decided.tiers, self.decided.loads,
        ])  # fmt: skip


@requires(OPEN)
@require_safe
def compliance(request: Any) -> HttpResponseBase:
    """How far each board published papers in time, met in public, published minutes and confirmed the register."""
    moment: Moment = request.moment
    newest = moment.valid_on.year - (moment.valid_on.month < 4)
    asked = request.GET.get("year", "") or str(newest)
    if not (asked.isascii() and asked.isdigit() and newest - 30 <= int(asked) <= newest):
        raise RuleError(
            _("'%(year)s' is no financial year up to this one; expected one such as %(newest)s.")
            % {"year": asked[:20], "newest": newest}
        )
    year = int(asked)
    said = f"{year}/{(year + 1) % 100:02d}"
    found = _answer(year, moment)
    return Page(
        request,
        "governance/open_compliance.jinja",
        title=_("Do boards publish what they must?"),
        breadcrumbs=[Crumb(_("Who decides"), reverse("open_boards:boards"))],
        year=year,
        years=list(range(newest, newest - 5, -1)),
        boards=Table(
            [
                Column("board", _("Board")),
                *(
                    Column(f"figure{n}", f"{_(one[:1].upper() + one[1:])} (%)", "number", decimals=1, mark_key="none")
                    for n, one in enumerate(FIGURES)
                ),
            ],
            [
                {"board": row.board, "none": _("None due")} | {f"figure{n}": one for n, one in enumerate(row.percents)}
                for row in found.report.boards
            ],
            caption=_("What boards published in %(year)s") % {"year": said},
            name="boards",
            empty=_("No board sat in this year."),
        ),
        at_zero=[(_(one), count) for one, count in zip(FIGURES, found.report.at_zero, strict=True)],
        tiers=Table(
            [
                Column("tier", _("Tier")), Column("decisions", _("Decisions"), "number"),
                Column("share", _("Share (%)"), "number", decimals=1),
            ],
            [
                {"tier": _(TIERS[tier]), "decisions": count, "share": Decimal(share)}
                for tier, count, share in found.decided.tiers
            ],
            caption=_("At which tier decisions were taken in %(year)s") % {"year": said}, name="tiers",
            empty=_("No board decided anything in this year."),
        ),
        loads=Table(
            [
                Column("model", _("Governance model")), Column("items", _("Items decided"), "number"),
                Column("excluded", _("Members excluded"), "number"),
                Column("load", _("Excluded for each item"), "number", decimals=2),
            ],
            [
                {"model": model_named(model).title, "items": items, "excluded": excluded, "load": Decimal(load)}
                for model, items, excluded, load in found.decided.loads
            ],
            caption=_("How often a conflict kept members from deciding in %(year)s") % {"year": said}, name="loads",
            empty=_("No item was decided in this year."),
        ),
        stamp=stamp(request, found, lambda when: _answer(year, when)),
    ).response()  # fmt: skip


def _answer(year: int, moment: Moment) -> _Answer:
    return _Answer(open_compliance(year, moment), open_decided_year(year, moment))
