"""Views run over files of NDJSON, on every processor or on Spark; what cannot be read is set aside by its number."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import zstandard

from joinedup.errors import FileError, Unavailable
from joinedup.population import ViewError, compile_view, product_views, read_view, run_views
from joinedup.population.sql_on_fhir import view_runner
from joinedup.population.sql_on_fhir.column_types import record_batch, schema
from joinedup.population.sql_on_fhir.view_compiler import CompiledView
from joinedup.population.sql_on_fhir.view_runner import AsTheyAre, BadLine, Block, Tally, blocks


def view(*columns: dict[str, Any], resource: str = "Patient", name: str = "mine", **select: Any) -> CompiledView:
    return compile_view(
        read_view({"name": name, "resource": resource, "select": [{"column": list(columns), **select}]})
    )


def column(name: str, path: str, ansi: str = "", **more: Any) -> dict[str, Any]:
    tags = {"tag": [{"name": "ansi/type", "value": ansi}]} if ansi else {}
    return {"name": name, "path": path, **tags, **more}


IDS = view(column("id", "id"))


def written(path: Path, *lines: Any) -> Path:
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines) + "\n")
    return path


def patients(number: int) -> list[dict[str, Any]]:
    return [{"resourceType": "Patient", "id": f"p{nth}"} for nth in range(number)]


def ids(found: list[tuple[str, pa.RecordBatch]]) -> list[str]:
    return [value for _, batch in found for value in batch.column("id").to_pylist()]


# --- Types ----------------------------------------------------------------------------------------------------------


def typed(ansi: str, type_: str, *values: Any) -> tuple[pa.Schema, list[dict[str, Any]]]:
    element = f"value.ofType({type_})"
    made = view(column("x", f"{element}.value" if type_ == "Quantity" else element, ansi), resource="Observation")
    key = "value" + type_[0].upper() + type_[1:]
    rows = []
    for value in values:
        held = {"value": value} if type_ == "Quantity" else value
        rows += made.rows(
            {"resourceType": "Observation"} if value is None else {"resourceType": "Observation", key: held}
        )
    batch = record_batch(made.view, {"x": [row[0] for row in rows]})
    return batch.schema, batch.to_pylist()


def xs(rows: list[dict[str, Any]]) -> list[Any]:
    return [row["x"] for row in rows]


def test_dates_are_texts_as_they_were_written() -> None:
    found, rows = typed("", "dateTime", "2021", "2021-05-03T10:00:00+01:00", None)
    assert found.field("x").type == pa.string()
    assert xs(rows) == ["2021", "2021-05-03T10:00:00+01:00", None]


def test_a_date_is_the_sender_s_local_day_and_says_how_exact_it_is() -> None:
    found, rows = typed("DATE", "dateTime", "2021", "2021-05", "2021-05-03", "2021-05-03T00:30:00+01:00", None)
    assert found.names == ["x", "x_precision"]
    # Half past midnight in summer is the day before in UTC, but not where it happened.
    assert xs(rows) == [None, None, date(2021, 5, 3), date(2021, 5, 3), None]
    assert [row["x_precision"] for row in rows] == ["year", "month", "day", "day", None]


def test_a_day_that_does_not_exist_is_null() -> None:
    assert xs(typed("DATE", "dateTime", "2023-02-30", "2023-02-28")[1]) == [None, date(2023, 2, 28)]


def test_an_instant_is_in_utc_whatever_its_zone() -> None:
    ten = datetime(2026, 3, 30, 10, tzinfo=UTC)
    times = ("2026-03-30T11:00:00+01:00", "2026-03-30T10:00:00Z", "2026-03-30", "2026-03-30T10:00:00", None)
    for ansi in ("TIMESTAMP", "TIMESTAMP WITH TIME ZONE"):
        found, rows = typed(ansi, "dateTime", *times)
        assert found.field("x").type == pa.timestamp("us", tz="UTC")
        assert xs(rows) == [ten, ten, None, None, None]
    instant = view(column("x", "issued"), resource="Observation")
    assert schema(instant.view).field("x").type == pa.timestamp("us", tz="UTC")
    # Digits beyond a microsecond, and hours that do not exist.
    assert xs(typed("TIMESTAMP", "dateTime", "2026-03-30T11:00:00.1234567+01:00", "2026-03-30T25:00:00Z")[1]) == [
        datetime(2026, 3, 30, 10, 0, 0, 123456, tzinfo=UTC),
        None,
    ]


@pytest.mark.parametrize(
    ("ansi", "type_", "given", "becomes", "arrow"),
    [
        ("", "integer", [5, None], [5, None], pa.int32()),
        ("BIGINT", "integer", [5], [5], pa.int64()),
        ("", "boolean", [True, False, None], [True, False, None], pa.bool_()),
        ("", "Quantity", [1.5, 3, Decimal("1.00"), None], ["1.5", "3", "1.00", None], pa.string()),
        ("DECIMAL(10, 2)", "Quantity", [1.5, 3, Decimal("1.00"), None], [1.5, 3.0, 1.0, None], pa.float64()),
        ("INTEGER", "Quantity", [27781.0, 3, None], [27781, 3, None], pa.int32()),
        ("VARCHAR(5)", "boolean", [True, None], ["true", None], pa.string()),
        ("", "string", ["a", None], ["a", None], pa.string()),
    ],
)
def test_types(ansi: str, type_: str, given: list[Any], becomes: list[Any], arrow: pa.DataType) -> None:
    found, rows = typed(ansi, type_, *given)
    assert (found.field("x").type, xs(rows)) == (arrow, becomes)


def test_a_collection_is_a_list_of_its_type() -> None:
    made = view(column("given", "name.given", collection=True), column("use", "name.use", collection=True))
    found = record_batch(made.view, {"given": [["A", "B"], [], ["C"]], "use": [["old"], None, []]})
    assert found.schema.field("given").type == pa.list_(pa.string())
    assert found.to_pydict() == {"given": [["A", "B"], [], ["C"]], "use": [["old"], None, []]}


# --- Files ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("packed", ["plain", "gzip", "zstd"])
def test_files_are_read_however_they_are_packed(tmp_path: Path, packed: str) -> None:
    content = "\ufeff" + "\r\n".join(json.dumps(one) for one in patients(3)) + "\r\n\r\n"
    pack = {"plain": bytes, "gzip": gzip.compress, "zstd": zstandard.compress}[packed]
    (tmp_path / "p.ndjson").write_bytes(pack(content.encode()))
    assert ids(list(run_views([IDS], [tmp_path / "p.ndjson"]))) == ["p0", "p1", "p2"]


def test_one_reading_feeds_every_view_of_a_type(tmp_path: Path) -> None:
    path = written(
        tmp_path / "p.ndjson", *patients(2), {"resourceType": "Group", "id": "g"}, {"resourceType": "Device"}
    )
    other = view(column("key", "getResourceKey()"), resource="Group", name="groups")
    tally = Tally()
    found = list(run_views([IDS, other, IDS], [path], tally=tally))
    assert [(name, batch.num_rows) for name, batch in found] == [("mine", 2), ("groups", 1), ("mine", 2)]
    assert tally.resources == {"Patient": 2, "Group": 1, "Device": 1}


BAD = [
    ('{"resourceType": "Patient", ', "not JSON"),
    ("[1, 2]", "not a FHIR resource"),
    ('{"id": "secret"}', "not a FHIR resource"),
    ('{"resourceType": ["Patient"]}', "not a FHIR resource"),
    ('{"resourceType": "Patient", "name": {"family": "secret"}}', "not built as FHIR R4 builds it"),
    ('{"resourceType": "Patient", "id": {"secret": 1}}', "not built as FHIR R4 builds it"),
    ('{"resourceType": "Patient", "contact": [{"name": "secret"}]}', "not built as FHIR R4 builds it"),
]
DEEP = view(
    column("id", "id"), column("family", "name.family.first()"), column("contact", "contact.name.family.first()")
)


@pytest.mark.parametrize(("line", "reason"), BAD)
def test_a_bad_line_is_set_aside_by_its_number_never_its_content(tmp_path: Path, line: str, reason: str) -> None:
    good = patients(2)
    path = written(tmp_path / "p.ndjson", good[0], line, good[1])
    tally = Tally()
    assert ids(list(run_views([DEEP], [path], tally=tally))) == ["p0", "p1"]
    assert tally.bad_lines == [BadLine("p.ndjson", 2, reason)]
    with pytest.raises(
        FileError, match=rf"p\.ndjson, line 2: expected a FHIR resource as JSON; it is {reason}"
    ) as caught:
        list(run_views([DEEP], [path]))
    assert "secret" not in str(caught.value)


def test_a_value_of_another_type_spoils_its_own_resource_only(tmp_path: Path) -> None:
    lines = [{"resourceType": "Observation", "id": str(nth), "valueInteger": 7} for nth in range(4)]
    lines[1]["valueInteger"] = "seven"
    lines[2]["valueInteger"] = 2**40
    path = written(tmp_path / "o.ndjson", *lines)
    tally = Tally()
    made = view(column("id", "id"), column("x", "value.ofType(integer)"), resource="Observation")
    assert ids(list(run_views([made], [path], tally=tally))) == ["0", "3"]
    assert [(line, reason) for _, line, reason in tally.bad_lines] == [(2, BAD[-1][1]), (3, BAD[-1][1])]
    assert tally.resources == {"Observation": 4}


def nested(levels: int) -> dict[str, Any]:
    item: dict[str, Any] = {"linkId": "x"}
    for _ in range(levels - 1):
        item = {"linkId": "x", "item": [item]}
    return {"resourceType": "QuestionnaireResponse", "item": [item]}


def test_a_resource_nested_too_deep_is_set_aside(tmp_path: Path) -> None:
    path = written(tmp_path / "q.ndjson", nested(3), nested(400), '{"a":' * 2000 + "1" + "}" * 2000)
    made = view(column("id", "linkId"), resource="QuestionnaireResponse", repeat=["item"])
    tally = Tally()
    assert ids(list(run_views([made], [path], tally=tally))) == ["x"] * 403
    assert tally.bad_lines == [BadLine("q.ndjson", 3, "not JSON")]


def test_a_line_over_its_limit_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view_runner, "LINE_BYTES", 3000)
    monkeypatch.setattr(view_runner, "BLOCK_BYTES", 500)
    good = patients(40)
    long = {**good[20], "text": {"div": "x" * 9000}}
    path = written(tmp_path / "p.ndjson", *good[:20], long, *good[21:], {**good[0], "id": "y" * 4000})
    tally = Tally()
    assert ids(list(run_views([IDS], [path], processes=1, tally=tally))) == [
        f"p{nth}" for nth in range(40) if nth != 20
    ]
    assert tally.bad_lines == [
        BadLine("p.ndjson", 21, "longer than 10 MB"),
        BadLine("p.ndjson", 41, "longer than 10 MB"),
    ]


def test_a_row_that_breaks_its_view_stops_the_run_and_says_where(tmp_path: Path) -> None:
    path = written(tmp_path / "p.ndjson", {"resourceType": "Patient", "name": [{"family": "A"}, {"family": "B"}]})
    with pytest.raises(ViewError, match=r"p\.ndjson, line 1: view 'mine', .*column 'x'.*Add first\(\)"):
        list(run_views([view(column("x", "name.family"))], [path], tally=Tally()))


# --- Processes ------------------------------------------------------------------------------------------------------


class Marked(AsTheyAre):
    """Leaves with the sender's name in front of each id, and tells how many rows there were."""

    count = 0

    def batch(self, view: CompiledView, columns: Mapping[str, Sequence[Any]], about: Any) -> pa.RecordBatch:
        self.count += len(columns["id"])
        return super().batch(view, {"id": [f"{about}{one}" for one in columns["id"]]}, about)

    def told(self) -> Any:
        counted, self.count = self.count, 0
        return counted


