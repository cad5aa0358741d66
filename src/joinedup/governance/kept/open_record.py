"""What everybody may read of boards, by what was known at an instant: each answer is the whole content of a page.

Nothing private is in it, and texts are masked, so that its hash is the hash of what was read (rules: X1, X4, X7, I5).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from joinedup.errors import NotFound
from joinedup.governance import models
from joinedup.governance.assurance.commitments import Evidence, status_on
from joinedup.governance.boards.governance_models import model_named
from joinedup.governance.kept.assurance import as_commitment
from joinedup.governance.kept.boards import terms_on
from joinedup.governance.kept.decisions import adoption_of, day_decided, outcome_of
from joinedup.governance.kept.meetings import day_of, items_of, meeting_of
from joinedup.governance.kept.packs import (
    Reader,
    decision_in_words,
    declared_in_words,
    is_private_decision,
    newest_versions,
    pack_of,
    paper_for,
)
from joinedup.governance.kept.registers import believed, visible
from joinedup.governance.meetings.chain import TIERS
from joinedup.governance.meetings.decisions import OUTCOMES
from joinedup.governance.publication import pack as words
from joinedup.governance.publication.masking import public_text
from joinedup.governance.publication.minutes import ItemTitle, public_minutes
from joinedup.governance.publication.pack import Facts, Pack, PackPaper, hash_of_content
from joinedup.governance.reading import quorum_views
from joinedup.moment import LONDON, Moment, end_of_day
from joinedup.system import names_of_people

UNKNOWN = "There is no such decision, or nothing of it is published."
UNDECIDED = frozenset({"deferred", "referred", "not_quorate"})
WITH_MEMBERS = "Waits for its members to adopt it"


class Hashed:
    """A page's content: `content_hash` is of all that it says (X7)."""

    __slots__ = ()

    @property
    def content_hash(self) -> str:
        return hash_of_content(asdict(self))  # type: ignore[call-overload]


@dataclass(frozen=True, slots=True)
class OpenBoard:
    """A board as everybody reads it: what it is called, its tier, its members, and how many meetings and decisions."""

    key: str
    name: str
    tier: str
    members: tuple[tuple[str, str, str], ...]  # (seat, name, on behalf of)
    next_meeting: tuple[str, date] | None
    last_meeting: tuple[str, date] | None
    meetings: int
    decisions: int


@dataclass(frozen=True)
class OpenBoards(Hashed):
    """The boards of a day."""

    boards: tuple[OpenBoard, ...]


@dataclass(frozen=True, slots=True)
class ListedMeeting:
    """A meeting in a list; of a private one the day and the reason alone."""

    key: str
    board: str
    on: date
    kind: str
    is_public: bool
    reason: str
    decisions: int


@dataclass(frozen=True, slots=True)
class ListedDecision:
    """A decision in a list."""

    reference: str
    title: str
    board: str
    board_name: str
    on: date
    outcome: str
    amount_pence: int | None


@dataclass(frozen=True)
class Listed(Hashed):
    """Meetings and decisions in lists, the newest first."""

    meetings: tuple[ListedMeeting, ...] = ()
    decisions: tuple[ListedDecision, ...] = ()


@dataclass(frozen=True)
class OpenMeeting(Hashed):
    """A meeting as everybody reads it. `minutes`: as approved; `minutes_say` says where they stand otherwise."""

    pack: Pack
    minutes: str
    minutes_say: str

    @property
    def content_hash(self) -> str:
        return hash_of_content((self.pack.content_hash, self.minutes, self.minutes_say))


@dataclass(frozen=True)
class OpenDecision(Hashed):
    """A decision as everybody reads it: who decided what and why, with which interests, and what it changed."""

    reference: str
    title: str
    board: str
    board_name: str
    meeting: str
    on: date
    was_decided: bool  # not deferred, referred or without a quorum
    facts: Facts
    quorum_says: str
    expects: Facts
    declared: tuple[str, ...]
    papers: tuple[PackPaper, ...]
    changed: tuple[tuple[str, str, str], ...]  # (what, in words, the reference of another decision or "")


