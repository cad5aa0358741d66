"""Governance models: which holds when, what the loader refuses, adoption, the officer, the law (rules: G1 to G6)."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from joinedup.errors import NotFound, RuleError
from joinedup.governance import (
    AdoptionRefused,
    GovernanceModelError,
    ModelChoice,
    NoModel,
    OfficerNotAllowed,
    OfficerPost,
    Position,
    PowerNotInForce,
    Tally,
    adoption_outcome,
    board_outcome,
    model_named,
    model_on,
    officer_faults,
    quorum_of_item,
    read_governance_models,
    read_quorum_rule,
)
from joinedup.governance.boards.accountable_officer import check_officer, days_not_allowed
from joinedup.governance.boards.governance_models import (
    MODELS,
    Law,
    check_power,
    choice_faults,
    governance_models,
    is_usable,
)
from joinedup.governance.meetings.adoption import last_day_to_adopt

from .boardroom import at, board_of, first, present

JUNE, JULY = date(2022, 6, 30), date(2022, 7, 1)
OPTION1, OPTION2 = model_named("option1"), model_named("option2")
CHOICES = [ModelChoice("QM7", "option1", date(2021, 4, 1), JULY), ModelChoice("QM7", "option2", JULY)]


# --- G1 ------------------------------------------------------------------------------------------------------------


def test_one_model_on_each_day_and_a_decision_keeps_its_own() -> None:
    taken_under = model_on(CHOICES[:1], "QM7", JUNE)
    assert taken_under == "option1"
    # The switch of the next day changes nothing about it.
    assert model_on(CHOICES, "QM7", JUNE) == taken_under
    assert model_on(CHOICES, "QM7", JULY) == "option2"


def test_without_a_model_the_system_decides_nothing() -> None:
    for system, on in (("QM7", date(2021, 3, 31)), ("QMF", JULY)):
        with pytest.raises(NoModel, match=f"no governance model holds in {system} on {on}"):
            model_on(CHOICES, system, on)


def test_two_models_on_a_day_are_a_fault() -> None:
    both = [CHOICES[0], ModelChoice("QM7", "option2", JUNE)]
    assert [one.says for one in choice_faults(both)] == [
        "QM7: the model from 2022-06-30 is 'option2'; option1 still holds on 2022-06-30; end it on that day (G1)."
    ]
    with pytest.raises(GovernanceModelError, match="option1 still holds"):
        model_on(both, "QM7", JUNE)
    assert choice_faults([*CHOICES, ModelChoice("QMF", "option2", JUNE)]) == []


# --- G5: the loader ------------------------------------------------------------------------------------------------


def test_the_two_options_are_as_the_sources_say() -> None:
    assert list(governance_models()) == ["option1", "option2"]
    assert (OPTION1.legal_form, OPTION1.decides_by, OPTION1.binds) == ("joint_committee", "consensus", "adopters")
    assert (OPTION1.adoption_required, OPTION1.adoption_names_duty, OPTION1.adoption_days) == (True, True, 42)
    assert (OPTION1.duties, OPTION1.plan_duty, OPTION1.veto) == ("retained", "all_members", False)
    assert (OPTION2.legal_form, OPTION2.decides_by, OPTION2.binds) == ("statutory_corporate", "majority", "body")
    assert (OPTION2.adoption_required, OPTION2.adoption_days, OPTION2.veto) == (False, None, False)
    assert (OPTION2.officer_other_posts, OPTION2.duties, OPTION2.plan_duty) == ("forbidden", "transfer_list", "body")
    with pytest.raises(NotFound, match="Did you mean 'option2'"):
        model_named("option3")


def option(number: int, **changes: tuple[str, str]) -> str:
    """The shipped file with one option in which lines are exchanged: setting=(old, new)."""
    head, one, two = MODELS.read_text().partition("[option1]")[0], *MODELS.read_text().split("[option")[1:]
    text = head + "[option" + (one, two)[number - 1]
    for setting, (old, new) in changes.items():
        assert f"{setting} = {old}" in text
        text = text.replace(f"{setting} = {old}", new and f"{setting} = {new}")
    return text


def faults_of(text: str) -> list[tuple[str, object, str]]:
    with pytest.raises(GovernanceModelError) as refused:
        read_governance_models(text)
    assert all(one.says in str(refused.value) for one in refused.value.faults)
    return [(one.setting, one.value, one.rule) for one in refused.value.faults]


def test_a_veto_in_option_2_is_one_error() -> None:
    assert faults_of(option(2, veto=("false", "true"))) == [("veto", True, "G5")]
    with pytest.raises(GovernanceModelError, match=r"option2: veto is true; .*G5"):
        read_governance_models(option(2, veto=("false", "true")))


NO_ADOPTION = ("{ required = true, names_duty = true, days = 42 }", "{ required = false }")


@pytest.mark.parametrize(
    ("number", "changes", "found"),
    [
        (1, {"adoption": NO_ADOPTION}, [("binds", "adopters", "G5")]),
        (2, {"duties": ('"transfer_list"', '"retained"')}, [("duties", "retained", "G5")]),
        (1, {"veto": ("false", '"no"')}, [("veto", "no", "G5")]),
        (1, {"veto": ("false", "0")}, [("veto", 0, "G5")]),
        (1, {"legal_form": ('"joint_committee"', "")}, [("legal_form", "missing", "G5")]),
        (1, {"title": ('"Joint committee"', "7")}, [("title", 7, "G5")]),
        (
            1, {"adoption": (NO_ADOPTION[0], "{ required = true, names_duty = true, days = 0 }")},
            [("adoption.days", 0, "G2")],
        ),
        (
            1, {"adoption": (NO_ADOPTION[0], "{ required = true, names_duty = true }")},
            [("adoption.days", "missing", "G2")],
        ),
        (2, {"adoption": ("{ required = false }", "{ required = false, days = 42 }")}, [("adoption.days", 42, "G2")]),
        (
            2, {"adoption": ("{ required = false }", "{ required = true, days = 42 }")},
            [("adoption.required", True, "G2")],
        ),
        (
            2, {"accountable_officer": ('{ from_member_post = false, other_posts = "forbidden" }',
                                        '{ from_member_post = false, other_posts = "allowed" }')},
            [("accountable_officer.other_posts", "allowed", "G4")],
        ),
        (
            2, {"binds": ('"body"', '"adopters"'), "veto": ("false", "true")},
            [("veto", True, "G5"), ("binds", "adopters", "G5"), ("binds", "adopters", "G3")],
        ),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else None,
)  # fmt: skip
def test_each_error_names_setting_value_and_rule(
    number: int, changes: dict[str, tuple[str, str]], found: list[tuple[str, object, str]]
) -> None:
    assert faults_of(option(number, **changes)) == found


def test_what_is_no_file_of_models_is_refused() -> None:
    assert faults_of("[option1") == [("TOML", "unreadable", "G5")]
    assert faults_of("") == [("models", "none", "G5")]
    assert faults_of("option1 = 1") == [("the model", 1, "G5")]
    with pytest.raises(GovernanceModelError, match=r"there is no such setting\. Did you mean 'veto'"):
        read_governance_models(option(1) + "vetos = false\n")


# --- G2: adoption --------------------------------------------------------------------------------------------------

PARTNERS = [f"body{n}" for n in range(1, 10)]
DECIDED = date(2021, 6, 1)
LAST = date(2021, 7, 13)  # 42 days later


def says(status: str, *bodies: str, on: date = date(2021, 6, 10), **more: Any) -> list[Position]:
    return [
        Position(one, status, on, "s.14Z" if status in ("adopted", "conditional") else "", **more) for one in bodies
    ]


def result(positions: list[Position], today: date, is_quorate: bool = True) -> tuple[str | None, int, int, int]:
    found = adoption_outcome(OPTION1, PARTNERS, positions, decided_on=DECIDED, today=today, is_quorate=is_quorate)
    assert found.needs_escalation == (found.outcome == "carried_for_adopters")
    return found.outcome, len(found.bound), len(found.pending), len(found.unbound)


def test_eight_of_nine_adopt() -> None:
    spoken = [*says("adopted", *PARTNERS[:8]), *says("declined", "body9")]
    assert result(spoken, date(2021, 6, 10)) == ("carried_for_adopters", 8, 0, 1)
    found = adoption_outcome(OPTION1, PARTNERS, spoken, decided_on=DECIDED, today=LAST, is_quorate=True)
    assert (found.unbound, found.needs_escalation) == (("body9",), True)


def test_silence_is_pending_until_the_last_day_and_unbound_after_it() -> None:
    assert last_day_to_adopt(OPTION1, DECIDED) == LAST
    spoken = says("adopted", *PARTNERS[:6])
    assert result(spoken, date(2021, 6, 30)) == (None, 6, 3, 0)
    assert result(spoken, LAST) == (None, 6, 3, 0)
    assert result(spoken, LAST + timedelta(days=1)) == ("carried_for_adopters", 6, 0, 3)
    # A body that takes its word back is silent again.
    assert result([*spoken, *says("none", "body1", on=date(2021, 6, 20))], date(2021, 6, 30)) == (None, 5, 4, 0)
    # What is said later is not known yet.
    assert result(spoken, date(2021, 6, 9)) == (None, 0, 9, 0)


def test_all_none_and_not_quorate() -> None:
    assert result(says("adopted", *PARTNERS), date(2021, 6, 10)) == ("carried", 9, 0, 0)
    assert result(says("declined", *PARTNERS), date(2021, 6, 10)) == ("not_carried", 0, 0, 9)
    assert result([], LAST + timedelta(days=1)) == ("not_carried", 0, 0, 9)
    assert result(says("adopted", *PARTNERS), LAST, is_quorate=False) == ("not_quorate", 0, 0, 9)


def test_a_condition_leaves_a_body_unbound_until_it_is_met() -> None:
    spoken = says("adopted", *PARTNERS[:8])
    assert result([*spoken, *says("conditional", "body9")], LAST) == ("carried_for_adopters", 8, 0, 1)
    met = [*spoken, *says("conditional", "body9", condition_met_on=date(2021, 6, 20))]
    assert result(met, date(2021, 6, 19)) == ("carried_for_adopters", 8, 0, 1)
    assert result(met, date(2021, 6, 20)) == ("carried", 9, 0, 0)


def test_the_last_word_of_a_body_counts() -> None:
    spoken = [*says("declined", "body1", on=date(2021, 6, 20)), *says("adopted", *PARTNERS)]
    assert result(spoken, date(2021, 6, 19)) == ("carried", 9, 0, 0)
    assert result(spoken, date(2021, 6, 20)) == ("carried_for_adopters", 8, 0, 1)


@pytest.mark.parametrize(
    ("position", "why"),
    [
        (Position("body10", "adopted", DECIDED, "s.14Z"), "no partner"),
        (Position("body1", "adopted", LAST + timedelta(days=1), "s.14Z"), "silent is unbound"),
        (Position("body1", "adopted", DECIDED - timedelta(days=1), "s.14Z"), "speaks on 2021-05-31"),
        (Position("body1", "adopted", DECIDED), "names no duty"),
    ],
    ids=["stranger", "late", "early", "no-duty"],
)
def test_a_word_that_is_not_taken(position: Position, why: str) -> None:
    with pytest.raises(AdoptionRefused, match=why):
        result([position], LAST)


def test_words_without_meaning_are_refused() -> None:
    with pytest.raises(RuleError, match="Did you mean 'adopted'"):
        Position("body1", "adopt", DECIDED)
    with pytest.raises(RuleError, match="nobody adopts"):
        last_day_to_adopt(OPTION2, DECIDED)
    with pytest.raises(RuleError, match="none was given"):
        adoption_outcome(OPTION1, [], [], decided_on=DECIDED, today=LAST, is_quorate=True)


# --- G3: majority --------------------------------------------------------------------------------------------------


def test_a_majority_binds_the_body_and_dissent_stops_nothing() -> None:
    found = board_outcome(OPTION2, Tally(8, 1, 0), is_quorate=True, dissents=1)
    assert (found.outcome, found.binds, found.dissents) == ("carried", "body", 1)
    assert board_outcome(OPTION2, Tally(4, 4, 0), is_quorate=True).binds == ""
    assert board_outcome(OPTION2, Tally(6, 0, 0), is_quorate=False).outcome == "not_quorate"
    with pytest.raises(RuleError, match="decides by consensus"):
        board_outcome(OPTION1, Tally(8, 1, 0), is_quorate=True)


def test_six_of_ten_present_with_need_six() -> None:
    six = read_quorum_rule({"need": {"fixed": 6}})
    quorum = quorum_of_item(six, board_of(10), present(*first(6)), at=at("10:00"))
    assert board_outcome(OPTION2, Tally(6, 0, 0), is_quorate=quorum.is_quorate).outcome == "carried"


# --- G4 and G6 -----------------------------------------------------------------------------------------------------

SINCE = date(2020, 6, 8)
OWN = OfficerPost("QM7", "accountable_officer", SINCE)
THREE = [OfficerPost(code, "accountable_officer", SINCE) for code in ("06K", "06N", "07H")]
ASKED: dict[str, Any] = {"system": "QM7", "members": {"06K", "06N", "07H", "RWG"}}


def test_the_officer_of_three_members_and_the_system() -> None:
    assert officer_faults(OPTION1, [OWN, *THREE], on=SINCE, **ASKED) == []
    assert officer_faults(OPTION2, [OWN, *THREE], on=SINCE, **ASKED) == ["The accountable officer holds 3 other posts"]
    with pytest.raises(
        OfficerNotAllowed, match=r"G4: on 2020-06-08, under 'Statutory corporate body': .*3 other posts"
    ):
        check_officer(OPTION2, [OWN, *THREE], on=SINCE, **ASKED)
    check_officer(OPTION1, [OWN, *THREE], on=SINCE, **ASKED)


def test_the_officer_comes_from_a_member_or_from_none() -> None:
    says_none = ["The accountable officer leads no member; expected a leading post in one of them"]
    assert officer_faults(OPTION1, [OWN], on=SINCE, **ASKED) == says_none
    assert officer_faults(OPTION1, [OWN, OfficerPost("RWG", "finance_director", SINCE)], on=SINCE, **ASKED) == says_none
    assert officer_faults(OPTION2, [OWN], on=SINCE, **ASKED) == []
    assert officer_faults(OPTION2, [OWN, THREE[0]], on=SINCE, **ASKED) == ["The accountable officer holds 1 other post"]
    unpaid = OfficerPost("X", "trustee", SINCE, is_employed=False)
    assert officer_faults(OPTION2, [OWN, unpaid], on=SINCE, **ASKED) == []
    half = OfficerPost("QM7", "accountable_officer", SINCE, fte=Decimal("0.5"))
    assert officer_faults(OPTION2, [half], on=SINCE, **ASKED) == [
        "The accountable officer works 0.5 of full time; expected 1"
    ]
    assert officer_faults(OPTION2, THREE, on=SINCE, **ASKED) == ["QM7 has no accountable officer"]


def test_each_day_is_looked_at() -> None:
    ends = [OfficerPost(one.body, one.role, SINCE, JULY) for one in THREE]
    found = days_not_allowed(OPTION2, [OWN, *ends], first=date(2022, 4, 1), last=date(2022, 8, 1), **ASKED)
    assert found == [(date(2022, 4, 1), JULY, ["The accountable officer holds 3 other posts"])]


def test_a_power_is_there_only_while_a_law_allows_it() -> None:
    law = Law(JULY)
    with pytest.raises(PowerNotInForce, match="by law from 2022-07-01, not on 2022-06-30"):
        check_power("A statutory joint committee", law, JUNE)
    check_power("A statutory joint committee", law, JULY)
    ended = Law(date(2013, 4, 1), JULY)
    assert is_usable(ended, JUNE)
    with pytest.raises(PowerNotInForce, match="until 2022-07-01"):
        check_power("A clinical commissioning group", ended, JULY)
