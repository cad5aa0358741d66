"""The audit: written with the act, sealed into a chain, and verified down to the entry."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from joinedup.access import Act, Grant, grant_for, record, record_many, seal, verify
from joinedup.access.chain import ZERO, canonical, extend
from joinedup.errors import Refused, RuleError

from .conftest import NINE, PASSWORD
from .test_2_signing_in import sign_in

VECTORS = [
    ({"seq": 1, "at": "2026-01-05T09:00:00Z", "actor": "u1", "action": "R", "person": "p1", "reason": "direct-care"},
     "ed5aa4fda7e1809d8499d730054ccee9c6f299692740b7bea3c13fa3ff0da7da"),
    ({"seq": 2, "at": "2026-01-05T09:00:01Z", "actor": "u1", "action": "R", "person": "p2", "reason": "direct-care"},
     "cf4dda8c2d734f1b77cbf5ad35dd2b9da75c1d64b107ee7236079134ee028660"),
    ({"seq": 3, "at": "2026-01-05T09:00:02Z", "actor": "u2", "action": "E", "person": "p1", "reason": "break-glass"},
     "11baa10f600f98caa7450ee7b5813c3493b8d1f46c693059ccfea30213620d09"),
]  # fmt: skip


def test_the_chain_of_the_rule_book() -> None:
    """Rules: trust T36."""
    hashes = extend(ZERO, [canonical(entry).encode() for entry, _ in VECTORS])
    assert [digest.hex() for digest in hashes] == [expected for _, expected in VECTORS]


def test_a_fast_start_does_not_need_the_database() -> None:
    import joinedup.access

    assert set(joinedup.access.__all__) >= {"Grant", "User", "decide", "grant_for", "record", "requires", "seal"}
    with pytest.raises(AttributeError):
        joinedup.access.no_such_name  # noqa: B018


def entries() -> list[Any]:
    from joinedup.access.models import AuditEntry

    return list(AuditEntry.objects.order_by("id"))


def by_hand(sql: str, *values: Any) -> None:
    """What somebody does who owns the database: the triggers that refuse changes do not stop them."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(sql, values)
        cursor.execute("SET LOCAL session_replication_role = origin")


@pytest.mark.django_db
class TestWriting:
    def test_an_entry_says_who_did_what_why_and_by_which_role(self, make: Any) -> None:
        trust = UUID(int=7)
        ada = make("Ada", "privacy_officer", body_id=trust)
        record(grant_for(ada, "access.audit"), "audit.read", "audit:entries", details={"é": [1, None]})
        last = entries()[-1]
        expected = {
            "actor": f"user:{ada.pk}", "action": "audit.read", "subject": "audit:entries", "outcome": "done",
            "role": "privacy_officer", "body": str(trust), "purpose": "Read the audit", "permission": "access.audit",
            "details": {"é": [1, None]},
        }  # fmt: skip
        assert expected.items() <= last.entry.items()
        assert last.entry == json.loads(last.body)
        assert last.body == canonical(last.entry)
        assert "Ada" not in last.body

    def test_a_batch_writes_the_same_entries(self, admin: Grant) -> None:
        acts = [Act("a.b", f"body:{n}", details={"naïve": '"\\\n'} if n else None) for n in range(3)]
        assert record_many(admin, acts) == 3
        for act in acts:
            record(admin, act.action, act.subject, outcome=act.outcome, details=act.details)
        bodies = [{key: value for key, value in entry.entry.items() if key != "at"} for entry in entries()]
        assert bodies[:3] == bodies[3:]
        assert [entry.body for entry in entries()] == [canonical(entry.entry) for entry in entries()]

    def test_outside_a_transaction_nothing_is_recorded(self, admin: Grant) -> None:
        connection.in_atomic_block = False  # a test runs in a transaction of its own
        try:
            with pytest.raises(RuleError, match=r"transaction\.atomic"):
                record(admin, "a.b", "body:1")
        finally:
            connection.in_atomic_block = True
        assert entries() == []

    def test_an_unknown_outcome_is_refused(self, admin: Grant) -> None:
        with pytest.raises(RuleError, match="not one of done, denied, failed"):
            record(admin, "a.b", "body:1", outcome="fine")

    def test_a_refusal_is_recorded(self, make: Any) -> None:
        ada = make("Ada", "analyst")
        with pytest.raises(Refused):
            grant_for(ada, "access.users")
        last = entries()[-1].entry
        assert (last["actor"], last["action"], last["outcome"]) == (f"user:{ada.pk}", "access.users", "denied")
        assert last["reason"] == "not open to everyone; needs a role; analyst may not access.users"

    @pytest.mark.parametrize(
        "change",
        [
            "UPDATE access_auditentry SET body = '{}'",
            "DELETE FROM access_auditentry",
            "TRUNCATE access_auditentry",
            "UPDATE access_segment SET head = ''",
            "DELETE FROM access_segment",
            "UPDATE access_auditentry SET entry = '{}'",
        ],
    )
    def test_the_tables_only_grow(self, admin: Grant, change: str) -> None:
        from django.db import DatabaseError

        record(admin, "a.b", "body:1")
        seal()
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE access_auditentry ENABLE TRIGGER access_auditentry_no_truncate")
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(change)
        assert len(entries()) == 1


