"""The evidence for one pair, as the model sees it: each comparison with what was found and its bits.

It is computed anew when somebody looks, from the same statements that link: so what a person sees is what the scorer
would say today. Nothing of it is kept.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from joinedup.access import Grant, disclose
from joinedup.errors import NotFound
from joinedup.identity import comparing, linking, scoring
from joinedup.identity.configuration import in_force
from joinedup.identity.ladder import LocalId, Step, decide_pair
from joinedup.identity.merges import latest_verdict
from joinedup.identity.residents import subjects_of_many
from joinedup.identity.score import Part, probability, waterfall
from joinedup.identity.standardise import MatchingFields

PERMISSION = "identity.review"
_FIELDS = (
    "nhs_number", "is_verified", "former_numbers", "family", "given", "middle", "other_families", "other_givens",
    "birth_date", "death_date", "sex", "postcode", "house", "phone", "email", "is_withheld",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Side:
    """One record of a pair: where it is from, what it says as it is compared, with how many others it is joined."""

    subject_id: UUID
    source: str
    organisation: str
    setting: str
    source_id: str
    seen_at: datetime
    fields: MatchingFields
    resident_id: UUID
    joined_with: int


@dataclass(slots=True)
class Evidence:
    """A review with both records and what speaks for and against their being one person.

    `parts` is the waterfall in bits, from the prior to the sum, the household's other hypotheses last; `weight` is its
    end. `step` is what the ladder says.
    """

    review_id: int
    reason: str
    opened_at: datetime
    unsure: int
    left: Side
    right: Side
    step: Step
    parts: list[Part]
    weight: float
    model: str
    conflicts: list[str] = field(default_factory=list)
    verdict: str = ""

    @property
    def probability(self) -> float:
        return probability(self.weight)


def look(grant: Grant, review_id: int) -> Evidence:
    """Answer one open review with its evidence; both persons' logs say who looked. NotFound when it is closed."""
    grant.must_be_for(PERMISSION)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            """SELECT left_id, right_id, reason, opened_at, unsure FROM identity_review
                WHERE id = %s AND closed_at IS NULL""",
            [review_id],
        )
        row = cursor.fetchone()
        if row is None:
            raise NotFound("This pair waits no more, or there is no such pair.")
        left, right, reason, opened_at, unsure = row
        sides = _sides(cursor, (left, right))
        disclose(grant, [left, right], "identity.review", parts=("who is who",), details={"review": review_id})
        _model_id, version, model = linking.newest_model(cursor)
        parts, weight = _parts(cursor, left, right, model or scoring.shipped())
        one, other = (sides.get(side) or _unknown(side) for side in (left, right))
        step = decide_pair(
            one.fields, other.fields,
            local=(LocalId(one.organisation, one.source_id), LocalId(other.organisation, other.source_id)),
        )  # fmt: skip
        return Evidence(
            review_id, reason, opened_at, unsure, one, other, step, parts, weight, version or "shipped",
            _conflicts(one.fields, other.fields), latest_verdict(cursor, left, right),
        )  # fmt: skip


def _sides(cursor: Any, ids: tuple[UUID, UUID]) -> dict[UUID, Side]:
    cursor.execute(
        f"""SELECT subject_id, source, organisation, setting, source_id, seen_at, {", ".join(_FIELDS)}
              FROM identity_subject WHERE subject_id = ANY(%s)""",  # noqa: S608  # nosec B608 (own words only)
        [list(ids)],
    )
    together = subjects_of_many(ids)
    sides = {}
    for subject, source, organisation, setting, source_id, seen_at, *said in cursor.fetchall():
        fields = MatchingFields(**{
            name: tuple(value) if isinstance(value, list) else value for name, value in zip(_FIELDS, said, strict=True)
        })  # fmt: skip
        sides[subject] = Side(
            subject, source, organisation, setting, source_id, seen_at, fields, together[subject][0],
            len(together[subject]) - 1,
        )  # fmt: skip
    return sides


