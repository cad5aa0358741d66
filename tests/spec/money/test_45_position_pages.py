"""Where the system stands, who disagrees, and the Better Care Fund's checks, as pages (rules MB11, MB12, MB2)."""

from __future__ import annotations

import re
from datetime import date
from html import unescape
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client

from joinedup.errors import FileError
from joinedup.money import import_balances_between, intra_system_mismatches, models, name_board_fund
from joinedup.money.pot.balances_between import Said, said_between
from joinedup.money.pot.better_care_fund_as_kept import BoardTerms
from joinedup.money.pot.positions_as_kept import DECIDED, position_parameters

from . import pot

pytestmark = pytest.mark.django_db
BETWEEN = b"""month,payer,payee,payer_says_pence,payee_says_pence
2026-04,RZ1,RZ2,15000000000,14960000000
2026-05,RZ1,RZ2,15000000000,14960000000
2026-04,RZ2,RZ3,100,
2026-05,RZ2,RZ3,100,
2026-05,RZ3,RZ1,700,700
"""


@pytest.fixture
def client(db: None, signed_in: Any) -> Client:
    return signed_in("finance_lead")  # type: ignore[no-any-return]


def said(client: Client, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status, answer.content.decode()[:500]
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", answer.content.decode())).split())


def import_(content: bytes = BETWEEN) -> int:
    return import_balances_between(pot.grant("money.post"), "between.csv", content)


# --- what bodies say of each other ---------------------------------------------------------------------------------


def test_balances_between_bodies_are_kept_once_and_compared_to_date() -> None:
    assert import_() == 8
    assert import_() == 0
    # The example of the rule book: £300.0m against £299.2m, £0.8m apart.
    found = intra_system_mismatches("2026/27", basis="actual", month=2)
    (apart,) = found.apart
    assert (apart.payer_says, apart.payee_says, apart.difference) == (30_000_000_000, 29_920_000_000, 80_000_000)
    # A pair of which one is silent is no mismatch; one that was not said every month so far is not compared.
    assert [(one.payer, one.payee, one.silent) for one in found.one_sided] == [("RZ2", "RZ3", "RZ3")]
    assert found.one_sided[0].why == "says nothing of the other"
    assert found.agreed == 0


def test_what_is_said_later_counts_and_what_was_said_stays() -> None:
    import_()
    later = BETWEEN.replace(b"2026-05,RZ1,RZ2,15000000000,14960000000", b"2026-05,RZ1,RZ2,15000000000,15040000000")
    assert import_(later) == 1
    found = intra_system_mismatches("2026/27", basis="actual", month=2)
    assert (found.apart, found.agreed) == ((), 1)
    assert models.SaidBetween.objects.count() == 9
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE money_saidbetween SET pence = 0")
    assert Said("RZ2", date(2026, 5, 1), "RZ1", "RZ2", 15_040_000_000) in said_between({date(2026, 5, 1)})


@pytest.mark.parametrize(
    ("row", "field"),
    [
        (b"2026-13,A,B,1,1", "month"), (b"2026-04,,B,1,1", "payer"), (b"2026-04,A,A,1,1", "payee"),
        (b"2026-04,A,B,1.50,1", "payer_says_pence"), (b"2026-04,RZ1,RZ2,1,1", "payer"),
    ],
    ids=["a month that is none", "no payer", "itself", "pounds for pence", "twice"],
)  # fmt: skip
def test_a_file_of_balances_that_cannot_be_is_refused_whole(row: bytes, field: str) -> None:
    with pytest.raises(FileError) as told:
        import_(BETWEEN + row + b"\n")
    assert f"field {field}:" in str(told.value)
    assert not models.SaidBetween.objects.exists()


def test_a_system_puts_its_own_limit_in_the_place_of_joinedups(tmp_path: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("joinedup.database.data_dir", lambda: tmp_path)
    own = tmp_path / DECIDED
    own.parent.mkdir()
    before = position_parameters().number("intra_system.abs_limit", date(2026, 4, 1))
    own.write_text(
        '[[parameter]]\nid = "intra_system.abs_limit"\nvalue = 7\nunit = "pence"\nvalid_from = 2026-04-01\n'
        'status = "adopted"\nsource = "a minute"\ndecided_by = "the finance group"\n'
    )
    assert (before, position_parameters().number("intra_system.abs_limit", date(2026, 4, 1))) == (5_000_000, 7)
    assert position_parameters().number("position.control_total", date(2026, 4, 1)) == 0


# --- the pages -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/money/position/", "/money/mismatches/"])
def test_where_nothing_is_kept_the_page_says_the_next_step(client: Client, path: str) -> None:
    text = said(client, path)
    assert "No plan and no trial balance is kept here yet" in text
    assert "Partners' trial balances" in text


def test_the_position_says_what_is_not_known_and_never_0(client: Client) -> None:
    pot.open_pot()
    text = said(client, "/money/position/")
    assert "Cannot be said yet" in text
    assert "no trial balance of April 2026" in text
    assert "not known" in text
    # A control total that cannot be read is said beside its field, and the parameter holds meanwhile.
    wrong = said(client, "/money/position/?control_total=much", 422)
    assert "The control total must be pounds and pence, such as 1234.56 or −1234.56" in wrong
    assert said(client, "/money/position/?year=1999/00", 404)


def test_mismatches_are_shown_with_their_limit_and_who_is_silent(client: Client) -> None:
    pot.open_pot()
    import_()
    text = said(client, "/money/mismatches/?basis=actual&month=2")
    assert "1 pair is further apart than the limit; 0 agree." in text
    assert "The limit is £50,000.00, or 0.1% of the larger figure" in text
    assert "£300,000,000.00 £299,200,000.00 £800,000.00" in text
    assert "Until they agree, the payer's figure counts." in text
    # A limit of one's own, in the address.
    assert "0 pairs are further apart" in said(client, "/money/mismatches/?basis=actual&month=2&abs_limit=800000")
    assert "Give a percentage" in said(client, "/money/mismatches/?rel_limit=200", 422)


def test_each_board_has_its_checks_required_actual_and_pass(client: Client) -> None:
    assert "Nobody has said yet which fund" in said(client, "/money/better-care-fund/?year=2026/27")
    pot.open_pot()
    terms = BoardTerms("E10000015", "2026/27", "POT", 6 * pot.MILLION + 1, None, 0, "Annex A")
    name_board_fund(pot.grant("money.allocate"), terms)
    text = said(client, "/money/better-care-fund/?year=2026/27")
    assert "ICB minimum contribution £6,000,000.01 £6,000,000.00 £0.01 No" in text
    assert "In a section 75 agreement £10,000,000.00 £10,000,000.00 £0.00 Yes" in text
    assert "Fails" in text
    assert "Required by: Annex A." in text


def test_who_may_not_read_money_reads_none_of_it(db: None, signed_in: Any) -> None:
    for path in ("position", "mismatches", "better-care-fund"):
        assert Client().get(f"/money/{path}/").status_code == 302
        assert signed_in("planner").get(f"/money/{path}/").status_code == 200
