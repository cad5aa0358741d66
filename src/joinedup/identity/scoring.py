"""The probabilistic model: what is compared, how it is trained on an area, how pairs are scored with it frozen.

Splink 5 on DuckDB trains and scores (rules: population PA7). A model is a JSON value: Splink's own settings with their
trained m and u, the frequencies of names on the day of training, the contacts that too many people share and the blocks
that were too large. All of it is frozen with the model: scoring never counts anything anew, so that the order in which
records arrive does not matter (PA11). Training sees subjects and nothing else: no truth, no label.
"""

from __future__ import annotations

import hashlib
import json
import logging
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from joinedup.identity.configuration import Configuration

SHIPPED = Path(__file__).parent / "model.json"
FREQUENCIES = ("given", "family")
# Splink draws this many random pairs to learn how often two people agree by accident.
RANDOM_PAIRS = 600_000
TRAINED_ON = 100_000  # subjects; more changes the third digit of what is learnt
LEAST_M = 0.001  # That no true pair ever disagrees, or agrees, is not what a few thousand records can show.
RECALL = 0.95  # of the two rules which are nearly never wrong: the share of true pairs they find. [decision]


def comparisons() -> list[Any]:
    """Answer what is compared, level by level, from the strongest to "all other"."""
    import splink.comparison_level_library as levels
    import splink.comparison_library as library

    def level(sql: str, label: str, **more: Any) -> Any:
        return levels.CustomLevel(sql, label).configure(**more)

    def named(column: str, label: str) -> Any:
        return level(
            f"{column}_l = {column}_r", label, tf_adjustment_column=column, tf_adjustment_weight=1.0,
            tf_minimum_u_value=0.00001,
        )  # fmt: skip

    other = levels.ElseLevel()
    swapped = "given_l = family_r AND family_l = given_r AND given_l <> family_l"
    short = "least(length(given_l), length(given_r))"
    return [
        library.CustomComparison(
            output_column_name="given",
            comparison_levels=[
                level("given_l IS NULL OR given_r IS NULL", "not known", is_null_level=True),
                named("given", "the same forename"),
                level("given_root_l = given_root_r", "two forms of one forename"),
                level(
                    "(givens_r <> '|' AND contains(givens_r, '|' || given_l || '|')) "
                    "OR (givens_l <> '|' AND contains(givens_l, '|' || given_r || '|'))",
                    "another of the person's forenames",
                ),
                level("jaro_winkler_similarity(given_l, given_r) >= 0.92", "nearly the same forename"),
                level(swapped, "forename and surname in each other's place"),
                level(f"left(given_l, {short}) = left(given_r, {short})", "the beginning of the forename"),
                level("jaro_winkler_similarity(given_l, given_r) >= 0.8", "a similar forename"),
                other,
            ],
        ),
        library.CustomComparison(
            output_column_name="family",
            comparison_levels=[
                level(f"family_l IS NULL OR family_r IS NULL OR ({swapped})", "not known", is_null_level=True),
                named("family", "the same surname"),
                level(
                    "(families_r <> '|' AND contains(families_r, '|' || family_l || '|')) "
                    "OR (families_l <> '|' AND contains(families_l, '|' || family_r || '|')) "
                    "OR (contains(family_l, ' ') AND contains(' ' || family_l || ' ', ' ' || family_r || ' ')) "
                    "OR (contains(family_r, ' ') AND contains(' ' || family_r || ' ', ' ' || family_l || ' '))",
                    "an earlier surname, or part of a double one",
                ),
                level("jaro_winkler_similarity(family_l, family_r) >= 0.92", "nearly the same surname"),
                level("jaro_winkler_similarity(family_l, family_r) >= 0.8", "a similar surname"),
                other,
            ],
        ),
        library.CustomComparison(
            output_column_name="birth_date",
            comparison_levels=[
                level("born_l IS NULL OR born_r IS NULL", "not known", is_null_level=True),
                level("born_l = born_r", "the same date of birth"),
                level(
                    _one_slip("born_l", "born_r") + " OR (left(born_l, 5) = left(born_r, 5) AND "
                    "right(born_l, 2) = substr(born_r, 6, 2) AND right(born_r, 2) = substr(born_l, 6, 2))",
                    "one digit differs, or day and month are swapped",
                ),
                level(
                    "(left(born_l, 4) = left(born_r, 4))::INT + (substr(born_l, 6, 2) = substr(born_r, 6, 2))::INT "
                    "+ (right(born_l, 2) = right(born_r, 2))::INT >= 2",
                    "two of day, month and year agree",
                ),
                other,
            ],
        ),
        library.CustomComparison(
            output_column_name="place",
            comparison_levels=[
                level("postcode_l IS NULL OR postcode_r IS NULL", "not known", is_null_level=True),
                level("postcode_l = postcode_r AND house_l = house_r", "the same address"),
                level("postcode_l = postcode_r", "the same postcode"),
                level(
                    _one_slip("postcode_l", "postcode_r"),
                    "one character of the postcode differs",
                ),
                level("district_l = district_r", "the same postcode district"),
                other,
            ],
        ),
        library.CustomComparison(
            output_column_name="sex",
            comparison_levels=[
                level("sex_l IS NULL OR sex_r IS NULL", "not known", is_null_level=True),
                level("sex_l = sex_r", "the same sex"),
                other,
            ],
        ),
        library.CustomComparison(
            output_column_name="phone",
            comparison_levels=[
                level("phone_l IS NULL OR phone_r IS NULL", "not known", is_null_level=True),
                level("phone_l = phone_r", "the same telephone"),
                other,
            ],
        ),
        library.CustomComparison(
            output_column_name="email",
            comparison_levels=[
                level("email_l IS NULL OR email_r IS NULL", "not known", is_null_level=True),
                level("email_l = email_r", "the same e-mail"),
                other,
            ],
        ),
        library.CustomComparison(
            output_column_name="middle",
            comparison_levels=[
                level("middle_l IS NULL OR middle_r IS NULL", "not known", is_null_level=True),
                level("middle_l = middle_r", "the same other forenames"),
                level("initial_l = initial_r", "the same initial"),
                other,
            ],
        ),
    ]


