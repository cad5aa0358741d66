"""The acts about staff in a transition: taking in a list, a wish, a leaver; and who may read what (rules: C7 to C10).

A member of staff reads the own rows and nobody else's; whoever leads a transition reads sums. Each reading is audited.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction as one_transaction

from joinedup.access import record
from joinedup.errors import FileError, NotFound, RuleError
from joinedup.governance import models
from joinedup.governance.acts.boards import one_of
from joinedup.governance.acts.transitions import TRANSIT
from joinedup.governance.kept.boards import person_of_account
from joinedup.governance.kept.registers import grown, known_from, lock, said
from joinedup.governance.kept.transitions import (
    LEFT,
    as_employed,
    as_placing,
    closing_bodies,
    counts_of,
    events_of,
    report_of,
    staff_of,
    transition_of,
)
from joinedup.governance.transition.offers import WISHES
from joinedup.governance.transition.staff_file import StaffLine, must_lose_nobody, read_staff
from joinedup.governance.transition.staff_transfer import TransferReport, own_placings
from joinedup.moment import LONDON, Moment, now
from joinedup.system import Event, names_of_people

if TYPE_CHECKING:
    from joinedup.access import Grant

OWN: Final = "governance.own_transfer"
PLANNED: Final = "planned"
# What a row says beside who wrote it when and why.
SAYS: Final = (
    "employment", "person", "from_body", "from_post", "fte", "staff_class", "continuous_from", "terms_hash_before",
    "to_body", "to_post", "to_fte", "terms_hash_after", "to_continuous_from", "basis", "wish", "offer_valid_to",
    "consulted_on", "status",
)  # fmt: skip
# What a member of staff may answer to what, and which answers say why.
ANSWERS: Final = {"offer": ("accept", "decline"), "consultation": ("agree", "question", "object")}
NEED_WORDS: Final = frozenset({"decline", "question", "object"})
NOT_THERE: Final = "There is no transfer of yours. If your employer changes, ask its human resources team."


@dataclass(frozen=True, slots=True)
class OwnTransfer:
    """A person's own transfer: the row as last said, the transition it belongs to, and whether its terms stay."""

    transition: models.Transition
    row: models.StaffTransfer

    @property
    def is_placed(self) -> bool:
        return as_placing(self.row) is not None

    @property
    def keeps_terms(self) -> bool:
        return bool(self.row.terms_hash_before == self.row.terms_hash_after)


@dataclass(frozen=True, slots=True)
class StaffSums:
    """The staff of a transition in sums: the report, people by closing body, offers, wishes, and who was consulted."""

    report: TransferReport
    by_body: dict[str, tuple[int, int, int]]  # {body: (people, placed, unplaced)}
    wishes: dict[str, int]
    offered: int
    consulted: int
    left: int
    receiving: dict[str, int]


def import_staff(
    grant: Grant, transition: str, name: str, content: bytes, *, reason: str, known_at: datetime | None = None
) -> int:
    """Take in a list of staff; answers how many rows are new or say otherwise. The same again changes nothing.

    FileError with row and field; nothing is then kept. A list that loses a member of staff is refused.
    """
    grant.must_be_for(TRANSIT)
    lines = read_staff(name, content)
    why = said(reason, "C7: a list of staff")
    with one_transaction.atomic():
        lock(f"transition {transition}")
        at = known_from(grant, known_at)
        row = transition_of(transition)
        known = {one.employment: one for one in staff_of(transition, at)}
        there = [key for key, one in known.items() if one.status != LEFT]
        must_lose_nobody(name, lines, there, counts_of(transition, "staff", at))
        _must_fit(name, lines, transition, at)
        new = [says for line in lines if (says := _says(line)) != _said_before(known.get(line.employed.employment))]
        models.StaffTransfer.objects.bulk_create(
            (models.StaffTransfer(transition=row, reason=why, **says, **grown(grant, at)) for says in new),
            batch_size=1000,
        )
        if new:
            details = {"rows": len(lines), "new": len(new), "digest": hashlib.sha256(content).hexdigest()}
            record(grant, "governance.import-staff", f"transition:{transition}", details=details)
    return len(new)


def try_staff(grant: Grant, transition: str, name: str, content: bytes, *, reason: str) -> tuple[int, StaffSums | None]:
    """Take in a list of staff, answer what `import_staff` does and the sums it comes to, and take it back. Audited."""
    with one_transaction.atomic():
        new = import_staff(grant, transition, name, content, reason=reason)
        sums = read_sums(grant, transition, now().known_at)
        one_transaction.set_rollback(True)
    with one_transaction.atomic():
        record(grant, "governance.try-staff", f"transition:{transition}", details={"new": new})
    return new, sums


