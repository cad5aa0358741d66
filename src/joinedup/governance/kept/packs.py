"""The pack of a meeting as kept, for its members or for the public, by what was known at an instant.

What a reader may not have is left out here, before anything is drawn: private items, papers under embargo or not yet
published, papers that a conflict shuts (rules: governance B9, I4, X1, X5).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from joinedup.errors import NotFound
from joinedup.governance import models
from joinedup.governance.kept.boards import terms_on
from joinedup.governance.kept.conflicts import as_interest, rights_of
from joinedup.governance.kept.decisions import outcome_of
from joinedup.governance.kept.meetings import as_changed, attendances_of, day_of, meeting_of
from joinedup.governance.kept.minutes import ACTIONS
from joinedup.governance.meetings.decisions import MEETING_KINDS, OUTCOMES
from joinedup.governance.meetings.papers import PURPOSES, is_open_to
from joinedup.governance.meetings.voting import Tally
from joinedup.governance.publication import pack as words
from joinedup.governance.publication.masking import public_text
from joinedup.governance.publication.pack import Cited, Facts, Pack, PackItem, PackPaper
from joinedup.governance.reading import Agenda, agenda_of
from joinedup.moment import LONDON, Moment
from joinedup.system import names_of_people

NOT_YET = "This paper is not published yet."
EMBARGO = "This paper is under embargo."
CONFLICT = "Because of a conflict in this item you do not read its papers."
WITH_MEMBERS = "Agreed by consensus; its members are still to adopt it"
METHODS_SAID = {
    "consensus": "By consensus",
    "vote": "By vote",
    "urgent": "Urgently, between meetings",
    "delegated": "Under a delegation",
}


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads, at which instant. `is_member`: has the private items and the papers before the public does."""

    at: datetime
    is_member: bool = False
    actor: str = ""
    person: str = ""
    is_secretary: bool = False  # prepares the papers, and so reads those under embargo

    @property
    def said(self) -> Callable[[str], str]:
        """How a text reaches this reader: the public has it masked."""
        return str if self.is_member else public_text


def pack_of(meeting: str, moment: Moment, reader: Reader) -> Pack:
    """Answer the pack of a meeting as it stood by what was known.

    Of a private meeting the public reads that it was, and why. NotFound where it was not called yet.
    """
    kept = meeting_of(meeting)
    if kept.at > moment.known_at:
        raise NotFound(f"The meeting '{meeting}' was not called yet by what was known then.")
    day = day_of(kept)
    on_day = Moment(day, moment.known_at)
    terms = terms_on(kept.board_id, on_day)
    start = kept.starts_at.astimezone(LONDON)
    is_shut = not kept.is_public and not reader.is_member
    agenda = None if is_shut else agenda_of(meeting, moment)
    ended = kept.changes.filter(kind="cancelled", at__lte=moment.known_at).order_by("-pk").first()
    facts = [
        ("Cancelled", reader.said(ended.reason) if ended else ""),
        ("Kind", MEETING_KINDS[kept.kind]),
        ("When", f"{day.day} {day:%B %Y}, {start:%H:%M}"),
        ("Where", "" if is_shut else kept.place),
        ("Papers due", f"{kept.papers_due.day} {kept.papers_due:%B %Y}"),
        ("Held in private because", "" if kept.is_public else reader.said(kept.exclusion_reason)),
    ]
    items: tuple[PackItem, ...] = ()
    there: tuple[str, ...] = ()
    if not is_shut:
        name = _names(kept, on_day)
        rows = kept.items.filter(at__lte=moment.known_at).order_by("number").select_related(
            "decision__board", "meeting"
        ).prefetch_related(
            "declarations", "conflict_actions", "decision__dissents", "paper_versions__published",
            "paper_versions__item",
        )  # fmt: skip
        items = tuple(_item(item, name, moment, reader) for item in as_changed(rows, moment.known_at))
        items += tuple(_overdue(agenda, moment, reader)) if agenda else ()
        there = tuple(_stays(kept, name, moment.known_at))
    return Pack(
        kept.key, kept.board_id, f"{terms.name}, {day.day} {day:%B %Y}", tuple(row for row in facts if row[1]), items,
        tuple(_by_itself(agenda)) if agenda and reader.is_member else (), there,
        "members" if reader.is_member else "public", moment.valid_on, moment.known_at,
    )  # fmt: skip


