"""Risks and the board assurance framework (K1 to K5)."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest

from joinedup.errors import RuleError
from joinedup.governance import (
    Assurance,
    AssuranceGap,
    FramedRisk,
    RiskScores,
    Score,
    ScoreError,
    ScoresOutOfOrder,
    assurance_gaps,
    band_of,
    check_scores,
    review_by,
    system_score,
)
from joinedup.governance.assurance.risks import POSSIBLE, for_the_board, for_the_quality_committee

D = date.fromisoformat
ON = D("2022-06-01")


def scores(inherent: tuple[int, int], current: tuple[int, int], target: tuple[int, int], on: str) -> RiskScores:
    return RiskScores(Score(*inherent), Score(*current), Score(*target), D(on))


def test_fourteen_scores_are_possible_and_25_cells_fall_into_four_bands() -> None:
    assert sorted(POSSIBLE) == [1, 2, 3, 4, 5, 6, 8, 9, 10, 12, 15, 16, 20, 25]
    cells = Counter(Score(one, other).band for one in range(1, 6) for other in range(1, 6))
    assert cells == {"low": 5, "moderate": 7, "high": 7, "extreme": 6}


# score    band
BANDS = [(1, "low"), (3, "low"), (4, "moderate"), (6, "moderate"), (8, "high"), (12, "high"), (15, "extreme")]


@pytest.mark.parametrize(("number", "band"), BANDS)
def test_where_a_band_begins(number: int, band: str) -> None:
    assert band_of(number) == band


@pytest.mark.parametrize("number", [0, 7, 11, 13, 26, -4])
def test_a_number_that_is_no_score_is_refused(number: int) -> None:
    with pytest.raises(ScoreError, match=f"K1: {number} is no score"):
        band_of(number)


@pytest.mark.parametrize("pair", [(0, 1), (1, 6), (True, 2), (2.0, 2)], ids=str)
def test_likelihood_and_consequence_are_1_to_5(pair: tuple[int, int]) -> None:
    with pytest.raises(ScoreError, match="expected a whole number from 1 to 5"):
        Score(*pair)


def test_a_risk_is_never_worse_than_before_anything_was_done_nor_its_target_worse_than_today() -> None:
    with pytest.raises(ScoresOutOfOrder, match="is 16 today and was 12"):
        check_scores(scores((3, 4), (4, 4), (1, 2), "2022-01-31"))
    with pytest.raises(ScoresOutOfOrder, match="target 12 is worse than today's 9"):
        check_scores(scores((5, 5), (3, 3), (3, 4), "2022-01-31"))
    check_scores(scores((3, 4), (3, 4), (3, 4), "2022-01-31"))


def test_a_lower_score_needs_an_assurance_since_the_last_review() -> None:
    before, after = scores((4, 4), (4, 4), (2, 2), "2022-01-31"), scores((4, 4), (3, 4), (2, 2), "2022-04-30")
    with pytest.raises(ScoresOutOfOrder, match="from 16 to 12 without an assurance of a control dated after 2022-01"):
        check_scores(after, previous=before, assured_on=[D("2022-01-31"), D("2022-05-01")])
    check_scores(after, previous=before, assured_on=[D("2022-02-01")])
    check_scores(before, previous=after)  # worse needs no proof


def test_a_risk_of_which_people_may_die_is_always_listed_to_the_quality_committee() -> None:
    rare = Score(1, 5)
    assert (rare.band, rare.is_gravest) == ("moderate", True)
    risks = {"a": Score(5, 4), "b": rare, "c": Score(3, 5), "d": Score(1, 1)}
    assert for_the_quality_committee(risks) == ["c", "b"]
    assert for_the_board(risks) == ["a", "c"]


# score     reviewed      again by
REVIEWS = [
    ((5, 4), "2022-01-31", "2022-02-28"),
    ((3, 4), "2022-01-31", "2022-04-30"),
    ((1, 5), "2022-08-31", "2023-02-28"),
    ((1, 3), "2024-02-29", "2025-02-28"),
]


@pytest.mark.parametrize(("pair", "on", "by"), REVIEWS, ids=[by for _, _, by in REVIEWS])
def test_when_a_risk_is_reviewed_again(pair: tuple[int, int], on: str, by: str) -> None:
    assert review_by(Score(*pair), D(on)) == D(by)


def test_a_systems_risk_is_the_highest_of_its_partners_not_their_mean() -> None:
    found = system_score([Score(3, 3), Score(3, 4), Score(4, 5)])
    assert (found.number, found.band) == (20, "extreme")
    assert system_score([Score(5, 4), Score(4, 5)]) == Score(4, 5)
    with pytest.raises(RuleError, match="link at least one"):
        system_score([])


def risk(
    key: str, pair: tuple[int, int], *assurances: tuple[int, str], controls: tuple[str, ...] = ("c",)
) -> FramedRisk:
    given = tuple(Assurance(line, "holds", D(on)) for line, on in assurances)
    return FramedRisk(key, "safe care", Score(*pair), controls, given)


def test_what_the_assurance_framework_lacks() -> None:
    risks = [
        risk("no proof", (1, 2)),
        risk("old proof", (1, 2), (3, "2021-06-01")),
        risk("fresh proof", (1, 2), (1, "2021-06-02")),
        risk("only management", (3, 4), (1, "2022-05-01")),
        risk("independent", (3, 4), (1, "2022-05-01"), (3, "2022-02-01")),
        risk("no control", (1, 2), (2, "2022-05-01"), controls=()),
        FramedRisk("stray", "gone", Score(1, 1), ("c",)),
    ]
    found = assurance_gaps([("safe care", ""), ("balance", ""), ("estate", "nothing is built")], risks, ON)
    assert found == [
        AssuranceGap("safe care", "no proof", "no assurance in 12 months"),
        AssuranceGap("safe care", "old proof", "no assurance in 12 months"),
        AssuranceGap("safe care", "only management", "no independent assurance"),
        AssuranceGap("safe care", "no control", "no control"),
        AssuranceGap("balance", "", "no risk, and no reason why there is none"),
        AssuranceGap("gone", "stray", "the objective is not in the framework"),
    ]


def test_there_are_three_lines() -> None:
    with pytest.raises(RuleError, match=r"no line 4 of assurance; expected 1 \(management\)"):
        Assurance(4, "holds", ON)
