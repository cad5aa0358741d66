"""A delivered file is a stream of lines, however it is packed, that nothing in it can make too large (T51)."""

from __future__ import annotations

import gzip
import random
import time
import tracemalloc
from pathlib import Path

import pytest
import zstandard

from joinedup.errors import FileError
from joinedup.feeds import limits
from joinedup.feeds.opening import open_stream

MIB = 2**20
TEXT = b"first\r\nsecond\n\nlast without an end"
LINES = [b"first", b"second", b"", b"last without an end"]


@pytest.mark.parametrize(
    ("packing", "packed"),
    [
        ("plain", TEXT),
        ("gzip", gzip.compress(TEXT, mtime=0)),
        (
            "gzip",
            gzip.compress(TEXT[:9], mtime=0) + gzip.compress(TEXT[9:], mtime=0),
        ),  # two parts put together, as `cat` does
        ("zstd", zstandard.compress(TEXT)),
        ("zstd", zstandard.compress(TEXT[:9]) + zstandard.compress(TEXT[9:])),
        ("zstd", zstandard.compress(TEXT) + b"\x50\x2a\x4d\x18\x03\x00\x00\x00xyz"),  # with a note of the packer
        ("zstd", zstandard.ZstdCompressor(write_checksum=True).compress(TEXT)),
    ],
)
def test_lines_come_the_same_from_every_packing_whatever_the_name(tmp_path: Path, packing: str, packed: bytes) -> None:
    file = tmp_path / "extract.dat"
    file.write_bytes(packed)
    with open_stream(file) as stream:
        assert stream.packing == packing
        assert list(stream.lines(100)) == [(line, True) for line in LINES]
        assert stream.compressed_position == stream.size == len(packed)


def test_of_a_line_that_is_too_long_only_the_beginning_comes_and_reading_goes_on(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"short\n" + b"x" * 300_000 + b"\nafter\n" + b"y" * 101)
    with open_stream(file) as stream:
        lines = list(stream.lines(100))
    assert [(len(line), whole) for line, whole in lines] == [
        (5, True),
        (limits.KEPT_OF_TOO_LARGE, False),
        (5, True),
        (101, False),
    ]


def test_a_line_of_a_gigabyte_is_read_past_and_never_held(tmp_path: Path) -> None:
    file = tmp_path / "a.ndjson"
    with file.open("wb") as hole:  # a file with a hole: a gigabyte to read, nothing on the disk
        hole.write(b"before\n")
        hole.seek(10**9)
        hole.write(b"\nafter\n")
    tracemalloc.start()
    with open_stream(file) as stream:
        lines = [(line[:6], whole) for line, whole in stream.lines(20 * limits.MB)]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert lines == [(b"before", True), (bytes(6), False), (b"after", True)]
    assert peak < 25 * MIB


@pytest.mark.parametrize("packing", ["gzip", "zstd"])
def test_a_bomb_is_refused_soon(tmp_path: Path, packing: str) -> None:
    bomb = tmp_path / "bomb.ndjson.gz"
    if packing == "gzip":
        with gzip.open(bomb, "wb", compresslevel=9) as packed:
            for _ in range(256):
                packed.write(bytes(MIB))
        assert bomb.stat().st_size < 300_000
    else:
        with bomb.open("wb") as file, zstandard.ZstdCompressor().stream_writer(file) as packed:
            for _ in range(256):
                packed.write(bytes(MIB))
    began = time.monotonic()
    with open_stream(bomb) as stream:
        with pytest.raises(FileError, match=r"bomb\.ndjson\.gz: unpacks into more than 100 times"):
            for _ in iter(stream.read, b""):
                pass
        assert stream.bytes_out < limits.INFLATED_FREELY + MIB
    assert time.monotonic() - began < 2


def test_a_large_honest_file_is_not_a_bomb(tmp_path: Path) -> None:
    line = b'{"resourceType":"Observation","status":"final","code":{"text":"%d"},"note":[{"text":"%d"}]}\n'
    file = tmp_path / "a.gz"
    with gzip.open(file, "wb", compresslevel=1) as packed:
        for part in range(60):
            packed.write(b"".join(line % (n, n * 7919 * part) for n in range(11_000)))
    with open_stream(file) as stream:
        while stream.read():
            pass
        assert stream.bytes_out > limits.INFLATED_FREELY


LARGE = random.Random(1).randbytes(400_000)  # several blocks


@pytest.mark.parametrize(
    "packed",
    [
        gzip.compress(TEXT, mtime=0)[:-9],
        gzip.compress(TEXT, mtime=0)[:20] + b"xx",
        b"\x1f\x8b",
        zstandard.compress(TEXT)[:9],
        zstandard.compress(LARGE)[:-1],
        zstandard.compress(LARGE)[:200_000],
        zstandard.compress(TEXT) + b"more",
        b"\x28\xb5\x2f\xfd",
    ],
)
def test_a_damaged_file_is_refused_with_the_way_out(tmp_path: Path, packed: bytes) -> None:
    file = tmp_path / "half.gz"
    file.write_bytes(packed)
    with (
        pytest.raises(FileError, match=r"(?s)half\.gz: expected whole (gzip|zstd) data.*Ask the sender"),
        open_stream(file) as stream,
    ):
        list(stream.lines(100))


def test_a_file_that_is_not_there_is_told_by_name(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"gone\.ndjson: cannot be opened"):
        open_stream(tmp_path / "gone.ndjson")
