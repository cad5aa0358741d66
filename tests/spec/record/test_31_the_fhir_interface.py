"""FHIR R4 under /fhir: read, vread, history, search, $everything, metadata (rules: R33, R35, R45-R48, R55, R58)."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from joinedup.access import User, service_grant
from joinedup.access.tokens import make_token
from joinedup.feeds import nobody, resource_id

from .kept import ACUTE, GP, GRACE, keep, patient, people, resource

__all__ = ["people"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("people")]
OBSERVATION = resource_id(GP.key, "Observation", "o1")
Get = Callable[..., Any]


@pytest.fixture
def ask() -> Get:
    """Ask as the demo user of a role, with a token for direct care; answers (status, JSON, headers)."""

    def get(address: str, role: str = "clinician", method: str = "get", /, **more: Any) -> tuple[int, Any, Any]:
        user = User.objects.get(email=f"{role}@demo.invalid")
        grant = service_grant("test", "Make a token", "the reader")
        token, _ = make_token(grant, user, more.pop("purpose", "direct-care"), 1, datetime.now(UTC))
        headers = {"Authorization": f"Bearer {token}", **more.pop("headers", {})}
        answer = getattr(Client(), method)(f"/fhir/{address}", headers=headers, **more)
        return answer.status_code, json.loads(answer.content or b"null"), answer.headers

    return get


def test_a_resource_is_read_with_our_id_and_its_version(ask: Get) -> None:
    status, said, headers = ask(f"Observation/{OBSERVATION}")
    assert status == 200
    assert said["id"] == str(OBSERVATION)
    assert said["subject"]["reference"] == f"Patient/{GRACE}"
    assert said["meta"]["source"] == "https://joinedup.example/Id/gp-1#Observation/o1"
    assert said["meta"]["tag"][0]["code"] == "HTEST"
    assert headers["ETag"] == 'W/"1"'
    assert headers["Content-Type"].startswith("application/fhir+json")
    assert ask(f"Observation/{OBSERVATION}", headers={"If-None-Match": 'W/"1"'})[0] == 304


def test_a_correction_is_a_new_version_and_the_old_one_stays(ask: Get) -> None:
    keep(GP, resource(GP, "Observation", "o9", status="final", code={"text": "HbA1c"}, valueString="58"))
    again = resource(GP, "Observation", "o9", status="corrected", code={"text": "HbA1c"}, valueString="85")
    again.event_at = datetime(2026, 6, 2, tzinfo=UTC)
    keep(GP, again)
    id_ = resource_id(GP.key, "Observation", "o9")
    assert ask(f"Observation/{id_}")[1]["valueString"] == "85"
    assert ask(f"Observation/{id_}/_history/1")[1]["valueString"] == "58"
    _, history, _ = ask(f"Observation/{id_}/_history")
    assert [(one["response"]["etag"], one["resource"]["valueString"]) for one in history["entry"]] == [
        ('W/"2"', "85"),
        ('W/"1"', "58"),
    ]
    assert ask(f"Observation/{id_}/_history/3")[0] == 404


def test_a_version_that_comes_late_does_not_become_current(ask: Get) -> None:
    newest = resource(GP, "Observation", "o8", status="final", code={"text": "x"}, valueString="new")
    late = resource(GP, "Observation", "o8", status="final", code={"text": "x"}, valueString="old")
    late.event_at = datetime(2026, 5, 1, tzinfo=UTC)
    keep(GP, newest)
    keep(GP, late)
    assert ask(f"Observation/{resource_id(GP.key, 'Observation', 'o8')}")[1]["valueString"] == "new"


def test_what_may_not_be_seen_is_as_what_does_not_exist(ask: Get) -> None:
    """Another hospital's clinician: status, body and words are those of an id that nobody has."""
    for address in ("Observation/{}", "Observation/{}/_history", "Patient/{}/$everything"):
        held = OBSERVATION if "Observation" in address else GRACE
        hidden = ask(address.format(held), "emergency_clinician")
        unknown = ask(address.format(uuid.uuid4()), "emergency_clinician")
        assert hidden[:2] == unknown[:2]
        assert hidden[0] == 404
        assert hidden[1]["resourceType"] == "OperationOutcome"
    hidden = ask(f"Observation?patient={GRACE}", "emergency_clinician")[1]
    unknown = ask(f"Observation?patient={uuid.uuid4()}", "emergency_clinician")[1]
    assert hidden["total"] == unknown["total"] == 0
    assert "entry" not in hidden
    number = "Patient?identifier=https://fhir.nhs.uk/Id/nhs-number|9990000018"
    assert ask(number, "emergency_clinician")[1]["total"] == 0
    assert ask(number)[1]["total"] == 1


