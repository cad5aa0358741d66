"""Registers, delegations, transfers and publication that nobody wrote: what must always hold of them.

Invariants V6, V7, V13, V14, V16 to V19, V26 of the rules of governance.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings, strategies as st

from joinedup.feeds.nhs_number import is_valid
from joinedup.governance import (
    DecidedFunction,
    Delegation,
    Employed,
    Interest,
    Offer,
    Owned,
    PageChanged,
    Placing,
    Question,
    Relations,
    RiskScores,
    Scheme,
    Score,
    ScoresOutOfOrder,
    Signed,
    Spending,
    TextVersion,
    agreement,
    band_of,
    check_scores,
    effective_limit,
    hide_small_numbers,
    mask,
    may_decide,
    proposals,
    scheme_report,
    transfer_report,
)
from joinedup.governance.assurance.risks import BANDS, POSSIBLE
from joinedup.governance.publication.register import must_be_same, published
from joinedup.measures.disclosure.identifiers import kinds_in
from joinedup.planning import Pair, ToleranceSet, triangulate
from joinedup.system import Period, Row, index, revise

DAY = date(2022, 4, 1)
DAYS = st.integers(0, 400).map(lambda n: DAY + timedelta(days=n))
SPANS = st.tuples(DAYS, st.integers(1, 400) | st.none()).map(
    lambda one: (one[0], None if one[1] is None else one[0] + timedelta(days=one[1]))
)

# --- V6: staff transfer ---------------------------------------------------------------------------------------------

STAFF = st.lists(
    st.tuples(st.integers(0, 6), st.sampled_from(["0.40", "0.60", "1.00"]), st.booleans()), min_size=1, max_size=8
)


@settings(deadline=None)
@given(STAFF, st.data())
def test_heads_fte_and_terms_are_equal_through_a_transfer_or_it_is_blocked(
    people: list[tuple[int, str, bool]], data: st.DataObject
) -> None:
    staff = [
        Employed(
            f"e{at}",
            f"p{who}",
            "old",
            f"o{at}",
            Decimal(fte),
            f"t{at}",
            DAY,
            "senior_leader" if top else "below_senior",
        )
        for at, (who, fte, top) in enumerate(people)
    ]
    below = [one for one in staff if one.staff_class == "below_senior"]
    whole = [
        Placing(one.employment, "new", f"n{at}", one.fte, one.terms_hash, DAY, offer=Offer("leave"), consulted_on=DAY)
        for at, one in enumerate(below)
    ]
    report = transfer_report(staff, data.draw(st.permutations(whole)))
    assert report.is_complete
    assert report.before == report.after
    assert report.before.fte == sum((one.fte for one in below), Decimal(0))
    if whole:
        at = data.draw(st.integers(0, len(whole) - 1))
        wrong = data.draw(
            st.sampled_from([{"terms_hash": "x"}, {"fte": Decimal("0.10")}, {"continuous_from": DAY + timedelta(1)}])
        )
        for broken in (
            [*whole[:at], *whole[at + 1 :]],
            [*whole, replace(whole[at], to_post="another")],
            [*whole[:at], replace(whole[at], **wrong), *whole[at + 1 :]],
        ):
            assert not transfer_report(staff, broken).is_complete


# --- V7: one owner on every day -------------------------------------------------------------------------------------

OWNED = st.lists(
    st.tuples(st.sampled_from("FG"), st.sampled_from("ABC"), SPANS).map(lambda one: Owned(one[0], one[1], *one[2])),
    max_size=6,
)


@settings(deadline=None)
@given(OWNED)
def test_every_function_has_one_owner_on_each_day_or_the_day_is_reported(owned: list[Owned]) -> None:
    within = Period(DAY, DAY + timedelta(days=420))
    report = scheme_report("FG", owned, [], within)
    for number in range(420):
        day = DAY + timedelta(days=number)
        for function in "FG":
            owners = {
                one.owner
                for one in owned
                if one.function == function and one.start <= day and (one.end is None or day < one.end)
            }
            gap = [one for one in report.gaps if one.function == function and day in one.days]
            overlap = [one for one in report.overlaps if one.function == function and day in one.days]
            assert (len(gap), len(overlap)) == (int(not owners), int(len(owners) > 1))
            if overlap:
                assert set(overlap[0].who) == owners


# --- V13: closure of interests --------------------------------------------------------------------------------------

# Old codes lead to later ones, so that nothing goes in a circle.
EDGES = st.lists(
    st.tuples(st.integers(0, 6), st.integers(0, 6)).map(sorted).map(lambda pair: (f"b{pair[0]}", f"b{pair[1]}", DAY)),
    max_size=10,
)


@settings(deadline=None)
@given(EDGES)
def test_old_hits_new_and_new_hits_old(edges: list[tuple[str, str, date]]) -> None:
    relations = Relations.of(index(edges))
    bodies = [f"b{number}" for number in range(7)]
    interests = [Interest(f"i {body}", "p", "financial", body, DAY, DAY) for body in bodies]
    hits = {
        (one.about_org, one.item) for one in proposals({body: [body] for body in bodies}, interests, relations, on=DAY)
    }
    assert hits == {(there, here) for here, there in hits}
    assert {(body, body) for body in bodies} <= hits
    # By hand: one is an ancestor of the other.
    after = defaultdict(set)
    for old, new, _ in edges:
        after[old].add(new)
    reached = {(one, other) for one, other, _ in edges} | {(body, body) for body in bodies}
    for middle, one, other in itertools.product(bodies, repeat=3):
        if (one, middle) in reached and (middle, other) in reached:
            reached.add((one, other))
    assert hits == reached | {(there, here) for here, there in reached}


# --- V14: limits ----------------------------------------------------------------------------------------------------

LIMITS = st.lists(st.integers(0, 10**9) | st.none(), min_size=1, max_size=5)


def chain(limits: list[int | None]) -> tuple[Delegation, ...]:
    return tuple(
        Delegation(
            f"d{at}", "F", "board", "post", f"post {at}", DAY, None, limit, sub_delegation="written",
            parent=f"d{at - 1}" if at else "", written_approval="letter",
        )
        for at, limit in enumerate(limits)
    )  # fmt: skip


@given(LIMITS)
def test_a_further_link_never_raises_the_limit(limits: list[int | None]) -> None:
    effective = [effective_limit(chain(limits)[:size]) for size in range(1, len(limits) + 1)]
    for before, after in itertools.pairwise(effective):
        assert before is None or (after is not None and after <= before)


@settings(deadline=None)
@given(
    st.integers(0, 1_000),
    st.lists(st.tuples(st.sampled_from(["Acme", "ACME ", "Other"]), st.integers(0, 600), DAYS), max_size=12),
)
def test_what_may_be_decided_in_a_year_never_sums_above_the_limit(
    limit: int, asked: list[tuple[str, int, date]]
) -> None:
    lines = chain([None, limit])
    functions = {"F": DecidedFunction("F")}
    allowed: list[Spending] = []
    for supplier, pence, on in asked:
        scheme = Scheme("option2", "board", frozenset({"board"}), functions, lines, earlier=tuple(allowed))
        verdict = may_decide(Question("post 1", "F", on, pence, supplier), scheme)
        if verdict.is_allowed:
            allowed.append(Spending(supplier, "F", on, pence))
        else:
            assert verdict.refer_to
    sums: dict[tuple[str, int], int] = defaultdict(int)
    for one in allowed:
        sums[one.supplier.strip().casefold(), one.on.year - (one.on.month < 4)] += one.pence
    assert all(total <= limit for total in sums.values())


# --- V16: signatures; V17: triangulation; V18: risks ----------------------------------------------------------------


@given(st.lists(st.booleans(), max_size=5), st.sets(st.sampled_from("ABC")), st.integers(1, 6))
def test_a_new_version_that_is_not_editorial_has_no_signatures(
    editorial: list[bool], signers: set[str], signed_in: int
) -> None:
    versions = [TextVersion(1, "The partners agree.")]
    for number, is_editorial in enumerate(editorial, start=2):
        text = versions[-1].text if is_editorial else f"{versions[-1].text} More."
        versions.append(TextVersion(number, text, is_editorial))
    found = agreement(versions, [Signed(one, signed_in) for one in signers], "ABC")
    since = max(one.number for one in versions if not one.is_editorial)
    assert set(found.signed) == (signers if since <= signed_in <= len(versions) else set())
    assert set(found.signed) | set(found.missing) == set("ABC")


@settings(deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 50), st.sampled_from(["0", "0.02", "0.5", "1"]))
def test_the_tolerance_of_a_pair_is_the_same_from_both_sides(ours: int, theirs: int, least: int, share: str) -> None:
    tolerance = ToleranceSet(abs_tol=least, rel_tol=Decimal(share), money_p=10**18)

    def is_within(one: int, other: int) -> bool:
        pair = Pair("activity", "QM7", "RWG", "100", "EL", "2026-04", "activity", "spells", one, other, None, None, 0)
        return bool(triangulate([pair], tolerance).within)

    share_apart = abs(ours - theirs) / max(ours, theirs, 1)
    assert 0 <= share_apart <= 1
    assert is_within(ours, theirs) is is_within(theirs, ours)
    assert is_within(ours, theirs) is (abs(ours - theirs) <= max(Decimal(least), Decimal(share) * max(ours, theirs)))


SCORES = st.builds(Score, st.integers(1, 5), st.integers(1, 5))


@given(SCORES, SCORES, SCORES)
def test_a_review_is_taken_exactly_when_inherent_current_and_target_are_in_order(
    inherent: Score, current: Score, target: Score
) -> None:
    scores = RiskScores(inherent, current, target, DAY)
    if inherent.number >= current.number >= target.number:
        check_scores(scores)
    else:
        with pytest.raises(ScoresOutOfOrder):
            check_scores(scores)


def test_a_higher_score_is_never_in_a_lower_band() -> None:
    order = list(BANDS)
    bands = [order.index(band_of(number)) for number in sorted(POSSIBLE)]
    assert bands == sorted(bands)


# --- V19: small numbers and masks -----------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_no_hidden_count_can_be_worked_out_even_by_who_knows_the_rule(size: int) -> None:
    """All tables of small counts: those that are published alike differ in every hidden cell."""
    most = {1: 40, 2: 40, 3: 20, 4: 9}[size]
    alike: dict[object, list[set[int]]] = {}
    for cells in itertools.product(range(most + 1), repeat=size):
        shown = hide_small_numbers(cells)
        seen = alike.setdefault((shown.cells, shown.total), [set() for _ in cells])
        for values, cell in zip(seen, cells, strict=True):
            values.add(cell)
    for (cells, _), seen in alike.items():  # type: ignore[misc]
        assert all(len(values) > 1 for cell, values in zip(cells, seen, strict=True) if cell is None)


@given(st.lists(st.integers(0, 40), min_size=1, max_size=9))
def test_what_is_hidden_is_at_least_two_cells_and_five_people_or_the_total_goes(cells: list[int]) -> None:
    shown = hide_small_numbers(cells)
    hidden = [cell for cell, seen in zip(cells, shown.cells, strict=True) if seen is None]
    assert all(seen in (None, cell) for cell, seen in zip(cells, shown.cells, strict=True))
    assert not any(seen is not None and 0 < seen < 5 for seen in shown.cells)
    assert 0 not in hidden
    if hidden and shown.total is not None:
        assert len(hidden) >= 2
        assert sum(hidden) >= 5
        assert sum(hidden) > len(hidden)  # else each would hold one
        assert shown.total == sum(cells)
    if shown.total is None:
        assert hidden == [cell for cell in cells if cell]


PIECES = st.sampled_from(
    ["01632 960123", "+44 7700 900123", "943 476 5919", "9434765919", "999 012 3454", "943 476 5918", "SG13 8AR",
     "a.b@example.org", "@example.org", "zz99 3vz", "Alpha", "Alpha Lane", "Lane Surgery", "[name removed]", "name",
     "removed]", "9", "0", "-", ".", "\u200b", "٣", "é", "wrote"]
)  # fmt: skip
TEXTS = st.lists(st.tuples(PIECES, st.sampled_from(["", " ", "\n", ", "])), max_size=9).map(
    lambda many: "".join(word + gap for word, gap in many)
) | st.text(max_size=60)
TERMS = st.lists(st.sampled_from(["Alpha", "Alpha Lane", "Lane Surgery", "name", "removed", "[name"]), max_size=4)


@settings(deadline=None, max_examples=200)
@given(TEXTS, TERMS)
def test_masking_twice_is_masking_once_and_nothing_is_left_by_which_to_reach_anybody(
    text: str, terms: list[str]
) -> None:
    once = mask(text, terms)
    again = mask(once.text, terms)
    assert (again.text, again.removed, again.to_check) == (once.text, (), once.to_check)
    left = once.text
    for said in (
        "[telephone removed]",
        "[NHS number removed]",
        "[e-mail removed]",
        "[postcode removed]",
        "[name removed]",
    ):
        left = left.replace(said, "|")
    # An independent reader: the checks of files that are to leave.
    assert not {"nhs-number", "phone", "e-mail"} & set(kinds_in(left))
    digits = "".join(one if one.isdecimal() else " " for one in left)
    assert not any(is_valid(run) for run in digits.split())
    folded = f" {left.casefold()} "
    assert all(f" {term.casefold()} " not in folded for term in terms)


# --- V26: pages that can be built again -----------------------------------------------------------------------------

START = datetime(2022, 4, 1, tzinfo=UTC)
LEARNT = st.lists(st.tuples(st.sampled_from(["a", "b", None]), SPANS), min_size=1, max_size=6)


def page_of(rows: list[Row], valid_on: date, known_at: datetime) -> bytes:
    """A page of everything that was true on a day, as known at an instant."""
    seen = [
        str(row.value)
        for row in rows
        if valid_on in row.valid and row.known_from <= known_at and (row.known_to is None or known_at < row.known_to)
    ]
    return f"{valid_on}: {sorted(seen)}".encode()


def learn(rows: list[Row], value: str | None, span: tuple[date, date | None], known_at: datetime) -> list[Row]:
    """Add what is learnt at an instant, as the registers do: what was believed before stays readable."""
    revision = revise(rows, value, Period(*span), known_at)
    ended: Mapping[object, Row] = {row.id: row for row in revision.ended}
    after = [replace(row, known_to=known_at) if row.id in ended else row for row in rows]
    new = [(kept.row.value, kept.valid) for kept in revision.kept]
    new += [(value, revision.added)] if revision.added is not None else []
    return after + [Row(len(after) + at, said, days, known_at, None) for at, (said, days) in enumerate(new)]


@settings(deadline=None)
@given(LEARNT, DAYS)
def test_every_public_page_is_rebuilt_to_the_same_hash(
    learnt: list[tuple[str | None, tuple[date, date | None]]], valid_on: date
) -> None:
    rows: list[Row] = []
    pages = []
    for number, (value, span) in enumerate(learnt):
        known_at = START + timedelta(days=number)
        rows = learn(rows, value, span, known_at)
        pages.append(published("/open/", valid_on, known_at, page_of(rows, valid_on, known_at)))
    for page in pages:
        must_be_same(page, page_of(rows, page.valid_on, page.known_at))
        with pytest.raises(PageChanged):
            must_be_same(page, page_of(rows, page.valid_on, page.known_at) + b".")
