"""A release: asked by one, approved by another, published; nothing of it is overwritten, everything is audited.

Steps add up to a state. What the checks refuse never enters the queue, and nothing of it is kept but the audit.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.db.utils import ProgrammingError

from joinedup.errors import NotFound, Refused, RuleError
from joinedup.measures.models import Release, ReleaseContent
from joinedup.measures.releases import services
from joinedup.measures.releases.services import APPROVE, ask_release
from joinedup.measures.releases.steps import KINDS, STATES, STEPS, after, check_request, state_of

from .releasing import ANIL, MEI, TABLE, content, grant, request

NUMBER = "9990000018"


def steps(number: int) -> list[str]:
    return [step.step for step in services.steps_of(services.release_of(number))]


def state(number: int) -> str:
    return services.state_of(services.release_of(number))


def audited() -> list[tuple[str, str, dict[str, Any]]]:
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT entry ->> 'action', entry ->> 'outcome', entry -> 'details' FROM access_auditentry
                WHERE entry ->> 'action' LIKE 'release.%%' ORDER BY id""",
            [],
        )
        return [(action, outcome, json.loads(details)) for action, outcome, details in cursor.fetchall()]


# --- steps and states (no database) --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "led_to"),
    [
        ("asked", "waiting"),
        ("asked checked", "waiting"),
        ("asked checked approved", "approved"),
        ("asked checked checked refused", "refused"),
        ("asked checked approved published", "published"),
        ("asked checked approved published downloaded downloaded", "published"),
        ("asked withdrawn", "withdrawn"),
        ("asked checked approved published withdrawn", "withdrawn"),
    ],
)
def test_the_state_is_read_from_the_steps(told: str, led_to: str) -> None:
    assert state_of(told.split()) == led_to


@pytest.mark.parametrize(
    "told",
    [
        "approved",
        "asked published",
        "asked refused approved",
        "asked approved refused",
        "asked approved downloaded",
        "asked withdrawn approved",
        "asked asked",
    ],
)
def test_a_step_that_cannot_follow_is_an_error_in_words(told: str) -> None:
    with pytest.raises(RuleError):
        state_of(told.split())


def test_nothing_follows_a_refusal_or_a_withdrawal() -> None:
    for end in ("refused", "withdrawn"):
        for step in STEPS:
            with pytest.raises(RuleError, match=STATES[end].lower()):
                after(end, step)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"kind": "rows"}, "kind of content"),
        ({"recipient_kind": "friend"}, "kind of recipient"),
        ({"mode": "internal"}, "protecting"),
        ({"title": " "}, "title"),
        ({"purpose": "why"}, "purpose"),
        ({"recipient_kind": "council"}, "Name the body"),
    ],
)
def test_a_request_says_what_it_lacks(change: dict[str, str], says: str) -> None:
    with pytest.raises(RuleError, match=says):
        check_request(request(**change))
    assert set(KINDS) == {"measures", "cohort", "file"}


# --- asking --------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_what_passes_the_checks_waits_for_a_second_person() -> None:
    number = ask_release(MEI, request(), content())
    assert steps(number) == ["asked", "checked"]
    assert state(number) == "waiting"
    assert services.content_of(services.release_of(number)).file.content == TABLE.encode()
    assert [(action, outcome) for action, outcome, _ in audited()] == [("release.ask", "done")]
    assert services.public_releases() == []


@pytest.mark.django_db
def test_what_a_check_refuses_is_not_kept_and_the_audit_counts_it() -> None:
    with pytest.raises(services.NotReleasable) as error:
        ask_release(MEI, request(), content(f"place,people,number\nEast,20,{NUMBER}\nWest,3,x\n"))
    assert {one.code for one in error.value.findings} == {"identifier", "small-count"}
    assert NUMBER not in str(error.value)
    assert not Release.objects.exists()
    assert not ReleaseContent.objects.exists()
    ((action, outcome, details),) = audited()
    assert (action, outcome, details) == (
        "release.ask", "denied", {"findings": {"identifier": 1, "small-count": 1}},
    )  # fmt: skip


@pytest.mark.django_db
def test_the_title_and_the_purpose_may_name_nobody() -> None:
    for field in ("title", "purpose", "recipient", "explanation"):
        with pytest.raises(services.NotReleasable):
            ask_release(MEI, request(**{field: f"Figures of {NUMBER}"}), content())
    assert not Release.objects.exists()


@pytest.mark.django_db
def test_what_may_be_explained_must_be_explained() -> None:
    table = content("place,mean\nEast,4.25\nWest,3.5\n")
    with pytest.raises(services.NeedsExplanation):
        ask_release(MEI, request(explanation=""), table)
    number = ask_release(MEI, request(explanation="Means of bed days, no people"), table)
    (one,) = [one for one in services.last_findings(services.release_of(number)) if one.code != "not-compared"]
    assert (one.code, one.severity) == ("share-unproven", "explain")