def open_boards(moment: Moment) -> OpenBoards:
    """Answer the boards that sit on a day, with their members, the next and the last public meeting."""
    terms = {row.board_id: row for row in visible(models.BoardTerms, moment)}
    boards = models.Board.objects.filter(pk__in=terms, at__lte=moment.known_at)
    seats = {(row.board_id, row.key): row for row in visible(models.Seat, moment)}
    holdings = visible(models.SeatHolding, moment)
    name = names_of_people({row.person for row in holdings}, moment.valid_on, moment.known_at)
    meetings: dict[str, list[models.Meeting]] = {}
    for row in models.Meeting.objects.filter(at__lte=moment.known_at).order_by("starts_at"):
        meetings.setdefault(row.board_id, []).append(row)
    decided: dict[str, int] = {}
    for one in open_decisions(moment).decisions:
        decided[one.board] = decided.get(one.board, 0) + 1
    found = []
    for board in boards:
        held = meetings.get(board.key, [])
        past = [one for one in held if day_of(one) < moment.valid_on]
        ahead = [one for one in held if day_of(one) >= moment.valid_on]
        members = sorted(
            (seats[board.key, row.seat].title, name.get(row.person, row.person), row.on_behalf_of)
            for row in holdings
            if row.board_id == board.key and (board.key, row.seat) in seats
        )
        found.append(
            OpenBoard(
                board.key, terms[board.key].name, TIERS.get(board.tier, board.tier), tuple(members),
                (ahead[0].key, day_of(ahead[0])) if ahead else None, (past[-1].key, day_of(past[-1])) if past else None,
                len(held), decided.get(board.key, 0),
            )
        )  # fmt: skip
    order = {title: place for place, title in enumerate(TIERS.values())}
    return OpenBoards(tuple(sorted(found, key=lambda one: (order.get(one.tier, 9), one.name))))


def open_meetings(board: str, moment: Moment) -> Listed:
    """Answer the meetings and decisions of a board, the newest first; of a private meeting the day and the reason."""
    decisions = open_decisions(moment, board=board).decisions
    count: dict[str, int] = {}
    for reference, meeting in models.Decision.objects.filter(board=board, item__isnull=False).values_list(
        "reference", "item__meeting"
    ):
        count[meeting] = count.get(meeting, 0) + any(one.reference == reference for one in decisions)
    rows = models.Meeting.objects.filter(board=board, at__lte=moment.known_at).order_by("-starts_at")
    return Listed(
        tuple(
            ListedMeeting(
                row.key, row.board_id, day_of(row), row.kind, row.is_public,
                "" if row.is_public else public_text(row.exclusion_reason), count.get(row.key, 0),
            )
            for row in rows
        ),
        decisions,
    )  # fmt: skip


def open_decisions(moment: Moment, *, board: str = "") -> Listed:
    """Answer the decisions that were taken by the end of a day and that the public reads, the newest first."""
    rows = (
        models.Decision.objects.select_related("item__meeting", "board")
        .filter(at__lte=moment.known_at, decided_at__lte=end_of_day(moment.valid_on))
        .order_by("-decided_at", "reference")
    )
    if board:
        rows = rows.filter(board=board)
    terms: dict[str, list[models.BoardTerms]] = {}
    for line in believed(models.BoardTerms, moment.known_at):
        terms.setdefault(line.board_id, []).append(line)
    found = []
    for row in rows:
        held = next((one for one in terms.get(row.board_id, ()) if day_decided(row) in one.valid), None)
        if held is None or (is_private_decision(row, moment) if row.item else not held.is_public):
            continue
        outcome = row.outcome or outcome_of(row, moment)
        found.append(
            ListedDecision(
                row.reference, public_text(row.item.title if row.item else row.text), row.board_id, held.name,
                day_decided(row), OUTCOMES[outcome] if outcome else WITH_MEMBERS, row.amount_pence,
            )
        )  # fmt: skip
    return Listed(decisions=tuple(found))


def open_meeting(key: str, moment: Moment, at: datetime) -> OpenMeeting:
    """Answer a meeting as everybody reads it at an instant, by what was known; NotFound where it was not called yet."""
    pack = pack_of(key, moment, Reader(at))
    meeting = meeting_of(key)
    if not meeting.is_public:
        return OpenMeeting(pack, "", "")
    rows = meeting.minutes.filter(at__lte=moment.known_at)
    approved = rows.filter(approved_at__isnull=False).first()
    if approved is None:
        return OpenMeeting(pack, "", "The minutes are published when a later meeting has approved them.")
    text = public_minutes(
        approved.text, [ItemTitle(one.number, one.title, one.is_private) for one in items_of(meeting, approved.at)]
    )
    if text is None:
        return OpenMeeting(pack, "", "The minutes are approved. Parts of them are private, and are being taken out.")
    return OpenMeeting(pack, text, "")


