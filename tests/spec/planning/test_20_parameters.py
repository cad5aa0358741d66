"""Parameters: the row that holds on the day of the activity, and nothing else (M0.4)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from joinedup.errors import FileError, RuleError
from joinedup.planning import (
    Parameter,
    ParameterMissing,
    ParameterOverlap,
    ParameterSet,
    planning_parameters,
    read_parameters,
)


def row(value: object = 1, start: str = "2025-04-01", end: str | None = None, status: str = "adopted") -> Parameter:
    to = date.fromisoformat(end) if end else None
    return Parameter("rate", value, "share", date.fromisoformat(start), to, status, "letter", "the board")  # type: ignore[arg-type]


def test_the_row_is_chosen_by_the_day_of_the_activity_and_the_last_day_is_the_one_before() -> None:
    rates = ParameterSet([row(2, "2026-04-01"), row(1, "2025-04-01", "2026-04-01")])
    assert rates.value("rate", date(2026, 3, 31)) == 1
    assert rates.value("rate", date(2026, 4, 1)) == 2
    assert rates.one("rate", date(2030, 1, 1)).decided_by == "the board"
    assert len(rates) == 2
    assert rates.ids == ("rate",)


def test_no_row_on_the_day_is_missing_and_the_message_says_which_are_known() -> None:
    rates = ParameterSet([row(1, "2020-04-01", "2021-04-01"), row(2, "2022-04-01")])
    with pytest.raises(ParameterMissing, match=r"no adopted row of rate holds on 2021-06-01; .* up to 2021-04-01"):
        rates.one("rate", date(2021, 6, 1))
    with pytest.raises(ParameterMissing, match=r"no parameter 'rates'. Did you mean 'rate'\?"):
        rates.one("rates", date(2021, 6, 1))


def test_two_adopted_rows_on_one_day_are_an_overlap() -> None:
    rates = ParameterSet([row(1, "2025-04-01", "2026-05-01"), row(2, "2026-04-01")])
    assert rates.value("rate", date(2026, 3, 31)) == 1
    with pytest.raises(ParameterOverlap, match="2 adopted rows on 2026-04-15, beginning on 2025-04-01 and 2026-04-01"):
        rates.one("rate", date(2026, 4, 15))
    with pytest.raises(ParameterOverlap):
        rates.refuse_overlaps()


def test_what_is_only_proposed_counts_when_asked_for_and_what_is_withdrawn_never() -> None:
    rates = ParameterSet([row(3, status="proposed"), row(4, "2027-04-01", status="withdrawn")])
    with pytest.raises(ParameterMissing, match="only proposed"):
        rates.one("rate", date(2026, 4, 1))
    assert rates.one("rate", date(2026, 4, 1), include_proposed=True).value == 3
    adopted = ParameterSet([*rates, row(5)])
    assert adopted.one("rate", date(2028, 1, 1), include_proposed=True).value == 5
    with pytest.raises(ParameterOverlap, match="2 proposed"):
        ParameterSet([*rates, row(6, status="proposed")]).one("rate", date(2026, 4, 1), include_proposed=True)


def test_a_value_is_exact_and_a_row_is_whole() -> None:
    with pytest.raises(RuleError, match=r"0\.02, a float"):
        row(0.02)
    with pytest.raises(RuleError, match="a float"):
        row((1, (Decimal("0.5"), 0.5)))
    with pytest.raises(RuleError, match="a bool"):
        row(True)
    with pytest.raises(RuleError, match="no finite number"):
        row(Decimal("NaN"))
    with pytest.raises(RuleError, match="Did you mean 'adopted'"):
        row(status="adoptd")
    with pytest.raises(RuleError, match="not after it begins"):
        row(1, "2025-04-01", "2025-04-01")
    with pytest.raises(RuleError, match="needs an id"):
        Parameter(" ", 1, "", date(2025, 4, 1), None, "adopted", "", "")
    with pytest.raises(RuleError, match="a day, not for an instant"):
        ParameterSet([row()]).one("rate", datetime(2026, 1, 1, tzinfo=UTC))


def test_numbers_are_read_exactly_from_text(tmp_path: Path) -> None:
    file = tmp_path / "rates.toml"
    file.write_text(
        '[[parameter]]\nid = "bands"\nvalue = [[0.10, 0.20], ["rest", 0.5]]\nunit = "share"\nvalid_from = 2026-04-01\n'
        'status = "adopted"\nsource = "letter"\ndecided_by = "the board"\n'
    )
    found = read_parameters(file)
    bands = found.value("bands", date(2026, 4, 1))
    assert bands == ((Decimal("0.10"), Decimal("0.20")), ("rest", Decimal("0.5")))
    with pytest.raises(RuleError, match="expected a number"):
        found.number("bands", date(2026, 4, 1))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("x = ", "expected TOML"),
        ("[other]\n", "expected only"),
        ('[[parameter]]\nid = "a"\nvalu = 1\n', r"parameter 1 \(a\): 'valu' is unknown.*Did you mean 'value'"),
        ('[[parameter]]\nid = "a"\nvalue = 1\n', "'unit' is missing"),
        ('valid_from = "2026-04-01"', "expected a date"),
        ("valid_from = 2026-04-01T00:00:00", "expected a date"),
        ("unit = 3", "expected a text"),
        ("value = true", "a bool"),
        ('status = "draft"', "no status"),
    ],
)
def test_a_file_that_is_not_right_is_refused_by_table_and_field(tmp_path: Path, content: str, said: str) -> None:
    whole = {"id": '"a"', "value": "1", "unit": '"x"', "valid_from": "2026-04-01", "status": '"adopted"',
             "source": '"x"', "decided_by": '"x"'}  # fmt: skip
    if not content.startswith(("[", "x")):
        name, value = content.split(" = ")
        content = "[[parameter]]\n" + "\n".join(f"{k} = {v}" for k, v in (whole | {name: value}).items())
    file = tmp_path / "rates.toml"
    file.write_text(content)
    with pytest.raises(FileError, match=said):
        read_parameters(file)


def test_a_file_that_is_not_there_and_one_that_overlaps_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="no such file"):
        read_parameters(tmp_path / "none.toml")
    text = (
        '[[parameter]]\nid = "a"\nvalue = 1\nunit = "x"\nvalid_from = {}\nstatus = "adopted"\nsource = "x"\n'
        'decided_by = "x"\n'
    )
    file = tmp_path / "rates.toml"
    file.write_text(text.format("2026-04-01") + text.format("2027-04-01"))
    with pytest.raises(ParameterOverlap):
        read_parameters(file)


def test_planning_brings_its_own_and_the_year_decides() -> None:
    own = planning_parameters()
    assert own.number("triangulation.abs", date(2026, 4, 1)) == 5
    assert own.number("triangulation.rel", date(2026, 4, 1)) == Decimal("0.02")
    assert own.number("triangulation.money", date(2026, 4, 1)) == 5_000_000
    assert own.number("consistency.productivity", date(2026, 3, 31)) == Decimal("0.04")
    assert own.number("consistency.productivity", date(2026, 4, 1)) == Decimal("0.02")
    with pytest.raises(ParameterMissing):
        own.one("consistency.agency_cut", date(2026, 4, 1))
