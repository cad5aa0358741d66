"""A load that is killed ten times, then finished, leaves what an undisturbed load leaves (rules: trust T15).

The kills come at random moments. A trigger of the test makes every commit of the ledger's position last longer, so
that most of them come within a transaction, and the test holds that some did.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection

from joinedup import database

from . import drawn_feeds

SEED = 20261122
SLOW = """
CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.4); RETURN NEW; END $$;
CREATE TRIGGER linger BEFORE UPDATE ON feeds_position FOR EACH ROW EXECUTE FUNCTION linger();
"""
# What must be equal; ids of deliveries and times of storing are this run's own.
STATES = {
    "resources": """SELECT r.subject_id, r.id, r.version, r.type, r.source, d.name, r.position, r.event_at, r.starts,
                           r.ends, r.tokens, r.digest, r.author, r.body
                      FROM record_resource r LEFT JOIN feeds_delivery d ON d.id = r.delivery_id""",
    "stay events": "SELECT subject_id, encounter_id, message_id, event FROM record_stayevent",
    "subjects": "SELECT subject_id, source, source_id, nhs_number, family FROM identity_subject",
    "relationships": """SELECT subject_id, organisation, kind, starts_at, ends_at, source_ref, stated_at
                          FROM access_relationship""",
    "set aside": """SELECT d.name, s.position, s.reason, s.place, s.message, s.raw
                      FROM feeds_setaside s JOIN feeds_delivery d ON d.id = s.delivery_id""",
    "messages": "SELECT source, message_id, sha256 FROM feeds_message",
    "ledger": """SELECT name, state, items_read, items_applied, items_repeated, items_set_aside, items_not_mapped,
                        resources_added, resources_unchanged FROM feeds_delivery""",
}


@pytest.fixture(scope="session")
def two_databases(django_db_setup: None, django_db_blocker: Any) -> Iterator[tuple[str, str]]:
    with django_db_blocker.unblock():
        template = connection.settings_dict["NAME"]
        connection.close()
        names = ("killed", "undisturbed")
        with database.connect("postgres") as server:
            for name in names:
                server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
                server.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        yield names
        with database.connect("postgres") as server:
            for name in names:
                server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def begin_load(name: str, folder: Path) -> subprocess.Popen[str]:
    settings = database.connection_settings()
    address = f"postgresql://postgres@/{name}?host={quote(settings['HOST'], safe='')}&port={settings['PORT']}"
    return subprocess.Popen(
        [sys.executable, "-m", "joinedup.cli", "load", str(folder), "--no-link", "--processes", "2", "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        env=os.environ | {"DATABASE_URL": address},
    )  # fmt: skip


def finished(process: subprocess.Popen[str]) -> dict[str, Any]:
    out, err = process.communicate(timeout=240)
    assert process.returncode == 0, err
    return json.loads(out.splitlines()[-1])


def state_of(name: str) -> dict[str, list[Any]]:
    with database.connect(name) as server:
        return {what: sorted(map(repr, server.execute(sql).fetchall())) for what, sql in STATES.items()}


def within_a_transaction(name: str) -> bool:
    """Answer whether one of the load's connections has a transaction open that has written."""
    with database.connect(name) as server:
        (count,) = server.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND backend_xid IS NOT NULL", [name]
        ).fetchone()
    return bool(count)


def wait_for_end(name: str) -> None:
    """Wait until the server has noticed that the killed are gone; a dead client's transaction ends with it."""
    for _ in range(200):
        with database.connect("postgres") as server:
            (left,) = server.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = %s", [name]).fetchone()
        if not left:
            return
        time.sleep(0.1)
    pytest.fail("A killed load left a process behind that goes on writing.")


@pytest.mark.django_db  # so that the test database, the template of the two, is made
def test_killed_ten_times_it_leaves_what_an_undisturbed_load_leaves(
    two_databases: tuple[str, str], tmp_path: Path
) -> None:
    killed, undisturbed = two_databases
    folder = drawn_feeds.write(tmp_path / "feeds", residents=3000, malformed_each=50)
    draw = random.Random(SEED)
    with database.connect(killed) as server:
        server.execute(SLOW)

    kills = inside = 0
    while kills < 10:
        process = begin_load(killed, folder)
        # A third of the kills come anywhere, also before the first batch; the others once it is at work.
        if kills % 3:
            while not within_a_transaction(killed) and process.poll() is None:
                time.sleep(0.02)
            time.sleep(draw.uniform(0, 0.3))
        else:
            time.sleep(draw.uniform(0.2, 2.5))
        assert process.poll() is None, "It ended before it could be killed: draw more residents."
        inside += within_a_transaction(killed)
        if draw.random() < 0.5:
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()  # Only the parent: those who read must notice by themselves.
        process.wait()
        process.stdout.close()
        process.stderr.close()
        kills += 1
        wait_for_end(killed)
    assert inside >= 3, f"Only {inside} of 10 kills came within a transaction (seed {SEED})."

    with database.connect(killed) as server:
        server.execute("DROP TRIGGER linger ON feeds_position")
    finished(begin_load(killed, folder))
    once = finished(begin_load(undisturbed, folder))
    assert once["set_aside"] == 60

    left, right = state_of(killed), state_of(undisturbed)
    for what in STATES:
        assert left[what] == right[what], f"{what} differ after the kills (seed {SEED})"
    assert len(left["resources"]) > 3000 * 8

    again = finished(begin_load(killed, folder))
    assert (again["added"], again["repeated_deliveries"]) == (0, 2)
