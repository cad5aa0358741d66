"""Day one: every room is asked, nothing and nobody is without a place before a change takes force (rules: C1 to C6)."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from joinedup.errors import NotFound, RuleError
from joinedup.governance import models
from joinedup.governance.acts import assurance, boards, day_one, delegations, transition_staff, transitions
from joinedup.governance.assurance.risks import RiskScores, Score
from joinedup.governance.delegation.scheme import Delegation
from joinedup.governance.kept.day_one import TO_COME, readiness
from joinedup.governance.kept.transitions import deadlines_of, functions_of
from joinedup.governance.transition.day_one import DayOneBlocked
from joinedup.governance.transition.staff_transfer import TransferBlocked
from joinedup.governance.transition.steps import StepReasonMissing, TransitionStep
from joinedup.moment import LONDON, Moment, now
from joinedup.system import PartialDate, as_of, services

from .sitting import grant, job
from .three_groups import DAY, EVENT, GROUPS, POSTS, TRANSITION, as_csv, count_everybody, staff_rows

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("three_groups")]
TRANSIT = "governance.transit"
FUNCTIONS = {f"function-{number}": "10A" for number in range(6)}
BOARD = "group-a-board"


@pytest.fixture
def board_with_work() -> None:
    """A board of 10A with 9 commitments, 14 delegations and 3 risks: 26 pieces of open work."""
    boards.create_board(
        grant("governance.keep"), BOARD, system="shire", tier="place", name="Group board", since=date(2020, 4, 1),
        quorum={"need": {"fixed": 2}}, joint_of=["10A"],
    )  # fmt: skip
    for number in range(9):
        assurance.open_commitment(
            grant("governance.assure"), BOARD, f"c{number}", source="the minutes", text="Open the clinic",
            owner="a chair", due_on=date(2023, 1, 1), test="it is open",
        )  # fmt: skip
    for number in range(14):
        line = Delegation(f"d{number}", f"function-{number}", BOARD, "post", "chief", date(2020, 4, 1), limit_pence=1)
        delegations.delegate(grant("governance.keep"), line, reason="the scheme of 2020")
    assurance.set_objective(grant("governance.assure"), BOARD, "waits", "Shorter waits", since=date(2020, 4, 1))
    for number in range(3):
        score = Score(3, 3)
        assurance.record_risk(
            grant("governance.assure"), BOARD, f"r{number}", objective="waits", cause="few staff",
            event="a clinic closes", effect="longer waits", owner="a chair",
            scores=RiskScores(score, score, score, date(2021, 4, 1)),
        )  # fmt: skip


def everything_else_ready() -> None:
    count_everybody()
    transition_staff.import_staff(grant(TRANSIT), TRANSITION, "s.csv", as_csv(staff_rows()), reason="the list of May")
    transitions.map_functions(
        grant(TRANSIT), TRANSITION, FUNCTIONS, [(one, "20A") for one in FUNCTIONS], reason="the order of 2022"
    )


@pytest.mark.usefixtures("board_with_work")
def test_26_pieces_of_work_of_which_25_have_a_new_owner_leave_one_orphan() -> None:
    everything_else_ready()
    assert readiness(EVENT, now()).day_one.found == {"commitment": 9, "delegation": 14, "risk": 3}
    assert len(readiness(EVENT, now()).day_one.orphans) == 26
    for kind in ("commitment", "delegation"):
        transitions.give_new_owner(
            grant(TRANSIT), TRANSITION, "10A", "20A", room="governance", kind=kind, reason="the order of 2022"
        )
    for key in ("r0", "r1"):
        transitions.give_new_owner(
            grant(TRANSIT),
            TRANSITION,
            "body-10a",
            "20B",
            room="governance",
            kind="risk",
            work=key,
            reason="by its board",
        )
    found = readiness(EVENT, now())
    assert [(one.room, one.body, one.work.key) for one in found.day_one.orphans] == [("governance", "10A", "r2")]
    assert not found.is_ready
    with pytest.raises(DayOneBlocked, match=r"C3: 1 risk of closing bodies .* r2 of 10A"):
        day_one.put_in_force(grant(TRANSIT), EVENT, reason="the order of 2022")
    transitions.give_new_owner(
        grant(TRANSIT), TRANSITION, "10A", "20B", room="governance", kind="risk", work="r2", reason="by its board"
    )
    assert day_one.put_in_force(grant(TRANSIT), EVENT, reason="the order of 2022").is_ready


def test_a_change_that_is_ready_takes_force_on_its_day_and_the_earlier_belief_stays_readable() -> None:
    everything_else_ready()
    before = now()
    day_one.put_in_force(grant(TRANSIT), EVENT, reason="the order of 2022")
    after = as_of(DAY, now().known_at)
    assert [after.body(code).exists for code in (*GROUPS, *POSTS)] == [False] * 3 + [True] * 4
    (believed,) = as_of(DAY, before.known_at).events_of([EVENT])
    assert believed.certainty == "approved"
    kept = models.DayOneResult.objects.get()
    assert (kept.heads, kept.found, set(kept.not_checked)) == (291, {}, set(TO_COME))
    with pytest.raises(RuleError, match=r"C2: .* in force already"):
        day_one.put_in_force(grant(TRANSIT), EVENT, reason="the order of 2022")


def test_one_unplaced_member_of_staff_holds_the_change_back_by_every_door() -> None:
    everything_else_ready()
    rows = staff_rows()
    place = next(row for row in rows if row.get("to_post"))
    for column in ("to_body", "to_post", "to_fte", "to_continuous_from", "terms_after"):
        place[column] = ""
    transition_staff.import_staff(grant(TRANSIT), TRANSITION, "s.csv", as_csv(rows), reason="a place fell away")
    with pytest.raises(TransferBlocked, match="1 unplaced"):
        day_one.put_in_force(grant(TRANSIT), EVENT, reason="the order of 2022")
    with pytest.raises(TransferBlocked, match="1 unplaced"):
        services.renew_belief(job(), EVENT, "in_force", PartialDate(DAY), "somebody goes round the check")
    assert as_of(DAY, now().known_at).body("10A").exists


def test_five_of_six_functions_on_the_list_are_a_gap_and_two_owners_an_overlap() -> None:
    everything_else_ready()
    after = [(one, "20A") for one in sorted(FUNCTIONS)[:5]]
    transitions.map_functions(grant(TRANSIT), TRANSITION, FUNCTIONS, after, reason="a first draft")
    found = functions_of(TRANSITION, now().known_at)
    assert found is not None
    assert (found.functions, found.gaps, found.overlaps) == (6, ("function-5",), ())
    with pytest.raises(day_one.NotReady, match="1 functions without an owner"):
        day_one.put_in_force(grant(TRANSIT), EVENT, reason="the order of 2022")
    transitions.map_functions(
        grant(TRANSIT), TRANSITION, FUNCTIONS, [*after, ("function-5", "20B"), ("function-5", "20C")], reason="a second"
    )
    assert functions_of(TRANSITION, now().known_at).overlaps == ("function-5",)  # type: ignore[union-attr]
    with pytest.raises(RuleError, match=r"C6: nobody has function-9 before"):
        transitions.map_functions(grant(TRANSIT), TRANSITION, FUNCTIONS, [("function-9", "20A")], reason="a mistake")


def test_a_rename_moves_no_function() -> None:
    services.record_event(
        job(), "rename", ["body-20a"], ["body-20a"], "approved", PartialDate(DAY), "the board decided it",
        key="new-name", detail={"name": "NHS Shire"},
    )  # fmt: skip
    transitions.propose_transition(
        grant(TRANSIT), "name", system="shire", title="A new name", proposal="a name people know",
        proposed_on=date(2022, 1, 1), events=["new-name"],
    )  # fmt: skip
    with pytest.raises(transitions.FunctionsMoved, match=r"C5: A rename may not move functions"):
        transitions.map_functions(grant(TRANSIT), "name", {"f": "20A"}, [("f", "20B")], reason="a mistake")
    transitions.map_functions(grant(TRANSIT), "name", {"f": "20A"}, [("f", "20A")], reason="nothing moves")
    assert day_one.put_in_force(grant(TRANSIT), "new-name", reason="the board decided it").staff is None
    assert as_of(DAY, now().known_at).body("20A").name == "NHS Shire"


def test_a_merge_of_one_body_is_no_merge() -> None:
    with pytest.raises(RuleError, match="A merge needs two or more bodies before"):
        services.record_event(
            job(), "merge", ["body-10a"], ["body-20a"], "approved", PartialDate(DAY), "a mistake in a letter"
        )


def test_a_date_that_passes_changes_nothing_by_itself_and_is_overdue() -> None:
    (found,) = as_of(date(2022, 7, 2), now().known_at).events_of([EVENT])
    assert (found.certainty, found.days_overdue) == ("approved", 1)
    assert as_of(date(2022, 7, 2), now().known_at).body("10A").exists


@pytest.mark.parametrize(
    ("submitted", "late"),
    [(datetime(2020, 9, 30, 23, 59, 59, tzinfo=LONDON), 0), (datetime(2020, 10, 1, 0, 0, tzinfo=LONDON), 1)],
    ids=["the last second", "a second later"],
)
def test_an_application_is_in_time_to_the_end_of_its_day_in_london(submitted: datetime, late: int) -> None:
    transitions.add_application(
        grant(TRANSIT), TRANSITION, "merger", kind="merger", title="To merge",
        submit_by=PartialDate(date(2020, 9, 30)), effective_from=date(2021, 4, 1), adopting=["10A", "10B"],
    )  # fmt: skip
    known = now().known_at
    (open_,) = deadlines_of(TRANSITION, Moment(date(2020, 9, 28), known))
    assert (open_.days_left, open_.days_late, open_.submitted_at) == (2, 0, None)
    assert deadlines_of(TRANSITION, Moment(date(2020, 10, 3), known))[0].days_late == 3
    transitions.send_application(grant(TRANSIT), "merger", submitted_at=submitted, evidence="the receipt")
    assert deadlines_of(TRANSITION, now())[0].days_late == late
    with pytest.raises(RuleError, match="it is sent once"):
        transitions.send_application(grant(TRANSIT), "merger", submitted_at=submitted, evidence="the receipt")


def test_a_step_that_disturbs_more_than_it_is_worth_needs_a_reason() -> None:
    with pytest.raises(StepReasonMissing, match="4 against 2"):
        transitions.keep_step(
            grant(TRANSIT), TRANSITION, TransitionStep("move", "Move the office", 4, 2), owner="estates", due_on=DAY
        )
    step = TransitionStep("move", "Move the office", 4, 2, "the lease ends")
    transitions.keep_step(grant(TRANSIT), TRANSITION, step, owner="estates", due_on=DAY)
    assert models.TransitionStep.objects.get().reason == "the lease ends"


@pytest.mark.parametrize(
    ("body", "to", "says"),
    [("10A", "10B", "closes by the same change"), ("20A", "20B", "no change of this transition closes 20A")],
    ids=["a closing owner", "a body that stays"],
)
def test_new_owners_are_there_after_the_change(body: str, to: str, says: str) -> None:
    with pytest.raises(RuleError, match=says):
        transitions.give_new_owner(grant(TRANSIT), TRANSITION, body, to, reason="a mistake")


def test_a_change_belongs_to_one_transition_and_must_be_known() -> None:
    with pytest.raises(RuleError, match="belongs to the transition shire-2022 already"):
        transitions.add_event(grant(TRANSIT), TRANSITION, EVENT)
    with pytest.raises(NotFound, match="No change 'nothing' is known"):
        transitions.add_event(grant(TRANSIT), TRANSITION, "nothing")


def test_bodies_that_were_not_counted_and_functions_that_were_not_mapped_hold_a_change_back() -> None:
    assert readiness(EVENT, now()).blocks == (
        "the people of 10A were not counted", "the people of 10B were not counted",
        "the people of 10C were not counted", "no map of functions",
    )  # fmt: skip


@pytest.mark.usefixtures("board_with_work")
def test_the_command_says_what_would_have_no_owner(capsys: pytest.CaptureFixture[str], monkeypatch: Any) -> None:
    from joinedup.governance import transition_commands

    monkeypatch.setattr(transition_commands, "_ready", lambda: None)
    with pytest.raises(SystemExit) as ended:
        transition_commands.day_one(EVENT, as_json=True)
    said = json.loads(capsys.readouterr().out)
    assert (ended.value.code, said["ready"], said["found"]["delegation"], len(said["orphans"])) == (2, False, 14, 26)
    assert said["closing"] == ["10A", "10B", "10C"]
    assert "engagement" in said["not_checked"]


def test_roles_held_in_a_body_are_open_work() -> None:
    from joinedup.access.open_work import open_work
    from joinedup.access.services import give_role, make_user

    at = datetime.now(UTC)
    user = make_user(job(), "somebody@example.org", "Some Body", None, at)
    body = as_of(DAY, at).body("10A")
    give_role(job(), user, "planner", at, body_id=body.id)
    (found,) = open_work("10A", now().valid_on)
    assert (found["kind"], found["title"], found["owner"]) == ("role", "planner", f"user:{user.pk}")
    assert "Some Body" not in json.dumps(found)
    assert open_work("nobody", now().valid_on) == []
