"""Asking, deciding and the public log, as pages: who sees what, what a finding says, and what is never shown."""

from __future__ import annotations

import html
import re
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test import Client
from tests.made_population import make

from joinedup.access import demo_users
from joinedup.measures.models import Release
from joinedup.measures.releases import services

from .releasing import TABLE

NUMBER = "9990000018"


@pytest.fixture(autouse=True)
def _house(settings: Any, tmp_path: Any, db: Any) -> None:
    settings.STATIC_ROOT = tmp_path
    with transaction.atomic():
        demo_users()


def signed_in(role: str) -> Client:
    client = Client()
    assert client.post("/access/demo/", {"role": role}).status_code == 302
    return client


@pytest.fixture
def analyst() -> Client:
    return signed_in("analyst")


@pytest.fixture
def officer() -> Client:
    return signed_in("privacy_officer")


def file(text: str = TABLE, name: str = "figures.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, text.encode(), "text/csv")


def form(**changes: Any) -> dict[str, Any]:
    said = {
        "title": "Smoking by place", "purpose": "For the annual report of the board", "recipient_kind": "public",
        "recipient": "", "mode": "nhs", "how": "Snapshot of June, notebook smoking",
        "explanation": "Nothing of these people is out",
        "request": str(uuid4()), "file": file(), **changes,
    }  # fmt: skip
    return {key: value for key, value in said.items() if value is not None}


def asked(client: Client, **changes: Any) -> int:
    response = client.post("/measures/releases/ask/", form(**changes))
    assert response.status_code == 302, text_of(response)
    return int(Release.objects.latest("number").number)


def text_of(response: Any) -> str:
    plain = re.sub(r"<(script|style)\b.*?</\1>|<[^>]+>", " ", response.content.decode(), flags=re.DOTALL)
    return " ".join(html.unescape(plain).split())


def decide(client: Client, number: int, verdict: str, reason: str = "Looked at each cell") -> Any:
    return client.post(f"/measures/releases/queue/{number}/", {"verdict": verdict, "reason": reason})


def test_an_analyst_asks_a_privacy_officer_approves_and_everyone_sees_it(analyst: Client, officer: Client) -> None:
    number = asked(analyst)
    mine = text_of(analyst.get("/measures/releases/"))
    assert "It waits for a second person" in mine
    assert "Smoking by place" in mine
    shown = text_of(officer.get(f"/measures/releases/queue/{number}/"))
    for said in (
        "For the annual report of the board",
        "The public",
        "West",
        "Not compared with what is out",
        "Mei Sample",
    ):
        assert said in shown
    assert decide(officer, number, "publish").status_code == 302

    everyone = Client()
    assert "Smoking by place" in text_of(everyone.get("/open/releases/"))
    public = text_of(everyone.get(f"/open/releases/{number}/"))
    for said in ("Privacy officer", "1 to 7 suppressed", "Snapshot of June", "Published", "East", "20"):
        assert said in public
    assert "Sample" not in public.replace("Samples", ""), "the log names roles, no people"
    taken = everyone.get(f"/open/releases/{number}/file/")
    assert taken.content == TABLE.encode()
    assert "attachment" in taken["Content-Disposition"]


def test_what_is_not_published_is_not_public(analyst: Client, officer: Client) -> None:
    number = asked(analyst)
    everyone = Client()
    for verdict in (None, "approve"):
        if verdict:
            decide(officer, number, verdict)
        assert everyone.get(f"/open/releases/{number}/").status_code == 404
        assert everyone.get(f"/open/releases/{number}/file/").status_code == 404
        assert "Smoking" not in text_of(everyone.get("/open/releases/"))


def test_a_release_to_a_body_is_in_the_log_without_its_name_and_without_the_file(
    analyst: Client, officer: Client
) -> None:
    number = asked(analyst, recipient_kind="council", recipient="Council of Nowhere")
    decide(officer, number, "publish")
    public = text_of(Client().get(f"/open/releases/{number}/"))
    assert "A council" in public
    assert "Nowhere" not in public
    assert "West" not in public
    assert Client().get(f"/open/releases/{number}/file/").status_code == 404
    taken = analyst.post(f"/measures/releases/{number}/file/")
    assert taken.content == TABLE.encode()
    assert "file taken" in text_of(analyst.get(f"/measures/releases/{number}/"))


def test_a_withdrawn_release_stays_in_the_log_without_its_figures(analyst: Client, officer: Client) -> None:
    number = asked(analyst)
    decide(officer, number, "publish")
    assert analyst.post(f"/measures/releases/{number}/withdraw/", {"reason": "Wrong"}).status_code == 302
    listed, public = text_of(Client().get("/open/releases/")), text_of(Client().get(f"/open/releases/{number}/"))
    assert "Withdrawn" in listed
    assert "do not use" in public
    assert "West" not in public
    assert Client().get(f"/open/releases/{number}/file/").status_code == 404


def test_a_finding_that_refuses_is_said_with_its_place_and_never_with_its_value(analyst: Client) -> None:
    bad = f"place,people,note\nEast,20,{NUMBER}\nWest,3,x\n"
    response = analyst.post("/measures/releases/ask/", form(file=file(bad)))
    assert response.status_code == 400
    said = text_of(response)
    assert "This cannot leave as it is" in said
    assert "column people, row 3" in said
    assert "column note, row 2" in said
    assert NUMBER not in said
    assert not Release.objects.exists()


def test_a_finding_that_may_be_explained_asks_for_it_and_keeps_the_file(analyst: Client, officer: Client) -> None:
    table = "place,mean\nEast,4.25\nWest,3.5\n"
    response = analyst.post("/measures/releases/ask/", form(file=file(table), explanation=""))
    assert response.status_code == 400
    assert "Explain what was found" in text_of(response)
    found = re.search(r'name="kept" value="([^"]+)"', response.content.decode())
    assert found
    number = asked(
        analyst, file=None, kept=found[1], kept_name="figures.csv", explanation="Means of bed days, of no people"
    )
    shown = text_of(officer.get(f"/measures/releases/queue/{number}/"))
    assert "Needs an explanation" in shown
    assert "Means of bed days, of no people" in shown
    assert "4.25" in shown


def test_a_file_that_is_none_is_said_beside_its_field(analyst: Client) -> None:
    for given, says in ((None, "no file was chosen"), (file("PK\x03\x04"), "workbook"), (file("a,b\n"), "one row")):
        response = analyst.post("/measures/releases/ask/", form(file=given))
        assert response.status_code == 400
        assert says in text_of(response)
        assert "Error: Ask for a release" in text_of(response)


def test_each_empty_field_is_said_once(analyst: Client) -> None:
    empty = form(title="", purpose="", recipient_kind="", how="", mode="")
    page = analyst.post("/measures/releases/ask/", empty).content.decode()
    for field in ("title", "purpose", "recipient_kind", "how", "mode"):
        assert page.count(f'href="#{field}"') == 1, field
    council = analyst.post("/measures/releases/ask/", form(recipient_kind="council")).content.decode()
    assert 'href="#recipient"' in council


def test_an_analyst_can_neither_see_the_queue_nor_decide(analyst: Client) -> None:
    number = asked(analyst)
    assert analyst.get("/measures/releases/queue/").status_code == 403
    assert decide(analyst, number, "publish").status_code == 403
    assert Client().get(f"/open/releases/{number}/").status_code == 404


def test_a_second_analyst_sees_nothing_of_it(analyst: Client) -> None:
    number = asked(analyst)
    planner = signed_in("planner")
    assert "Smoking" not in text_of(planner.get("/measures/releases/"))
    for route in ("", "withdraw/", "publish/", "file/"):
        method = planner.post if route else planner.get
        assert method(f"/measures/releases/{number}/{route}", {"reason": "why not"}).status_code == 404, route


def test_a_refusal_is_read_by_whoever_asked(analyst: Client, officer: Client) -> None:
    number = asked(analyst)
    assert decide(officer, number, "refuse", "").status_code == 400
    decide(officer, number, "refuse", "West has one practice only")
    shown = text_of(analyst.get(f"/measures/releases/{number}/"))
    assert "Refused" in shown
    assert "West has one practice only" in shown
    assert "Decided" in text_of(officer.get("/measures/releases/queue/"))


def test_what_became_harmful_since_it_was_asked_is_not_approved(
    analyst: Client, officer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = asked(analyst)
    from joinedup.measures.releases.checks import Finding

    harm = Finding("difference", "refuse", "Minus a table that is out already, some counts leave 1 to 7 people.")
    monkeypatch.setattr(services.differences, "against", lambda _tables, _register: [harm])
    response = decide(officer, number, "publish")
    assert response.status_code == 400
    assert "Minus a table that is out already" in text_of(response)
    assert services.state_of(services.release_of(number)) == "waiting"
    assert decide(officer, number, "refuse", "It differs by few").status_code == 302


COHORT = "/measures/releases/ask/?sentence=is+registered&by=sex"


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> list[Any]:
    """A small snapshot as the newest; and each table that is made of it."""
    from joinedup.measures.releases import contents as release_contents

    folder = make(tmp_path, residents=300)
    monkeypatch.setattr("joinedup.population.snapshot.snapshots_folder", lambda: folder.parent)
    all_made: list[Any] = []
    plain = release_contents.made
    monkeypatch.setattr(release_contents, "made", lambda wanted: all_made.append(wanted) or plain(wanted))
    return all_made


def audited(action: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM access_auditentry WHERE entry ->> 'action' = %s", [action])
        return int(cursor.fetchone()[0])


def test_an_address_counts_nobody_before_it_is_asked_for(analyst: Client, counted: list[Any]) -> None:
    shown = analyst.get(COHORT)
    assert "is registered; counted by sex" in text_of(shown)
    assert "<table" not in shown.content.decode()
    assert analyst.post(COHORT, form(file=None, title="")).status_code == 400
    assert counted == []
    number_asked = analyst.post(COHORT, form(file=None, mode="suppress"))
    assert number_asked.status_code == 302, text_of(number_asked)
    assert len(counted) == 1
    assert audited("release.make") == 1
    assert Release.objects.get().mode == "nhs", "counts are rounded, whatever the form says"


def test_counts_that_cannot_leave_are_not_shown_to_whoever_asked(
    analyst: Client, counted: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from joinedup.measures.releases.checks import Finding

    harm = Finding("difference", "refuse", "Together with what is out, some counts leave 1 to 7 people.")
    monkeypatch.setattr(services.differences, "against", lambda _tables, _register: [harm])
    response = analyst.post(COHORT, form(file=None))
    assert response.status_code == 400
    assert "female" not in response.content.decode()


def test_the_queue_shows_what_waits_however_much_was_decided(
    analyst: Client, officer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("joinedup.measures.releases.views.MOST_SHOWN", 1)
    decide(officer, asked(analyst, title="The first of all"), "refuse")
    asked(analyst, title="It waits since then")
    shown = text_of(officer.get("/measures/releases/queue/"))
    assert "It waits since then" in shown
    assert "The first of all" in shown


def test_a_published_address_of_nothing_is_not_found() -> None:
    for route in ("/open/releases/999/", "/open/releases/999/file/"):
        assert Client().get(route).status_code == 404
