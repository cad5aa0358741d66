"""The HTTP interface against its own description: whatever is asked, no server error and no answer it does not name."""

from __future__ import annotations

from typing import Any

import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance


def test_every_answer_is_described(served: Any) -> None:
    interface = schemathesis.openapi.from_url(f"{served.url}/api/openapi.json")
    operations = [found.ok() for found in interface.get_all_operations()]
    assert len(operations) >= 10
    for operation in operations:

        @given(case=operation.as_strategy())
        @settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
        def is_described(case: Any) -> None:
            # A text that is no date is refused with 422, which the description names; it has no word for "a date or
            # nothing".
            case.call_and_validate(excluded_checks=[positive_data_acceptance])

        is_described()
