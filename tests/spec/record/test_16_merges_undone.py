"""A merge that a hospital sent by A40, and its undoing: what the Patients say, and both persons' stories (R22, R23).

The hospital merges its H1 and H2 by a message, a person undoes it on the page, and the hospital sends it again.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client

from joinedup.access import User, service_grant
from joinedup.access.tokens import make_token
from joinedup.feeds import Source, ledger, subject_id
from joinedup.identity import decide, pending_reviews_for, resident_of, unmerge
from joinedup.record import loading, store
from joinedup.record.merges import with_links

from .kept import GRANT, people, signed_in_as
from .test_25_the_pages_of_a_resident import text_of

__all__ = ["people"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("people")]
PAS = Source("pas-1", "Lister Hospital", "RWH", "acute", "hl7v2", is_simulated=True)
KEPT, GONE = subject_id(PAS.key, "H1"), subject_id(PAS.key, "H2")
REVIEW = service_grant("identity.review", "Show how it works", "the reader")
TODAY = datetime.now(UTC) - timedelta(hours=12)


def message(id_: str, trigger: str, number: str, minutes: int, *segments: str, more: str = "") -> str:
    at = (TODAY + timedelta(minutes=minutes)).strftime("%Y%m%d%H%M")
    head = f"MSH|^~\\&|PAS|RWH|J|QM7|{at}||ADT^{trigger}|{id_}|P|2.4"
    pid = f"PID|1||{number}^^^RWH^MR||OKAFOR^GRACE||19580314|F{more}"
    return "\r".join((head, f"EVN|{trigger}|{at}", pid, *segments)) + "\r"


def stay(number: str) -> str:
    return f"PV1|1|I|A^1^2^RWH{'|' * 16}V{number}{'|' * 25}{TODAY:%Y%m%d%H%M}"


def a40(id_: str, minutes: int) -> str:
    return message(id_, "A40", "H1", minutes, "MRG|H2^^^RWH^MR")


def load(folder: Path, *messages: str) -> loading.Loaded:
    path = folder / f"{uuid4()}.hl7"
    path.write_text("".join(messages))
    return loading.load(GRANT, [(path, PAS)], processes=0)


@pytest.fixture(autouse=True)
def _merged(tmp_path: Path, settings: Any) -> None:
    """Two patients in a stay each, and the hospital's word that they are one."""
    settings.STATIC_ROOT = tmp_path
    loading.is_known_organisation.cache_clear()
    ledger.declare([PAS])
    loaded = load(
        tmp_path,
        message("M1", "A01", "H1", 0, stay("1")),
        message("M2", "A01", "H2", 1, stay("2")),
        a40("M3", 2),
    )
    assert (loaded.merges, loaded.set_aside) == (1, 0)


def patient(subject: UUID) -> dict[str, Any]:
    return store.one(GRANT, "Patient", subject).content


def undo_on_the_page(again: str = "never", reason: str = "two people of one name") -> Any:
    """Follow the link on the page of the joins, and answer what the posted form answers."""
    client = signed_in_as("data_quality")
    page = client.get(f"/identity/residents/{resident_of(KEPT)}/").content.decode()
    (address,) = set(re.findall(r"/identity/residents/[-\w]+/merges/\d+/", page))
    asked = text_of(client.get(address))
    assert "its number H2 is the person of its number H1" in asked
    said = {"again": again, "reason": reason, "request": str(uuid4())}
    answer = client.post(address, said)
    if answer.status_code == 302:
        assert client.post(address, said)["Location"] == answer["Location"], "a second click is the same undoing"
        assert client.get(address).status_code == 404
    return answer


def test_undoing_is_another_version_of_both_patients() -> None:
    assert (patient(GONE)["active"], patient(GONE)["link"][0]["type"]) == (False, "replaced-by")
    assert undo_on_the_page().status_code == 302
    assert (resident_of(KEPT), resident_of(GONE)) == (KEPT, GONE)
    for subject in (KEPT, GONE):
        versions = store.history(GRANT, "Patient", subject)
        assert [version.author for version in versions] == ["joinedup", "joinedup", None]
        assert ["link" in version.content for version in versions] == [False, True, False]
        assert versions[0].content == versions[2].content, "again what the hospital sent"
        assert patient(subject) == versions[0].content


