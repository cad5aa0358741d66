"""Log lines that cannot hold a person: each is built from a short list of allowed fields, and nothing else passes.

    logger.info("audit.sealed", extra={"counts": {"entries": 1000}})

An event is a few lower-case words joined by dots. What another library writes (its text may hold names, SQL values or
addresses) is replaced by where in the code it came from. An exception gives its class and the lines of code it passed
through, never its message.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import re
import sys
import traceback
from datetime import UTC, datetime
from typing import Any, TextIO

EVENT = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*){0,4}")
ROUTE = re.compile(r"[A-Za-z0-9_/<>:.^$()\\?+*\[\]|-]{0,200}")
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
DEEPEST = 12  # lines of a trace that are kept, counted from where it broke

logger = logging.getLogger("joinedup.request")


class Console(logging.StreamHandler[TextIO]):
    """Writes to what is standard error at the moment of the line: whoever runs a command within a program puts another
    in its place for a while."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:
        return sys.stderr

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 (the name is the library's)
        """Lose a line that cannot be written: the library's own report of it would hold what the line may not."""


class AllowListedLine(logging.Formatter):
    """Formats a record as one line of JSON: time, level, event and those allowed fields that the record carries."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "event": self._event(record),
        }
        for name, is_allowed in FIELDS.items():
            value = getattr(record, name, None)
            if value is not None and is_allowed(value):
                line[name] = value
        if record.exc_info and record.exc_info[0]:
            line["error"] = f"{record.exc_info[0].__module__}.{record.exc_info[0].__qualname__}"
            frames = traceback.extract_tb(record.exc_info[2])[-DEEPEST:]
            line["at"] = [f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno} {frame.name}" for frame in frames]
        # ASCII: line breaks, escape sequences and letters that turn the reading direction come out encoded.
        return json.dumps(line, ensure_ascii=True)

    @staticmethod
    def _event(record: logging.LogRecord) -> str:
        ours = record.name == "joinedup" or record.name.startswith("joinedup.")
        if ours and isinstance(record.msg, str) and EVENT.fullmatch(record.msg) and not record.args:
            return record.msg
        return f"{record.name}:{record.module}:{record.lineno}"


def _is_counts(value: Any) -> bool:
    return isinstance(value, dict) and all(
        isinstance(key, str) and EVENT.fullmatch(key) and isinstance(number, int | float)
        for key, number in value.items()
    )


# Each field with what it may hold. A field that holds anything else is left out.
FIELDS: dict[str, Any] = {
    "route": lambda value: isinstance(value, str) and bool(ROUTE.fullmatch(value)),
    "method": lambda value: isinstance(value, str) and value in METHODS,
    "status": lambda value: isinstance(value, int),
    "ms": lambda value: isinstance(value, int | float),
    "user": lambda value: isinstance(value, str) and bool(re.fullmatch(r"[0-9a-f]{16}", value)),
    "request_id": lambda value: isinstance(value, str) and bool(re.fullmatch(r"[0-9a-f-]{8,36}", value)),
    "counts": _is_counts,
    "job": lambda value: isinstance(value, str) and bool(EVENT.fullmatch(value)),
}


def user_pseudonym(user_id: object, key: str) -> str:
    """Answer 16 hexadecimal digits that stand for a user in the log; the same user gives the same ones."""
    return hmac.new(key.encode(), f"log:{user_id}".encode(), hashlib.sha256).hexdigest()[:16]


def log_request(request: Any, status: int, seconds: float) -> None:
    """Write the line of one request: the route's template, never its address, and no parameter."""
    from django.conf import settings

    # Only a user that the request has looked up already: the log must not ask the database.
    user: Any = getattr(request, "_cached_user", None)
    is_known = user is not None and user.is_authenticated
    logger.log(
        logging.ERROR if status >= 500 else logging.INFO,
        "request",
        extra={
            "route": request.resolver_match.route if request.resolver_match else None,
            "method": request.method,
            "status": status,
            "ms": round(seconds * 1000, 1),
            "user": user_pseudonym(user.pk, settings.SECRET_KEY) if is_known else None,
            "request_id": getattr(request, "request_id", None),
        },
    )
