"""The MLLP listener: HL7 v2 messages over a socket, each acknowledged only when it is held safely (rules: record R12).

A frame is 0x0B, one message, 0x1C 0x0D. The answer is AA when the message is held (also when it was set aside, or the
sender would block for ever), AR when nothing that the sender repeats can help (its source is unknown, MSH cannot be
read, it is over the limits), AE for a fault of ours that passes: please send it again. MSA-2 echoes MSH-10.

The listener knows no database. It is handed `apply`, which returns when the message is committed.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from joinedup.errors import Unavailable
from joinedup.feeds.hl7v2 import BOM, MESSAGE_BYTES
from joinedup.feeds.values import Source

log = logging.getLogger(__name__)

START, END = b"\x0b", b"\x1c\r"
# Rules: trust T51. A connection may rest between messages; within one it may not drip.
IDLE_SECONDS = 60.0
FRAME_SECONDS = 30.0
# A message that could not be held is tried again by its sender, so waiting long for our own store helps nobody.
CHUNK = 64 * 1024


class Outcome(StrEnum):
    """What became of a message, and how it is acknowledged."""

    HELD = "AA"  # taken in, or set aside with a reason, or held before
    REFUSED = "AR"  # unknown source, unreadable MSH, over the limits: the same bytes would be refused again
    TRY_AGAIN = "AE"  # our fault, and it passes

    @property
    def word(self) -> str:
        return {"AA": "", "AR": "message refused", "AE": "not held, please send it again"}[self.value]


Apply = Callable[[bytes, Source], Outcome]


@dataclass(frozen=True, slots=True)
class Limits:
    """How long and how large: settings of the listener, changed only by tests."""

    message_bytes: int = MESSAGE_BYTES
    idle_seconds: float = IDLE_SECONDS
    frame_seconds: float = FRAME_SECONDS


async def serve_mllp(
    host: str, port: int, source: Source | None, apply: Apply, *, limits: Limits | None = None
) -> asyncio.Server:
    """Answer a server that listens; `async with` it, or await its `serve_forever()`.

    `apply` is called in a thread with the message without its frame, one at a time for each connection, and must
    return only after the message is committed. Whatever it raises is answered with AE. Without a source every message
    is answered with AR.
    """
    allowed = limits or Limits()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.CancelledError):
            await _talk(reader, writer, source, apply, allowed)
        writer.close()
        with contextlib.suppress(ConnectionError, asyncio.CancelledError, TimeoutError):
            await asyncio.wait_for(writer.wait_closed(), 1)

    return await asyncio.start_server(talk, host, port, limit=CHUNK)


async def _talk(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, source: Source | None, apply: Apply, limits: Limits
) -> None:
    waiting = b""
    while True:
        raw, waiting, is_over = await _frame(reader, waiting, limits)
        if raw is None:
            return
        if is_over:
            outcome = Outcome.REFUSED
        else:
            outcome = await _outcome(raw, source, apply)
        writer.write(START + acknowledgement(raw, outcome) + END)
        await asyncio.wait_for(writer.drain(), limits.frame_seconds)
        if is_over:  # where the next message begins is not known
            return


async def _frame(reader: asyncio.StreamReader, waiting: bytes, limits: Limits) -> tuple[bytes | None, bytes, bool]:
    """Answer one message, what came after its frame, and whether it is over the limit; None at the end of the talk.

    Bytes before a frame begins are passed over. A sender who is silent for too long between messages, or too slow
    within one, is cut off without an answer: what it sent was never held, and it sends it again.
    """
    begins = waiting.find(START)
    while begins < 0:
        try:
            waiting = await asyncio.wait_for(reader.read(CHUNK), limits.idle_seconds)
        except TimeoutError:
            return None, b"", False
        if not waiting:
            return None, b"", False
        begins = waiting.find(START)
    kept = bytearray(waiting[begins + 1 :])
    looked_at = 0
    try:
        async with asyncio.timeout(limits.frame_seconds):
            while (ends := kept.find(END, looked_at)) < 0:
                if len(kept) > limits.message_bytes:
                    return bytes(kept[:CHUNK]), b"", True
                looked_at = max(len(kept) - 1, 0)
                chunk = await reader.read(CHUNK)
                if not chunk:
                    return None, b"", False  # half a frame: the sender is gone
                kept += chunk
    except TimeoutError:
        return None, b"", False
    return bytes(kept[:ends]), bytes(kept[ends + 2 :]), ends > limits.message_bytes


async def _outcome(raw: bytes, source: Source | None, apply: Apply) -> Outcome:
    if source is None or raw.removeprefix(BOM).lstrip(b"\r\n")[:3] != b"MSH":
        return Outcome.REFUSED
    try:
        return await asyncio.to_thread(apply, raw, source)
    except Unavailable:
        return Outcome.TRY_AGAIN
    except Exception as error:
        # The kind of the fault alone: its text may hold what the message says.
        log.error("a message could not be held: %s", type(error).__name__)
        return Outcome.TRY_AGAIN


def acknowledgement(raw: bytes, outcome: Outcome, made_at: datetime | None = None) -> bytes:
    """Answer the acknowledgement (ACK) of a message, in its own delimiters; MSA-2 is the id that its MSH-10 has.

    When its MSH cannot be read, MSA-2 is empty.
    """
    head = raw.removeprefix(BOM).lstrip(b"\r\n")
    line = head.replace(b"\n", b"\r").split(b"\r", 1)[0][:4_000]
    separator = line[3:4] if line[:3] == b"MSH" and line[3:4].strip() and not line[3:4].isalnum() else b""
    fields = line.split(separator) if separator else []

    def field(number: int) -> bytes:
        return fields[number - 1] if len(fields) >= number else b""

    marks = field(2) or b"^~\\&"
    separator = separator or b"|"
    component = marks[:1]
    trigger = field(9).split(component)[1:2] if component else []
    when = (made_at or datetime.now(UTC)).strftime("%Y%m%d%H%M%S+0000").encode()
    kind = b"ACK" + b"".join(component + part for part in trigger)
    msh = [
        b"MSH", marks, field(5), field(6), field(3), field(4), when, b"", kind,
        uuid.uuid4().hex[:20].encode(), field(11) or b"P", field(12) or b"2.4",
    ]  # fmt: skip
    msa = [b"MSA", outcome.value.encode(), field(10)]
    if outcome.word:
        msa.append(outcome.word.encode())
    return separator.join(msh) + b"\r" + separator.join(msa) + b"\r"


def send(host: str, port: int, message: bytes, *, timeout: float = 30.0) -> tuple[str, bytes]:
    """Send one message and answer its acknowledgement code (AA, AR or AE) and the acknowledgement itself.

    Raises Unavailable when nobody listens, or the talk ends without an answer: the message may or may not be held,
    so send it again; a message that was held before is held once.
    """
    try:
        with socket.create_connection((host, port), timeout=timeout) as connection:
            connection.sendall(START + message + END)
            return receive(connection)
    except OSError as error:
        raise Unavailable(
            f"{host} port {port} gave no acknowledgement ({type(error).__name__}). Look whether it listens; send again."
        ) from None


def receive(connection: socket.socket) -> tuple[str, bytes]:
    """Answer the next acknowledgement on a connection; ConnectionError when it ends before one is whole."""
    got = bytearray()
    while END not in got:
        chunk = connection.recv(CHUNK)
        if not chunk:
            raise ConnectionError("the connection ended without an acknowledgement")
        got += chunk
    answer = bytes(got[got.find(START) + 1 : got.find(END)])
    lines = answer.split(b"\r")
    separator = answer[3:4]
    code = next((line.split(separator)[1] for line in lines if line.startswith(b"MSA")), b"")
    return code.decode("ascii", "replace"), answer
