"""Finding a resident and reading their record: with purpose, by relationship, each look in the audit."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import OperationalError, connection

from joinedup.access.models import User
from joinedup.access.services import give_role
from joinedup.system.lookup import id_of

from .kept import GRACE, GRANT, people, signed_in_as

__all__ = ["people"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("people")]
BORN = {"born_day": "14", "born_month": "3", "born_year": "1958"}
# The practice of the drawn residents stands under the code of a body that the loaded system has.
PRACTICE = "NHS Hertfordshire and West Essex Integrated Care Board"
BY_NAME = {"family": "Okafor", "given": "Grace", **BORN}


def audit(action: str = "") -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT body FROM access_auditentry ORDER BY id")
        entries = [json.loads(body) for (body,) in cursor.fetchall()]
    return [one for one in entries if not action or one["action"] == action]


def text_of(response: Any, status: int = 200) -> str:
    body = response.content.decode()
    assert response.status_code == status, body[:3000]
    return " ".join(body.split())


# --- finding -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "details",
    [
        {"nhs_number": "999 000 0018"},
        BY_NAME,
        {"family": "Okafer", "given": "Grace", **BORN},
        {"postcode": "zh12ab", **BORN},
    ],
    ids=["number", "name and birth date", "a name misspelt", "postcode and birth date"],
)
def test_a_resident_is_found_by_those_who_may_open_the_record(details: dict[str, str]) -> None:
    text = text_of(signed_in_as("clinician").post("/record/", details))
    assert "1 resident" in text
    assert "Grace Okafor" in text
    assert "999 000 0018" in text
    assert f"/record/{GRACE}/" in text


def test_whose_record_may_not_be_opened_is_as_if_unknown() -> None:
    """An emergency department without a stay finds nobody; a wrong name finds nobody: the pages are the same."""
    client = signed_in_as("emergency_clinician")
    hidden = text_of(client.post("/record/", {"nhs_number": "9990000018"}))
    nobody = text_of(client.post("/record/", {"nhs_number": "9990000026"}))
    assert "Nobody whose record you may open fits these details" in hidden
    assert bare(hidden) == bare(nobody)


def bare(page: str) -> str:
    """A page without what differs by itself: the form's token, the request's id, and what was asked for."""
    ours = r'name="csrfmiddlewaretoken" value="[^"]+"|99900000\d\d|font-code">[0-9a-f]+<|[0-9a-f]{8}-[0-9a-f-]{27}'
    return re.sub(ours, "", page)


def test_a_search_is_in_the_audit_without_what_was_typed() -> None:
    signed_in_as("clinician").post("/record/", BY_NAME)
    found = audit("record.find")
    assert found[-1]["subject"] == "search:residents"
    assert found[-1]["details"]["boxes"] == ["born", "family", "given"]
    assert found[-2]["subject"] == f"resident:{GRACE}"
    assert "kafor" not in json.dumps(found)


@pytest.mark.parametrize(
    ("details", "says"),
    [
        ({}, "Enter an NHS number, or a family name"),
        ({"family": "Okafor"}, "Enter an NHS number, or a family name"),
        ({"nhs_number": "9990000019"}, "Enter a 10 digit NHS number"),
        ({"family": "Okafor", "born_day": "31", "born_month": "2", "born_year": "1958"}, "must be a real date"),
        ({"family": "Okafor", "born_day": "1", "born_month": "1", "born_year": "2199"}, "must be in the past"),
    ],
)
def test_a_search_that_names_nobody_is_refused(details: dict[str, str], says: str) -> None:
    assert says in text_of(signed_in_as("clinician").post("/record/", details), 400)


def test_no_page_takes_a_person_in_its_address() -> None:
    text = text_of(signed_in_as("clinician").get("/record/?nhs_number=9990000018"))
    assert "Grace" not in text


def test_the_purpose_is_chosen_once_and_stands_in_the_audit() -> None:
    client = signed_in_as("clinician")
    assert client.post("/record/purpose/", {"purpose": "safeguarding"}).status_code == 302
    client.get(f"/record/{GRACE}/")
    assert audit("record.read")[-1]["purpose"] == "safeguarding"
    assert "Your purpose: Safeguarding" in text_of(client.get("/record/"))


def test_the_search_box_of_the_site_leads_to_the_page_and_looks_at_nobody() -> None:
    text = text_of(signed_in_as("clinician").get("/search/?q=Grace+Okafor"))
    assert 'href="/record/"' in text
    assert str(GRACE) not in text


# --- reading -------------------------------------------------------------------------------------------------------


def test_the_summary_says_what_when_and_who() -> None:
    text = text_of(signed_in_as("clinician").get(f"/record/{GRACE}/"))
    for said in ("Grace Okafor", "999 000 0018", "Penicillin", "4 May 2001", PRACTICE, "Metformin",
                 "one twice a day", "Type 2 diabetes", "58 mmol/mol", "Some information may be withheld"):  # fmt: skip
        assert said in text, said
    entry = audit("record.read")[-1]
    assert (entry["subject"], entry["relationship"], entry["details"]) == (
        f"resident:{GRACE}", "registered_practice", {"parts": ["summary"]},
    )  # fmt: skip


def test_the_page_of_a_resident_is_kept_by_nobody() -> None:
    assert "no-store" in signed_in_as("clinician").get(f"/record/{GRACE}/")["Cache-Control"]


def test_every_page_says_simulated_where_only_a_source_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Feeds of made-up residents may be loaded without demo users and with published areas."""
    client = signed_in_as("data_quality")
    monkeypatch.setattr("joinedup.access.demo.is_loaded", lambda: False)
    monkeypatch.setattr("joinedup.system.simulated.is_loaded", lambda: False)
    assert "Simulated residents" in text_of(client.get("/identity/"))


