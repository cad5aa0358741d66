"""Signing in: the lock-out, the session's limits, and how sessions end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse

from joinedup.access.limits import locked_until, session_ends_at

from .conftest import PASSWORD

NINE = datetime(2026, 7, 1, 9, tzinfo=UTC)


def at(minute: float) -> datetime:
    return NINE + timedelta(minutes=minute)


LOCKS = [
    # failures (minutes after nine), tried at -> open again at
    ([], 0, None),
    ([0, 1, 2, 3], 4, None),
    ([0, 1, 2, 3, 4], 4.5, 5),
    ([0, 1, 2, 3, 4], 5, None),  # the first failure is five minutes old
    ([0, 0, 0, 0, 0], 4.9, 5),
    ([0, 1, 2, 3, 4, 4], 4.9, 6),  # six: it opens when the fifth from last is old
    ([9, 9, 9, 9, 9], 4, None),  # failures yet to come do not count
]


@pytest.mark.parametrize(("failures", "tried", "opens"), LOCKS)
def test_lock_out(failures: list[float], tried: float, opens: float | None) -> None:
    assert locked_until([at(minute) for minute in failures], at(tried)) == (None if opens is None else at(opens))


ENDS = [
    # began, last seen (minutes after nine) -> ends: 15 minutes idle, 8 hours in all
    (0, 0, 15),
    (0, 100, 115),
    (0, 470, 480),
]


@pytest.mark.parametrize(("began", "seen", "ends"), ENDS)
def test_session_ends(began: float, seen: float, ends: float) -> None:
    limits = timedelta(minutes=15), timedelta(hours=8)
    assert session_ends_at(at(began), at(seen), *limits) == at(ends)


def sign_in(client: Client, email: str, password: str = PASSWORD, **more: Any) -> Any:
    return client.post(reverse("access:sign-in"), {"email": email, "password": password}, **more)


def is_signed_in(client: Client) -> bool:
    return client.get(reverse("access:account")).status_code == 200


@pytest.mark.django_db
class TestSignIn:
    def test_leads_to_the_page_that_was_asked_for(self, client: Client, make: Any) -> None:
        make("Ada")
        asked = client.get(reverse("access:account"))
        assert asked.headers["Location"] == "/access/sign-in/?next=/access/account/"
        done = client.post(
            "/access/sign-in/", {"email": " ADA@example.org ", "password": PASSWORD, "next": "/access/account/"}
        )
        assert (done.status_code, done.headers["Location"]) == (302, "/access/account/")
        assert is_signed_in(client)

    @pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "javascript:alert(1)", ""])
    def test_never_leads_to_another_site(self, client: Client, make: Any, elsewhere: str) -> None:
        make("Ada")
        done = client.post("/access/sign-in/", {"email": "ada@example.org", "password": PASSWORD, "next": elsewhere})
        assert done.headers["Location"] == "/"

    def test_gives_the_session_a_new_id(self, client: Client, make: Any) -> None:
        make("Ada")
        client.session.save()
        planted = client.session
        planted["moment"] = {"as_of": "2022-07-01", "known_at": ""}
        planted.save()
        client.cookies["joinedup-session"] = planted.session_key
        before = planted.session_key
        sign_in(client, "ada@example.org")
        first = client.session.session_key
        sign_in(client, "ada@example.org")
        assert len({before, first, client.session.session_key}) == 3

    def test_says_the_same_for_a_wrong_password_and_an_unknown_account(self, client: Client, make: Any) -> None:
        make("Ada")
        wrong = sign_in(client, "ada@example.org", "wrong")
        unknown = sign_in(client, "ada@example.org".replace("ada", "eve"), "wrong")
        assert wrong.status_code == unknown.status_code == 400
        assert "The email address or the password is wrong." in wrong.content.decode()
        assert "The email address or the password is wrong." in unknown.content.decode()

    def test_five_failures_lock_the_account_from_everywhere(self, client: Client, make: Any) -> None:
        make("Ada")
        for number in range(5):
            assert sign_in(client, "ada@example.org", "wrong", REMOTE_ADDR=f"10.0.0.{number}").status_code == 400
        locked = sign_in(client, "ada@example.org", REMOTE_ADDR="10.0.0.9")
        assert locked.status_code == 429
        assert "Try again in 5 minutes." in locked.content.decode()
        assert not is_signed_in(client)

    def test_five_failures_lock_the_address_for_every_account(self, client: Client, make: Any) -> None:
        make("Ada")
        for number in range(5):
            sign_in(client, f"somebody{number}@example.org", "wrong", REMOTE_ADDR="10.0.0.1")
        assert sign_in(client, "ada@example.org", REMOTE_ADDR="10.0.0.1").status_code == 429
        assert sign_in(client, "ada@example.org", REMOTE_ADDR="10.0.0.2").status_code == 302

    def test_the_lock_opens_after_five_minutes(self, client: Client, make: Any) -> None:
        from joinedup.access.models import SignInAttempt

        make("Ada")
        for _ in range(5):
            sign_in(client, "ada@example.org", "wrong")
        SignInAttempt.objects.update(at=datetime.now(UTC) - timedelta(minutes=5))
        assert sign_in(client, "ada@example.org").status_code == 302

    def test_what_was_typed_is_not_kept_in_plain_and_not_for_long(self, client: Client, make: Any) -> None:
        """People type passwords into the wrong box."""
        from joinedup.access.models import SignInAttempt
        from joinedup.access.tasks import forget

        make("Ada")
        sign_in(client, PASSWORD, "wrong")
        client.get("/?as_of=2022-07-01")
        assert PASSWORD not in repr(list(SignInAttempt.objects.values()))
        forget(timestamp=0)
        assert (SignInAttempt.objects.count(), Session.objects.count()) == (1, 1)
        SignInAttempt.objects.update(at=datetime.now(UTC) - timedelta(minutes=6))
        Session.objects.update(expire_date=datetime.now(UTC) - timedelta(minutes=1))
        forget(timestamp=0)
        assert (SignInAttempt.objects.count(), Session.objects.count()) == (0, 0)

    def test_good_sign_ins_do_not_lock(self, client: Client, make: Any) -> None:
        make("Ada")
        assert [sign_in(client, "ada@example.org").status_code for _ in range(7)] == [302] * 7


@pytest.mark.django_db
class TestSessions:
    @pytest.mark.parametrize(
        ("began", "seen", "stays"),
        [(timedelta(0), timedelta(minutes=14), True), (timedelta(0), timedelta(minutes=16), False),
         (timedelta(hours=8), timedelta(0), False), (timedelta(hours=7), timedelta(0), True)],
    )  # fmt: skip
    def test_time_ends_a_session(
        self, client: Client, make: Any, began: timedelta, seen: timedelta, stays: bool
    ) -> None:
        from joinedup.access.models import UserSession

        make("Ada")
        sign_in(client, "ada@example.org")
        present = datetime.now(UTC)
        UserSession.objects.update(began_at=present - began, last_seen_at=present - seen)
        assert is_signed_in(client) is stays
        assert UserSession.objects.filter(ended_at=None).exists() is stays

    def test_sign_out_ends_it_on_the_server(self, client: Client, make: Any) -> None:
        make("Ada")
        sign_in(client, "ada@example.org")
        stolen = client.cookies["joinedup-session"].value
        client.post(reverse("access:sign-out"))
        client.cookies["joinedup-session"] = stolen
        assert not is_signed_in(client)

    def test_signing_out_needs_a_form(self, client: Client) -> None:
        assert client.get(reverse("access:sign-out")).status_code == 405

    def test_one_can_end_ones_own_other_session_but_nobody_elses(self, make: Any) -> None:
        from joinedup.access.models import UserSession

        make("Ada"), make("Eve")
        here, there, eve = Client(), Client(), Client()
        for client, who in ((there, "ada"), (here, "ada"), (eve, "eve")):
            sign_in(client, f"{who}@example.org")
        other = UserSession.objects.get(session_key=there.session.session_key)
        assert eve.post(reverse("access:end-session", args=[other.pk])).status_code == 404
        assert is_signed_in(there)
        assert here.post(reverse("access:end-session", args=[other.pk])).status_code == 302
        assert (is_signed_in(here), is_signed_in(there)) == (True, False)

    def test_a_session_without_its_row_is_not_signed_in(self, client: Client, make: Any) -> None:
        from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

        user = make("Ada")
        session = client.session
        session[SESSION_KEY], session[HASH_SESSION_KEY] = str(user.pk), user.get_session_auth_hash()
        session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
        session.save()
        client.cookies["joinedup-session"] = session.session_key
        assert not is_signed_in(client)


@pytest.mark.django_db
class TestForms:
    """A browser that follows our policy sends `Origin: null` with our own forms; a foreign page's form does as well."""

    @pytest.mark.parametrize(
        ("headers", "status"),
        [
            ({"origin": "null", "sec-fetch-site": "same-origin"}, 302),
            ({"origin": "null", "sec-fetch-site": "cross-site"}, 403),
            ({"origin": "null", "sec-fetch-site": "same-site"}, 403),
            ({"origin": "https://evil.example"}, 403),
            ({"origin": "http://testserver"}, 302),
            ({}, 302),
        ],
    )
    def test_where_a_form_comes_from(self, make: Any, headers: dict[str, str], status: int) -> None:
        make("Ada")
        client = Client(enforce_csrf_checks=True)
        client.get(reverse("access:sign-in"))
        token = client.cookies["joinedup-csrf"].value
        given = {"email": "ada@example.org", "password": PASSWORD, "csrfmiddlewaretoken": token}
        assert client.post(reverse("access:sign-in"), given, headers=headers).status_code == status
        del given["csrfmiddlewaretoken"]
        assert client.post(reverse("access:sign-in"), given, headers=headers).status_code == 403
