"""What every test stands on: a data folder and a database server of this run's own, ended with it.

And, for those that look at pages: the served demo, a browser, and a check of accessibility.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

# Settings read these when they are first imported, so they are set before any test module is.
DATA = Path(tempfile.mkdtemp(prefix="joinedup-tests-"))
os.environ["JOINEDUP_DATA"] = str(DATA)
os.environ["DJANGO_SETTINGS_MODULE"] = "joinedup.settings"
REPOSITORY = Path(__file__).resolve().parent.parent
NODE_PACKAGES = REPOSITORY / "node_modules"
# The tests that look at the served demo.
SERVED = ("tests/journeys/", "tests/generative/test_api.py")


def pytest_configure(config: pytest.Config) -> None:
    import django

    django.setup()
    # With `--numprocesses`, whoever hands out the tests prepares the files that all of them are served.
    if not hasattr(config, "workerinput"):
        from joinedup.ui.assets import PREPARED, prepare

        prepare(NODE_PACKAGES / "nhsuk-frontend", PREPARED)
        if config.getoption("numprocesses", None):
            # Those it starts read their settings for their own data folders, when their own conftest is read.
            del os.environ["DJANGO_SETTINGS_MODULE"]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give each process whole files, and all that look at the served demo to one: it is made and loaded once."""
    from xdist.scheduler import LoadFileScheduling

    class WholeFiles(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return "served" if nodeid.startswith(SERVED) else str(super()._split_scope(nodeid))

    return WholeFiles(config, log)


def pytest_unconfigure(config: pytest.Config) -> None:
    from joinedup import database

    os.environ["JOINEDUP_DATA"] = str(DATA)
    database.stop()
    shutil.rmtree(DATA, ignore_errors=True)


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> None:
    """Start the server before Django makes its test database in it; a run without database tests starts none."""
    from joinedup import database

    database.start()


@pytest.fixture(scope="session")
def reference() -> Path:
    """The folder of the published files: JOINEDUP_REFERENCE, or shared/data beside the repository."""
    named = os.environ.get("JOINEDUP_REFERENCE")
    folder = Path(named) if named else REPOSITORY.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"the published files are not here ({folder}); set JOINEDUP_REFERENCE to their folder")
    return folder


# --- the served demo and a browser ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Served:
    """The demo as a person gets it: served by its own processes from a data folder of its own."""

    url: str
    data: Path

    def run(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run `joinedup …` against the same data."""
        return subprocess.run(
            [sys.executable, "-m", "joinedup.cli", *words],
            capture_output=True, text=True, timeout=300, check=False,
            env=os.environ | {"JOINEDUP_DATA": str(self.data)} | environment,
        )  # fmt: skip


def free_port() -> int:
    """Answer the number of a port that nobody uses at this moment."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextlib.contextmanager
def ground() -> Iterator[Path]:
    """A folder that a database server of another account can pass through.

    Not pytest's own: each pytest that starts closes the folder above all of them to other accounts.
    """
    folder = Path(tempfile.mkdtemp(prefix="joinedup-tests-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def served() -> Iterator[Served]:
    """Serve the demo once for the whole run. Tests share it: a test that changes something changes what it made."""
    with ground() as folder:
        yield from _serve(folder / "data")


def _serve(data: Path) -> Iterator[Served]:
    data.mkdir()
    port = free_port()
    served = Served(f"http://127.0.0.1:{port}", data)
    here = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    with (data / "served.log").open("w+") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "joinedup.cli", "demo", "--port", str(port), "--residents", "400"],
            stdout=log, stderr=subprocess.STDOUT, env=here | {"JOINEDUP_DATA": str(data)},
        )  # fmt: skip
        deadline = time.monotonic() + 420
        while f"joinedup is served at {served.url}" not in (data / "served.log").read_text():
            if process.poll() is not None or time.monotonic() > deadline:
                process.terminate()
                served.run("stop")
                pytest.fail(f"joinedup demo did not serve; it said:\n{(data / 'served.log').read_text()}")
            time.sleep(0.2)
        yield served
        process.terminate()
        process.wait(60)
    served.run("stop")


def chromium() -> str | None:
    """Answer the path of a Chromium on this machine."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    return None


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A headless Chromium. It ends with the module: while it runs, Django refuses the database in this thread."""
    path = chromium()
    if path is None:
        pytest.skip("no Chromium here: browser tests are left out; to run them: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    quiet = [
        "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
        "--disable-component-update", "--disable-sync",
    ]  # fmt: skip
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=quiet)
        yield started
        started.close()


@contextlib.contextmanager
def watched_page(browser: Any, **options: Any) -> Iterator[Any]:
    """A page of which every script error, broken rule of content security and request to another host is a failure."""
    context = browser.new_context(locale="en-GB", timezone_id="Europe/London", **options)
    page = context.new_page()
    page.set_default_timeout(30_000)
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(f"script error: {error}"))
    page.on("console", lambda line: wrong.append(f"console: {line.text}") if "Content Security" in line.text else None)
    page.on(
        "request",
        lambda request: (
            None
            if request.url.startswith(("http://127.0.0.1:", "data:", "about:"))
            else wrong.append(f"request to another host: {request.url}")
        ),
    )
    yield page
    context.close()
    assert not wrong, wrong


@pytest.fixture
def browser_page(browser: Any) -> Iterator[Any]:
    """A fresh browser window of a desktop, with no cookies."""
    with watched_page(browser, viewport={"width": 1280, "height": 900}) as page:
        yield page


@pytest.fixture
def phone_page(browser: Any) -> Iterator[Any]:
    """A fresh browser window of a phone, with no cookies."""
    with watched_page(browser, viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True) as page:
        yield page


@pytest.fixture(scope="session")
def assert_accessible() -> Callable[[Any], None]:
    """Answer a check that a page breaks no rule of axe-core for WCAG 2.2 A and AA; the failure names each place."""
    source = (NODE_PACKAGES / "axe-core" / "axe.min.js").read_text()

    def check(page: Any) -> None:
        # Evaluated by the browser's own tool, not put into the page: the page's security rules stay as they are.
        page.evaluate(source)
        found = page.evaluate(
            """async () => (await axe.run(document, {
                runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
            })).violations.map(one => ({
                rule: one.id, says: one.help, places: one.nodes.map(node => node.target.join(" ")),
            }))"""
        )
        assert not found, f"{page.url}:\n{json.dumps(found, indent=1)}"

    return check
