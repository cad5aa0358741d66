"""Random sequences of acts of boards, on rows that are kept: what was known stays, and refused acts leave nothing.

A second, plain account of the meeting is kept beside the services; votes, quorums and outcomes must agree with it
(rules: governance V1, V7, V8, V9, V12, V14, V25).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.db.models import Model
from hypothesis import HealthCheck, Phase, given, settings, strategies as st
from tests.spec.governance import sitting
from tests.spec.governance.sitting import BOARD, COMMITTEE, MEETS, OPENED, SEATS, SYSTEM

from joinedup.errors import NotFound, Refused, RuleError
from joinedup.governance import models
from joinedup.governance.acts import boards, delegations, interests, meetings
from joinedup.governance.delegation.scheme import Delegation, scheme_report
from joinedup.governance.interests.register import ACTIONS
from joinedup.governance.kept.delegations import as_delegation, delegations_of
from joinedup.governance.kept.meetings import attendances_of, item_of, meeting_of
from joinedup.governance.kept.standing import room_at
from joinedup.governance.meetings.voting import VoteRefused
from joinedup.governance.reading import quorum_views, register_of_holdings, register_of_interests
from joinedup.governance.tables.kept import Registered
from joinedup.moment import Moment, now
from joinedup.system import Period

LIMIT = 4_250_000
MEMBERS = {
    BOARD: {person: seat for seat, (_, person) in SEATS.items()},
    COMMITTEE: {"cat": "c", "ivy": "m1", "joe": "m2"},
}
NEED = {BOARD: 5, COMMITTEE: 2}
CHAIR = {BOARD: "ada", COMMITTEE: "cat"}
PENCE = {3: 2_000_000, 4: 2_250_000, 5: 1, 6: LIMIT + 1}  # what the committee is asked for, all of one supplier
DAYS = (OPENED, MEETS, MEETS + timedelta(days=1))


@pytest.fixture(scope="module")
def agendas(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[str]]:
    """Two meetings of one day at which all are there and all items are open: two of the board, four of a committee."""
    with django_db_blocker.unblock(), transaction.atomic():
        sitting.load(tmp_path_factory.mktemp("littleshire"))
        sitting.set_up_board()
        sitting.set_up_committee(LIMIT)
        first, second = sitting.call(), sitting.call(COMMITTEE)
        items = [sitting.item(first, number, function="resources") for number in (1, 2)]
        for number, pence in PENCE.items():
            items.append(sitting.item(second, number, function="home-care", amount_pence=pence, supplier="Care Ltd"))
        for number, key in enumerate(items, start=1):
            sitting.paper(key, cost_pence=PENCE.get(number, 0), lowest_tier="place" if number in PENCE else "system")
        sitting.arrive(first, *MEMBERS[BOARD])
        sitting.arrive(second, *MEMBERS[COMMITTEE])
        for key in items:
            sitting.open_(key, "10:00")
        yield items
        transaction.set_rollback(True)


# --- the second account ----------------------------------------------------------------------------------------------


@dataclass
class Account:
    """What happened, told once more without a database: minutes after ten, people, and what each said."""

    items: list[str]
    visits: dict[UUID, list[Any]] = field(default_factory=dict)  # [board, person, from, to]
    held: dict[str, set[str]] = field(default_factory=lambda: {board: set(seats) for board, seats in MEMBERS.items()})
    actions: list[tuple[str, str, int, str]] = field(default_factory=list)  # item, person, since, action
    votes: list[tuple[str, str, int, str]] = field(default_factory=list)  # item, person, minute, value
    closed: dict[str, str | None] = field(default_factory=dict)
    limit: int | None = LIMIT
    interests: dict[str, tuple[date, date | None]] = field(default_factory=dict)

    def board_of(self, item: str) -> str:
        return BOARD if item in self.items[:2] else COMMITTEE

    def may_vote(self, item: str, person: str, minute: int) -> bool:
        return (
            item not in self.closed
            and person in self.held[self.board_of(item)]
            and self.is_there(self.board_of(item), person, minute)
            and not self.is_excluded(item, person, minute)
        )

    def is_there(self, board: str, person: str, minute: int) -> bool:
        return any(
            (where, who) == (board, person) and since <= minute and (until is None or minute < until)
            for where, who, since, until in self.visits.values()
        )

    def is_excluded(self, item: str, person: str, minute: int) -> bool:
        told = [(since, at, action) for at, (one, who, since, action) in enumerate(self.actions)
                if (one, who) == (item, person) and since <= minute]  # fmt: skip
        return bool(told) and ACTIONS[max(told)[2]].is_excluded

    def outcome(self, item: str, minute: int) -> tuple[int, set[str]]:
        """How many are counted, and which outcomes may come of it (two where a tie is for who presides)."""
        board = self.board_of(item)
        there = {one for one in self.held[board] if self.is_there(board, one, minute)}
        able = {one for one in there if not self.is_excluded(item, one, minute)}
        if len(able) < NEED[board]:
            return len(able), {"deferred" if len(there) >= NEED[board] else "not_quorate"}
        if board == COMMITTEE and (self.limit is None or self.decided_pence() + self.pence_of(item) > self.limit):
            return len(able), {"referred"}
        last: dict[str, tuple[int, int, str]] = {}
        for at, (one, person, cast, value) in enumerate(self.votes):
            if one == item:
                last[person] = max(last.get(person, (-1, -1, "")), (cast, at, value))
        sums = Counter(
            value
            for person, (cast, _, value) in last.items()
            if person in self.held[board] and self.is_there(board, person, cast)
            and not self.is_excluded(item, person, minute)
        )  # fmt: skip
        apart = sums["for"] - sums["against"]
        return len(able), {"carried"} if apart > 0 else {"not_carried"} if apart < 0 else {"carried", "not_carried"}

    def pence_of(self, item: str) -> int:
        return PENCE[self.items.index(item) + 1]

    def decided_pence(self) -> int:
        return sum(
            self.pence_of(one) for one, outcome in self.closed.items()
            if outcome == "carried" and self.board_of(one) == COMMITTEE
        )  # fmt: skip


def clock(minute: int) -> str:
    return f"{10 + minute // 60}:{minute % 60:02}"


# --- acts: each tells both the services and the account, or neither --------------------------------------------------

BOARDS, PEOPLE = st.sampled_from([BOARD, COMMITTEE]), st.sampled_from(sitting.PEOPLE)
ITEMS, MINUTES = st.integers(0, 5), st.integers(0, 59)
ACTS = st.one_of(
    st.tuples(st.just("arrive"), BOARDS, PEOPLE, MINUTES),
    st.tuples(st.just("leave"), st.integers(0, 20), MINUTES),
    st.tuples(st.just("correct"), st.integers(0, 20), MINUTES, st.none() | st.integers(0, 70)),
    st.tuples(st.just("conflict"), ITEMS, PEOPLE, st.sampled_from(sorted(ACTIONS)), MINUTES),
    st.tuples(st.just("vote"), ITEMS, PEOPLE, st.sampled_from(["for", "against", "abstain"]), MINUTES),
    st.tuples(st.just("end holding"), BOARDS, PEOPLE, st.sampled_from(DAYS)),
    st.tuples(st.just("delegate"), st.sampled_from([0, 2_000_001, LIMIT]), st.sampled_from(DAYS)),
    st.tuples(st.just("take back"), st.sampled_from(DAYS)),
    st.tuples(st.just("declare"), PEOPLE, st.integers(0, 2), st.none() | st.integers(1, 3)),
    st.tuples(st.just("end interest"), st.integers(0, 5), st.integers(1, 4)),
)
DECIDING = st.one_of(
    st.tuples(st.just("votes and close"), ITEMS, st.sampled_from(["for", "against"]), MINUTES, st.integers(60, 119)),
    st.tuples(st.just("close"), ITEMS, st.integers(60, 119)),
)
MAY, KEEP = sitting.grant("governance.preside"), sitting.grant("governance.keep")


def act(account: Account, what: str, *said: Any) -> None:
    """Do one act; RuleError, NotFound or Refused where the services refuse it, and then the account stays as it is."""
    if what == "arrive":
        board, person, minute = said
        visit = sitting.arrive(f"{board}-{MEETS}", person, at=clock(minute))[person]
        account.visits[visit] = [board, person, minute, None]
    elif what in {"leave", "correct"}:
        visit = list(account.visits)[said[0] % len(account.visits)]
        if what == "leave":
            meetings.record_leaving(MAY, visit, sitting.minute(clock(said[1])))
            account.visits[visit][3] = said[1]
        else:
            since, stay = said[1:]
            until = None if stay is None else since + stay
            left = None if until is None else sitting.minute(clock(until))
            meetings.correct_attendance(
                MAY, visit, arrived=sitting.minute(clock(since)), left=left, reason="by the door's register"
            )
            account.visits[visit][2:] = [since, until]
    elif what == "conflict":
        at, person, action, minute = said
        item = account.items[at]
        sitting.exclude(item, person, clock(minute), action, decided_by=CHAIR[account.board_of(item)])
        account.actions.append((item, person, minute, action))
    elif what == "vote":
        at, person, value, minute = said
        item = account.items[at]
        may = account.may_vote(item, person, minute)
        try:
            sitting.vote(item, clock(minute), **{person: value})
        except VoteRefused:
            assert not may, f"{person} was there, without a conflict, and the vote was refused"
            raise
        assert may, f"{person} had left, has a conflict, or holds no seat, and the vote was taken"
        account.votes.append((item, person, minute, value))
    elif what == "close":
        item, minute = account.items[said[0]], said[1]
        count, outcomes = account.outcome(item, minute)
        decision = sitting.close(item, clock(minute))
        assert (decision.quorum_snapshot["count"], decision.outcome in outcomes) == (count, True), outcomes
        account.closed[item] = decision.outcome
    elif what == "end holding":
        board, person, on = said
        boards.end_holding(KEEP, board, MEMBERS[board].get(person, "none"), person, on=on, reason="resigned")
        if on <= MEETS:
            account.held[board].discard(person)
    elif what == "delegate":
        pence, since = said
        line = Delegation("L2", "home-care", BOARD, "committee", COMMITTEE, since, limit_pence=pence)
        delegations.delegate(KEEP, line, reason="the board said so")
        if since <= MEETS:
            account.limit = pence
    elif what == "take back":
        delegations.end_delegation(KEEP, "L2", on=said[0], reason="the board said so")
        if said[0] <= MEETS:
            account.limit = None
    elif what == "declare":
        person, month, months = said
        arose = date(2022, 7 + month, 1)
        key = interests.declare_interest(
            KEEP, person, type="financial", about_org="Care Ltd", description=f"share {len(account.interests)}",
            arose_on=arose, declared_on=date(2022, 10, 1), ended_on=None if months is None else _later(arose, months),
        )  # fmt: skip
        account.interests[key] = (arose, None if months is None else _later(arose, months))
    elif what == "end interest" and account.interests:
        key = list(account.interests)[said[0] % len(account.interests)]
        arose = account.interests[key][0]
        on = _later(arose, said[1])
        interests.end_interest(KEEP, key, on=on, reason="sold")
        account.interests[key] = (arose, on)


def _later(day: date, months: int) -> date:
    return date(2022, day.month + months, 1)


# --- what must hold after every act ----------------------------------------------------------------------------------


def _rows_of(model: type[Model]) -> str:
    is_dated = issubclass(model, Registered) or model is models.Attendance
    row = "to_jsonb(t) || jsonb_build_object('known', lower(t.known))" if is_dated else "to_jsonb(t)"
    return f"SELECT '{model.__name__} ' || ({row})::text FROM \"{model._meta.db_table}\" t"


_ROWS = " UNION ALL ".join(map(_rows_of, apps.get_app_config("governance").get_models()))


def rows() -> Counter[str]:
    """Every row of the room as it is kept; of a dated row without the end of what was known, which may come once."""
    with connection.cursor() as cursor:
        cursor.execute(_ROWS)
        return Counter(text for (text,) in cursor.fetchall())


def reading(account: Account, moment: Moment) -> list[Any]:
    """Everything that is asked of the room, by what was known at one instant."""
    day, known = moment.valid_on, moment.known_at
    decided = models.Decision.objects.filter(at__lte=known).order_by("pk")
    return [
        *(
            [(row.visit, row.person, row.present, row.reason) for row in attendances_of(meeting_of(one), known)]
            for one in (f"{BOARD}-{MEETS}", f"{COMMITTEE}-{MEETS}")
        ),
        [register_of_interests(Moment(one, known)) for one in (day, date(2022, 12, 1))],
        register_of_holdings(moment),
        [as_delegation(one) for one in delegations_of(SYSTEM, known)],
        [room_at(item_of(one), sitting.minute("10:30"), known).standing for one in account.items[:3]],
        [(one.pk, one.outcome, one.quorum_snapshot, one.conflicts_snapshot, one.votes_snapshot) for one in decided],
        [quorum_views(one.pk, known) for one in decided],
    ]  # fmt: skip


def check(account: Account) -> None:
    known = now().known_at
    for day in (MEETS, date(2022, 12, 1)):
        said = {one.key for one in register_of_interests(Moment(day, known))}
        assert said == {
            key for key, (arose, ended) in account.interests.items()
            if arose <= day and (ended is None or day < ended)
        }  # fmt: skip
    for key in account.closed:
        views = quorum_views(key)
        assert views.as_known.count == models.Decision.objects.get(pk=key).quorum_snapshot["count"]
        assert views.corrected.count == account.outcome(key, views.as_known.at.minute + 60)[0] or account.held != {
            board: set(seats) for board, seats in MEMBERS.items()
        }
    lines = [as_delegation(one) for one in delegations_of(SYSTEM, known)]
    report = scheme_report(["home-care", "resources"], (), lines, Period(OPENED, date(2022, 12, 1)))
    for day in (OPENED, MEETS, DAYS[-1]):
        for function in ("home-care", "resources"):
            holding = [one for one in lines if one.function == function and one.is_on(day)]
            is_reported = any(one.function == function and day in one.days for one in report.without_line)
            assert len(holding) == (0 if is_reported else 1)


@pytest.mark.django_db
@settings(
    max_examples=20, derandomize=True, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
)
@given(st.lists(st.one_of(ACTS, DECIDING), min_size=3, max_size=9))
def test_whatever_is_done_what_was_known_stays_and_the_two_accounts_agree(
    agendas: list[str], acts: list[tuple[Any, ...]]
) -> None:
    with transaction.atomic():
        account = Account(agendas)
        for row in models.Attendance.objects.filter(meeting__items__in=agendas).distinct():
            account.visits[row.visit] = [row.meeting.board_id, row.person, -5, None]
        kept, readings = rows(), []
        for number, one in enumerate(_each_vote(acts)):
            if number % 5 == 0:
                readings.append((moment := Moment(MEETS, now().known_at), reading(account, moment)))
            try:
                with transaction.atomic():
                    act(account, *one)
                is_refused = False
            except (RuleError, NotFound, Refused):
                is_refused = True
            after = rows()
            assert not kept - after, "a row was changed or is gone"
            assert not (is_refused and after - kept), "what was refused left something behind"
            kept = after
        check(account)
        for moment, before in readings:
            assert reading(account, moment) == before
        transaction.set_rollback(True)


def _each_vote(acts: list[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    """Take a vote of all apart into one of each member and the close, so that something is carried now and then."""
    for one in acts:
        if one[0] != "votes and close":
            yield one
            continue
        _, item, value, minute, at = one
        for person in MEMBERS[BOARD if item < 2 else COMMITTEE]:
            yield "vote", item, person, value, minute
        yield "close", item, at
