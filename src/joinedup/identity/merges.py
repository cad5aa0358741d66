"""Merges that a source sends (A40): applied at once, or put before a person when something speaks against them.

Rules: record R22, R23. A merge names patients of the source itself, so it counts as the source's own word that they are
one, and joins what no score may join. It never outranks a person who said that they are two.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from joinedup.identity.values import CODES, MergeApplied

if TYPE_CHECKING:
    from joinedup.access import Grant
    from joinedup.feeds import Merge

_ACTION = "identity.merge_message"


class SentMerge(NamedTuple):
    """A merge that a source sent and that was applied; `stands` until somebody undoes it. Times in UTC."""

    number: int
    source: str
    survivor: UUID
    gone: UUID
    survivor_source_id: str
    gone_source_id: str
    event_at: datetime
    stands: bool


def apply_merges(grant: Grant, source_key: str, merges: Sequence[Merge]) -> list[MergeApplied]:
    """Honour a source's merges in the open transaction; answers what became of each, in their order.

    The pairs of one message are applied all or none. A patient that was never sent, a pair that the source merged the
    other way round before, and a pair that a person parted go to the review queue. A merge that stands already is
    `repeated` and changes nothing.
    """
    from django.db import connection

    from joinedup.access import Act, record_many
    from joinedup.feeds import subject_id
    from joinedup.identity import grouping
    from joinedup.identity.configuration import in_force

    if not merges:
        return []
    at = datetime.now(UTC)
    answers: list[MergeApplied] = []
    acts = []
    with connection.cursor() as cursor:
        grouping.lock(cursor)
        for message in _by_message(merges):
            pairs = [
                (merge, subject_id(source_key, merge.survivor), subject_id(source_key, merge.gone)) for merge in message
            ]
            against = [_what_speaks_against(cursor, survivor, gone) for _, survivor, gone in pairs]
            is_applied = not any(against)
            touched: set[UUID] = set()
            decision = None
            for (merge, survivor, gone), reason in zip(pairs, against, strict=True):
                outcome, why = ("applied", "") if is_applied else ("review", reason or "merge_unknown")
                if is_applied and _stands(cursor, survivor, gone):
                    outcome = "repeated"
                decision_id = None
                if outcome == "applied":
                    left, right = sorted((survivor, gone))
                    decision = decision_id = add_decision(
                        cursor, left, right, "match", "merge_message", f"source:{source_key}",
                        "merged by the source (A40)", at,
                    )  # fmt: skip
                    touched |= {survivor, gone}
                elif outcome == "review":
                    # The others of the message wait with the one that has the reason.
                    _open_review(cursor, survivor, gone, next(one for one in against if one), at)
                    why = next(one for one in against if one)
                _keep_message(cursor, source_key, merge, survivor, gone, at, outcome, why, decision_id)
                answers.append(MergeApplied(survivor, gone, outcome, why))
                acts.append(
                    Act(_ACTION, f"subject:{gone}", details={"into": str(survivor), "outcome": outcome, "reason": why})
                )
            if touched:
                grouping.regroup(cursor, touched, in_force(), at, decision_id=decision)
    record_many(grant, acts)
    return answers


def merge_links(subject_ids: Iterable[UUID]) -> dict[UUID, list[tuple[str, str]]]:
    """Answer what each Patient must say of its merges: (`replaced-by` or `replaces`, the source's other id).

    Only subjects that a merge was ever applied to are in the answer; an empty list says that every merge of it is
    undone. A subject that was merged twice says both.
    """
    wanted = set(subject_ids)
    links: dict[UUID, list[tuple[str, str]]] = {}
    for merge in sorted(merges_of(wanted), key=lambda one: (one.survivor_source_id, one.gone_source_id)):
        for subject, kind, other in (
            (merge.gone, "replaced-by", merge.survivor_source_id),
            (merge.survivor, "replaces", merge.gone_source_id),
        ):
            if subject in wanted:
                said = links.setdefault(subject, [])
                if merge.stands:
                    said.append((kind, other))
    return links


def merges_of(subject_ids: Iterable[UUID]) -> list[SentMerge]:
    """Answer every merge that was ever applied to one of these subjects, each pair once, whether or not it stands."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT DISTINCT ON (m.survivor_id, m.gone_id)
                      m.id, m.source, m.survivor_id, m.gone_id, m.survivor_source_id, m.gone_source_id, m.event_at,
                      latest.verdict = 'match'
                 FROM identity_mergemessage m
                 JOIN LATERAL (
                     SELECT verdict FROM identity_decision d
                      WHERE d.left_id = least(m.survivor_id, m.gone_id)
                        AND d.right_id = greatest(m.survivor_id, m.gone_id) AND d.verdict <> 'unsure'
                      ORDER BY d.id DESC LIMIT 1
                 ) latest ON true
                WHERE m.outcome = 'applied' AND (m.survivor_id = ANY(%(ids)s) OR m.gone_id = ANY(%(ids)s))
                ORDER BY m.survivor_id, m.gone_id, m.id DESC""",
            {"ids": list(set(subject_ids))},
        )
        return [SentMerge(*row) for row in cursor.fetchall()]


def add_decision(
    cursor: Any, left: UUID, right: UUID, verdict: str, method: str, actor: str, reason: str, at: datetime,
    request_id: UUID | None = None,
) -> int:  # fmt: skip
    """Add a decision on a pair, `left` < `right`, that supersedes the one before it; answers its number."""
    cursor.execute(
        """INSERT INTO identity_decision
                  (left_id, right_id, verdict, method, actor, reason, at, supersedes_id, request_id)
           SELECT %(left)s, %(right)s, %(verdict)s, %(method)s, %(actor)s, %(reason)s, %(at)s,
                  (SELECT max(id) FROM identity_decision WHERE left_id = %(left)s AND right_id = %(right)s), %(request)s
           RETURNING id""",
        {
            "left": left, "right": right, "verdict": verdict, "method": CODES[method], "actor": actor,
            "reason": reason, "at": at, "request": request_id,
        },
    )  # fmt: skip
    return int(cursor.fetchone()[0])


def latest_verdict(cursor: Any, one: UUID, other: UUID) -> str:
    """Answer the verdict that counts for a pair: match, never, withdrawn; "" when nobody decided.

    Somebody who could not tell (`unsure`) has taken nothing back.
    """
    left, right = sorted((one, other))
    cursor.execute(
        """SELECT verdict FROM identity_decision
            WHERE left_id = %s AND right_id = %s AND verdict <> 'unsure' ORDER BY id DESC LIMIT 1""",
        [left, right],
    )
    row = cursor.fetchone()
    return str(row[0]) if row else ""


def _by_message(merges: Sequence[Merge]) -> list[list[Merge]]:
    messages: dict[str, list[Merge]] = {}
    for number, merge in enumerate(merges):
        messages.setdefault(merge.message_id or f"without an id: {number}", []).append(merge)
    return list(messages.values())


def _what_speaks_against(cursor: Any, survivor: UUID, gone: UUID) -> str:
    cursor.execute("SELECT count(*) FROM identity_subject WHERE subject_id IN (%s, %s)", [survivor, gone])
    if cursor.fetchone()[0] < 2:
        return "merge_unknown"
    if _would_join_parted(cursor, survivor, gone):
        return "merge_against_decision"
    cursor.execute(
        "SELECT 1 FROM identity_mergemessage WHERE survivor_id = %s AND gone_id = %s AND outcome = 'applied' LIMIT 1",
        [gone, survivor],
    )
    return "merge_reversed" if cursor.fetchone() and latest_verdict(cursor, survivor, gone) == "match" else ""


def _would_join_parted(cursor: Any, one: UUID, other: UUID) -> bool:
    """Answer whether somebody said that a subject of the one's resident and one of the other's are two people."""
    from joinedup.identity.residents import subjects_of_many

    together = subjects_of_many([one, other])
    cursor.execute(
        """SELECT 1 FROM (
               SELECT DISTINCT ON (left_id, right_id) verdict FROM identity_decision
                WHERE verdict <> 'unsure'
                  AND ((left_id = ANY(%(a)s) AND right_id = ANY(%(b)s))
                    OR (left_id = ANY(%(b)s) AND right_id = ANY(%(a)s)))
                ORDER BY left_id, right_id, id DESC
           ) latest WHERE verdict = 'never' LIMIT 1""",
        {"a": list(together[one]), "b": list(together[other])},
    )
    return cursor.fetchone() is not None


def _stands(cursor: Any, survivor: UUID, gone: UUID) -> bool:
    return latest_verdict(cursor, survivor, gone) == "match"


def _open_review(cursor: Any, one: UUID, other: UUID, reason: str, at: datetime) -> None:
    left, right = sorted((one, other))
    if left == right:
        return
    cursor.execute(
        """INSERT INTO identity_review (left_id, right_id, reason, method, model_id, run_id, opened_at, outcome, unsure)
           VALUES (%s, %s, %s, %s, 0, 0, %s, '', 0)
           ON CONFLICT (left_id, right_id) WHERE closed_at IS NULL DO UPDATE SET reason = EXCLUDED.reason""",
        [left, right, reason, CODES["merge_message"], at],
    )


def _keep_message(
    cursor: Any, source_key: str, merge: Merge, survivor: UUID, gone: UUID, at: datetime, outcome: str, reason: str,
    decision_id: int | None,
) -> None:  # fmt: skip
    cursor.execute(
        """INSERT INTO identity_mergemessage (source, survivor_id, gone_id, survivor_source_id, gone_source_id,
                                              message_id, event_at, at, outcome, reason, decision_id)
           VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)""",
        [
            source_key, survivor, gone, merge.survivor, merge.gone, merge.message_id, merge.event_at, at, outcome,
            reason, decision_id,
        ],
    )  # fmt: skip
