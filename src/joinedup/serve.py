"""The running server: the web processes and the job worker, watched by one parent that also owns the database.

The parent writes who runs into `serve.json` in the data folder, so that `joinedup stop` can end everything also when
the parent was killed and could not clear up after itself.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess  # nosec B404
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from joinedup import database
from joinedup.errors import Unavailable

GRACE_SECONDS = 30  # What a request or job under way has before it is ended.
FAILED_ANSWERS = 3
ANSWER_SECONDS = 90  # The first page draws its map; on a busy small machine that takes a while.


@dataclass
class Child:
    """One program that the parent keeps running: started again when it dies, more slowly when it keeps dying."""

    name: str
    command: list[str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    deaths_in_a_row: int = 0
    not_before: float = field(default=0.0)

    def start(self) -> None:
        # Its own group: Ctrl-C reaches the parent alone, which then ends the rest in order.
        self.process = subprocess.Popen(self.command, start_new_session=True)  # noqa: S603  # nosec B603
        self.started = time.monotonic()

    def watch(self) -> bool:
        """Start the program again if it has ended and its pause is over; answers whether it was started."""
        if self.process is not None and self.process.poll() is None:
            return False
        if self.process is not None:
            lived = time.monotonic() - self.started
            self.deaths_in_a_row = self.deaths_in_a_row + 1 if lived < 10 else 1
            pause = min(60, 2 ** (self.deaths_in_a_row - 1)) if self.deaths_in_a_row > 1 else 0
            self.not_before = time.monotonic() + pause
            when = f"in {pause} seconds" if pause else "at once"
            _say(f"The {self.name} ended ({self.process.returncode}); it is started again {when}.")
            self.process = None
        if time.monotonic() < self.not_before:
            return False
        self.start()
        return True


def serve(host: str, port: int, *, workers: int = 2, on_ready: Callable[[], None] = lambda: None) -> None:
    """Serve until SIGTERM or Ctrl-C, then end the web server, the worker and the embedded database, in this order.

    `on_ready` is called once the front page answers. Raises Unavailable when the port is taken, when joinedup is
    served from this data folder already, or when the web server does not come up.
    """
    refuse_second_server()
    if stop_leftovers():
        _say("The web server and worker of a killed joinedup were still running; they were ended.")
    refuse_taken_port(host, port)
    if host in {"127.0.0.1", "localhost"}:  # Links in letters lead here, unless a setting names a better address.
        os.environ.setdefault("JOINEDUP_PUBLIC_URL", f"http://{host}:{port}")
    database.ready()

    stopping = False

    def end(_signal: int, _frame: FrameType | None) -> None:
        nonlocal stopping
        stopping = True

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    children = [
        Child("web server", _web_command(host, port, workers)),
        Child("job worker", _worker_command()),
    ]
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "joinedup.settings")
    try:
        for child in children:
            child.start()
        _write_state(host, port, children)
        answers: list[int] = []  # the statuses of the front page, the last one final
        threading.Thread(target=_wait_for_front_page, args=(host, port, answers), daemon=True).start()
        began, is_announced = time.monotonic(), False
        while not stopping:
            _watch_database()
            started = [child for child in children if child.watch()]
            if started:
                _write_state(host, port, children)
            if not is_announced and answers and answers[-1] < 400:
                is_announced = True
                on_ready()
            dies, is_late = children[0].deaths_in_a_row >= 3, time.monotonic() - began > ANSWER_SECONDS
            if not is_announced and (dies or is_late or len(answers) >= FAILED_ANSWERS):
                what = f"answers with status {answers[-1]}" if answers else "does not answer"
                raise Unavailable(
                    f"The front page {what}; the web server's own words are above. Look there, and run: joinedup check"
                )
            time.sleep(0.2)
    finally:
        for child in children:
            if child.process is not None:
                child.process.terminate()
        _end_groups([child.process.pid for child in children if child.process], lambda: _reap(children))
        database.stop()
        _state_file().unlink(missing_ok=True)
        for number, handler in before.items():
            signal.signal(number, handler)


def stop() -> dict[str, bool]:
    """End the server of this data folder and its embedded database; answers what of both had been running.

    It works from the note that the server left, so also when the server's parent was killed.
    """
    state = _read_state()
    serving, had_database = False, database.is_embedded() and database.is_running()
    if state and _is_alive(state["parent"]):
        serving = True
        _signal(state["parent"]["pid"], signal.SIGTERM)
        _wait(lambda: not _is_alive(state["parent"]), GRACE_SECONDS + 10)
        if _is_alive(state["parent"]):
            _signal(state["parent"]["pid"], signal.SIGKILL)
    serving = stop_leftovers() or serving
    database.stop()  # A parent that ended in order has done so already.
    return {"serving": serving, "database": had_database}


def stop_leftovers() -> bool:
    """End web server and worker that outlived a killed parent; answers whether there were any."""
    state = _read_state()
    if not state or _is_alive(state["parent"]):
        return False
    left = [child for child in state["children"] if _is_alive(child)]
    for child in left:
        _signal(child["pid"], signal.SIGTERM)
    _end_groups([child["pid"] for child in left], lambda: not any(_is_alive(child) for child in left))
    _state_file().unlink(missing_ok=True)
    return bool(left)


def address() -> str | None:
    """Answer the address at which joinedup is served from this data folder, or None."""
    state = _read_state()
    return state["address"] if state and _is_alive(state["parent"]) else None


def refuse_second_server() -> None:
    """Raise Unavailable when this data folder is served already."""
    if found := address():
        raise Unavailable(f"joinedup is already served at {found} from {database.data_dir()}. To end it: joinedup stop")


def refuse_taken_port(host: str, port: int) -> None:
    """Raise Unavailable, with the next step, when another program listens on the port."""
    with contextlib.closing(socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
        except OSError as error:
            raise Unavailable(
                f"Port {port} on {host} cannot be used ({error.strerror}); most likely another program has it.\n"
                f"Choose another: joinedup serve --port {port + 1} (or make demo PORT={port + 1}). "
                f"If it is a joinedup with another data folder, end it there with: joinedup stop"
            ) from None


def _watch_database() -> None:
    if database.is_embedded() and not database.is_running():
        _say("The database ended; it is started again.")
        try:
            database.start()
        except Unavailable as error:
            _say(str(error))
            time.sleep(5)


def _web_command(host: str, port: int, workers: int) -> list[str]:
    bind = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return [
        sys.executable, "-m", "gunicorn", "joinedup.wsgi:application", "--bind", bind,
        "--worker-class", "gthread", "--workers", str(workers), "--threads", "4",
        "--graceful-timeout", str(GRACE_SECONDS - 5), "--timeout", "60", "--limit-request-line", "8190",
        "--log-level", "warning", "--logger-class", "joinedup.ui.server_log.ServerLog",
        "--worker-tmp-dir", _worker_folder(), "--no-control-socket",
    ]  # fmt: skip


def _worker_command() -> list[str]:
    # A job that went well is not kept: one a minute would be half a million rows a year.
    return [
        sys.executable, "-m", "django", "procrastinate", "worker", "--name", "joinedup", "--delete-jobs", "successful",
    ]  # fmt: skip


def _worker_folder() -> str:
    # Gunicorn's heartbeat files belong in memory: on a slow disk a write to them can stall a healthy worker.
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else str(database.data_dir())  # noqa: S108  # nosec B108


def _wait_for_front_page(host: str, port: int, answers: list[int]) -> None:
    """Ask for the front page until it is there, noting each status; a failing one is asked for a few times only."""
    here = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  # nosec B104
    for _ in _ticks(ANSWER_SECONDS):
        connection = http.client.HTTPConnection(here, port, timeout=ANSWER_SECONDS)
        with contextlib.suppress(OSError, http.client.HTTPException), contextlib.closing(connection):
            connection.request("GET", "/", headers={"Host": f"127.0.0.1:{port}"})
            answers.append(connection.getresponse().status)
            if answers[-1] < 400 or len(answers) >= FAILED_ANSWERS:
                return
            time.sleep(1)


# --- who runs ------------------------------------------------------------------------------------------------------


def _state_file() -> Path:
    return database.data_dir() / "serve.json"


def _write_state(host: str, port: int, children: list[Child]) -> None:
    shown = f"[{host}]" if ":" in host else host
    state = {
        "address": f"http://{shown}:{port}",
        "parent": {"pid": os.getpid(), "born": _born(os.getpid())},
        "children": [
            {"name": child.name, "pid": child.process.pid, "born": _born(child.process.pid)}
            for child in children
            if child.process is not None
        ],
    }
    new = _state_file().with_suffix(".new")
    new.write_text(json.dumps(state))
    new.replace(_state_file())


def _read_state() -> dict[str, Any] | None:
    try:
        state: dict[str, Any] = json.loads(_state_file().read_text())
    except (FileNotFoundError, ValueError):
        return None
    return state


def _born(pid: int) -> str:
    """Answer when a process began, in the system's own words: a number alone may since be another process's."""
    try:
        # After the name in brackets: state is field 3, the start time in clock ticks field 22.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except FileNotFoundError:
        if Path("/proc/self/stat").exists():
            return ""
    found = subprocess.run(  # noqa: S603  # nosec B603 B607
        ["ps", "-o", "lstart=", "-p", str(pid)],  # noqa: S607
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return found.stdout.strip()


def _is_alive(who: dict[str, Any]) -> bool:
    if not who["born"] or _born(who["pid"]) != who["born"]:
        return False
    try:
        # A zombie has ended: whoever started it has not looked yet.
        return Path(f"/proc/{who['pid']}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return not Path("/proc/self/stat").exists()


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
    except PermissionError:
        raise Unavailable(
            f"Process {pid} of joinedup belongs to another account. Run this as the account that started it."
        ) from None


def _end_groups(pids: list[int], ended: Callable[[], bool]) -> None:
    """Wait for programs that were asked to end; end what is left of their groups when the grace is over."""
    _wait(ended, GRACE_SECONDS)
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)


def _reap(children: list[Child]) -> bool:
    return all(child.process is None or child.process.poll() is not None for child in children)


def _wait(until: Callable[[], bool], seconds: float) -> None:
    for _ in _ticks(seconds):
        if until():
            return


def _ticks(seconds: float) -> Iterator[None]:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        yield
        time.sleep(0.1)


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()
