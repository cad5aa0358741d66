"""`joinedup serve` keeps everything running, ends everything it began, and `joinedup stop` also after a kill."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from joinedup import database

REPOSITORY = Path(__file__).resolve().parents[3]


def until(true: Callable[[], Any], seconds: float = 60) -> Any:
    """Wait until something is so, and answer it; fails when it never is."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := true():
            return found
        time.sleep(0.1)
    raise AssertionError(f"this was not so within {seconds} seconds")


def status(port: int, path: str = "/") -> int | None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except OSError:
        return None
    finally:
        connection.close()


def state(data: Path) -> dict[str, Any]:
    return json.loads((data / "serve.json").read_text())


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def everything(data: Path) -> list[int]:
    """Answer the numbers of all processes of this data folder: parent, web server and its workers, job worker."""
    told = state(data)
    children = [child["pid"] for child in told["children"]]
    theirs = [
        int(pid) for child in children
        for pid in Path(f"/proc/{child}/task/{child}/children").read_text().split()
    ]  # fmt: skip
    return [told["parent"]["pid"], *children, *theirs]


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def serving(migrated: Path, port: int, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "joinedup.cli", "serve", "--port", str(port)], stdout=log, stderr=log
        )
        until(lambda: process.poll() is not None or "is served at" in (tmp_path / "log").read_text(), 120)
        assert process.poll() is None, (tmp_path / "log").read_text()
        yield process
        process.kill()
        process.wait()


def assert_it_ends_all_it_began(process: subprocess.Popen[bytes], data: Path, number: int) -> None:
    running = everything(data)
    assert len(running) >= 5
    process.send_signal(number)
    assert process.wait(60) == 0
    assert [pid for pid in running if is_alive(pid)] == []
    assert not database.is_running()
    assert not (data / "serve.json").exists()


def test_what_dies_is_started_again_and_all_ends_when_asked_to(data: Path, serving, port: int, run) -> None:
    refused = run("serve", "--port", str(port + 1))
    assert refused.returncode == 6
    assert f"already served at http://127.0.0.1:{port}" in refused.stderr
    assert "joinedup stop" in refused.stderr

    worker = state(data)["children"][1]["pid"]
    os.kill(worker, signal.SIGKILL)
    again = until(lambda: (new := state(data)["children"][1]["pid"]) != worker and new)
    assert is_alive(again)

    web = state(data)["children"][0]["pid"]
    environment = Path(f"/proc/{web}/environ").read_bytes().split(b"\0")
    assert f"JOINEDUP_PUBLIC_URL=http://127.0.0.1:{port}".encode() in environment, "links in letters lead here"
    os.killpg(web, signal.SIGKILL)
    until(lambda: state(data)["children"][0]["pid"] != web)
    assert until(lambda: status(port)) == 200

    # By its number, not by its absence: the parent may be quicker than the eye.
    before = database._noted_pid(data / "postgres")
    assert before
    os.kill(before, signal.SIGKILL)
    until(lambda: database.is_running() and database._noted_pid(data / "postgres") != before)
    assert until(lambda: status(port) == 200 or None)
    assert_it_ends_all_it_began(serving, data, signal.SIGINT)


def test_stop_ends_everything_also_when_the_parent_was_killed(data: Path, serving, run) -> None:
    running = everything(data)
    serving.kill()
    serving.wait()
    assert any(is_alive(pid) for pid in running), "the web server outlives its parent: that is what stop is for"
    stopped = run("stop", "--json")
    assert json.loads(stopped.stdout) == {"serving": True, "database": True}
    assert [pid for pid in running if is_alive(pid)] == []
    assert not database.is_running()
    assert json.loads(run("stop", "--json").stdout) == {"serving": False, "database": False}


def test_serving_again_after_a_kill_ends_what_was_left(data: Path, serving, port: int, tmp_path: Path) -> None:
    left = everything(data)
    serving.kill()
    serving.wait()
    with (tmp_path / "second").open("w") as log:
        second = subprocess.Popen(
            [sys.executable, "-m", "joinedup.cli", "serve", "--port", str(port)], stdout=log, stderr=log
        )
        until(lambda: "is served at" in (tmp_path / "second").read_text(), 120)
        assert [pid for pid in left if is_alive(pid)] == []
        assert status(port) == 200
        assert_it_ends_all_it_began(second, data, signal.SIGTERM)


@pytest.mark.parametrize("verb", ["serve", "demo"])
def test_a_taken_port_is_told_at_once_with_the_next_step(data: Path, port: int, run, verb: str) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        began = time.monotonic()
        refused = run(verb, "--port", str(port))
    assert refused.returncode == 6
    assert f"Port {port}" in refused.stderr
    assert f"make demo PORT={port + 1}" in refused.stderr
    assert time.monotonic() - began < 5, "before anything is set up or loaded"
    assert not (data / "postgres").exists()


def test_a_number_that_now_belongs_to_another_program_is_left_alone(data: Path, run) -> None:
    other = subprocess.Popen(["sleep", "60"])
    data.mkdir()
    note = {"pid": other.pid, "born": "1", "name": "web server"}
    (data / "serve.json").write_text(json.dumps({"address": "", "parent": note, "children": [note]}))
    assert run("stop").returncode == 0
    assert other.poll() is None
    other.kill()
    other.wait()
