"""Chapter 13: the HTTP interface gives the whole answer, as the pages and the command line do."""

from __future__ import annotations

import pytest
from django.test import Client

from joinedup.moment import now
from joinedup.system import answers
from joinedup.system.picture import Picture

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("three_systems")]


def test_what_the_interface_answers_of_a_system_is_what_the_command_answers() -> None:
    answered = Client(SERVER_NAME="127.0.0.1").get("/api/system/QM7")
    assert answered.status_code == 200
    expected = answers.show(Picture(now()), "QM7")
    told = answered.json()
    assert set(told) == set(expected)
    assert len(told) > 5
    assert told["name"] == expected["name"]
