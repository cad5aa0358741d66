"""What a hospital sends as HL7 v2.4: one resident's fall, admission, results and appointments, message by message."""

from __future__ import annotations

import re
from collections import Counter

import hl7
import pytest

from joinedup.simulation import hl7v2
from joinedup.simulation.hl7v2_segments import CR, escaped
from joinedup.simulation.world import Admission, Block, Report, Result, Stay
from joinedup.simulation.writing import Out

from .drawn_hospital import little_block, little_world, written


def messages_of(out: Out, source: str = "acute-rwh") -> list[hl7.Message]:
    """Every message of a source's files, in the order of the periods and within them, split by the `hl7` library."""
    texts = [text for name, parts in sorted(out.files.items()) if name.startswith(f"{source}/") for text in parts]
    return [hl7.parse(text) for text in texts]


def triggers(messages: list[hl7.Message], visit: str) -> list[str]:
    """The triggers of one visit number, in order."""
    return [
        str(message["MSH.F9.R1.C2"])
        for message in messages
        if "PV1" in str(message) and str(message.segment("PV1")(19)) == visit
    ]


@pytest.fixture(scope="module")
def messages() -> list[hl7.Message]:
    return messages_of(written(hl7v2))


def test_one_stay_is_told_in_order_admitted_moved_discharged(messages: list[hl7.Message]) -> None:
    assert triggers(messages, "AD1") == ["A01", "A02", "A03"]
    assert triggers(messages, "AE1") == ["A04", "A03"]
    assert triggers(messages, "AD2") == ["A01"]  # still in hospital


@pytest.mark.parametrize(
    ("segment", "field", "value"),
    [
        ("MSH", 4, "RWH"),
        ("MSH", 12, "2.4"),
        ("MSH", 18, "UNICODE UTF-8"),
        ("PID", 3, "H000001^^^RWH^PI~9990000018^^^NHS^NH"),
        ("PID", 5, "O'NEIL-NOWAK^Zofia^^^Mrs"),
        ("PID", 7, "19420309"),
        ("PID", 8, "F"),
        ("PID", 11, "12 Orchard Close^^Stevenage^^ZH1 4AB^GBR^H"),
        ("PID", 13, "01632 960123"),
        ("PID", 22, "C"),
        ("PID", 30, "N"),
        ("PID", 32, "01"),
        ("PD1", 3, "Northgate Surgery \\T\\ Clinic^^Z00001"),
        ("PV1", 2, "I"),
        ("PV1", 4, "21"),
        ("PV1", 10, "110"),
        ("PV1", 14, "19"),
        ("PV1", 19, "AD1"),
        ("PV1", 36, "1"),
        ("PV1", 37, "19"),
        ("DG1", 3, "S720^Fracture of neck of femur^I10"),
    ],
)
def test_a_discharge_says_who_where_and_why(messages: list[hl7.Message], segment: str, field: int, value: str) -> None:
    (discharge,) = [
        message
        for message in messages
        if str(message["MSH.F9.R1.C2"]) == "A03" and str(message.segment("PV1")(19)) == "AD1"
    ]
    assert str(discharge.segment(segment)(field)) == value


def test_the_clerks_time_is_some_minutes_off_the_coders_and_stays_so(messages: list[hl7.Message]) -> None:
    (admitted,) = [m for m in messages if str(m["MSH.F9.R1.C2"]) == "A01" and str(m.segment("PV1")(19)) == "AD1"]
    assert str(admitted.segment("PV1")(44)) == "20260610140100"  # truly 13:50
    assert -3 <= hl7v2.clerk_delay("AD1") <= 12


def test_a_corrected_result_comes_again_a_day_later_as_corrected(messages: list[hl7.Message]) -> None:
    results = [message for message in messages if "OBR" in str(message)]
    assert [(str(m.segment("OBR")(25)), str(m.segment("OBX")(5)), str(m.segment("OBX")(11))) for m in results] == [
        ("F", "101", "F"),
        ("C", "111", "C"),
    ]
    first = results[0].segment("OBX")
    assert (str(first(3)), str(first(6)), str(first(7)), str(first(8))) == (
        "718-7^Haemoglobin^LN^HB^Haemoglobin^L",
        "g/L",
        "115-165",
        "L",
    )
    assert len({str(m["MSH.F10"]) for m in results}) == 2


