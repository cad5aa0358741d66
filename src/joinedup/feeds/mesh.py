"""The MESH mailbox: what partners send through it is collected, and acknowledged only when it is held (rules: R2, R17).

A message is downloaded whole into a file, handed to `apply`, and acknowledged, which removes it from the mailbox, only
after `apply` has returned. Cut off anywhere before, it is still in the mailbox; cut off between, it comes once more and
whoever applies it sees that it was held. The collector knows no database.

Its workflow id, and the mailbox that sent it, say whose message it is: ids mean something within one source only, so
the same workflow from two hospitals is two sources (docs/reference/sources.md). A message that no source declares
stays in the mailbox, unacknowledged and told at every poll, and is taken as soon as somebody declares it. We don't take
it into our quarantine: what is set aside belongs to a source, which here nobody knows, and as long as MESH holds it its
sender is told by MESH, after five days, that nobody took it.
"""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
import ssl
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from joinedup.errors import NotFound, Unavailable
from joinedup.feeds.values import Source

log = logging.getLogger(__name__)

# MESH asks that a mailbox is validated every 24 hours and polled at most every 5 minutes; it removes what nobody has
# collected after 5 days and tells the sender.
VALIDATED_EVERY = timedelta(hours=12)
POLLED_EVERY = timedelta(minutes=5)
REMOVED_AFTER = timedelta(days=5)
ALARM_AFTER = timedelta(days=3)
PIECE_BYTES = 64 * 1024
# A message may have many gigabytes, packed or not; the disk may be the database's own, which must never run full.
KEPT_FREE_BYTES = 2_000_000_000
_LOOK_EVERY = 1024  # pieces between two looks at the disk
_HERE = ("localhost", "127.0.0.1", "::1")


class Taken(StrEnum):
    """What became of a message; each is acknowledged, since each is held."""

    APPLIED = "applied"  # what could not be taken of it is set aside
    DUPLICATE = "duplicate"  # the same bytes of the same source were held before
    REFUSED = "refused"  # as a whole, such as a CSV file without its columns; whoever applies has kept it


@dataclass(frozen=True, slots=True)
class Message:
    """What a mailbox says of a message: `sender` is the mailbox it came from, `arrived_at` when it came into ours.

    A report is MESH's own word about a message that this mailbox has sent, and has no content.
    """

    id: str
    sender: str
    workflow: str
    arrived_at: datetime | None = None
    is_report: bool = False


class Mailbox(Protocol):
    """A mailbox at MESH, or a folder with the same contract. Each raises Unavailable when it cannot be reached."""

    name: str

    def validate(self) -> None:
        """Say to MESH that somebody uses this mailbox, and see that it lets us in."""

    def waiting(self) -> list[str]:
        """Answer the ids of the messages in the inbox, the oldest first."""

    def download(self, message_id: str) -> AbstractContextManager[tuple[Message, Iterator[bytes]]]:
        """Answer a message and its bytes, which come only as they are asked for; NotFound when it is gone.

        The bytes end without an error only when the message is whole.
        """

    def acknowledge(self, message_id: str) -> None:
        """Say that a message is held: it leaves the inbox."""

    def send(self, recipient: str, workflow: str, content: bytes) -> str:
        """Send a message to another mailbox and answer its id."""


Apply = Callable[[Message, Source, Path], Taken]


@dataclass(slots=True)
class Collected:
    """What one poll did, in counts. `waiting` is how many messages are left in the mailbox.

    Of these `failed` could not be applied, `unknown` are of no declared source, `reports` are not for us, and `overdue`
    have been there for more than three days. `fault` says what kept us from taking all, where that passes.
    """

    applied: int = 0
    duplicates: int = 0
    refused: int = 0
    waiting: int = 0
    failed: int = 0
    unknown: int = 0
    reports: int = 0
    overdue: int = 0
    undeclared: list[str] = field(default_factory=list)  # "workflow from mailbox", each once
    fault: str = ""

    @property
    def alarms(self) -> list[str]:
        """Answer what somebody must look at, a sentence each."""
        said = []
        if self.fault:
            said.append(self.fault)
        if self.undeclared:
            said.append(
                f"{self.unknown} messages are of no declared source ({', '.join(self.undeclared)}). They stay in the "
                "mailbox; give a source this workflow in sources.toml and collect again with --sources."
            )
        if self.failed:
            said.append(f"{self.failed} messages could not be applied and stay in the mailbox; look at the log.")
        if self.overdue:
            said.append(
                f"{self.overdue} messages have been in the mailbox for more than {ALARM_AFTER.days} days. "
                f"MESH removes them {REMOVED_AFTER.days} days after they came, and tells their senders."
            )
        return said


