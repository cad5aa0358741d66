"""Two who act at once, each on a connection of its own: the second waits, and sees what the first did."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Any

import pytest

from joinedup.errors import NotFound, RuleError
from joinedup.governance import models
from joinedup.governance.acts import boards, deciding, delegations, interests, meetings, minutes, papers
from joinedup.governance.delegation.scheme import Delegation
from joinedup.governance.kept.meetings import attendances_of, item_of
from joinedup.governance.meetings.voting import VoteRefused

from . import sitting

NAME = "two_who_decide"
LIMIT = 4_250_000  # pence in a year
PRESENT = ("ada", "ben", "cat", "dan", "eve")


@pytest.fixture(scope="module")
def boardroom(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """Littleshire and its boards in a database of its own, so that what one connection commits another sees."""
    from django.core.management import call_command
    from django.db import connection

    from joinedup import database

    before = connection.settings_dict["NAME"]
    with django_db_blocker.unblock():
        connection.close()
        with database.connect("postgres") as server:
            server.execute(f'DROP DATABASE IF EXISTS "{NAME}" WITH (FORCE)')
            server.execute(f'CREATE DATABASE "{NAME}" TEMPLATE "{before}"')
        connection.settings_dict["NAME"] = NAME
        try:
            call_command("migrate", verbosity=0, interactive=False)  # Nothing to do where the run has migrated.
            sitting.load(tmp_path_factory.mktemp("littleshire"))
            sitting.set_up_board()
            sitting.set_up_committee(LIMIT)
            yield
        finally:
            connection.close()
            connection.settings_dict["NAME"] = before
            with database.connect("postgres") as server:
                server.execute(f'DROP DATABASE IF EXISTS "{NAME}" WITH (FORCE)')


class Other(threading.Thread):
    """An act on a connection of its own: what it answered, or its error."""

    def __init__(self, act: Callable[[], Any]) -> None:
        super().__init__()
        self.act = act
        self.answer: Any = None
        self.error: Exception | None = None
        self.start()

    def run(self) -> None:
        from django.db import connection

        try:
            self.answer = self.act()
        except Exception as error:
            self.error = error
        finally:
            connection.close()


def is_waiting() -> bool:
    """Answer whether some session of this database waits for a lock that another holds."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE NOT granted AND datname = %s LIMIT 1",
            [NAME],
        )
        return cursor.fetchone() is not None


def while_another(first: Callable[[], Any], second: Callable[[], Any]) -> Exception | None:
    """Do the first and hold its transaction open until the second waits for it; the second's error, or None."""
    from django.db import transaction

    with transaction.atomic():
        first()
        other = Other(second)
        until = time.monotonic() + 30
        while other.is_alive() and not is_waiting():
            assert time.monotonic() < until, "it neither waited nor ended"
            time.sleep(0.005)
        assert other.is_alive(), f"it did not wait for the first: {other.error or 'done'}"
    other.join(30)
    assert not other.is_alive()
    return other.error


def an_item(board: str, on: date, present: tuple[str, ...], at: str = "10:00", **more: Any) -> str:
    """A meeting with one open item for which all who are there have voted; the item's key."""
    meeting = sitting.call(board, on)
    key = sitting.item(meeting, 1, **more)
    tier = "place" if board == sitting.COMMITTEE else "system"
    sitting.paper(key, cost_pence=more.get("amount_pence", 0), lowest_tier=tier)
    sitting.arrive(meeting, *present, on=on)
    sitting.open_(key, at, on)
    sitting.vote(key, "10:05", on, **dict.fromkeys(present, "for"))
    return key