def test_an_appointment_is_booked_and_perhaps_cancelled(messages: list[hl7.Message]) -> None:
    told = [
        (str(m.segment("SCH")(1)), str(m["MSH.F9.R1.C2"]), str(m.segment("SCH")(25)))
        for m in messages
        if "SCH" in str(m)
    ]
    assert sorted(told) == [
        ("OP1", "S12", "BOOKED"),
        ("OP2", "S12", "BOOKED"),
        ("OP2", "S15", "CANCELLED"),
        ("OP3", "S12", "BOOKED"),
    ]


def test_a_merge_names_who_stays_and_who_goes_and_messages_come_under_both(messages: list[hl7.Message]) -> None:
    (merge,) = [m for m in messages if str(m["MSH.F9.R1.C2"]) == "A40"]
    assert str(merge.segment("PID")(3)) == "H100001^^^RWH^PI~9990000026^^^NHS^NH"
    assert str(merge.segment("MRG")(1)) == "H100002^^^RWH^PI"
    at = str(merge["MSH.F7"])
    late = [m for m in messages if str(m.segment("PID")(3)) == "H100002^^^RWH^PI" and str(m["MSH.F7"]) > at]
    assert late  # some messages still come under the number that was merged away


def test_a_move_shows_the_old_address_before_and_the_new_one_after() -> None:
    block = little_block()
    block.admissions = [
        Admission(
            "AD8",
            2,
            "RWH",
            "RWH01",
            45_600,
            600,
            45_601,
            600,
            "13",
            True,
            "130",
            ("H26.9",),
            "cataract",
            "C75.1",
            (Stay("Elm", 45_600, 600),),
            "19",
            False,
            "",
            "",
            "BZ34B",
            1,
        ),
    ]
    told = messages_of(written(hl7v2, block))
    before = [str(m.segment("PID")(11)) for m in told if triggers([m], "AD8")]
    after = [str(m.segment("PID")(11)) for m in told if str(m["MSH.F9.R1.C2"]) == "A31"]
    assert set(before) == {"1 High Street^^Ware^^ZH2 1AA^GBR^H"}
    assert set(after) == {"12 Orchard Close^^Stevenage^^ZH1 4AB^GBR^H"}


def test_a_new_name_is_told_by_a_change_and_stands_in_what_follows() -> None:
    block = little_block()
    zofia, *others = block.people
    block.people = (zofia._replace(former_family="Kowalska", renamed_on=46_190), *others)
    told = [m for m in messages_of(written(hl7v2, block)) if "H000001" in str(m.segment("PID")(3))]
    names = {str(m["MSH.F9.R1.C2"]): str(m.segment("PID")(5)).split("^")[0] for m in told}
    assert names["A04"] == names["A01"] == "KOWALSKA"  # 10 June 2026; the new name is of 19 June
    assert names["A31"] == names["R01"] == "O'NEIL-NOWAK"


def test_the_hospital_denies_an_allergy_that_only_the_practice_knows(messages: list[hl7.Message]) -> None:
    allergies = {
        str(m.segment("PID")(3)).split("^")[0]: str(m.segment("AL1")(3)) for m in messages if f"{CR}AL1|" in str(m)
    }
    assert allergies["H000001"] == "716186003^No known allergy^SCT"
    assert allergies["H100001"] == "111088007^Latex^SCT"


def test_death_is_told_after_it_was_heard_of(messages: list[hl7.Message]) -> None:
    deaths = [m for m in messages if str(m.segment("PID")(30)) == "Y"]
    assert [str(m.segment("PID")(29)) for m in deaths] == ["20260920"]


@pytest.mark.parametrize(
    ("text", "sent"), [("a&b", "a\\T\\b"), ("a|^~\\", "a\\F\\\\S\\\\R\\\\E\\"), ("O'Neil", "O'Neil")]
)
def test_delimiters_in_a_text_are_escaped(text: str, sent: str) -> None:
    assert escaped(text) == sent


# --- many messages: triggers, faults and their rates ---------------------------------------------------------------


