"""Tokens for the API: one user, one purpose, some hours; cookies count for nothing where tokens are taken."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse
from typer.testing import CliRunner

from joinedup.access import (
    NotSignedIn,
    Relationship,
    break_glass,
    demo_users,
    grant_for,
    grant_for_resident,
    keep_relationships,
    own_demo_record,
    place_demo_users,
    requires_token,
    services,
)
from joinedup.access.models import AccessToken, RoleHeld, User
from joinedup.access.tokens import end_token, make_token
from joinedup.cli import app
from joinedup.errors import NotFound, Refused, RuleError

from .conftest import PASSWORD
from .test_7_opening_records import PRACTICE, TRUST, codes_here

ADA = uuid4()
__all__ = ["codes_here"]
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def codes(settings: Any) -> None:
    settings.BODY_CODES = [f"{__name__}.codes_here"]


@requires_token("fhir.read")
def read(request: Any) -> HttpResponse:
    grant = grant_for_resident(request, "fhir.read", [ADA])
    return HttpResponse(f"{grant.actor_name} {grant.purpose} {grant.relationship}")


def ask(token: str = "", **more: Any) -> str:
    headers = {"HTTP_AUTHORIZATION": f"Bearer {token}"} if token else {}
    request = RequestFactory().post("/fhir/Patient/_search", **headers)
    for name, value in more.items():
        setattr(request, name, value)
    return read(request).content.decode()


@pytest.fixture
def nurse(make: Callable[..., Any]) -> User:
    keep_relationships([Relationship(ADA, "RWH", "open_encounter", None, None, uuid4())])
    return make("Ruth", "nurse", body_id=TRUST)


def test_a_token_reads_as_its_user_for_its_purpose(nurse: User) -> None:
    now = datetime.now(UTC)
    text, token = make_token(grant_for(nurse, "access.own"), nurse, "safeguarding", 8, now, name=" ward   list ")
    assert ask(text) == "Ruth safeguarding open_encounter"
    assert (token.name, token.expires_at) == ("ward list", now + timedelta(hours=8))
    assert text not in str(AccessToken.objects.values())
    assert AccessToken.objects.get().last_used_at is not None
    assert read.permission == "fhir.read"
    assert read.csrf_exempt


def test_without_a_token_that_is_valid_now_nobody_is_there(nurse: User) -> None:
    now = datetime.now(UTC)
    own = grant_for(nurse, "access.own")
    old, _ = make_token(own, nurse, "direct-care", 1, now - timedelta(hours=1))
    ended, row = make_token(own, nurse, "direct-care", 1, now)
    end_token(own, nurse, row.pk, now)
    for text in ("", "made-up", old, ended):
        with pytest.raises(NotSignedIn):
            ask(text)
    with pytest.raises(NotSignedIn):  # a session alone, which pages would take
        ask("", user=nurse, session={"purpose": "direct-care"})
    request = RequestFactory().get("/", HTTP_AUTHORIZATION="Basic cnV0aDpwYXNzd29yZA==")
    with pytest.raises(NotSignedIn):
        read(request)


def test_a_page_takes_no_token(nurse: User) -> None:
    text, _ = make_token(grant_for(nurse, "access.own"), nurse, "direct-care", 1, datetime.now(UTC))
    answer = Client().get(reverse("access:account"), HTTP_AUTHORIZATION=f"Bearer {text}")
    assert answer.status_code == 302
    assert answer["Location"].startswith("/access/sign-in/")


def test_the_roles_of_the_moment_count_not_those_of_the_making(nurse: User, admin: Any) -> None:
    text, _ = make_token(grant_for(nurse, "access.own"), nurse, "direct-care", 8, datetime.now(UTC))
    services.end_role(admin, RoleHeld.objects.get(user=nurse), datetime.now(UTC))
    with pytest.raises(Refused):
        ask(text)


def test_a_leavers_tokens_end_at_once(nurse: User, admin: Any) -> None:
    text, _ = make_token(grant_for(nurse, "access.own"), nurse, "direct-care", 8, datetime.now(UTC))
    services.end_access(admin, nurse, datetime.now(UTC))
    assert AccessToken.objects.get().ended_at is not None
    with pytest.raises(NotSignedIn):
        ask(text)


def test_no_glass_is_broken_by_a_token_nor_open_to_one(nurse: User, make: Callable[..., Any]) -> None:
    other = make("Femi", "emergency_clinician", body_id=PRACTICE)
    client = Client()
    client.post(reverse("access:sign-in"), {"email": other.email, "password": PASSWORD})
    page = RequestFactory().get("/")
    page.user, page.session = other, client.session
    break_glass(page, [ADA], "emergency", "Found confused at the station")
    assert grant_for_resident(page, "record.full", [ADA]).relationship
    text, _ = make_token(grant_for(other, "access.own"), other, "emergency-care", 1, datetime.now(UTC))
    with pytest.raises(NotFound):
        ask(text, session=client.session)


WRONG = [("clinician", "record-quality", 8), ("clinician", "direct-care", 0), ("clinician", "direct-care", 25),
         ("reception", "direct-care", 8), ("analyst", "direct-care", 8)]  # fmt: skip


@pytest.mark.parametrize(("role", "purpose", "hours"), WRONG)
def test_a_token_that_nobody_could_use_or_that_lasts_too_long_is_not_made(
    role: str, purpose: str, hours: int, make: Callable[..., Any]
) -> None:
    user = make("Ada", role, body_id=TRUST)
    with pytest.raises(RuleError):
        make_token(grant_for(user, "access.own"), user, purpose, hours, datetime.now(UTC))


def test_nobody_makes_or_ends_a_token_of_somebody_else(nurse: User, make: Callable[..., Any], admin: Any) -> None:
    other = make("Bob", "nurse", body_id=TRUST)
    with pytest.raises(Refused):
        make_token(grant_for(other, "access.own"), nurse, "direct-care", 8, datetime.now(UTC))
    _, row = make_token(admin, nurse, "direct-care", 8, datetime.now(UTC))
    with pytest.raises(NotFound):
        end_token(grant_for(other, "access.own"), other, row.pk, datetime.now(UTC))


def test_tokens_on_the_account_page(nurse: User) -> None:
    client = Client()
    client.post(reverse("access:sign-in"), {"email": nurse.email, "password": PASSWORD})
    made = client.post(reverse("access:make-token"), {"token_purpose": "direct-care", "hours": "2", "name": "tablet"})
    assert made.status_code == 201
    assert "no-store" in made["Cache-Control"]
    page = made.content.decode()
    text = page.split("<code>")[1].split("</code>")[0]
    assert ask(text) == "Ruth direct-care open_encounter"
    assert text not in client.get(reverse("access:account")).content.decode()
    wrong = client.post(reverse("access:make-token"), {"token_purpose": "direct-care", "hours": "99"})
    assert wrong.status_code == 422
    assert 'href="#hours"' in wrong.content.decode()
    assert client.post(reverse("access:end-token", args=[AccessToken.objects.get().pk])).status_code == 302
    with pytest.raises(NotSignedIn):
        ask(text)


def test_the_purpose_of_a_session_is_chosen_on_a_page(nurse: User) -> None:
    client = Client()
    client.post(reverse("access:sign-in"), {"email": nurse.email, "password": PASSWORD})
    chosen = client.post(reverse("access:purpose"), {"purpose": "safeguarding", "next": "/access/account/"})
    assert chosen["Location"] == "/access/account/"
    assert client.session["purpose"] == "safeguarding"
    assert client.post(reverse("access:purpose"), {"purpose": "record-quality"}).status_code == 403
    assert client.post(reverse("access:purpose"), {"purpose": "fun"}).status_code == 404


def test_a_token_on_the_command_line(nurse: User, monkeypatch: pytest.MonkeyPatch) -> None:
    from joinedup import database

    monkeypatch.setattr(database, "ready", lambda: None)
    words = ["user", "token", nurse.email, "--purpose", "direct-care", "--hours", "8"]
    printed = CliRunner().invoke(app, words)
    assert ask(printed.stdout.strip()) == "Ruth direct-care open_encounter"
    answer = json.loads(CliRunner().invoke(app, [*words, "--json"]).stdout)
    assert ask(answer["token"]) == "Ruth direct-care open_encounter"
    assert answer["purpose"] == "direct-care"


# --- the demo's people ---------------------------------------------------------------------------------------------


def test_demo_users_are_placed_in_bodies(settings: Any) -> None:
    settings.BODY_NAMES = [f"{__name__}.names"]
    demo_users()
    places = {"clinician": [PRACTICE], "nurse": [TRUST]}
    place_demo_users(places)
    place_demo_users(places)  # again changes nothing
    held = RoleHeld.objects.filter(user__email="clinician@demo.invalid")
    assert [one.body_id for one in held if not one.valid.isempty] == [PRACTICE]
    place_demo_users({"clinician": [TRUST]})
    assert [one.body_id for one in held.all() if not one.valid.isempty] == [TRUST]
    page = Client().get(reverse("access:demo")).content.decode()
    assert page.count("Works for The Trust") == 2
    with pytest.raises(NotFound, match="no role called 'doctor'"):
        place_demo_users({"doctor": [TRUST]})


def names(ids: set[UUID]) -> dict[UUID, str]:
    return {TRUST: "The Trust", PRACTICE: "The Practice"}


def test_the_demo_resident_has_a_record_of_their_own() -> None:
    demo_users()
    own_demo_record(ADA)
    own_demo_record(ADA)
    own_demo_record(ADA, "proxy")
    resident = User.objects.get(email="resident@demo.invalid")
    assert grant_for_resident(resident, "record.own", [ADA]).relationship == "self"
    assert grant_for_resident(User.objects.get(email="proxy@demo.invalid"), "record.own", [ADA]).relationship == "proxy"