def test_the_api_answers_the_undone_patient_as_active_and_keeps_its_history() -> None:
    user = User.objects.get(email="emergency_clinician@demo.invalid")
    token, _ = make_token(REVIEW, user, "direct-care", 1, datetime.now(UTC))

    def ask(address: str) -> Any:
        return Client().get(f"/fhir/{address}", headers={"Authorization": f"Bearer {token}"}).json()

    assert ask(f"Patient/{GONE}")["active"] is False
    undo_on_the_page()
    now = ask(f"Patient/{GONE}")
    assert now.get("active", True) is True
    assert "link" not in now
    entries = ask(f"Patient/{GONE}/_history")["entry"]
    assert [entry["resource"].get("active") for entry in entries] == [now.get("active"), False, now.get("active")]


def test_the_stories_of_both_persons_tell_of_the_merge_and_of_its_undoing() -> None:
    undo_on_the_page(reason="their mothers called")
    client = signed_in_as("emergency_clinician")
    for subject in (KEPT, GONE):
        story = text_of(client.get(f"/record/{subject}/timeline/"))
        assert "merged two of its records of this person" in story, subject
        assert "their mothers called" in story, subject


def test_the_same_message_after_never_waits_and_changes_no_patient(tmp_path: Path) -> None:
    undo_on_the_page("never")
    assert load(tmp_path, a40("M4", 3)).merges == 0
    assert [waits.reason for waits in pending_reviews_for([KEPT])] == ["merge_against_decision"]
    assert "link" not in patient(KEPT)
    assert "link" not in patient(GONE)
    assert resident_of(KEPT) != resident_of(GONE)


def test_one_that_may_come_again_is_merged_again(tmp_path: Path) -> None:
    undo_on_the_page("may")
    assert "link" not in patient(GONE)
    assert load(tmp_path, a40("M4", 3)).merges == 1
    assert patient(GONE)["active"] is False


@pytest.mark.parametrize("how", ["verdict", "parting"])
def test_every_other_way_to_part_them_reaches_the_patients_too(how: str) -> None:
    if how == "verdict":
        decide(REVIEW, KEPT, GONE, "never", "two people")
    else:
        unmerge(REVIEW, resident_of(KEPT), [GONE], "two people")
    assert "link" not in patient(KEPT)
    assert patient(GONE).get("active", True) is True


def test_who_was_inactive_at_the_hospital_stays_so() -> None:
    """Undoing takes back what we said, never what the sender said."""
    seealso = {"other": {"reference": "Patient/x"}, "type": "seealso"}
    sent = {"resourceType": "Patient", "active": False, "link": [seealso]}
    merged = with_links(sent, [("replaced-by", "H1")])
    assert [one["type"] for one in merged["link"]] == ["seealso", "replaced-by"]
    assert with_links(sent, []) == sent


def test_an_undoing_without_its_reason_or_choice_changes_nothing() -> None:
    client = signed_in_as("data_quality")
    page = client.get(f"/identity/residents/{resident_of(KEPT)}/").content.decode()
    address = re.findall(r"/identity/residents/[-\w]+/merges/\d+/", page)[0]
    for wrong, says in (({"reason": "because"}, "Choose whether"), ({"again": "never"}, "Say why")):
        answer = client.post(address, {"request": str(uuid4()), **wrong})
        assert (answer.status_code, says in answer.content.decode()) == (400, True)
    assert resident_of(KEPT) == resident_of(GONE)
    assert signed_in_as("emergency_clinician").get(address).status_code == 403
    elsewhere = address.replace(str(resident_of(KEPT)), str(uuid4()))
    assert client.get(elsewhere).status_code == 404