def open_decision(reference: str, moment: Moment, at: datetime) -> OpenDecision:
    """Answer a decision as everybody reads it; NotFound, in the same words, for none and for a private one."""
    row = models.Decision.objects.select_related("item__meeting", "board").filter(
        pk=reference, at__lte=moment.known_at, decided_at__lte=end_of_day(moment.valid_on)
    ).first()  # fmt: skip
    if row is None or is_private_decision(row, moment):
        raise NotFound(UNKNOWN)
    reader, day, item = Reader(at), day_decided(row), row.item
    on_day = Moment(day, moment.known_at)
    people = {one.person for one in row.dissents.all()}
    if item:
        people |= {one.person for one in item.declarations.all()} | {one.person for one in item.conflict_actions.all()}
    name = names_of_people(people, day, moment.known_at)
    papers = [paper_for(version, moment, reader) for version in _pinned(row, moment, reader)] if item else []
    tidy = reader.said
    asks = words.facts_of(row.asks, words.ASKS_SAID)
    expects = words.facts_of(item.expects if item else None, words.EXPECTS_SAID)
    amount = "" if row.amount_pence is None else words.pounds_said(row.amount_pence)
    tier = f"{TIERS.get(row.tier, row.tier)}{f': {tidy(row.tier_reason)}' if row.tier_reason else ''}"
    facts = [
        *decision_in_words(row, name, moment, reader),
        ("Amount", amount),
        ("Supplier", tidy(row.supplier)),
        ("Function", row.function.replace("-", " ")),
        *((label, tidy(text)) for label, text in asks),
        ("Tier", tier),
        ("Decided under", model_named(row.model).title),
    ]
    return OpenDecision(
        row.reference, tidy(item.title if item else row.text), row.board_id,
        terms_on(row.board_id, on_day).name, item.meeting_id if item else "", day, row.outcome not in UNDECIDED,
        tuple(one for one in facts if one[1]), quorum_views(reference, moment.known_at).says,
        tuple((label, tidy(text)) for label, text in expects),
        declared_in_words(item, name, moment, reader) if item else (), tuple(papers),
        tuple(_changed(row, moment)),
    )  # fmt: skip


def _pinned(decision: models.Decision, moment: Moment, reader: Reader) -> list[models.PaperVersion]:
    """Answer the versions on which a decision was taken; where it pins none, the newest of its item."""
    pins = {(one["paper"], one["number"]) for one in decision.papers}
    assert decision.item is not None
    if not pins:
        return newest_versions(decision.item, moment, reader)
    rows = models.PaperVersion.objects.filter(item=decision.item).select_related("published", "item")
    return [row for row in rows.order_by("paper", "number") if (row.paper_id, row.number) in pins]


def _changed(decision: models.Decision, moment: Moment) -> Iterable[tuple[str, str, str]]:
    for other, label in ((decision.supersedes, "Takes the place of"), (_after(decision, moment), "Superseded by")):
        if other is not None and not is_private_decision(other, moment):
            yield label, other.reference, other.reference
    adopted = adoption_of(decision, moment)
    if adopted is not None:
        for row in decision.adoptions.filter(at__lte=moment.known_at).order_by("pk"):
            yield f"Answer of {row.body}", f"{row.status}, {row.on.day} {row.on:%B %Y}", ""
    ratified = models.Ratification.objects.filter(decision=decision, at__lte=moment.known_at).first()
    if ratified is not None:
        yield "Ratified" if ratified.is_ratified else "Not ratified", ratified.meeting_id, ""
    given = models.GivenAuthority.objects.filter(decision=decision, at__lte=moment.known_at).first()
    if given is not None and decision.amount_pence:
        yield "Money", f"Up to {words.pounds_said(decision.amount_pence)} may be committed and spent under it", ""
    for row in decision.commitments.filter(at__lte=moment.known_at).order_by("due_on", "key"):
        evidence = [
            Evidence(one.text, one.dated, one.status, one.at.astimezone(LONDON).date())
            for one in row.evidence.filter(at__lte=moment.known_at).order_by("pk")
        ]
        status = status_on(as_commitment(row), evidence, moment.valid_on)
        yield "Promise", f"{public_text(row.text)} (due {row.due_on.day} {row.due_on:%B %Y}, {status})", ""


def _after(decision: models.Decision, moment: Moment) -> Any:
    return decision.successors.filter(at__lte=moment.known_at).select_related("item__meeting", "board").first()