def test_without_a_token_nothing_is_told_and_a_session_is_no_token() -> None:
    client = Client()
    assert client.post("/access/demo/", {"role": "clinician"}).status_code == 302
    answer = client.get(f"/fhir/Observation/{OBSERVATION}")
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")
    assert json.loads(answer.content)["issue"][0]["code"] == "login"


def test_search_within_one_resident(ask: Get) -> None:
    assert ask(f"Observation?patient={GRACE}&status=final&_sort=-date")[1]["total"] >= 1
    assert ask(f"AllergyIntolerance?patient=Patient/{GRACE}&clinical-status=active")[1]["total"] == 1
    assert ask(f"Condition?patient={GRACE}&recorded-date=lt2010")[1]["total"] == 0
    posted = ask("Condition/_search", "clinician", "post", data={"patient": str(GRACE)})
    assert (posted[0], posted[1]["total"]) == (200, 1)


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("Observation?status=final", "say whose with one `patient=`"),
        ("Observation?patient={}&colour=red", "colour: Observation has no such search parameter"),
        ("Observation?patient={}&_count=many", "_count: expected a whole number"),
        ("Patient?family=Okafor", "expected an NHS number, or a name with a birthdate"),
        ("Practitioner?name=x", "Practitioner cannot be searched here"),
        ("Patient/{}/$everything?colour=red", "$everything knows"),
    ],
)
def test_what_is_not_served_is_refused_by_name(ask: Get, address: str, says: str) -> None:
    status, said, _ = ask(address.format(GRACE))
    assert status == 400
    assert says in said["issue"][0]["diagnostics"]


def test_everything_comes_in_pages_of_one_moment(ask: Get) -> None:
    organisation = resource(GP, "Organization", "practice", name="Riverside Surgery")
    organisation.subject_id = nobody(GP.key)
    stays = [
        resource(GP, "Encounter", f"e{number}", status="finished", period={"start": "2026-05-01", "end": "2026-05-01"},
                 serviceProvider={"reference": "Organization/practice"}, **{"class": {"code": "AMB"}})
        for number in range(21)
    ]  # fmt: skip
    keep(GP, organisation, *stays)
    _, whole, _ = ask(f"Patient/{GRACE}/$everything")
    kinds = [one["resource"]["resourceType"] for one in whole["entry"]]
    assert kinds[0] == "Patient"
    assert kinds.count("Encounter") == 21
    assert kinds.count("Organization") == 1  # named 21 times, answered once
    assert len({one["fullUrl"] for one in whole["entry"]}) == len(kinds) == whole["total"]
    assert {
        one["resource"]["resourceType"] for one in ask(f"Patient/{GRACE}/$everything?_type=Encounter")[1]["entry"]
    } == {"Encounter"}

    pages, address = [], f"Patient/{GRACE}/$everything?_count=10"
    user = User.objects.get(email="clinician@demo.invalid")
    token, _ = make_token(service_grant("test", "x", "y"), user, "direct-care", 1, datetime.now(UTC))
    client = Client(headers={"Authorization": f"Bearer {token}"})
    while address:
        page = json.loads(client.get(f"/fhir/{address}").content)
        pages += [one["fullUrl"] for one in page["entry"]]
        following = [link["url"] for link in page["link"] if link["relation"] == "next"]
        address = following[0].split("/fhir/", 1)[1] if following else ""
        # What arrives between two pages belongs to a later moment.
        keep(GP, resource(GP, "Flag", uuid.uuid4().hex, status="active", code={"text": "later"}))
    assert len(pages) == len(set(pages)) == whole["total"]
    assert client.get(f"/fhir/Patient/{GRACE}/$everything?_page=forged").status_code == 400


