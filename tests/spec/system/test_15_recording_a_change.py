"""Chapter 15: recording a change that took force, and what is shown from its day."""

from __future__ import annotations

import re
from datetime import date

import pytest
from django.test import Client

from joinedup.access import Grant
from joinedup.access.demo import demo_users
from joinedup.errors import RuleError
from joinedup.system import answers, recording
from joinedup.system.models import Body, ChangeEvent, Standing
from joinedup.system.recording import NewBody, record_change

from .conftest import See

pytestmark = pytest.mark.django_db
DAY = date(2021, 4, 1)
WHY = "An order of the regulator says so"


def found(grant: Grant, number: int) -> list[str]:
    codes = [f"9Z{one}" for one in range(number)]
    for code in codes:
        new = NewBody(f"Group {code}", "ccg", "statutory_corporate", code)
        record_change(grant, "found", [], date(2013, 4, 1), WHY, key=f"found-{code}", new=new)
    return codes


@pytest.mark.parametrize("number", [3, 7])
def test_several_bodies_merge_into_a_new_one(grant: Grant, see: See, number: int) -> None:
    codes = found(grant, number)
    new = NewBody("Group of all", "ccg", "statutory_corporate", "9ZX")
    for _ in range(2):  # Sent twice it is one act.
        record_change(grant, "merge", codes, DAY, WHY, key="merge-all", new=new)
    before, after = see("2021-03-31"), see("2021-04-01")
    assert ChangeEvent.objects.filter(key="merge-all").count() == 1
    assert Standing.objects.get(body__key="group-of-all").valid.lower == DAY
    assert Standing.objects.filter(body__key="group-9z0", known__endswith__isnull=True).get().valid.upper == DAY
    assert answers.show(before, "9Z0")["name"] == "Group 9Z0"
    assert answers.show(after, "9ZX")["name"] == "Group of all"
    assert [one["name"] for one in answers.code(after, "9Z0")["followed_by"]] == ["Group of all"]


def test_what_cannot_be_is_refused(grant: Grant) -> None:
    codes = found(grant, 2)
    new = NewBody("Group of all", "ccg", "statutory_corporate")
    some = Body.objects.count()

    def merge(of: list[str], on: date = DAY, body: NewBody = new) -> None:
        record_change(grant, "merge", of, on, WHY, key="merge-all", new=body)

    with pytest.raises(RuleError, match="two or more bodies before"):
        merge(codes[:1])
    with pytest.raises(recording.BodyRefused, match="no body"):
        merge([codes[0], "NONE"])
    with pytest.raises(recording.BodyRefused):
        merge(codes, date(2013, 4, 1))
    with pytest.raises(recording.DayRefused):
        merge(codes, date(2999, 4, 1))
    with pytest.raises(recording.CodeRefused):
        merge(codes, body=NewBody("Group of all", "ccg", "statutory_corporate", codes[0]))
    with pytest.raises(recording.KindRefused):
        merge(codes, body=NewBody("Group of all", "club", "statutory_corporate"))
    with pytest.raises(recording.NameRefused):
        merge(codes, body=NewBody(f"Group {codes[0]}", "ccg", "statutory_corporate"))
    with pytest.raises(RuleError, match="cannot be recorded here"):
        record_change(grant, "split", codes, DAY, WHY, key="split")
    assert Body.objects.count() == some
    record_change(grant, "dissolve", [codes[0]], DAY, WHY, key="dissolve-one")
    with pytest.raises(recording.BodyRefused, match="2021-04-01"):
        merge(codes, date(2022, 4, 1))
    with pytest.raises(recording.NameRefused):
        record_change(grant, "rename", [codes[1]], DAY, WHY, key="rename-one")


def test_a_name_changes_from_its_day(grant: Grant, see: See) -> None:
    (code,) = found(grant, 1)
    record_change(grant, "rename", [code], DAY, WHY, key="rename-one", name="Another name")
    assert answers.show(see("2021-03-31"), code)["name"] == f"Group {code}"
    assert answers.show(see("2021-04-01"), code)["name"] == "Another name"


def test_a_merger_is_recorded_over_the_page(grant: Grant, see: See) -> None:
    codes = found(grant, 3)
    where = "/system/events/record/"
    demo_users()
    client = Client(SERVER_NAME="127.0.0.1")
    assert client.get(where).status_code == 302  # To sign in first.
    assert client.post("/access/demo/", {"role": "system_admin"}).status_code == 302
    assert where in client.get("/system/events/").content.decode()
    key = re.search(r'name="key" value="([^"]+)"', client.get(where).content.decode())
    assert key
    sent = {
        "key": key[1], "happened": "merge", "bodies": ", ".join(codes), "name": "Group of all", "kind": "ccg",
        "legal_form": "statutory_corporate", "code": "9zx", "reason": WHY,
        "on_day": "1", "on_month": "4", "on_year": "2021",
    }  # fmt: skip
    refused = client.post(where, sent | {"code": codes[0]})
    assert refused.status_code == 422
    assert f"The code {codes[0]} is taken" in refused.content.decode()
    checked = client.post(where, sent)
    assert "is shown until 31 March 2021, and as closed from 1 April 2021" in checked.content.decode()
    assert not Body.objects.filter(key="group-of-all").exists()
    done = client.post(where, sent | {"confirmed": "yes"}, follow=True)
    assert done.redirect_chain
    assert "Group of all" in done.content.decode()
    assert answers.show(see("2021-04-01"), "9ZX")["name"] == "Group of all"
    old = client.get("/system/body/9Z0/?as_of=2021-04-01", follow=True)
    assert "Group of all" in old.content.decode()
