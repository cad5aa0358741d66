"""Opening a record without a relationship: one person, one session, an hour, a reason, an alert, a review."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core import mail
from django.test import Client, RequestFactory
from django.urls import reverse

from joinedup.access import (
    AccessLogEntry,
    NotNeeded,
    Relationship,
    access_log,
    alerts as watching,
    break_glass,
    disclose,
    grant_for,
    grant_for_resident,
    keep_relationships,
    own_record,
)
from joinedup.access.alerts import working_days_after
from joinedup.access.models import Alert, AuditEntry, BreakGlass, UserSession
from joinedup.errors import NotFound, Refused, RuleError

from .conftest import PASSWORD
from .test_7_opening_records import PRACTICE, TRUST, codes_here

WHY = "Found confused at the station, no papers on him"
ADA, BEA = uuid4(), uuid4()
__all__ = ["codes_here"]


@pytest.fixture(autouse=True)
def codes(settings: Any) -> None:
    settings.BODY_CODES = [f"{__name__}.codes_here"]
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


@pytest.fixture
def signed_in(make: Callable[..., Any], client: Client) -> Callable[..., Any]:
    """Somebody signed in through the page, with a role in a body, as the request that they would send."""

    def sign_in(role: str = "emergency_clinician", body: UUID | None = TRUST, name: str = "") -> Any:
        user = make(name or f"{role}-{uuid4().hex[:6]}", role, body_id=body)
        return request_of(user)

    return sign_in


def request_of(user: Any) -> Any:
    client = Client()
    client.post(reverse("access:sign-in"), {"email": user.email, "password": PASSWORD})
    request = RequestFactory().get("/")
    request.user, request.session, request.client = user, client.session, client
    return request


def opened(request: Any, subjects: list[UUID], at: datetime | None = None, permission: str = "record.full") -> str:
    return grant_for_resident(request, permission, subjects, at=at).relationship or ""


@pytest.mark.django_db
def test_it_opens_one_person_in_one_session_for_an_hour(signed_in: Callable[..., Any]) -> None:
    request, at = signed_in(), datetime.now(UTC)
    glass = break_glass(request, [ADA], "emergency", WHY, at=at)
    assert glass.ends_at == at + timedelta(minutes=60)
    assert opened(request, [ADA, BEA]) == f"break-glass:{glass.reference}"  # joined to the person meanwhile
    assert opened(request, [ADA], at + timedelta(minutes=59, seconds=59)) == f"break-glass:{glass.reference}"
    with pytest.raises(NotFound):
        opened(request, [ADA], at + timedelta(minutes=60))
    with pytest.raises(NotFound):  # a second person
        opened(request, [BEA])
    with pytest.raises(NotFound):  # another session of the same user
        opened(request_of(request.user), [ADA])
    UserSession.objects.filter(session_key=request.session.session_key).update(ended_at=at)
    with pytest.raises(NotFound):  # signed out
        opened(request, [ADA])


REFUSED = [
    # role, reason, text -> error
    ("emergency_clinician", "", WHY, RuleError),
    ("emergency_clinician", "curious", WHY, RuleError),
    ("emergency_clinician", "emergency", "", RuleError),
    ("emergency_clinician", "emergency", "nineteen characters", RuleError),
    ("emergency_clinician", "emergency", "....................", RuleError),
    ("reception", "emergency", WHY, Refused),
    ("social_prescribing_link_worker", "emergency", WHY, Refused),
    ("analyst", "emergency", WHY, Refused),
    ("system_admin", "emergency", WHY, Refused),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("role", "reason", "text", "error"), REFUSED)
def test_without_a_reason_or_the_role_nothing_opens_and_nobody_is_alerted(
    role: str, reason: str, text: str, error: type[Exception], signed_in: Callable[..., Any]
) -> None:
    assert len("nineteen characters") == 19
    with pytest.raises(error):
        break_glass(signed_in(role), [ADA], reason, text)
    assert not BreakGlass.objects.exists()
    assert not Alert.objects.exists()


@pytest.mark.django_db
def test_it_is_not_needed_where_a_relationship_opens_the_record(signed_in: Callable[..., Any]) -> None:
    keep_relationships([Relationship(ADA, "RWH", "open_encounter", None, None, uuid4())])
    with pytest.raises(NotNeeded):
        break_glass(signed_in(), [ADA], "emergency", WHY)
    assert NotNeeded.status == 409


@pytest.mark.django_db
def test_an_unknown_person_and_somebody_without_a_session_open_nothing(signed_in: Callable[..., Any]) -> None:
    request = signed_in()
    with pytest.raises(NotFound):
        break_glass(request, [], "emergency", WHY)
    request.session = {}
    with pytest.raises(Refused):
        break_glass(request, [ADA], "emergency", WHY)
    denied = [e.entry for e in AuditEntry.objects.order_by("id") if e.entry["action"] == "record.break-glass"]
    assert [(entry["outcome"], entry["details"]["denied"]) for entry in denied] == [
        ("denied", "no such resident"), ("denied", "no session")]  # fmt: skip


def send_all() -> int:
    return sum(watching.send(pk, datetime.now(UTC)) for pk in Alert.objects.values_list("pk", flat=True))


@pytest.mark.django_db
def test_the_privacy_officer_of_the_organisation_hears_of_it_by_reference_alone(
    signed_in: Callable[..., Any], make: Callable[..., Any]
) -> None:
    make("Helen", "privacy_officer", body_id=TRUST)
    make("Other", "privacy_officer", body_id=PRACTICE)
    request = signed_in(name="Femi")
    glass = break_glass(request, [ADA], "emergency", WHY)
    assert send_all() == 1
    assert send_all() == 0  # a job that runs twice sends once
    (letter,) = mail.outbox
    alert = Alert.objects.get()
    assert letter.to == ["helen@example.org"]
    assert str(alert.pk) in letter.body
    everything = f"{letter.subject} {letter.body}".lower()
    told = ["femi", str(ADA), str(glass.reference), "station", "emergency", str(request.user.pk)]
    assert [word for word in told if word in everything] == []
    (audited,) = [e.entry for e in AuditEntry.objects.all() if e.entry["action"] == "record.break-glass"]
    assert WHY not in str(audited)
    assert (audited["subject"], audited["body"], audited["purpose"]) == (
        f"resident:{ADA}", str(TRUST), "emergency-care")  # fmt: skip


@pytest.mark.django_db
def test_the_letter_is_a_job_of_the_same_transaction(signed_in: Callable[..., Any]) -> None:
    from procrastinate.contrib.django.models import ProcrastinateJob

    break_glass(signed_in(), [ADA], "emergency", WHY)
    (job,) = ProcrastinateJob.objects.filter(task_name__endswith="send_alert")
    assert job.args == {"reference": str(Alert.objects.get().pk)}
    later = datetime.now(UTC) + timedelta(seconds=60)
    assert watching.unsent(later) == [Alert.objects.get().pk]  # what the job of each minute would send


@pytest.mark.django_db
def test_without_an_own_privacy_officer_those_of_the_whole_system_hear_of_it(
    signed_in: Callable[..., Any], make: Callable[..., Any]
) -> None:
    make("Owen", "caldicott_guardian")
    break_glass(signed_in(), [ADA], "emergency", WHY)
    alert = Alert.objects.get()
    day = date.today()  # noqa: DTZ011
    assert [user.name for user in watching.receivers_of(alert, day)] == ["Owen"]
    make("Whole", "privacy_officer")
    assert [user.name for user in watching.receivers_of(alert, day)] == ["Whole"]


@pytest.mark.django_db
def test_more_than_five_a_day_raise_one_more_alert(signed_in: Callable[..., Any]) -> None:
    request, at = signed_in(), datetime.now(UTC)
    for minute in range(6):
        break_glass(request, [uuid4()], "emergency", WHY, at=at + timedelta(minutes=minute))
    kinds = list(Alert.objects.order_by("raised_at").values_list("kind", flat=True))
    assert sorted(kinds) == ["break_glass"] * 6 + ["rate"]
    break_glass(request, [uuid4()], "emergency", WHY, at=at + timedelta(minutes=7))
    assert Alert.objects.filter(kind="rate").count() == 1


@pytest.mark.django_db
def test_what_was_found_not_justified_closes_at_once_and_does_not_open_again(
    signed_in: Callable[..., Any], make: Callable[..., Any]
) -> None:
    officer = make("Helen", "privacy_officer", body_id=TRUST)
    request = signed_in()
    glass = break_glass(request, [ADA], "emergency", WHY)
    leave, alert = grant_for(officer, "access.alerts"), Alert.objects.get()
    now = datetime.now(UTC)
    watching.review(leave, alert.pk, "asked", "", now)
    assert opened(request, [ADA]) == f"break-glass:{glass.reference}"
    with pytest.raises(RuleError, match="at least 10 characters"):
        watching.review(leave, alert.pk, "not_justified", "", now)
    watching.review(leave, alert.pk, "not_justified", "Same surname, not on the ward", now)
    with pytest.raises(NotFound):
        opened(request, [ADA])
    with pytest.raises(Refused, match="not justified"):
        break_glass(request, [ADA], "emergency", WHY)
    watching.review(leave, alert.pk, "justified", "Mixed up with another case", now)  # a mistake is mended
    assert opened(request, [ADA]) == f"break-glass:{glass.reference}"


@pytest.mark.django_db
def test_officers_review_their_own_organisation_and_nobody_their_own_alert(
    signed_in: Callable[..., Any], make: Callable[..., Any], admin: Any
) -> None:
    from joinedup.access import services

    request, now = signed_in(), datetime.now(UTC)
    services.give_role(admin, request.user, "privacy_officer", now, body_id=TRUST)
    break_glass(request, [ADA], "emergency", WHY)
    alert = Alert.objects.get()
    elsewhere = grant_for(make("Elsewhere", "privacy_officer", body_id=PRACTICE), "access.alerts")
    assert watching.list_of_alerts(elsewhere, now) == []
    with pytest.raises(NotFound):
        watching.review(elsewhere, alert.pk, "justified", "", now)
    assert request.user not in watching.receivers_of(alert, now.date())
    del request.access_actor
    with pytest.raises(Refused, match="about themselves"):
        watching.review(grant_for(request, "access.alerts"), alert.pk, "justified", "", now)
    whole = grant_for(make("Owen", "caldicott_guardian"), "access.alerts")
    (row,) = watching.list_of_alerts(whole, now)
    assert (row.reason, row.outcome, row.resident_id) == (WHY, None, ADA)


def test_five_working_days() -> None:
    assert working_days_after(date(2026, 7, 1), 5) == date(2026, 7, 8)  # Wednesday to Wednesday
    assert working_days_after(date(2026, 7, 3), 1) == date(2026, 7, 6)  # Friday to Monday


# --- the pages -----------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_alert_is_reviewed_on_its_page(signed_in: Callable[..., Any], make: Callable[..., Any]) -> None:
    officer = request_of(make("Helen", "privacy_officer", body_id=TRUST)).client
    break_glass(signed_in(name="Femi"), [ADA], "emergency", WHY)
    listed = officer.get(reverse("access:alerts")).content.decode()
    assert "Femi" in listed
    assert "Waits for review" in listed
    page = reverse("access:alert", args=[Alert.objects.get().pk])
    assert WHY in officer.get(page).content.decode()
    wrong = officer.post(page, {"outcome": "not_justified", "note": ""})
    assert wrong.status_code == 422
    assert "#note" in wrong.content.decode()
    assert officer.post(page, {"outcome": "justified"}).status_code == 302
    assert "Justified" in officer.get(reverse("access:alerts")).content.decode()
    log = officer.get(reverse("access:log", args=[ADA])).content.decode()
    assert "Emergency department clinician" in log
    assert "Emergency: waiting would put the person at risk" in log


# --- the resident's own log ----------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_resident_sees_who_looked(signed_in: Callable[..., Any], make: Callable[..., Any], admin: Any) -> None:
    """Opened 3 times by the GP, in 1 list of 20 people, 1 broken glass, 2 own visits, 1 extract: 7 lines (R85)."""
    keep_relationships([Relationship(ADA, "Z00001", "registered_practice", None, None, uuid4())])
    gp = signed_in("clinician", PRACTICE, name="Amina")
    for _ in range(3):
        disclose(grant_for_resident(gp, "record.summary", [ADA]), [ADA], "record.summary", parts=["summary"])
    others = [uuid4() for _ in range(19)]
    disclose(grant_for_resident(gp, "record.find", [ADA]), [ADA, *others], "record.find", parts=["demographics"])
    break_glass(signed_in(), [ADA], "emergency", WHY)
    resident = signed_in("resident", None)
    own_record(admin, resident.user, BEA, datetime.now(UTC))  # ADA and BEA are one person
    own = grant_for_resident(resident, "record.own", [ADA, BEA])
    for _ in range(2):
        disclose(own, [BEA], "record.own", parts=["summary"])
    disclose(admin, others, "snapshot.extract")
    with pytest.raises(NotFound):  # somebody was refused: nothing was shown
        opened(signed_in("nurse"), [ADA])

    log = access_log(own, [ADA, BEA])
    assert len(log) == 7
    assert [entry.is_self for entry in log] == [True, True, False, False, False, False, False]
    glass, found, summary = log[2], log[3], log[4]
    assert (glass.broke_glass, glass.role, glass.reason) == (
        True, "Emergency department clinician", "Emergency: waiting would put the person at risk")  # fmt: skip
    assert (found.did, found.parts, found.purpose) == ("Found in a search", ("demographics",), "Direct care")
    assert (summary.role, summary.organisation, summary.relationship, summary.broke_glass, summary.who) == (
        "Clinician", str(PRACTICE), "registered at the practice", False, "")  # fmt: skip
    assert len(access_log(own, [ADA, BEA])) == 7  # reading the log is no line in it
    with pytest.raises(Refused):
        access_log(own, [others[0]])
    with pytest.raises(Refused):
        access_log(grant_for_resident(gp, "record.summary", [ADA]), [ADA])


@pytest.mark.django_db
def test_names_are_shown_to_residents_by_setting(signed_in: Callable[..., Any], admin: Any, settings: Any) -> None:
    keep_relationships([Relationship(ADA, "Z00001", "registered_practice", None, None, uuid4())])
    gp = signed_in("clinician", PRACTICE, name="Amina")
    disclose(grant_for_resident(gp, "record.summary", [ADA]), [ADA], "record.summary")
    resident = signed_in("resident", None)
    own_record(admin, resident.user, ADA, datetime.now(UTC))
    settings.ACCESS_LOG_NAMES = True
    (line,) = access_log(grant_for_resident(resident, "record.own", [ADA]), [ADA])
    assert line.who == "Amina"


@pytest.mark.django_db
def test_officers_see_their_own_organisation_with_names_and_denials(
    signed_in: Callable[..., Any], make: Callable[..., Any]
) -> None:
    keep_relationships([Relationship(ADA, "Z00001", "registered_practice", None, None, uuid4())])
    disclose(grant_for_resident(signed_in("clinician", PRACTICE, name="Amina"), "record.summary", [ADA]), [ADA])
    with pytest.raises(NotFound):
        opened(signed_in("nurse", TRUST, name="Ruth"), [ADA])

    def seen_by(name: str, role: str, body: UUID | None) -> list[tuple[str, str]]:
        log: list[AccessLogEntry] = access_log(grant_for(make(name, role, body_id=body), "record.access_log"), [ADA])
        return [(entry.who, entry.outcome) for entry in log]

    assert seen_by("Here", "privacy_officer", PRACTICE) == [("Amina", "done")]
    assert seen_by("There", "privacy_officer", TRUST) == [("Ruth", "denied")]
    assert seen_by("Owen", "caldicott_guardian", None) == [("Ruth", "denied"), ("Amina", "done")]


@pytest.mark.django_db
def test_the_log_is_found_by_its_index() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("EXPLAIN SELECT * FROM access_auditentry WHERE entry ->> 'subject' = ANY(%s)", [["resident:1"]])
        assert "access_audit_subject" in "\n".join(row[0] for row in cursor.fetchall())