def test_what_is_about_no_resident_has_its_versions_too(ask: Get) -> None:
    def named(name: str, day: int) -> Any:
        one = resource(GP, "Organization", "ward", name=name, event_at=datetime(2026, 6, day, tzinfo=UTC))
        one.subject_id = nobody(GP.key)
        return one

    keep(GP, named("Ward 3", 1))
    keep(GP, named("Birch Ward", 2))
    address = f"Organization/{resource_id(GP.key, 'Organization', 'ward')}"
    assert ask(address)[1]["name"] == "Birch Ward"
    assert ask(f"{address}/_history/1")[1]["name"] == "Ward 3"
    assert [one["resource"]["name"] for one in ask(f"{address}/_history")[1]["entry"]] == ["Birch Ward", "Ward 3"]
    assert ask(f"{address}/_history/3")[0] == 404


def test_what_another_source_holds_belongs_to_the_resident_once_it_is_joined(ask: Get) -> None:
    keep(ACUTE, patient(ACUTE, "h1"),
         resource(ACUTE, "AllergyIntolerance", "al", "h1", code={"text": "Latex"},
                  patient={"reference": "Patient/h1"}))  # fmt: skip
    assert ask(f"AllergyIntolerance?patient={GRACE}")[1]["total"] == 1
    from joinedup.identity import link

    link(service_grant("identity.link", "join", "the reader"))
    told = ask(f"AllergyIntolerance?patient={GRACE}")[1]
    assert told["total"] == 2
    sources = {one["resource"]["meta"]["source"].split("#")[0] for one in told["entry"]}
    assert sources == {"https://joinedup.example/Id/gp-1", "https://joinedup.example/Id/acute-1"}


def test_reading_is_in_the_audit_with_its_relationship(ask: Get) -> None:
    from django.db import connection

    ask(f"Observation/{OBSERVATION}")
    with connection.cursor() as cursor:
        cursor.execute("SELECT body FROM access_auditentry ORDER BY id DESC LIMIT 1")
        entry = json.loads(cursor.fetchone()[0])
    assert (entry["action"], entry["subject"]) == ("fhir.read", f"resident:{GRACE}")
    assert (entry["relationship"], entry["purpose"]) == ("registered_practice", "direct-care")


def test_the_statement_claims_what_is_served_and_nothing_else(ask: Get) -> None:
    """Every search parameter of every type is called, and one that is not claimed is refused (R47)."""
    _, statement, _ = ask("metadata")
    values = {"token": "x", "date": "2026", "reference": str(uuid.uuid4()), "string": "x"}
    for one in statement["rest"][0]["resource"]:
        for parameter in one.get("searchParam", []):
            if one["type"] == "Patient" or parameter["name"] == "patient":
                continue
            address = f"{one['type']}?patient={GRACE}&{parameter['name']}={values[parameter['type']]}"
            assert ask(address)[0] == 200, address
        assert ask(f"{one['type']}?patient={GRACE}&never-heard-of=x")[0] == 400
    claimed = {one["type"] for one in statement["rest"][0]["resource"]}
    assert {"Patient", "Observation", "AllergyIntolerance", "MedicationRequest", "Encounter", "Organization"} <= claimed
    assert ask("Basic?patient=" + str(GRACE))[0] == 400


def test_only_json_and_only_reading(ask: Get) -> None:
    assert ask(f"Observation/{OBSERVATION}", headers={"Accept": "application/fhir+xml"})[0] == 406
    assert ask(f"Observation/{OBSERVATION}", "clinician", "put", data={})[0] == 405