def _unknown(subject: UUID) -> Side:
    """A patient that a merge message names and its source never sent."""
    return Side(subject, "", "", "", "", datetime.min.replace(tzinfo=UTC), MatchingFields(), subject, 0)


def _parts(cursor: Any, left: UUID, right: UUID, model: dict[str, Any]) -> tuple[list[Part], float]:
    with linking.duckdb_in_memory() as db:
        linking.read_subjects(
            cursor, db, f"identity_subject WHERE subject_id IN ('{left}'::uuid, '{right}'::uuid)", "true"
        )
        comparing.prepare(db, model)
        (count,) = db.execute("SELECT count(*) FROM subject").fetchone()
        if count < 2:
            return [], 0.0
        db.execute(
            "CREATE OR REPLACE TEMP TABLE candidate AS SELECT 0 AS join_key_l, 1 AS join_key_r, '0' AS match_key"
        )
        scoring.score(db, model, in_force(), least_bits=-10_000.0)
        found = db.execute("SELECT * FROM scored")
        names = [column[0] for column in found.description]
        bits = dict(zip(names, found.fetchone(), strict=True))
        said = _levels(db, model)
    steps = []
    for name, title in scoring.TITLES.items():
        steps.append((title, said[name], float(bits[f"mw_{name}"])))
        rarity = bits.get(f"mw_tf_adj_{name}")
        if rarity:
            steps.append(
                (
                    f"{title}: how common it is",
                    "rarer than most" if rarity > 0 else "more common than most",
                    float(rarity),
                )
            )
    household = float(bits["weight"]) - float(bits["summed"])
    if household < -0.05:
        steps.append(("Or a relative", "a twin, a namesake or somebody else of the household", household))
    return waterfall(_prior(model), steps), float(bits["weight"])


def _levels(db: Any, model: dict[str, Any]) -> dict[str, str]:
    """Answer in words which level of each comparison the pair has, by the model's own conditions."""
    columns = [row[0] for row in db.execute("DESCRIBE compared").fetchall()]
    sides = ", ".join(f"a.{name} AS {name}_l, b.{name} AS {name}_r" for name in columns)
    cases = []
    for comparison in model["splink"]["comparisons"]:
        when = " ".join(
            f"WHEN {level['sql_condition']} THEN '{str(level['label_for_charts']).replace(chr(39), chr(39) * 2)}'"
            for level in comparison["comparison_levels"]
            if level["sql_condition"] != "ELSE"
        )
        cases.append(f"CASE {when} ELSE 'they differ' END AS {comparison['output_column_name']}")
    row = db.execute(
        f"SELECT {', '.join(cases)} FROM (SELECT {sides} FROM compared a, compared b WHERE a.n = 0 AND b.n = 1)"  # noqa: S608  # nosec B608
    )
    names = [re.sub(r'"', "", column[0]) for column in row.description]
    return dict(zip(names, row.fetchone(), strict=True))


def _prior(model: dict[str, Any]) -> float:
    from joinedup.identity.score import prior_bits

    return prior_bits(float(model["splink"]["probability_two_random_records_match"]))


def _conflicts(one: MatchingFields, other: MatchingFields) -> list[str]:
    """Answer which fields of the two contradict each other, by name."""
    pairs: tuple[tuple[str, object, object], ...] = (
        ("NHS number", one.nhs_number, other.nhs_number),
        ("date of birth", one.birth_date, other.birth_date),
        ("date of death", one.death_date, other.death_date),
        ("sex", one.sex, other.sex),
        ("surname", one.family, other.family),
        ("forename", one.given, other.given),
    )
    return [name for name, a, b in pairs if a is not None and b is not None and a != b]


def said_day(day: date | None) -> str:
    """Answer a date as it is compared, to the digit, so that a slip of one shows."""
    return day.strftime("%d %m %Y") if day else ""
