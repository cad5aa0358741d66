"""Errors as FHIR says them: an OperationOutcome with a code for programs and words that hold no patient's data."""

from __future__ import annotations

from joinedup.errors import JoinedupError
from joinedup.ui import outcome

__all__ = ["BadRequest", "NotServed", "outcome"]


class BadRequest(JoinedupError, ValueError):
    """A parameter, modifier or value of the address is not one that this server knows."""

    exit_code = 2
    status = 400


class NotServed(JoinedupError):
    """Only JSON is answered here."""

    exit_code = 2
    status = 406