def _one_slip(left: str, right: str) -> str:
    """Answer the SQL of "one character differs, or two neighbours are swapped", for texts of one length.

    The distance that counts swaps costs 12 µs a pair in DuckDB, Hamming's 0.3: it is asked only where two differ.
    """
    return (
        f"CASE WHEN length({left}) <> length({right}) THEN false WHEN hamming({left}, {right}) <= 1 THEN true "
        f"WHEN hamming({left}, {right}) = 2 THEN damerau_levenshtein({left}, {right}) <= 1 ELSE false END"
    )


TITLES = {
    "given": "Forename",
    "family": "Surname",
    "birth_date": "Date of birth",
    "place": "Address",
    "sex": "Sex",
    "phone": "Telephone",
    "email": "E-mail",
    "middle": "Other forenames",
}


class NothingToLearn(Exception):
    """The subjects are too few or too much alike to learn from how records of one person differ."""


def train(db: Any, configuration: Configuration, *, seed: int = 1) -> tuple[dict[str, Any], list[str]]:
    """Answer a model trained on the table `subject` (made by `comparing.derive`), and what had to be said of it.

    A level that the area's subjects never show, so that its m or u cannot be learnt, keeps that of the shipped model
    and is named. Raises NothingToLearn when none can.
    """
    from splink import SettingsCreator, block_on
    from splink.internals.exceptions import SplinkException

    count = db.execute("SELECT count(*) FROM subject").fetchone()[0]
    frequencies = {column: _frequencies(db, column) for column in FREQUENCIES}
    # Every record of one number is in the sample or none, so that it holds whole persons.
    share = max(int(min(1.0, TRAINED_ON / max(count, 1)) * 1000), 1)
    _put_frequencies(db, frequencies, count, f"nhs_number IS NOT NULL AND hash(nhs_number) % 1000 < {share}")
    db.execute("CREATE OR REPLACE TABLE training AS SELECT * FROM compared ORDER BY n")
    settings = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="n",
        comparisons=comparisons(),
        probability_two_random_records_match=_chance(db, count),
        blocking_rules_to_generate_predictions=[block_on("nhs_number")],
        retain_matching_columns=False,
        retain_intermediate_calculation_columns=True,
    )
    # How often strangers agree is learnt from one record a number: among a few thousand people, pairs of one person
    # are as frequent as strangers who share a birthday, and would hide how rare that is.
    db.execute(
        """CREATE OR REPLACE TABLE strangers AS SELECT * FROM training
           QUALIFY row_number() OVER (PARTITION BY nhs_number ORDER BY hash(subject_id)) = 1 ORDER BY n"""
    )
    with _quiet():
        linker = _linker(db, settings, "strangers")
        linker.training.estimate_u_using_random_sampling(
            max_pairs=RANDOM_PAIRS, seed=seed, min_count_per_level=None, num_chunks=1
        )
        linker = _linker(db, linker.misc.save_model_to_json(), "training")
        # What is blocked on tells nothing of itself: two runs with different columns train all (PA7).
        for columns in (("nhs_number",), ("born", "family", "district")):
            try:
                linker.training.estimate_parameters_using_expectation_maximisation(block_on(*columns))
            except SplinkException:  # no two records share these columns, or all pairs are alike in the others
                raise NothingToLearn from None
        trained = linker.misc.save_model_to_json()
    notes = _fill_gaps(trained)
    return {"splink": trained, "frequencies": frequencies, "subjects": count, "seed": seed}, notes


