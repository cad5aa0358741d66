"""A delivered file as a stream of bytes, plain, gzip or zstd, that never unpacks into more than it should."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from types import TracebackType
from typing import Protocol

import zstandard

from joinedup.errors import FileError
from joinedup.feeds import limits

GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_SKIPPABLE = b"\x2a\x4d\x18"  # after a first byte 0x50 to 0x5f: what a packer notes for itself
_RESEND = "Ask the sender for the file again."


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


def open_stream(path: Path) -> Stream:
    """Answer the content of a file as a stream; what it is packed with is seen from its first bytes, not its name.

    Raises FileError when the file cannot be opened. While reading, FileError says that it is damaged, or that it
    unpacks into more than `limits.INFLATED_RATIO` times its own size after the first `limits.INFLATED_FREELY` bytes.
    """
    try:
        return Stream(path)
    except OSError as error:
        raise FileError(path.name, f"cannot be opened ({error.strerror}).", "Check its place and rights.") from None


class Stream:
    """The unpacked bytes of one file, read forwards only. Use it with `with`, or close it."""

    def __init__(self, path: Path) -> None:
        self.name = path.name
        self.size = path.stat().st_size
        self.bytes_out = 0
        self._file: BufferedReader = path.open("rb")
        start = self._file.peek(4)[:4]
        self.packing = "gzip" if start.startswith(GZIP) else "zstd" if start == ZSTD else "plain"
        self._source: _Readable = self._file
        if self.packing == "gzip":
            self._source = gzip.GzipFile(fileobj=self._file, mode="rb")
        elif self.packing == "zstd":
            # The library takes the end of a file that was cut off for its proper end, and what is lost would not show.
            if not _is_whole_zstd(self._file, self.size):
                self._file.close()
                raise FileError(self.name, "expected whole zstd data; the file is damaged.", _RESEND)
            self._source = zstandard.ZstdDecompressor(max_window_size=2**limits.ZSTD_WINDOW_LOG).stream_reader(
                self._file, read_across_frames=True
            )

    @property
    def compressed_position(self) -> int:
        """How far in the file as it lies on disk, in bytes: what a progress bar compares with `size`."""
        return self._file.tell() if not self._file.closed else self.size

    def read(self, size: int = limits.CHUNK_BYTES) -> bytes:
        """Answer at most `size` bytes more, b"" at the end."""
        try:
            chunk = self._source.read(size)
        except (OSError, EOFError, zlib.error, zstandard.ZstdError):
            raise FileError(self.name, f"expected whole {self.packing} data; the file is damaged.", _RESEND) from None
        self.bytes_out += len(chunk)
        if (
            self.packing != "plain"
            and self.bytes_out > limits.INFLATED_FREELY
            and self.bytes_out > limits.INFLATED_RATIO * max(self.compressed_position, 1)
        ):
            raise FileError(
                self.name,
                f"unpacks into more than {limits.INFLATED_RATIO} times its size; at most that is read.",
                "Ask the sender for it unpacked, or in smaller files.",
            )
        return chunk

    def lines(self, longest: int) -> Iterator[tuple[bytes, bool]]:
        """Yield each line without its end (LF or CRLF), and whether it is whole.

        Of a line over `longest` bytes only the beginning comes, marked as not whole. Memory is bounded by `longest`,
        however long a line is: what is over it is read and let go.
        """
        kept: list[bytes] = []
        length, is_over = 0, False
        while chunk := self.read():
            first, *others = chunk.split(b"\n")
            length += len(first)
            if not is_over:
                kept.append(first)
                if length > longest:
                    # A chunk is longer than what is kept, so that the first few are enough.
                    kept, is_over = [b"".join(kept[:2])[: limits.KEPT_OF_TOO_LARGE]], True
            if not others:
                continue
            yield _without_return(b"".join(kept)), not is_over
            last = others.pop()
            for line in others:
                if len(line) > longest:
                    yield line[: limits.KEPT_OF_TOO_LARGE], False
                else:
                    yield _without_return(line), True
            length, is_over = len(last), len(last) > longest
            kept = [last[: limits.KEPT_OF_TOO_LARGE] if is_over else last]
        if length:
            yield _without_return(b"".join(kept)), not is_over

    def whole(self, longest: int) -> tuple[bytes, bool]:
        """Answer all that is left, and whether it is: over `longest` bytes only the beginning comes."""
        parts, length = [], 0
        while chunk := self.read():
            parts.append(chunk)
            length += len(chunk)
            if length > longest:
                return parts[0][: limits.KEPT_OF_TOO_LARGE], False
        return b"".join(parts), True

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> Stream:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _without_return(line: bytes) -> bytes:
    return line[:-1] if line.endswith(b"\r") else line


def _is_whole_zstd(file: BufferedReader, size: int) -> bool:
    """Answer whether a file holds whole zstd frames and nothing else, by its block headers alone (RFC 8878, 3.1).

    Leaves the file at its beginning. A block has at most 128 kB: a file of a gigabyte costs some ten thousand steps.
    """
    at = 0
    try:
        while at < size:
            file.seek(at)
            start = file.read(18)
            if len(start) < 8:
                return False
            if start[1:4] == _SKIPPABLE and start[0] >> 4 == 5:
                at += 8 + int.from_bytes(start[4:8], "little")
                continue
            at += zstandard.frame_header_size(start)
            is_last = False
            while not is_last:
                file.seek(at)
                header = file.read(3)
                if len(header) < 3:
                    return False
                block = int.from_bytes(header, "little")
                is_last = bool(block & 1)
                at += 3 + (1 if block >> 1 & 3 == 1 else block >> 3)  # a block of one repeated byte is that byte
            at += 4 if zstandard.get_frame_parameters(start).has_checksum else 0
    except zstandard.ZstdError:
        return False
    finally:
        file.seek(0)
    return at == size
