"""Users: invitation, reset, roles for a period in a body, and a leaver whose access ends at once."""

from __future__ import annotations

import re
import smtplib
import threading
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import OperationalError, connection, transaction
from django.test import Client
from django.urls import reverse

from joinedup import settings as real_settings
from joinedup.access import Grant, grant_for
from joinedup.errors import NotFound, Refused, RuleError

from .conftest import PASSWORD
from .test_2_signing_in import is_signed_in, sign_in

pytestmark = pytest.mark.django_db
NOW = datetime.now(UTC)
TRUST, BOARD = UUID(int=1), UUID(int=2)


def link_in(letter: Any) -> str:
    found = re.search(r"https?://\S+", letter.body)
    assert found, letter.body
    return found[0].split("/", 3)[3]


@pytest.fixture
def letters(mailoutbox: list[Any], django_capture_on_commit_callbacks: Any) -> Any:
    """Do an act to its end and answer the letters it sent."""

    def send(act: Any) -> list[Any]:
        mailoutbox.clear()
        with django_capture_on_commit_callbacks(execute=True):
            act()
        for beside in threading.enumerate():
            if beside.name == "letter":
                beside.join()
        return list(mailoutbox)

    return send


def test_an_invited_user_chooses_a_password_and_signs_in(client: Client, admin: Grant, letters: Any) -> None:
    from joinedup.access import services

    (letter,) = letters(lambda: services.invite(admin, "Ada@Example.org", "Ada  Lovelace", NOW))
    assert letter.to == ["ada@example.org"]
    address = f"/{link_in(letter)}"
    shown = client.get(address)
    assert (shown.status_code, shown.headers["Cache-Control"]) == (200, "no-store")
    weak = client.post(address, {"password": "short"})
    assert weak.status_code == 422
    assert "too short" in weak.content.decode()
    assert client.post(address, {"password": PASSWORD}).status_code == 302
    assert client.get(address).status_code == 404  # it works once
    assert sign_in(client, "ada@example.org").status_code == 302


def test_inviting_again_sends_a_new_link_and_closes_the_old(admin: Grant, letters: Any) -> None:
    from joinedup.access import services

    (first,) = letters(lambda: services.invite(admin, "ada@example.org", "Ada", NOW))
    (second,) = letters(lambda: services.invite(admin, "ada@example.org", "Ada", NOW))
    old, new = (link_in(letter).rstrip("/").rsplit("/", 1)[1] for letter in (first, second))
    with pytest.raises(NotFound, match="used or is too old"):
        services.accept_invitation(old, PASSWORD, NOW)
    with pytest.raises(NotFound):
        services.accept_invitation(new, PASSWORD, NOW + timedelta(days=7))
    services.accept_invitation(new, PASSWORD, NOW + timedelta(days=6))
    with pytest.raises(RuleError, match=r"There is a user with the address ada@example\.org already"):
        services.invite(admin, "ada@example.org", "Ada", NOW)


def test_a_link_is_kept_as_its_hash_only(admin: Grant, letters: Any) -> None:
    from joinedup.access import services
    from joinedup.access.models import Invitation

    (letter,) = letters(lambda: services.invite(admin, "ada@example.org", "Ada", NOW))
    token = link_in(letter).rstrip("/").rsplit("/", 1)[1]
    kept = Invitation.objects.get()
    assert len(bytes(kept.token_hash)) == 32
    assert token.encode() not in bytes(kept.token_hash)


def test_a_reset_ends_every_session_and_works_once(client: Client, make: Any, letters: Any) -> None:
    from joinedup.access import services

    make("Ada")
    sign_in(client, "ada@example.org")
    (letter,) = letters(lambda: services.ask_for_reset("ADA@example.org", NOW))
    address = f"/{link_in(letter)}"
    elsewhere = Client()
    assert elsewhere.post(address, {"password": "four-other-words-apart"}).status_code == 302
    assert not is_signed_in(client)
    assert elsewhere.post(address, {"password": "five-other-words-apart"}).status_code == 404
    assert sign_in(elsewhere, "ada@example.org").status_code == 400
    assert sign_in(elsewhere, "ada@example.org", "four-other-words-apart").status_code == 302


def test_asking_for_a_reset_never_tells_whether_there_is_an_account(client: Client, make: Any, letters: Any) -> None:
    make("Ada")
    answers = {}
    for who, count in (("ada", 1), ("eve", 0)):
        sent = letters(
            lambda who=who: answers.update(
                {who: client.post(reverse("access:ask-for-reset"), {"email": f"{who}@example.org"})}
            )
        )
        assert len(sent) == count
    shown = [re.sub(rb'value="[^"]{64}"', b"", answer.content) for answer in answers.values()]
    assert shown[0] == shown[1]