def source_of(message: Message, sources: Iterable[Source]) -> Source | None:
    """Answer whose message this is: of the source with its workflow and sender, else of one with its workflow alone."""
    claimed = [one for one in sources if one.workflow and one.workflow == message.workflow]
    of_sender = [one for one in claimed if one.sender and one.sender.upper() == message.sender.upper()]
    of_anybody = [one for one in claimed if not one.sender]
    return next(iter(of_sender or of_anybody), None)


class Collector:
    """Collects a mailbox, poll by poll. `folder` is where messages lie while they are applied, for us alone."""

    def __init__(self, mailbox: Mailbox, apply: Apply, folder: Path) -> None:
        self.mailbox = mailbox
        self.apply = apply
        self.folder = folder
        self.validated_at: datetime | None = None

    def collect(self, sources: Iterable[Source], now: datetime) -> Collected:
        """Take in what is in the inbox now and answer what was done.

        Raises Unavailable when the mailbox could not be validated a first time: its settings are wrong. Later faults
        are in the answer, and the next poll tries again.
        """
        collected = Collected()
        try:
            if self.validated_at is None or now - self.validated_at >= VALIDATED_EVERY:
                self.mailbox.validate()
                self.validated_at = now
            ids = self.mailbox.waiting()
            collected.waiting = len(ids)
            declared = list(sources)
            halted: set[str] = set()
            for message_id in ids:
                self._collect_one(message_id, declared, halted, now, collected)
        except Unavailable as error:
            if self.validated_at is None:
                raise
            collected.fault = str(error)
        self._log(collected)
        return collected

    def _collect_one(
        self, message_id: str, sources: list[Source], halted: set[str], now: datetime, collected: Collected
    ) -> None:
        """Take in one message, or leave it where it is and count why."""
        path = self.folder / re.sub(r"[^A-Za-z0-9_-]", "-", message_id)[:100]
        is_overdue = False
        try:
            with self.mailbox.download(message_id) as (message, pieces):
                is_overdue = message.arrived_at is not None and now - message.arrived_at > ALARM_AFTER
                collected.overdue += is_overdue
                source = self._source(message, sources, collected)
                # What one source says of a person is kept in its order, so nothing overtakes what has to wait.
                if source is None or source.key in halted:
                    return
                _write(path, pieces)
            taken = self._applied(message, source, path, halted, collected)
            if taken is None:
                collected.failed += 1
                return
            self._count(taken, collected)
            self.mailbox.acknowledge(message_id)
        except NotFound:  # somebody else has collected it
            pass
        finally:
            path.unlink(missing_ok=True)
        collected.waiting -= 1
        collected.overdue -= is_overdue

    def _applied(
        self, message: Message, source: Source, path: Path, halted: set[str], collected: Collected
    ) -> Taken | None:
        """Answer what became of a message that is here, None when it could not be applied."""
        try:
            return self.apply(message, source, path)
        except Unavailable as error:  # a fault that passes: the next poll tries again, in the same order
            halted.add(source.key)
            collected.fault = str(error)
        except Exception as error:
            # A fault of ours, which would come again: it must not hold up the messages of others. The kind of the
            # fault alone is logged: its text may hold what the message says.
            log.error("mesh.failed", extra={"job": "mesh.collect", "counts": {type(error).__name__.lower(): 1}})
        return None

    def _source(self, message: Message, sources: list[Source], collected: Collected) -> Source | None:
        if message.is_report:
            collected.reports += 1
            return None
        source = source_of(message, sources)
        if source is None:
            collected.unknown += 1
            # Both are words of the sender: short, and nothing that a terminal would obey.
            words = (re.sub(r"[^\w .:/-]", "?", word)[:60] or "none" for word in (message.workflow, message.sender))
            pair = " from ".join(words)
            if pair not in collected.undeclared:
                collected.undeclared.append(pair)
        return source

    @staticmethod
    def _count(taken: Taken, collected: Collected) -> None:
        collected.applied += taken is Taken.APPLIED
        collected.duplicates += taken is Taken.DUPLICATE
        collected.refused += taken is Taken.REFUSED

    @staticmethod
    def _log(collected: Collected) -> None:
        names = ("applied", "duplicates", "refused", "waiting", "failed", "unknown", "overdue")
        counts = {name: getattr(collected, name) for name in names if getattr(collected, name)}
        if collected.alarms:
            log.warning("mesh.alarm", extra={"job": "mesh.collect", "counts": counts})
        elif counts:
            log.info("mesh.collected", extra={"job": "mesh.collect", "counts": counts})


