"""Errors as FHIR says them, under /fhir/: an OperationOutcome with a code for programs and words without any data."""

from __future__ import annotations

# status -> the code of OperationOutcome.issue (rules: record R45)
CODES = {
    400: "invalid",
    401: "login",
    403: "forbidden",
    404: "not-found",
    405: "not-supported",
    406: "not-supported",
    409: "conflict",
    410: "deleted",
    412: "conflict",
    413: "too-long",
    415: "not-supported",
    422: "processing",
    429: "throttled",
    500: "exception",
    503: "transient",
}


def outcome(status: int, says: str, severity: str = "error") -> dict[str, object]:
    """Answer the OperationOutcome of one error or warning."""
    code = CODES.get(status, "processing")
    return {
        "resourceType": "OperationOutcome",
        "issue": [{"severity": severity, "code": code, "diagnostics": says}],
    }