class Ends(AsTheyAre):
    def batch(self, view: CompiledView, columns: Mapping[str, Sequence[Any]], about: Any) -> pa.RecordBatch:
        os._exit(9)  # as the system ends a process for want of memory


def test_several_processes_keep_the_order_and_tell_what_they_saw(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(view_runner, "BLOCK_BYTES", 2000)
    path = written(tmp_path / "p.ndjson", *patients(600), "{")
    for processes in (1, 2):
        tally = Tally()
        found = list(run_views([IDS], blocks([path], "gp-"), processes=processes, leaving=Marked(), tally=tally))
        assert len(found) > 5
        assert ids(found) == [f"gp-p{nth}" for nth in range(600)]
        assert (tally.bad_lines, sum(tally.told)) == ([BadLine("p.ndjson", 601, "not JSON")], 600)


def test_an_error_in_another_process_comes_back_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view_runner, "BLOCK_BYTES", 2000)
    two = {"resourceType": "Patient", "name": [{"family": "A"}, {"family": "B"}]}
    path = written(tmp_path / "p.ndjson", *patients(200), two)
    with pytest.raises(ViewError, match=r"line 201: .*column 'x'") as caught:
        list(run_views([view(column("x", "name.family"))], [path], processes=2))
    assert caught.value.code == "multiple-values"


