"""Chapter 35: cohorts, step by step (rules: population PC1)."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from tests.made_population import make
from tests.spec.population.drawn import MARCH, draw, held, now

from joinedup.errors import FileError, NotFound, RuleError
from joinedup.population import Cohort, cohort, definitions, states
from joinedup.population.cohorts import GROUPS, Step, cohort_names, read_cohort
from joinedup.population.snapshot import Snapshot
from joinedup.population.statements import StatementError

STROKE, SYSTOLIC = "230690007", "271649006"


@pytest.fixture
def snapshot(tmp_path: Path) -> Snapshot:
    return draw(
        tmp_path / "drawn",
        person=[
            {"person": "high", "sex": "female", "birth_month": "1950-01"},
            {"person": "high, stroke", "sex": "male", "birth_month": "1960-01"},
            {"person": "low", "sex": "male", "birth_month": "1960-01"},
            {"person": "not measured", "sex": "male", "birth_month": "1960-01"},
            {"person": "high, age unknown", "sex": None, "birth_month": None},
            {"person": "not registered", "sex": "male", "birth_month": "1960-01"},
        ],
        registration=[
            {"person": who, "practice": "Y00001", "starts": date(2010, 4, 1)}
            for who in ("high", "high, stroke", "low", "not measured", "high, age unknown")
        ],
        pop_observation=[
            {"person": who, "code": SYSTOLIC, "on": date(2026, 1, 1), "value": value}
            for who, value in (("high", 150), ("high, stroke", 150), ("low", 120), ("high, age unknown", 150),
                               ("not registered", 150))
        ],
        pop_condition=[{"person": "high, stroke", "code": STROKE, "on": date(2026, 3, 1)}],
    )  # fmt: skip


HIGH = cohort(include=["is registered", "last systolic is above 140"], exclude=["is aged 18 or over"])
AT_RISK = cohort(
    include=["is registered", "last systolic is above 140"], exclude=["has ever had stroke", "is under 18"]
)


def test_each_step_says_how_many_are_left_removed_and_unknown(snapshot: Snapshot) -> None:
    assert AT_RISK.attrition(snapshot) == [
        Step("everybody in the snapshot", is_exclusion=False, left=6, removed=0, unknown=0),
        Step("is registered", is_exclusion=False, left=5, removed=1, unknown=0),
        # The one who was not measured is removed: an inclusion needs true.
        Step("last systolic is above 140", is_exclusion=False, left=3, removed=2, unknown=1),
        Step("has ever had stroke", is_exclusion=True, left=2, removed=1, unknown=0),
        # The one whose age is unknown stays: an exclusion needs true, too.
        Step("is under 18", is_exclusion=True, left=2, removed=0, unknown=1),
    ]
    assert set(AT_RISK.people(snapshot).execute().person) == {"high", "high, age unknown"}


def test_a_cohort_at_the_end_of_an_earlier_month(snapshot: Snapshot) -> None:
    assert set(AT_RISK.people(snapshot, MARCH - 1).execute().person) == {"high", "high, stroke", "high, age unknown"}
    assert set(AT_RISK.people(snapshot, date(2026, 2, 28)).execute().person) == set(
        AT_RISK.people(snapshot, MARCH - 1).execute().person
    )
    assert AT_RISK.attrition(snapshot, MARCH - 3)[-1].left == 0, "nobody was measured before January"
    with pytest.raises(RuleError, match=r"from 2023-04-30 to 2026-03-31, or on 2026-03-31; 2026-02-27 is none"):
        AT_RISK.people(snapshot, date(2026, 2, 27))


def test_when_each_person_was_in_the_cohort(snapshot: Snapshot) -> None:
    assert held(snapshot, AT_RISK.states(snapshot)) == {
        "high": [(-2, 0)],
        "high, age unknown": [(-2, 0)],
        "high, stroke": [(-2, -1)],
    }


def test_counts_by_group_name_what_is_not_known(snapshot: Snapshot) -> None:
    assert AT_RISK.counts(snapshot) == [{"people": 2}]
    assert AT_RISK.counts(snapshot, ["sex"]) == [{"sex": "Unknown", "people": 1}, {"sex": "female", "people": 1}]
    assert AT_RISK.counts(snapshot, ["age_band"]) == [
        {"age_band": "70-79", "people": 1},
        {"age_band": "Unknown", "people": 1},
    ]
    with pytest.raises(NotFound, match="Did you mean 'ethnic_group'"):
        AT_RISK.counts(snapshot, ["ethnicgroup"])


def test_a_cohort_needs_a_sentence_and_each_has_to_be_understood() -> None:
    with pytest.raises(RuleError, match="at least one sentence"):
        cohort(include=[])
    with pytest.raises(StatementError, match="'is registerd' is not understood"):
        cohort(include=["is registerd"])
    with pytest.raises(StatementError, match="'is dead' is not understood"):
        cohort(include=["is registered"], exclude=["is dead"])


# --- cohorts by name -----------------------------------------------------------------------------------------------


def test_a_cohort_by_name_and_the_nearest_for_one_that_there_is_not() -> None:
    found = cohort("Diabetes overdue for review")
    assert found.title == "People with diabetes whose review is overdue"
    with pytest.raises(NotFound, match="Did you mean 'diabetes overdue for review'"):
        cohort("diabetes overdue for reviews")


def test_an_installations_cohort_is_one_of_them_and_can_be_said_in_sentences(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, snapshot: Snapshot
) -> None:
    monkeypatch.setenv("JOINEDUP_DATA", str(tmp_path))
    folder = definitions.installed("cohorts")
    folder.mkdir(parents=True)
    (folder / "high_pressure.toml").write_text(
        'title = "High"\ninclude = ["is registered", "last systolic is above 140"]\nexclude = ["has ever had stroke"]\n'
    )
    (folder / "round.toml").write_text('title = "Round"\ninclude = ["is in the cohort about"]\n')
    (folder / "about.toml").write_text('title = "About"\ninclude = ["is in the cohort round"]\n')
    assert "high pressure" in cohort_names()
    assert now(snapshot, states(snapshot, ["is in the cohort high pressure", "is female"])) == {"high"}
    assert now(snapshot, states(snapshot, ["is registered", "is not in the cohort high pressure"])) == {
        "high, stroke",
        "low",
        "not measured",
    }
    with pytest.raises(RuleError, match="The cohort 'round' is defined by itself: round → about → round"):
        cohort("round").people(snapshot)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('title = "x"', "some are missing"),
        ('include = ["is registered"]', "some are missing"),
        ('title = "x"\ninclude = ["is registered"]\nincluding = []', "including are not known"),
        ("title = ", "this is not TOML"),
    ],
)
def test_a_file_that_is_no_cohort(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "x.toml"
    file.write_text(text)
    with pytest.raises(FileError, match=told):
        read_cohort(file)


# --- the cohorts that come with joinedup ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    from joinedup.population import open_snapshot

    return open_snapshot(make(tmp_path_factory.mktemp("made"), residents=3_000))


def test_every_cohort_of_ours_says_what_it_is_and_counts_down_to_its_people(made: Snapshot) -> None:
    found = 0
    for name in cohort_names():
        one: Cohort = cohort(name)
        assert one.title, name
        assert one.meaning.endswith("."), name
        steps = one.attrition(made)
        left = [step.left for step in steps]
        assert left == sorted(left, reverse=True), name
        assert left[-1] == len(one.people(made).execute()), name
        assert sum(step.removed for step in steps) == left[0] - left[-1], name
        found += left[-1] > 0
    assert found >= 10, "cohorts that hold somebody of the made-up population"


def test_groups_add_up_to_the_whole(made: Snapshot) -> None:
    one = cohort("hypertension to be found")
    whole = len(one.people(made).execute())
    assert whole > 100
    for group in GROUPS:
        rows = one.counts(made, [group])
        assert len(rows) > 1
        assert sum(int(row["people"]) for row in rows) == whole, group
