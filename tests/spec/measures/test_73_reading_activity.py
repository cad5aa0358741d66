"""Activity is read month by month as it may be seen; prices go out to a payment alone."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.spec.measures.made_activity import Made
from tests.spec.measures.made_measures import snapshot
from typer.testing import CliRunner

from joinedup.access import Grant, service_grant
from joinedup.errors import NotFound, Refused, RuleError, Unavailable
from joinedup.measures.activity.files import count_activity
from joinedup.measures.activity.prices import THE_REST, PricedLine, ShownLine, lines_to_show, priced_activity
from joinedup.measures.activity.reading import ActivityHistory, activity_history
from joinedup.measures.disclosure.protected import Protected
from joinedup.population import open_snapshot

D = date
SERVICE = service_grant("pay", "compute a payment", "the tests")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results of the made-up snapshot, with nothing but activity in them."""
    place = tmp_path_factory.mktemp("results")
    count_activity(snapshot()).write(place)
    return place


@pytest.fixture(scope="module")
def history(folder: Path) -> ActivityHistory:
    return activity_history(folder)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results in which all is counted by hand: 9 day cases, 3 stays, and a month without admitted care."""
    made = Made()
    made.coverage["sus-apc"]["missing"] = ["2026-03"]
    for nth in range(9):
        made.stay(f"p{nth}", D(2026, 5, 4), D(2026, 5, 4), "11", "2", hrg="BZ86B", episodes=(("130", 26_485),))
    for nth in range(3):
        made.stay(f"p{nth}", D(2026, 6, 4), D(2026, 6, 9), hrg="DZ11R", episodes=(("300", 200_001),))
    place = tmp_path_factory.mktemp("tiny")
    count_activity(open_snapshot(made.write(place))).write(place)
    return place


def test_every_series_is_protected_and_has_every_month(history: ActivityHistory) -> None:
    for found in (
        history.series("GPA"),
        history.series("NEL", provider="RWG"),
        history.series("AE", place="PD"),
        history.series("COM", service="33"),
    ):
        assert isinstance(found, Protected)
        assert found.frame["month"].tolist() == history.months
        assert len(history.months) == 36
        assert found.note


def test_a_month_without_data_says_so_at_every_level(tiny: Path) -> None:
    history = activity_history(tiny)
    for found in (
        history.series("DC"),
        history.series("DC", provider="RWG"),
        history.series("DC", place="PC"),
        history.series("DC", provider="RWG", service="130") if history.services("DC", "RWG") else history.series("DC"),
    ):
        rows = found.frame.set_index("month")
        assert rows.loc[D(2026, 3, 1), "status"] == "no data for the month"
        assert rows["units"].isna().loc[D(2026, 3, 1)]
        assert rows.loc[D(2026, 4, 1), "units"] == 0
        assert rows.loc[D(2026, 5, 1), "units"] == 10


def test_place_and_provider_are_not_published_together(history: ActivityHistory) -> None:
    with pytest.raises(RuleError, match="by place, or by provider and service, not by both at once"):
        history.series("AE", place="PD", provider="RWG")
    with pytest.raises(NotFound, match="no place 'PA' today"):
        history.series("AE", place="PA")


def test_what_there_is_nothing_of_is_said(history: ActivityHistory) -> None:
    with pytest.raises(NotFound, match=r"UTC is not collected\. A snapshot does not say of what type"):
        history.series("UTC")
    with pytest.raises(NotFound, match="no point of delivery 'NELX'"):
        history.series("NELX")
    with pytest.raises(NotFound, match="no NEL at the provider 'RWK'"):
        history.series("NEL", provider="RWK")
    with pytest.raises(NotFound, match="no '999' by itself in COM"):
        history.series("COM", provider="RWG", service="999")
    with pytest.raises(NotFound, match="No provider has '999' by itself"):
        history.series("COM", service="999")


def test_a_service_wherever_it_is_given_is_the_sum_of_what_is_shown(history: ActivityHistory) -> None:
    whole = history.series("COM", service="33").frame
    parts = [history.series("COM", provider=one, service="33").frame for one in history.providers("COM")]
    for n in range(36):
        shown = [int(part["units"][n]) for part in parts if part["status"][n] == ""]
        hides = any(part["status"][n] == "suppressed" for part in parts)
        if shown:
            assert whole["units"][n] == sum(shown)
            assert whole["status"][n] == ("excludes suppressed" if hides else "")


def test_the_list_and_its_flows_by_provider_and_service(history: ActivityHistory) -> None:
    whole = history.waiting("RWG").frame
    assert set(whole["what"]) == {"open", "starts", "treated", "removed"}
    service = history.waiting_services("RWG")[0]
    bands = history.waiting("RWG", service).frame
    assert bands["weeks_from"].notna().any()
    with pytest.raises(NotFound, match="Nobody waits at the provider 'RWX'"):
        history.waiting("RWX")
    with pytest.raises(NotFound, match="no list of '999' by itself"):
        history.waiting("RWG", "999")
    with pytest.raises(RuleError, match="provider by provider"):
        history.waiting(service="110")


def test_the_population_is_that_of_the_places(history: ActivityHistory) -> None:
    people = history.population().frame
    assert set(people["place"]) <= {"PC", "PD", ""}
    assert set(people["sex"]) <= {"female", "male", "other", "Unknown"}
    assert people["month"].nunique() == 36


def test_raw_counts_are_for_the_account_alone_and_files_are_the_same_again(folder: Path, tmp_path: Path) -> None:
    controlled = folder / "activity" / "controlled"
    assert controlled.stat().st_mode & 0o777 == 0o700
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in controlled.iterdir())
    count_activity(snapshot()).write(tmp_path)
    first, again = (json.loads((one / "activity" / "manifest.json").read_text()) for one in (folder, tmp_path))
    assert first == again
    assert set(first["files"]) == {
        *(f"controlled/{name}.parquet" for name in ("counts", "prices", "waits", "people")),
        *(f"protected/{name}.parquet" for name in ("activity", "waits", "people")),
    }


def test_damaged_or_missing_activity_is_said(tiny: Path, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="holds no activity"):
        activity_history(tmp_path)
    shutil.copytree(tiny / "activity", tmp_path / "activity")
    (tmp_path / "activity" / "manifest.json").write_text('{"snapshot": "x"}')
    with pytest.raises(Unavailable, match="damaged"):
        activity_history(tmp_path)


@pytest.mark.django_db
def test_prices_go_out_exact_to_a_payment_alone(tiny: Path) -> None:
    found = priced_activity(tiny_results(tiny), SERVICE, "RWG", [D(2026, 3, 9), D(2026, 5, 31), D(2026, 6, 1)])
    assert found.lines == (
        PricedLine("DC", "BZ86B", D(2026, 5, 1), 9, 9 * 26_485),
        PricedLine("NEL", "DZ11R", D(2026, 6, 1), 3, 3 * 200_001),
    )
    assert found.missing == (("DC", D(2026, 3, 1)), ("NEL", D(2026, 3, 1)))
    with pytest.raises(Refused, match=r"money\.pay"):
        priced_activity(tiny_results(tiny), grant_for("measures.read"), "RWG", [D(2026, 5, 1)])
    with pytest.raises(NotFound, match="no activity of a provider 'RWH'"):
        priced_activity(tiny_results(tiny), SERVICE, "RWH", [D(2026, 5, 1)])
    with pytest.raises(NotFound, match="no activity of January 2020"):
        priced_activity(tiny_results(tiny), SERVICE, "RWG", [D(2020, 1, 1)])
    with pytest.raises(RuleError, match="No month was named"):
        priced_activity(tiny_results(tiny), SERVICE, "RWG", [])


def tiny_results(folder: Path) -> Any:
    return activity_history(folder)


def grant_for(permission: str) -> Grant:
    return Grant("user:x", "Somebody", "planner", None, "planning", permission, datetime(2026, 11, 1, tzinfo=UTC), "")


def test_a_statement_shows_points_of_8_units_and_the_rest_as_one_line() -> None:
    month = D(2026, 5, 1)

    def line(pod: str, units: int, pence: int) -> PricedLine:
        return PricedLine(pod, "X", month, units, pence)

    assert lines_to_show([line("DC", 20, 2_000), line("DC", 1, 100), line("EL", 5, 900), line("NEL", 4, 700)]) == (
        ShownLine("DC", 21, 2_100),
        ShownLine(THE_REST, 9, 1_600),
    )
    # A rest of 4 units would follow from the total: the smallest of the others joins it.
    assert lines_to_show([line("DC", 20, 2_000), line("EL", 9, 900), line("NEL", 4, 700)]) == (
        ShownLine("DC", 20, 2_000),
        ShownLine(THE_REST, 13, 1_600),
    )
    assert lines_to_show([line("DC", 8, 800)]) == (ShownLine("DC", 8, 800),)
    assert lines_to_show([]) == ()


def test_the_command_shows_what_there_is(
    folder: Path, history: ActivityHistory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from joinedup.measures.commands import measure

    monkeypatch.setenv("JOINEDUP_DATA", str(tmp_path))
    results = tmp_path / "results" / history.snapshot_id
    shutil.copytree(folder / "activity", results / "activity")
    said = {
        "snapshot": history.snapshot_id,
        "day": "2026-10-31",
        "made_at": "",
        "measures": {},
        "months": [],
        "areas": [],
    }
    (results / "manifest.json").write_text(json.dumps(said))
    run = CliRunner()
    listed = json.loads(run.invoke(measure, ["activity", "--json"]).stdout)
    assert [one["pod"] for one in listed["points"]] == history.pods
    assert listed["not_collected"]["CC"]
    told = run.invoke(measure, ["activity", "NEL", "--provider", "RWG", "--json"])
    answer = json.loads(told.stdout)
    assert (answer["pod"], answer["unit"], len(answer["months"])) == ("NEL", "spells", 36)
    plain = run.invoke(measure, ["activity", "NEL"])
    assert "2026-10" in plain.stdout
