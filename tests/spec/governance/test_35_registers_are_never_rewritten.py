"""Registers as kept: two times, nothing overwritten; who may hold a seat, preside, or be written down at all."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.apps import apps
from django.db import ProgrammingError, connection, transaction

from joinedup.errors import NotFound, Refused, RuleError
from joinedup.governance import models
from joinedup.governance.acts import (
    assurance as services_assurance,
    boards as services_boards,
    delegations as services_delegations,
    interests as services_interests,
)
from joinedup.governance.acts.meetings import NoChair
from joinedup.governance.reading import register_of_holdings, register_of_interests
from joinedup.moment import Moment, now
from joinedup.system import keep_person

from .sitting import BOARD, MEETS, OPENED, QUORUM, SYSTEM, arrive, call, grant, job, set_up_committee

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("littleshire_with_a_board")]
TABLES = sorted(model._meta.db_table for model in apps.get_app_config("governance").get_models())


def declared(person: str = "eve", **more: Any) -> str:
    given = {
        "type": "financial", "about_org": "Care Ltd", "description": "owns a third of it",
        "arose_on": date(2021, 3, 5), "declared_on": date(2021, 4, 3),
    }  # fmt: skip
    return services_interests.declare_interest(more.pop("leave", grant("governance.keep")), person, **given | more)


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("what", ["UPDATE {} SET by = 'somebody else'", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_no_row_is_changed_or_taken_out(table: str, what: str) -> None:
    declared()
    arrive(call(), "ada")
    services_boards.name_account(grant("governance.keep"), "user:ada", "ada", since=OPENED, reason="her account")
    services_assurance.set_objective(grant("governance.assure"), BOARD, "waits", "Shorter waits", since=OPENED)
    services_assurance.set_appetite(grant("governance.assure"), BOARD, 12, since=OPENED, reason="as agreed")
    services_delegations.keep_power(grant("governance.keep"), "home-care", "the Act", law_from=OPENED, reason="the Act")
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        with pytest.raises(ProgrammingError, match=r"only grows|only known may end"), transaction.atomic():
            cursor.execute(what.format(table))


def test_what_was_known_of_an_interest_stays_at_its_time() -> None:
    first, second = datetime(2021, 4, 3, 9, tzinfo=UTC), datetime(2022, 8, 1, 9, tzinfo=UTC)
    key = declared(leave=job(), known_at=first)
    services_interests.end_interest(job(), key, on=date(2022, 6, 1), reason="sold the share", known_at=second)

    def open_on(day: date, known: datetime) -> list[str]:
        return [line.key for line in register_of_interests(Moment(day, known))]

    july = date(2022, 7, 1)
    assert open_on(july, datetime(2021, 4, 3, 8, tzinfo=UTC)) == []
    assert open_on(july, first) == [key]
    assert open_on(july, second) == []
    assert open_on(date(2022, 5, 31), second) == [key]
    (line,) = register_of_interests(Moment(date(2022, 5, 31), second))
    assert (line.ended_on, line.as_interest.is_late) == (date(2022, 6, 1), True)
    with pytest.raises(RuleError, match="had ended before"):
        services_interests.end_interest(job(), key, on=date(2022, 7, 1), reason="again")


def test_what_a_person_records_is_known_from_now_and_nobody_knows_the_future() -> None:
    with pytest.raises(RuleError, match="is known from now on"):
        declared(known_at=datetime(2021, 4, 3, tzinfo=UTC))
    with pytest.raises(RuleError, match="is still to come"):
        declared(leave=job(), known_at=datetime(2999, 1, 1, tzinfo=UTC))


def test_a_nil_declaration_is_what_the_register_says_and_is_typed_by_nobody() -> None:
    keep = grant("governance.keep")
    assert services_interests.confirm_register(keep, "fay", on=MEETS)
    declared("gus")
    assert not services_interests.confirm_register(keep, "gus", on=MEETS)


def test_a_person_declares_for_himself_alone() -> None:
    own = grant("governance.declare", "user:eve")
    with pytest.raises(NotFound, match="linked with no person"):
        declared(leave=own)
    services_boards.name_account(grant("governance.keep"), "user:eve", "eve", since=OPENED, reason="her account")
    declared(leave=own)
    with pytest.raises(Refused, match="You speak for yourself here"):
        declared("fay", leave=own)
    with pytest.raises(Refused, match=r"This needs leave for governance\.keep"):
        services_boards.name_account(own, "user:x", "fay", since=OPENED, reason="not hers to say")


def test_who_held_a_seat_is_known_on_each_day_and_a_seat_has_so_many_holders_as_it_may() -> None:
    keep = grant("governance.keep")
    services_boards.end_holding(keep, BOARD, "trust", "eve", on=date(2022, 9, 1), reason="left the trust")
    with pytest.raises(RuleError, match="is held on these days by as many as may"):
        services_boards.appoint(keep, BOARD, "trust", "ivy", since=date(2022, 8, 31), reason="by the trust")
    services_boards.appoint(keep, BOARD, "trust", "ivy", since=date(2022, 9, 1), reason="by the trust")
    known = now().known_at
    held = {
        day: [line.person for board, line in register_of_holdings(Moment(day, known)) if line.seat == "trust"]
        for day in (date(2022, 8, 31), date(2022, 9, 1))
    }
    assert list(held.values()) == [["eve"], ["ivy"]]
    with pytest.raises(NotFound, match="on no day"):
        services_boards.end_holding(keep, BOARD, "trust", "eve", on=date(2022, 9, 1), reason="again")


def test_a_seat_is_filled_by_those_who_nominate_for_it() -> None:
    keep = grant("governance.keep")
    services_boards.add_seat(
        keep, BOARD, "second-trust", title="Trusts", category="partner_trust", since=OPENED, nominating=["RZ1"]
    )
    with pytest.raises(RuleError, match="RZ1 nominate; given 'nobody'"):
        services_boards.appoint(keep, BOARD, "second-trust", "ivy", since=OPENED, reason="by herself")
    services_boards.appoint(keep, BOARD, "second-trust", "ivy", since=OPENED, on_behalf_of="RZ1", reason="by the trust")
    with pytest.raises(NotFound, match="no seat 'secnd-trust'"):
        services_boards.appoint(keep, BOARD, "secnd-trust", "joe", since=OPENED, reason="a slip")


def test_a_meeting_without_a_chair_is_not_called() -> None:
    services_boards.end_holding(
        grant("governance.keep"), BOARD, "chair", "ada", on=date(2022, 9, 1), reason="the term is over"
    )
    with pytest.raises(NoChair, match="icb has no chair on 2022-09-23"):
        call()
    with pytest.raises(NoChair, match="ivy is no member"):
        call(presiding="ivy")
    assert call(presiding="cat") == "icb-2022-09-23"


def test_notice_comes_in_time_or_says_why_not_and_a_private_meeting_says_why() -> None:
    with pytest.raises(RuleError, match=r"notice of a meeting on 2022-09-23 is due by 2022-09-19"):
        call(short_notice_reason="")
    with pytest.raises(RuleError, match="the resolution that excludes the public"):
        call(is_public=False)


@pytest.mark.parametrize(
    "name",
    [
        "<script>alert(1)</script>", "Eve\u202eelpmaS", "Eve\x00", "`whoami`", "  ", "123", "{{ 7 * 7 }}", "E" * 121,
    ],
    ids=["script", "turned", "zero", "shell", "blank", "digits", "template", "long"],
)  # fmt: skip
def test_a_script_in_a_name_is_refused_wherever_names_are_written(name: str) -> None:
    with pytest.raises(RuleError, match="name"):
        keep_person(job(), "mallory", name, since=OPENED, source="people", reason="The boards' people")
    with pytest.raises(RuleError, match="name"):
        declared(about_org=name)
    with pytest.raises(RuleError, match="name"):
        services_boards.create_board(
            grant("governance.keep"), "mallory", system=SYSTEM, tier="place", name=name, since=OPENED, quorum=QUORUM
        )


def test_a_system_has_one_partnership_board_on_a_day() -> None:
    with pytest.raises(RuleError, match="icb is the partnership board of littleshire"):
        services_boards.create_board(
            grant("governance.keep"), "second", system=SYSTEM, tier="system", name="Second", since=MEETS,
            quorum=QUORUM, is_partnership_board=True,
        )  # fmt: skip
    set_up_committee()


def test_a_board_ends_and_its_holdings_with_it() -> None:
    services_boards.end_board(grant("governance.keep"), BOARD, on=date(2023, 1, 1), reason="merged")
    known = now().known_at
    assert not [one for one in register_of_holdings(Moment(date(2023, 1, 1), known)) if one[0] == BOARD]
    assert len(register_of_holdings(Moment(date(2022, 12, 31), known))) == 8
    with pytest.raises(RuleError, match="has no terms on 2023-01-20"):
        call(on=date(2023, 1, 20))


def test_gifts_are_kept_with_what_became_of_them() -> None:
    services_interests.record_gift(
        grant("governance.keep"), "eve", offered_by="Care Ltd", description="a dinner", value_pence=4_500,
        offered_on=date(2022, 9, 1), declared_on=date(2022, 9, 2), outcome="declined",
    )  # fmt: skip
    assert models.Gift.objects.get().value_pence == 4_500
    with pytest.raises(RuleError, match="cannot be declared"):
        services_interests.record_gift(
            grant("governance.keep"), "eve", offered_by="Care Ltd", description="a dinner", value_pence=4_500,
            offered_on=date(2022, 9, 1), declared_on=date(2022, 8, 2), outcome="declined",
        )  # fmt: skip