@pytest.mark.django_db
def test_asking_twice_with_one_request_is_one_release_and_a_file_is_kept_once() -> None:
    same = uuid4()
    first = ask_release(MEI, request(), content(), request_id=same)
    assert ask_release(MEI, request(), content(), request_id=same) == first
    second = ask_release(MEI, request(title="Once more"), content())
    assert second != first
    assert ReleaseContent.objects.count() == 1


@pytest.mark.django_db
def test_leave_for_something_else_asks_and_approves_nothing() -> None:
    with pytest.raises(Refused):
        ask_release(replace(MEI, permission="measures.read"), request(), content())
    number = ask_release(MEI, request(), content())
    with pytest.raises(Refused):
        services.approve(grant("Somebody else"), number, "looks well")


# --- a second person -----------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_another_approves_and_whoever_asked_publishes() -> None:
    number = ask_release(MEI, request(), content())
    services.approve(ANIL, number, "Looked at each cell")
    assert state(number) == "approved"
    with pytest.raises(RuleError, match="approved"):
        services.approve(ANIL, number, "Once more")
    services.publish(MEI, number)
    assert steps(number) == ["asked", "checked", "checked", "approved", "published"]
    assert [one.number for one in services.public_releases()] == [number]
    assert services.take_file(MEI, number).content == TABLE.encode()
    assert [action for action, _, _ in audited()] == [
        "release.ask", "release.approve", "release.publish", "release.download",
    ]  # fmt: skip


@pytest.mark.django_db
def test_nobody_approves_what_they_asked_themselves_also_with_the_permission_and_the_attempt_is_audited() -> None:
    number = ask_release(MEI, request(), content())
    both = replace(MEI, permission=APPROVE, role="caldicott_guardian")
    for act in (services.approve, services.refuse):
        with pytest.raises(Refused, match="second person"):
            act(both, number, "My own")
    assert state(number) == "waiting"
    assert [(action, outcome) for action, outcome, _ in audited()[1:]] == [
        ("release.approve", "denied"), ("release.refuse", "denied"),
    ]  # fmt: skip


@pytest.mark.django_db
def test_a_refusal_carries_its_reason_and_ends_it() -> None:
    number = ask_release(MEI, request(), content())
    with pytest.raises(RuleError, match="why"):
        services.refuse(ANIL, number, " ")
    services.refuse(ANIL, number, "Too few areas")
    assert state(number) == "refused"
    assert services.steps_of(services.release_of(number))[-1].reason == "Too few areas"
    for act in (services.publish, services.take_file):
        with pytest.raises(RuleError):
            act(MEI, number)


@pytest.mark.django_db
def test_a_reason_names_nobody_either() -> None:
    number = ask_release(MEI, request(), content())
    with pytest.raises(services.NotReleasable):
        services.refuse(ANIL, number, f"I know {NUMBER}")
    assert state(number) == "waiting"


@pytest.mark.django_db
def test_what_is_withdrawn_after_it_was_out_stays_in_the_log() -> None:
    number = ask_release(MEI, request(), content())
    services.approve(ANIL, number, "Looked at each cell", publish_now=True)
    services.withdraw(MEI, number, "The denominator was wrong")
    assert state(number) == "withdrawn"
    assert [one.number for one in services.public_releases()] == [number]
    with pytest.raises(RuleError):
        services.take_file(MEI, number)


@pytest.mark.django_db
def test_what_was_never_out_is_not_in_the_log() -> None:
    number = ask_release(MEI, request(), content())
    services.withdraw(MEI, number, "Asked too early")
    assert services.public_releases() == []


@pytest.mark.django_db
def test_somebody_else_s_release_is_not_there_for_another_analyst() -> None:
    number = ask_release(MEI, request(), content())
    other = grant("Zofia Sample", role="planner")
    services.approve(ANIL, number, "Looked at each cell")
    for act in (services.publish, services.take_file):
        with pytest.raises(NotFound):
            act(other, number)
    with pytest.raises(NotFound):
        services.withdraw(other, number, "Not mine")


# --- nothing is overwritten ----------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("table", ["release", "releasecontent", "releasestep", "releasedtable"])
@pytest.mark.parametrize("what", ["UPDATE measures_{} SET {} = {}", "DELETE FROM measures_{}"])
def test_no_row_of_a_release_is_changed_or_deleted(table: str, what: str) -> None:
    ask_release(MEI, request(), content())
    key = {"release": "number", "releasecontent": "digest"}.get(table, "id")
    with pytest.raises(ProgrammingError, match="only grows"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(what.format(table, key, key))


@pytest.mark.django_db
def test_a_file_is_not_compared_with_what_is_out_and_that_must_be_explained() -> None:
    """Nobody but its maker knows whom a file counts; whoever decides reads what its maker says of that."""
    with pytest.raises(services.NeedsExplanation, match="Not compared with what is out"):
        ask_release(MEI, request(explanation=""), content())
    release = services.release_of(ask_release(MEI, request(), content()))
    assert [one.code for one in services.last_findings(release)] == ["not-compared"]
