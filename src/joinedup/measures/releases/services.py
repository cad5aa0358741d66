"""The acts around a release: ask, check, approve, refuse, withdraw, publish, take the file; each is audited.

Whoever asks never approves. What is checked when it is asked is checked again when it is approved, under a lock on the
register of what is out, so that two tables that are harmless alone cannot both be approved beside each other.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import connection, transaction

from joinedup.access import record
from joinedup.errors import NotFound, Refused, RuleError, Unavailable
from joinedup.measures.disclosure import differences, shown_tables
from joinedup.measures.disclosure.planted_names import planted
from joinedup.measures.disclosure.shown_tables import ShownTable
from joinedup.measures.models import Release, ReleaseContent, ReleasedTable, ReleaseStep
from joinedup.measures.releases import steps as releases
from joinedup.measures.releases.checks import Finding, check_file, check_words
from joinedup.measures.releases.files import ReleasedFile, read_file
from joinedup.measures.releases.steps import Request, check_request

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from joinedup.access import Grant

ASK, APPROVE = "measures.release", "measures.approve_release"
LEAST_REASON = 3
_NOT_COMPARED = Finding(
    "not-compared",
    "explain",
    "Not compared with what is out: nothing but its maker says whom a file counts. Say what of these people is out "
    "already, and why no difference leaves 1 to 7 of them.",
)
_REGISTER_LOCK = 0x52454C45  # one approval at a time


class NotReleasable(RuleError):
    """The checks found what must not leave. `findings` say what and where, never the value."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = list(findings)
        said = "\n".join(f"{one.where}: {one.says}" for one in self.findings)
        super().__init__(f"This cannot leave as it is.\n{said}\nNothing was kept. Correct it and ask again.")


