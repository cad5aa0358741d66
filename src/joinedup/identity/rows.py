"""Rows of fixed width to and from PostgreSQL's binary COPY, as arrays: a million in a tenth of a second.

The format is PostgreSQL's: after a header, each row is the number of its columns and, for each, its length and bytes,
all big-endian. Where no column is null and none is text, every row has the same shape, and so has a NumPy record.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np

_HEADER = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_TRAILER = b"\xff\xff"
# type of PostgreSQL -> NumPy's
_WIDTHS = {"uuid": "S16", "int2": ">i2", "int4": ">i4", "int8": ">i8", "float8": ">f8", "timestamptz": ">i8"}
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


def packed(count: int, columns: Mapping[str, tuple[str, Any]]) -> bytes:
    """Answer the bytes that COPY ... FROM STDIN (FORMAT BINARY) takes: name -> (type, an array or one value)."""
    shape: list[tuple[str, str]] = [("columns", ">i2")]
    for name, (kind, _) in columns.items():
        shape += [(f"{name} length", ">i4"), (name, _WIDTHS[kind])]
    rows = np.zeros(count, dtype=shape)
    rows["columns"] = len(columns)
    for name, (kind, values) in columns.items():
        rows[f"{name} length"] = np.dtype(_WIDTHS[kind]).itemsize
        rows[name] = microseconds(values) if isinstance(values, datetime) else values
    return _HEADER + rows.tobytes() + _TRAILER


def unpacked(data: bytes, columns: Mapping[str, str]) -> Any:
    """Answer the rows of COPY ... TO STDOUT (FORMAT BINARY) as a record array; none of the columns may be null."""
    shape: list[tuple[str, str]] = [("columns", ">i2")]
    for name, kind in columns.items():
        shape += [(f"{name} length", ">i4"), (name, _WIDTHS[kind])]
    return np.frombuffer(data[len(_HEADER) : -len(_TRAILER)], dtype=shape)


def microseconds(at: datetime) -> int:
    """Answer an instant as PostgreSQL keeps it."""
    passed = at - _EPOCH
    return (passed.days * 86_400 + passed.seconds) * 1_000_000 + passed.microseconds
