"""The command line: quick help, errors in words with their own exit code, a traceback only when asked for."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from joinedup import cli, database

HELP_SECONDS = 0.3


def test_help_answers_at_once() -> None:
    program = Path(sys.executable).with_name("joinedup")
    took = []
    for _ in range(5):
        before = os.times()
        subprocess.run([program, "--help"], check=True, capture_output=True)
        after = os.times()
        took.append(after.children_user + after.children_system - before.children_user - before.children_system)
    # What it costs a processor: the clock would also tell what else this machine was doing.
    assert min(took) < HELP_SECONDS, took


def test_help_imports_neither_django_nor_a_room() -> None:
    lines = "import sys; sys.argv = ['joinedup', '--help']\nfrom joinedup import cli\n" + (
        "try:\n    cli.main()\nexcept SystemExit:\n    pass\n"
        "print([n for n in sys.modules if n.split('.')[0] in {'django', 'psycopg', 'rich', 'altair'}"
        " or n.startswith(('joinedup.ui', 'joinedup.access', 'joinedup.system'))])"
    )
    told = subprocess.run([sys.executable, "-c", lines], check=True, capture_output=True, text=True)
    assert told.stdout.splitlines()[-1] == "[]"


def test_help_lists_the_verbs_of_the_house_and_of_every_room(run) -> None:
    told = run("--help").stdout
    for verb in ("demo", "init", "serve", "stop", "backup", "restore", "check", "user", "audit", "system"):
        assert f"\n  {verb} " in told


def test_the_rooms_say_the_same_of_themselves_as_the_first_page_of_help(run) -> None:
    for verb in cli.ROOM_VERBS:
        assert run(verb, "--help").stdout.startswith(f"Usage: joinedup {verb} ")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["system", "show", "QM77"], 3, "QM77"),
        (["restore", "no-such-file"], 5, "cannot be read"),
        (["system", "show", "QM7", "--as-of", "2022-02-30"], 2, "is not a date that exists"),
        (["fly"], 2, "No such command 'fly'"),
        (["serve", "--port", "0"], 2, "--port"),
    ],
)
def test_an_error_is_words_and_its_own_exit_code(migrated: Path, run, words: list[str], code: int, said: str) -> None:
    told = run(*words)
    assert told.returncode == code, told.stderr
    assert said in told.stderr
    assert "Traceback" not in told.stderr
    assert told.stdout == ""


@pytest.mark.parametrize(
    ("name", "given"),
    [("JOINEDUP_MAIL_PORT", "smtp"), ("JOINEDUP_SESSION_IDLE_MINUTES", "-1"), ("JOINEDUP_PUBLIC_URL", "x")],
)
def test_a_setting_that_cannot_be_is_named(python, name: str, given: str) -> None:
    lines = "import sys; sys.argv = ['joinedup', 'check']\nfrom joinedup import cli\n"
    lines += "def app(*_, **__):\n    import joinedup.settings\ncli.app = app\ncli.main()"
    told = python(lines, **{name: given})
    assert told.returncode == 6
    assert told.stderr.startswith(f"{name} is '{given}'; expected")


def test_with_json_an_error_is_json_too(data: Path, run) -> None:
    told = run("restore", "no-such-file", "--json")
    assert json.loads(told.stderr)["kind"] == "FileError"
    assert json.loads(told.stderr)["exit_code"] == told.returncode == 5


def test_an_unexpected_error_keeps_its_words_to_itself_unless_asked(python) -> None:
    lines = "import sys; sys.argv = ['joinedup', 'check']\nfrom joinedup import cli, installation\n" + (
        "def look():\n    raise ValueError('CANARY of a person')\ninstallation.look = look\ncli.main()"
    )
    told = python(lines)
    assert told.returncode == cli.UNEXPECTED
    assert "ValueError" in told.stderr
    assert "CANARY" not in told.stderr
    assert "--debug" in told.stderr
    told = python(lines.replace("'check']", "'check', '--debug']"))
    assert "CANARY" in told.stderr
    assert "Traceback" in told.stderr


def test_check_is_in_order_only_when_everything_is(migrated: Path, run) -> None:
    keys, nowhere = migrated / "keys", migrated / "a file"
    nowhere.write_text("")
    assert run("check").returncode == 0

    (keys / "session.key").chmod(0o644)
    with database.connect() as connection:
        connection.execute("DELETE FROM django_migrations WHERE app = 'system'")
    told = run("check", "--json", JOINEDUP_AUDIT_HEADS=str(nowhere / "below"))
    findings = {finding["what"]: finding for finding in json.loads(told.stdout)}
    assert told.returncode == 6
    wrong = {what: finding["says"] for what, finding in findings.items() if not finding["is_ok"]}
    assert set(wrong) == {"tables", "secrets", "audit heads"}
    assert "system.0001" in wrong["tables"]
    assert "others may read session.key" in wrong["secrets"]
    assert "NOT  secrets" in run("check", JOINEDUP_SECRET_KEY="short").stdout


def test_init_makes_one_administrator_and_loads_a_system_or_does_neither(migrated: Path, run) -> None:
    given = ["init", "--email", "alex@example.nhs.uk", "--name", "Alex Bell"]
    password = "a long pass phrase"
    weak = run(*given, JOINEDUP_ADMIN_PASSWORD="short")
    assert weak.returncode == 2
    assert "12 characters" in weak.stderr
    misspelt = run(*given, "--system", "hwf", JOINEDUP_ADMIN_PASSWORD=password)
    assert misspelt.returncode == 3
    assert "Did you mean 'hwe'?" in misspelt.stderr

    done = run(*given, "--system", "hwe", "--json", JOINEDUP_ADMIN_PASSWORD=password)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"administrator": "alex@example.nhs.uk", "system": "hwe"}
    with database.connect() as connection:
        assert (
            connection.execute(
                "SELECT count(*) FROM access_auditentry WHERE entry->>'action' LIKE 'system.%'"
            ).fetchone()[0]
            > 0
        )
    again = run(*given, JOINEDUP_ADMIN_PASSWORD=password)
    assert again.returncode == 2
    assert "an administrator already" in again.stderr
