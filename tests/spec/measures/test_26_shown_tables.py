"""Tables of measures that are out and a new one, as anybody reads them together (PE5): no hidden count gets narrow."""

from __future__ import annotations

import pytest

from joinedup.errors import RuleError
from joinedup.measures.disclosure import shown_tables
from joinedup.measures.disclosure.reading_tables import bands_in, table_in
from joinedup.measures.disclosure.shown_tables import Cell, ShownTable, given_away
from joinedup.measures.releases.files import read_file

PARTS = {"S": "", "E": "S", "W": "S", "E1": "E", "E2": "E"}


def table(mode: str = "nhs", *, month: str = "2026-03", ours: bool = False, **counts: int | None) -> ShownTable:
    cells = {Cell("flu", month, "numerator", area): count for area, count in counts.items()}
    return ShownTable(mode, cells, PARTS, is_ours=ours)


def kinds(new: ShownTable, *out: ShownTable) -> set[str]:
    return {one.kind for one in given_away([new], out)}


def test_a_total_of_a_later_file_opens_a_star_that_is_out() -> None:
    out = table(E1=None, E2=20)
    # 28 to 32 minus 18 to 22 leaves 6 or 7 of 1 to 7.
    assert kinds(table(E=30), out) == {"star"}
    assert kinds(table(E=25), out) == set()
    assert kinds(table(E=30, month="2026-04"), out) == set(), "another month"


def test_exact_parts_leave_the_one_that_nobody_published() -> None:
    out = table("suppress", S=43)
    assert kinds(table("suppress", E=38), out) == {"rest"}
    assert kinds(table("suppress", E=20), out) == set()
    assert kinds(table("nhs", E=40), out) == set(), "rounding leaves more than five values open"


def test_a_star_of_ours_may_hide_more_and_is_then_explained() -> None:
    out = table(ours=True, E1=None, E2=20)
    assert kinds(table(E=30), out) == {"near"}
    # All that the star can be is 2 to 6: no explanation helps.
    assert kinds(table("suppress", E=24), out) == {"star"}
    assert not [one for one in given_away([table(E=30)], [out]) if one.is_sure]


def test_what_joinedup_made_is_compared_with_what_is_out_and_not_with_itself() -> None:
    mine = table(ours=True, E=30, E1=None, E2=20)
    assert kinds(mine) == set()
    assert kinds(mine, table(S=100)) == {"near"}
    assert kinds(mine, mine) == set(), "the same table again tells nothing new"
    assert kinds(table(E=30, E1=None, E2=20)) == {"star"}, "a file of somebody's own is looked at by itself"


def test_groups_add_up_to_everybody() -> None:
    cells = {Cell("flu", "2026-03", "numerator", "S", "sex", band): count for band, count in
             (("female", None), ("male", 20))}  # fmt: skip
    out = ShownTable("nhs", cells, PARTS, is_ours=False)
    assert kinds(table(S=30), out) == {"star"}
    assert kinds(table(S=25), out) == set()


def test_a_group_that_is_counted_anew() -> None:
    assert kinds(table("suppress", S=123), table("suppress", S=120)) == {"period"}
    assert kinds(table("suppress", S=140), table("suppress", S=120)) == set()
    assert kinds(table(S=125), table(S=120)) == set()


def test_where_parts_are_not_the_whole_it_is_asked_again() -> None:
    # 12 people live in no known part: taken for the whole, no counts would fit.
    assert kinds(table("suppress", E=20, E1=8, E2=None), table("suppress", S=100)) == set()
    assert kinds(table("suppress", E=20, E1=30)) == {"unclear"}
    assert not shown_tables.Told("unclear", "", 1).is_sure


def test_it_is_kept_as_it_was() -> None:
    made = table("nhs", E1=None, E2=20, ours=True)
    assert ShownTable.from_json("nhs", made.as_json()) == made  # type: ignore[arg-type]


def test_too_many_hidden_counts_are_asked_for_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shown_tables, "MOST_ASKED", 1)
    with pytest.raises(RuleError, match="more than 1 hidden counts"):
        kinds(table(E1=None, E2=None, E=20))


def test_what_is_said_names_no_group_and_no_count() -> None:
    (told,) = given_away([table(E=30)], [table(E1=None, E2=20)])
    assert told.places == 1
    assert not any(word in told.says for word in ("E1", "30", "20", "flu"))


# --- files ---------------------------------------------------------------------------------------------------------

BANDS = bands_in({"sex": ("female", "male", "Unknown"), "deprivation_local": ("1", "Unknown"), "age": ("1",)})


def read(text: str) -> ShownTable | None:
    return table_in(
        read_file(text.encode()), "nhs", measures={"flu": "flu", "flu vaccination": "flu"},
        areas={"east": "E", "e": "E", "s": "S"}, bands=BANDS, parts=PARTS,
    )  # fmt: skip


def test_a_file_whose_columns_say_what_it_counts_is_a_table_of_measures() -> None:
    found = read("measure,area,area_code,month,band,numerator,denominator,status\n"
                 "Flu vaccination,East,E,2026-03,,20,100,\n"
                 "flu,East,E,2026-03-01,female,*,50,suppressed\n")  # fmt: skip
    assert found is not None
    assert found.cells == {
        Cell("flu", "2026-03", "numerator", "E"): 20,
        Cell("flu", "2026-03", "denominator", "E"): 100,
        Cell("flu", "2026-03", "numerator", "E", "sex", "female"): None,
        Cell("flu", "2026-03", "denominator", "E", "sex", "female"): 50,
    }
    assert not found.is_ours


@pytest.mark.parametrize(
    "text",
    [
        "area,month,numerator\nE,2026-03,20\n",  # of what
        "measure,month,numerator\nflu,2026-03,20\n",  # where
        "measure,area,numerator\nflu,E,20\n",  # when
        "measure,area,month\nflu,E,2026-03\n",  # how many
        "measure,area,month,numerator\nfluu,E,2026-03,20\n",
        "measure,area,month,numerator\nflu,North,2026-03,20\n",
        "measure,area,month,numerator\nflu,E,March,20\n",
        "measure,area,month,band,numerator\nflu,E,2026-03,Unknown,20\n",  # of which breakdown
        "measure,area,month,numerator\nflu,E,2026-03,20\nflu,East,2026-03,25\n",  # the same twice
        "measure,area,month,numerator,smokers\nflu,E,2026-03,20,15\n",  # people of whom nothing is known
    ],
)
def test_a_file_that_is_not_wholly_understood_is_none(text: str) -> None:
    assert read(text) is None


def test_a_group_of_two_breakdowns_is_told_by_its_breakdown() -> None:
    found = read("measure,area,month,breakdown,band,count\nflu,E,2026-03,deprivation_local,1,20\n")
    assert found is not None
    assert [cell.breakdown for cell in found.cells] == ["deprivation_local"]
