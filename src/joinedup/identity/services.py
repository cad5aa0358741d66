"""The acts of a person on joins: deciding on a pair, parting a resident, undoing a merge. Each is audited."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import product
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.utils.module_loading import import_string

from joinedup.access import Act, record_many
from joinedup.errors import NotFound, RuleError
from joinedup.identity import grouping
from joinedup.identity.configuration import in_force
from joinedup.identity.merges import add_decision, latest_verdict
from joinedup.identity.residents import resident_of, subjects_of

if TYPE_CHECKING:
    from joinedup.access import Grant

PERMISSION = "identity.review"
VERDICTS = ("match", "never", "unsure", "withdrawn")
LEAST_REASON = 3


def decide(
    grant: Grant, left: UUID, right: UUID, verdict: str, reason: str, *, request_id: UUID | None = None,
    method: str = "review",
) -> int:  # fmt: skip
    """Record what a person says of a pair, and group anew what it touches; answers the decision's number.

    `match` joins the two against every limit but a `never`; `never` parts them and outranks every score and every later
    merge message; `withdrawn` takes back what was said; `unsure` leaves the review open. The same `request_id` twice
    is one decision. Raises RuleError for a pair of one, a verdict that is none or an empty reason; NotFound when one of
    the subjects is not there.
    """
    grant.must_be_for(PERMISSION)
    if verdict not in VERDICTS:
        raise RuleError(f"'{verdict}' is no verdict; expected {', '.join(VERDICTS)}.")
    if left == right:
        raise RuleError("A decision is about two records; these are one.")
    if len(reason.strip()) < LEAST_REASON:
        raise RuleError("A decision needs its reason, in a few words.")
    left, right = sorted((left, right))
    at = datetime.now(UTC)
    with transaction.atomic(), connection.cursor() as cursor:
        grouping.lock(cursor)
        if request_id is not None:
            cursor.execute("SELECT id FROM identity_decision WHERE request_id = %s", [request_id])
            row = cursor.fetchone()
            if row:
                return int(row[0])
        _must_be_known(cursor, (left, right))
        if verdict == "match" and _is_parted(cursor, left, right):
            raise RuleError(
                "Somebody said that records of these two residents are two people. Take that back first, then decide."
            )
        decision = add_decision(cursor, left, right, verdict, method, grant.actor_id, reason.strip(), at, request_id)
        if verdict == "unsure":
            cursor.execute(
                """UPDATE identity_review SET unsure = unsure + 1
                    WHERE left_id = %s AND right_id = %s AND closed_at IS NULL""",
                [left, right],
            )
        else:
            outcome = verdict if verdict in ("match", "never") else "resolved"
            cursor.execute(
                """UPDATE identity_review SET closed_at = %s, outcome = %s, decision_id = %s
                    WHERE left_id = %s AND right_id = %s AND closed_at IS NULL""",
                [at, outcome, decision, left, right],
            )
            grouping.regroup(cursor, (left, right), in_force(), at, decision_id=decision)
            _tell((left, right))
        # On both, so that each person's own log of access shows it.
        acts = [
            Act(
                "identity.decide",
                f"resident:{one}",
                details={"other": str(two), "verdict": verdict, "decision": decision},
            )
            for one, two in ((left, right), (right, left))
        ]
        record_many(grant, acts)
    return decision


def decide_review(grant: Grant, review_id: int, verdict: str, reason: str, *, request_id: UUID) -> None:
    """Decide on the pair of a review; a second click is the first decision again. NotFound when another closed it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT left_id, right_id, closed_at IS NULL FROM identity_review WHERE id = %s", [review_id])
        row = cursor.fetchone()
        cursor.execute("SELECT 1 FROM identity_decision WHERE request_id = %s", [request_id])
        if cursor.fetchone() is not None:
            return
    if row is None or not row[2]:
        raise NotFound("This pair waits no more: somebody has decided on it, or there is no such pair.")
    decide(grant, row[0], row[1], verdict, reason, request_id=request_id)


