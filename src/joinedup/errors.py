"""What a person is told when something cannot be done.

One subclass for each thing that the person would do differently. The command line prints the message without a
traceback and ends with `exit_code`; pages show it with `status`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class JoinedupError(Exception):
    """Base of every error that is meant to be read by a person: what was given, what was expected, the next step."""

    exit_code = 1
    status = 400


class RuleError(JoinedupError, ValueError):
    """A rule of the field was broken: shares that do not sum to 1, a merge of one body, overlapping periods."""

    exit_code = 2
    status = 422


class NotFound(JoinedupError, LookupError):
    """There is no such thing, or none that may be seen; the message suggests the nearest right answer."""

    exit_code = 3
    status = 404


class Refused(JoinedupError):
    """Whoever asked may not do this. The reason goes to the audit; the message says nothing about any person."""

    exit_code = 4
    status = 403


class FileError(JoinedupError, ValueError):
    """A file could not be taken in; nothing of it was kept. Names file, line, field, what was expected, what to do."""

    exit_code = 5
    status = 422

    def __init__(
        self, file: str, expected: str, next_step: str, *, line: int | None = None, field: str | None = None
    ) -> None:
        place = ", ".join(
            part for part in (file, f"line {line}" if line else "", f"field {field}" if field else "") if part
        )
        super().__init__(f"{place}: {expected}\nNothing was loaded. {next_step}")
        self.file, self.line, self.field, self.expected, self.next_step = file, line, field, expected, next_step


class Unavailable(JoinedupError):
    """Something this needs is not there: the database does not answer, a folder belongs to another version."""

    exit_code = 6
    status = 503


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """Answer " Did you mean 'Harlow'?" for the known word nearest to the given one, or "" when none is near."""
    by_folded = {word.casefold(): word for word in known}
    near = difflib.get_close_matches(given.casefold(), by_folded, n=1, cutoff=0.6)
    return f" Did you mean '{by_folded[near[0]]}'?" if near else ""
