"""The acts about papers: submitted (late ones named), published, read under an embargo."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction

from joinedup.access import record
from joinedup.errors import NotFound, Refused, RuleError, did_you_mean
from joinedup.governance import models
from joinedup.governance.acts.expecting import write_effects
from joinedup.governance.kept.boards import person_of_account
from joinedup.governance.kept.citations import cited
from joinedup.governance.kept.conflicts import may_open_papers
from joinedup.governance.kept.meetings import item_of, meeting_of, must_be_on_agenda
from joinedup.governance.kept.registers import grown, known_from, lock, said
from joinedup.governance.meetings.asking_planning import of_money
from joinedup.governance.meetings.expected_effect import effects
from joinedup.governance.meetings.notice import days_late
from joinedup.governance.meetings.papers import PaperParts, UnderEmbargo, check_embargo, content_hash_of
from joinedup.moment import LONDON, Moment, now
from joinedup.system import checked_name

if TYPE_CHECKING:
    from joinedup.access import Grant

SUBMIT, PREPARE, READ = "governance.submit", "governance.prepare", "governance.read"


class LatePaper(RuleError):
    """A paper came after its deadline, and nobody says why."""


class PapersWithheld(Refused):
    """Somebody with a conflict in an item may not open its papers."""


def submit_paper(
    grant: Grant,
    item: str,
    key: str,
    *,
    title: str,
    text: str,
    parts: PaperParts,
    cites: Iterable[tuple[str, str]] = (),
    expects: Mapping[str, Any] | Sequence[Mapping[str, Any]] = (),
    submitted_at: datetime,
    embargo_until: datetime | None = None,
    listed: Sequence[str] = (),
    late_reason: str = "",
    known_at: datetime | None = None,
) -> int:
    """Submit a paper for an item, or a further version of it; answers the number of the version.

    What it cites by (kind, id) is kept as it was known at that instant (`kept.citations`). `expects` is what it is
    expected to do, as `acts.expecting.state_effects` takes it: nobody votes on an item that asks for money without it.
    Raises LatePaper after the deadline (B5) without a reason; with one it is taken, and shows for ever how many days
    late. The same content again changes nothing. RuleError for an item that is decided: a decision pins its version.
    """
    grant.must_be_for(SUBMIT)
    with transaction.atomic():
        kept = must_be_on_agenda(item_of(item, locked=True))
        lock(f"paper {key}")
        at = known_from(grant, known_at)
        if models.Decision.objects.filter(item=kept).exists():
            raise RuleError("B9: this item is decided and keeps its paper. Put a new version to a new item.")
        late = days_late(submitted_at, kept.meeting.papers_due)
        if late and not late_reason.strip():
            raise LatePaper(
                f"B5: papers were due on {kept.meeting.papers_due}; this one is {late} day{'s' * (late > 1)} late. "
                "Give the reason, or put it on the next agenda."
            )
        if of_money(kept.asks or {}) and parts.cost_pence not in (None, kept.amount_pence):
            raise RuleError(
                f"B8: the paper costs {parts.cost_pence} p and its item asks for {kept.amount_pence} p. Say one amount."
            )
        paper, _ = models.Paper.objects.get_or_create(
            key=key, defaults={"board": kept.meeting.board, **grown(grant, at)}
        )
        if paper.board_id != kept.meeting.board_id:
            raise RuleError(f"B9: paper {key} is before {paper.board_id}; a paper of another board needs its own key.")
        content = _content(checked_name(title), text, parts, cited(cites, at))
        expected = effects(expects)
        last = paper.versions.order_by("-number").first()
        digest = content_hash_of(content)
        if last is not None and last.content_hash == digest and last.item_id == item:
            if write_effects(grant, expected, at, item=kept, version=last):
                record(grant, "governance.state-effects", f"item:{item}", details={"paper": key})
            return int(last.number)
        version = models.PaperVersion.objects.create(
            paper=paper, number=last.number + 1 if last else 1, item=kept, title=content["title"], text=text,
            parts=content["parts"], cites=content["cites"], embargo_until=embargo_until, listed=list(listed),
            submitted_at=submitted_at, days_late=late, late_reason=late_reason.strip(), content_hash=digest,
            **grown(grant, at),
        )  # fmt: skip
        write_effects(grant, expected, at, item=kept, version=version)
        details = {"item": item, "number": version.number, "days_late": late, "content_hash": digest}
        record(grant, "governance.submit-paper", f"paper:{key}", details=details)
    return int(version.number)


def publish_papers(grant: Grant, meeting: str, *, published_at: datetime, known_at: datetime | None = None) -> int:
    """Publish the newest version of each paper of a meeting; answers how many, and each says how late it was.

    A paper under embargo is published when its embargo ends: until then it stays back. Those of private items are
    circulated in the same way; that the public does not see them is decided where pages are read.
    """
    grant.must_be_for(PREPARE)
    with transaction.atomic():
        kept = meeting_of(meeting)
        lock(f"meeting {meeting}")
        at = known_from(grant, known_at)
        newest = {
            version.paper_id: version
            for version in models.PaperVersion.objects.filter(item__meeting=kept).order_by("number")
        }
        count = 0
        for version in newest.values():
            is_held = version.embargo_until is not None and published_at < version.embargo_until
            if is_held or models.PaperPublished.objects.filter(version=version).exists():
                continue
            late = days_late(published_at, kept.papers_due)
            models.PaperPublished.objects.create(
                version=version, published_at=published_at, days_late=late, **grown(grant, at)
            )
            count += 1
        if count:
            record(grant, "governance.publish-papers", f"meeting:{meeting}", details={"papers": count})
    return count


def open_paper(grant: Grant, key: str, number: int, *, at: datetime) -> models.PaperVersion:
    """Answer a version of a paper to somebody who reads it at an instant; a refusal is kept in the audit (B9, I4).

    Raises UnderEmbargo before its embargo ends for who is not listed, PapersWithheld for who may not open the papers
    of its item because of a conflict.
    """
    grant.must_be_for(READ)
    version = models.PaperVersion.objects.select_related("item__meeting").filter(paper=key, number=number).first()
    if version is None:
        keys = models.Paper.objects.values_list("pk", flat=True)
        raise NotFound(f"There is no version {number} of a paper '{key}'.{did_you_mean(key, keys)}")
    try:
        person = person_of_account(grant.actor_id, Moment(at.astimezone(LONDON).date(), now().known_at))
    except NotFound:
        person = ""
    try:
        until = version.embargo_until.astimezone(LONDON) if version.embargo_until else None
        viewer = person if person in version.listed else grant.actor_id
        check_embargo(viewer, at, embargo_until=until, listed=version.listed)
        if person and not may_open_papers(version.item, person, at):
            raise PapersWithheld("I4: because of a conflict in this item you do not read its papers.")
    except (UnderEmbargo, PapersWithheld) as refusal:
        with transaction.atomic():
            details = {"number": number, "why": type(refusal).__name__}
            record(grant, "governance.open-paper", f"paper:{key}", outcome="denied", details=details)
        raise
    if version.embargo_until is not None and at < version.embargo_until:
        with transaction.atomic():  # Who was told before the embargo ended, and when, is kept.
            record(grant, "governance.open-paper", f"paper:{key}", details={"number": number, "under_embargo": True})
    return version


def content_of(version: models.PaperVersion) -> dict[str, Any]:
    """Answer the content of which a version's hash is made."""
    return {"title": version.title, "text": version.text, "parts": version.parts, "cites": version.cites}


def parts_of(version: models.PaperVersion) -> PaperParts:
    """Answer the parts of a version as the rule takes them (B8)."""
    kept = {name: tuple(one) if isinstance(one, list) else one for name, one in version.parts.items()}
    return PaperParts(**kept)


def _content(title: str, text: str, parts: PaperParts, cites: list[dict[str, Any]]) -> dict[str, Any]:
    kept = {name: list(one) if isinstance(one, tuple) else one for name, one in asdict(parts).items()}
    kept["triple_aim"] = dict(parts.triple_aim)
    return {"title": title, "text": said(text, "B8: a paper"), "parts": kept, "cites": cites}