class NeedsExplanation(RuleError):
    """The checks found what may leave when whoever asks explains it, and nothing was explained."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = list(findings)
        said = "\n".join(f"{one.where}: {one.says}" for one in self.findings)
        super().__init__(f"Explain what was found, so that a second person can judge it.\n{said}")


@dataclass(frozen=True, slots=True)
class Content:
    """What is to leave: a file, what it was made from, and the tables by which it is compared with what is out.

    `is_made_here` marks a table that joinedup itself made and protected; its shares are from protected counts.
    """

    file: ReleasedFile
    definition: dict[str, Any]
    snapshot: str = ""
    revision: int = 0
    tables: tuple[differences.Compared | ShownTable, ...] = ()
    is_made_here: bool = False


def findings_of(request: Request, content: Content) -> list[Finding]:
    """Answer what the checks find today in the words, in the file, and against what is out already."""
    names = planted()
    words = {"title": request.title, "purpose": request.purpose, "recipient": request.recipient,
             "explanation": request.explanation, "file": content.file.name,
             "how": str(content.definition.get("how", ""))}  # fmt: skip
    of_file = check_file(content.file, mode=request.mode, planted=names, shares_are_ours=content.is_made_here)
    cohorts, measures = _parted(content.tables)
    out_cohorts, out_measures = _parted(_register())
    beside = differences.against(cohorts, out_cohorts) + differences.together(measures, out_measures)
    if not (content.is_made_here or content.tables):
        beside.append(_NOT_COMPARED)
    return [*check_words(words, planted=names), *of_file, *beside]


def ask_release(grant: Grant, request: Request, content: Content, *, request_id: UUID | None = None) -> int:
    """Put a release into the queue for a second person; answers its number. The same `request_id` twice is one.

    Raises NotReleasable, and keeps nothing but the audit, when a check refuses; NeedsExplanation when a
    finding that may be explained is not.
    """
    grant.must_be_for(ASK)
    check_request(request)
    if request_id is not None and (known := Release.objects.filter(request_id=request_id).first()):
        return int(known.number)
    if request.kind == "file" and not content.tables:
        content = replace(content, tables=_tables_in(content.file, request.mode))
    found = findings_of(request, content)
    refusing = [one for one in found if one.refuses]
    if refusing:
        with transaction.atomic():
            record(grant, "release.ask", "release:none", outcome="denied", details={"findings": _counted(refusing)})
        raise NotReleasable(refusing)
    if found and len(request.explanation.strip()) < LEAST_REASON:
        raise NeedsExplanation(found)
    at = datetime.now(UTC)
    with transaction.atomic():
        file = content.file
        ReleaseContent.objects.get_or_create(
            digest=file.digest,
            defaults={"content": file.content, "rows": len(file.rows), "columns": len(file.columns)},
        )
        made = Release.objects.create(
            title=request.title.strip(),
            purpose=request.purpose.strip(),
            recipient_kind=request.recipient_kind,
            recipient=request.recipient.strip(),
            kind=request.kind,
            definition=content.definition,
            snapshot=content.snapshot,
            revision=content.revision,
            mode=request.mode,
            explanation=request.explanation.strip(),
            asked_by=grant.actor_id,
            asked_at=at,
            content_id=file.digest,
            request_id=request_id,
        )
        ReleasedTable.objects.bulk_create(_row(made, table) for table in content.tables)
        _add(grant, made, "asked", at, request.purpose.strip())
        _add(grant, made, "checked", at, "", found)
        details = {"digest": file.digest, "kind": request.kind, "findings": _counted(found)}
        record(grant, "release.ask", f"release:{made.number}", details=details)
    return int(made.number)


def approve(grant: Grant, number: int, reason: str, *, publish_now: bool = False) -> None:
    """Approve what another asked, after checking it anew; its tables count as out from then on.

    Raises Refused, audited, for whoever asked it; NotReleasable, audited, when a check refuses today; RuleError without
    a reason or when it does not wait any more.
    """
    grant.must_be_for(APPROVE)
    _must_give_reason(reason)
    _refuse_asker(grant, number, "release.approve")
    findings: list[Finding] = []
    with transaction.atomic():
        release = _locked(number)
        releases.after(state_of(release), "approved")
        request, content = request_of(release), content_of(release)
        findings = findings_of(request, content)
        at = datetime.now(UTC)
        _add(grant, release, "checked", at, "", findings)
        refusing = [one for one in findings if one.refuses]
        if refusing:
            record(grant, "release.approve", f"release:{number}", outcome="denied",
                   details={"findings": _counted(refusing)})  # fmt: skip
        else:
            _add(grant, release, "approved", at, reason.strip())
            record(grant, "release.approve", f"release:{number}", details={"findings": _counted(findings)})
            if publish_now:
                _add(grant, release, "published", at, "")
                record(grant, "release.publish", f"release:{number}", details={"to": release.recipient_kind})
    # Outside the transaction: that it was checked and refused stays written.
    if refusing:
        raise NotReleasable(refusing)


def refuse(grant: Grant, number: int, reason: str) -> None:
    """Refuse what another asked, with the reason that they will read."""
    grant.must_be_for(APPROVE)
    _must_give_reason(reason)
    _refuse_asker(grant, number, "release.refuse")
    _step(grant, number, "refused", "release.refuse", reason)


def withdraw(grant: Grant, number: int, reason: str) -> None:
    """Withdraw a release: whoever asked theirs, an approver any. What was out stays in the public log as withdrawn."""
    _must_be_theirs(grant, number, "release.withdraw")
    _must_give_reason(reason)
    _step(grant, number, "withdrawn", "release.withdraw", reason)


def publish(grant: Grant, number: int) -> None:
    """Put an approved release out: into the public log, and the file to its recipient (the public: to everyone)."""
    _must_be_theirs(grant, number, "release.publish")
    _step(grant, number, "published", "release.publish", "")


def take_file(grant: Grant, number: int) -> ReleasedFile:
    """Answer the file of a published release, for whoever asked it to hand it over; that it was taken is a step."""
    _must_be_theirs(grant, number, "release.download")
    _step(grant, number, "downloaded", "release.download", "")
    return content_of(release_of(number)).file


# --- reading -------------------------------------------------------------------------------------------------------


def release_of(number: int) -> Release:
    """Answer a release; NotFound where there is none of this number."""
    found = Release.objects.prefetch_related("steps").filter(number=number).first()
    if found is None:
        raise NotFound("There is no such release.")
    return found


def steps_of(release: Release) -> list[ReleaseStep]:
    return sorted(release.steps.all(), key=lambda step: step.pk)


def state_of(release: Release) -> str:
    """Answer the state of a release, read from its steps."""
    return releases.state_of(step.step for step in steps_of(release))


def last_findings(release: Release) -> list[Finding]:
    """Answer what the newest check of a release found."""
    checked = [step for step in steps_of(release) if step.step == "checked"]
    return [Finding(**one) for one in checked[-1].findings] if checked else []


def request_of(release: Release) -> Request:
    return Request(
        release.title, release.purpose, release.recipient_kind, release.recipient, release.kind, release.mode,
        release.explanation,
    )  # fmt: skip


def content_of(release: Release) -> Content:
    """Answer what a release holds, as it was when it was asked."""
    tables = tuple(_compared(one) for one in release.tables.all())
    file = read_file(bytes(release.content.content), f"release-{release.number}.csv")
    return Content(file, dict(release.definition), release.snapshot, release.revision, tables, release.kind != "file")


def releases_waiting() -> QuerySet[Release]:
    """Answer the releases that wait for a second person."""
    return Release.objects.prefetch_related("steps").exclude(pk__in=_ended())


def releases_decided() -> QuerySet[Release]:
    """Answer the releases that wait no more: approved, refused or withdrawn."""
    return Release.objects.prefetch_related("steps").filter(pk__in=_ended())


def _ended() -> Any:
    return ReleaseStep.objects.filter(step__in=("approved", "refused", "withdrawn")).values("release_id")


def public_releases() -> list[Release]:
    """Answer every release that was ever published, the newest first, also those withdrawn since."""
    return list(
        Release.objects.filter(steps__step="published").prefetch_related("steps").distinct().order_by("-number")
    )


# --- inside --------------------------------------------------------------------------------------------------------


def _register() -> list[differences.Compared | ShownTable]:
    """Answer the tables that are out or may go out any time: approved, and not withdrawn before anybody had them."""
    out: list[differences.Compared | ShownTable] = []
    for release in Release.objects.filter(steps__step="approved").prefetch_related("steps", "tables").distinct():
        steps = [step.step for step in steps_of(release)]
        if "withdrawn" in steps and not releases.was_out(steps):
            continue
        out += [_compared(one) for one in release.tables.all()]
    return out


def _parted(
    tables: Iterable[differences.Compared | ShownTable],
) -> tuple[list[differences.Compared], list[ShownTable]]:
    """Answer the counts of cohorts, and the tables of measures, each of which is compared with its like."""
    cohorts: list[differences.Compared] = []
    measures: list[ShownTable] = []
    for one in tables:
        if isinstance(one, ShownTable):
            measures.append(one)
        else:
            cohorts.append(one)
    return cohorts, measures


def _tables_in(file: ReleasedFile, mode: str) -> tuple[ShownTable, ...]:
    """Answer the table of measures that an analyst's file holds, where its columns say so and figures are known."""
    from joinedup.measures.definition import definitions
    from joinedup.measures.disclosure.reading_tables import bands_in, table_in
    from joinedup.measures.results import open_results
    from joinedup.measures.tallying import BANDS, GROUPS

    try:
        results = open_results()
    except (NotFound, Unavailable):
        return ()
    found = table_in(
        file,
        mode,
        measures={name.casefold(): one.id for one in definitions().values() for name in (one.id, one.title)},
        areas={name.casefold(): one.code for one in results.areas() for name in (one.name, one.code)},
        bands=bands_in({**GROUPS, "age_band": BANDS}),
        parts=results.parts,
    )
    return () if found is None else (found,)


