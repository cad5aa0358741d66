"""Splink's settings and our clustering on public files, beside Splink left as it comes, in the same test (PA14).

Data: `fake_1000` (1,000 records of 251 people) and febrl 4 (5,000 people, one record in each of two files). No label is
read by training; the thresholds are those of the rule book.
"""

from __future__ import annotations

import csv
import logging
import random
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from joinedup.identity.cluster import Link, Node, cluster
from joinedup.identity.quality import Quality, evaluate, f1
from joinedup.identity.score import weight_of

Pair = tuple[str, str, float]


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    logging.disable(logging.WARNING)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture(scope="module")
def folder(reference: Path) -> Path:
    found = reference / "splink_datasets" / "data"
    if not found.is_dir():
        pytest.skip(f"the public files of Splink are not here ({found})")
    return found


def rows(path: Path) -> list[dict[str, str | None]]:
    with path.open(newline="", encoding="utf-8") as file:
        return [
            {key.strip(): (value or "").strip() or None for key, value in row.items()} for row in csv.DictReader(file)
        ]


def scored(
    tables: Mapping[str, Sequence[Mapping[str, Any]]], comparisons: list[Any], blocks: list[Any], *,
    deterministic: list[Any], recall: float, training: list[Any], pairs: float = 1e6,
) -> list[Pair]:  # fmt: skip
    """Train on the tables and answer all pairs of at least 0.01, with their chance of being one."""
    import duckdb
    import pyarrow
    from splink import DuckDBAPI, Linker, SettingsCreator

    db = duckdb.connect(config={"threads": 2})
    api = DuckDBAPI(db)
    frames = []
    for name, table in tables.items():
        db.register(name, pyarrow.Table.from_pylist([dict(row) for row in table]))
        frames.append(api.register(name))
    settings = SettingsCreator(
        link_type="link_only" if len(tables) > 1 else "dedupe_only",
        unique_id_column_name="unique_id",
        comparisons=comparisons,
        blocking_rules_to_generate_predictions=blocks,
        retain_matching_columns=False,
        retain_intermediate_calculation_columns=False,
    )
    linker = Linker(frames if len(frames) > 1 else frames[0], settings)
    linker.training.estimate_probability_two_random_records_match(deterministic, recall=recall)
    linker.training.estimate_u_using_random_sampling(max_pairs=pairs + 1, seed=1)
    for rule in training:
        linker.training.estimate_parameters_using_expectation_maximisation(rule)
    found = linker.inference.predict(threshold_match_probability=0.01, warning_mode="never").as_duckdbpyrelation()
    answer = found.project("unique_id_l, unique_id_r, match_probability").fetchall()
    db.close()
    return answer


def by_pair(found: Sequence[Pair], least: float, truth: Mapping[str, str]) -> tuple[float, float, float]:
    """Precision, recall and F1 before grouping."""
    kept = [(one, other) for one, other, chance in found if chance >= least]
    right = sum(truth[one] == truth[other] for one, other in kept)
    true = evaluate(truth, {}).true_pairs
    precision, recall = (right / len(kept) if kept else 0.0), right / true
    return precision, recall, f1(precision, recall)


def grouped(found: Sequence[Pair], least: float, truth: Mapping[str, str], source: Mapping[str, str]) -> Quality:
    """The quality after our clustering; a source of `source` keeps no duplicates."""
    links = [Link(one, other, min(weight_of(chance), 900.0)) for one, other, chance in found if chance >= least]
    groups = cluster({record: Node(source=source.get(record)) for record in truth}, links).groups
    return evaluate(truth, {record: number for number, group in enumerate(groups) for record in group})


