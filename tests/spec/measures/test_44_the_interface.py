"""The HTTP interface of measures: the same protected figures, statuses and errors as the pages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from joinedup import database
from joinedup.access.demo import demo_users
from joinedup.measures import definition

from .drawn_results import DEFINITIONS, draw

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module", autouse=True)
def _people(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """The demo users, made once: gone after the module."""
    with django_db_blocker.unblock(), transaction.atomic():
        demo_users()
        yield
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    draw(folder)
    return folder


@pytest.fixture
def client(drawn: Path, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setattr(database, "data_dir", lambda: drawn)
    monkeypatch.setattr(definition, "definitions", lambda: DEFINITIONS)
    client = Client(raise_request_exception=False)
    assert client.post("/access/demo/", {"role": "planner"}).status_code == 302
    return client


def test_the_list_has_every_measure_and_those_not_collected(client: Client) -> None:
    found = client.get("/api/measures/").json()
    assert [one["id"] for one in found["measures"]] == [one.id for one in DEFINITIONS.values() if one.is_collected]
    assert found["not_collected"][0]["why"] == "No feed carries the stage of a cancer."
    assert found["snapshot"] == "2026-10-31-drawn0000000"
    assert found["is_simulated"] is True


def test_a_definition_says_what_is_counted_of_whom(client: Client) -> None:
    found = client.get("/api/measures/high-blood-pressure").json()
    assert found["what"] == "definition"
    assert found["numerator"] == ["is on the register hypertension"]
    assert found["digest"] == DEFINITIONS["high-blood-pressure"].digest


def test_a_suppressed_figure_has_a_mark_and_a_reason_and_no_numbers(client: Client) -> None:
    found = client.get("/api/measures/high-blood-pressure/across?kind=neighbourhood").json()
    hidden = next(figure for figure in found["figures"] if figure["area"] == "NA1")
    assert hidden["numerator_shown"] == hidden["value_shown"] == "*"
    assert hidden["status"] == "suppressed"
    assert [hidden[key] for key in ("numerator", "value", "lower", "upper")] == [None] * 4


def test_groups_and_profiles_are_answered(client: Client) -> None:
    groups = client.get("/api/measures/wellbeing/groups?area=PA&breakdown=age_band").json()
    assert [figure["band"] for figure in groups["figures"]] == ["0-17", "18-39", "40-64", "65+"]
    profile = client.get("/api/measures/areas/PA").json()
    admissions = next(figure for figure in profile["figures"] if figure["measure"] == "emergency-admissions")
    assert admissions["against_system"] == "worse"
    assert admissions["peers"]["areas"] == 2
    assert client.get("/api/measures/areas").json()["areas"][0]["code"] == "QM7"


# address                                                   status   the error says
WRONG = [
    ("/api/measures/emergency-admission", 404, "Did you mean 'emergency-admissions'?"),
    ("/api/measures/early-cancer/series", 404, "No feed carries the stage of a cancer."),
    ("/api/measures/wellbeing/series?area=PX", 404, "There is no area 'PX' with figures."),
    ("/api/measures/wellbeing/across?kind=ward", 404, "expected system, place, neighbourhood, practice"),
    ("/api/measures/wellbeing/groups?breakdown=wealth", 404, "There is no breakdown 'wealth'"),
    ("/api/measures/wellbeing/across?month=March", 422, "'March' is not a date"),
    ("/api/measures/wellbeing/across?month=2001-03-01", 404, "There are no figures for March 2001"),
]


@pytest.mark.parametrize(("address", "status", "says"), WRONG)
def test_an_error_names_what_was_given_and_what_was_expected(
    client: Client, address: str, status: int, says: str
) -> None:
    answer = client.get(address)
    assert answer.status_code == status
    assert says in answer.json()["error"]
    assert answer.json()["request_id"]


def test_nobody_anonymous_gets_a_figure(client: Client) -> None:
    assert Client().get("/api/measures/").status_code == 401
