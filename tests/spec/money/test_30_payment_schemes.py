"""MC1: which payment scheme holds for a kind of care on a day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from joinedup.errors import FileError, RuleError
from joinedup.money import BandError, bands, read_payment_schemes, scheme_for
from joinedup.money.payment.schemes import SCHEMES, national_schemes
from joinedup.planning import ParameterMissing, ParameterOverlap


@pytest.mark.parametrize(
    ("kind", "on", "found", "over", "under"),
    [
        ("emergency", "2014-06-01", "MRET-30", "0.30", "1.00"),
        ("emergency", "2019-03-31", "MRET-70", "0.70", "1.00"),
        ("emergency", "2019-04-01", "BP-1920", "0.20", "0.20"),
        ("elective", "2022-04-01", "API-2223", "0.75", "0.75"),
        ("elective", "2023-04-01", "API-2324", "1.00", "1.00"),
        ("elective", "2025-03-31", "API-2425", "1.00", "1.00"),
        ("elective", "2025-04-01", "API-2526", "1.00", "1.00"),
    ],
)
def test_the_scheme_is_chosen_by_the_day_of_the_activity(kind: str, on: str, found: str, over: str, under: str) -> None:
    scheme = scheme_for(kind, date.fromisoformat(on))
    assert scheme.id == found
    assert ([band.rate for band in scheme.over], [band.rate for band in scheme.under]) == (
        [Decimal(over)], [Decimal(under)]
    )  # fmt: skip
    assert scheme.status == "adopted"
    assert scheme.source


def test_a_proposed_scheme_can_be_tried_out_and_settles_nothing() -> None:
    on = date(2026, 5, 1)
    with pytest.raises(ParameterMissing, match="UEC-2627 is only proposed"):
        scheme_for("emergency", on)
    assert scheme_for("emergency", on, include_proposed=True).id == "UEC-2627"
    assert scheme_for("emergency", date(2020, 5, 1), include_proposed=True).over == ()


def test_a_year_without_a_row_is_refused_and_none_is_guessed() -> None:
    for include_proposed in (False, True):
        with pytest.raises(ParameterMissing, match="no adopted payment scheme holds for emergency care on 2021-06-01"):
            scheme_for("emergency", date(2021, 6, 1), include_proposed=include_proposed)
    with pytest.raises(ParameterMissing, match="Did you mean 'elective'"):
        scheme_for("electve", date(2022, 4, 1))


def test_two_adopted_schemes_on_a_day_are_refused() -> None:
    first = scheme_for("elective", date(2022, 4, 1))
    two = [first, replace(first, id="other", valid_from=date(2023, 3, 31), valid_to=None)]
    assert scheme_for("elective", date(2023, 3, 30), schemes=two).id == "API-2223"
    with pytest.raises(ParameterOverlap, match="API-2223 and other"):
        scheme_for("elective", date(2023, 3, 31), schemes=two)


def test_what_is_not_yet_checked_says_so() -> None:
    doubtful = {one.id for one in national_schemes() if one.to_confirm}
    assert doubtful == {"MRET-30", "MRET-70", "BP-2021", "UEC-2627"}


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], "0 band"),
        ([(".1", ".2")], "no limit"),
        ([(None, ".2"), (None, ".5")], "no limit"),
        ([(".2", ".2"), (".1", ".3"), (None, ".5")], "rising limits"),
        ([(None, "-.2")], "below 0"),
    ],
)
def test_bands_say_what_every_pound_is_paid_at(rows: list[tuple[str | None, str]], said: str) -> None:
    with pytest.raises(BandError, match=said):
        bands(rows)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('kind = "elective"', "", "field kind"),
        ('status = "adopted"', 'status = "agreed"', "field status"),
        ("valid_to = 2023-04-01", "valid_to = 2021-04-01", "the end after the start"),
        ("valid_to = 2023-04-01", 'valid_to = "soon"', "expected dates"),
        ('rate = "0.75"', "rate = 0.75", ""),
        ('rate = "0.75"', 'rate = "lots"', "field over"),
        ('rate = "0.75"', 'rte = "0.75"', "field over"),
        ("to_confirm", "too_confirm", "Did you mean 'to_confirm'"),
        ("[[scheme]]", "[scheme]", r"expected \[\[scheme\]\]"),
        ('kind = "elective"', "kind = ", "expected TOML"),
    ],
)
def test_a_file_of_schemes_is_refused_by_table_and_field(tmp_path: Path, before: str, after: str, said: str) -> None:
    text = SCHEMES.read_text()
    table = "[[scheme]]" + next(part for part in text.split("[[scheme]]") if 'id = "API-2223"' in part)
    path = tmp_path / "schemes.toml"
    path.write_text(table)
    assert [one.id for one in read_payment_schemes(path)] == ["API-2223"]
    assert before in table
    path.write_text(table.replace(before, after))
    if not said:  # A number with a point is read exactly too.
        assert read_payment_schemes(path)[0].over[0].rate == Decimal("0.75")
        return
    with pytest.raises(FileError, match=said):
        read_payment_schemes(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="no such file"):
        read_payment_schemes(tmp_path / "none.toml")


def test_a_funded_level_is_money() -> None:
    with pytest.raises(RuleError, match="expected 0 or more"):
        scheme_for("elective", date(2025, 4, 1)).up_to(-1)
