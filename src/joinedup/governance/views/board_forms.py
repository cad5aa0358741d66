"""Keeping boards by forms: setting one up, its terms, its end, and the governance model of a system."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from joinedup.access import requires
from joinedup.errors import NotFound
from joinedup.governance import models
from joinedup.governance.acts import boards as acts
from joinedup.governance.boards.governance_models import governance_models
from joinedup.governance.boards.seats import CATEGORIES
from joinedup.governance.kept.boards import board_of, terms_on
from joinedup.governance.meetings.chain import TIERS
from joinedup.governance.views.boards import quorum_said
from joinedup.governance.views.parts import board_crumb, crumbs
from joinedup.moment import Moment, now
from joinedup.system import as_of
from joinedup.ui.act_form import Act, Answers, Question, answer, code_items

YES_NO = {"yes": "Yes", "no": "No"}
HALF: Final = {"fraction": "1/2", "plus": 1}
BASES = {"all": "All voting seats", "filled": "Voting seats that somebody holds"}


@requires("governance.keep")
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: Any) -> HttpResponseBase:
    """Set up a board or committee with its first terms; seats and people follow on its page."""
    moment = now()
    systems = _systems(moment)
    questions = [
        Question("system", "choice", _("Which system is it of?"), _("Choose which system it is of"),
                 items=code_items(systems, _("Choose a system"))),
        Question("tier", "radios", _("At which level does it decide?"), _("Choose at which level it decides"),
                 items=code_items({one: _(text) for one, text in TIERS.items()})),
        Question("key", "text", _("A short key for addresses"), _("Give it a key"),
                 hint=_("Small letters and hyphens, such as hwe-board. It stays, whatever the board is called later.")),
        Question("joint_of", "text", _("Of which bodies is it a committee?"), is_optional=True,
                 hint=_("Their codes with commas between them, such as QM7, RWR. Several make it a joint committee.")),
        Question("care_group", "text", _("For which group of residents, if for one?"), is_optional=True,
                 hint=_("Such as mental health and learning disability")),
        Question("partnership", "radios", _("Is it the partnership board of its system?"),
                 _("Say whether it is the partnership board"), start="no", hint=_("A system has one at a time."),
                 items=code_items({one: _(text) for one, text in YES_NO.items()})),
        *_terms_questions(None),
        Question("since", "day", _("From which day on does it sit?"), _("The first day"), start=moment.valid_on),
    ]  # fmt: skip

    def check(got: Answers, errors: dict[str, str]) -> None:
        if got.text("system") not in systems:
            errors["system"] = _("Choose which system it is of")
        _check_terms(got, errors)

    def do(got: Answers) -> None:
        acts.create_board(
            request.grant, got.text("key"), system=got.text("system"), tier=got.text("tier"), since=got.day("since"),
            joint_of=[one.strip() for one in got.text("joint_of").split(",") if one.strip()],
            care_group=got.text("care_group"), is_partnership_board=got.text("partnership") == "yes",
            terms_version=got.text("version"), **_says(got, HALF),
        )  # fmt: skip

    def done(got: Answers) -> tuple[str, str]:
        return _("The board is set up. Now give it its seats."), _board(got.text("key"))

    return answer(
        request,
        Act(_("Set up a board"), _("Set up this board"), "board", crumbs(), questions, do, done, check=check),
        fields=[(NotFound, ("joint_of",))],
    )


@requires("governance.keep")
@require_http_methods(["GET", "HEAD", "POST"])
def terms(request: Any, key: str) -> HttpResponseBase:
    """Change the terms of a board from a day on; what it decided before stays under the terms of its day."""
    moment = now()
    board_of(key)
    held = terms_on(key, moment)
    questions = [
        *_terms_questions(held),
        Question("since", "day", _("From which day on?"), _("The first day"), start=moment.valid_on),
        Question("reason", "long", _("What is the change based on?"), _("Say what the change is based on"),
                 hint=_("Such as the decision of the board of 23 September 2022.")),
    ]  # fmt: skip

    def do(got: Answers) -> None:
        acts.change_terms(
            request.grant, key, version=got.text("version"), since=got.day("since"), reason=got.text("reason"),
            **_says(got, HALF if "fixed" in held.quorum["need"] else held.quorum["need"]),
        )  # fmt: skip

    def done(_got: Answers) -> tuple[str, str]:
        return _("The terms hold from that day. Decisions of before keep the terms of their day."), _board(key)

    return answer(
        request,
        Act(_("Change the terms of a board"), _("Change these terms"), "terms", crumbs(board_crumb(key, moment)),
            questions, do, done, caption=held.name, check=_check_terms),
    )  # fmt: skip


@requires("governance.keep")
@require_http_methods(["GET", "HEAD", "POST"])
def end(request: Any, key: str) -> HttpResponseBase:
    """Say that a board sits no longer from a day on; all of it stays to be read."""
    moment = now()
    held = terms_on(board_of(key).key, moment)
    questions = [
        Question("on", "day", _("From which day on does it sit no longer?"), _("The day"), start=moment.valid_on),
        Question("reason", "long", _("Why does it end?"), _("Say in a few words why it ends")),
    ]

    def do(got: Answers) -> None:
        acts.end_board(request.grant, key, on=got.day("on"), reason=got.text("reason"))

    def done(_got: Answers) -> tuple[str, str]:
        return _("The board ends on that day, and whoever sits on it leaves with it."), reverse("governance:start")

    return answer(
        request,
        Act(_("End a board"), _("End this board"), "end-board", crumbs(board_crumb(key, moment)), questions, do, done,
            caption=held.name),
    )  # fmt: skip


@requires("governance.keep")
@require_http_methods(["GET", "HEAD", "POST"])
def model(request: Any) -> HttpResponseBase:
    """Put a system under a governance model from a day on; older decisions are read under theirs for ever (G1)."""
    moment = now()
    systems = _systems(moment)
    known = {key: _(one.title) for key, one in governance_models().items()}
    questions = [
        Question("system", "choice", _("Which system?"), _("Choose which system"),
                 items=code_items(systems, _("Choose a system"))),
        Question("model", "radios", _("By which model does it decide?"), _("Choose a model"), items=code_items(known)),
        Question("since", "day", _("From which day on?"), _("The first day"), start=moment.valid_on),
        Question("reason", "long", _("What is it based on?"), _("Say what it is based on"),
                 hint=_("Such as an Act and its section.")),
    ]  # fmt: skip

    def check(got: Answers, errors: dict[str, str]) -> None:
        if got.text("system") not in systems:
            errors["system"] = _("Choose which system")

    def do(got: Answers) -> None:
        acts.put_under_model(
            request.grant, got.text("system"), got.text("model"), since=got.day("since"), reason=got.text("reason")
        )

    def done(_got: Answers) -> tuple[str, str]:
        told = _("The model holds from that day. What was decided before is read under the model of its day.")
        return told, reverse("governance:start")

    return answer(
        request,
        Act(_("Choose how a system decides"), _("Put it under this model"), "model", crumbs(), questions, do, done,
            check=check),
    )  # fmt: skip


def _terms_questions(held: models.BoardTerms | None) -> list[Question]:
    quorum: Mapping[str, Any] = held.quorum if held else {}
    fixed = quorum.get("need", {}).get("fixed")
    said = _("Left out, it stays as it is: %(quorum)s.") % {"quorum": quorum_said(held.quorum)} if held else ""
    said = "" if fixed else said
    yes_no = code_items({one: _(text) for one, text in YES_NO.items()})
    return [
        Question("name", "text", _("What is it called?"), _("Say what it is called"),
                 start=held.name if held else None),
        Question("version", "text", _("Version of the terms of reference"), _("Name the version of the terms"),
                 start=None if held else "1", hint=_("Such as 2, or 2022-07")),
        Question("fixed", "number", _("How many people must be there?"), is_optional=True,
                 start=str(fixed) if fixed else None, group=_("Quorum of an item"),
                 hint=said or _("Left out, more than half of the seats below must be there.")),
        Question("base", "radios", _("Half of which seats?"), _("Choose of which seats"), group=_("Quorum of an item"),
                 items=code_items({one: _(text) for one, text in BASES.items()}), start=quorum.get("base", "all")),
        Question("kinds", "checks", _("Which kinds must be among them?"), is_optional=True,
                 group=_("Quorum of an item"), items=code_items({one: _(text) for one, text in CATEGORIES.items()}),
                 start=",".join(quorum.get("categories", ()))),
        Question("conflicted", "radios", _("Does somebody with a conflict count?"), _("Say whether a conflict counts"),
                 group=_("Quorum of an item"), items=yes_no,
                 start="yes" if quorum.get("conflicted") == "counted" else "no"),
        Question("composition", "long", _("Which seats must it have?"), is_optional=True,
                 hint=_("One kind a line with its least number, such as: non_exec 2. Kinds: %(kinds)s.")
                 % {"kinds": ", ".join(CATEGORIES)},
                 start="\n".join(_composition_said(one) for one in held.composition) if held else None),
        Question("casting", "radios", _("Has whoever presides a casting vote?"), _("Say whether there is one"),
                 items=yes_no, start=_yes(held.has_casting_vote if held else True)),
        Question("proxies", "radios", _("May members vote by proxy?"), _("Say whether proxies are allowed"),
                 items=yes_no, start=_yes(held.proxies if held else False)),
        Question("public", "radios", _("Does it meet in public?"), _("Say whether it meets in public"), items=yes_no,
                 start=_yes(held.is_public if held else True)),
        Question("scrutinised_by", "text", _("Which committee scrutinises it?"), is_optional=True,
                 start=held.scrutinised_by if held else None),
    ]  # fmt: skip


def _check_terms(got: Answers, errors: dict[str, str]) -> None:
    fixed = got.values["fixed"]
    if fixed is not None and (fixed != int(fixed) or fixed < 1):
        errors["fixed"] = _("People are a whole number, 1 or more")
    for line in _lines(got.text("composition")):
        kind, *numbers = line
        if kind not in CATEGORIES or not 1 <= len(numbers) <= 2 or not all(one.isdigit() for one in numbers):
            errors["composition"] = _("'%(line)s' is no line such as: non_exec 2, or non_exec 2 5") % {
                "line": " ".join(line)
            }
            return


def _says(got: Answers, need: Mapping[str, Any]) -> dict[str, Any]:
    """Answer what the answers say as the acts take it; `need` holds where no number of people is given."""
    fixed = got.values["fixed"]
    return {
        "name": got.text("name"),
        "quorum": {
            "need": {"fixed": int(fixed)} if fixed is not None else dict(need),
            "base": got.text("base"), "categories": list(got.chosen("kinds")),
            "conflicted": "counted" if got.text("conflicted") == "yes" else "not_counted",
        },
        "composition": [
            {"category": kind, "minimum": int(least), **({"maximum": int(most[0])} if most else {})}
            for kind, least, *most in _lines(got.text("composition"))
        ],
        "has_casting_vote": got.text("casting") == "yes", "proxies": got.text("proxies") == "yes",
        "is_public": got.text("public") == "yes", "scrutinised_by": got.text("scrutinised_by"),
    }  # fmt: skip


def _composition_said(one: Mapping[str, Any]) -> str:
    numbers = [one.get("minimum", 1), one.get("maximum")]
    return " ".join(str(part) for part in (one["category"], *numbers) if part is not None)


def _lines(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines() if line.strip()]


def _yes(is_so: bool) -> str:
    return "yes" if is_so else "no"


def _systems(moment: Moment) -> dict[str, str]:
    """Answer the names of systems by their keys: those of today, and those that boards are of."""
    named = {one.key: one.name for one in as_of(moment.valid_on, moment.known_at).areas_of_kind("system")}
    others = set(models.Board.objects.values_list("system", flat=True)) - named.keys()
    return dict(sorted(named.items(), key=lambda one: one[1])) | {one: one for one in sorted(others)}


def _board(key: str) -> str:
    return reverse("governance:board", args=[key])
