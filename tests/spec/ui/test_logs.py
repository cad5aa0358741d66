"""Log lines that cannot hold a person."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import sys
from typing import Any

import pytest
from django.test import Client

from joinedup.ui.logs import AllowListedLine, Console, user_pseudonym

CANARY = "CANARY-0123456789abcdef"


def line(message: str, *arguments: Any, name: str = "joinedup.audit", **extra: Any) -> dict[str, Any]:
    record = logging.LogRecord(name, logging.INFO, "seal.py", 12, message, arguments, None)
    for key, value in extra.items():
        setattr(record, key, value)
    text = AllowListedLine().format(record)
    assert "\n" not in text
    assert "\x1b" not in text
    return dict(json.loads(text))


def test_an_event_is_kept_with_its_allowed_fields() -> None:
    written = line("audit.sealed", counts={"entries": 1000}, route="system/<slug:key>/", status=200, method="GET")
    del written["time"]
    assert written == {
        "level": "INFO",
        "event": "audit.sealed",
        "route": "system/<slug:key>/",
        "method": "GET",
        "status": 200,
        "counts": {"entries": 1000},
    }


# what somebody tries to log
LEAKS: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
    ((f"Signed in {CANARY}",), {}),
    (("Signed in %s", CANARY), {}),
    (("signed.in", CANARY), {}),
    (("sql", CANARY), {"name": "django.db.backends"}),
    (("request",), {"route": f"/person/{CANARY}?name={CANARY} x"}),
    (("request",), {"user": CANARY}),
    (("request",), {"method": CANARY}),
    (("request",), {"status": CANARY}),
    (("request",), {"request_id": CANARY}),
    (("request",), {"counts": {CANARY: 1}}),
    (("request",), {"counts": {"rows": CANARY}}),
    (("request",), {"body": CANARY, "query": CANARY}),
    ((f"line\nforged {CANARY}\x1b[31m",), {}),
]


@pytest.mark.parametrize(("arguments", "extra"), LEAKS)
def test_nothing_else_passes(arguments: tuple[Any, ...], extra: dict[str, Any]) -> None:
    assert CANARY not in json.dumps(line(*arguments, **extra))


def test_an_error_gives_its_class_and_lines_but_not_its_message() -> None:
    try:
        local = CANARY
        raise ValueError(local)
    except ValueError:
        record = logging.LogRecord("joinedup.errors", logging.ERROR, "x.py", 1, "failed", (), sys.exc_info())
    written = json.loads(AllowListedLine().format(record))
    assert written["error"] == "builtins.ValueError"
    assert written["at"][-1].startswith("test_logs.py:")
    assert CANARY not in json.dumps(written)


def test_a_line_goes_to_what_is_standard_error_when_it_is_written() -> None:
    log = logging.Logger("joinedup.audit")
    console = Console()
    console.setFormatter(AllowListedLine())
    log.addHandler(console)
    first, second = io.StringIO(), io.StringIO()
    for there in (first, second):
        with contextlib.redirect_stderr(there):
            log.info("audit.sealed")
    assert first.getvalue().count("audit.sealed") == second.getvalue().count("audit.sealed") == 1


def test_a_line_that_cannot_be_written_is_lost_without_a_word(capfd: pytest.CaptureFixture[str]) -> None:
    log = logging.Logger("joinedup.audit")
    log.addHandler(Console())
    closed = io.StringIO()
    closed.close()
    with contextlib.redirect_stderr(closed):
        log.info("audit.sealed", extra={"counts": {CANARY: 1}})
    assert CANARY not in "".join(capfd.readouterr())


def test_a_user_has_a_pseudonym_that_depends_on_the_key() -> None:
    assert user_pseudonym(7, "key") == user_pseudonym(7, "key")
    assert len({user_pseudonym(7, "key"), user_pseudonym(8, "key"), user_pseudonym(7, "other")}) == 3
    assert "user" in line("request", user=user_pseudonym(7, "key"))


def test_a_request_is_logged_by_its_route_without_its_query(site: Client, caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("joinedup")
    logger.addHandler(caplog.handler)
    try:
        with caplog.at_level(logging.INFO, "joinedup"):
            site.get(f"/?bodies-q={CANARY}")
            site.get("/broken/")
    finally:
        logger.removeHandler(caplog.handler)
    lines = [AllowListedLine().format(record) for record in caplog.records]
    requests = [json.loads(text) for text in lines if json.loads(text)["event"] == "request"]
    assert [(r["route"], r["status"], r["method"]) for r in requests] == [("", 200, "GET"), ("broken/", 500, "GET")]
    assert CANARY not in "".join(lines)


def test_the_web_servers_own_log_names_no_address_and_no_value(capfd: pytest.CaptureFixture[str]) -> None:
    from gunicorn.config import Config

    from joinedup.ui.server_log import ServerLog

    log = ServerLog(Config())
    try:
        raise ValueError("CANARY of a value")
    except ValueError:
        log.exception("Error handling request %s", "/access/reset/CANARY/?q=CANARY")
    told = json.loads(capfd.readouterr().err)
    assert (told["level"], told["error"]) == ("ERROR", "builtins.ValueError")
    assert "CANARY" not in json.dumps(told)
