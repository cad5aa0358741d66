"""Subjects side by side in DuckDB: their columns, the blocks in which pairs are looked for, the ladder in SQL.

DuckDB holds one table `subject`, one row a subject, numbered by `n` in the order of the ids. Whether it is all of an
area or a handful of records, the same statements find and judge the pairs, so that a first load and a later delivery
agree (rules: population PA11).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

# What is read of a subject, with its type in DuckDB; lists are joined by "|".
COLUMNS = {
    "subject_id": "UUID",
    "source": "VARCHAR",
    "source_id": "VARCHAR",
    "organisation": "VARCHAR",
    "is_duplicate_free": "BOOLEAN",
    "nhs_number": "VARCHAR",
    "is_verified": "BOOLEAN",
    "former_numbers": "VARCHAR",
    "family": "VARCHAR",
    "given": "VARCHAR",
    "middle": "VARCHAR",
    "other_families": "VARCHAR",
    "other_givens": "VARCHAR",
    "birth_date": "DATE",
    "death_date": "DATE",
    "sex": "VARCHAR",
    "postcode": "VARCHAR",
    "house": "VARCHAR",
    "phone": "VARCHAR",
    "email": "VARCHAR",
    "is_new": "BOOLEAN",
}
LISTS = ("former_numbers", "other_families", "other_givens")

# What is derived once for each subject, for comparing and for blocks.
_DERIVED = """
    strftime(birth_date, '%Y-%m-%d') AS born,
    '|' || coalesce(other_families || '|', '') AS families,
    '|' || coalesce(other_givens || '|', '') || coalesce(replace(middle, ' ', '|') || '|', '') AS givens,
    coalesce(root, given) AS given_root,
    left(postcode, length(postcode) - 4) AS district,
    left(middle, 1) AS initial
