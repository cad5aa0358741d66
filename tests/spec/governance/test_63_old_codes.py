"""Old codes in addresses: after a change nothing breaks, an old code leads to what followed on it (rules: C3, T6)."""

from __future__ import annotations

from datetime import date

import pytest
from django.test import Client

from joinedup.system.models import CodeSuccession, Source

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("three_groups")]


@pytest.fixture(autouse=True)
def published_rows() -> None:
    source = Source.objects.create(key="succession", title="Published succession")
    for old, new in (("01Z", "10A"), ("00Z", "01Z"), ("02Z", "10A"), ("02Z", "10B"), ("03Z", "04Z")):
        CodeSuccession.objects.create(old_code=old, new_code=new, on=date(2013, 4, 1), source=source)


@pytest.mark.parametrize("old", ["01Z", "00z"], ids=["one step", "two steps"])
def test_an_old_code_leads_to_its_one_successor_with_a_notice(old: str) -> None:
    response = Client().get(f"/system/body/{old}/")
    assert response.headers["Location"] == f"/system/body/body-10a/?was={old.upper()}"
    page = Client().get(response.headers["Location"]).content.decode()
    assert f"You followed an address with the code {old.upper()}" in page


@pytest.mark.parametrize("old", ["02Z", "03Z"], ids=["several", "one that nobody loaded"])
def test_an_old_code_without_one_known_successor_leads_to_what_became_of_it(old: str) -> None:
    response = Client().get(f"/system/body/{old}/")
    assert response.headers["Location"] == f"/system/code/{old}/"


def test_a_code_that_never_was_is_not_found_and_a_notice_is_not_made_up() -> None:
    assert Client().get("/system/body/99Z/").status_code == 404
    page = Client().get("/system/body/10B/?was=01Z").content.decode()
    assert "You followed an address" not in page