class NoMailServer(BaseEmailBackend):
    def send_messages(self, messages: Any) -> int:
        raise smtplib.SMTPConnectError(421, "CANARY")


def test_a_letter_that_cannot_be_sent_is_told_to_whoever_invites_but_not_to_a_stranger(
    client: Client, admin: Grant, make: Any, letters: Any, settings: Any, capfd: Any
) -> None:
    from joinedup.access import services
    from joinedup.access.letters import LetterNotSent
    from joinedup.access.models import User

    make("Ada")
    settings.EMAIL_BACKEND = f"{__name__}.NoMailServer"
    with pytest.raises(LetterNotSent, match="could not be sent"):
        letters(lambda: services.invite(admin, "eve@example.org", "Eve", NOW))
    assert User.objects.filter(email="eve@example.org").exists()
    statuses = []
    letters(
        lambda: statuses.append(client.post(reverse("access:ask-for-reset"), {"email": "ada@example.org"}).status_code)
    )
    assert statuses == [200]
    log = capfd.readouterr().err
    assert "letter.not_sent" in log
    assert "CANARY" not in log
    assert "ada@" not in log


class SlowMailServer(BaseEmailBackend):
    def send_messages(self, messages: Any) -> int:
        time.sleep(1)
        return 0


def test_a_stranger_does_not_wait_for_the_letter(
    client: Client, make: Any, settings: Any, django_capture_on_commit_callbacks: Any
) -> None:
    make("Ada")
    settings.EMAIL_BACKEND = f"{__name__}.SlowMailServer"
    began = time.monotonic()
    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("access:ask-for-reset"), {"email": "ada@example.org"})
    assert time.monotonic() - began < 0.9
    (beside,) = [thread for thread in threading.enumerate() if thread.name == "letter"]
    beside.join()


def test_the_outbox_is_open_to_its_owner_only(settings: Any, tmp_path: Path) -> None:
    folder = tmp_path / "outbox"
    folder.mkdir(mode=0o755)
    settings.EMAIL_FILE_PATH = folder
    assert real_settings.EMAIL_BACKEND == "joinedup.access.letters.Outbox"
    get_connection(real_settings.EMAIL_BACKEND).send_messages(
        [EmailMessage("Subject", "link", None, ["a@example.org"])]
    )
    assert len(list(folder.iterdir())) == 1
    assert folder.stat().st_mode & 0o777 == 0o700


def test_nobodys_letter_box_is_filled(make: Any, letters: Any) -> None:
    from joinedup.access import services

    make("Ada")
    assert [len(letters(lambda: services.ask_for_reset("ada@example.org", NOW))) for _ in range(5)] == [1, 1, 1, 0, 0]


PERIODS = [
    # first role's days, second role's days, same body -> may both be held
    ((1, 10), (10, 20), True, True),  # the day it ends it is not held any more
    ((1, 10), (9, 20), True, False),
    ((1, None), (10, 20), True, False),
    ((1, 10), (9, 20), False, True),
]


@pytest.mark.parametrize(("first", "second", "same_body", "fits"), PERIODS)
def test_the_same_role_in_the_same_body_is_held_once_at_a_time(
    admin: Grant, make: Any, first: tuple[int, int | None], second: tuple[int, int | None], same_body: bool, fits: bool
) -> None:
    from joinedup.access import services

    user = make("Ada")
    for body in (TRUST, None):
        days = [(date(2030, 7, since), until and date(2030, 7, until)) for since, until in (first, second)]
        services.give_role(admin, user, "member", NOW, body_id=body, valid_from=days[0][0], valid_to=days[0][1])
        other = {"body_id": body if same_body else BOARD, "valid_from": days[1][0], "valid_to": days[1][1]}
        if fits:
            held = services.give_role(admin, user, "member", NOW, **other)
            held.valid = None
            type(held).objects.filter(pk=held.pk).delete()
        else:
            with pytest.raises(RuleError, match="They hold the role Board member there in that time already"):
                services.give_role(admin, user, "member", NOW, **other)


def test_a_role_permits_from_its_first_day_until_it_is_ended(admin: Grant, make: Any) -> None:
    from joinedup.access import services
    from joinedup.access.models import User

    user = make("Ada")
    tomorrow = NOW.date() + timedelta(days=2)
    services.give_role(admin, user, "data_engineer", NOW, valid_from=tomorrow)
    with pytest.raises(Refused):
        grant_for(user, "system.import")
    held = services.give_role(admin, user, "privacy_officer", NOW, body_id=TRUST)
    user = User.objects.get(pk=user.pk)
    grant = grant_for(user, "access.audit")
    assert (grant.role, grant.body_id, grant.actor_id) == ("privacy_officer", TRUST, f"user:{user.pk}")
    with pytest.raises(Refused):
        grant_for(user, "access.audit", body_id=BOARD)
    services.end_role(admin, held, NOW)
    with pytest.raises(Refused):
        grant_for(User.objects.get(pk=user.pk), "access.audit")
    with pytest.raises(RuleError, match="has ended already"):
        services.end_role(admin, held, NOW)