"""

# Where pairs are looked for: (name, left key, right key, SQL of PostgreSQL that finds the same candidates).
# A pair needs all parts of a key on both sides. Keys are chosen so that a block is a street or a surname, not a town.
RULES: tuple[tuple[str, str, str], ...] = (
    ("birth date and surname", "born, family", "born, family"),
    ("birth date and forename", "born, left(given_root, 3)", "born, left(given_root, 3)"),
    ("birth date and postcode", "born, postcode", "born, postcode"),
    ("names and birth year", "family, given_root, left(born, 4)", "family, given_root, left(born, 4)"),
    ("names and birthday", "family, given_root, right(born, 5)", "family, given_root, right(born, 5)"),
    ("postcode and forename", "postcode, given_root", "postcode, given_root"),
    ("telephone and forename", "phone, left(given, 1)", "phone, left(given, 1)"),
    ("e-mail", "email", "email"),
    ("swapped names", "born, given, family", "born, family, given"),
    ("swapped day and month", "born, family", "left(born, 5) || right(born, 2) || substr(born, 5, 3), family"),
)


def load_roots(db: Any) -> None:
    """Put the list of nicknames where the statements find it."""
    from joinedup.identity.nicknames import ROOTS

    _list_table(db, "nickname", name=list(ROOTS), root=list(ROOTS.values()))


def derive(db: Any, shared_phones: Iterable[str] = (), shared_emails: Iterable[str] = ()) -> None:
    """Make `subject` from `raw`: numbered, with what is derived; contacts that too many people share are taken out."""
    load_roots(db)
    _list_table(db, "shared", contact=[*shared_phones, *shared_emails])
    db.execute(
        f"""CREATE OR REPLACE TABLE subject AS
            SELECT (row_number() OVER (ORDER BY subject_id) - 1)::INTEGER AS n,
                   raw.* REPLACE (
                       CASE WHEN phone IN (SELECT contact FROM shared) THEN NULL ELSE phone END AS phone,
                       CASE WHEN email IN (SELECT contact FROM shared) THEN NULL ELSE email END AS email
                   ), {_DERIVED}
              FROM raw LEFT JOIN nickname ON nickname.name = raw.given"""  # noqa: S608  # nosec B608 (own words only)
    )


def prepare(db: Any, model: Mapping[str, Any], *, is_derived: bool = False) -> None:
    """Make `subject` ready to be compared under a model: with what is frozen in it left out.

    `is_derived`: the model was trained on this very table, so that it is derived already.
    """
    if not is_derived:
        derive(db, model.get("shared_phones", ()), model.get("shared_emails", ()))
    _list_table(db, "crowded_number", number=list(model.get("crowded_numbers", ())))
    capped = list(model.get("capped_blocks", ()))
    _list_table(db, "capped_block", rule=[str(rule) for rule, _ in capped], key=[key for _, key in capped])


_GIVEN_NEAR = "coalesce(a.given_root = b.given_root, false)"
_FAMILY_NEAR = """(coalesce(jaro_winkler_similarity(a.family, b.family) >= 0.92, false)
    OR coalesce(contains(b.families, '|' || a.family || '|'), false)
    OR coalesce(contains(a.families, '|' || b.family || '|'), false))"""
_SWAPPED = "coalesce(a.family = b.given AND a.given = b.family, false)"
_NAMES_NEAR = f"({_GIVEN_NEAR} OR {_FAMILY_NEAR} OR {_SWAPPED})"
_BIRTHS_NEAR = """coalesce((year(a.birth_date) = year(b.birth_date) AND day(a.birth_date) = month(b.birth_date)
        AND month(a.birth_date) = day(b.birth_date))
    OR (year(a.birth_date) = year(b.birth_date))::INT + (month(a.birth_date) = month(b.birth_date))::INT
     + (day(a.birth_date) = day(b.birth_date))::INT >= 2, false)"""
_LACKS_A_NAME = "(coalesce(a.family, a.given) IS NULL OR coalesce(b.family, b.given) IS NULL)"
_BIRTH_UNSAID = """(a.birth_date IS NULL OR b.birth_date IS NULL OR (year(a.birth_date) = year(b.birth_date)
    AND (right(a.born, 5) = '01-01' OR right(b.born, 5) = '01-01')))"""
_AGREES_IN_PART = f"""(({_BIRTHS_NEAR} AND {_NAMES_NEAR})
    OR ({_LACKS_A_NAME} AND (coalesce(a.birth_date = b.birth_date, false)
        OR (({_BIRTH_UNSAID} OR {_BIRTHS_NEAR}) AND coalesce(a.postcode = b.postcode, false))))
    OR (NOT {_LACKS_A_NAME} AND {_BIRTH_UNSAID} AND (({_GIVEN_NEAR} AND {_FAMILY_NEAR}) OR {_SWAPPED})))"""


def find_ladder_pairs(db: Any, is_touched: str = "true") -> None:
    """Fill `ladder` (l, r, method) with what the deterministic ladder decides; `is_touched` is SQL over a and b.

    Pairs that a higher step decides are left out of the lower ones.
    """
    local = f"({_NAMES_NEAR} OR ({_LACKS_A_NAME} AND a.postcode = b.postcode))"
    db.execute(
        """CREATE OR REPLACE TEMP TABLE number AS
           SELECT n, nhs_number AS number FROM subject WHERE nhs_number IS NOT NULL
           UNION SELECT n, unnest(string_split(former_numbers, '|')) FROM subject WHERE former_numbers IS NOT NULL"""
    )
    either_lacks_number = "(a.nhs_number IS NULL OR b.nhs_number IS NULL)"
    db.execute(
        f"""CREATE OR REPLACE TEMP TABLE ladder AS
        WITH same_number AS (
            SELECT DISTINCT x.n AS l, y.n AS r FROM number x JOIN number y ON x.number = y.number AND x.n < y.n
            WHERE NOT EXISTS (SELECT 1 FROM crowded_number c WHERE c.number = x.number)
        ), numbered AS (
            SELECT l, r, CASE
                WHEN a.birth_date = b.birth_date AND a.is_verified AND b.is_verified THEN 1
                WHEN {_AGREES_IN_PART} THEN 2
                ELSE 9 END::UTINYINT AS method
            FROM same_number JOIN subject a ON a.n = l JOIN subject b ON b.n = r
            WHERE a.nhs_number IS NOT NULL AND b.nhs_number IS NOT NULL AND {is_touched}
        ), local AS (
            SELECT a.n AS l, b.n AS r, 3::UTINYINT AS method FROM subject a JOIN subject b
              ON a.organisation = b.organisation AND a.source_id = b.source_id AND a.birth_date = b.birth_date
             AND a.n < b.n
            WHERE {either_lacks_number} AND {local} AND a.source_id <> '' AND a.organisation <> '' AND {is_touched}
        ), same_details AS (
            SELECT a.n AS l, b.n AS r, CASE WHEN {either_lacks_number} THEN 4 ELSE 10 END::UTINYINT AS method
              FROM subject a JOIN subject b
              ON a.family = b.family AND a.given = b.given AND a.birth_date = b.birth_date AND a.postcode = b.postcode
             AND a.n < b.n
            WHERE ({either_lacks_number} OR NOT EXISTS (SELECT 1 FROM same_number s WHERE s.l = a.n AND s.r = b.n))
              AND {is_touched}
        )
        SELECT l, r, min(method)::UTINYINT AS method FROM (
            SELECT * FROM numbered UNION ALL SELECT * FROM local UNION ALL SELECT * FROM same_details
        ) GROUP BY l, r"""  # noqa: S608  # nosec B608 (own words only)
    )


def find_candidates(db: Any, is_touched: str = "true") -> None:
    """Fill `candidate` with the pairs to score: of one block, at least one without a number, not of the ladder.

    Blocks named in `capped_block` (rule, key) are left out. Keys are joined by their hash: two keys of one hash would
    only be a pair that is scored in vain.
    """
    capped = {int(rule) for (rule,) in db.execute("SELECT DISTINCT rule FROM capped_block").fetchall()}
    parts = []
    for number, (_, left, right) in enumerate(RULES):
        for side, key in (("l", left), ("r", right)):
            text = block_key(key)
            cap = f"AND {text} NOT IN (SELECT key FROM capped_block WHERE rule = '{number}')"  # noqa: S608  # nosec B608
            cap = cap if number in capped else ""
            db.execute(
                f"""CREATE OR REPLACE TEMP VIEW keyed_{number}_{side} AS
                    SELECT n, nhs_number IS NULL AS lacks_number, is_new, hash({key}) AS key FROM subject
                    WHERE {" AND ".join(f"{part} IS NOT NULL" for part in _parts(key))} {cap}"""  # noqa: S608  # nosec B608
            )
        for one, other in (("l", "r"), ("r", "l"))[: 1 if left == right else 2]:
            parts.append(
                f"""SELECT least(a.n, b.n) AS l, greatest(a.n, b.n) AS r
                      FROM (SELECT * FROM keyed_{number}_{one} WHERE lacks_number) a
                      JOIN keyed_{number}_{other} b ON a.key = b.key WHERE a.n <> b.n AND {is_touched}"""  # noqa: S608  # nosec B608
            )
    db.execute(
        f"""CREATE OR REPLACE TEMP TABLE candidate AS
            SELECT l AS join_key_l, r AS join_key_r, '0' AS match_key
              FROM (SELECT DISTINCT l, r FROM ({" UNION ALL ".join(parts)})) ANTI JOIN ladder USING (l, r)"""  # noqa: S608  # nosec B608
    )


def block_key(columns: str) -> str:
    """Answer the SQL of a block's key: null where one of its parts is."""
    return "(" + " || chr(31) || ".join(part.strip() for part in _parts(columns)) + ")"


