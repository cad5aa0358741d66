"""Who may do what, on every route: the table in access_matrix.csv against the running pages (rules: trust T30).

The table is written by hand and says nothing of how pages decide: yes, no (403), or sign-in (a redirect to the sign-in
page, or 401). A route or a role that is not in it fails, so that a sibling route forgotten after a change shows.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from copy import copy
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from joinedup.access import service_grant
from joinedup.access.demo import demo_users
from joinedup.access.roles import TABLE
from joinedup.ui import Page

ROWS = list(csv.DictReader(Path(__file__).with_name("access_matrix.csv").read_text(encoding="utf-8").splitlines()))
WHO = [name for name in ROWS[0] if name not in {"route", "method"}]
# What stands for each changing piece of an address. None of them needs to lead to anything: 404 is a yes.
PIECES = {
    "<str:token>": "no-such-token",
    "<int:session_id>": "1",
    "<uuid:user_id>": "00000000-0000-4000-8000-000000000000",
    "<int:held_id>": "1",
    "<int:token_id>": "1",
    "<int:review_id>": "1",
    "<uuid:reference>": "00000000-0000-4000-8000-000000000000",
    "<uuid:resident_id>": "00000000-0000-4000-8000-000000000000",
    "<uuid:handover_id>": "00000000-0000-4000-8000-000000000000",
    "<uuid:visit>": "00000000-0000-4000-8000-000000000000",
    "<uuid:entry_id>": "00000000-0000-4000-8000-000000000000",
    "<slug:code>": "allergies-and-adverse-reaction",
    "<slug:kind>": "AllergyIntolerance",
    "<str:type_>": "AllergyIntolerance",
    "<str:id_>": "00000000-0000-4000-8000-000000000000",
    "<str:version>": "1",
    "<str:key>": "hwe-split",
    "<str:text>": "QM7",
    "<code>": "QM7",
    "<str:fact>": "Name",
    "<int:fact_id>": "1",
    "<int:number>": "1",
    "<slug:measure_id>": "emergency-admissions",
    "<slug:name>": "hypertension",
    "<measure>": "emergency-admissions",
    "<area>": "QM7",
    "<str:code>": "cy",
    "<path:code>": "A/1",
    "<path:key>": "T/1",
    "<str:month>": "2026-04",
}


def routes() -> Iterator[tuple[str, Any]]:
    def below(patterns: Any, before: str) -> Iterator[tuple[str, Any]]:
        for entry in patterns:
            if isinstance(entry, URLResolver):
                yield from below(entry.url_patterns, before + str(entry.pattern))
            elif isinstance(entry, URLPattern) and entry.name != "api-root":  # Ninja's own; answers 404 to all.
                yield before + str(entry.pattern), entry.callback

    yield from below(get_resolver().url_patterns, "/")


def methods_of(view: Any) -> set[str]:
    """The methods a route says it answers: a ninja path by its operations, a page by its `methods`."""
    closure = [cell.cell_contents for cell in (view.__closure__ or ())]
    operations = [operation for cell in closure for operation in getattr(cell, "operations", ())]
    return {method for operation in operations for method in operation.methods}


def permission_of(view: Any) -> str | None:
    for cell in view.__closure__ or ():
        for operation in getattr(cell.cell_contents, "operations", ()):
            return getattr(operation.view_func, "permission", None)
    return getattr(view, "permission", None)


def test_every_route_stands_in_the_table() -> None:
    in_table = {row["route"] for row in ROWS}
    assert {route for route, _ in routes()} == in_table


def test_every_operation_of_the_api_stands_in_the_table() -> None:
    in_table = {(row["route"], row["method"]) for row in ROWS}
    assert {(route, method) for route, view in routes() for method in methods_of(view)} <= in_table


def test_every_route_names_the_permission_it_needs() -> None:
    known = set(TABLE.permissions)
    assert [route for route, view in routes() if permission_of(view) not in known] == []


def test_every_role_has_a_column() -> None:
    assert ["anonymous", *TABLE.roles] == WHO


@pytest.fixture(scope="module")
def people(django_db_setup: None, django_db_blocker: Any) -> Iterator[dict[str, Any]]:
    """One simulated user for each role, in a system that is loaded; gone after the module."""
    from joinedup.system import services

    with django_db_blocker.unblock(), transaction.atomic():
        grant = service_grant("test", "try every route as every role", "the reader")
        services.load_system(services.system_file("hwe"), grant)
        demo_users()
        yield {role: signed_in_as(role) for role in TABLE.roles}
        transaction.set_rollback(True)


def signed_in_as(role: str) -> SimpleCookie:
    """Sign in as the demo user of a role, as a browser does; answers the cookies it keeps."""
    client = Client()
    assert client.post("/access/demo/", {"role": role}).status_code == 302
    return client.cookies


def answer_to(cookies: SimpleCookie | None, method: str, route: str) -> str:
    """Try a route as somebody: yes, no or sign-in; whatever it did is undone."""
    for piece, stands_for in PIECES.items():
        route = route.replace(piece, stands_for)
    assert "<" not in route, f"say in PIECES what stands for the changing piece of {route}"
    client = Client(raise_request_exception=False)
    before = transaction.savepoint()
    if cookies is not None:
        client.cookies = copy(cookies)
    response = client.generic(method, route)
    transaction.savepoint_rollback(before)
    assert response.status_code < 500, f"{method} {route} answers {response.status_code}"
    if response.status_code == 401 or response.headers.get("Location", "").startswith("/access/sign-in/?"):
        return "sign-in"
    return "no" if response.status_code == 403 else "yes"


@pytest.fixture
def errors_unrendered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Error pages as empty ones: most cells are refusals, and a table of statuses has no use for their text."""
    html = Page.html
    monkeypatch.setattr(Page, "html", lambda page: "" if page.template == "ui/error.jinja" else html(page))


@pytest.mark.django_db
@pytest.mark.usefixtures("errors_unrendered")
@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['method']} {row['route']}")
def test_the_table_holds(row: dict[str, str], people: dict[str, Any]) -> None:
    found = {who: answer_to(people.get(who), row["method"], row["route"]) for who in WHO}
    assert found == {who: row[who] for who in WHO}


@pytest.mark.django_db
@pytest.mark.parametrize("permission", ["access.users", "access.audit", "system.people", "system.correct"])
def test_a_check_that_is_lost_shows(permission: str, people: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """The table has teeth: when one permission is open to all, at least one of its cells differs."""
    from joinedup.access import decision

    decide = decision.decide

    def careless(actor: Any, wanted: str, *rest: Any, **more: Any) -> Any:
        return decide(actor, "system.read" if wanted == permission else wanted, *rest, **more)

    monkeypatch.setattr("joinedup.access.grant.decide", careless)
    guarded = {route for route, view in routes() if permission_of(view) == permission}
    found = [
        answer_to(people["resident"], row["method"], row["route"]) != row["resident"]
        for row in ROWS
        if row["route"] in guarded and row["method"] == "GET"
    ]
    assert any(found)


@pytest.mark.django_db
def test_every_page_says_that_its_people_are_simulated(people: dict[str, Any]) -> None:
    client = Client()
    client.cookies = copy(people["system_admin"])
    for page in (
        "/",
        "/system/",
        "/system/QM7/",
        "/access/users/",
        "/access/account/",
        "/search/?q=Harlow",
        "/nowhere/",
    ):
        assert "Simulated residents" in client.get(page).content.decode(), page