def test_nobody_gives_roles_to_themselves_or_beyond_their_body(make: Any) -> None:
    from joinedup.access import services
    from joinedup.access.models import AuditEntry

    chief, local, ada = make("Chief", "system_admin"), make("Local", "system_admin", body_id=TRUST), make("Ada")
    with pytest.raises(Refused, match="to themselves"):
        services.give_role(grant_for(chief, "access.users"), chief, "caldicott_guardian", NOW)
    mine = grant_for(local, "access.users")
    services.give_role(mine, ada, "member", NOW, body_id=TRUST)
    for body in (BOARD, None):
        with pytest.raises(Refused, match="another body"):
            services.give_role(mine, ada, "member", NOW, body_id=body)
    with pytest.raises(Refused, match="another body"):
        services.end_access(mine, ada, NOW)
    with pytest.raises(Refused, match="their own access"):
        services.end_access(grant_for(chief, "access.users"), chief, NOW)
    denied = AuditEntry.objects.filter(entry__outcome="denied").order_by("id").values_list("entry", flat=True)
    assert [(entry["actor"], entry["action"], entry["subject"]) for entry in denied] == [
        (f"user:{chief.pk}", "role.give", f"user:{chief.pk}"),
        (f"user:{local.pk}", "role.give", f"user:{ada.pk}"),
        (f"user:{local.pk}", "role.give", f"user:{ada.pk}"),
        (f"user:{local.pk}", "user.end-access", f"user:{ada.pk}"),
        (f"user:{chief.pk}", "user.end-access", f"user:{chief.pk}"),
    ]


def test_a_role_in_the_whole_system_is_not_narrowed_by_one_in_a_body(admin: Grant, make: Any) -> None:
    from joinedup.access import services
    from joinedup.access.models import User

    chief = make("Chief", "system_admin", body_id=TRUST)
    services.give_role(admin, chief, "system_admin", NOW)
    grant = grant_for(User.objects.get(pk=chief.pk), "access.users")
    services.give_role(grant, make("Ada"), "member", NOW, body_id=BOARD)


def test_two_administrators_cannot_end_each_other_at_once(admin: Grant, make: Any) -> None:
    """Each would still see the other, and nobody would be left: the second one waits for the first."""
    from joinedup.access import services

    first = make("First", "system_admin")
    make("Second", "system_admin")
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(hashtextextended('joinedup administrators', 0))")
    try:
        for act in (
            lambda: services.end_access(admin, first, NOW),
            lambda: services.end_role(admin, first.roles_held.get(), NOW),
        ):
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = '100ms'")
            with pytest.raises(OperationalError, match="lock timeout"), transaction.atomic():
                act()
    finally:
        other.close()
    services.end_access(admin, first, NOW)


def test_a_grant_is_good_for_what_it_was_given_for(make: Any) -> None:
    from joinedup.access import services

    ada = make("Ada", "privacy_officer")
    with pytest.raises(Refused, match=r"needs leave for access\.users"):
        services.end_access(grant_for(ada, "access.audit"), make("Eve"), NOW)


def test_a_leavers_access_ends_at_once_and_everywhere(admin: Grant, make: Any, letters: Any) -> None:
    from joinedup.access import services
    from joinedup.access.models import User

    user = make("Ada", "planner")
    phone, desk = Client(), Client()
    for client in (phone, desk):
        sign_in(client, "ada@example.org")
        assert is_signed_in(client)
    (letter,) = letters(lambda: services.ask_for_reset("ada@example.org", NOW))
    services.end_access(admin, user, NOW)
    assert not is_signed_in(phone)
    assert not is_signed_in(desk)
    assert sign_in(phone, "ada@example.org").status_code == 400
    assert phone.get(f"/{link_in(letter)}").status_code == 404
    today = NOW.date()
    assert not any(today in held.valid for held in User.objects.get(pk=user.pk).roles_held.all())
    with pytest.raises(RuleError, match="ended already"):
        services.end_access(admin, user, NOW)


def test_the_last_administrator_stays(admin: Grant, make: Any) -> None:
    from joinedup.access import make_administrator, services

    chief = make_administrator("chief@example.org", "Chief", PASSWORD, admin)
    with pytest.raises(RuleError, match="There is an administrator already"):
        make_administrator("second@example.org", "Second", PASSWORD, admin)
    with pytest.raises(RuleError, match="Nobody would be left"):
        services.end_access(admin, chief, NOW)
    with pytest.raises(RuleError, match="Nobody would be left"):
        services.end_role(admin, chief.roles_held.get(), NOW)
    make("Second", "system_admin")
    services.end_access(admin, chief, NOW)


