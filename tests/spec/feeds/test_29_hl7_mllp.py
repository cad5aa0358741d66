"""The listener acknowledges what is held, and only that, over a real socket (rules: record R2, R12; trust T51)."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from tests.spec.feeds.hl7_messages import PID, SOURCE, message

from joinedup.errors import Unavailable
from joinedup.feeds.hl7v2 import split
from joinedup.feeds.mllp import END, START, Apply, Limits, Outcome, acknowledgement, receive, send, serve_mllp
from joinedup.feeds.values import Source

MESSAGE = message(PID, id_="M77")


@dataclass
class Store:
    """What a listener hands its messages to: a list, with what to answer to each."""

    held: list[bytes] = field(default_factory=list)
    answer: Outcome | Exception = Outcome.HELD
    seconds: float = 0.0

    def apply(self, raw: bytes, source: Source) -> Outcome:
        time.sleep(self.seconds)
        if isinstance(self.answer, Exception):
            raise self.answer
        self.held.append(raw)
        return self.answer


@contextlib.contextmanager
def listening(apply: Apply, source: Source | None = SOURCE, limits: Limits | None = None) -> Iterator[int]:
    """Listen on a free port while the block runs; answers the port."""
    begun = threading.Event()
    ports: list[int] = []

    async def serve() -> None:
        server = await serve_mllp("127.0.0.1", 0, source, apply, limits=limits)
        ports.append(server.sockets[0].getsockname()[1])
        done = asyncio.get_running_loop().run_in_executor(None, ended.wait)
        begun.set()
        async with server:
            await done

    ended = threading.Event()
    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    assert begun.wait(5)
    try:
        yield ports[0]
    finally:
        ended.set()
        thread.join(10)


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=5)


def ends(connection: socket.socket) -> bool:
    """Answer whether the listener closed the connection without a word."""
    try:
        return connection.recv(100) == b""
    except ConnectionResetError:
        return True


# --- acknowledgements ----------------------------------------------------------------------------------------------


def test_a_message_that_is_held_is_acknowledged_with_its_own_id() -> None:
    store = Store()
    with listening(store.apply) as port:
        code, answer = send("127.0.0.1", port, MESSAGE)
    assert code == "AA"
    assert store.held == [MESSAGE]
    ack = split(answer)
    assert (ack.type, ack.trigger) == ("ACK", "A31")
    assert [ack.msh.text(number) for number in (3, 4, 5, 6)] == ["JOINEDUP", "QM7", "PAS", "RQW"]
    msa = ack.first("MSA")
    assert msa is not None
    assert (msa.text(1), msa.text(2)) == ("AA", "M77")


def test_nothing_is_acknowledged_before_it_is_held() -> None:
    store = Store(seconds=0.3)
    with listening(store.apply) as port, connect(port) as connection:
        connection.sendall(START + MESSAGE + END)
        connection.settimeout(0.1)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        assert store.held == []
        connection.settimeout(5)
        assert receive(connection)[0] == "AA"
        assert store.held == [MESSAGE]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Outcome.HELD, "AA"),
        (Outcome.REFUSED, "AR"),
        (Outcome.TRY_AGAIN, "AE"),
        (Unavailable("the database does not answer"), "AE"),
        (KeyError("TAYLOR"), "AE"),
    ],
    ids=["held", "refused", "try again", "unavailable", "a fault of ours"],
)
def test_the_acknowledgement_says_what_became_of_the_message(answer: Outcome | Exception, code: str) -> None:
    with listening(Store(answer=answer).apply) as port:
        got, ack = send("127.0.0.1", port, MESSAGE)
    assert got == code
    assert b"TAYLOR" not in ack


@pytest.mark.parametrize(
    ("raw", "source"),
    [(MESSAGE, None), (b"PID|1||1", SOURCE), (b"", SOURCE), (b"garbage", SOURCE)],
    ids=["unknown source", "no MSH", "empty frame", "garbage"],
)
def test_what_no_repeat_can_mend_is_refused_and_never_reaches_the_store(raw: bytes, source: Source | None) -> None:
    store = Store()
    with listening(store.apply, source) as port:
        assert send("127.0.0.1", port, raw)[0] == "AR"
    assert store.held == []


def test_the_acknowledgement_uses_the_senders_delimiters() -> None:
    raw = b"MSH#*!?%#PAS#RQW###20260301##ADT*A31#M#5#P#2.4".replace(b"M#5", b"M5")
    ack = split(acknowledgement(raw, Outcome.HELD))
    assert (ack.msh.text(1), ack.trigger) == ("#", "A31")
    msa = ack.first("MSA")
    assert msa is not None
    assert msa.text(2) == "M5"


@pytest.mark.parametrize("raw", [b"", b"MSH", b"MSH|", b"MSHx", b"\xff\xfe\x00", b"MSH|^~\\&|" + b"x" * 100_000])
def test_whatever_comes_has_an_acknowledgement_that_can_be_read(raw: bytes) -> None:
    assert split(acknowledgement(raw, Outcome.REFUSED)).first("MSA") is not None


# --- frames --------------------------------------------------------------------------------------------------------


def test_many_messages_on_one_connection_are_answered_in_their_order() -> None:
    store = Store()
    each = [message(PID, id_=f"M{number}") for number in range(5)]
    with listening(store.apply) as port, connect(port) as connection:
        connection.sendall(b"".join(START + raw + END for raw in each))
        answers = b""
        while answers.count(END) < 5:
            answers += connection.recv(65_536)
    assert store.held == each
    assert [split(one.lstrip(START)).segment(1).text(2) for one in answers.split(END)[:-1]] == [
        "M0", "M1", "M2", "M3", "M4",
    ]  # fmt: skip


def test_two_messages_in_one_frame_are_held_as_one_that_intake_sets_aside() -> None:
    store = Store()
    both = MESSAGE + b"\r" + message(PID, id_="M78")
    with listening(store.apply) as port:
        assert send("127.0.0.1", port, both)[0] == "AA"
    assert store.held == [both]


def test_a_frame_that_comes_byte_by_byte_is_one_message() -> None:
    store = Store()
    with listening(store.apply) as port, connect(port) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in b"noise" + START + MESSAGE[:60]:
            connection.sendall(bytes((byte,)))
        connection.sendall(MESSAGE[60:] + END[:1])
        time.sleep(0.05)  # the two bytes of the end come apart
        connection.sendall(END[1:])
        assert receive(connection)[0] == "AA"
    assert store.held == [MESSAGE]


def test_a_sender_who_drips_is_cut_off_and_nothing_is_held() -> None:
    store = Store()
    with listening(store.apply, limits=Limits(frame_seconds=0.3)) as port, connect(port) as connection:
        begun = time.monotonic()
        with contextlib.suppress(ConnectionError):
            for byte in START + MESSAGE + END:
                connection.sendall(bytes((byte,)))
                time.sleep(0.02)
                if time.monotonic() - begun > 3:
                    break
        assert ends(connection)
    assert store.held == []


def test_a_sender_who_says_nothing_is_cut_off() -> None:
    with listening(Store().apply, limits=Limits(idle_seconds=0.2)) as port, connect(port) as connection:
        assert ends(connection)


def test_half_a_frame_is_not_held_and_the_listener_goes_on() -> None:
    store = Store()
    with listening(store.apply) as port:
        with connect(port) as connection:
            connection.sendall(START + MESSAGE[:40])
        assert send("127.0.0.1", port, MESSAGE)[0] == "AA"
    assert store.held == [MESSAGE]


def test_a_message_over_the_limit_is_refused_early() -> None:
    store = Store()
    with listening(store.apply, limits=Limits(message_bytes=100_000)) as port, connect(port) as connection:
        with contextlib.suppress(ConnectionError):
            connection.sendall(START + MESSAGE + b"x" * 150_000)  # and never an end
        code, answer = receive(connection)
        assert ends(connection)
    assert code == "AR"
    msa = split(answer).first("MSA")
    assert msa is not None
    assert msa.text(2) == "M77"
    assert store.held == []


def test_a_sender_cut_off_before_the_answer_sends_again() -> None:
    """Killed between commit and acknowledgement: the message is held once or more, and every resend is answered."""
    store = Store(seconds=0.1)
    with listening(store.apply) as port:
        with connect(port) as connection:
            connection.sendall(START + MESSAGE + END)
        deadline = time.monotonic() + 5
        while not store.held and time.monotonic() < deadline:
            time.sleep(0.02)
        assert send("127.0.0.1", port, MESSAGE)[0] == "AA"
    assert store.held == [MESSAGE, MESSAGE]  # that the second is a duplicate, intake says (R3)


def test_one_slow_sender_does_not_hold_up_another() -> None:
    store = Store()
    with listening(store.apply) as port, connect(port) as slow:
        slow.sendall(START + MESSAGE[:40])
        assert send("127.0.0.1", port, MESSAGE)[0] == "AA"


def test_a_listener_that_is_not_there_is_said_with_the_next_step() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(Unavailable, match="send again"):
        send("127.0.0.1", port, MESSAGE, timeout=2)
