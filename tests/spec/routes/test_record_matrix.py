"""Whose record opens to whom, on every way in: the table of roles and relationships, as people can read it (T30-T33).

In the table: the status, with the number of entries behind it where a search answers; "-" where nobody of that role
can have a token. "LR": a legitimate relationship of the body in which the role is held. "none": the resident is there,
and so hidden. What is asked about somebody hidden is asked about somebody who does not exist as well, and every byte
of the two answers must agree.
"""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections.abc import Iterator
from copy import copy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import transaction
from django.http.cookie import SimpleCookie
from django.test import Client
from django.urls import get_resolver

from joinedup.access import demo_users, own_demo_record, place_demo_users, service_grant
from joinedup.access.models import AuditEntry, RoleHeld, User
from joinedup.access.tokens import make_token
from joinedup.feeds import Source, ledger, read_delivery, resource_id, subject_id
from joinedup.record.intake import store_batch
from joinedup.system import load_practices
from joinedup.system.lookup import id_of

from .test_access_matrix import errors_unrendered, permission_of, routes, signed_in_as

ROWS = list(csv.DictReader(Path(__file__).with_name("record_matrix.csv").read_text(encoding="utf-8").splitlines()))
WHO = [name for name in ROWS[0] if name not in {"route", "method"}]
ROLES = {
    "clinician": "clinician", "link worker": "social_prescribing_link_worker",
    "care home worker": "care_home_worker", "reception": "reception", "resident": "resident",
    "clinician of the whole system": "nurse",
}  # fmt: skip
__all__ = ["errors_unrendered"]
# Routes that name no resident in their address: the inbox decides by team, a search has tests of its own.
NOT_OF_ONE = {
    "/record/", "/record/purpose/", "/record/break-glass/", "/record/inbox/", "/record/inbox/<uuid:handover_id>/",
    "/record/unopened/", "/record/mine/", "/access/log/<uuid:resident_id>/", "/fhir/metadata",
}  # fmt: skip
HERE, ELSEWHERE = "Z90001", "Z90002"
SNOMED = "http://snomed.info/sct"


def practices(folder: Path) -> Path:
    """A list of the two practices as it is published: 27 columns, no header."""
    rows = []
    for code in (HERE, ELSEWHERE):
        cells = [code, "DRAWN SURGERY", *[""] * 7, "ZH1 1CV", "20100401", "", "A", *[""] * 12, "4", ""]
        rows.append(",".join(f'"{cell}"' for cell in cells) + "\n")
    path = folder / "epraccur.csv"
    path.write_text("".join(rows))
    return path


def canary(about: str) -> str:
    """A word that no page has by itself, another for each field of each person."""
    return f"CANARY-{hashlib.sha256(about.encode()).hexdigest()[:16]}"


def source(key: str, organisation: str) -> Source:
    return Source(key, canary(key), organisation, "gp", "fhir", is_simulated=True)


