"""The same on the command line: `joinedup user` and `joinedup audit`, for people and, with --json, for programs."""

from __future__ import annotations

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from joinedup.access import commands
from joinedup.errors import NotFound

from .test_4_audit import by_hand, entries

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run a verb in the test's own database and answer (exit code, what it printed)."""
    monkeypatch.setattr(commands, "_ready", lambda: None)

    def run(group: str, *words: str) -> tuple[int, str]:
        done = CliRunner().invoke(getattr(commands, group), list(words))
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done.exit_code, done.output

    return run


def test_a_user_from_invitation_to_end(run: Any) -> None:
    assert run("user", "invite", "ada@example.org", "Ada Lovelace") == (0, "Invited ada@example.org.\n")
    assert run("user", "give-role", "ada@example.org", "planner", "--from", "2026-07-01")[0] == 0
    (listed,) = json.loads(run("user", "list", "--json")[1])
    expected = {"email": "ada@example.org", "state": "invited", "roles": ["Planner in the whole system"]}
    assert expected.items() <= listed.items()
    assert json.loads(run("user", "end", "ada@example.org", "--json")[1])["state"] == "ended"
    assert "ended" in run("user", "list")[1]
    with pytest.raises(NotFound, match=r"Did you mean 'ada@example\.org'"):
        run("user", "end", "ads@example.org")


def test_the_audit_holds_until_a_hand_edits_it(run: Any) -> None:
    run("user", "invite", "ada@example.org", "Ada")
    code, text = run("audit", "verify")
    assert (code, text.splitlines()[-1]) == (0, "Not proved yet: 1 entries written since the last sealing.")
    assert json.loads(run("audit", "seal", "--json")[1])["entries"] == 1
    assert run("audit", "verify")[0] == 0
    (entry,) = entries()
    by_hand("UPDATE access_auditentry SET body = replace(body, 'user.invite', 'user.insult')")
    code, text = run("audit", "verify", "--json")
    report = json.loads(text)
    assert (code, report["holds"]) == (1, False)
    assert report["findings"] == [
        {
            "kind": "edited",
            "entry_id": entry.pk,
            "segment": 1,
            "says": f"entry {entry.pk} was edited after it was sealed",
        }
    ]
    assert f"entry {entry.pk} was edited" in run("audit", "verify")[1]


def test_the_audit_is_shown_and_that_is_audited(run: Any) -> None:
    run("user", "invite", "ada@example.org", "Ada")
    run("user", "give-role", "ada@example.org", "planner")
    shown = json.loads(run("audit", "show", "--action", "role.", "--json")[1])
    assert [(line["action"], line["actor"], line["details"]["role"]) for line in shown] == [
        ("role.give", "service:command-line", "planner")
    ]
    assert "There are more" in run("audit", "show", "--limit", "1")[1]
    assert [entry.entry["action"] for entry in entries()][-2:] == ["audit.read", "audit.read"]


def test_the_audit_is_sealed_each_minute() -> None:
    from procrastinate.contrib.django import app

    from joinedup.access import tasks

    periodic = [task for task in app.periodic_registry.periodic_tasks.values() if task.task.name.endswith("seal_audit")]
    assert [task.cron for task in periodic] == ["* * * * *"]
    tasks.seal_audit(0)