def test_an_unknown_role_is_named_with_the_nearest(admin: Grant, make: Any) -> None:
    from joinedup.access import services

    with pytest.raises(NotFound, match="Did you mean 'planner'"):
        services.give_role(admin, make("Ada"), "planer", NOW)


class TestDemo:
    def test_there_is_no_demo_sign_in_without_demo_users(self, client: Client, make: Any) -> None:
        make("Ada", "clinician")
        assert client.get(reverse("access:demo")).status_code == 404
        assert client.post(reverse("access:demo"), {"role": "clinician"}).status_code == 404
        assert reverse("access:demo") not in client.get(reverse("access:sign-in")).content.decode()

    def test_there_is_one_for_each_role_and_its_user_holds_it(self, client: Client) -> None:
        from joinedup.access import demo_users
        from joinedup.access.models import User
        from joinedup.access.roles import TABLE

        everybody = [*TABLE.roles, "planner.provider"]  # One role has a second user, who plans for a provider.
        assert len(demo_users()) == len(demo_users()) == len(everybody) == User.objects.count()
        page = client.get(reverse("access:demo")).content.decode()
        for key in everybody:
            assert f'value="{key}"' in page
        client.post(reverse("access:demo"), {"role": "privacy_officer"})
        assert client.get(reverse("access:audit")).status_code == 200
        assert client.get(reverse("access:users")).status_code == 403

    def test_demo_users_cannot_sign_in_with_a_password_or_get_one(self, client: Client, letters: Any) -> None:
        from joinedup.access import demo_users, services

        demo_users()
        assert sign_in(client, "chair@demo.invalid", "").status_code == 400
        assert sign_in(client, "chair@demo.invalid").status_code == 400
        assert letters(lambda: services.ask_for_reset("chair@demo.invalid", NOW)) == []

    def test_demo_users_and_real_ones_never_live_together(self, admin: Grant, make: Any) -> None:
        from joinedup.access import demo_users, make_administrator

        with transaction.atomic():
            demo_users()
            with pytest.raises(RuleError, match="Demo users are here"):
                make_administrator("chief@example.org", "Chief", PASSWORD, admin)
            make("Ada")  # Somebody tries an invitation in the demo: it can still be loaded again.
            demo_users()
            transaction.set_rollback(True)
        make("Ada")
        with pytest.raises(RuleError, match="Real users are here"):
            demo_users()


class TestPages:
    def test_a_role_is_given_in_a_body_by_its_code(
        self, client: Client, admin: Grant, make: Any, settings: Any
    ) -> None:
        from joinedup.access import services
        from joinedup.access.models import User

        settings.BODY_NAMES = [f"{__name__}.names"]
        settings.BODY_BY_CODE = [f"{__name__}.by_code"]
        ada = make("Ada")
        make("Chief", "system_admin")
        sign_in(client, "chief@example.org")
        page = reverse("access:user", args=[ada.pk])
        days = {"valid_from_day": "1", "valid_from_month": "7", "valid_from_year": "2026"}
        unknown = client.post(page, {"role": "chair", "body_code": "XXX", **days})
        assert unknown.status_code == 422
        assert "There is no body with the code &#39;XXX&#39;" in unknown.content.decode()
        assert client.post(page, {"role": "chair", "body_code": "qm7", **days}).status_code == 302
        assert "in Example ICB" in client.get(page).content.decode()
        make("Local", "system_admin", body_id=BOARD)
        services.give_role(admin, User.objects.get(name="Local"), "system_admin", NOW, body_id=TRUST)
        sign_in(client, "local@example.org")  # Administers two bodies: the one that is named counts.
        assert client.post(page, {"role": "member", "body_code": "QM7"}).status_code == 302
        assert client.post(page, {"role": "member"}).status_code == 422
        bad = client.post(page, {"role": "chair", **days, "valid_from_day": "31", "valid_from_month": "6"})
        assert "The first day must be a real date" in bad.content.decode()

    def test_the_audit_is_read_by_the_privacy_officer_and_that_is_audited(self, client: Client, make: Any) -> None:
        from joinedup.access.models import AuditEntry

        ada = make("Ada", "privacy_officer")
        sign_in(client, "ada@example.org")
        page = client.get(reverse("access:audit"), {"actor": "ada@example.org", "action": "sign-in"}).content.decode()
        assert page.count("<td") == 8
        last = AuditEntry.objects.latest("id").entry
        assert (last["actor"], last["action"], last["role"]) == (f"user:{ada.pk}", "audit.read", "privacy_officer")
        assert last["details"] == {"entries": 1, "filters": ["action", "actor"]}


def names(ids: set[UUID]) -> dict[UUID, str]:
    return {body_id: "Example ICB" for body_id in ids if body_id == TRUST}


def by_code(code: str) -> UUID | None:
    return TRUST if code == "QM7" else None