@pytest.mark.django_db
class TestNoActWithoutItsEntry:
    """Rules: trust T39. Every act here is tried while the audit cannot be written, and nothing may have happened."""

    TABLES = ("user", "roleheld", "invitation", "passwordreset", "usersession", "auditentry")

    def state(self) -> list[Any]:
        found = []
        with connection.cursor() as cursor:
            for table in self.TABLES:
                cursor.execute(f"SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM access_{table} t")
                found.append(cursor.fetchone())
            cursor.execute("SELECT count(*) FROM django_session")
            found.append(cursor.fetchone())
        return found

    def acts(self, admin: Grant, make: Callable[..., Any]) -> dict[str, Callable[[], Any]]:
        from joinedup.access import make_administrator, services, sessions

        ada, eve = make("Ada", "planner"), make("Eve", "privacy_officer")
        client, guest = Client(raise_request_exception=False), Client(raise_request_exception=False)
        sign_in(client, "eve@example.org")
        invitation, reset = services._new_token(), services._new_token()
        from joinedup.access.models import Invitation, PasswordReset, UserSession

        day = {"created_at": NINE, "expires_at": NINE.replace(year=2999)}
        Invitation.objects.create(user=ada, token_hash=invitation[1], invited_by="user:none", **day)
        PasswordReset.objects.create(user=eve, token_hash=reset[1], **day)
        own = grant_for(eve, "access.own")
        session = UserSession.objects.get(user=eve)

        def end_session() -> None:
            with transaction.atomic():
                sessions.end_session(own, eve, session.pk, NINE)

        return {
            "invite": lambda: services.invite(admin, "new@example.org", "New", NINE),
            "accept": lambda: services.accept_invitation(invitation[0], PASSWORD + "1", NINE),
            "ask for reset": lambda: services.ask_for_reset("ada@example.org", NINE),
            "reset": lambda: services.reset_password(reset[0], PASSWORD + "1", NINE),
            "give role": lambda: services.give_role(admin, ada, "chair", NINE),
            "end role": lambda: services.end_role(admin, ada.roles_held.get(), NINE),
            "end access": lambda: services.end_access(admin, ada, NINE),
            "make user": lambda: services.make_user(admin, "new@example.org", "New", PASSWORD, NINE),
            "make administrator": lambda: make_administrator("new@example.org", "New", PASSWORD, admin),
            "end session": end_session,
            "sign in": lambda: sign_in(guest, "ada@example.org"),
            "read audit": lambda: client.get(reverse("access:audit")),
            "sign out": lambda: client.post(reverse("access:sign-out")),
        }

    def test_no_act_without_its_entry(self, admin: Grant, make: Any) -> None:
        from django.db import DatabaseError

        acts = self.acts(admin, make)
        with connection.cursor() as cursor:
            cursor.execute(
                "CREATE TRIGGER audit_fails BEFORE INSERT ON access_auditentry"
                " FOR EACH STATEMENT EXECUTE FUNCTION access_refuse_change()"
            )
        before = self.state()
        for name, act in acts.items():
            try:
                answer = act()
            except DatabaseError:
                pass
            else:
                assert answer.status_code in {500, 503}, name
            assert self.state() == before, name
        with connection.cursor() as cursor:
            cursor.execute("DROP TRIGGER audit_fails ON access_auditentry")
        # Each of them is an act: where the audit can be written, it changes something.
        for name, act in acts.items():
            with transaction.atomic():
                act()
                assert self.state() != before, name
                transaction.set_rollback(True)


