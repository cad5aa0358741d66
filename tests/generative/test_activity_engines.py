"""Activity is the same on DuckDB and on Spark, row for row."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from tests.spec.measures.made_activity import Made

from joinedup.measures.activity.counted import activity_of
from joinedup.population import open_snapshot
from joinedup.population.snapshot import Snapshot

pytestmark = pytest.mark.xdist_group("spark")
D = date


@pytest.mark.filterwarnings("ignore")
def test_both_engines_agree(tmp_path: Path, open_on_spark: Callable[[Path], Snapshot]) -> None:
    made = Made()
    for nth in range(12):
        person = made.person(f"p{nth}", ("Y1", "Y2", "Y3", "Y4")[nth % 4], birth_month=f"{1930 + 7 * nth}-05")
        made.stay(person, D(2026, 4, 1 + nth), D(2026, 4, 1 + 2 * nth), ("21", "11", "31")[nth % 3], is_whole=nth != 4)
        made.stay(person, D(2026, 3, 30), D(2026, 4, 2), episodes=(("300", 1), ("320", 99_999 + nth)))
        made.appointment(person, D(2026, 5, 4), is_first=nth % 2 == 0, hrg=(None, "WF01A", "JC43A")[nth % 3])
        made.encounter(person, "ecds", D(2025, 12, 31), activity="emergency", provider="RWG")
        made.wait(person, D(2026, 6, 1 + nth), D(2026, 8 + nth % 2, 5 + nth) if nth % 3 else None)
        made.wait(person, D(2026, 9, 1 + nth), service="130")
        made.add("pop_registration", person=person, feed="asc-cld", kind="service", organisation="606",
                 kind_text="Long Term Support: Community", starts=D(2026, 2, 1 + nth), ends=D(2026, 7, 1))  # fmt: skip
    folder = made.write(tmp_path)
    here, there = activity_of(open_snapshot(folder)), activity_of(open_on_spark(folder))
    for name in ("counts", "prices", "waits", "people"):
        # Two engines that both find nothing agree about nothing.
        assert len(getattr(here, name)) > 5, name
        pd.testing.assert_frame_equal(getattr(here, name), getattr(there, name))
    assert (here.known, here.known_waits) == (there.known, there.known_waits)
    assert set(here.counts["pod"]) == {"NEL", "NELS", "EL", "MAT", "OPFA", "OPFU", "OPPROC", "AE", "SC"}
