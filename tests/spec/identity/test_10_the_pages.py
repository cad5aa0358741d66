"""The queue, a pair side by side, and the joins of a resident; who may see them, and that every look is recorded."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection, transaction
from django.test import Client

from joinedup.access import Grant, demo_users
from joinedup.identity import link, resident_of, subjects_of

from .conftest import ANA

Keep = Callable[..., UUID]


@pytest.fixture(autouse=True)
def _house(settings: Any, tmp_path: Any) -> None:
    settings.STATIC_ROOT = tmp_path
    settings.CACHES = {**settings.CACHES, "drawings": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}


@pytest.fixture
def reviewer(db: Any) -> Client:
    """A browser in which the demo user for data quality is signed in."""
    with transaction.atomic():
        demo_users()
    return signed_in("data_quality")


def signed_in(role: str) -> Client:
    client = Client()
    assert client.post("/access/demo/", {"role": role}).status_code == 302
    return client


@pytest.fixture
def pair(keep: Keep, grant: Grant) -> tuple[UUID, UUID, int]:
    """Two records of one number and two births: they wait for a person."""
    one = keep("gp:1", nhs_number=ANA, family="QUILLFEATHER", given="ANA")
    two = keep("acute:1", nhs_number=ANA, family="WOOD", given="TOM", birth_date=date(1930, 2, 3))
    link(grant)
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM identity_review WHERE closed_at IS NULL")
        ((review,),) = cursor.fetchall()
    return one, two, review


def audited(action: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT entry ->> 'subject' FROM access_auditentry WHERE entry ->> 'action' = %s ORDER BY id", [action]
        )
        return [subject for (subject,) in cursor.fetchall()]


def test_the_queue_names_nobody(reviewer: Client, pair: tuple[UUID, UUID, int]) -> None:
    page = reviewer.get("/identity/").content.decode()
    assert f"/identity/reviews/{pair[2]}/" in page
    assert "birth date or names say two people" in page
    assert "QUILLFEATHER" not in page.upper()


def test_a_pair_is_shown_side_by_side_and_both_logs_say_who_looked(
    reviewer: Client, pair: tuple[UUID, UUID, int]
) -> None:
    one, two, review = pair
    page = reviewer.get(f"/identity/reviews/{review}/").content.decode()
    for said in ("QUILLFEATHER", "WOOD", "24 06 1971", "03 02 1930", "999 000 0018 (verified)", "Surname", "Forename"):
        assert said in page
    assert "The two contradict each other on: date of birth, surname, forename" in page
    assert "<svg" in page
    assert set(audited("identity.review")) >= {f"resident:{one}", f"resident:{two}"}


def test_a_verdict_joins_the_two_and_can_be_undone(reviewer: Client, pair: tuple[UUID, UUID, int]) -> None:
    one, two, review = pair
    said = {"verdict": "match", "reason": "her father's details were typed", "request": str(uuid4())}
    assert reviewer.post(f"/identity/reviews/{review}/", said).headers["Location"] == "/identity/"
    assert set(subjects_of(one)) == {one, two}
    assert set(audited("identity.decide")) == {f"resident:{one}", f"resident:{two}"}
    assert reviewer.get(f"/identity/reviews/{review}/").status_code == 404
    resident = resident_of(one)
    page = reviewer.get(f"/identity/residents/{resident}/").content.decode()
    assert "Decided by a person" in page
    assert "her father&#39;s details were typed" in page
    said = {"records": [str(two)], "reason": "two people after all", "request": str(uuid4())}
    assert reviewer.post(f"/identity/residents/{resident}/", said).status_code == 302
    assert (resident_of(one), resident_of(two)) == (one, two)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"reason": "because"}, "Choose what you found"),
        ({"verdict": "perhaps", "reason": "because"}, "Choose what you found"),
        ({"verdict": "match"}, "Say why, in a few words"),
    ],
)
def test_a_verdict_that_is_not_whole_is_asked_again(
    reviewer: Client, pair: tuple[UUID, UUID, int], wrong: dict[str, str], says: str
) -> None:
    answer = reviewer.post(f"/identity/reviews/{pair[2]}/", {"request": str(uuid4()), **wrong})
    assert answer.status_code == 400
    assert says in answer.content.decode()
    assert resident_of(pair[0]) != resident_of(pair[1])


def test_a_double_click_is_one_decision(reviewer: Client, pair: tuple[UUID, UUID, int]) -> None:
    said = {"verdict": "never", "reason": "two people", "request": str(uuid4())}
    for _ in range(2):
        assert reviewer.post(f"/identity/reviews/{pair[2]}/", said).status_code == 302
    another = {**said, "request": str(uuid4())}
    assert reviewer.post(f"/identity/reviews/{pair[2]}/", another).status_code == 404
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM identity_decision")
        assert cursor.fetchone() == (1,)


def test_parting_all_records_is_refused_with_a_reason(reviewer: Client, keep: Keep, grant: Grant) -> None:
    one, two = keep("gp:1", nhs_number=ANA), keep("acute:1", nhs_number=ANA)
    link(grant)
    said = {"records": [str(one), str(two)], "reason": "both", "request": str(uuid4())}
    answer = reviewer.post(f"/identity/residents/{resident_of(one)}/", said)
    assert (answer.status_code, "leave at least one" in answer.content.decode()) == (400, True)


def test_others_see_none_of_it(reviewer: Client, pair: tuple[UUID, UUID, int]) -> None:
    for client in (signed_in("clinician"), signed_in("system_admin")):
        for address in ("/identity/", f"/identity/reviews/{pair[2]}/", f"/identity/residents/{pair[0]}/"):
            assert client.get(address).status_code == 403
    assert Client().get("/identity/").headers["Location"].startswith("/access/sign-in/")


def test_who_is_not_there_is_not_found(reviewer: Client) -> None:
    assert reviewer.get(f"/identity/residents/{uuid4()}/").status_code == 404
    assert reviewer.get("/identity/reviews/1/").status_code == 404