def person(key: str, number: str, organisation: str) -> list[dict[str, Any]]:
    """One resident of a practice, with an allergy; every text is a canary."""
    about, meta = {"reference": "Patient/p1"}, {"lastUpdated": "2026-10-01T09:00:00Z"}
    ods = {"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": organisation}
    return [
        {"resourceType": "Patient", "id": "p1", "meta": meta,
         "identifier": [{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": number}],
         "name": [{"use": "official", "family": canary(f"{key} family"), "given": [canary(f"{key} given")]}],
         "gender": "female", "birthDate": "1956-03-14",
         "address": [{"line": [canary(f"{key} line")], "city": canary(f"{key} city"), "postalCode": "ZH1 1CV"}]},
        {"resourceType": "EpisodeOfCare", "id": "e1", "meta": meta, "status": "active", "patient": about,
         "managingOrganization": {"identifier": ods}, "period": {"start": "2015-04-01"}},
        {"resourceType": "AllergyIntolerance", "id": "a1", "meta": meta, "patient": about,
         "clinicalStatus": {"coding": [
             {"system": "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", "code": "active"}]},
         "code": {"coding": [{"system": SNOMED, "code": "91936005", "display": canary(f"{key} allergy")}],
                  "text": canary(f"{key} text")},
         "note": [{"text": canary(f"{key} note")}]},
    ]  # fmt: skip


def take_in(folder: Path, key: str, number: str, organisation: str) -> tuple[UUID, UUID]:
    """Send one resident through the real intake; answers the resident's id and that of the allergy."""
    declared = source(key, organisation)
    ledger.declare([declared])
    path = folder / f"{key}.ndjson"
    path.write_text("".join(json.dumps(one) + "\n" for one in person(key, number, organisation)))
    delivery = ledger.begin(key, path.name, hashlib.sha256(path.read_bytes()).digest(), path.stat().st_size)
    grant = service_grant("test", "Take in drawn residents", "the reader")
    for batch in read_delivery(
        path, declared, shard=0, shards=1, after=0, is_known_organisation=lambda _code, _day: True
    ):
        kept = store_batch(grant, delivery, declared, 0, batch)
        assert not kept.refused, kept.refused
    return subject_id(key, "p1"), resource_id(key, "AllergyIntolerance", "a1")


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: Any) -> Iterator[dict[str, Any]]:
    """Two residents, one of whom the demo's practice cares for; its users signed in, and with tokens."""
    folder = tmp_path_factory.mktemp("feeds")
    with django_db_blocker.unblock(), transaction.atomic():
        load_practices(practices(folder), service_grant("test", "Load drawn practices", "the reader"))
        home = id_of(HERE)
        known = take_in(folder, "known", "9990000018", HERE)
        hidden = take_in(folder, "hidden", "9990000026", ELSEWHERE)
        demo_users()
        place_demo_users({role: [home] for role in set(ROLES.values()) - {"resident", "nurse"}})
        own_demo_record(known[0])
        now, admin = datetime.now(UTC), service_grant("test", "Make tokens", "the reader")
        tokens = {
            role: make_token(admin, User.objects.get(email=f"{role}@demo.invalid"), "direct-care", 8, now)[0]
            for role in ("clinician", "nurse")
        }
        assert RoleHeld.objects.get(user__email="nurse@demo.invalid").body_id is None
        yield {
            "home": home, "known": known, "hidden": hidden, "unknown": (uuid4(), uuid4()),
            "cookies": {role: signed_in_as(role) for role in ROLES.values()}, "tokens": tokens,
        }  # fmt: skip
        transaction.set_rollback(True)


def ask(world: dict[str, Any], role: str, method: str, route: str, whom: str) -> Any:
    """Ask a route about somebody, as a role; what it did is undone."""
    resident, entry = world[whom]
    pieces = {
        "<uuid:resident_id>": resident, "<uuid:entry_id>": entry, "<slug:code>": "allergies-and-adverse-reaction",
        "<slug:kind>": "AllergyIntolerance", "<str:version>": "1", "Patient/<str:id_>": f"Patient/{resident}",
        "<str:type_>/<str:id_>": f"AllergyIntolerance/{entry}", "<str:type_>": "AllergyIntolerance",
    }  # fmt: skip
    address = route
    for piece, stands_for in pieces.items():
        address = address.replace(piece, str(stands_for))
    assert "<" not in address, address
    client, data, headers = Client(raise_request_exception=False), {}, {}
    if route.startswith("/fhir/"):
        headers["HTTP_AUTHORIZATION"] = f"Bearer {world['tokens'][role]}"
        data = {"patient": str(resident)} if route.endswith(("_search", "<str:type_>")) else {}
    else:
        client.cookies = copy(world["cookies"][role])
    before = transaction.savepoint()
    answer = getattr(client, method.lower())(address, data, **headers)
    answer.content  # noqa: B018 -- read before the savepoint goes
    transaction.savepoint_rollback(before)
    return answer


def said(answer: Any) -> str:
    """The status, and of a search how many it found."""
    assert answer.status_code < 500, answer.content[:2000]
    if answer["Content-Type"].startswith("application/fhir+json") and answer.status_code == 200:
        found = json.loads(answer.content)
        if found.get("type") == "searchset" and answer.wsgi_request.path.rstrip("/").split("/")[-1] in {
            "AllergyIntolerance", "_search"}:  # fmt: skip
            return f"200 {len(found.get('entry', []))}"
    return str(answer.status_code)


def parts(who: str) -> tuple[str, str]:
    """The role of a column, and about whom it asks."""
    if who == "clinician of the whole system":
        return ROLES[who], "known"
    name, _, relation = who.rpartition(" ")
    return ROLES[name], {"LR": "known", "self": "known", "none": "hidden", "other": "hidden"}[relation]


def plain(answer: Any) -> bytes:
    """Status, headers and body without what differs from one answer to the next whatever is asked."""
    body: str = answer.content.decode()
    for pattern in (
        r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",  # ids that were asked for, and of Bundles
        r'name="csrfmiddlewaretoken" value="[^"]*"',
        r"\b[0-9a-f]{16}\b",  # the number of a request
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[^\"]*",
    ):
        body = re.sub(pattern, "…", body)
    headers = {name: value for name, value in answer.items() if name not in {"X-Request-ID", "Content-Length"}}
    return repr((answer.status_code, sorted(headers.items()), body)).encode()


def in_table(row: dict[str, str]) -> str:
    return f"{row['method']} {row['route']}"


def test_every_route_about_a_resident_stands_in_the_table() -> None:
    listed = {row["route"] for row in ROWS}
    about = {
        route
        for route, view in routes()
        if route.startswith(("/record/", "/fhir/")) or str(permission_of(view)).startswith(("record.", "fhir."))
    }
    assert about - NOT_OF_ONE == listed


@pytest.mark.django_db
@pytest.mark.usefixtures("errors_unrendered")
@pytest.mark.parametrize("row", ROWS, ids=in_table)
def test_the_table_holds(row: dict[str, str], world: dict[str, Any]) -> None:
    found = {}
    for who in WHO:
        role, whom = parts(who)
        found[who] = "-" if row[who] == "-" else said(ask(world, role, row["method"], row["route"], whom))
    assert found == {who: row[who] for who in WHO}


@pytest.mark.django_db
@pytest.mark.parametrize("row", ROWS, ids=in_table)
def test_hidden_and_unknown_answer_alike_to_the_byte(row: dict[str, str], world: dict[str, Any]) -> None:
    for role in ("clinician", "resident"):
        if role == "resident" and row["resident other"] == "-":
            continue
        hidden, unknown = (ask(world, role, row["method"], row["route"], whom) for whom in ("hidden", "unknown"))
        assert plain(hidden) == plain(unknown)
        assert b"CANARY" not in hidden.content
        assert "CANARY" not in str(hidden.headers)


SOUGHT = {
    # by what somebody is sought: of the one who is hidden, and of somebody who does not exist
    "NHS number": ({"nhs_number": "9990000026"}, {"nhs_number": "9990000034"}),
    "name and birth date": (
        {"family": canary("hidden family"), "born_day": "14", "born_month": "3", "born_year": "1956"},
        {"family": canary("nobody family"), "born_day": "14", "born_month": "3", "born_year": "1956"},
    ),
    "name, birth date and postcode": (
        {"family": canary("hidden family"), "given": canary("hidden given"), "postcode": "ZH1 1CV", "born_day": "14",
         "born_month": "3", "born_year": "1956"},
        {"family": canary("nobody family"), "given": canary("nobody given"), "postcode": "ZH1 1CV", "born_day": "14",
         "born_month": "3", "born_year": "1956"},
    ),
}  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize("by", SOUGHT)
def test_a_search_finds_the_hidden_as_little_as_those_who_do_not_exist(by: str, world: dict[str, Any]) -> None:
    answers = []
    for given in SOUGHT[by]:
        client = Client()
        client.cookies = copy(world["cookies"]["clinician"])
        page = client.post("/record/", given)
        assert page.status_code == 200
        body = plain(page)
        for value in given.values():  # What was typed stands in the boxes again.
            body = body.replace(value.encode(), b"typed")
        answers.append(body)
    assert answers[0] == answers[1]


@pytest.mark.django_db
def test_a_search_finds_those_whom_one_cares_for(world: dict[str, Any]) -> None:
    client = Client()
    client.cookies = copy(world["cookies"]["clinician"])
    assert str(world["known"][0]) in client.post("/record/", {"nhs_number": "9990000018"}).content.decode()


@pytest.mark.django_db
def test_the_api_finds_the_hidden_as_little_as_those_who_do_not_exist(world: dict[str, Any]) -> None:
    answers = []
    for number in ("9990000026", "9990000034", "9990000018"):
        client = Client()
        answers.append(
            client.post(
                "/fhir/Patient/_search",
                {"identifier": f"https://fhir.nhs.uk/Id/nhs-number|{number}"},
                headers={"Authorization": f"Bearer {world['tokens']['clinician']}"},
            )
        )
    hidden, unknown, known = ((a.status_code, a.content.replace(n, b"n")) for a, n in zip(
        answers, (b"9990000026", b"9990000034", b"9990000018"), strict=True))  # fmt: skip
    assert [json.loads(answer[1])["total"] for answer in (hidden, unknown, known)] == [0, 0, 1]
    dates_and_ids = r'"(id|timestamp)":"[^"]*"'
    assert re.sub(dates_and_ids, "", hidden[1].decode()) == re.sub(dates_and_ids, "", unknown[1].decode())


@pytest.mark.django_db
def test_a_refused_answer_says_nothing_of_anybody(world: dict[str, Any], capfd: Any) -> None:
    """Also in the log of the server, where a request about a hidden resident leaves its line."""
    for row in ROWS:
        for role in ("reception", "resident", "nurse"):
            if role != "nurse" and row["route"].startswith("/fhir/"):
                continue
            for whom in ("known", "hidden"):
                answer = ask(world, role, row["method"], row["route"], whom)
                # A form that was filled in wrongly comes back to whoever may fill it in: that is no refusal.
                if answer.status_code >= 400 and (answer.status_code != 400 or whom == "hidden"):
                    assert b"CANARY" not in answer.content, (in_table(row), role)
    logged = capfd.readouterr().err
    assert "CANARY" not in logged
    assert "9990000018" not in logged
    assert "9990000026" not in logged


@pytest.mark.django_db
def test_the_canaries_are_seen_where_they_may_be(world: dict[str, Any]) -> None:
    """The test above has teeth: what is open does show the words that it looks for."""
    shown = ask(world, "clinician", "GET", "/record/<uuid:resident_id>/timeline/", "known").content.decode()
    assert canary("known text") in shown
    served = ask(world, "clinician", "GET", "/fhir/Patient/<str:id_>/$everything", "known").content.decode()
    assert canary("known note") in served


@pytest.mark.django_db
def test_a_decision_that_is_lost_shows(world: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """The table has teeth: where relationships are not asked about, cells differ on pages and in the API alike."""
    from joinedup.access import residents
    from joinedup.access.resident_decision import Ties

    def careless(_asker: Any, _permission: str, found: Any, _purpose: str, _at: datetime) -> dict[UUID, Ties]:
        return {resident: Ties({world["home"]: frozenset({"caseload"})}, own="self") for resident in found}

    monkeypatch.setattr(residents, "ties_of", careless)
    differ = [
        in_table(row)
        for row in ROWS
        if row["clinician none"] in {"404", "200 0"}
        and said(ask(world, "clinician", row["method"], row["route"], "hidden")) != row["clinician none"]
    ]
    may_differ = [in_table(row) for row in ROWS if row["clinician none"] in {"404", "200 0"}]
    # Withdrawing what nobody here has written answers 404 to those who may, too.
    assert [row for row in may_differ if row not in differ] == [
        "POST /record/<uuid:resident_id>/withdraw/<slug:kind>/<uuid:entry_id>/"]  # fmt: skip


@pytest.mark.django_db
def test_every_denial_is_in_the_audit_with_its_reason(world: dict[str, Any]) -> None:
    client = Client()
    client.cookies = copy(world["cookies"]["clinician"])
    hidden = world["hidden"][0]
    assert client.get(f"/record/{hidden}/timeline/").status_code == 404
    denied = AuditEntry.objects.order_by("-id")[0].entry
    assert (denied["outcome"], denied["subject"], denied["permission"], denied["reason"], denied["purpose"]) == (
        "denied", f"resident:{hidden}", "record.full", "clinician: no relationship", "direct-care")  # fmt: skip


@pytest.mark.django_db
def test_the_api_takes_no_cookie(world: dict[str, Any]) -> None:
    client = Client()
    client.cookies = copy(world["cookies"]["clinician"])
    assert client.get(f"/fhir/Patient/{world['known'][0]}").status_code == 401
    assert isinstance(client.cookies, SimpleCookie)
    assert get_resolver().resolve("/fhir/metadata")
