"""An erasure, or a new opt-out, takes somebody out of every snapshot still in use (rules: population PB8)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from joinedup.access.models import AuditEntry
from joinedup.errors import RuleError
from joinedup.feeds import subject_id
from joinedup.population import erasing, folders, open_snapshot
from joinedup.population.models import SnapshotMade, Tombstone
from joinedup.population.services import (
    WantedSnapshot,
    erase_numbers,
    erase_residents,
    make_snapshot,
    uphold_opt_outs,
    verify,
)

from .kept_record import (
    GP,
    GRANT,
    PEOPLE,
    files_of,
    manifest_of,
    nhs_number,
)
from .test_24_a_snapshot import everybody

pytestmark = pytest.mark.usefixtures("record")


@pytest.fixture(autouse=True)
def nobody_stays_erased(record: None) -> Any:
    yield
    Tombstone.objects.all().delete()


def made(folder: Path, **wanted: Any) -> Any:
    return make_snapshot(GRANT, WantedSnapshot(answer=everybody(folder), accept="drawn people", processes=0, **wanted))


def people_in(folder: Path, id_: str, table: str = "person") -> set[str]:
    return set(open_snapshot(folder / id_).table(table).to_pandas()["person"])


def test_somebody_erased_is_in_no_table_of_any_snapshot_and_comes_into_no_later_one(data: Path, tmp_path: Path) -> None:
    ids = [made(tmp_path, recipient=one).id for one in ("erasing-a", "erasing-b")]
    before = {id_: people_in(data, id_) for id_ in ids}
    taken = erase_residents(GRANT, [subject_id(GP.key, "p3")], "erasure granted, case 17")
    assert set(taken) == set(ids)
    for id_ in ids:
        (gone,) = before[id_] - people_in(data, id_)
        told = manifest_of(data / id_)
        assert told["id"] == id_
        assert told["revision"] == 2
        for name, table in told["tables"].items():
            if "person" in table["columns"]:
                assert gone not in people_in(data, id_, name)
                assert open_snapshot(data / id_).table(name).count().execute() == table["rows"]
        assert gone not in (data / id_ / "manifest.json").read_text()
        assert verify(id_) == []
    later = made(tmp_path, recipient="erasing-a")
    assert (later.people, later.opt_outs["erased"]) == (PEOPLE - 1, 1)


def test_what_is_kept_of_somebody_tells_nobody_who_it_was(data: Path, tmp_path: Path) -> None:
    erase_numbers(GRANT, [nhs_number(4)], "erasure granted, case 18")
    kept = " ".join(Tombstone.objects.values_list("digest", flat=True))
    assert kept
    assert nhs_number(4) not in kept
    entry = AuditEntry.objects.filter(body__contains="population.erase").order_by("-id").first()
    assert entry is not None
    assert nhs_number(4) not in entry.body


def test_files_without_them_stay_as_they_are(data: Path, tmp_path: Path) -> None:
    id_ = made(tmp_path, recipient="erasing-c").id
    before = files_of(data / id_)
    erase_numbers(GRANT, [nhs_number(5)], "erasure granted")
    after = files_of(data / id_)
    changed = {name for name in before if before[name] != after[name]}
    assert set(after) == set(before)
    assert {name.split("/")[1] for name in changed} >= {"person", "pop_patient", "pop_condition"}
    assert len(changed) < len(before) / 2


def test_a_new_answer_takes_out_who_has_opted_out_since_without_a_tombstone(data: Path, tmp_path: Path) -> None:
    id_ = made(tmp_path, recipient="erasing-d").id
    uphold_opt_outs(GRANT, everybody(tmp_path, but=(6, 7)))
    assert len(people_in(data, id_)) == PEOPLE - 2
    assert not Tombstone.objects.exists()
    assert SnapshotMade.objects.filter(snapshot=id_).count() == 2


def test_it_needs_a_reason(data: Path) -> None:
    with pytest.raises(RuleError, match="needs a reason"):
        erase_numbers(GRANT, [nhs_number(8)], " ")


def test_a_revised_file_is_never_taken_over(data: Path, tmp_path: Path) -> None:
    made(tmp_path, recipient="erasing-e")
    erase_numbers(GRANT, [nhs_number(9)], "erasure granted")
    Tombstone.objects.all().delete()  # taken back, so that the whole of the record counts again
    assert made(tmp_path, recipient="erasing-e").people == PEOPLE


def test_ended_between_its_two_renames_a_revision_still_takes_its_place(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    id_ = made(tmp_path, recipient="erasing-f").id
    real = Path.rename

    def ends(path: Path, target: Path) -> Path:
        if target == data / id_:
            os._exit(9)
        return real(path, target)

    with folders.alone() as making:
        before = people_in(data, id_)
        out = sorted(before)[0]
        assert erasing.without(data / id_, [out], [], making)
        child = os.fork()
        if not child:
            monkeypatch.setattr(Path, "rename", ends)
            folders.put_in_place_of(making / id_, id_)
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
        assert not (data / id_).exists()
        # What a killed process leaves is left here as well: `alone` must not tidy it up on its way out.
        monkeypatch.setattr(folders.shutil, "rmtree", lambda *given, **more: None)
    monkeypatch.undo()
    monkeypatch.setattr(folders, "snapshots_folder", lambda: data)
    with folders.alone():
        assert people_in(data, id_) == before - {out}
