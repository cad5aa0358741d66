"""The act that closes an item: quorum of that minute, votes, the rule of the model, and the decision as it is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction

from joinedup.access import record
from joinedup.errors import RuleError, did_you_mean
from joinedup.governance import models
from joinedup.governance.acts.letting_act import let_act
from joinedup.governance.boards import seats
from joinedup.governance.kept.conflicts import conflicts_snapshot
from joinedup.governance.kept.decisions import decision_of, model_of_system, must_be_adopted, quorum_kept
from joinedup.governance.kept.delegations import verdict_on
from joinedup.governance.kept.meetings import item_of, presiding_at, within_day
from joinedup.governance.kept.registers import grown, known_from, lock, said
from joinedup.governance.kept.standing import Room, room_at
from joinedup.governance.meetings.chain import check_tier
from joinedup.governance.meetings.decisions import Dissent
from joinedup.governance.meetings.voting import (
    CountedVotes,
    NobodyPresides,
    Tally,
    Vote,
    count_votes,
    decide_by_majority,
    read_special_majority,
    special_majority_at,
    tally,
    who_presides,
)
from joinedup.moment import LONDON, Moment

if TYPE_CHECKING:
    from joinedup.access import Grant

PRESIDE = "governance.preside"


@dataclass(frozen=True)
class _Outcome:
    """What comes of an item: `outcome` None is left to the members; how it was reached, and why."""

    outcome: str | None
    method: str
    reasons: tuple[str, ...]
    votes: Mapping[str, Any]


def close_item(
    grant: Grant,
    item: str,
    *,
    at: datetime,
    text: str,
    consensus: bool | None = None,
    casting: str | None = None,
    way_on: str = "",
    dissents: Mapping[str, str] | None = None,
    tier_reason: str = "",
    known_at: datetime | None = None,
) -> models.Decision:
    """Close an open item at an instant, and keep what was decided with the quorum and conflicts of that minute.

    In order: without a quorum nothing is decided (`way_on` says which of the ways on was chosen, Q2); a board that may
    not decide it refers it (D6); else consensus and then adoption by each member of a joint committee (`consensus` is
    what whoever presides found), or the votes (Q3, Q4). `casting` is the casting vote on a tie; where none is named,
    the vote of whoever presides is. A carried decision that asks for money is handed to it at once.
    """
    grant.must_be_for(PRESIDE)
    with transaction.atomic():
        kept = item_of(item, locked=True)
        # First its turn, then what is known: whoever is in the room, and what was decided of the same purchase.
        purchase = f"purchase {kept.function} {' '.join(kept.supplier.split()).casefold()}"
        lock(f"meeting {kept.meeting_id}", *([purchase] if kept.function else []))
        known = known_from(grant, known_at)
        opened = models.ItemOpened.objects.filter(item=kept).first()
        within_day(kept.meeting, at, "Closing an item")
        _must_be_closable(kept, opened, at)
        room = room_at(kept, at, known)
        found = _decide(room, consensus, casting, way_on)
        if found.outcome in {None, "carried"}:
            _must_be_its_tier(kept, tier_reason)
        superseded = kept.supersedes if found.outcome in {None, "carried"} else ""
        decision = models.Decision.objects.create(
            reference=kept.key, item=kept, board=kept.meeting.board, text=said(text, "B7: a decision"),
            function=kept.function, amount_pence=kept.amount_pence, supplier=kept.supplier,
            tier=kept.meeting.board.tier, tier_reason=tier_reason.strip(), model=_model_key(room), method=found.method,
            outcome=found.outcome, reasons=list(found.reasons), decided_at=at,
            quorum_snapshot=quorum_kept(
                room.standing.quorum, rule=room.terms.quorum, terms=room.terms.version, known_at=known.isoformat()
            ),
            conflicts_snapshot=conflicts_snapshot(kept, at, known), votes_snapshot=dict(found.votes),
            papers=_pinned(kept), asks=kept.asks, supersedes_id=superseded or None, **grown(grant, known),
        )  # fmt: skip
        for person, words in sorted((dissents or {}).items()):
            dissent = Dissent(person, words)
            models.Dissent.objects.create(
                decision=decision, person=dissent.person, text=dissent.text.strip(), **grown(grant, known)
            )
        details = {
            "outcome": found.outcome, "method": found.method, "pence": kept.amount_pence,
            "quorum": room.standing.quorum.says, "dissents": len(dissents or {}),
        }  # fmt: skip
        record(grant, "governance.close-item", f"decision:{decision.pk}", details=details)
        let_act(decision_of(decision.pk), Moment(_day(at), known), by=grant.actor_id, at=known)
    return decision_of(decision.pk)


def _must_be_closable(item: models.AgendaItem, opened: models.ItemOpened | None, at: datetime) -> None:
    if opened is None or at < opened.since:
        raise RuleError("Q5: this item is not open at that time; open it first.")
    if models.Decision.objects.filter(item=item).exists():
        raise RuleError("B7: this item is decided. A change is a new decision that supersedes it.")
    if opened.type != "approve":
        missing = f" Its paper lacks {', '.join(opened.missing)}." if opened.missing else ""
        raise RuleError(f"B8: this item is for {opened.type}; nothing is decided on it.{missing}")


def _decide(room: Room, consensus: bool | None, casting: str | None, way_on: str) -> _Outcome:
    standing = room.standing
    if standing.outcome is not None:
        if way_on and way_on not in standing.options:
            raise RuleError(
                f"Q2: '{way_on}' is no way on; expected {', '.join(standing.options) or 'none'}."
                f"{did_you_mean(way_on, standing.options)}"
            )
        outcome = "referred" if way_on == "refer_up" else standing.outcome
        return _Outcome(outcome, "vote", (standing.quorum.says, *([way_on] if way_on else ())), {})
    if way_on:
        raise RuleError("Q2: this item is quorate; it needs no other way.")
    item = room.item
    verdict = verdict_on(
        item.meeting.board, item.function, item.amount_pence, item.supplier, room.at, room.known_at,
        supersedes=item.supersedes, is_quorate=True,
    )  # fmt: skip
    if verdict is not None and not verdict.is_allowed:
        reasons = tuple(f"{one.says} ({one.rule})" for one in verdict.reasons)
        return _Outcome("referred", "vote", (*reasons, f"referred to {verdict.refer_to}"), {})
    model = model_of_system(room.item.meeting.board.system, Moment(_day(room.at), room.known_at))
    if must_be_adopted(model, room.item.meeting.board):
        if consensus is None:
            raise RuleError("G2: this committee decides by consensus. Say whether whoever presides found it.")
        return _Outcome(None if consensus else "not_carried", "consensus", (), {})
    if consensus is not None:
        raise RuleError("G3: this board decides by votes; leave the consensus out.")
    return _by_votes(room, casting)


def _by_votes(room: Room, casting: str | None) -> _Outcome:
    rows = [
        Vote(row.person, row.value, row.cast_at, room.item.key, row.proxy_for)
        for row in room.item.votes.order_by("cast_at", "pk")
    ]
    counted = count_votes(rows, closes_at=room.at)
    # A conflict or an attendance that became known after the vote was taken sets it aside; it stays in the record.
    seats_of = {vote.of: _seats_of(vote, room) for vote in counted.counted}
    standing = [one for one in counted.counted if seats_of[one.of] and not {one.person, one.of} & room.excluded]
    sums = tally(standing, seats_of)
    presiding, voice = _casting(room, standing, casting)
    majority = room.item.needs
    if majority:
        outcome, needed = special_majority_at(
            read_special_majority(majority), sums, room.board, room.there, at=room.at, excluded=room.excluded
        )
        reasons: tuple[str, ...] = (f"{majority}: {needed} needed",)
    else:
        outcome, reasons = decide_by_majority(sums, casting=voice), ()
    votes = _votes_kept(sums, counted, standing) | {"presiding": presiding, "casting": voice if _is_tie(sums) else None}
    return _Outcome(outcome, "vote", reasons, votes)


def _is_tie(sums: Tally) -> bool:
    """Answer whether as many votes were for as against."""
    return sums.votes_for == sums.votes_against


def _seats_of(vote: Vote, room: Room) -> frozenset[str]:
    there = room.there
    if vote.proxy_for:
        there = [*there, seats.Attendance(vote.proxy_for, vote.cast_at)]
    return room.board.vote_seats_at(there, vote.cast_at).get(vote.of, frozenset())


def _casting(room: Room, votes: list[Vote], casting: str | None) -> tuple[str, str | None]:
    """Answer who presides over this item, and the casting vote: as given, else that person's own vote."""
    able = room.board.vote_seats_at(room.there, room.at).keys() - room.excluded
    presiding = presiding_at(room.item.meeting, room.at)
    try:
        person = who_presides(presiding.person, [presiding.deputy], able)
    except NobodyPresides:
        if casting is not None:
            raise
        return "", None
    if not room.terms.has_casting_vote:
        if casting is not None:
            raise RuleError("Q3: the terms of this board know no casting vote.")
        return person, None
    own = next((vote.value for vote in votes if vote.of == person and vote.value != "abstain"), None)
    return person, casting or own