def unmerge(
    grant: Grant, resident_id: UUID, records: Iterable[UUID], reason: str, *, request_id: UUID | None = None
) -> int:
    """Part some of a resident's records from the rest for good: `never` between each two; answers how many pairs.

    What is left keeps the resident's id where its own subject stays; the parted ones take back the ids they had before.
    Raises RuleError when none or all of the records are named, NotFound when one is not the resident's.
    """
    grant.must_be_for(PERMISSION)
    if len(reason.strip()) < LEAST_REASON:
        raise RuleError("Parting needs its reason, in a few words.")
    at = datetime.now(UTC)
    with transaction.atomic(), connection.cursor() as cursor:
        grouping.lock(cursor)
        if request_id is not None:
            cursor.execute("SELECT 1 FROM identity_decision WHERE request_id = %s", [request_id])
            if cursor.fetchone():
                return 0
        together, parted = set(subjects_of(resident_id)), set(records)
        if not parted <= together:
            raise NotFound("One of these records does not belong to this resident.")
        rest = together - parted
        if not parted or not rest:
            raise RuleError("Name at least one record to part, and leave at least one.")
        decision = 0
        pairs = sorted(tuple(sorted(pair)) for pair in product(parted, rest))
        for number, (left, right) in enumerate(pairs):
            decision = add_decision(
                cursor, left, right, "never", "undo", grant.actor_id, reason.strip(), at,
                request_id if number == 0 else None,
            )  # fmt: skip
        cursor.execute(
            """UPDATE identity_review SET closed_at = %(at)s, outcome = 'never', decision_id = %(decision)s
                WHERE closed_at IS NULL AND left_id = ANY(%(ids)s) AND right_id = ANY(%(ids)s)""",
            {"at": at, "decision": decision, "ids": sorted(together)},
        )
        grouping.regroup(cursor, together, in_force(), at, decision_id=decision)
        _tell(together)
        record_many(
            grant,
            [
                Act("identity.unmerge", f"resident:{one}", details={"resident": str(resident_id), "decision": decision})
                for one in sorted(parted)
            ],
        )
    return len(pairs)


def undo_merge(
    grant: Grant, survivor: UUID, gone: UUID, reason: str, *, never_again: bool = True, request_id: UUID | None = None
) -> int:
    """Undo a merge that the source sent; both records are again as they were before; answers the decision's number.

    `never_again` puts the pair on the list that outranks every later merge message (rules: record R23). The same
    `request_id` twice is one undoing. Raises NotFound when no such merge stands.
    """
    grant.must_be_for(PERMISSION)
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM identity_decision WHERE request_id = %s", [request_id])
        before = cursor.fetchone()
        if before:
            return int(before[0])
        cursor.execute(
            """SELECT 1 FROM identity_mergemessage
                WHERE survivor_id = %s AND gone_id = %s AND outcome = 'applied' LIMIT 1""",
            [survivor, gone],
        )
        if cursor.fetchone() is None or latest_verdict(cursor, survivor, gone) != "match":
            raise NotFound("No merge of these two records stands.")
    verdict = "never" if never_again else "withdrawn"
    return decide(grant, survivor, gone, verdict, reason, request_id=request_id, method="undo")


def _tell(subjects: Iterable[UUID]) -> None:
    """Let rooms that may not be imported here follow, in the same transaction: what the record says of merges."""
    for path in settings.JOINS_CHANGED:
        import_string(path)(subjects)


def _must_be_known(cursor: object, subjects: tuple[UUID, ...]) -> None:
    cursor.execute("SELECT count(*) FROM identity_subject WHERE subject_id = ANY(%s)", [list(subjects)])  # type: ignore[attr-defined]
    if cursor.fetchone()[0] != len(subjects):  # type: ignore[attr-defined]
        raise NotFound("There is no such record.")


def _is_parted(cursor: object, left: UUID, right: UUID) -> bool:
    """Whether a `never` stands between the residents of two records, apart from one between the two themselves."""
    a, b = subjects_of(left), subjects_of(right)
    if resident_of(left) == resident_of(right):
        return False
    cursor.execute(  # type: ignore[attr-defined]
        """SELECT 1 FROM (
               SELECT DISTINCT ON (left_id, right_id) left_id, right_id, verdict FROM identity_decision
                WHERE verdict <> 'unsure'
                  AND ((left_id = ANY(%(a)s) AND right_id = ANY(%(b)s))
                    OR (left_id = ANY(%(b)s) AND right_id = ANY(%(a)s)))
                ORDER BY left_id, right_id, id DESC
           ) latest WHERE verdict = 'never' AND (left_id, right_id) <> (%(l)s, %(r)s) LIMIT 1""",
        {"a": list(a), "b": list(b), "l": left, "r": right},
    )
    return cursor.fetchone() is not None  # type: ignore[attr-defined]
