"""What arrives by itself: a message by MLLP or MESH. Acknowledged when it is stored or set aside (rules: R2)."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from django.db import InterfaceError, OperationalError, transaction

from joinedup import database
from joinedup.access import service_grant
from joinedup.errors import FileError, NotFound, Unavailable
from joinedup.feeds import Outcome, Source, ledger, mesh, read_delivery
from joinedup.moment import now
from joinedup.record import loading
from joinedup.record.loading import alone_with, is_known_organisation, store

PATIENCE_SECONDS = 5  # how long a message waits while its source is loaded or tried again


def apply_message(raw: bytes, source: Source, *, channel: str = "mllp", message_id: str = "") -> Outcome:
    """Take in one message in one transaction with its place in the ledger; answers how it is acknowledged.

    The same bytes again are held already and acknowledged as the first time. What cannot be read is set aside and
    acknowledged all the same, or its sender would stand still. Raises what the database raises, and Unavailable while
    a file of the source is loaded: send it again.
    """
    grant = service_grant("record.intake", "take in what partners send", "whoever runs this machine")
    with TemporaryDirectory(prefix="joinedup-") as folder:
        path = Path(folder) / "message"
        path.write_bytes(raw)
        with transaction.atomic(), alone_with([source.key], seconds=PATIENCE_SECONDS):
            sha256 = hashlib.sha256(raw).digest()
            delivery = ledger.begin(source.key, "message", sha256, len(raw), channel, message_id=message_id)
            if delivery.is_duplicate:
                return Outcome.HELD
            try:
                batches = list(read_delivery(path, source, is_known_organisation=is_known_organisation))
            except FileError as error:
                ledger.refuse(delivery.id, str(error))
                return Outcome.REFUSED
            for batch in batches:
                store(grant, delivery, source, 0, batch, path)
            ledger.finish(delivery.id)
    return Outcome.HELD


# --- MESH ----------------------------------------------------------------------------------------------------------


NO_DATABASE = "The database does not answer. What is in the mailbox stays there; collect again when it does."


def collect_mailbox(name: str, *, once: bool, pause: Callable[[float], None] = time.sleep) -> Iterator[mesh.Collected]:
    """Collect a MESH mailbox, or a folder that stands for one, and yield what each poll did; for ever unless `once`.

    Raises Unavailable when the mailbox lets nobody in, its settings are missing, or another process collects it.
    """
    with ExitStack() as open_:
        mailbox = open_.enter_context(_mailbox(name))
        folder = open_.enter_context(_spool(mailbox.name))
        collector = mesh.Collector(mailbox, apply_file, folder)
        while True:
            is_known_organisation.cache_clear()  # what was loaded since the last poll counts
            try:
                sources = ledger.declared().values()
            except OperationalError:
                yield mesh.Collected(fault=NO_DATABASE)
            else:
                yield collector.collect(sources, now().known_at)
            if once:
                return
            pause(mesh.POLLED_EVERY.total_seconds())


def apply_file(message: mesh.Message, source: Source, path: Path) -> mesh.Taken:
    """Take in a message that is in a file, as large as it may be, and answer what became of it.

    It is loaded as a file is: batch by batch in flat memory, and one that was broken off goes on where it stopped.
    What is refused as a whole is kept in `refused` in the data folder, since its mailbox will forget it.
    """
    grant = service_grant("record.intake", "take in what partners send", "whoever runs this machine")
    try:
        loaded = loading.load(grant, [(path, source)], channel="mesh", message_id=message.id)
    except (OperationalError, InterfaceError):
        raise Unavailable(NO_DATABASE) from None
    if loaded.refused:
        _keep_refused(source, path)
        return mesh.Taken.REFUSED
    return mesh.Taken.DUPLICATE if loaded.repeated_deliveries else mesh.Taken.APPLIED


def _keep_refused(source: Source, path: Path) -> None:
    folder = database.data_dir() / "refused" / source.key
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        kept = folder / path.name
        half = folder / f".{path.name}"
        shutil.copyfile(path, half)
        with half.open("rb") as file:
            os.fsync(file.fileno())  # it is acknowledged now: a power cut must not take the only copy
        half.rename(kept)
        directory = os.open(folder, os.O_RDONLY)
        os.fsync(directory)
        os.close(directory)
    except OSError as error:
        raise Unavailable(f"A refused message can't be kept in {folder} ({error.strerror}). Make room.") from None


@contextmanager
def _mailbox(name: str) -> Iterator[mesh.Mailbox]:
    """Answer the mailbox of this name, or the folder; the settings of MESH come from the environment."""
    if "/" in name or Path(name).is_dir():
        if not Path(name).is_dir():
            raise NotFound(f"There is no folder {name}.")
        yield mesh.FolderMailbox(Path(name))
        return
    settings = {
        word: os.environ.get(word, "")
        for word in ("JOINEDUP_MESH_URL", "JOINEDUP_MESH_PASSWORD", "JOINEDUP_MESH_SHARED_KEY")
    }
    if missing := [word for word, value in settings.items() if not value]:
        raise Unavailable(f"Set {', '.join(missing)} to collect the mailbox {name} (docs/how-to/collect-from-mesh.md).")
    certificate = os.environ.get("JOINEDUP_MESH_CERTIFICATE", "")
    key = os.environ.get("JOINEDUP_MESH_KEY", "")
    authorities = os.environ.get("JOINEDUP_MESH_AUTHORITIES", "")
    url, password, shared_key = settings.values()
    with mesh.MeshMailbox(
        url, name, password, shared_key,
        certificate=(Path(certificate), Path(key or certificate)) if certificate else None,
        authorities=Path(authorities) if authorities else None,
    ) as mailbox:  # fmt: skip
        yield mailbox


@contextmanager
def _spool(name: str) -> Iterator[Path]:
    """Answer the folder in which messages of this mailbox lie while they are applied; for one process at a time."""
    parent = database.data_dir() / "spool"
    parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder = parent / re.sub(r"[^A-Za-z0-9_-]", "-", name)
    with folder.with_suffix(".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Unavailable(f"The mailbox {name} is being collected already. Wait until that has ended.") from None
        shutil.rmtree(folder, ignore_errors=True)  # of a process that was killed; its messages are in the mailbox
        folder.mkdir(mode=0o700)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