def test_a_process_that_is_gone_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view_runner, "BLOCK_BYTES", 2000)
    path = written(tmp_path / "p.ndjson", *patients(200))
    with pytest.raises(Unavailable, match="for want of memory"):
        list(run_views([IDS], [path], processes=2, leaving=Ends()))


def test_only_a_few_blocks_are_under_way() -> None:
    asked = 0

    def endless() -> Any:
        nonlocal asked
        while True:
            asked += 1
            yield Block("made", 1, b'{"resourceType": "Patient", "id": "p"}')

    running = run_views([IDS], endless(), processes=2)
    for _ in range(10):
        next(running)
    assert asked <= 10 + 2 * 2 + 2
    running.close()  # type: ignore[attr-defined]


# --- Spark ----------------------------------------------------------------------------------------------------------


def test_spark_gives_the_same_rows(tmp_path: Path) -> None:
    from joinedup.population import spark_rows
    from joinedup.population.engines import connect

    lines = []
    for nth in range(1200):
        at = f"20{10 + nth % 10}-0{1 + nth % 9}-1{nth % 10}T00:30:00+01:00"
        parts = [
            {"code": {"coding": [{"code": str(part)}]}, "valueQuantity": {"value": nth / 8, "unit": "x"}}
            for part in range(nth % 3)
        ]
        said = {"component": parts} if parts else {"valueInteger": nth}
        lines.append(
            {
                "resourceType": "Observation" if nth % 7 else "Device",
                "id": f"o{nth}",
                "status": "final" if nth % 5 else "entered-in-error",
                "code": {"coding": [{"system": "http://loinc.org", "code": str(nth % 11)}]},
                "subject": {"reference": f"Patient/p{nth % 13}"},
                "effectiveDateTime": at[: (30, 10, 7, 4)[nth % 4]],
                **said,
            }
        )
    path = written(tmp_path / "o.ndjson", *lines)
    made = next(compile_view(one) for one in product_views() if one.name == "pop_observation")
    ours = pa.Table.from_batches(batch for _, batch in run_views([made], [path]))
    assert ours.num_rows > 1000
    assert 0 < ours.column("on").null_count < ours.num_rows
    try:
        spark = connect("spark")._session
    except Unavailable as error:
        pytest.skip(str(error))
    theirs = spark_rows(made, spark.read.text(str(path))).toArrow()
    assert theirs.column_names == ours.column_names
    order = [("key", "ascending"), ("code", "ascending")]
    assert theirs.cast(ours.schema).sort_by(order).equals(ours.sort_by(order))