def decision_in_words(decision: models.Decision, name: dict[str, str], moment: Moment, reader: Reader) -> Facts:
    """Answer what was decided, how, by which quorum, and who dissented, in words."""
    outcome = outcome_of(decision, moment)
    votes, quorum = decision.votes_snapshot, str(decision.quorum_snapshot.get("says", ""))
    tally = ""
    if "votes_for" in votes:
        tally = Tally(votes["votes_for"], votes["votes_against"], votes["abstentions"], votes["no_vote"]).says
    rows = [
        ("Decision", reader.said(decision.text)),
        ("Outcome", OUTCOMES[outcome] if outcome else WITH_MEMBERS),
        ("How", METHODS_SAID.get(decision.method, decision.method)),
        ("Votes", tally),
        ("Quorum", quorum),
        ("Why so", "; ".join(reader.said(one.replace("_", " ")) for one in decision.reasons if one != quorum)),
        *(
            (f"Dissent of {name.get(one.person, one.person)}", reader.said(one.text))
            for one in sorted(decision.dissents.all(), key=lambda one: one.pk)
            if one.at <= moment.known_at
        ),
    ]
    return tuple((label, text) for label, text in rows if text)


def declared_in_words(item: models.AgendaItem, name: dict[str, str], moment: Moment, reader: Reader) -> tuple[str, ...]:
    """Answer who declared which interest in an item and what was done about it, each in a sentence."""
    declared = [row for row in item.declarations.all() if row.at <= moment.known_at]
    actions: dict[str, models.ConflictAction] = {}
    for row in sorted(item.conflict_actions.all(), key=lambda one: (one.since, one.pk)):
        if row.at <= moment.known_at:
            actions[row.person] = row
    hidden = set() if reader.is_member else _withheld([row.interest for row in declared if row.interest], moment)
    said, heard = [], set()
    for row in sorted(declared, key=lambda one: (one.declared_at, one.pk)):
        who = words.WITHHELD if row.interest in hidden else name.get(row.person, row.person)
        action = actions.get(row.person)
        heard.add(row.person)
        said.append(f"{who}: {row.nature} conflict" + (f"; {ACTIONS[action.action]}" if action else ""))
    said += [f"{name.get(one, one)}: {ACTIONS[row.action]}" for one, row in sorted(actions.items()) if one not in heard]
    return tuple(said)


def paper_for(version: models.PaperVersion, moment: Moment, reader: Reader) -> PackPaper:
    """Answer a version of a paper as a reader has it at an instant: whole, or why it is held back and then nothing."""
    reading_at = min(reader.at, moment.known_at)
    published = getattr(version, "published", None)
    is_published = published is not None and max(published.at, published.published_at) <= reading_at
    viewer = reader.person if reader.person in version.listed else reader.actor
    reason = ""
    if not (reader.is_secretary or is_open_to(
        viewer, reading_at, embargo_until=version.embargo_until, listed=version.listed if reader.is_member else ()
    )):  # fmt: skip
        reason = EMBARGO
    elif not (reader.is_member or is_published):
        reason = NOT_YET
    elif reader.person and not rights_of(version.item, reader.person, reader.at).may_read_papers:
        reason = CONFLICT
    if reason:
        return PackPaper(version.paper_id, version.number, "A paper", held_back=reason)
    tidy = reader.said
    facts = [(label, tidy(text)) for label, text in words.facts_of_parts(version.parts)]
    facts.append(("Version", f"{version.number}, {version.content_hash}"))
    if version.days_late:
        facts.append(("Late", f"{version.days_late} days after it was due: {tidy(version.late_reason)}"))
    return PackPaper(
        version.paper_id, version.number, tidy(version.title), tuple(facts),
        tuple(tidy(one) for one in words.paragraphs_of(version.text)), tuple(_cites(version.cites, reader)),
    )  # fmt: skip


def newest_versions(item: models.AgendaItem, moment: Moment, reader: Reader) -> list[models.PaperVersion]:
    """Answer the newest version of each paper of an item: the public has the newest that was published."""
    newest: dict[str, models.PaperVersion] = {}
    for version in sorted(item.paper_versions.all(), key=lambda one: one.number):
        if version.at > moment.known_at:
            continue
        before = newest.get(version.paper_id)
        if before is not None and not reader.is_member and paper_for(version, moment, reader).held_back:
            continue
        newest[version.paper_id] = version
    return [newest[key] for key in sorted(newest)]


def is_private_decision(decision: models.Decision, moment: Moment) -> bool:
    """Answer whether the public reads nothing of a decision: its item or meeting was private, or its board sits so."""
    if decision.item is not None:
        return bool(decision.item.is_private or not decision.item.meeting.is_public)
    day = decision.decided_at.astimezone(LONDON).date()
    return not terms_on(decision.board_id, Moment(day, moment.known_at)).is_public


