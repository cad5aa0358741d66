"""Building a cohort on a page: counts that may be seen, in one audited act, with errors that name the line."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from tests.made_population import make

from joinedup.access import demo_users
from joinedup.access.models import AuditEntry
from joinedup.errors import Refused
from joinedup.measures.cohorts import counting
from joinedup.measures.cohorts.lines import Typed, typed
from joinedup.measures.cohorts.models import CohortAnswer
from joinedup.population import Cohort, open_snapshot

from .releasing import grant

MEI = grant("Mei Sample", counting.COUNT)
BUILD = "/measures/cohorts/build/"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("snapshots"), residents=1500)


@pytest.fixture
def snapshot(folder: Path, monkeypatch: pytest.MonkeyPatch, db: None) -> Iterator[Any]:
    monkeypatch.setattr("joinedup.population.snapshot.snapshots_folder", lambda: folder.parent)
    monkeypatch.setattr("joinedup.database.data_dir", lambda: folder.parent.parent / "data")
    counting.forget()
    for path in (folder.parent.parent / "data" / "needs").glob("*"):
        path.unlink()
    yield open_snapshot(folder)
    counting.forget()


@pytest.fixture
def analyst(settings: Any, tmp_path: Path, snapshot: Any) -> Client:
    settings.STATIC_ROOT = tmp_path
    return signed_in("analyst")


def signed_in(role: str) -> Client:
    with transaction.atomic():
        demo_users()
    client = Client()
    assert client.post("/access/demo/", {"role": role}).status_code == 302
    return client


def text_of(response: Any) -> str:
    plain = re.sub(r"<(script|style|datalist)\b.*?</\1>|<[^>]+>", " ", response.content.decode(), flags=re.DOTALL)
    return " ".join(html.unescape(plain).split())


def count(*include: str, exclude: tuple[str, ...] = ()) -> counting.CohortAnswered:
    return counting.count_cohort(MEI, Typed(include, exclude))


def test_lines_are_those_of_the_cohort_rounded(snapshot: Any) -> None:
    include = ("is registered", "is aged 65 or over", "is on the register hypertension")
    steps = Cohort(include, ("is female",)).attrition(snapshot, at=snapshot.months[-1])
    lines = count(*include, exclude=("is female",)).lines
    assert [line.left for line in lines] == [(step.left + 2) // 5 * 5 for step in steps]
    assert [line.sentence for line in lines[1:]] == [step.sentence for step in steps[1:]]
    assert lines[-1].is_exclusion


def test_what_is_not_recorded_is_counted_as_not_known(snapshot: Any) -> None:
    include = ("is registered", "is in the ethnic group Black")
    raw = Cohort(include).attrition(snapshot, at=snapshot.months[-1])[-1].unknown
    shown = count(*include).lines[-1].unknown
    assert raw > 0
    assert shown == (None if raw <= 7 else (raw + 2) // 5 * 5)


def test_groups_are_those_of_the_cohort_and_none_is_small(snapshot: Any) -> None:
    answer = count("is registered", "is aged 40 or over")
    raw = Cohort(("is registered", "is aged 40 or over"))
    for trait in counting.TRAITS:
        counts = {str(row[trait]): int(row["people"]) for row in raw.counts(snapshot, [trait], at=snapshot.months[-1])}
        shown = {one.name: one.people for one in answer.groups if one.trait == trait}
        assert shown.keys() == counts.keys()
        for name, people in shown.items():
            assert people is None or people == (counts[name] + 2) // 5 * 5
            assert people is None or counts[name] > 7
    assert {one.trait for one in answer.groups} == set(counting.TRAITS)


def test_taking_a_few_people_out_changes_nothing_that_is_shown(snapshot: Any) -> None:
    people = counting.held_people(snapshot)
    few = next(age for age in range(30, 100) if 1 <= people.cohort([f"is aged {age} to {age}"]).sum() <= 7)
    whole = count("is registered", f"is aged {few} or over")
    without = count("is registered", f"is aged {few} or over", exclude=(f"is aged {few} to {few}",))
    assert without.people == whole.people
    assert without.groups == whole.groups
    assert without.borrowed == "line"
    edited = count("is registered", f"is aged {few + 1} or over")
    assert edited.people == whole.people, "nor does saying it another way"
    assert edited.groups == whole.groups
    assert edited.borrowed == "cohort"


def test_a_figure_once_shown_stays_when_memory_is_lost(snapshot: Any) -> None:
    before = count("is registered", "is aged 18 or over")
    assert CohortAnswer.objects.count() > 0
    counting.forget()
    assert count("is registered", "is aged 18 or over").lines == before.lines


def test_an_answer_is_kept_when_its_transaction_is_committed_and_not_before(
    snapshot: Any, django_capture_on_commit_callbacks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else what was taken back, with its entry in the register, would be answered on."""
    with transaction.atomic():
        count("is registered")
        transaction.set_rollback(True)
    assert not CohortAnswer.objects.exists()
    with django_capture_on_commit_callbacks(execute=True):
        answer = count("is registered")
    assert CohortAnswer.objects.exists()
    monkeypatch.setattr(counting, "_counted", lambda snapshot, typed: pytest.fail("counted twice"))
    assert count("is registered") == answer


