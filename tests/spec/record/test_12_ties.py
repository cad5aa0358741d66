"""Which relationships a resource shows (rules: record R79): the windows themselves are a matter of access."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from joinedup.record.relations import Tie, ties_in

ODS = "https://fhir.nhs.uk/Id/ods-organization-code"
START, END = datetime(2026, 3, 1, 9, tzinfo=UTC), datetime(2026, 3, 4, 9, 0, 1, tzinfo=UTC)
PERIOD = {"start": "2026-03-01T09:00:00Z", "end": "2026-03-04T09:00:00Z"}


def named(code: str) -> dict[str, Any]:
    return {"identifier": {"system": ODS, "value": code}}


@pytest.mark.parametrize(
    ("type_", "content", "setting", "tie"),
    [
        # a registration at a practice, that it names or that is its own
        ("EpisodeOfCare", {"managingOrganization": named("Z90001"), "period": {"start": PERIOD["start"]}}, "gp",
         Tie("Z90001", "registered_practice", START, None)),
        ("EpisodeOfCare", {"status": "finished", "period": PERIOD}, "gp",
         Tie("OWN", "registered_practice", START, END)),
        # a caseload of another team
        ("EpisodeOfCare", {"period": {"start": PERIOD["start"]}}, "community", Tie("OWN", "caseload", START, None)),
        # stays: under way, ended, and what never happened
        ("Encounter", {"serviceProvider": named("RWG"), "period": {"start": PERIOD["start"]}},
         "acute", Tie("RWG", "open_encounter", START, None)),
        ("Encounter", {"status": "finished", "period": PERIOD}, "acute", Tie("OWN", "open_encounter", START, END)),
        ("Encounter", {"status": "finished", "period": {"start": PERIOD["start"]}}, "acute",
         Tie("OWN", "open_encounter", START, START)),
        ("Encounter", {"status": "entered-in-error", "period": PERIOD}, "acute", Tie("OWN", "none", START, END)),
        ("Encounter", {"status": "finished"}, "acute", Tie("OWN", "none", None, None)),
        # an appointment, and one that was called off
        ("Appointment", {"status": "booked", "start": PERIOD["start"], "participant": [{"actor": named("RWG")}]},
         "acute", Tie("RWG", "appointment", START, START)),
        ("Appointment", {"status": "cancelled", "start": PERIOD["start"]}, "acute", Tie("OWN", "none", START, START)),
    ],
)  # fmt: skip
def test_the_tie_that_a_resource_shows(type_: str, content: dict[str, Any], setting: str, tie: Tie) -> None:
    assert list(ties_in(type_, content, setting, "OWN")) == [tie]


@pytest.mark.parametrize("type_", ["Patient", "Observation", "ServiceRequest"])
def test_a_gp_whom_a_hospital_notes_gets_no_relationship(type_: str) -> None:
    """Only the practice's own registration does: what another holds of it may be years old."""
    content = {"generalPractitioner": [named("Z90001")], "performer": [named("Z90001")]}
    assert list(ties_in(type_, content, "acute", "RWH")) == []
