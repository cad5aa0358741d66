"""What a body has open on boards, for the check before it closes (rule C3).

Its own boards' commitments and risks, those that it owns on others' boards, delegations to it or from its boards, and
the seats that are held for it or that it nominates for.
"""

from __future__ import annotations

from datetime import date

from django.db.models import Q

from joinedup.governance import models
from joinedup.governance.assurance.commitments import status_on
from joinedup.governance.kept.assurance import as_commitment, evidence_of
from joinedup.moment import Moment, now

Work = dict[str, str]
DONE = frozenset({"met", "superseded"})


def open_work(body: str, on: date) -> list[Work]:
    """Answer what a body, by its code, has open on a day, by all that is known now.

    Dicts of kind, id, title, owner and link, as other rooms answer.
    """
    moment = Moment(on, now().known_at)
    own = list(models.Board.objects.filter(joint_of__contains=[body]).values_list("pk", flat=True))
    return [
        *_commitments(body, own, moment),
        *_delegations(body, own, moment),
        *_risks(body, own),
        *_seats(body, moment),
    ]


def _work(kind: str, id_: str, title: str, owner: str, link: str) -> Work:
    return {"kind": kind, "id": id_, "title": title, "owner": owner, "link": link}


def _commitments(body: str, own: list[str], moment: Moment) -> list[Work]:
    rows = models.Commitment.objects.filter(Q(owner=body) | Q(board__in=own)).prefetch_related("evidence")
    return [
        _work("commitment", row.key, row.text, row.owner, f"/governance/boards/{row.board_id}/")
        for row in rows.order_by("pk")
        if status_on(as_commitment(row, moment.known_at), evidence_of(row, moment.known_at), moment.valid_on)
        not in DONE
    ]


def _delegations(body: str, own: list[str], moment: Moment) -> list[Work]:
    held = models.Delegation.objects.filter(
        Q(to_kind="body", to=body) | Q(from_board__in=own), valid__contains=moment.valid_on,
        known__contains=moment.known_at,
    )  # fmt: skip
    return [
        _work("delegation", row.key, row.function, row.to, f"/governance/boards/{row.from_board_id}/")
        for row in held.order_by("key")
    ]


def _risks(body: str, own: list[str]) -> list[Work]:
    rows = models.Risk.objects.filter(Q(owner=body) | Q(board__in=own), closed=None).order_by("pk")
    return [_work("risk", row.key, row.event, row.owner, f"/governance/boards/{row.board_id}/") for row in rows]


def _seats(body: str, moment: Moment) -> list[Work]:
    when = {"valid__contains": moment.valid_on, "known__contains": moment.known_at}
    seats = models.Seat.objects.filter(nominating__contains=[body], **when).order_by("board", "key")
    found = {f"{row.board_id}/{row.key}": row.title for row in seats}
    for row in models.SeatHolding.objects.filter(on_behalf_of=body, **when).order_by("board", "seat"):
        found.setdefault(f"{row.board_id}/{row.seat}", row.seat)
    return [
        _work("seat", key, title, body, f"/governance/boards/{key.partition('/')[0]}/")
        for key, title in sorted(found.items())
    ]