def test_fake_1000(folder: Path) -> None:
    import splink.comparison_library as cl
    from splink import block_on

    table = rows(folder / "fake_1000.csv")
    truth = {str(row["unique_id"]): str(row["cluster"]) for row in table}
    seen = [{key: value for key, value in row.items() if key != "cluster"} for row in table]
    same: dict[str, Any] = {
        "deterministic": [block_on("first_name", "surname", "dob"), block_on("email")],
        "training": [block_on("first_name", "surname"), block_on("dob")],
    }
    plain = scored(
        {"people": seen},
        [cl.NameComparison("first_name"), cl.NameComparison("surname"), cl.LevenshteinAtThresholds("dob", 1),
         cl.ExactMatch("city").configure(term_frequency_adjustments=True), cl.EmailComparison("email")],
        [block_on("first_name"), block_on("surname"), block_on("dob"), block_on("email")],
        recall=0.7, **same,
    )  # fmt: skip
    ours = scored(
        {"people": seen},
        [
            cl.JaroWinklerAtThresholds("first_name", [0.92, 0.80]).configure(term_frequency_adjustments=True),
            cl.JaroWinklerAtThresholds("surname", [0.92, 0.80]).configure(term_frequency_adjustments=True),
            cl.LevenshteinAtThresholds("dob", [1, 2]),
            cl.JaroWinklerAtThresholds("city", [0.9]).configure(term_frequency_adjustments=True),
            cl.JaroWinklerAtThresholds("email", [0.95, 0.88]).configure(term_frequency_adjustments=True),
        ],
        [block_on("first_name"), block_on("surname"), block_on("dob"), block_on("email"), block_on("city"),
         "l.first_name = r.surname"],
        recall=0.6, **same,
    )  # fmt: skip
    before, after = by_pair(plain, 0.1, truth)[2], by_pair(ours, 0.1, truth)[2]
    whole, whole_before = (grouped(found, 0.5, truth, {}) for found in (ours, plain))
    told = f"scored {before:.4f} plain, {after:.4f} ours; grouped {whole.f1:.4f}, precision {whole.precision}"
    assert after >= 0.89, told
    assert after > before + 0.02, told
    assert whole.f1 > whole_before.f1, told
    assert whole.f1 >= 0.96, told
    assert (whole.precision or 0) >= 0.99, told


def febrl(folder: Path) -> tuple[dict[str, list[dict[str, Any]]], dict[str, str], dict[str, str]]:
    tables: dict[str, list[dict[str, Any]]] = {}
    truth, source = {}, {}
    for name in ("4a", "4b"):
        table = []
        for row in rows(folder / "febrl" / f"dataset{name}.csv"):
            record = str(row.pop("rec_id"))
            truth[record] = record.split("-")[1]
            source[record] = name
            street = " ".join(part for part in (row["street_number"], row["address_1"]) if part) or None
            table.append({"unique_id": record, "number_and_street": street, **row})
        # In another order, so that nothing is learnt from where a row stands.
        random.Random(1).shuffle(table)
        tables[f"file_{name}"] = table
    return tables, truth, source


@pytest.mark.parametrize(("with_number", "least_f1"), [(True, 0.9990), (False, 0.9950)])
def test_febrl_4(folder: Path, with_number: bool, least_f1: float) -> None:
    import splink.comparison_library as cl
    from splink import block_on

    tables, truth, source = febrl(folder)
    same: dict[str, Any] = {
        "deterministic": [
            block_on("given_name", "surname", "date_of_birth"),
            block_on("soc_sec_id") if with_number else block_on("surname", "date_of_birth", "postcode"),
        ],
        "training": [block_on("given_name", "surname"), block_on("date_of_birth")],
    }
    number_plain = [cl.ExactMatch("soc_sec_id")] if with_number else []
    plain = scored(
        tables,
        [cl.NameComparison("given_name"), cl.NameComparison("surname"), cl.LevenshteinAtThresholds("date_of_birth", 1),
         cl.ExactMatch("postcode"), cl.ExactMatch("address_1"), *number_plain],
        [block_on("given_name", "surname"), block_on("date_of_birth"),
         *([block_on("soc_sec_id")] if with_number else [block_on("surname", "postcode")])],
        recall=0.9, **same,
    )  # fmt: skip
    number = [cl.LevenshteinAtThresholds("soc_sec_id", [1, 2])] if with_number else []
    ours = scored(
        tables,
        [
            cl.ForenameSurnameComparison("given_name", "surname"),
            cl.LevenshteinAtThresholds("date_of_birth", [1, 2]),
            cl.LevenshteinAtThresholds("postcode", [1, 2]),
            cl.JaroWinklerAtThresholds("address_1", [0.9, 0.7]).configure(term_frequency_adjustments=True),
            cl.JaroWinklerAtThresholds("suburb", [0.9, 0.7]).configure(term_frequency_adjustments=True),
            cl.ExactMatch("street_number"),
            *number,
        ],
        [block_on("given_name", "surname"), block_on("date_of_birth"), block_on("postcode"),
         block_on("number_and_street"), "l.given_name = r.surname AND l.surname = r.given_name",
         block_on("suburb", "surname"), block_on("suburb", "given_name"),
         *([block_on("soc_sec_id")] if with_number else [])],
        recall=0.9, **same,
    )  # fmt: skip
    before, after = grouped(plain, 0.5, truth, source), grouped(ours, 0.5, truth, source)
    told = f"F1 {before.f1:.5f} plain, {after.f1:.5f} ours, precision {after.precision}"
    assert after.f1 >= least_f1, told
    assert after.f1 > before.f1, told
    certain = by_pair(ours, 0.99, truth)
    assert certain[0] == 1.0, told