def test_taking_somebody_out_of_the_snapshot_changes_no_figure(snapshot: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next revision lacks five people: a cohort counted in both would else tell of them (rules: PE5)."""
    people = counting.held_people(snapshot)
    now = [len(people), int(people.cohort(["is registered"]).sum())]
    for include, many in zip(([], ["is registered"]), now, strict=True):
        CohortAnswer.objects.create(
            snapshot=snapshot.id, revision=1, definition=str(include), include=include, exclude=[], people=many + 5
        )
    counting.forget()
    following = replace(snapshot, manifest={**snapshot.manifest, "revision": 2})
    monkeypatch.setattr("joinedup.population.open_snapshot", lambda: following)
    after = count("is registered")
    assert [line.left for line in after.lines] == [(many + 5 + 2) // 5 * 5 for many in now]
    assert after.groups == (), "groups of those who are left, beside that figure, would tell as well"
    assert not CohortAnswer.objects.filter(revision=2).exists()


def test_nothing_kept_of_one_snapshot_is_answered_for_another(snapshot: Any, folder: Path) -> None:
    other = replace(open_snapshot(folder), manifest={**snapshot.manifest, "revision": 2})
    assert counting.kept_for(snapshot, "thing", lambda: "first") == "first"
    assert counting.kept_for(other, "thing", lambda: "second") == "second"
    assert counting.kept_for(snapshot, "thing", lambda: "third") == "first"


def test_who_counted_which_definition_is_written_down_each_time(
    snapshot: Any, django_capture_on_commit_callbacks: Any
) -> None:
    for _ in range(2):
        with django_capture_on_commit_callbacks(execute=True):
            count("is registered", exclude=("is under 5",))
    acts = [one.body for one in AuditEntry.objects.order_by("id") if "population.count" in one.body]
    assert len(acts) == 2, "one entry each, also when the answer was kept"
    assert '"exclude":["is under 5"]' in acts[-1]
    assert MEI.actor_id in acts[-1]
    assert f"snapshot:{snapshot.id}" in acts[-1]


def test_leave_for_something_else_counts_nobody(snapshot: Any) -> None:
    with pytest.raises(Refused):
        counting.count_cohort(grant("Mei Sample", "measures.read"), Typed(("is registered",), ()))


def test_the_page_shows_counts_and_keeps_the_cohort_in_its_address(analyst: Client) -> None:
    page = analyst.get(BUILD, {"include": ["is registered", "is aged 65 or over"], "exclude": ["is female", ""]})
    said = text_of(page)
    assert page.status_code == 200
    assert "Include: is aged 65 or over" in said
    assert "Leave out: is female" in said
    assert 'value="is aged 65 or over"' in page.content.decode()
    assert "no-store" in page.headers["Cache-Control"]


def test_an_error_names_the_line_and_the_nearest_form(analyst: Client) -> None:
    page = analyst.get(BUILD, {"include": ["is registered", "is agd 65 or over"]})
    assert page.status_code == 400
    nearest = "Did you mean something like 'is aged 18 or over'?"
    assert f"Include, line 2: 'is agd 65 or over' is not understood. {nearest}" in (text_of(page))
    assert 'href="#include-2"' in page.content.decode()
    assert 'id="include-2-error"' in page.content.decode()
    page = analyst.get(BUILD, {"include": ["is registered"], "exclude": ["is on the register diabets"]})
    assert page.status_code == 400
    assert "Leave out, line 1: There is no register 'diabets'. Did you mean 'diabetes'?" in text_of(page)


def test_whom_it_includes_has_to_be_said(analyst: Client) -> None:
    page = analyst.get(BUILD, {"exclude": ["is under 5"]})
    assert page.status_code == 400
    assert "Say first whom the cohort includes" in text_of(page)


def test_too_many_lines_are_refused() -> None:
    from django.http import QueryDict

    query = QueryDict("&".join(["include=is registered"] * 21))
    assert typed(query).wrong[0].number == 21


def test_named_cohorts_are_listed_with_protected_counts(
    analyst: Client, snapshot: Any, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    two = ["high blood pressure not controlled", "learning disability"]
    monkeypatch.setattr("joinedup.population.cohorts.cohort_names", lambda: two)
    with django_capture_on_commit_callbacks(execute=True):
        said = text_of(analyst.get("/measures/cohorts/"))
    assert "High blood pressure that is not controlled" in said
    counts = counting.count_named(MEI)
    assert all(people is None or people % 5 == 0 for people in counts.values())
    kept = next((snapshot.folder.parent.parent / "data" / "needs").glob("*-cohorts.json"))
    assert kept.stat().st_mode & 0o077 == 0
    counting.forget()
    assert counting.count_named(MEI) == counts


@pytest.mark.parametrize("role", ["clinician", "member", "resident"])
def test_others_do_not_count(role: str, analyst: Client) -> None:
    assert signed_in(role).get(BUILD).status_code == 403
    assert signed_in("planner").get(BUILD).status_code == 200