def _item(item: models.AgendaItem, name: dict[str, str], moment: Moment, reader: Reader) -> PackItem:
    if item.is_private and not reader.is_member:
        return PackItem(item.number, words.PRIVATE_TITLE, "In private", True)
    tidy = reader.said
    if item.withdrawn:
        return PackItem(item.number, tidy(item.title), f"Withdrawn: {tidy(item.withdrawn)}", item.is_private)
    money = [("Amount", "" if item.amount_pence is None else words.pounds_said(item.amount_pence)),
             ("Supplier", tidy(item.supplier)), ("Function", item.function.replace("-", " "))]  # fmt: skip
    about = [("Presented by", tidy(item.presenter)), ("Minutes", str(item.minutes or "")),
             ("Purposes", "; ".join(PURPOSES[one] for one in item.purposes))]  # fmt: skip
    asks = [*about, *money, *((label, tidy(text)) for label, text in words.facts_of(item.asks, words.ASKS_SAID))]
    decision = getattr(item, "decision", None)
    if decision is not None and decision.at > moment.known_at:
        decision = None
    return PackItem(
        item.number, tidy(item.title), words.TYPES_SAID.get(item.type, item.type), item.is_private,
        tuple(row for row in asks if row[1]),
        tuple((label, tidy(text)) for label, text in words.facts_of(item.expects, words.EXPECTS_SAID)),
        declared_in_words(item, name, moment, reader), decision.reference if decision else "",
        decision_in_words(decision, name, moment, reader) if decision else (),
        tuple(paper_for(version, moment, reader) for version in newest_versions(item, moment, reader)),
    )  # fmt: skip


def _cites(cites: Iterable[dict[str, Any]], reader: Reader) -> Iterable[Cited]:
    for cite in cites:
        is_private = False
        if cite["kind"] == "decision" and not reader.is_member:
            found = models.Decision.objects.select_related("item__meeting", "board").filter(pk=cite["id"]).first()
            is_private = found is None or is_private_decision(found, Moment(found.decided_at.date(), reader.at))
        yield words.cited_in_words(cite, is_private=is_private)


def _withheld(keys: Iterable[str], moment: Moment) -> set[str]:
    """Answer which of these lines of the register are not published whole, by what was known or is by now the rule."""
    rows = models.Interest.objects.filter(key__in=list(keys))
    return {row.key for row in rows if as_interest(row).publish != "yes"}


def _names(meeting: models.Meeting, moment: Moment) -> dict[str, str]:
    keys = set(meeting.attendances.values_list("person", flat=True))
    keys |= set(meeting.attendances.exclude(deputy_for="").values_list("deputy_for", flat=True))
    keys |= set(models.ItemDeclaration.objects.filter(item__meeting=meeting).values_list("person", flat=True))
    keys |= set(models.ConflictAction.objects.filter(item__meeting=meeting).values_list("person", flat=True))
    keys |= set(models.Dissent.objects.filter(decision__item__meeting=meeting).values_list("person", flat=True))
    return names_of_people(keys, moment.valid_on, moment.known_at)


def _stays(meeting: models.Meeting, name: dict[str, str], known_at: datetime) -> Iterable[str]:
    for row in attendances_of(meeting, known_at):
        since, until = row.present.lower.astimezone(LONDON), row.present.upper
        left = f" to {until.astimezone(LONDON):%H:%M}" if until else ""
        deputy = f", deputy for {name.get(row.deputy_for, row.deputy_for)}" if row.deputy_for else ""
        yield f"{name.get(row.person, row.person)}, from {since:%H:%M}{left}{deputy}"


def _overdue(agenda: Agenda, moment: Moment, reader: Reader) -> Iterable[PackItem]:
    """Yield the item by which what is overdue reaches the agenda; none where nothing is.

    The public reads of what a public decision promised, and of nothing that was promised elsewhere.
    """
    overdue = agenda.overdue
    if overdue and not reader.is_member:
        promised = models.Commitment.objects.filter(
            key__in=[one.key for one in overdue], decision__isnull=False
        ).select_related("decision__item__meeting", "decision__board")  # fmt: skip
        public = {one.key for one in promised if one.decision and not is_private_decision(one.decision, moment)}
        overdue = tuple(one for one in overdue if one.key in public)
    rows = tuple(
        (f"Due {one.due_on.day} {one.due_on:%B %Y}", reader.said(f"{one.text} ({one.owner})")) for one in overdue
    )
    if rows:
        yield PackItem(agenda.overdue_number, words.OVERDUE_TITLE, words.TYPES_SAID["discuss"], asks=rows)


def _by_itself(agenda: Agenda) -> Iterable[str]:
    for reference, ratifying in agenda.to_ratify:
        yield f"To ratify: {reference}" + (f", open for {ratifying.days_open} days" if ratifying.days_open else "")
    for meeting in agenda.minutes_of:
        yield f"Minutes to approve: {meeting}"