def record_leaver(
    grant: Grant, transition: str, employment: str, *, reason: str, known_at: datetime | None = None
) -> None:
    """Say that an employment ended before day one; it needs no place any more."""
    grant.must_be_for(TRANSIT)
    why = said(reason, "C7: a leaver")
    with one_transaction.atomic():
        lock(f"transition {transition}")
        at = known_from(grant, known_at)
        _write_again(grant, _row(transition, employment, at), {"status": LEFT}, why, at)
        record(grant, "governance.record-leaver", f"transition:{transition}", details={"employment": employment})


def say_own_wish(grant: Grant, employment: str, wish: str) -> None:
    """Let a member of staff say the own wish: to stay or to leave (C9). NotFound for anybody else's employment."""
    grant.must_be_for(OWN)
    one_of(wish, WISHES, "wish")
    with one_transaction.atomic():
        found = next((one for one in _own(grant) if one.row.employment == employment), None)
        if found is None:
            raise NotFound(NOT_THERE)
        change = change_of(found)
        if change is not None and change.certainty == "in_force":
            raise RuleError("C9: the change is in force, so a wish changes nothing. Speak with your employer.")
        lock(f"transition {found.transition.pk}")
        at = known_from(grant, None)
        row = _row(found.transition.pk, employment, at)
        if row.wish != wish:
            _write_again(grant, row, {"wish": wish}, "said by the person", at)
            record(grant, "governance.own-wish", f"employment:{employment}", details={"wish": wish})


def say_own_response(grant: Grant, employment: str, about: str, given: str, words: str = "") -> None:
    """Let a member of staff answer the own offer, or the consultation (C7, C9). NotFound for anybody else's employment.

    To accept or to decline an offer says the wish too. Whoever declines, asks or objects says why.
    """
    grant.must_be_for(OWN)
    one_of(about, tuple(ANSWERS), "matter to answer")
    one_of(given, ANSWERS[about], f"answer to the {about}")
    with one_transaction.atomic():
        found = next((one for one in _own(grant) if one.row.employment == employment), None)
        if found is None:
            raise NotFound(NOT_THERE)
        change = change_of(found)
        if change is not None and change.certainty == "in_force":
            raise RuleError("C9: the change is in force, so an answer changes nothing. Speak with your employer.")
        if about == "offer" and found.row.offer_valid_to is None:
            raise RuleError("C9: no offer to you is recorded yet. Ask your employer's human resources team.")
        if given in NEED_WORDS and not words.strip():
            raise RuleError("C7: say in a few words what you ask, or why. Human resources answers you.")
        lock(f"transition {found.transition.pk}")
        at = known_from(grant, None)
        models.StaffResponse.objects.create(
            transition=found.transition, employment=employment, about=about, answer=given, words=words.strip(),
            **grown(grant, at),
        )  # fmt: skip
        if about == "offer":
            row = _row(found.transition.pk, employment, at)
            wish = "stay" if given == "accept" else "leave"
            if row.wish != wish:
                _write_again(grant, row, {"wish": wish}, "said by the person in answer to the offer", at)
        record(grant, "governance.own-response", f"employment:{employment}", details={"about": about, "answer": given})


def read_own(grant: Grant) -> list[OwnTransfer]:
    """Answer the own transfers of whoever asks, and nobody else's; NotFound where there is none. Audited."""
    grant.must_be_for(OWN)
    with one_transaction.atomic():
        found = _own(grant)
        outcome = "done" if found else "nothing"
        record(grant, "governance.read-own-transfer", "transfer:own", details={"rows": len(found), "found": outcome})
    if not found:
        raise NotFound(NOT_THERE)
    return found


def read_sums(grant: Grant, transition: str, known_at: datetime) -> StaffSums | None:
    """Answer the staff of a transition in sums, which name nobody; None before a list was taken in. Audited."""
    grant.must_be_for(TRANSIT)
    with one_transaction.atomic():
        rows = staff_of(transition_of(transition).pk, known_at)
        record(grant, "governance.read-staff", f"transition:{transition}", details={"rows": len(rows)})
    if not rows:
        return None
    there = [row for row in rows if row.status != LEFT]
    below = [row for row in there if row.staff_class != "senior_leader"]
    by_body = {
        body: (
            len({row.person for row in there if row.from_body == body}),
            len([row for row in below if row.from_body == body and row.to_post]),
            len([row for row in below if row.from_body == body and not row.to_post]),
        )
        for body in sorted({row.from_body for row in there})
    }
    receiving = sorted({row.to_body for row in below if row.to_post})
    return StaffSums(
        report_of(transition, rows, known_at), by_body,
        {wish: len([row for row in below if row.wish == wish]) for wish in WISHES},
        len([row for row in below if row.offer_valid_to]), len([row for row in below if row.consulted_on]),
        len(rows) - len(there), {body: len([row for row in below if row.to_body == body]) for body in receiving},
    )  # fmt: skip


