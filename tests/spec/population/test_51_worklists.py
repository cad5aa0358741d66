"""A cohort is sent back to the record side: asked for direct care, approved by another, seen by the team that cares."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client

from joinedup.access import demo_users, grant_for, place_demo_users, service_grant
from joinedup.access.models import AuditEntry, User
from joinedup.errors import NotFound, Refused, RuleError
from joinedup.feeds import Source, ledger, subject_id
from joinedup.identity import resident_of
from joinedup.population.models import Worklist, WorklistEntry, WorklistMark
from joinedup.population.opt_outs import ask_file
from joinedup.population.services import WantedSnapshot, make_snapshot
from joinedup.population.worklists import acts as worklists
from joinedup.population.worklists.acts import APPROVE, ASK, WORK, WantedWorklist
from joinedup.system import load_practices
from joinedup.system.lookup import id_of

from .kept_record import GP, GRANT, PEOPLE, family, keep, nhs_number, patient, resources

ELSEWHERE = Source("gp-elsewhere", "Other Surgery", "Z90002", "gp", "fhir", is_simulated=True)
HEAVY = ("is registered", "last body mass index is at least 30")
REASON = "Invite them for a review by their own team"


@pytest.fixture
def house(record: None, data: Path, tmp_path: Path, settings: Any) -> Iterator[Path]:
    """A snapshot of the drawn people; a clinician and a pharmacist of their practice, a nurse of another."""
    settings.STATIC_ROOT = tmp_path
    answer = tmp_path / "answer.dat"
    answer.write_bytes(ask_file(nhs_number(nth) for nth in range(PEOPLE)))
    block = transaction.atomic()
    block._from_testcase = True  # type: ignore[attr-defined]  # as Django's own tests: all of it is taken back
    with block:
        make_snapshot(GRANT, WantedSnapshot(answer=answer, accept="drawn people", processes=0))
        load_practices(practices(tmp_path), service_grant("test", "Load drawn practices", "the reader"))
        demo_users()
        here, there = [id_of(GP.organisation)], [id_of(ELSEWHERE.organisation)]
        place_demo_users({"clinician": here, "pharmacist": here, "nurse": there})
        yield tmp_path
        transaction.set_rollback(True)


def practices(folder: Path) -> Path:
    """A list of the two practices as it is published: 27 columns, no header."""
    path = folder / "epraccur.csv"
    rows = []
    for code in (GP.organisation, ELSEWHERE.organisation):
        cells = [code, "DRAWN SURGERY", *[""] * 7, "ZH1 1CV", "20100401", "", "A", *[""] * 12, "4", ""]
        rows.append(",".join(f'"{cell}"' for cell in cells) + "\n")
    path.write_text("".join(rows))
    return path


def user(role: str) -> User:
    return User.objects.get(email=f"{role}@demo.invalid")


def asked(role: str = "clinician", include: tuple[str, ...] = HEAVY) -> int:
    wanted = WantedWorklist("Weight to be talked about", include, reason=REASON)
    return worklists.ask_worklist(user(role), grant_for(user(role), ASK), wanted)


def approved(number: int) -> Any:
    return worklists.approve_worklist(grant_for(user("caldicott_guardian"), APPROVE), number, "Care by their own team")


def opened(role: str, number: int) -> worklists.Opened:
    return worklists.open_worklist(user(role), grant_for(user(role), WORK), number)


def of_number(nth: int) -> UUID:
    return resident_of(subject_id(GP.key, f"p{nth}"))


def heavy() -> set[UUID]:
    """Those whose drawn body mass index is 30 or more: it is 20 and their number."""
    return {of_number(nth) for nth in range(PEOPLE) if 20 + nth >= 30}


def signed_in(role: str) -> Client:
    client = Client()
    assert client.post("/access/demo/", {"role": role}).status_code == 302
    return client


def text_of(response: Any) -> str:
    plain = re.sub(r"<(script|style|datalist)\b.*?</\1>|<[^>]+>", " ", response.content.decode(), flags=re.DOTALL)
    return " ".join(html.unescape(plain).split())


def bodies(action: str) -> list[str]:
    return [one.body for one in AuditEntry.objects.order_by("id") if f'"action":"{action}"' in one.body]


def test_exactly_the_people_of_the_cohort_come_back(house: Path) -> None:
    number = asked()
    found = approved(number)
    assert {resident_of(one) for one in found.subjects} == heavy()
    assert (found.unsure, found.not_found) == (0, 0)
    assert {row.resident_id for row in opened("clinician", number).rows} == heavy()


def test_nobody_is_turned_back_before_it_is_approved(house: Path) -> None:
    number = asked()
    assert not WorklistEntry.objects.exists()
    with pytest.raises(NotFound):
        opened("clinician", number)
    worklists.refuse_worklist(grant_for(user("caldicott_guardian"), APPROVE), number, "Ask for fewer people first")
    assert not WorklistEntry.objects.exists()
    with pytest.raises(RuleError, match="refused"):
        approved(number)


def test_whoever_asked_does_not_approve(house: Path) -> None:
    number = asked()
    guardian = grant_for(user("caldicott_guardian"), APPROVE)
    own = Worklist.objects.create(
        title="Of the guardian's own", include=list(HEAVY), exclude=[], snapshot=worklists.worklist(number).snapshot,
        revision=1, people="15", purpose="direct-care", reason=REASON, asked_by=guardian.actor_id,
        asked_name=guardian.actor_name, asked_at=worklists.worklist(number).asked_at,
    )  # fmt: skip
    with pytest.raises(Refused, match="yourself"):
        worklists.approve_worklist(guardian, own.number, "Looks fine to me, I asked")
    assert '"outcome":"denied"' in bodies(APPROVE)[-1]
    assert not own.entries.exists()


def test_a_clinician_sees_those_of_their_own_practice_and_not_how_many_others(house: Path) -> None:
    number = asked()
    approved(number)
    ledger.declare([ELSEWHERE])
    keep(ELSEWHERE, [registered_elsewhere(one) for one in resources(90)])
    other = subject_id(ELSEWHERE.key, "p90")
    WorklistEntry.objects.create(id=uuid4(), worklist_id=number, subject_id=other)
    seen = opened("clinician", number)
    assert {row.resident_id for row in seen.rows} == heavy()
    assert seen.people == len(heavy())
    assert [row.resident_id for row in opened("nurse", number).rows] == [resident_of(other)]
    page = text_of(signed_in("clinician").get(f"/population/worklists/{number}/"))
    assert f"{len(heavy())} residents whose record you may open" in page
    assert family(90) not in page


def registered_elsewhere(resource: dict[str, Any]) -> dict[str, Any]:
    if resource["resourceType"] == "Patient":
        return patient(90, ELSEWHERE)
    if "managingOrganization" not in resource:
        return resource
    code = {"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": ELSEWHERE.organisation}
    return {**resource, "managingOrganization": {"identifier": code}}


def test_a_team_without_a_resident_on_it_is_told_nothing_and_that_is_written_down(house: Path) -> None:
    number = asked()
    approved(number)
    with pytest.raises(NotFound):
        opened("nurse", number)
    assert '"outcome":"denied"' in bodies(WORK)[-1]
    assert worklists.lists_for(user("nurse")) == []
    assert [people for _, people in worklists.lists_for(user("clinician"))] == [len(heavy())]


@pytest.mark.parametrize("role", ["analyst", "caldicott_guardian", "planner", "reception"])
def test_analysts_and_guardians_open_none(house: Path, role: str) -> None:
    number = asked()
    approved(number)
    with pytest.raises(Refused):
        opened(role, number)
    assert signed_in(role).get(f"/population/worklists/{number}/").status_code == 403


def test_each_resident_shown_is_an_entry_in_the_audit_with_the_purpose(house: Path) -> None:
    number = asked()
    approved(number)
    opened("clinician", number)
    shown = bodies(WORK)
    assert {UUID(re.search(r'"subject":"resident:([^"]+)"', one)[1]) for one in shown} == heavy()  # type: ignore[index]
    assert all('"purpose":"direct-care"' in one and '"relationship":' in one for one in shown)
    assert '"purpose":"direct-care"' in bodies(ASK)[-1]
    assert '"purpose":"direct-care"' in bodies(APPROVE)[-1]
    custodian = bodies("population.turn_back")[-1]
    assert "service:population.custodian" in custodian
    assert '"purpose":"direct-care:' in custodian
    assert not any(nhs_number(nth) in one for nth in range(PEOPLE) for one in (*shown, custodian))


def test_it_is_for_direct_care_and_nothing_else(house: Path) -> None:
    wanted = WantedWorklist("Weight to be talked about", HEAVY, purpose="population-health", reason=REASON)
    with pytest.raises(Refused, match="direct care"):
        worklists.ask_worklist(user("clinician"), grant_for(user("clinician"), ASK), wanted)
    with pytest.raises(Refused):
        grant_for(user("analyst"), ASK)


def test_what_was_done_is_a_new_mark_and_nothing_is_overwritten(house: Path) -> None:
    number = asked()
    approved(number)
    entry = opened("clinician", number).rows[0].entry_id
    for state in ("done", "to do", "not needed"):
        worklists.mark_entry(user("clinician"), grant_for(user("clinician"), WORK), number, entry, state)
    assert list(WorklistMark.objects.order_by("id").values_list("state", flat=True)) == ["done", "to do", "not needed"]
    row = next(one for one in opened("clinician", number).rows if one.entry_id == entry)
    assert (row.state, row.by) == ("not needed", user("clinician").name)
    for act in ("UPDATE population_worklistmark SET state = 'done'", "DELETE FROM population_worklistmark"):
        with pytest.raises(DatabaseError, match="only grows"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(act)
    assert WorklistMark.objects.count() == 3


def test_somebody_hidden_and_somebody_not_on_it_answer_alike(house: Path) -> None:
    number = asked()
    approved(number)
    entry = WorklistEntry.objects.filter(worklist_id=number).first()
    assert entry is not None
    said = []
    for one in (entry.id, uuid4()):
        with pytest.raises(NotFound) as error:
            worklists.mark_entry(user("nurse"), grant_for(user("nurse"), WORK), number, one, "done")
        said.append(str(error.value))
    assert said[0] == said[1]


def test_a_closed_list_opens_no_more_and_its_story_is_kept(house: Path) -> None:
    number = asked()
    approved(number)
    opened("clinician", number)
    with pytest.raises(NotFound):
        worklists.close_worklist(grant_for(user("pharmacist"), ASK), number, "not theirs")
    worklists.close_worklist(grant_for(user("clinician"), ASK), number, "all were invited")
    with pytest.raises(NotFound):
        opened("clinician", number)
    assert [step.step for step in worklists.steps_of(worklists.worklist(number))] == [
        "asked", "approved", "opened", "closed",
    ]  # fmt: skip


def test_the_guardian_closes_any_open_list_with_a_reason(house: Path) -> None:
    number = asked()
    decide, close = f"/population/worklists/queue/{number}/", f"/population/worklists/queue/{number}/close/"
    guardian, clinician = signed_in("caldicott_guardian"), signed_in("clinician")
    assert "Close this worklist" not in text_of(guardian.get(decide)), "it is decided on first"
    approved(number)
    assert f'action="{close}"' in guardian.get(decide).content.decode()
    assert clinician.post(close, {"reason": "not theirs to close"}).status_code == 403
    assert guardian.post(close, {"reason": "  "}).status_code == 422
    assert worklists.state_of(worklists.worklist(number)) == "approved"
    assert guardian.post(close, {"reason": "The snapshot was wrong"}).status_code == 302
    assert "Closed. Nobody opens it any more" in text_of(guardian.get("/population/worklists/queue/"))
    assert "Close this worklist" not in text_of(guardian.get(decide))
    assert "The snapshot was wrong" in text_of(clinician.get("/population/worklists/asked/"))
    with pytest.raises(NotFound):
        opened("clinician", number)


def test_what_waits_and_what_is_open_is_found_behind_many_that_are_neither(
    house: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("joinedup.population.worklists.views.MOST_SHOWN", 2)
    monkeypatch.setattr(worklists, "MOST_LISTS", 1)
    still_open, *done = (asked() for _ in range(3))
    approved(still_open)
    for number in done:
        approved(number)
        worklists.close_worklist(grant_for(user("clinician"), ASK), number, "all were invited")
    waits = asked()
    assert [one.number for one, _ in worklists.lists_for(user("clinician"))] == [still_open]
    page = signed_in("caldicott_guardian").get("/population/worklists/queue/").content.decode()
    numbers = [int(one) for one in re.findall(r"/population/worklists/queue/(\d+)/", page)]
    assert numbers == [waits, *reversed(done)]
    for state, found in (("waiting", [waits]), ("approved", [still_open]), ("decided", [still_open, *done])):
        assert [one.number for one in worklists.in_state(state).order_by("number")] == found


def test_the_way_of_a_worklist_as_pages(house: Path) -> None:
    clinician, guardian = signed_in("clinician"), signed_in("caldicott_guardian")
    form = {
        "title": "Weight to be talked about", "cohort": "", "include": "is registerd", "exclude": "",
        "purpose": "direct-care", "reason": REASON, "request": str(uuid4()),
    }  # fmt: skip
    wrong = clinician.post("/population/worklists/ask/", form)
    assert wrong.status_code == 400
    assert "Line 1: 'is registerd' is not understood. Did you mean something like 'is registered'?" in text_of(wrong)
    for _ in range(2):  # the same form twice is one worklist
        assert clinician.post("/population/worklists/ask/", {**form, "include": "\n".join(HEAVY)}).status_code == 302
    number = Worklist.objects.get().number
    asked_page = clinician.get("/population/worklists/asked/")
    assert "Waits for the Caldicott guardian" in text_of(asked_page)
    headings = re.findall(r"<th\b[^>]*>(.*?)</th>", asked_page.content.decode(), re.DOTALL)
    assert [" ".join(re.sub("<[^>]+>", " ", one).split()) for one in headings] == [
        "Title", "State", "What was said to it", "Asked",
    ], "whoever asks is told no number: they may not count"  # fmt: skip
    decide = f"/population/worklists/queue/{number}/"
    assert "People, to the nearest 5 15" in text_of(guardian.get(decide))
    assert guardian.post(decide, {"verdict": "approve", "reason": ""}).status_code == 400
    assert guardian.post(decide, {"verdict": "approve", "reason": "Care by their own team"}).status_code == 302
    page = clinician.get(f"/population/worklists/{number}/")
    assert f"{len(heavy())} residents whose record you may open" in text_of(page)
    assert f'href="/record/{next(iter(heavy()))}/"' in page.content.decode()
    assert "no-store" in page.headers["Cache-Control"]