@pytest.fixture(scope="module")
def many() -> Out:
    """Two thousand planned stays of two days."""
    block = little_block()
    block.attendances = block.outpatients = block.reports = block.merges = []  # type: ignore[assignment]
    block.admissions = [
        Admission(
            f"AD{n}",
            0,
            "RWH",
            "RWH01",
            45_400 + n // 4,
            600,
            45_402 + n // 4,
            600,
            "12",
            False,
            "110",
            ("M16.9",),
            "osteoarthritis",
            "W37.1",
            (Stay("Elm", 45_400 + n // 4, 600), Stay("Ashwood", 45_401 + n // 4, 5)),
            "19",
            False,
            "",
            "",
            "HN12F",
            1,
        )
        for n in range(2_000)
    ]
    return written(hl7v2, block)


def lines(out: Out) -> list[str]:
    """The messages of all files as they stand there."""
    return [text for _, parts in sorted(out.files.items()) for text in parts]


def test_faults_come_at_their_rates(many: Out) -> None:
    counts = {what: count for (_, what), count in many.counts.items()}
    sent = counts["messages"]
    assert sent == len(lines(many)) > 6_000
    for what, one_in in (("repeated messages", hl7v2.REPEATED), ("late messages", hl7v2.LATE)):
        assert 0.6 < counts[what] * one_in / sent < 1.5, what
    assert 1 <= counts["malformed messages"] <= 12
    assert 20 <= counts["A11"] <= 65
    assert 20 <= counts["A13"] <= 65


def test_results_come_preliminary_corrected_and_withdrawn_at_their_rates() -> None:
    block = little_block()
    values = (Result("haemoglobin", 140.0, ""),)
    block.reports = [
        Report(
            f"LB{n}",
            0,
            "RWH",
            "Z00001",
            45_400 + n // 20,
            600,
            "full_blood_count",
            values,
            120.0 if n % 100 == 0 else 0.0,
        )
        for n in range(4_000)
    ]
    out = written(hl7v2, block)
    counts = {what: count for (_, what), count in out.counts.items()}
    assert 0.6 < counts["preliminary results"] * hl7v2.PRELIMINARY / 4_000 < 1.5
    assert counts["corrected results"] == 40
    assert 2 <= counts["withdrawn results"] <= 20
    statuses = Counter(
        found
        for text in lines(out)
        for found in re.findall(
            r"^OBX\|1\|NM\|[^|]*\|1\|[^|]*\|g/L\|115-165\|N\|\|\|(\w)\|", text.replace(CR, "\n"), re.M
        )
    )
    assert statuses["F"] > 3_900
    assert set(statuses) == {"F", "P", "C", "W"}


def test_repeated_messages_are_the_same_to_the_byte_and_others_have_ids_of_their_own(many: Out) -> None:
    ids = Counter(re.search(r"\|(RWH\d{12})\|P\|", text).group(1) for text in lines(many))  # type: ignore[union-attr]
    again = {control for control, count in ids.items() if count > 1}
    assert len(again) == next(count for (_, what), count in many.counts.items() if what == "repeated messages")
    for control in list(again)[:20]:
        assert len({text for text in lines(many) if control in text}) == 1


def test_every_message_but_the_broken_ones_splits_and_names_a_patient(many: Out) -> None:
    broken = 0
    mix: Counter[str] = Counter()
    for text in lines(many)[::3]:  # the library takes a millisecond each
        try:
            message = hl7.parse(text)
            assert str(message.segment("PID")(3)).startswith("H")
            assert message.segment("PV1")
            mix[str(message["MSH.F9.R1.C2"])] += 1
        except (hl7.ParseException, AssertionError, KeyError, IndexError):
            broken += 1
    assert broken <= next(count for (_, what), count in many.counts.items() if what == "malformed messages")
    assert {"A01", "A02", "A03", "A08", "A11", "A13"} <= set(mix)


def test_no_message_is_sent_after_the_last_day_or_before_what_it_tells(many: Out) -> None:
    for text in lines(many):
        found = re.search(r"^EVN\|A\d\d\|(\d{14})\|\|\|\|(\d{14})$", text.replace(CR, "\n"), re.M)
        if found:
            assert found.group(2) <= found.group(1) <= "20261101235959"


def test_the_same_seed_gives_the_same_bytes() -> None:
    assert written(hl7v2).files == written(hl7v2).files


def test_each_source_is_declared_once_and_its_files_match_its_pattern() -> None:
    (source,) = hl7v2.declare(little_world())
    assert (source.key, source.organisation, source.format, source.setting) == ("acute-rwh", "RWH", "hl7v2", "acute")
    pattern = re.compile(source.files.replace(".", r"\.").replace("*", ".*"))
    assert all(pattern.fullmatch(name) for name in written(hl7v2).files)


def test_a_block_without_events_writes_nothing() -> None:
    empty = Block(1, 1, 0, (), (), (), (), ())
    assert written(hl7v2, empty).files == {}
