"""A waiting list as a planner sees it: by weeks, what it needs, where it is heading, and with more capacity.

| drawn for each of three services | |
|---|---|
| waiting 1,020: 40 in each of weeks 0 to 5, 20 in 6 to 25, 10 in 26 to 51, 30 in 60 to 63 | |
| a month: 200 start, 180 are treated, 20 leave | |
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from datetime import date
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
from joinedup.planning import project_waiting_lists, relief_capacity, target_queue
from joinedup.planning.commands import plan
from joinedup.planning.waiting.list_calibration import (
    Band,
    fit_oldest_share,
    flow_of,
    hidden_by_balance,
    told_limits,
    weekly_bands,
    weeks_of_months,
)
from joinedup.planning.waiting.waiting_to_come import SEED, Tried, heading, list_now

pytestmark = pytest.mark.django_db
PAGE, API = "/planning/waiting-lists/", "/api/planning/waiting-list"


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


@pytest.fixture(autouse=True)
def _data(drawn: Path, monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path) -> None:
    monkeypatch.setattr(database, "data_dir", lambda: drawn)
    settings.STATIC_ROOT = tmp_path
    settings.AUDIT_HEADS_DIR = tmp_path / "heads"


@pytest.fixture
def planner() -> Client:
    return signed_in("planner")


def answered(*words: str) -> str:
    result = CliRunner().invoke(plan, ["waiting-list", *words])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return str(result.stdout)


# --- bands and flows, from what is published ------------------------------------------------------------------------


def test_bands_are_spread_over_their_weeks_and_add_up() -> None:
    weeks = weekly_bands(100, [Band(0, 5, 60.0), Band(6, 11, 30.0), Band(12, None, 10.0)])
    assert weeks[:6] == pytest.approx([10.0] * 6)
    assert weeks[6:12] == pytest.approx([5.0] * 6)
    assert sum(weeks) == pytest.approx(100)
    tail = weeks[12:]
    assert all(later < earlier for earlier, later in itertools.pairwise(tail))


def test_a_hidden_band_gets_what_the_others_leave() -> None:
    weeks = weekly_bands(100, [Band(0, 5, 60.0), Band(6, 11, None), Band(12, 17, 30.0)])
    assert sum(weeks[6:12]) == pytest.approx(10)
    assert weekly_bands(0, []) == (0.0,) * 105
    assert sum(weekly_bands(50, [], referrals=5)) == pytest.approx(50)


def test_a_limit_is_counted_only_where_a_band_begins_and_nothing_above_is_hidden() -> None:
    assert told_limits([Band(0, 17, 9.0), Band(18, None, 8.0)]) == {18}
    assert told_limits([Band(0, 17, 9.0), Band(18, 51, 8.0), Band(52, None, None)]) == frozenset()


def test_a_flow_is_its_months_over_their_days() -> None:
    months = [date(2026, 9, 1), date(2026, 10, 1)]
    assert flow_of(months, [30.0, 31.0]).a_week == pytest.approx(7.0)
    hidden = flow_of(months, [None, 57.0])
    assert (hidden.hidden, hidden.a_week) == (1, pytest.approx(7.0))  # 4 and 57 in 61 days
    assert flow_of([], []).a_week == 0
    assert list(weeks_of_months(months, [30.0, 62.0], date(2026, 9, 24), 2)) == pytest.approx([14.0, 14.0])


def test_hidden_months_balance_the_list_but_do_not_explain_everything_away() -> None:
    assert hidden_by_balance([10.0, None, None, 10.0], 34.0) == 7.0
    assert hidden_by_balance([10.0, None], 100.0) == 20.0  # at most twice the mean shown
    assert hidden_by_balance([10.0, None], 5.0) == 0.0
    assert hidden_by_balance([1.0, 2.0], 50.0) == 4.0  # nothing hidden: never asked


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_who_goes_first_is_found_again(share: float) -> None:
    from joinedup.planning import run_cohorts

    start = np.array([20.0] * 30 + [0.0] * 75)
    comes, treated = np.full(52, 20.0), np.full(52, 18.0)
    run = run_cohorts(start[:, None], comes[:, None], treated[:, None], other_removals=0.002, oldest_share=share)
    fit = fit_oldest_share(list(start), [float(one) for one in run.bands[:, 0]], comes, treated, 0.002)
    assert fit.oldest_share == pytest.approx(share)
    assert fit.total == pytest.approx(fit.total_seen)


# --- the list -------------------------------------------------------------------------------------------------------


def test_the_list_of_a_service_is_as_drawn() -> None:
    now = list_now("RWG", "110")
    assert now.total == 1020
    assert now.told == {18, 52}  # above 64 weeks nobody waits, so those bands are joined
    assert now.counts.over18 == pytest.approx(160 + 260 + 120, abs=1)
    assert now.counts.over52 == pytest.approx(120, abs=1)
    assert now.starts.a_week == pytest.approx(200 * 12 * 7 / 365)
    assert now.treated.a_week == pytest.approx(180 * 12 * 7 / 365)
    assert now.unexplained == pytest.approx(0, abs=1)
    assert now.fit.is_fitted
    assert now.on == date(2026, 10, 31)


def test_the_need_is_rule_me1_of_the_list() -> None:
    found = heading(list_now("RWG", "110"))
    demand = found.now.starts.a_week
    target = target_queue(demand, 18)
    assert found.baseline.target_queue == pytest.approx(target)
    assert float(found.baseline.relief) == pytest.approx(float(relief_capacity(demand, 1020, target)))
    assert [limit for limit, _ in found.at_risk] == [65, 78]  # nobody can be kept under 52 weeks in 52 weeks
    assert dict(found.at_risk)[65] == pytest.approx(sum(found.now.weekly[13:]))


def test_the_projection_is_the_rules_with_its_seed() -> None:
    now = list_now("RWG", "110")
    found = heading(now, Tried(capacity=60.0, weeks=26, seed=7))
    (expected,) = project_waiting_lists([now.as_list(capacity=60.0)], as_of=now.on, weeks=26, seed=7)
    assert found.scenario is not None
    assert found.scenario.inputs_hash == expected.inputs_hash
    assert list(found.scenario.total.mean) == list(expected.total.mean)
    assert (found.scenario.total.mean <= found.baseline.total.mean).all()  # more capacity, no longer list
    assert heading(now, Tried(seed=8)).baseline.total.mean[-1] != heading(now, Tried(seed=9)).baseline.total.mean[-1]


def test_the_whole_system_is_the_sum_of_what_its_services_tell() -> None:
    now = list_now()
    assert now.total == 3060
    assert now.counts.over52 == pytest.approx(360, abs=3)
    assert now.bands == ()


def test_too_little_of_the_past_and_lists_that_are_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotFound, match="Did you mean 'RWH'"):
        list_now("RWX")
    drawn_activity.draw(tmp_path, months_of_waits=3)
    monkeypatch.setattr(database, "data_dir", lambda: tmp_path)
    with pytest.raises(RuleError, match="2 months of clocks that start and stop are known; expected at least 6"):
        list_now()


# --- page, command, interface ---------------------------------------------------------------------------------------


def test_the_page_shows_the_list_its_need_and_where_it_is_heading(planner: Client) -> None:
    page = planner.get(PAGE, {"list": "RWG:110"})
    said = text_of(page)
    assert page.status_code == 200
    for words in ("Waiting 1,020", "Over 52 weeks 120", "Over 78 weeks about", "Relief capacity", "Target queue"):
        assert words in said, words
    assert f"200 runs, seed {SEED}" in said
    assert "of treatments go to those who waited longest" in said
    assert "<svg" in page.content.decode()


def test_capacity_typed_into_the_form_is_shown_beside_the_list_as_it_goes_on(planner: Client) -> None:
    said = text_of(planner.get(PAGE, {"list": "RWG:110", "capacity": "90", "weeks": "26"}))
    found = heading(list_now("RWG", "110"), Tried(capacity=90.0, weeks=26))
    assert found.scenario is not None
    assert f"With your change, {found.scenario.total.mean[-1]:,.0f}." in said
    assert "Treatments a week (capacity) 90.0" in said
    assert "With your change: At its target queue by" in said


def test_a_wrong_field_is_said_at_its_box(planner: Client) -> None:
    page = planner.get(PAGE, {"capacity": "-5", "seed": "x", "list": "RWX"})
    assert page.status_code == 400
    assert 'href="#capacity"' in page.content.decode()
    assert 'href="#seed"' in page.content.decode()
    assert "There is no such list by itself" in text_of(page)


def test_the_page_says_what_is_missing(planner: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn_activity.draw(tmp_path, months_of_waits=3)
    monkeypatch.setattr(database, "data_dir", lambda: tmp_path)
    assert "expected at least 6 to reckon with" in text_of(planner.get(PAGE))


def test_the_command_and_the_interface_say_the_same(planner: Client) -> None:
    told = json.loads(answered("--provider", "RWG", "--capacity", "60", "--weeks", "26", "--json"))
    asked = planner.get(API, {"provider": "RWG", "capacity": "60", "weeks": "26"}).json()
    assert asked == {"what": "waiting-list"} | told
    assert told["seed"] == SEED
    said = answered("--provider", "RWG", "--service", "110", "--weeks", "26")
    assert "RWG 110: 1,020 waiting on 2026-10-31" in said
    assert f"200 runs, seed {SEED}" in said


def test_plans_and_lists_are_listed_and_errors_name_what_was_given(planner: Client) -> None:
    planner.raise_request_exception = False
    assert planner.get("/api/planning/waiting-lists").json()["providers"]["RWG"] == ["110", "130", "other services"]
    assert planner.get("/api/planning/plans").json() == {"what": "plans", "versions": []}
    empty = planner.get("/api/planning/disagreements").json()
    assert (empty["gaps"], empty["worth_pence"]) == ([], 0)
    for query, status in (("provider=RWX", 404), ("capacity=-1", 422), ("weeks=0", 422)):
        assert planner.get(f"{API}?{query}").status_code == status, query
    assert planner.get("/api/planning/plans?year=2026").status_code == 422
