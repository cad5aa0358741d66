"""Activity to come by point of delivery, specialty, place, provider; levers; the capacity it needs (ME10 to ME13)."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from joinedup.errors import NotFound, RuleError
from joinedup.planning import (
    ActivityKey,
    CapacityUse,
    ForecastSet,
    LeverError,
    MonthlySeries,
    PopulationProjection,
    Prevention,
    ShiftToCommunity,
    ShorterStay,
    Working,
    capacity_needed,
    forecast_activity,
)
from joinedup.planning.demand.levers import Lever

START, FIRST = date(2022, 4, 1), date(2025, 4, 1)
NEL = ActivityKey("NEL", "300", "south", "RQW")
EL = ActivityKey("EL", "110", "south", "RQW")
FIRST_VISIT = ActivityKey("OPFA", "110", "south", "RQW")
CONTACTS = ActivityKey("COM", "110", "south", "RY4")
QUICK = ("naive", "seasonal_naive", "seasonal_naive_growth")


def drawn(level: float, seed: int, months: int = 36) -> MonthlySeries:
    step = np.arange(months)
    noise = np.random.default_rng(seed).normal(0, level / 50, months)
    return MonthlySeries(START, tuple(level * (1 + 0.1 * np.sin(step / 2)) + noise), f"series {seed}")


SERIES = {NEL: drawn(2_000, 1), EL: drawn(600, 2), FIRST_VISIT: drawn(4_000, 3), CONTACTS: drawn(9_000, 4)}
PEOPLE = PopulationProjection(
    {("south", band, year): people * (1 + growth * (year - 2022)) for band, people, growth in
     (("0-64", 90_000, 0.0), ("65+", 20_000, 0.03)) for year in range(2021, 2030)}
)  # fmt: skip


def made(*levers: Lever, **given: object) -> ForecastSet:
    return forecast_activity(SERIES, 12, levers=levers, models=QUICK, **given)  # type: ignore[arg-type]


def test_each_series_has_its_interval_its_model_and_its_back_test() -> None:
    found = made()
    assert [one.key for one in found.forecasts] == sorted(SERIES)
    for one in found.forecasts:
        assert one.months[0] == FIRST
        assert len(one.points) == 12
        assert (one.lower <= one.points).all()
        assert (one.points <= one.upper).all()
        assert one.backtest is not None
        assert one.backtest.chosen == one.model
        assert set(one.backtest.losers) == set(QUICK) - {one.model}
        assert one.backtest.coverage is not None
    assert found.left_out == {}


def test_a_series_that_cannot_be_forecast_is_left_out_with_its_reason() -> None:
    short = ActivityKey("DC", "110", "south", "RQW")
    found = forecast_activity(SERIES | {short: drawn(10, 5, 20)}, 3, models=QUICK)
    assert "20 months" in found.left_out[short]
    assert len(found.forecasts) == 4
    with pytest.raises(RuleError, match="20 months"):
        found.of(short)


def test_an_ageing_population_brings_more_emergency_care() -> None:
    plain = made().of(NEL)
    older = made(population=PEOPLE, age_shares={"NEL": {"0-64": 0.3, "65+": 0.7}}).of(NEL)
    alike = made(population=PEOPLE).of(NEL)
    assert older.points.sum() > alike.points.sum() > plain.points.sum()


def test_the_index_of_people_is_one_in_its_base_month_and_follows_the_ages() -> None:
    months = [date(2024, 7, 1), date(2025, 7, 1), date(2040, 1, 1)]
    base = date(2024, 7, 1)
    everyone = PEOPLE.index("south", months, base=base)
    assert everyone[0] == 1
    old = PEOPLE.index("south", months, base=base, age_shares={"65+": 1.0})
    assert old[1] == pytest.approx(1.09 / 1.06, abs=2e-4)
    assert PEOPLE.index("south", months, base=base, age_shares={"0-64": 1.0}) == pytest.approx([1, 1, 1])
    # After the last year that is projected it stays as it is.
    assert old[2] == pytest.approx(PEOPLE.index("south", [date(2029, 12, 1)], base=base, age_shares={"65+": 1.0})[0])


def test_prevention_takes_from_emergency_care_and_from_nothing_else() -> None:
    before, after = made(), made(Prevention(name="falls", percent=5, from_month=FIRST))
    assert after.of(NEL).points == pytest.approx(before.of(NEL).points * 0.95)
    assert after.of(NEL).upper == pytest.approx(before.of(NEL).upper * 0.95)
    assert after.of(NEL).without == pytest.approx(before.of(NEL).points)
    assert after.of(NEL).changes["falls"] == pytest.approx(before.of(NEL).points * -0.05)
    for key in (EL, FIRST_VISIT, CONTACTS):
        assert after.of(key).points.tobytes() == before.of(key).points.tobytes()


def test_a_lever_comes_into_force_evenly() -> None:
    lever = Prevention(name="falls", percent=8, from_month=date(2025, 6, 1), full_from=date(2025, 9, 1))
    after = made(lever).of(NEL)
    share = 1 - after.points / after.without
    assert share == pytest.approx([0, 0, 0.02, 0.04, 0.06, 0.08, 0.08, 0.08, 0.08, 0.08, 0.08, 0.08])


def test_shorter_stays_need_fewer_beds_for_the_same_spells() -> None:
    before, after = made(), made(ShorterStay(name="home first", percent=10, from_month=FIRST))
    assert after.of(NEL).points.tobytes() == before.of(NEL).points.tobytes()
    assert after.of(NEL).stay == pytest.approx([0.9] * 12)
    assert after.of(FIRST_VISIT).stay == pytest.approx([1.0] * 12)
    use = [CapacityUse("NEL", "beds", los_days=6.0)]
    need = {one.provider: one for one in capacity_needed(before.forecasts, use)}["RQW"].required
    fewer = {one.provider: one for one in capacity_needed(after.forecasts, use)}["RQW"].required
    assert all(less == pytest.approx(more * 0.9, abs=1) for more, less in zip(need, fewer, strict=True))


def test_care_moved_into_the_community_arrives_there() -> None:
    lever = ShiftToCommunity(name="closer to home", percent=10, from_month=FIRST, contacts_per_case=2, provider="RY4")
    before, after = made(), made(lever)
    taken = before.of(FIRST_VISIT).points - after.of(FIRST_VISIT).points
    assert taken == pytest.approx(before.of(FIRST_VISIT).points * 0.1)
    assert after.of(CONTACTS).points - before.of(CONTACTS).points == pytest.approx(taken * 2)
    assert after.of(CONTACTS).changes["closer to home"] == pytest.approx(taken * 2)
    assert after.of(NEL).points.tobytes() == before.of(NEL).points.tobytes()


def test_contacts_at_a_provider_without_a_past_say_so() -> None:
    after = made(ShiftToCommunity(name="closer to home", percent=10, from_month=FIRST))
    new = after.of(ActivityKey("COM", "110", "south", "RQW"))
    assert new.backtest is None
    assert new.without == pytest.approx([0] * 12)
    assert new.points == pytest.approx(made().of(FIRST_VISIT).points * 0.1)


def test_levers_follow_one_another_and_are_told_apart() -> None:
    both = made(
        Prevention(name="falls", percent=10, from_month=FIRST),
        Prevention(name="frailty", percent=10, from_month=FIRST, places=("south",)),
    ).of(NEL)
    assert both.points == pytest.approx(both.without * 0.81)
    assert both.points == pytest.approx(both.without + both.changes["falls"] + both.changes["frailty"])


def test_the_capacity_that_the_forecast_needs() -> None:
    found = made()
    theatre = Working(minutes=110, hours=40, utilisation=0.85)
    clinic = Working(minutes=30, hours=35, utilisation=0.9)
    uses = [
        CapacityUse("NEL", "beds", los_days=6.0),
        CapacityUse("EL", "beds", los_days=2.5),
        CapacityUse("EL", "theatres", share=0.9, working=theatre),
        CapacityUse("OPFA", "clinics", working=clinic),
        CapacityUse("COM", "community", working=Working(minutes=45, hours=30, utilisation=0.8)),
    ]
    needs = {(one.resource, one.provider): one for one in
             capacity_needed(found.forecasts, uses, available={("beds", "RQW"): 450})}  # fmt: skip
    assert set(needs) == {("beds", "RQW"), ("theatres", "RQW"), ("clinics", "RQW"), ("community", "RY4")}
    beds = needs["beds", "RQW"]
    # April has 30 days; both points of delivery are added before the one rounding up.
    wanted = (found.of(NEL).points[0] * 6.0 + found.of(EL).points[0] * 2.5) / 30 / 0.92
    assert beds.required[0] == int(np.ceil(wanted))
    assert beds.gap is not None
    assert beds.gap[0] == beds.required[0] - 450
    assert all(
        low <= point <= high for low, point, high in zip(beds.at_lower, beds.required, beds.at_upper, strict=True)
    )
    hours = found.of(EL).points[0] * 0.9 * 110 / 60
    assert needs["theatres", "RQW"].required[0] == int(np.ceil(hours / (30 / 7 * 40 * 0.85)))
    assert needs["clinics", "RQW"].gap is None


@pytest.mark.parametrize(
    ("asked", "error", "named"),
    [
        (lambda: Prevention(name="", percent=5, from_month=FIRST), LeverError, "needs a name"),
        (lambda: Prevention(name="all", percent=101, from_month=FIRST), LeverError, "is 101 per cent"),
        (lambda: Prevention(name="none", percent=5, from_month=FIRST, pods=()), LeverError, "no point of delivery"),
        (
            lambda: Prevention(name="late", percent=5, from_month=FIRST, full_from=START),
            LeverError,
            "before it starts",
        ),
        (lambda: ShorterStay(name="clinic", percent=5, from_month=FIRST, pods=("OPFA",)), LeverError, "have none"),
        (lambda: ShiftToCommunity(name="back", percent=-5, from_month=FIRST), LeverError, "less than nothing"),
        (
            lambda: ShiftToCommunity(name="round", percent=5, from_month=FIRST, pods=("COM",)),
            LeverError,
            "contacts to the community",
        ),
        (lambda: made(Prevention(name="far", percent=5, from_month=FIRST, places=("north",))), LeverError, "no series"),
        (lambda: made(*[Prevention(name="twice", percent=5, from_month=FIRST)] * 2), LeverError, "named 'twice'"),
        (
            lambda: made(Lever(name="vague", percent=5, from_month=FIRST, pods=("NEL",))),
            LeverError,
            "expected one of the named levers",
        ),
        (lambda: PopulationProjection({("a", "0-64", 2024): 1, ("a", "65+", 2025): 1}), RuleError, "lacks the ages"),
        (lambda: PEOPLE.index("soth", [FIRST], base=FIRST), NotFound, "Did you mean 'south'"),
        (lambda: PEOPLE.index("south", [FIRST], base=FIRST, age_shares={"65": 1.0}), NotFound, "no ages '65'"),
        (lambda: PEOPLE.index("south", [FIRST], base=FIRST, age_shares={"65+": 0.9}), RuleError, "add up to 0.9"),
        (lambda: CapacityUse("NEL", "bedz", los_days=1), NotFound, "Did you mean 'beds'"),
        (lambda: CapacityUse("NEL", "beds"), RuleError, "expected los_days for beds"),
        (
            lambda: CapacityUse("NEL", "beds", los_days=1, share=1.5),
            RuleError,
            r"share of NEL using beds is 1\.5",
        ),
    ],
)
def test_what_cannot_be_is_refused_by_name(asked: object, error: type[Exception], named: str) -> None:
    with pytest.raises(error, match=named):
        asked()  # type: ignore[operator]


def test_forecasts_of_different_runs_are_not_mixed() -> None:
    early = forecast_activity(SERIES, 12, models=QUICK).forecasts
    late = forecast_activity({NEL: drawn(5, 6, 40)}, 12, models=QUICK).forecasts
    with pytest.raises(RuleError, match="different months"):
        capacity_needed([*early, *late], [CapacityUse("NEL", "beds", los_days=6.0)])