@pytest.mark.parametrize("supplier", ["Care Ltd", ""], ids=["one supplier", "no supplier"])
def test_of_two_decisions_that_together_go_over_the_limit_of_a_year_one_is_carried(
    boardroom: None, supplier: str
) -> None:
    days = (date(2023, 1, 9), date(2023, 1, 16)) if supplier else (date(2023, 2, 6), date(2023, 2, 13))
    keys = [
        an_item(sitting.COMMITTEE, on, ("cat", "ivy", "joe"), function="home-care", amount_pence=3_000_000,
                supplier=said)
        for on, said in zip(days, (supplier, supplier.upper()), strict=True)
    ]  # fmt: skip
    error = while_another(
        lambda: sitting.close(keys[0], "10:10", days[0]), lambda: sitting.close(keys[1], "10:10", days[1])
    )
    assert error is None
    found = models.Decision.objects.filter(pk__in=keys).order_by("decided_at")
    assert [one.outcome for one in found] == ["carried", "referred"]
    assert "£17,500.00 over the limit" in found[1].reasons[0]


def test_who_came_first_to_the_act_and_second_to_the_lock_knows_what_the_first_decided(
    boardroom: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is known is what is known once it is one's turn, not when one began to wait."""
    days = (date(2023, 3, 6), date(2023, 3, 13))
    slow, quick = [
        an_item(sitting.COMMITTEE, on, ("cat", "ivy", "joe"), function="home-care", amount_pence=3_000_000,
                supplier="Slow Ltd")
        for on in days
    ]  # fmt: skip
    real, at_the_lock, go_on = deciding.lock, threading.Event(), threading.Event()

    def lock_when_told(*names: str) -> None:
        if threading.current_thread() is not threading.main_thread():
            at_the_lock.set()
            assert go_on.wait(30)
        real(*names)

    monkeypatch.setattr(deciding, "lock", lock_when_told)
    other = Other(lambda: sitting.close(slow, "10:10", days[0]))
    assert at_the_lock.wait(30)
    assert sitting.close(quick, "10:10", days[1]).outcome == "carried"
    go_on.set()
    other.join(30)
    assert other.error is None
    assert models.Decision.objects.get(pk=slow).outcome == "referred"


def test_many_decisions_at_once_and_only_what_fits_is_carried(boardroom: None) -> None:
    days = [date(2023, 4, number) for number in (3, 4, 5, 6)]
    keys = [
        an_item(sitting.COMMITTEE, on, ("cat", "ivy", "joe"), function="home-care", amount_pence=2_000_000,
                supplier="Many Ltd")
        for on in days
    ]  # fmt: skip
    others = [Other(lambda key=key, on=on: sitting.close(key, "10:10", on)) for key, on in zip(keys, days, strict=True)]
    for other in others:
        other.join(60)
    assert [other.error for other in others] == [None] * 4
    outcomes = models.Decision.objects.filter(pk__in=keys).values_list("outcome", flat=True)
    assert sorted(outcomes) == ["carried", "carried", "referred", "referred"]


def test_two_votes_of_one_person_are_both_kept_and_one_counts(boardroom: None) -> None:
    on = date(2022, 10, 7)
    key = an_item(sitting.BOARD, on, PRESENT, function="resources")
    error = while_another(
        lambda: sitting.vote(key, "10:06", on, ada="for"), lambda: sitting.vote(key, "10:06", on, ada="against")
    )
    assert error is None
    assert models.Vote.objects.filter(item=key, person="ada").count() == 3
    sums = sitting.close(key, "10:10", on).votes_snapshot
    assert (sums["votes_for"], sums["votes_against"], len(sums["superseded"])) == (4, 1, 2)


def test_a_vote_that_waited_while_the_item_was_closed_is_refused(boardroom: None) -> None:
    on = date(2022, 10, 14)
    key = an_item(sitting.BOARD, on, PRESENT, function="resources")
    error = while_another(
        lambda: sitting.close(key, "10:10", on), lambda: sitting.vote(key, "10:09", on, ada="against")
    )
    assert isinstance(error, VoteRefused)


def test_an_item_is_closed_once(boardroom: None) -> None:
    on = date(2022, 10, 21)
    key = an_item(sitting.BOARD, on, PRESENT, function="resources")
    error = while_another(
        lambda: sitting.close(key, "10:10", on, text="That it be done"),
        lambda: sitting.close(key, "10:11", on, text="That it be left"),
    )
    assert isinstance(error, RuleError)
    assert "this item is decided" in str(error)
    assert models.Decision.objects.get(pk=key).text == "That it be done"


def test_what_becomes_known_of_attendance_while_an_item_is_closed_waits_for_it(boardroom: None) -> None:
    """The quorum that was kept is the one that the rows of its instant give, now and later."""
    on = date(2022, 10, 28)
    key = an_item(sitting.BOARD, on, PRESENT, function="resources")
    meeting = item_of(key).meeting
    visit = meeting.attendances.get(person="eve").visit
    left = sitting.minute("10:07", on)
    kept: dict[str, Any] = {}

    def close() -> None:
        kept.update(sitting.close(key, "10:10", on).quorum_snapshot)

    error = while_another(close, lambda: meetings.record_leaving(sitting.grant("governance.preside"), visit, left))
    assert error is None

    then = attendances_of(meeting, datetime.fromisoformat(kept["known_at"]))
    assert {one.person for one in then if one.present.upper is None} == set(kept["present"]) == set(PRESENT)


def test_two_secretaries_approve_minutes_and_one_is_told_that_it_is_done(boardroom: None) -> None:
    first, second = sitting.call(on=date(2022, 11, 4)), sitting.call(on=date(2022, 11, 11))
    number = minutes.draft_minutes(sitting.grant("governance.prepare"), first).number

    def approve(actor: str) -> None:
        minutes.approve_minutes(sitting.grant("governance.preside", actor), first, second, number=number)

    error = while_another(lambda: approve("user:one"), lambda: approve("user:other"))
    assert isinstance(error, RuleError)
    assert "the newest version is approved" in str(error)
    assert models.MinutesVersion.objects.get(meeting=first, approved_at__isnull=False).by == "user:one"


def test_two_edits_of_minutes_are_two_versions_in_the_order_of_their_knowledge(boardroom: None) -> None:
    meeting = sitting.call(on=date(2022, 11, 18))

    def edit(text: str) -> None:
        minutes.edit_minutes(sitting.grant("governance.prepare"), meeting, text)

    assert while_another(lambda: edit("The first text"), lambda: edit("The second text")) is None
    kept = list(models.MinutesVersion.objects.filter(meeting=meeting).order_by("number"))
    assert [(one.number, one.text) for one in kept] == [(1, "The first text"), (2, "The second text")]
    assert kept[0].at < kept[1].at


def test_two_corrections_of_a_visit_follow_each_other_and_none_is_lost(boardroom: None) -> None:
    on = date(2022, 11, 25)
    meeting = sitting.call(on=on)
    visit = sitting.arrive(meeting, "ada", on=on)["ada"]

    def correct(clock: str) -> None:
        meetings.correct_attendance(
            sitting.grant("governance.preside"), visit, arrived=sitting.minute(clock, on), left=None,
            reason=f"came at {clock}",
        )  # fmt: skip

    assert while_another(lambda: correct("10:10"), lambda: correct("10:20")) is None
    rows = list(models.Attendance.objects.filter(visit=visit).order_by("known"))
    assert [one.reason for one in rows] == ["", "came at 10:10", "came at 10:20"]
    assert [one.known.upper for one in rows] == [rows[1].known.lower, rows[2].known.lower, None]


def test_two_who_see_the_same_person_leave_are_told_so(boardroom: None) -> None:
    on = date(2022, 12, 2)
    visit = sitting.arrive(sitting.call(on=on), "ada", on=on)["ada"]

    def leave(clock: str) -> None:
        meetings.record_leaving(sitting.grant("governance.preside"), visit, sitting.minute(clock, on))

    error = while_another(lambda: leave("10:10"), lambda: leave("10:11"))
    assert isinstance(error, RuleError)
    assert "this visit has ended" in str(error)


def test_two_items_of_one_number_are_one_item_and_a_reason(boardroom: None) -> None:
    meeting = sitting.call(on=date(2022, 12, 9))
    error = while_another(
        lambda: sitting.item(meeting, 1, type_="note"), lambda: sitting.item(meeting, 1, type_="note")
    )
    assert isinstance(error, RuleError)
    assert "has an item 1 already" in str(error)


def test_a_system_gets_one_partnership_board_also_by_two_at_once(boardroom: None) -> None:
    def create(key: str) -> None:
        boards.create_board(
            sitting.grant("governance.keep"), key, system="elsewhere", tier="system", name="A board",
            since=sitting.OPENED, quorum=sitting.QUORUM, is_partnership_board=True,
        )  # fmt: skip

    error = while_another(lambda: create("one"), lambda: create("other"))
    assert isinstance(error, RuleError)
    assert "one is the partnership board of elsewhere" in str(error)


def test_a_seat_gets_one_holder_also_by_two_at_once(boardroom: None) -> None:
    keep = sitting.grant("governance.keep")
    boards.add_seat(keep, sitting.BOARD, "spare", title="Spare", category="exec", since=sitting.OPENED)

    def appoint(person: str) -> None:
        boards.appoint(keep, sitting.BOARD, "spare", person, since=date(2023, 6, 1), reason="by two at once")

    error = while_another(lambda: appoint("ivy"), lambda: appoint("joe"))
    assert isinstance(error, RuleError)
    assert "is held on these days" in str(error)


def test_an_interest_is_ended_once(boardroom: None) -> None:
    keep = sitting.grant("governance.keep")
    key = interests.declare_interest(
        keep, "gus", type="financial", about_org="Care Ltd", description="a share", arose_on=date(2022, 8, 1),
        declared_on=date(2022, 8, 2),
    )  # fmt: skip

    def end() -> None:
        interests.end_interest(keep, key, on=date(2022, 9, 1), reason="sold")

    error = while_another(end, end)
    assert isinstance(error, RuleError)
    assert "had ended before" in str(error)


def test_a_function_is_handed_on_only_while_it_is_still_there(boardroom: None) -> None:
    keep = sitting.grant("governance.keep")
    above = Delegation(
        "L8", "beds", sitting.BOARD, "committee", sitting.COMMITTEE, sitting.OPENED, limit_pence=9,
        sub_delegation="written",
    )  # fmt: skip
    delegations.delegate(keep, above, reason="the scheme")
    below = Delegation(
        "L9", "beds", sitting.COMMITTEE, "post", "head-of-beds", sitting.OPENED, limit_pence=9, parent="L8",
        written_approval="letter 1",
    )  # fmt: skip

    def take_back() -> None:
        delegations.end_delegation(keep, "L8", on=sitting.OPENED, reason="taken back")

    error = while_another(take_back, lambda: delegations.delegate(keep, below, reason="to be quick",
                                                                  signatures=("ada",)))  # fmt: skip
    assert isinstance(error, NotFound)


def test_two_who_submit_a_paper_of_one_name_are_two_versions(boardroom: None) -> None:
    meeting = sitting.call(on=date(2022, 12, 16))
    items = [sitting.item(meeting, number) for number in (1, 2)]

    def submit(item: str, text: str) -> None:
        papers.submit_paper(
            sitting.grant("governance.submit"), item, "shared", title="A paper", text=text,
            parts=sitting.WHOLE, submitted_at=sitting.minute("09:00", date(2022, 12, 1)),
        )  # fmt: skip

    submit(items[0], "First.")
    assert while_another(lambda: submit(items[0], "Second."), lambda: submit(items[1], "Third.")) is None
    kept = models.PaperVersion.objects.filter(paper="shared").order_by("number")
    assert list(kept.values_list("number", "text")) == [(1, "First."), (2, "Second."), (3, "Third.")]