def freeze(db: Any, configuration: Configuration) -> dict[str, Any]:
    """Answer what else is frozen with a model, counted on `raw` and `subject`: shared contacts, large blocks."""

    def crowded(column: str) -> list[str]:
        rows = db.execute(
            f"""SELECT {column} FROM raw WHERE {column} IS NOT NULL
                GROUP BY 1 HAVING count(DISTINCT coalesce(nhs_number, family || given || birth_date::VARCHAR)) > $1
                ORDER BY 1""",  # noqa: S608  # nosec B608
            [configuration.shared_contact],
        ).fetchall()
        return [value for (value,) in rows]

    numbers = db.execute(
        "SELECT nhs_number FROM raw WHERE nhs_number IS NOT NULL GROUP BY 1 HAVING count(*) > $1 ORDER BY 1",
        [configuration.most_records * 3],
    ).fetchall()
    return {
        "shared_phones": crowded("phone"),
        "shared_emails": crowded("email"),
        "crowded_numbers": [value for (value,) in numbers],
    }


def score(db: Any, model: Mapping[str, Any], configuration: Configuration, *, least_bits: float | None = None) -> None:
    """Fill `scored` (l, r, weight and each comparison's bits) from `candidate`, keeping weights of `least_bits` up."""
    least = configuration.keep_bits if least_bits is None else least_bits
    paired = "n IN (SELECT join_key_l FROM candidate UNION SELECT join_key_r FROM candidate)"
    _put_frequencies(db, model["frequencies"], model["subjects"], paired)
    with _quiet():
        linker = _linker(db, model["splink"])
        linker.table_management.register_blocked_pairs_for_predict(linker._db_api.register("candidate"))
        found = linker.inference.predict(threshold_match_weight=least, warning_mode="never")
        names = found.as_duckdbpyrelation().columns
        given, birth, rest = (_bits_of(names, parts) for parts in (("given",), ("birth_date",), ("sex", "middle")))
        same_given = """(coalesce(a.given_root = b.given_root, false)
            OR coalesce(contains(b.givens, '|' || a.given || '|'), false)
            OR coalesce(contains(a.givens, '|' || b.given || '|'), false)
            OR coalesce(a.given = b.family AND a.family = b.given, false))"""
        rare = configuration.rarity
        # As `score.against_household` says it; a test holds them together.
        db.execute(
            f"""CREATE OR REPLACE TEMP TABLE scored AS
                WITH against AS (
                    SELECT p.*, list_filter([
                        match_weight, {given} + {birth} + {rest} + {rare.member},
                        CASE WHEN {same_given} THEN NULL ELSE {given} + {rest} + {rare.twin} END,
                        CASE WHEN a.born = b.born THEN NULL ELSE {birth} + {rest} + {rare.namesake} END
                    ], lambda one: one IS NOT NULL) AS hypotheses
                    FROM {found.physical_name} p JOIN subject a ON a.n = p.n_l JOIN subject b ON b.n = p.n_r
                )
                SELECT n_l AS l, n_r AS r, {", ".join(name for name in names if name.startswith("mw_"))},
                       match_weight AS summed, list_min(hypotheses) - log2(list_sum(list_transform(hypotheses,
                           lambda one: pow(2, greatest(list_min(hypotheses) - one, -200))))) AS weight
                  FROM against"""  # noqa: S608  # nosec B608
        )
        found.drop_table_from_database_and_remove_from_cache()
    db.execute(f"DELETE FROM scored WHERE weight < {least}")  # noqa: S608  # nosec B608