@pytest.mark.django_db
class TestSealing:
    def write(self, admin: Grant, count: int) -> None:
        record_many(admin, [Act("a.b", f"body:{number}") for number in range(count)])

    def test_what_waits_is_sealed_once_and_verifies(self, admin: Grant) -> None:
        self.write(admin, 5)
        assert verify().open_entries == 5
        sealed = seal()
        assert (sealed.segments, sealed.entries) == (1, 5)
        assert seal().entries == 0
        report = verify()
        assert (report.holds, report.segments, report.entries, report.open_entries) == (True, 1, 5, 0)

    def test_a_long_queue_becomes_several_segments(self, admin: Grant, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("joinedup.access.sealing.SEGMENT_ENTRIES", 4)
        self.write(admin, 10)
        assert (seal().segments, verify().holds) == (3, True)

    def test_a_crash_after_the_head_was_written_is_mended(self, admin: Grant, monkeypatch: pytest.MonkeyPatch) -> None:
        from joinedup.access.heads import Heads

        self.write(admin, 3)
        seal()
        self.write(admin, 4)
        append = Heads.append

        def append_and_die(self: Heads, block: Any) -> None:
            append(self, block)
            raise KeyboardInterrupt

        monkeypatch.setattr(Heads, "append", append_and_die)
        with pytest.raises(KeyboardInterrupt):
            seal()
        monkeypatch.setattr(Heads, "append", append)
        self.write(admin, 2)
        report = verify()
        assert (report.holds, report.interrupted, report.open_entries) == (True, True, 6)
        sealed = seal()
        assert (sealed.mended, sealed.segments, sealed.entries) == (True, 2, 6)
        report = verify()
        assert (report.holds, report.interrupted, report.segments, report.entries) == (True, False, 3, 9)

    @pytest.mark.parametrize("left", [0, 1, 40, 200])
    def test_a_crash_that_tears_the_head_is_no_alarm(
        self, admin: Grant, monkeypatch: pytest.MonkeyPatch, settings: Any, left: int
    ) -> None:
        from joinedup.access import heads

        self.write(admin, 3)
        seal()
        self.write(admin, 4)
        with monkeypatch.context() as patch:
            patch.setattr(heads, "canonical", lambda line: "" if "digest" not in line else 1 / 0)
            with pytest.raises(ZeroDivisionError):
                seal()
        lines = settings.AUDIT_HEADS_DIR / "audit" / "heads.jsonl"
        whole = lines.read_bytes()
        lines.write_bytes(whole + whole[:left])  # the beginning of a line that never ended
        assert verify().holds
        assert seal().entries == 4
        assert (verify().holds, verify().entries) == (True, 7)

    def test_heads_that_are_gone_are_missed(self, admin: Grant, settings: Any) -> None:
        self.write(admin, 3)
        seal()
        (settings.AUDIT_HEADS_DIR / "audit" / "heads.jsonl").unlink()
        assert [finding.says for finding in verify().findings] == ["segment 1: has no head outside"]

    def test_a_head_of_another_key_does_not_count(self, admin: Grant, settings: Any) -> None:
        self.write(admin, 3)
        seal()
        lines = settings.AUDIT_HEADS_DIR / "audit" / "heads.jsonl"
        line = json.loads(lines.read_text())
        lines.write_text(canonical(line | {"signature": "0" * 64}) + "\n")
        assert [finding.says for finding in verify().findings] == [
            "heads.jsonl, line 1: not signed with this installation's key",
            "segment 1: has no head outside",
        ]

    @pytest.mark.parametrize("spoil", ["cut", "flip", "remove"])
    def test_hashes_outside_that_were_changed_are_told(self, admin: Grant, settings: Any, spoil: str) -> None:
        self.write(admin, 3)
        seal()
        file = settings.AUDIT_HEADS_DIR / "audit" / "entries.bin"
        part = file.read_bytes()
        {
            "cut": lambda: file.write_bytes(part[:-1]),
            "flip": lambda: file.write_bytes(bytes([part[0] ^ 1]) + part[1:]),
            "remove": file.unlink,
        }[spoil]()
        says = [finding.says for finding in verify().findings]
        assert says == ["segment 1: the hashes of its entries outside are gone or changed"]

    def test_before_sealing_a_hand_shows_too(self, admin: Grant) -> None:
        self.write(admin, 3)
        first, second, third = (entry.pk for entry in entries())
        by_hand("UPDATE access_auditentry SET body = replace(body, 'body:0', 'body:9') WHERE id = %s", first)
        by_hand("DELETE FROM access_auditentry WHERE id = %s", second)
        by_hand("INSERT INTO access_auditentry (id, body) VALUES (%s, '{}')", third + 100)
        by_hand("INSERT INTO access_auditentry (id, body) VALUES (%s, '{}')", third + 200)
        by_hand("INSERT INTO access_unsealed VALUES ('audit', %s, '')", third + 200)
        expected = [
            (third + 100, f"entry {third + 100} was put in by hand: no act wrote it"),
            (first, f"entry {first} was written or changed by hand before it was sealed"),
            (second, f"entry {second} was deleted before it was sealed"),
            (third + 200, f"entry {third + 200} was written or changed by hand before it was sealed"),
        ]
        assert sorted((f.entry_id, f.says) for f in verify().findings) == sorted(expected)
        # Sealing takes what is good, leaves the rest, and the alarm stays.
        assert seal().entries == 1
        assert sorted((f.entry_id, f.says) for f in verify().findings) == sorted(expected)

    def test_an_older_backup_does_not_stop_the_sealing_and_stays_named(self, admin: Grant) -> None:
        self.write(admin, 2)
        seal()
        self.write(admin, 2)
        lost = [entry.pk for entry in entries()][2:]
        seal()
        self.write(admin, 2)
        lost += [entry.pk for entry in entries()][4:]
        seal()
        by_hand("DELETE FROM access_segment WHERE number > 1")
        by_hand("DELETE FROM access_auditentry WHERE id = ANY(%s)", lost)
        self.write(admin, 2)
        assert seal().entries == 2
        report = verify()
        assert [finding.segment for finding in report.findings if finding.kind == "segment gone"] == [2, 3]
        assert [finding.entry_id for finding in report.findings if finding.kind == "deleted"] == lost
        assert report.open_entries == 0
