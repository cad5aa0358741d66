"""What activity is to come: as a planner sees it on the page, at the command line and in JSON, of one drawn history."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.db import transaction
from django.test import Client
from tests.spec.planning import drawn_activity
from tests.spec.planning.pages import signed_in, text_of
from typer.testing import CliRunner

from joinedup import database
from joinedup.access import demo_users
from joinedup.errors import NotFound, RuleError
from joinedup.planning import forecast
from joinedup.planning.commands import plan
from joinedup.planning.demand.activity_to_come import Asked, outlook
from joinedup.planning.demand.population_growth import growth_of, projected
from joinedup.planning.demand.scenario import Scenario
from joinedup.planning.demand.series import MonthlySeries

pytestmark = pytest.mark.django_db
PAGE, API = "/planning/forecast/", "/api/planning/forecast"


@pytest.fixture(scope="module", autouse=True)
def _people(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    with django_db_blocker.unblock(), transaction.atomic():
        demo_users()
        yield
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drawn")
    drawn_activity.draw(folder)
    return folder


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("copied")
    drawn_activity.draw(folder, copied=True)
    return folder


@pytest.fixture(autouse=True)
def _data(drawn: Path, monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path) -> None:
    monkeypatch.setattr(database, "data_dir", lambda: drawn)
    settings.STATIC_ROOT = tmp_path
    settings.AUDIT_HEADS_DIR = tmp_path / "heads"


@pytest.fixture
def planner() -> Client:
    return signed_in("planner")


def answered(*words: str) -> str:
    result = CliRunner().invoke(plan, ["forecast", *words])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return str(result.stdout)


# --- the figures ----------------------------------------------------------------------------------------------------


def test_the_forecast_is_the_rules_of_the_protected_counts_and_the_people() -> None:
    from joinedup.measures import activity_history

    history = activity_history()
    frame = history.series("OPFA").frame
    series = MonthlySeries(frame["month"][0], tuple(float(one) for one in frame["units"]), "OPFA")
    sums = history.population().frame.groupby("month")["people"].sum()
    people = {month: float(many) for month, many in sums.items()}
    growth = growth_of(people)
    assert growth is not None
    months = outlook(Asked("OPFA", horizon=6)).baseline.months
    scale = projected(people, "", growth).index("", [*series.months, *months], base=series.months[-1])
    expected = forecast(series, 6, models=("naive", "seasonal_naive", "seasonal_naive_growth", "theta"),
                        stretch=True, scale=scale)  # fmt: skip
    found = outlook(Asked("OPFA", horizon=6))
    assert found.baseline.points == pytest.approx(expected.points)
    assert found.baseline.lower == pytest.approx(expected.lower)
    assert found.baseline.backtest is not None
    assert found.baseline.backtest.coverage == expected.backtest.coverage


def test_prevention_takes_its_share_off_and_growth_multiplies() -> None:
    found = outlook(Asked("NEL"), Scenario(prevention=5, growth=0))
    assert found.tried is not None
    assert found.tried.points == pytest.approx(found.tried.without * 0.95)
    assert (found.tried.without < found.baseline.points).all()  # the drawn population grows
    assert found.effect == pytest.approx(found.tried.points - found.baseline.points)


def test_shorter_stays_change_beds_and_no_spell() -> None:
    found = outlook(Asked("NEL"), Scenario(stay=20))
    assert found.tried is not None
    assert found.los_days == pytest.approx(5, rel=0.01)  # five nights each, as drawn
    assert found.tried.points == pytest.approx(found.baseline.points)
    assert found.beds_tried[-1] == pytest.approx(0.8 * found.beds[-1], abs=1)


def test_what_shifts_comes_back_as_contacts() -> None:
    found = outlook(Asked("OPFA", provider="RWG", service="110"), Scenario(shift=10, contacts=3))
    assert found.community is not None
    assert found.effect is not None
    assert np.sum(found.community.points) == pytest.approx(-3 * np.sum(found.effect))


def test_place_and_provider_at_once_are_not_published() -> None:
    with pytest.raises(RuleError, match="not by both at once"):
        outlook(Asked("OPFA", place="pa", provider="RWG"))
    with pytest.raises(RuleError, match="expected 1 to 24"):
        outlook(Asked("OPFA", horizon=25))
    with pytest.raises(NotFound, match="DIAG is not collected"):
        outlook(Asked("DIAG"))


# --- the page -------------------------------------------------------------------------------------------------------


def test_the_page_shows_history_forecast_interval_and_every_model(planner: Client) -> None:
    page = planner.get(PAGE, {"pod": "OPFA", "where": "place:pa", "horizon": "6"})
    said = text_of(page)
    assert page.status_code == 200
    assert "Outpatient, first, Place A" in said
    assert re.search(r"its 80% interval held the count in \d+% of 12 tests", said)
    for model in ("As last month", "As the same month a year before", "As a year before, with growth", "Theta"):
        assert said.count(model) >= 2, model  # at horizons 1 and 3
    assert said.count(" Not chosen ") == 6
    assert "No month repeats another: looked for in" in said
    assert "<svg" in page.content.decode()


def test_the_page_shows_what_a_scenario_changes_beside_the_forecast(planner: Client) -> None:
    sent = {"pod": "NEL", "prevention": "5", "stay": "10", "shift": "2", "contacts": "3", "growth": "1"}
    said = text_of(planner.get(PAGE, sent))
    found = outlook(Asked("NEL"), Scenario(prevention=5, stay=10, shift=2, contacts=3, growth=1))
    assert found.tried is not None
    assert f"Your scenario {found.tried.points.sum():,.0f} spells" in said
    assert f"Forecast without your scenario {found.baseline.points.sum():,.0f} spells" in said
    assert f"Prevention, 5% {found.tried.changes['prevention'].sum():+,.0f}" in said
    assert f"{found.beds[-1]} without, {found.beds_tried[-1]} with your scenario" in said
    assert "Contacts in the community that it brings" in said


def test_a_wrong_field_is_said_at_its_box_and_the_forecast_still_stands(planner: Client) -> None:
    page = planner.get(PAGE, {"pod": "OPFA", "prevention": "lots"})
    assert page.status_code == 400
    assert "There is a problem" in text_of(page)
    assert 'href="#prevention"' in page.content.decode()
    assert "How far to trust it" in text_of(page)


def test_what_is_too_small_is_said_with_the_way_out(planner: Client) -> None:
    said = text_of(planner.get(PAGE, {"pod": "EL"}))
    assert "No forecast can be made of this" in said
    assert "hidden because" in said
    assert "Choose something larger" in said


def test_copied_months_are_named_and_left_out(planner: Client, copied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "data_dir", lambda: copied)
    said = text_of(planner.get(PAGE, {"pod": "OPFA"}))
    assert "March 2025 is as March 2024; ask who sent them" in said
    assert "No forecast can be made of this" in said  # what is left between and after the two is too short


def test_a_point_of_delivery_that_is_not_there_is_404_and_without_activity_the_next_step_is_said(
    planner: Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert planner.get(PAGE, {"pod": "OPFX"}).status_code == 404
    monkeypatch.setattr(database, "data_dir", lambda: tmp_path)
    assert "joinedup measure --all" in text_of(planner.get(PAGE))


# --- the command and the interface ----------------------------------------------------------------------------------


def test_the_forecast_prints_its_back_test_coverage() -> None:
    said = answered("OPFA", "--provider", "RWG", "--service", "110", "--horizon", "3")
    found = outlook(Asked("OPFA", provider="RWG", service="110", horizon=3))
    assert found.baseline.backtest is not None
    coverage = found.baseline.backtest.coverage
    assert coverage is not None
    assert f"Back-test coverage of the 80% interval, one month ahead: {coverage:.0%}" in said
    assert len(re.findall(r"^  (?:naive|seasonal_naive|seasonal_naive_growth|theta) +[13] ", said, re.M)) == 8
    assert said.count("chosen") == 2


def test_the_command_the_page_and_the_interface_say_the_same(planner: Client) -> None:
    told = json.loads(answered("NEL", "--horizon", "6", "--prevention", "5", "--json"))
    asked = planner.get(API, {"pod": "NEL", "horizon": "6", "prevention": "5"}).json()
    assert asked == {"what": "forecast"} | told
    assert [one["model"] for one in told["backtest"]["scores"] if one["chosen"]] == [told["model"]] * 2
    assert told["scenario"]["months"][0]["point"] == pytest.approx(0.95 * told["months"][0]["point"], abs=0.001)


def test_the_command_names_the_option_that_is_wrong() -> None:
    with pytest.raises(RuleError, match="--stay: Only stays in hospital"):
        answered("OPFA", "--stay", "5")
    with pytest.raises(NotFound, match="Did you mean 'OPFA'"):
        answered("OPFX")


@pytest.mark.parametrize(
    ("query", "status", "says"),
    [
        ("pod=OPFX", 404, "Did you mean 'OPFA'"),
        ("pod=EL", 422, "hidden because"),
        ("pod=OPFA&place=px", 404, "There is no place 'px'"),
        ("pod=OPFA&growth=lots", 422, "growth: Population growth must be a number"),
        ("pod=OPFA&horizon=99", 422, "horizon"),
    ],
    ids=["pod", "small", "place", "word", "far"],
)
def test_an_error_names_what_was_given(query: str, status: int, says: str) -> None:
    client = signed_in("planner")
    client.raise_request_exception = False
    answer = client.get(f"{API}?{query}")
    assert answer.status_code == status
    assert says in answer.json()["error"]


def test_what_can_be_forecast_is_listed_and_nobody_anonymous_is_told(planner: Client) -> None:
    found = planner.get("/api/planning/activity").json()
    assert {one["pod"] for one in found["points"]} == {"OPFA", "NEL", "COM", "EL"}
    assert found["places"] == drawn_activity.PLACES
    assert Client().get("/api/planning/activity").status_code == 401
    assert Client().get(PAGE).status_code == 302
