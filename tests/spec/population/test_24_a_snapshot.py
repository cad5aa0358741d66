"""A snapshot of the record: the same bytes each time, nothing in it that tells who somebody is, nobody who objected."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from joinedup.access.models import AuditEntry
from joinedup.errors import FileError, NotFound, RuleError, Unavailable
from joinedup.population import gate, open_snapshot, snapshot_ids
from joinedup.population.folders import alone
from joinedup.population.models import SnapshotMade
from joinedup.population.opt_outs import DISSENT, ask_file
from joinedup.population.services import WantedSnapshot, load_postcodes, make_snapshot, numbers_to_ask, verify

from .kept_record import (
    GP,
    GRANT,
    NAMES,
    PEOPLE,
    SNOMED,
    born,
    every_value,
    files_of,
    keep,
    manifest_of,
    nhs_number,
    patient,
    postcode,
    postcodes_file,
    resources,
)

pytestmark = pytest.mark.usefixtures("record")


def everybody(folder: Path, but: tuple[int, ...] = ()) -> Path:
    """The answer of the national service: nobody has opted out but these."""
    path = folder / "answer.dat"
    path.write_bytes(ask_file(nhs_number(nth) for nth in range(PEOPLE) if nth not in but))
    return path


def snapshot(folder: Path, **wanted: Any) -> Any:
    given = {"answer": wanted.get("answer") or everybody(folder), "accept": "drawn people", "processes": 0, **wanted}
    return make_snapshot(GRANT, WantedSnapshot(**given))


def test_it_holds_one_row_a_person_whoever_sent_them(data: Path, tmp_path: Path) -> None:
    load_postcodes(GRANT, postcodes_file(tmp_path))
    made = snapshot(tmp_path)
    opened = open_snapshot(data / made.id)
    assert made.people == PEOPLE == opened.table("person").count().execute()
    assert opened.table("pop_patient").count().execute() == PEOPLE + PEOPLE // 3
    person = opened.table("person").to_pandas()
    assert set(person["practice"]) == {GP.organisation}
    assert person["lsoa11"].notna().all()
    assert sorted(person["birth_month"]) == sorted(born(nth)[:7] for nth in range(PEOPLE))
    assert set(opened.table("pop_condition").to_pandas()["feed"]) == {"gp"}


def test_no_file_of_it_tells_who_somebody_is(data: Path, tmp_path: Path) -> None:
    load_postcodes(GRANT, postcodes_file(tmp_path))
    made = snapshot(tmp_path)
    forbidden = [*NAMES, "Wrenhilde", "Hollowmere", "07700", "LOCAL-"]
    forbidden += [
        one
        for nth in range(PEOPLE)
        for one in (nhs_number(nth), born(nth), postcode(nth), postcode(nth).replace(" ", ""))
    ]
    values = list(every_value(data / made.id))
    assert any("38341003" in value for value in values)  # the search looks at what is there
    found = {word for word in forbidden for value in values if word.casefold() in value.casefold()}
    assert found == set()


def test_what_is_left_out_of_codes_and_texts_is_counted(data: Path, tmp_path: Path) -> None:
    quality = manifest_of(data / snapshot(tmp_path).id)["quality"]
    assert quality["identifiers_in_codes"] == PEOPLE
    assert quality["texts_left_out"] >= PEOPLE


def test_the_same_record_gives_the_same_bytes(data: Path, tmp_path: Path) -> None:
    first = snapshot(tmp_path, afresh=True)
    files, told = files_of(data / first.id), manifest_of(data / first.id)
    again = snapshot(tmp_path, afresh=True)
    assert (again.id, again.is_new) == (first.id, False)
    (data / first.id).rename(data.parent / "aside")
    snapshot(tmp_path, afresh=True)
    assert files_of(data / first.id) == files
    for name in ("made_at", "stored_by"):
        told.pop(name)
    assert {key: value for key, value in manifest_of(data / first.id).items() if key in told} == told


def test_what_has_not_changed_is_taken_over_and_is_what_a_fresh_snapshot_holds(data: Path, tmp_path: Path) -> None:
    snapshot(tmp_path)
    new = patient(0, birthDate="1950-01-01")
    keep(GP, [new, {**resources(0)[2], "recordedDate": "2024-06-06"}])
    try:
        quick = snapshot(tmp_path)
        assert quick.is_new
        assert quick.parts_taken_over > quick.parts * 0.6  # of four slices one has changed
        files = files_of(data / quick.id)
        (data / quick.id).rename(data.parent / "aside")
        fresh = snapshot(tmp_path, afresh=True)
        assert (fresh.id, fresh.parts_taken_over) == (quick.id, 0)
        assert files_of(data / fresh.id) == files
    finally:
        keep(GP, resources(0))


def test_processes_beside_this_one_write_the_same(data: Path, tmp_path: Path) -> None:
    alone_made = snapshot(tmp_path, afresh=True)
    files = files_of(data / alone_made.id)
    (data / alone_made.id).rename(data.parent / "aside")
    assert snapshot(tmp_path, afresh=True, processes=2).id == alone_made.id
    assert files_of(data / alone_made.id) == files


def test_who_opted_out_is_not_in_it_and_only_their_number_is_told(data: Path, tmp_path: Path) -> None:
    made = snapshot(tmp_path, answer=everybody(tmp_path, but=(3, 4)))
    assert (made.people, made.opt_outs["national"], made.opt_outs["answer"]) == (PEOPLE - 2, 2, "answer")
    assert open_snapshot(data / made.id).table("pop_patient").person.nunique().execute() == PEOPLE - 2


def test_the_service_is_asked_about_every_number(tmp_path: Path) -> None:
    assert ask_file(numbers_to_ask(GRANT)) == everybody(tmp_path).read_bytes()


def test_a_bad_answer_leaves_no_snapshot(data: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.dat"
    bad.write_bytes(b"9990000018,\r\n")
    with pytest.raises(FileError):
        snapshot(tmp_path, answer=bad)
    assert list(data.glob("*/manifest.json")) == []
    assert not (data / ".making").exists()


def test_a_dissent_takes_the_whole_person_out_and_a_denied_consent_one_source_s_data(
    data: Path, tmp_path: Path
) -> None:
    about = {"reference": "Patient/p5"}
    keep(GP, [
        {"resourceType": "Observation", "id": "dissent", "status": "final", "subject": about,
         "effectiveDateTime": "2024-01-01",
         "code": {"coding": [{"system": SNOMED, "code": DISSENT}]}},
        {"resourceType": "Consent", "id": "no", "status": "active", "patient": {"reference": "Patient/p6"},
         "scope": {"text": "sharing"}, "category": [{"text": "sharing"}], "provision": {"type": "deny"}},
    ])  # fmt: skip
    try:
        made = snapshot(tmp_path)
        assert (made.opt_outs["type_1"], made.opt_outs["consent_subjects"]) == (1, 1)
        assert made.people == PEOPLE - 1  # what the hospital holds of the one who denies the practice stays
        feeds = open_snapshot(data / made.id).table("pop_patient").to_pandas()
        assert len(feeds) == PEOPLE + PEOPLE // 3 - 1 - 1
    finally:
        keep(GP, [
            {"resourceType": "Observation", "id": "dissent", "status": "entered-in-error", "subject": about,
             "code": {"coding": [{"system": SNOMED, "code": DISSENT}]}},
            {"resourceType": "Consent", "id": "no", "status": "inactive", "patient": {"reference": "Patient/p6"},
             "scope": {"text": "sharing"}, "category": [{"text": "sharing"}], "provision": {"type": "deny"}},
        ])  # fmt: skip


def test_two_recipients_share_no_pseudonym_and_no_key(data: Path, tmp_path: Path) -> None:
    ids = [snapshot(tmp_path, recipient=recipient).id for recipient in ("icb-analytics", "research-a")]
    one, other = (open_snapshot(data / id_).table("pop_condition").to_pandas() for id_ in ids)
    assert set(one["person"]).isdisjoint(other["person"])
    assert set(one["key"]).isdisjoint(other["key"])


def test_it_is_a_controlled_place(data: Path, tmp_path: Path) -> None:
    folder = data / snapshot(tmp_path).id
    for path in [folder, *folder.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_the_register_and_the_audit_know_of_it(data: Path, tmp_path: Path) -> None:
    made = snapshot(tmp_path, recipient="register-of-its-own")
    row = SnapshotMade.objects.get(snapshot=made.id)
    assert (row.revision, row.people, row.recipient) == (1, PEOPLE, "register-of-its-own")
    entry = AuditEntry.objects.order_by("-id").first()
    assert entry is not None
    assert f"snapshot:{made.id}" in entry.body
    assert verify(made.id) == []


def test_a_file_that_was_changed_is_noticed(data: Path, tmp_path: Path) -> None:
    made = snapshot(tmp_path, recipient="changed")
    file = next((data / made.id / "tables" / "person").glob("*.parquet"))
    file.write_bytes(file.read_bytes() + b" ")
    assert verify(made.id) == [f"person: {file.name} is not what the manifest says."]


def test_two_at_a_time_are_refused(data: Path, tmp_path: Path) -> None:
    with alone(), pytest.raises(Unavailable, match="Another process"):
        snapshot(tmp_path)


def test_a_gate_that_complains_leaves_nothing_and_a_reason_lets_it_stand(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "FEWEST", 10)
    with pytest.raises(RuleError, match="no code"):
        snapshot(tmp_path, accept="", recipient="gate")  # a quarter of the drawn codes hold a number, and are taken out
    assert list(data.glob("*/manifest.json")) == []
    made = snapshot(tmp_path, accept="the codes are drawn", recipient="gate")
    told = manifest_of(data / made.id)
    assert told["accepted"]["reason"] == "the codes are drawn"
    assert "no code" in told["accepted"]["complaints"][0]


def test_anybody_s_own_views_run_instead(data: Path, tmp_path: Path) -> None:
    views = tmp_path / "views"
    views.mkdir()
    (views / "heights.json").write_text(
        '{"resource": "Observation", "name": "values", "status": "active", "where": [{"path": "value.exists()"}],'
        '"select": [{"column": ['
        '{"name": "person", "path": "subject.getReferenceKey(Patient)"},'
        '{"name": "code", "path": "code.coding.code.first()"},'
        '{"name": "value", "path": "value.ofType(Quantity).value"}]}]}'
    )
    made = snapshot(tmp_path, views=views)
    assert list(made.tables) == ["values"]
    rows = open_snapshot(data / made.id).table("values").to_pandas()
    assert len(rows) == PEOPLE
    assert list(rows.columns) == ["person", "feed", "code", "value"]
    assert rows["person"].str.len().eq(32).all()


def told_of(data: Path, name: str, day: str, made_at: str = "", **said: Any) -> None:
    """Leave the manifest of a snapshot without tables."""
    (data / name / "tables").mkdir(parents=True)
    told = {"id": name, "day": day, "made_at": made_at or f"{day}T12:00:00+00:00", "tables": {}, **said}
    (data / name / "manifest.json").write_text(json.dumps(told))


USUAL = {"recipient": "icb-analytics", "origin": "record", "own_views": False}


def test_the_latest_is_the_newest_day_of_the_usual_kind_however_late_another_was_made(data: Path) -> None:
    late = "2026-04-01T09:00:00+00:00"
    told_of(data, "first", "2026-03-10", "2026-03-10T08:00:00+00:00", **USUAL)
    told_of(data, "usual", "2026-03-10", "2026-03-10T10:00:00+00:00", **USUAL)
    told_of(data, "as-of-the-past", "2025-01-31", late, **USUAL)
    told_of(data, "for-another", "2026-03-11", late, **{**USUAL, "recipient": "research-a"})
    told_of(data, "of-other-views", "2026-03-12", late, **{**USUAL, "own_views": True})
    told_of(data, "of-an-export", "2026-03-13", late, **{**USUAL, "origin": "bulk"})
    assert open_snapshot().id == "usual"
    assert snapshot_ids()[-1] == "usual"


def test_without_one_of_the_record_the_latest_is_of_the_newest_export(data: Path) -> None:
    told_of(data, "older", "2026-03-12", **{**USUAL, "origin": "bulk"})
    told_of(data, "newer", "2026-03-13", "2026-03-13T01:00:00+00:00", **{**USUAL, "origin": "bulk"})
    told_of(data, "of-other-views", "2026-03-14", **{**USUAL, "origin": "bulk", "own_views": True})
    assert open_snapshot().id == "newer"


def test_one_of_other_views_is_opened_by_name_only(data: Path) -> None:
    told_of(data, "of-other-views", "2026-03-14", **{**USUAL, "own_views": True})
    assert open_snapshot("of-other-views").id == "of-other-views"
    with pytest.raises(NotFound, match="of other views"):
        open_snapshot()


@pytest.mark.parametrize("damage", ["{}", "[]", "{", "", '{"id": "old", "day": 1, "made_at": "", "tables": {}}'])
def test_a_damaged_manifest_is_an_error_only_for_who_opens_it(data: Path, damage: str) -> None:
    told_of(data, "usual", "2026-03-10", **USUAL)
    told_of(data, "old", "2026-01-10", **USUAL)
    (data / "old" / "manifest.json").write_text(damage)
    assert snapshot_ids() == ["usual"]
    assert open_snapshot().id == "usual"
    with pytest.raises(Unavailable, match="snapshot old is damaged"):
        open_snapshot("old")