PAGES = ["", "timeline/", "about-me/", "documents/", "who-is-who/", "section/problems-and-issues/"]


def test_a_store_that_does_not_answer_is_said_and_no_record_is_shown_as_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rules: record R75: never an empty record, and never the words of one."""
    client = signed_in_as("clinician")

    def fails(*_given: object, **_named: object) -> None:
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr("joinedup.record.store.everything", fails)
    text = text_of(client.get(f"/record/{GRACE}/"), 503).lower()
    for wrong in ("no records", "nothing recorded", "no known", "grace"):
        assert wrong not in text


@pytest.mark.parametrize("page", PAGES)
def test_each_page_shows_who_it_is_and_is_audited(page: str) -> None:
    before = len(audit("record.read"))
    text = text_of(signed_in_as("clinician").get(f"/record/{GRACE}/{page}"))
    assert "Grace Okafor" in text
    assert "Simulated" in text
    assert len(audit("record.read")) == before + 1


@pytest.mark.parametrize("page", PAGES)
def test_without_a_relationship_a_record_answers_as_one_that_there_never_was(page: str) -> None:
    client = signed_in_as("emergency_clinician")
    hidden = client.get(f"/record/{GRACE}/{page}")
    unknown = client.get(f"/record/00000000-0000-4000-8000-000000000000/{page}")
    assert hidden.status_code == unknown.status_code == 404
    assert bare(hidden.content.decode()) == bare(unknown.content.decode())
    assert (
        audit("record.summary" if page in {"", "about-me/", "section/problems-and-issues/"} else "record.full")[-1][
            "outcome"
        ]
        == "denied"
    )


def test_reception_sees_who_it_is_and_nothing_else() -> None:
    text = text_of(signed_in_as("reception").get(f"/record/{GRACE}/"))
    assert "1 Mill Lane" in text
    for clinical in ("Penicillin", "Metformin", "diabetes", "HbA1c"):
        assert clinical not in text
    assert signed_in_as("reception").get(f"/record/{GRACE}/timeline/").status_code == 403


def test_the_timeline_says_who_said_it_and_how_the_person_is_known() -> None:
    text = text_of(signed_in_as("clinician").get(f"/record/{GRACE}/timeline/"))
    assert PRACTICE in text
    assert "this source&#39;s own record of the person" in text or "this source's own record of the person" in text
    oldest = text_of(signed_in_as("clinician").get(f"/record/{GRACE}/timeline/?order=oldest"))
    assert oldest.index("Penicillin") < oldest.index("Metformin")
    only = text_of(signed_in_as("clinician").get(f"/record/{GRACE}/timeline/?type=Observation"))
    assert "HbA1c" in only
    assert "Metformin" not in only


def test_an_entry_of_somebody_else_is_not_there() -> None:
    client = signed_in_as("clinician")
    assert client.get(f"/record/{GRACE}/entry/Condition/{GRACE}/").status_code == 404


def test_a_role_elsewhere_opens_nothing_more_of_a_record() -> None:
    """A link worker with a tie, who is also a clinician where there is none, sees what a link worker sees."""
    alert = {"category": "safeguarding", "text": "Speak to her alone"}
    clinician, link_worker = signed_in_as("clinician"), signed_in_as("social_prescribing_link_worker")
    assert clinician.post(f"/record/{GRACE}/alert/", alert).status_code == 302
    both = User.objects.get(email="social_prescribing_link_worker@demo.invalid")
    give_role(GRANT, both, "clinician", datetime.now(UTC), body_id=id_of("RWH"))
    page = f"/record/{GRACE}/section/safeguarding/"
    assert "Speak to her alone" in text_of(clinician.get(page))
    shown = text_of(link_worker.get(page))
    assert "Speak to her alone" not in shown
    assert "Not shown to you" in shown
    assert audit("record.read")[-1]["role"] == "social_prescribing_link_worker"


# --- broken glass --------------------------------------------------------------------------------------------------

GLASS = {
    "nhs_number": "9990000018",
    **BORN,
    "reason_code": "emergency",
    "reason": "Unconscious, brought in by ambulance",
}


def test_a_glass_is_broken_with_a_reason_for_one_exact_person() -> None:
    client = signed_in_as("emergency_clinician")
    response = client.post("/record/break-glass/", GLASS)
    assert (response.status_code, response["Location"]) == (302, f"/record/{GRACE}/")
    text = text_of(client.get(f"/record/{GRACE}/"))
    assert "Opened without a relationship" in text
    assert "Penicillin" in text
    assert audit("record.break-glass")[-1]["subject"] == f"resident:{GRACE}"


@pytest.mark.parametrize(
    ("change", "status", "says"),
    [
        ({"reason": "too short"}, 422, "at least 20 characters"),
        ({"reason_code": ""}, 422, "Select why you open this record"),
        ({"born_year": "1959"}, 404, "No record agrees exactly"),
        ({"nhs_number": "", "family": "Okafor"}, 422, "Give the NHS number and date of birth"),
    ],
)
def test_a_glass_that_may_not_be_broken(change: dict[str, str], status: int, says: str) -> None:
    client = signed_in_as("emergency_clinician")
    response = client.post("/record/break-glass/", GLASS | change)
    assert says in text_of(response, response.status_code)
    assert 400 <= response.status_code < 500
    assert client.get(f"/record/{GRACE}/").status_code == 404


@pytest.mark.parametrize("change", [{"reason": "." * 40}, {"reason_code": "curious"}])
def test_without_a_reason_nobody_learns_who_exists(change: dict[str, str]) -> None:
    client = signed_in_as("emergency_clinician")
    here, nowhere = (
        client.post("/record/break-glass/", GLASS | change | {"nhs_number": number})
        for number in ("9990000018", "9990000026")
    )
    assert here.status_code == nowhere.status_code == 422
    assert bare(here.content.decode()) == bare(nowhere.content.decode())


def test_with_a_relationship_no_glass_is_broken() -> None:
    response = signed_in_as("clinician").post("/record/break-glass/", GLASS)
    assert response["Location"] == f"/record/{GRACE}/"
    assert audit("record.break-glass") == [] or audit("record.break-glass")[-1]["outcome"] != "done"


# --- writing -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", ["note/", "alert/", "about-me/write/"])
def test_a_form_shows_who_it_is_and_is_audited(page: str) -> None:
    before = len(audit("record.read"))
    assert "Grace Okafor" in text_of(signed_in_as("clinician").get(f"/record/{GRACE}/{page}"))
    after = audit("record.read")
    assert len(after) == before + 1
    assert after[-1]["subject"] == f"resident:{GRACE}"


def test_a_note_is_added_named_and_withdrawn() -> None:
    client = signed_in_as("clinician")
    assert (
        client.post(f"/record/{GRACE}/note/", {"topic": "Visit", "text": "Seen at home.\r\nWell."}).status_code == 302
    )
    text = text_of(client.get(f"/record/{GRACE}/"))
    assert "Seen at home." in text
    timeline = client.get(f"/record/{GRACE}/timeline/").content.decode()
    href = next(part.split('"')[0] for part in timeline.split('href="') if "/entry/Communication/" in part)
    shown = text_of(client.get(href))
    assert "Dr Amina Sample, Clinician" in shown
    assert "This was entered in error" in shown
    assert client.post(href.replace("/entry/", "/withdraw/")).status_code == 302
    assert "Seen at home." not in text_of(client.get(f"/record/{GRACE}/"))
    assert "entered-in-error" in text_of(client.get(href))
    assert [one["subject"] for one in audit("record.write")[-2:]] == [f"resident:{GRACE}"] * 2


def test_an_alert_stands_first_with_its_review() -> None:
    client = signed_in_as("nurse")
    sent = {"category": "adjustment", "text": "Needs a hoist", "review_day": "1", "review_month": "1",
            "review_year": "2199"}  # fmt: skip
    assert client.post(f"/record/{GRACE}/alert/", sent).status_code == 302
    text = text_of(client.get(f"/record/{GRACE}/"))
    assert text.index("Needs a hoist") < text.index("Type 2 diabetes")
    assert "Select what the alert is about" in text_of(client.post(f"/record/{GRACE}/alert/", {"text": "abc"}), 400)


def test_what_a_source_said_cannot_be_withdrawn_here() -> None:
    from joinedup.feeds import resource_id

    client = signed_in_as("clinician")
    theirs = resource_id("gp-1", "Condition", "c1")
    assert client.post(f"/record/{GRACE}/withdraw/Condition/{theirs}/").status_code == 404


def test_about_me_is_written_by_the_resident_and_shown_first_to_staff() -> None:
    own = signed_in_as("resident")
    assert own.get("/record/mine/")["Location"] == f"/record/mine/{GRACE}/"
    words = {"what-matters": "My garden, and <my> dog", "seen": ""}
    assert own.post(f"/record/mine/{GRACE}/about-me/write/", words).status_code == 302
    text = text_of(signed_in_as("clinician").get(f"/record/{GRACE}/"))
    assert "My garden, and &lt;my&gt; dog" in text
    assert text.index("My garden") < text.index("Penicillin")

    staff = signed_in_as("nurse")
    stale = {"what-matters": "Her cat", "seen": ""}
    assert "Somebody has changed" in text_of(staff.post(f"/record/{GRACE}/about-me/write/", stale), 400)
    assert staff.post(f"/record/{GRACE}/about-me/write/", stale | {"seen": "1"}).status_code == 302
    shown = text_of(own.get(f"/record/mine/{GRACE}/about-me/"))
    assert "Written down by Ruth Sample, Nurse" in shown
    assert "1 earlier version" in shown


# --- the resident's own pages --------------------------------------------------------------------------------------


def test_the_own_page_of_who_looked_is_audited_too() -> None:
    before = len(audit("record.read"))
    text_of(signed_in_as("resident").get(f"/record/mine/{GRACE}/access-log/"))
    after = audit("record.read")
    assert len(after) == before + 1
    assert (after[-1]["relationship"], after[-1]["details"]) == ("self", {"parts": ["demographics"]})


@pytest.mark.parametrize("page", [*PAGES, "access-log/"])
def test_a_resident_opens_their_own_record_and_no_other(page: str) -> None:
    client = signed_in_as("resident")
    assert "Grace Okafor" in text_of(client.get(f"/record/mine/{GRACE}/{page}"))
    assert client.get(f"/record/mine/00000000-0000-4000-8000-000000000000/{page}").status_code == 404
    assert client.get(f"/record/{GRACE}/{page}").status_code == 403


def test_the_resident_sees_who_looked() -> None:
    signed_in_as("clinician").get(f"/record/{GRACE}/")
    text = text_of(signed_in_as("resident").get(f"/record/mine/{GRACE}/access-log/"))
    assert "Clinician" in text
    assert "registered at the practice" in text
