"""What the pages of a release share, inside and in the public log: what it is, what was found, its story, its table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _

from joinedup.access import actor_of, decide
from joinedup.access.roles import TABLE
from joinedup.measures.models import Release
from joinedup.measures.releases import services
from joinedup.measures.releases.checks import SMALLEST_GROUP, Finding, smallest_group
from joinedup.measures.releases.files import ReleasedFile
from joinedup.measures.releases.steps import KINDS, MODES, RECIPIENTS
from joinedup.moment import now
from joinedup.ui import Column, Table, instant

MOST_PREVIEWED = 500
_COLOURS = {"waiting": "yellow", "approved": "blue", "published": "green", "refused": "red", "withdrawn": "grey"}


def may(request: Any, permission: str) -> bool:
    actor = actor_of(request.user)
    return actor.is_signed_in and decide(actor, permission, now().valid_on).allowed


def state_tag(state: str) -> dict[str, str]:
    """Answer a state as a tag: its words and its colour."""
    words = {
        "waiting": _("Waits for a second person"),
        "approved": _("Approved, not yet published"),
        "published": _("Published"),
        "refused": _("Refused"),
        "withdrawn": _("Withdrawn"),
    }
    return {"text": words[state], "colour": _COLOURS[state]}


def said_role(role: str) -> str:
    found = TABLE.roles.get(role)
    return _(found.title) if found else _("joinedup itself")


def about(release: Release, *, inside: bool) -> list[dict[str, Any]]:
    """Answer the rows of the summary: what it is; `inside` adds what the public log does not show."""
    definition = release.definition
    lines: list[tuple[str, Any]] = [
        (_("Purpose"), release.purpose),
        (_("For"), _(RECIPIENTS[release.recipient_kind])
         + (f": {release.recipient}" if inside and release.recipient else "")),
        (_("What"), _(KINDS[release.kind])),
        (_("Measures"), ", ".join(definition.get("measures", []))),
        (_("Areas"), ", ".join(definition.get("areas", []))),
        (_("By"), ", ".join(definition.get("by", []))),
        (_("Period"), definition.get("period", "")),
        (_("Whom it counts"), "; ".join(definition.get("sentences", []))),
        (_("How it was made"), definition.get("how", "")),
        (_("How counts are protected"), _(MODES[release.mode])),
        (_("Snapshot"), release.snapshot and (
            f"{release.snapshot}, {_('revision')} {release.revision}" if release.revision else release.snapshot)),
        (_("Rows"), f"{release.content.rows:,}"),
        (_("SHA-256 of the file"), release.content_id),
    ]  # fmt: skip
    if inside:
        lines.append((_("Explanation"), release.explanation))
    for step, said in (("asked", _("Asked")), ("approved", _("Approved")), ("published", _("Published")),
                       ("withdrawn", _("Withdrawn"))):  # fmt: skip
        for one in services.steps_of(release):
            if one.step == step:
                lines.append((said, _("%(at)s, by: %(role)s") % {"at": instant(one.at), "role": said_role(one.role)}))
    return [{"key": {"text": key}, "value": {"text": value}} for key, value in lines if value]


def findings_table(findings: Sequence[Finding]) -> Table:
    """Answer what the checks found, as a table; a finding says where and never which value."""
    rows = [
        {
            "severity": _("Cannot leave") if one.refuses else _("Needs an explanation"),
            "says": _(one.says),
            "where": one.where,
        }
        for one in findings
    ]
    return Table(
        [Column("severity", _("How grave")), Column("says", _("What was found")), Column("where", _("Where"))],
        rows,
        caption=_("What the checks found"),
        name="findings",
        per_page=0,
        can_filter=False,
        can_download=False,
        empty=_("Nothing: no identifier, no small or unprotected count, no row of a person, no formula, and no "
                "difference to what is out already."),
    )  # fmt: skip


def smallest_said(file: ReleasedFile) -> str:
    """Answer k of the file in words (rules: trust T42)."""
    smallest = smallest_group(file)
    if smallest is None:
        return _("No column tells people apart by age, sex, ethnic group or area.")
    return _("The smallest group that the file shows: %(count)s (at least %(least)s expected).") % {
        "count": f"{smallest:,}", "least": SMALLEST_GROUP,
    }  # fmt: skip


def preview(file: ReleasedFile) -> Table:
    """Answer the file itself as a table, as its recipient will see it."""
    keys = [f"c{number}" for number in range(len(file.columns))]
    notes = [note.lstrip("# ") for note in file.notes]
    if len(file.rows) > MOST_PREVIEWED:
        notes.insert(0, _("The first %(shown)s of %(all)s rows.") % {
            "shown": f"{MOST_PREVIEWED:,}", "all": f"{len(file.rows):,}"})  # fmt: skip
    return Table(
        [Column(key, title) for key, title in zip(keys, file.columns, strict=True)],
        [dict(zip(keys, row, strict=True)) for row in file.rows[:MOST_PREVIEWED]],
        caption=_("What leaves"),
        name="preview",
        per_page=25,
        can_download=False,
        notes=notes,
    )


def steps_table(release: Release) -> Table:
    """Answer the story of a release, step by step, with who and why."""
    words = {
        "asked": _("asked"), "checked": _("checked"), "approved": _("approved"), "refused": _("refused"),
        "published": _("published"), "downloaded": _("file taken"), "withdrawn": _("withdrawn"),
    }  # fmt: skip
    rows = []
    for one in services.steps_of(release):
        reason = one.reason
        if one.step == "checked":
            count = len(one.findings)
            reason = _("%(count)s found") % {"count": count} if count else _("nothing found")
        rows.append({"at": instant(one.at), "what": words[one.step], "who": f"{one.name} ({said_role(one.role)})",
                     "reason": reason})  # fmt: skip
    return Table(
        [Column("at", _("When")), Column("what", _("What")), Column("who", _("By whom")), Column("reason", _("Why"))],
        rows,
        caption=_("What was done with it"),
        name="steps",
        per_page=0,
        can_filter=False,
        can_download=False,
    )


def file_response(file: ReleasedFile, number: int) -> HttpResponse:
    """Answer the file as it was approved, byte for byte."""
    response = HttpResponse(file.content, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="release-{number}.csv"'
    return response
