"""A run of linking: what joins, what waits for a person, what a later delivery changes (PA5 to PA11, R24)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from django.db import connection, transaction

from joinedup import database
from joinedup.access import Grant
from joinedup.errors import FileError, RuleError
from joinedup.feeds import Merge
from joinedup.identity import apply_merges, configuration, decide, link, pending_reviews_for, resident_of, unmerge

from .conftest import ANA, BO, SEEN, source

Keep = Callable[..., UUID]
HOME = {"postcode": "ZH1 1AA", "house": "1 HIGH ST", "phone": "07700900123", "email": "ana@example.org"}


def together(*subjects: UUID) -> bool:
    return len({resident_of(one) for one in subjects}) == 1


def reasons(*subjects: UUID) -> list[str]:
    return [waits.reason for waits in pending_reviews_for(subjects)]


def test_what_joins_by_itself_and_what_waits(keep: Keep, grant: Grant) -> None:
    """One run over a small town; each line of the ladder, and the score, has a pair."""
    pairs = {
        # name: (fields of one, fields of the other, joined?, why it waits)
        "verified number and birth date": ({"nhs_number": ANA}, {"nhs_number": ANA, "family": "HILL"}, True, []),
        "number, birth date nearly": (
            {"nhs_number": BO, "birth_date": date(1950, 2, 3)}, {"nhs_number": BO, "birth_date": date(1950, 2, 8)},
            True, []),
        "one number, two people": (
            {"nhs_number": "9990000034", "family": "WOOD", "given": "TOM", "birth_date": date(1930, 2, 3)},
            {"nhs_number": "9990000034", "family": "FIELD", "given": "SUE", "birth_date": date(1999, 7, 9)},
            False, ["number_conflict"]),
        "two numbers, else alike": (
            {"nhs_number": "9990000042", "family": "MARSH", "given": "IVY", **HOME},
            {"nhs_number": "9990000050", "family": "MARSH", "given": "IVY", **HOME},
            False, ["different_numbers"]),
        "all details, one without a number": (
            {"nhs_number": "9990000069", "family": "BROOK", "given": "LEO", "postcode": "ZH4 4AA"},
            {"family": "BROOK", "given": "LEO", "postcode": "ZH4 4AA"}, True, []),
        "moved and misspelt, but the rest says it": (
            {"nhs_number": "9990000077", "family": "WHITTINGTON", "given": "MEG", "birth_date": date(1944, 3, 3),
             **HOME},
            {"family": "WHITTINGTN", "given": "MEG", "birth_date": date(1944, 3, 3), "phone": HOME["phone"],
             "email": HOME["email"], "postcode": "ZH7 7ZZ"}, True, []),
        "somebody else of that name": (
            {"nhs_number": "9990000085", "family": "JONES", "given": "DAVID", "birth_date": date(1960, 1, 5)},
            {"family": "JONES", "given": "DAVID", "birth_date": date(1984, 9, 9), "postcode": "ZH6 6AA"}, False, []),
    }  # fmt: skip
    kept = {
        name: (keep(f"gp:{number}", **one), keep(f"acute:{number}", **other))
        for number, (name, (one, other, *_)) in enumerate(pairs.items())
    }
    report = link(grant)
    assert (report.kind, report.linked) == ("batch", 2 * len(pairs))
    found = {name: (together(*kept[name]), reasons(*kept[name])) for name in pairs}
    assert found == {name: (joined, why) for name, (_, _, joined, why) in pairs.items()}
    assert link(grant).kind == "nothing"


def test_what_comes_while_a_run_reads_is_left_to_the_next(keep: Keep, grant: Grant) -> None:
    """Intake goes on: a hospital sends two patients and their merge after the run has read the subjects."""
    one, two = keep("gp:1", nhs_number=ANA), keep("acute:1", nhs_number=ANA)
    link(grant)
    later: list[UUID] = []

    def meanwhile(step: str) -> None:
        if step == "write edges":
            later.extend(keep(f"acute:{code}", given=code, family="LATER") for code in ("8", "9"))
            with transaction.atomic():
                apply_merges(grant, "acute", [Merge("8", "9", SEEN, "m1", 1)])

    link(grant, everything=True, on_step=meanwhile)
    assert together(one, two)
    assert together(*later)
    link(grant)
    assert together(one, two)
    assert together(*later)


def test_twins_without_numbers_are_not_joined(keep: Keep, grant: Grant) -> None:
    one = keep("gp:1", nhs_number=ANA, family="HILL", given="JACOB", birth_date=date(2015, 5, 5), sex="M", **HOME)
    two = keep("acute:1", family="HILL", given="OLIVER", birth_date=date(2015, 5, 5), sex="M", **HOME)
    link(grant)
    assert not together(one, two)


def test_two_records_of_one_source_wait_for_a_person(keep: Keep, grant: Grant) -> None:
    one, two = keep("gp:1", nhs_number=ANA), keep("gp:2", nhs_number=ANA)
    link(grant)
    assert not together(one, two)
    assert reasons(one) == ["same_source"]
    decide(grant, one, two, "match", "registered twice")
    assert together(one, two)
    assert reasons(one) == []


def test_a_source_that_may_hold_a_person_twice_may_be_joined(keep: Keep, grant: Grant) -> None:
    charity = source("charity", duplicate_free=False)
    one, two = keep("charity:1", of=charity, nhs_number=ANA), keep("charity:2", of=charity, nhs_number=ANA)
    link(grant)
    assert together(one, two)


def test_never_match_outranks_number_and_birth_date_in_every_later_run(keep: Keep, grant: Grant) -> None:
    one, two, three = keep("gp:1", nhs_number=ANA), keep("acute:1", nhs_number=ANA), keep("council:1", nhs_number=ANA)
    link(grant)
    unmerge(grant, resident_of(one), [two], "the clerk typed her sister's number")
    assert (together(one, three), together(one, two)) == (True, False)
    link(grant, everything=True)
    assert (together(one, three), together(one, two)) == (True, False)
    keep("acute:1", nhs_number=ANA, seen_at=SEEN + timedelta(days=1), postcode="ZH2 2BB")
    link(grant)
    assert (together(one, three), together(one, two)) == (True, False)


def test_a_changed_record_leaves_whom_it_no_longer_fits(keep: Keep, grant: Grant) -> None:
    one, two = keep("gp:1", nhs_number=ANA), keep("acute:1", nhs_number=ANA)
    link(grant)
    assert together(one, two)
    other = {"nhs_number": BO, "family": "WOOD", "given": "TOM", "birth_date": date(1950, 1, 1)}
    keep("acute:1", seen_at=SEEN + timedelta(days=1), **other)
    report = link(grant)
    assert report.parted == 2
    assert not together(one, two)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FILTER (WHERE until IS NULL), count(*) FROM identity_membership")
        assert cursor.fetchone() == (0, 2)  # the rows stay, closed


def test_a_withheld_identity_joins_nobody_and_leaves(keep: Keep, grant: Grant) -> None:
    one, two = keep("gp:1", nhs_number=ANA), keep("acute:1", nhs_number=ANA)
    link(grant)
    nothing = dict.fromkeys(("nhs_number", "family", "given", "birth_date", "sex"))
    keep("acute:1", seen_at=SEEN + timedelta(days=1), is_withheld=True, is_verified=False, **nothing)
    link(grant)
    assert not together(one, two)


def test_a_review_goes_when_its_reason_goes(keep: Keep, grant: Grant) -> None:
    wrong = {"nhs_number": ANA, "family": "WOOD", "given": "TOM", "birth_date": date(1930, 2, 3)}
    one, two = keep("gp:1", nhs_number=ANA), keep("acute:1", **wrong)
    link(grant)
    assert reasons(one) == ["number_conflict"]
    keep("acute:1", seen_at=SEEN + timedelta(days=1), **{**wrong, "nhs_number": BO})
    link(grant)
    assert reasons(one, two) == []


def test_a_new_record_that_only_may_be_one_moves_nobody(keep: Keep, grant: Grant) -> None:
    one, two = keep("gp:1", nhs_number=ANA), keep("acute:1", nhs_number=ANA)
    link(grant)
    resident = resident_of(one)
    three = keep("council:1", nhs_number=ANA, family="WOOD", given="TOM", birth_date=date(1930, 2, 3))
    report = link(grant)
    assert (report.kind, report.joined, report.parted) == ("incremental", 0, 0)
    assert (resident_of(one), resident_of(two), resident_of(three)) == (resident, resident, three)
    # One question for the two residents, not one for each pair of their records.
    assert reasons(three) == ["number_conflict"]


def test_a_pair_that_nobody_can_tell_stays(keep: Keep, grant: Grant) -> None:
    one, two = keep("gp:1", nhs_number=ANA), keep("gp:2", nhs_number=ANA)
    link(grant)
    decide(grant, one, two, "unsure", "no answer from the practice")
    assert reasons(one) == ["same_source"]
    decide(grant, one, two, "never", "mother and daughter")
    assert reasons(one) == []


def test_a_run_is_audited_and_its_model_kept(keep: Keep, grant: Grant) -> None:
    keep("gp:1", nhs_number=ANA), keep("acute:1", nhs_number=ANA)
    report = link(grant)
    with connection.cursor() as cursor:
        cursor.execute("SELECT version, digest, content ->> 'provenance' FROM identity_model")
        ((version, digest, provenance),) = cursor.fetchall()
        cursor.execute(
            "SELECT entry -> 'details' ->> 'joined' FROM access_auditentry WHERE entry ->> 'action' = 'identity.link'"
        )
        assert cursor.fetchall() == [("2",)]
    assert report.model == version == f"shipped-{digest[:12]}"
    assert "simulated" in provenance


def test_the_audit_holds_no_names(keep: Keep, grant: Grant) -> None:
    one, two = keep("gp:1", nhs_number=ANA, family="QUILLFEATHER"), keep("acute:1", nhs_number=ANA)
    link(grant)
    unmerge(grant, resident_of(one), [two], "two sisters")
    with connection.cursor() as cursor:
        cursor.execute("SELECT body FROM access_auditentry")
        bodies = " ".join(body for (body,) in cursor.fetchall())
    assert "QUILLFEATHER" not in bodies
    assert ANA not in bodies


# --- configuration -------------------------------------------------------------------------------------------------


def test_the_operator_may_raise_the_bar(keep: Keep, grant: Grant) -> None:
    """A file `linkage.toml` in the data folder takes the place of what is shipped."""
    own = configuration.SHIPPED.read_text().replace('methods = ["nhs+dob", ', "methods = [", 1)
    path = database.data_dir() / configuration.OWN_NAME
    path.write_text(own)
    one, two = keep("gp:1", nhs_number=ANA), keep("acute:1", nhs_number=ANA)
    try:
        link(grant)
    finally:
        path.unlink()
    assert not together(one, two)
    link(grant, everything=True)
    assert together(one, two)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ("[care\n", "expected TOML"),
        ("[care]\n", "needs"),
        ('[care]\nmethods = ["nhs+dob"]\nleast_bit = 3\n', "Did you mean 'least_bits'"),
    ],
)
def test_a_configuration_that_cannot_be_is_refused_by_name(wrong: str, says: str) -> None:
    with pytest.raises(FileError, match=says):
        configuration.read(wrong)


def test_a_method_that_is_none_is_named() -> None:
    wrong = configuration.SHIPPED.read_text().replace('"local_id"', '"local-id"')
    with pytest.raises(FileError, match="Did you mean 'local_id'"):
        configuration.read(wrong)


def test_truth_is_for_the_report_alone() -> None:
    from joinedup.identity.commands import link as verb

    with pytest.raises(RuleError, match="never sees the truth"):
        verb(truth=Path("truth"), report=False)
    with pytest.raises(RuleError, match="needs --truth"):
        verb(report=True)