def _own(grant: Grant) -> list[OwnTransfer]:
    moment = now()
    try:
        person = person_of_account(grant.actor_id, moment)
    except NotFound:
        return []
    newest = (
        models.StaffTransfer.objects.filter(person=person).select_related("transition")
        .order_by("transition", "employment", "-pk").distinct("transition", "employment")
    )  # fmt: skip
    rows = [row for row in newest if row.status != LEFT]
    # By the rule once more: what is shown is the person's own, whatever was asked of the database.
    placed = [one for row in rows if (one := as_placing(row)) is not None]
    own = {one.employment for one in own_placings(map(as_employed, rows), placed, person)}
    return [OwnTransfer(row.transition, row) for row in rows if row.employment in own or not row.to_post]


def _row(transition: str, employment: str, known_at: datetime) -> models.StaffTransfer:
    found: models.StaffTransfer | None = (
        models.StaffTransfer.objects.filter(transition=transition, employment=employment, at__lte=known_at)
        .order_by("-pk").first()
    )  # fmt: skip
    if found is None:
        raise NotFound(f"C7: the transition {transition} has no employment '{employment}'.")
    return found


def _write_again(grant: Grant, row: models.StaffTransfer, change: Mapping[str, Any], reason: str, at: datetime) -> None:
    says = {name: getattr(row, name) for name in SAYS} | dict(change)
    models.StaffTransfer.objects.create(transition=row.transition, reason=reason, **says, **grown(grant, at))


def _says(line: StaffLine) -> dict[str, Any]:
    before, after = line.employed, line.placing
    return {
        "employment": before.employment, "person": before.person, "from_body": before.body, "from_post": before.post,
        "fte": before.fte, "staff_class": before.staff_class, "continuous_from": before.continuous_from,
        "terms_hash_before": before.terms_hash, "to_body": after.to_body if after else "",
        "to_post": after.to_post if after else "", "to_fte": after.fte if after else None,
        "terms_hash_after": after.terms_hash if after else "",
        "to_continuous_from": after.continuous_from if after else None, "basis": line.basis, "wish": line.offer.wish,
        "offer_valid_to": line.offer.valid_to, "consulted_on": line.consulted_on, "status": PLANNED,
    }  # fmt: skip


def _said_before(row: models.StaffTransfer | None) -> dict[str, Any] | None:
    return None if row is None else {name: getattr(row, name) for name in SAYS}


def _must_fit(name: str, lines: list[StaffLine], transition: str, at: datetime) -> None:
    """Raise FileError, with row and field, for somebody whom nobody wrote down, or a body that does not close."""
    today = at.astimezone(LONDON).date()
    people = names_of_people({one.employed.person for one in lines}, today, at)
    events = events_of(transition, Moment(today, at))
    closing = {
        alias for event in events for one in closing_bodies(event, at).values() for alias in one.aliases
    }  # fmt: skip
    for number, line in enumerate(lines, start=2):
        if line.employed.person not in people:
            raise FileError(
                name, "expected somebody whom the room system knows", "Write the person down first.", line=number,
                field="person",
            )  # fmt: skip
        if line.employed.body not in closing:
            raise FileError(
                name, "expected a body that a change of this transition closes",
                f"They are {', '.join(sorted(one for one in closing if len(one) < 20)) or 'none'}.", line=number,
                field="from_body",
            )  # fmt: skip
        if line.placing is not None and line.placing.to_body in closing:
            raise FileError(
                name, "expected a body that is there after the change", "Name a receiving body.", line=number,
                field="to_body",
            )  # fmt: skip


def change_of(transfer: OwnTransfer) -> Event | None:
    """Answer the change that closes a person's employer, by what is believed now."""
    moment = now()
    for event in events_of(transfer.transition.pk, moment):
        if any(transfer.row.from_body in one.aliases for one in closing_bodies(event, moment.known_at).values()):
            return event
    return None
