"""How the values of a view's columns become Arrow columns (rules: population PB5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from joinedup.population.sql_on_fhir.view_definition import Column, View

ARROW: Final[dict[str, pa.DataType]] = {
    "TEXT": pa.string(),
    "INT": pa.int32(),
    "BIGINT": pa.int64(),
    "DOUBLE": pa.float64(),
    "BOOLEAN": pa.bool_(),
    "DATE": pa.date32(),
    "TIMESTAMP": pa.timestamp("us", tz="UTC"),
}
_MOST = {"INT": 2**31 - 1, "BIGINT": 2**63 - 1}


def schema(view: View) -> pa.Schema:
    """Answer the columns of a view as Arrow has them. A DATE column `on` has a text `on_precision` behind it."""
    fields = []
    for column in view.columns:
        type_ = ARROW[column.sql_type]
        fields.append(pa.field(column.name, pa.list_(type_) if column.is_collection else type_))
        if has_precision(view, column):
            fields.append(pa.field(f"{column.name}_precision", pa.string()))
    return pa.schema(fields)


def has_precision(view: View, column: Column) -> bool:
    names = view.select.names
    return column.sql_type == "DATE" and not column.is_collection and f"{column.name}_precision" not in names


def record_batch(view: View, columns: Mapping[str, Sequence[Any]]) -> pa.RecordBatch:
    """Answer rows, given column by column as the view gives them, with the view's types.

    Raises ValueError or TypeError when a value does not fit the type of its column.
    """
    arrays = []
    for column in view.columns:
        values = columns[column.name]
        arrays.append(array(values, column))
        if has_precision(view, column):
            arrays.append(precisions(values))
    return pa.RecordBatch.from_arrays(arrays, schema=schema(view))


def array(values: Sequence[Any], column: Column) -> pa.Array:
    """Answer one column's values as an Arrow array of its type; raises ValueError or TypeError for one that is not."""
    if column.is_collection:
        convert = _TO[column.sql_type]
        flat = [one for value in values if value for one in value]
        ends = [0]
        for value in values:
            ends.append(ends[-1] + len(value or ()))
        lists = pa.ListArray.from_arrays(pa.array(ends, pa.int32()), convert(flat))
        if None not in values:
            return lists
        missing = pa.array([value is None for value in values])
        return pc.if_else(missing, pa.nulls(len(values), lists.type), lists)
    return _TO[column.sql_type](values)


def fits(value: Any, column: Column) -> bool:
    """Answer whether a value is of the kind that its column has."""
    if column.is_collection:
        return value is None or all(_fits(one, column.sql_type, column.type) for one in value)
    return value is None or _fits(value, column.sql_type, column.type)


def _fits(value: Any, sql_type: str, type_: str) -> bool:
    if sql_type == "TEXT":
        return isinstance(value, str | int | float | Decimal)
    if sql_type in _MOST:
        return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _MOST[sql_type]
    if sql_type == "DOUBLE":
        return isinstance(value, int | float | Decimal) and not isinstance(value, bool)
    return isinstance(value, bool) if sql_type == "BOOLEAN" else isinstance(value, str)


def _texts(values: Sequence[Any]) -> pa.Array:
    try:
        return pa.array(values, pa.string())
    except (pa.ArrowTypeError, pa.ArrowInvalid):
        return pa.array([_text(value) for value in values], pa.string())


def _text(value: Any) -> str | None:
    """Answer a number or a yes or no as FHIR writes it."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | Decimal):
        return str(value)
    if isinstance(value, float):
        return repr(value)
    raise TypeError("expected a text or a number")


def _whole(values: Sequence[Any]) -> pa.Array:
    return pa.array(values, pa.int32())


def _long(values: Sequence[Any]) -> pa.Array:
    return pa.array(values, pa.int64())


def _numbers(values: Sequence[Any]) -> pa.Array:
    try:
        return pa.array(values, pa.float64())
    except (pa.ArrowTypeError, pa.ArrowInvalid):
        return pa.array([None if value is None else float(value) for value in values], pa.float64())


def _yes_no(values: Sequence[Any]) -> pa.Array:
    return pa.array(values, pa.bool_())


class _Known(dict[str, int | None]):
    """Days by the text they were written as, as Arrow counts them: there are some 40,000, and each is met often."""

    def __missing__(self, text: str) -> int | None:
        if len(self) > 200_000:  # texts that are no days
            self.clear()
        try:
            found = date.fromisoformat(text).toordinal() - _EPOCH if len(text) == 10 else None
        except ValueError:
            found = None  # 30 February: a bulk export of another server may say it
        self[text] = found
        return found


_EPOCH = date(1970, 1, 1).toordinal()
_known = _Known()


def _days(values: Sequence[Any]) -> pa.Array:
    """Answer days: the first ten characters, which are the sender's local day; null for what is less than a day."""
    days = [None if value is None else _known[value[:10]] for value in values]
    return pa.array(days, pa.int32()).view(pa.date32())


def precisions(values: Sequence[Any]) -> pa.Array:
    """Answer how exact each date is: year, month or day, as FHIR writes them; null where there is none."""
    said = [
        None if value is None else "day" if (length := len(value)) >= 10 else "month" if length >= 7 else "year"
        for value in values
    ]
    return pa.array(said, pa.string())


def _instants(values: Sequence[Any]) -> pa.Array:
    texts = pa.array(values, pa.string())
    try:
        return texts.cast(ARROW["TIMESTAMP"])
    except pa.ArrowInvalid:  # days among them
        times = pc.if_else(pc.greater(pc.utf8_length(texts), 16), texts, pa.scalar(None, pa.string()))
    try:
        return times.cast(ARROW["TIMESTAMP"])
    except pa.ArrowInvalid:
        return pa.array([_instant(text) for text in times.to_pylist()], ARROW["TIMESTAMP"])


def _instant(text: str | None) -> datetime | None:
    """Answer a time in UTC; None for a day, and for a time whose zone nobody wrote."""
    try:
        found = None if text is None else datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.astimezone(UTC) if found is not None and found.tzinfo is not None else None


_TO = {
    "TEXT": _texts,
    "INT": _whole,
    "BIGINT": _long,
    "DOUBLE": _numbers,
    "BOOLEAN": _yes_no,
    "DATE": _days,
    "TIMESTAMP": _instants,
}