def digest(content: Mapping[str, Any]) -> str:
    """Answer the SHA-256 of a model as canonical JSON."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def shipped() -> dict[str, Any]:
    """Answer the model that comes with joinedup, for areas too small to train one: trained on simulated people."""
    content: dict[str, Any] = json.loads(SHIPPED.read_text())
    return content


def _bits_of(names: Sequence[str], comparisons_: Sequence[str]) -> str:
    """Answer the SQL of what some comparisons say together, with the adjustment for how frequent a name is."""
    wanted = [f"mw_{prefix}{one}" for one in comparisons_ for prefix in ("", "tf_adj_")]
    return " + ".join(name for name in names if name in wanted)


def _frequencies(db: Any, column: str) -> dict[str, float]:
    """Answer how frequent each name is that more than one subject has; a rarer one counts as held once."""
    rows = db.execute(
        f"""SELECT {column}, count(*) / (SELECT count({column}) FROM subject) FROM subject
            WHERE {column} IS NOT NULL GROUP BY 1 HAVING count(*) > 2 ORDER BY 1"""  # noqa: S608  # nosec B608
    ).fetchall()
    return {name: float(f"{share:.4g}") for name, share in rows}


def _put_frequencies(db: Any, frequencies: Mapping[str, Mapping[str, float]], count: int, where: str) -> None:
    """Fill `compared` with these subjects and the frozen frequencies, as Splink wants them: tf_given, tf_family."""
    for column in FREQUENCIES:
        known = frequencies[column]
        # As one text: DuckDB takes a Python list value by value, which is a hundred times slower.
        db.execute(
            f"""CREATE OR REPLACE TEMP TABLE frequency_{column} AS
                SELECT unnest(from_json($1, '["VARCHAR"]')) AS name, unnest(from_json($2, '["DOUBLE"]')) AS share""",
            [json.dumps(list(known)), json.dumps(list(known.values()))],
        )
    once = 1 / max(count, 1)
    db.execute(
        f"""CREATE OR REPLACE TABLE compared AS
            SELECT s.*, CASE WHEN s.given IS NULL THEN NULL ELSE coalesce(g.share, {once}) END AS tf_given,
                   CASE WHEN s.family IS NULL THEN NULL ELSE coalesce(f.share, {once}) END AS tf_family
              FROM subject s LEFT JOIN frequency_given g ON g.name = s.given
              LEFT JOIN frequency_family f ON f.name = s.family WHERE {where}"""  # noqa: S608  # nosec B608
    )


def _chance(db: Any, count: int) -> float:
    """Answer how likely two random records are one person: pairs that are nearly surely one, over the share found."""
    pairs = db.execute(
        """SELECT count(*) FROM (
               SELECT a.n, b.n FROM subject a JOIN subject b
                   ON a.nhs_number = b.nhs_number AND a.born = b.born AND a.n < b.n
               UNION
               SELECT a.n, b.n FROM subject a JOIN subject b
                   ON a.family = b.family AND a.given = b.given AND a.born = b.born AND a.n < b.n)"""
    ).fetchone()[0]
    return float(min(max(pairs / RECALL / max(count * (count - 1) / 2, 1), 1e-9), 0.5))


def _linker(db: Any, settings: Any, table: str = "compared") -> Any:
    from splink import DuckDBAPI, Linker

    return Linker(DuckDBAPI(db).register(table), settings)


def _fill_gaps(trained: dict[str, Any]) -> list[str]:
    """Give levels without a trained m or u those of the shipped model, else a plain guess; answers their names."""
    known: dict[tuple[str, str], Mapping[str, Any]] = {}
    if SHIPPED.is_file():
        for comparison in shipped()["splink"]["comparisons"]:
            for level in comparison["comparison_levels"]:
                known[comparison["output_column_name"], level["sql_condition"]] = level
    gaps = []
    for comparison in trained["comparisons"]:
        name = comparison["output_column_name"]
        for level in comparison["comparison_levels"]:
            if level.get("is_null_level"):
                continue
            for which in ("m_probability", "u_probability"):
                value = level.get(which)
                if not isinstance(value, int | float) or not math.isfinite(value) or value <= 0:
                    spare = known.get((name, level["sql_condition"]), {}).get(which)
                    level[which] = spare or (0.01 if which == "m_probability" else 1e-6)
                    gaps.append(f"{name}, {level.get('label_for_charts')}: {which[0]} not seen")
            level["m_probability"] = min(max(level["m_probability"], LEAST_M), 1 - LEAST_M)
    return gaps


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Splink's progress out of our log: it tells of settings and rounds, and each of its loggers has a level."""
    from splink import Linker

    assert Linker  # Its loggers exist once it is imported.
    named = [logging.getLogger(name) for name in logging.root.manager.loggerDict if name.startswith("splink")]
    was = [(one, one.disabled) for one in named]
    for one in named:
        one.disabled = True
    try:
        yield
    finally:
        for one, before in was:
            one.disabled = before