def _write(path: Path, pieces: Iterator[bytes]) -> None:
    """Write a message into a file; raises Unavailable before the disk runs full."""
    try:
        with open(path, "wb", opener=_for_us_alone) as file:
            for number, piece in enumerate(pieces):
                if number % _LOOK_EVERY == 0 and shutil.disk_usage(path.parent).free < KEPT_FREE_BYTES:
                    raise Unavailable(
                        f"The disk of {path.parent} is nearly full, so the message stays in the mailbox. Make room."
                    )
                file.write(piece)
    except OSError as error:
        raise Unavailable(f"A message can't be written into {path.parent} ({error.strerror}). Make room.") from None


def _for_us_alone(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


class MeshMailbox:
    """A mailbox at MESH, reached by its REST interface. Use it with `with`, or close it.

    `certificate` names the client certificate and its key, `authorities` whom to believe about the server; for the
    addresses of the NHS the latter is known. Raises Unavailable for settings that cannot be right.
    """

    def __init__(
        self,
        url: str,
        name: str,
        password: str,
        shared_key: str,
        *,
        certificate: tuple[Path, Path] | None = None,
        authorities: Path | None = None,
        timeout: float = 60,
    ) -> None:
        from mesh_client import MeshClient

        address = urlsplit(url)
        if address.scheme != "https" and not (address.scheme == "http" and address.hostname in _HERE):
            raise Unavailable("JOINEDUP_MESH_URL: expected an address that begins with https://")
        # The library would take a shared key of its own, and quote the password where it is not ASCII.
        if not password or not shared_key or not (password + shared_key).isascii():
            raise Unavailable("JOINEDUP_MESH_PASSWORD, JOINEDUP_MESH_SHARED_KEY: expected both, in ASCII.")
        self.name = name
        self.host = address.hostname
        try:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            if certificate:
                context.load_cert_chain(*certificate, password="")  # nosec B106
            if authorities:
                context.load_verify_locations(authorities)
        except OSError as error:  # an ssl.SSLError is one
            raise Unavailable(
                "JOINEDUP_MESH_CERTIFICATE, JOINEDUP_MESH_KEY or JOINEDUP_MESH_AUTHORITIES can't be used "
                f"({error.strerror or type(error).__name__}). Expected files in PEM, the key without a password."
            ) from None
        self._client: Any = MeshClient(
            url, name, password, shared_key.encode(),
            cert=(str(certificate[0]), str(certificate[1])) if certificate else None,
            verify=str(authorities) if authorities else None,
            timeout=timeout, max_retries=2, application_name="joinedup",
        )  # fmt: skip

    def __enter__(self) -> MeshMailbox:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._client.close()

    def validate(self) -> None:
        with self._speaking():
            self._client.handshake()

    def waiting(self) -> list[str]:
        with self._speaking():
            return [str(one) for one in self._client.iterate_message_ids()]

    @contextmanager
    def download(self, message_id: str) -> Iterator[tuple[Message, Iterator[bytes]]]:
        with self._speaking():
            response = self._client.retrieve_message_chunk(message_id, 1)
        try:
            said = response.headers
            message = Message(
                message_id,
                said.get("Mex-From", ""),
                said.get("Mex-WorkflowID", ""),
                _moment(said.get("Mex-StatusTimestamp", "")),
                said.get("Mex-MessageType", "").upper() == "REPORT",
            )
            number = re.fullmatch(r"1:(\d{1,6})", said.get("Mex-Chunk-Range", "1:1"))
            yield message, self._pieces(message_id, response, int(number.group(1)) if number else 1)
        finally:
            response.close()

    def _pieces(self, message_id: str, response: Any, chunks: int) -> Iterator[bytes]:
        """Yield the bytes of all chunks.

        Not by the library's own reader: it takes a connection that breaks off for the end of a chunk.
        """
        for number in range(1, chunks + 1):
            with self._speaking():
                if number > 1:
                    response = self._client.retrieve_message_chunk(message_id, number)
                with response:
                    yield from response.iter_content(PIECE_BYTES)

    def acknowledge(self, message_id: str) -> None:
        with self._speaking():
            self._client.acknowledge_message(message_id)

    def send(self, recipient: str, workflow: str, content: bytes) -> str:
        with self._speaking():
            return str(self._client.send_message(recipient, content, workflow_id=workflow))

    @contextmanager
    def _speaking(self) -> Iterator[None]:
        """Turn what can go wrong on the line into what a person can do about it."""
        from mesh_client import MeshError
        from requests import HTTPError, RequestException
        from urllib3.exceptions import HTTPError as LineError

        try:
            yield
        except HTTPError as error:
            status = error.response.status_code if error.response is not None else 0
            if status in (401, 403):
                raise Unavailable(
                    f"MESH does not let us into the mailbox {self.name}. Correct JOINEDUP_MESH_PASSWORD, "
                    "JOINEDUP_MESH_SHARED_KEY, the name of the mailbox or its certificate."
                ) from None
            if status in (404, 410):
                raise NotFound("The message is no longer in the mailbox.") from None
            raise Unavailable(f"MESH at {self.host} answered {status}. Try again later.") from None
        except MeshError:
            raise Unavailable(f"MESH at {self.host} did not take the message.") from None
        except (RequestException, LineError, OSError) as error:
            raise Unavailable(
                f"The line to MESH at {self.host} broke ({type(error).__name__}). What is in the mailbox stays there; "
                "look at JOINEDUP_MESH_URL and the network, and collect again."
            ) from None


class FolderMailbox:
    """A folder with the contract of a mailbox, for trials and tests: what came is in `in/`, what is held in `acked/`.

    A message is two files: `ID.dat`, its bytes, and `ID.json`, {"sender", "workflow_id", "recipient"}, which is written
    last. What is sent waits in `out/` for whoever carries it to the `in/` of another.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.name = folder.name

    def validate(self) -> None:
        try:
            for box in ("in", "acked", "out"):
                (self.folder / box).mkdir(exist_ok=True)
        except OSError as error:
            raise Unavailable(f"The folder {self.folder} can't be used as a mailbox ({error.strerror}).") from None

    def waiting(self) -> list[str]:
        return sorted(path.stem for path in (self.folder / "in").glob("*.json"))

    @contextmanager
    def download(self, message_id: str) -> Iterator[tuple[Message, Iterator[bytes]]]:
        note, content = (self.folder / "in" / f"{message_id}.{kind}" for kind in ("json", "dat"))
        try:
            arrived_at = datetime.fromtimestamp(note.stat().st_mtime, UTC)
            written = note.read_bytes()
            file = content.open("rb")
        except OSError:
            raise NotFound("The message is no longer in the folder.") from None
        try:
            said = json.loads(written)
        except ValueError:  # nobody can say whose it is
            said = None
        said = said if isinstance(said, dict) else {}
        sender, workflow = (said.get(word) if isinstance(said.get(word), str) else "" for word in _WORDS)
        with file:
            yield (
                Message(message_id, sender or "", workflow or "", arrived_at),
                iter(lambda: file.read(PIECE_BYTES), b""),
            )

    def acknowledge(self, message_id: str) -> None:
        # The note first: without it the message waits no longer, whatever happens in between.
        for kind in ("json", "dat"):
            (self.folder / "in" / f"{message_id}.{kind}").rename(self.folder / "acked" / f"{message_id}.{kind}")

    def send(self, recipient: str, workflow: str, content: bytes) -> str:
        message_id = f"{datetime.now(UTC):%Y%m%d%H%M%S%f}_{uuid.uuid4().hex[:6].upper()}"
        out = self.folder / "out"
        (out / f"{message_id}.dat").write_bytes(content)
        note = json.dumps({"sender": self.name, "workflow_id": workflow, "recipient": recipient})
        half = out / f".{message_id}"
        half.write_text(note)
        half.rename(out / f"{message_id}.json")
        return message_id


_WORDS = ("sender", "workflow_id")


def _moment(said: str) -> datetime | None:
    """Answer when a message came into the mailbox, as MESH writes it: 14 digits, in UTC."""
    try:
        return datetime.strptime(said[:14], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None