def _row(release: Release, table: differences.Compared | ShownTable) -> ReleasedTable:
    if isinstance(table, ShownTable):
        return ReleasedTable(
            release=release,
            population=digest_of(sorted({cell.measure for cell in table.cells})),
            dimensions=list(shown_tables.Cell._fields),
            period="",
            mode=table.mode,
            counts=table.as_json(),
        )
    return ReleasedTable(
        release=release,
        population=digest_of(sorted(differences.said(table.sentences))),
        dimensions=list(table.dimensions),
        period=table.period,
        mode=table.mode,
        counts={
            "sentences": list(table.sentences),
            "cells": dict(table.cells),
            "hidden": list(table.hidden),
            "parts": dict(table.parts),
        },
    )


def _compared(row: ReleasedTable) -> differences.Compared | ShownTable:
    counts = row.counts
    if "shown" in counts:
        return ShownTable.from_json(row.mode, counts)
    return differences.Compared(
        tuple(counts["sentences"]),
        tuple(row.dimensions),
        row.period,
        row.mode,
        counts["cells"],
        tuple(counts["hidden"]),
        counts.get("parts", {}),
    )


def digest_of(said: Any) -> str:
    """Answer a digest of what a table counts: equal definitions have equal digests."""
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:24]


def _add(
    grant: Grant, release: Release, step: str, at: datetime, reason: str, findings: Sequence[Finding] = ()
) -> None:
    ReleaseStep.objects.create(
        release=release, step=step, who=grant.actor_id, name=grant.actor_name, role=grant.role or "", at=at,
        reason=reason, findings=[asdict(one) for one in findings],
    )  # fmt: skip


def _step(grant: Grant, number: int, step: str, action: str, reason: str) -> None:
    with transaction.atomic():
        release = _locked(number)
        releases.after(state_of(release), step)
        _add(grant, release, step, datetime.now(UTC), reason.strip())
        record(grant, action, f"release:{number}", details={"digest": release.content_id})


def _locked(number: int) -> Release:
    """Answer a release, with the register locked until the transaction ends: steps come one after another."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_REGISTER_LOCK])
    return release_of(number)


def _refuse_asker(grant: Grant, number: int, action: str) -> None:
    if release_of(number).asked_by != grant.actor_id:
        return
    with transaction.atomic():
        record(grant, action, f"release:{number}", outcome="denied", details={"because": "asked by the same person"})
    raise Refused("You asked for this release yourself. A second person decides on it.")


def _must_be_theirs(grant: Grant, number: int, action: str) -> None:
    release = release_of(number)
    if grant.is_service or grant.permission == APPROVE:
        return
    grant.must_be_for(ASK)
    if release.asked_by != grant.actor_id:
        with transaction.atomic():
            record(grant, action, f"release:{number}", outcome="denied", details={"because": "asked by another"})
        raise NotFound("There is no such release.")


def _must_give_reason(reason: str) -> None:
    if len(reason.strip()) < LEAST_REASON:
        raise RuleError("Say why, in a few words.")
    found = check_words({"reason": reason}, planted=planted())
    if found:
        raise NotReleasable(found)


def _counted(findings: Sequence[Finding]) -> dict[str, int]:
    codes = [one.code for one in findings]
    return {code: codes.count(code) for code in sorted(set(codes))}