def find_large_blocks(db: Any, most: int) -> list[tuple[int, str, int]]:
    """Answer (rule, key, records) of the blocks with more than `most` records."""
    found: list[tuple[int, str, int]] = []
    for number, (_, left, _) in enumerate(RULES):
        key = block_key(left)
        is_whole = " AND ".join(f"{part} IS NOT NULL" for part in _parts(left))
        rows: Sequence[tuple[str, int]] = db.execute(
            f"""SELECT any_value({key}), count(*) FROM subject WHERE {is_whole}
                GROUP BY hash({left}) HAVING count(*) > {int(most)}"""  # noqa: S608  # nosec B608
        ).fetchall()
        found += [(number, text, count) for text, count in rows]
    return found


def _list_table(db: Any, table: str, **columns: Sequence[str]) -> None:
    """Make a small table of texts. As JSON: DuckDB takes a Python list value by value, a hundred times slower."""
    parts = ", ".join(
        f"""unnest(from_json(${place}, '["VARCHAR"]')) AS {name}""" for place, name in enumerate(columns, 1)
    )
    db.execute(
        f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT {parts}",  # nosec B608 (own words only)
        [json.dumps(list(values)) for values in columns.values()],
    )


def _parts(columns: str) -> list[str]:
    """Split at commas that are not within brackets."""
    parts, depth, start = [], 0, 0
    for place, letter in enumerate(columns):
        depth += (letter == "(") - (letter == ")")
        if letter == "," and depth == 0:
            parts.append(columns[start:place])
            start = place + 1
    return [*parts, columns[start:]]
