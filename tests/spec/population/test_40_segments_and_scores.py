"""Chapter 40: multimorbidity, segments, frailty, households and Core20PLUS5 (rules: population PC7 to PC10)."""

from __future__ import annotations

import pytest
from tests.made_population import make

from joinedup.errors import NotFound, RuleError
from joinedup.population import frailty_category, frailty_index, one_year_risk, open_snapshot, transitions
from joinedup.population.cambridge import cambridge_score, multimorbidity, weights
from joinedup.population.definitions import both
from joinedup.population.evaluation import states
from joinedup.population.homes import households
from joinedup.population.inequalities import clinical_areas, core20plus5
from joinedup.population.segment_rules import segment, segment_list, segments
from joinedup.population.snapshot import Snapshot


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return open_snapshot(make(tmp_path_factory.mktemp("made"), residents=3_000))


# --- the Cambridge Multimorbidity Score ----------------------------------------------------------------------------


def test_the_twenty_weights_add_up_to_16_33() -> None:
    assert len(weights()) == 20
    assert sum(weights().values()) == 1633


@pytest.mark.parametrize(
    ("conditions", "score"),
    [
        (["hypertension", "diabetes", "chronic kidney disease"], 1.36),
        (["dementia", "heart failure", "atrial fibrillation", "COPD"], 6.48),
        (["asthma", "anxiety or depression"], 0.69),
        ([], 0),
        (["asthma", "asthma"], 0.19),  # each condition counts once
    ],
)
def test_the_score_of_somebody_is_the_sum_of_the_weights(conditions: list[str], score: float) -> None:
    assert cambridge_score(conditions) == score


def test_a_condition_that_the_score_does_not_know_is_refused_with_the_nearest() -> None:
    with pytest.raises(NotFound, match="Did you mean 'dementia'"):
        cambridge_score(["dementa"])


def test_everybody_registered_has_a_score_on_the_day(snapshot: Snapshot) -> None:
    found = multimorbidity(snapshot).execute()
    registered = states(snapshot, ["is registered"]).execute()
    assert set(found.person) == set(registered[registered.last_month == snapshot.months[-1]].person)
    assert found.person.is_unique
    assert (found.score >= 0).all()
    assert (found[found.conditions == 0].score == 0).all()
    assert found.registers.max() >= 4
    with_dementia = set(states(snapshot, ["is on the register dementia", "is registered"]).execute().person)
    assert with_dementia
    assert (found[found.person.isin(with_dementia)].score >= 2.5).all()


# --- segments ------------------------------------------------------------------------------------------------------


def test_there_are_eight_segments_and_the_last_is_the_rest() -> None:
    assert len(segment_list()) == 8
    assert segment_list()[-1].name == "generally well"
    with pytest.raises(NotFound, match="Did you mean 'acute'"):
        segment("acutte")


def test_everybody_registered_is_in_exactly_one_segment_each_month(snapshot: Snapshot) -> None:
    found = segments(snapshot).execute()
    registered = states(snapshot, ["is registered"]).execute()
    for month in snapshot.months:
        here = found[(found.first_month <= month) & (found.last_month >= month)]
        listed = registered[(registered.first_month <= month) & (registered.last_month >= month)]
        assert here.person.is_unique
        assert set(here.person) == set(listed.person)


def test_each_segment_for_which_something_is_recorded_has_people(snapshot: Snapshot) -> None:
    found = set(segments(snapshot).execute().segment)
    assert {"frailty and dementia", "long term condition", "acute", "generally well", "serious disability"} <= found


def test_the_first_test_that_holds_decides(snapshot: Snapshot) -> None:
    held = states(snapshot, ["is on the register dementia", "is on the register atrial fibrillation"]).execute()
    last = snapshot.months[-1]
    still = held[held.last_month == last].person
    assert len(still)
    named = segments(snapshot).execute()
    now = named[(named.first_month <= last) & (named.last_month >= last)].set_index("person").segment
    assert set(now.reindex(still).dropna()) <= {"end of life", "frailty and dementia"}


def test_who_moves_between_segments_adds_up_to_who_was_there(snapshot: Snapshot) -> None:
    month = snapshot.months[-2]
    moved = transitions(snapshot, month).execute()
    named = segments(snapshot).execute()
    before = named[(named.first_month <= month) & (named.last_month >= month)].groupby("segment").size()
    assert moved[moved.before != "joined"].groupby("before").people.sum().to_dict() == before.to_dict()


# --- frailty -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("deficits", "category"), [(0, "fit"), (4, "fit"), (5, "mild"), (9, "moderate"), (13, "severe"), (36, "severe")]
)
def test_the_first_index_is_the_share_of_36_deficits(deficits: int, category: str) -> None:
    assert frailty_category(frailty_index(deficits)) == category


@pytest.mark.parametrize(("index", "risk"), [(0.05, 2.30), (0.10, 3.51), (0.20, 8.15)])
def test_the_second_index_has_a_one_year_risk(index: float, risk: float) -> None:
    assert round(one_year_risk(index) * 100, 2) == risk
    assert frailty_category(0.2, edition=2) == "moderate"


def test_more_deficits_than_there_are_is_refused() -> None:
    with pytest.raises(RuleError, match="37 deficits: expected 0 to 36"):
        frailty_index(37)


# --- households and Core20PLUS5 ------------------------------------------------------------------------------------


def test_households_are_made_of_those_at_one_address(snapshot: Snapshot) -> None:
    homes = households(snapshot).execute()
    assert homes.household.is_unique
    assert homes.people.between(1, 10).all()
    assert (homes.children + homes.adults == homes.people).all()
    assert (homes.older <= homes.adults).all()
    assert homes.lone_older.any()
    assert not (homes.lone_older & (homes.people > 1)).any()


def test_core20_is_the_two_most_deprived_tenths_and_five_areas_stand_for_each_age(snapshot: Snapshot) -> None:
    assert [area.group for area in clinical_areas()] == ["adults"] * 5 + ["children"] * 5
    rows = core20plus5(snapshot)
    everybody = rows[0]
    person = snapshot.table("person").execute()
    alive = set(multimorbidity(snapshot).execute().person)
    assert everybody["people"] == len(alive)
    assert everybody["core20"] == int((person.person.isin(alive) & (person.imd_decile <= 2)).sum())
    for row in rows[1:]:
        if row["people"] is None:
            assert row["why"]
        else:
            assert 0 <= row["core20"] <= row["people"] <= everybody["people"]


def test_every_group_that_plus_names_is_a_cohort() -> None:
    from joinedup.population import cohorts

    for name in both("core20plus5.toml")["plus"]:
        assert cohorts.cohort(name)
