"""joinedup measure: make, list, show and explain, on the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.spec.measures.made_measures import snapshot
from typer.testing import CliRunner

from joinedup import database
from joinedup.errors import FileError, NotFound, RuleError
from joinedup.measures import making, result_files
from joinedup.measures.commands import measure
from joinedup.measures.definition import definition_of
from joinedup.measures.disclosure.planted_names import planted
from joinedup.measures.making import make_measures
from joinedup.measures.results import open_results
from joinedup.measures.why import why
from joinedup.population import codelists_behind

FEW = ("emergency-admissions", "hypertension-controlled")


@pytest.fixture(scope="module", autouse=True)
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("data")
    with pytest.MonkeyPatch.context() as patched:
        # Only results lie elsewhere; the database server stays where it is.
        patched.setattr(result_files, "database", SimpleNamespace(data_dir=lambda: folder))
        make_measures(snapshot(), [definition_of(one) for one in FEW])
        yield folder


def answered(*words: str) -> str:
    result = CliRunner().invoke(measure, list(words))
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0
    return str(result.stdout)


def test_show_gives_the_latest_figure_with_its_interval_the_series_and_where_it_comes_from() -> None:
    said = json.loads(answered("show", "emergency-admissions", "--area", "Y00001", "--json"))
    assert said["latest"]["month"] == "2026-10"
    assert len(said["series"]) == 36
    assert said["snapshot"] == snapshot().id
    assert said["comparison_with_system"]
    assert said["definition"]["digest"] == definition_of("emergency-admissions").digest
    assert said["suppression"] == "nhs"


def test_show_in_words_says_why_there_is_no_number() -> None:
    said = answered("show", "emergency-admissions", "--area", "PA")
    assert "The area did not exist then." in said


def test_show_gives_groups() -> None:
    said = json.loads(answered("show", "emergency-admissions", "--area", "QM7", "--breakdown", "sex", "--json"))
    assert [group["band"] for group in said["groups"]] == ["female", "male"]


def test_list_has_every_measure_and_the_reason_where_it_is_not_collected() -> None:
    assert "emergency-admissions" in answered("list")
    only = answered("list", "--theme", "cancer")
    assert "cancer-prevalence" in only
    assert "emergency-admissions" not in only
    assert "No feed brings the stage" in only


def test_why_has_definition_lists_snapshot_feeds_and_quality() -> None:
    said = answered("why", "hypertension-controlled", "--area", "QM7")
    for words in ("is on the register hypertension", "sha256", snapshot().id, "gp: 1 sources", "Data quality"):
        assert words in said


def test_why_is_a_value_that_other_rooms_can_read() -> None:
    answer = why(open_results(), "hypertension-controlled", "QM7")
    assert answer.is_same_definition
    assert {"hypertension", "systolic blood pressure"} <= {each.name for each in answer.lists}
    assert all(len(each.sha256) == 64 for each in answer.lists)
    assert answer.figure is not None
    assert json.dumps(answer.as_json(), default=str)


def test_counts_of_people_in_the_manifest_are_rounded(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = {
        "quality": {"people_without_practice": 387, "people_without_birth_month": 3, "several_numbers": 0},
        "linkage": {"grade": "analysis", "least_bits": 4.0, "persons": 1503, "by_source": {"gp": 6, "ecds": [12, 7]}},
        "opt_outs": {"national": 78, "consent_subjects": 2, "answered_on": None},
    }
    for name, counts in told.items():
        monkeypatch.setitem(snapshot().manifest, name, counts)
    make_measures(snapshot(), [definition_of(one) for one in FEW])
    written = json.loads((data / "results" / snapshot().id / "manifest.json").read_text())
    assert {name: written[name] for name in told} == {
        "quality": {"people_without_practice": 385, "people_without_birth_month": "*", "several_numbers": 0},
        "linkage": {
            "grade": "analysis",
            "least_bits": 4.0,
            "persons": 1505,
            "by_source": {"gp": "*", "ecds": [10, "*"]},
        },
        "opt_outs": {"national": 80, "consent_subjects": "*", "answered_on": None},
    }
    # Results that were written before are shown in the same way.
    results = open_results()
    for name, counts in told.items():
        monkeypatch.setitem(results.manifest, name, counts)
    said = answered("why", "hypertension-controlled", "--area", "QM7")
    assert "people_without_practice: 385" in said
    assert "people_without_birth_month: *" in said
    assert "linkage: persons: 1505" in said
    assert why(results, "hypertension-controlled", "QM7").opt_outs["national"] == 80


def test_lists_are_found_behind_registers_and_values() -> None:
    names = {one.name for one in codelists_behind(["is on the register hypertension", "last HbA1c is at most 58"])}
    assert {"hypertension", "haemoglobin a1c"} <= names


@pytest.mark.django_db
def test_a_run_is_one_entry_of_the_audit_with_counts_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    from joinedup.access import service_grant
    from joinedup.access.models import AuditEntry

    monkeypatch.setattr(making, "_has_database", lambda: True)
    monkeypatch.setattr(database, "ready", lambda: None)
    grant = service_grant("measure", "make the measures of a snapshot", "a test")
    made = make_measures(snapshot(), [definition_of(one) for one in FEW], grant=grant)
    entry = AuditEntry.objects.order_by("-id").first()
    assert entry is not None
    body = json.loads(entry.body)
    assert body["action"] == "measures.made"
    assert body["details"] == {"measures": 2, "areas": made.areas, "figures": made.figures, "engine": "duckdb"}


@pytest.mark.django_db
@pytest.mark.parametrize("broken", ["the audit", "the folder"])
def test_results_and_their_entry_come_about_together_or_not_at_all(
    data: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    from joinedup import access
    from joinedup.access.models import AuditEntry

    def breaks(*_given: object, **_named: object) -> None:
        raise OSError("no space left")

    manifest = data / "results" / snapshot().id / "manifest.json"
    before, entries = manifest.stat().st_mtime_ns, AuditEntry.objects.count()
    monkeypatch.setattr(making, "_has_database", lambda: True)
    monkeypatch.setattr(database, "ready", lambda: None)
    grant = access.service_grant("measure", "make the measures of a snapshot", "a test")
    if broken == "the audit":
        monkeypatch.setattr(access, "record", breaks)
    else:
        monkeypatch.setattr(Path, "rename", breaks)
    with pytest.raises(OSError, match="no space left"):
        make_measures(snapshot(), [definition_of(one) for one in FEW], grant=grant)
    assert manifest.stat().st_mtime_ns == before
    assert AuditEntry.objects.count() == entries


def test_names_that_were_planted_are_looked_for_in_every_release(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("joinedup.measures.disclosure.planted_names._path", lambda: tmp_path / "planted-names.txt")
    names = tmp_path / "names.txt"
    names.write_text("Zephyrine Quillfeather\n\nQuillfeather\n")
    assert json.loads(answered("plant-names", str(names), "--json")) == {"new": 2}
    assert answered("plant-names", str(names)).startswith("0 new names")
    assert planted().stands_in("seen by QUILLFEATHER today")
    assert "uill" not in (tmp_path / "planted-names.txt").read_text()
    names.write_text("Al")
    with pytest.raises(RuleError, match="at least 4 letters"):
        answered("plant-names", str(names))
    with pytest.raises(FileError, match=r"none\.txt"):
        answered("plant-names", str(tmp_path / "none.txt"))


# words, the error, and what it says
REFUSED = [
    (("show", "four-hour", "--area", "QM7"), NotFound, "Did you mean 'four-hours'"),
    (("show", "early-cancer-stage", "--area", "QM7"), NotFound, "is not collected"),
    (("list", "--theme", "Cancers"), NotFound, "Did you mean 'Cancer'"),
    ((), RuleError, "Say --all"),
]


@pytest.mark.parametrize(("words", "error", "said"), REFUSED)
def test_what_is_wrong_is_said_with_the_way_on(words: tuple[str, ...], error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        answered(*words)
