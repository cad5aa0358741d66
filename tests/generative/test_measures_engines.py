"""DuckDB and Spark give the same figures: every measure, on some thousand people, from the same expressions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from tests.made_population import make

from joinedup.measures.computing import Computed, compute
from joinedup.measures.definition import MeasureDefinition, definitions
from joinedup.population import open_snapshot
from joinedup.population.snapshot import Snapshot

KEYS = ["measure", "month", "area_kind", "area", "breakdown", "band"]
ALL = [one for one in definitions().values() if one.is_collected]


@pytest.fixture(scope="module")
def both(
    tmp_path_factory: pytest.TempPathFactory, open_on_spark: Callable[[Path], Snapshot]
) -> tuple[Computed, Computed]:
    folder = make(tmp_path_factory.mktemp("made"), residents=1200, seed=3, merger=True, council=True)
    return compute(open_snapshot(folder), ALL), compute(open_on_spark(folder), ALL)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("one", ALL, ids=lambda one: one.id)
def test_both_engines_agree(both: tuple[Computed, Computed], one: MeasureDefinition) -> None:
    tables = []
    for computed in both:
        rows = computed.counts[computed.counts["measure"] == one.id]
        tables.append(rows.sort_values(KEYS).reset_index(drop=True))
    duckdb, spark = tables
    pd.testing.assert_frame_equal(duckdb, spark)
    # Two engines that both find nothing agree about nothing.
    assert len(duckdb) > 1000
    assert (duckdb["denominator"] > 0).any()


def test_most_measures_find_somebody(both: tuple[Computed, Computed]) -> None:
    counts = both[0].counts
    found = counts[(counts["why"] == "") & (counts["numerator"] > 0)]["measure"].nunique()
    assert found >= 45


@pytest.mark.filterwarnings("ignore")
def test_both_engines_agree_on_ages(both: tuple[Computed, Computed]) -> None:
    keys = [*KEYS, "age"]
    duckdb, spark = (computed.strata.sort_values(keys).reset_index(drop=True) for computed in both)
    assert len(duckdb) > 1000
    pd.testing.assert_frame_equal(duckdb, spark)