def _votes_kept(sums: Tally, counted: CountedVotes, standing: list[Vote]) -> dict[str, Any]:
    return {
        **asdict(sums),
        "counted": [_vote_kept(one) for one in standing],
        "set_aside": [_vote_kept(one) for one in counted.counted if one not in standing],
        "superseded": [_vote_kept(one) for one in counted.superseded],
    }


def _vote_kept(vote: Vote) -> dict[str, str]:
    return {
        "person": vote.person, "value": vote.value, "cast_at": vote.cast_at.isoformat(), "proxy_for": vote.proxy_for,
    }  # fmt: skip


def _pinned(item: models.AgendaItem) -> list[dict[str, Any]]:
    newest = {version.paper_id: version for version in item.paper_versions.order_by("number")}
    return [
        {"paper": key, "number": version.number, "content_hash": version.content_hash}
        for key, version in sorted(newest.items())
    ]


def _must_be_its_tier(item: models.AgendaItem, reason: str) -> None:
    """Raise TierReasonMissing for a decision elsewhere than at the lowest tier that its paper names (B11)."""
    version = item.paper_versions.order_by("-number").first()
    lowest = version.parts.get("lowest_tier", "") if version else ""
    if lowest:
        check_tier(item.meeting.board.tier, lowest, reason)


def _model_key(room: Room) -> str:
    return model_of_system(room.item.meeting.board.system, Moment(_day(room.at), room.known_at)).key


def _day(at: datetime) -> date:
    return at.astimezone(LONDON).date()
