"""Loading a folder of deliveries with several processes, each reading, checking and storing at once.

A file under `LARGE_BYTES` is read by one process; a larger one by all, each taking its shard of the patients. What one
source sends is taken in file by file in the order of the names. A process that loses its parent ends at the next batch.
"""

from __future__ import annotations

import gc
import hashlib
import logging
import multiprocessing
import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.db.utils import DatabaseError, InterfaceError, OperationalError

from joinedup.access import Grant
from joinedup.errors import FileError, JoinedupError, Unavailable
from joinedup.feeds import Batch, SetAside, Source, raw_items

if TYPE_CHECKING:
    from joinedup.feeds import ledger
    from joinedup.record.intake import Kept

log = logging.getLogger(__name__)

LARGE_BYTES = 16_000_000
INLINE_BYTES = 3_000_000  # Below this, starting processes takes longer than the work.
# A reading process collects garbage when it chooses: the parsed resources of a batch hold no circles, and looking
# through them again and again took a fifth of the time (measured: 78 against 63 microseconds a resource).
_COLLECT_EVERY = 20
OnProgress = Callable[["Progress"], None]


@dataclass(slots=True)
class Progress:
    """How far a load is: bytes of the files read and to read, resources added so far, and the file under way."""

    bytes_read: int = 0
    bytes_all: int = 0
    added: int = 0
    file: str = ""


@dataclass(slots=True)
class Loaded:
    """What a load did, in counts; `refused` names the files that were not taken, each with the reason."""

    deliveries: int = 0
    repeated_deliveries: int = 0
    read: int = 0
    added: int = 0
    unchanged: int = 0
    set_aside: int = 0
    repeated: int = 0
    not_mapped: int = 0
    late: int = 0
    merges: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    warnings: dict[str, int] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0

    def add(self, counts: dict[str, Any]) -> None:
        for name in ("read", "added", "unchanged", "set_aside", "repeated", "not_mapped", "late", "merges"):
            setattr(self, name, getattr(self, name) + counts[name])
        for name in ("reasons", "warnings"):
            mine = getattr(self, name)
            for key, number in counts[name].items():
                mine[key] = mine.get(key, 0) + number


@dataclass(slots=True)
class _File:
    source: Source
    path: Path
    size: int
    delivery: Any = None
    shards_left: int = 0
    failed: str = ""


def load(
    grant: Grant,
    files: Sequence[tuple[Path, Source]],
    *,
    processes: int | None = None,
    on_progress: OnProgress = lambda progress: None,
    channel: str = "file",
    message_id: str = "",
) -> Loaded:
    """Take in these files and answer what was done; a file taken before changes nothing, an unfinished one goes on.

    `processes` of 0 does everything in this one (and in its open transaction, if there is one). A file that is refused
    as a whole, or cannot be read because of a fault of ours, is named in the answer and does not stop the others.
    `channel` and `message_id` say how they came. Raises Unavailable when another process loads one of the sources,
    and when the database fails: what was stored is kept.
    """
    from django.db import transaction

    from joinedup.feeds import ledger
    from joinedup.record.merges import merge_what_waits

    began = time.monotonic()
    all_files = [_File(source, path, path.stat().st_size) for path, source in files]
    progress = Progress(bytes_all=sum(one.size for one in all_files))
    loaded = Loaded()
    if processes is None:
        small = progress.bytes_all < INLINE_BYTES
        processes = 0 if small else os.cpu_count() or 1
    by_source: dict[str, deque[_File]] = {}
    for one in all_files:
        by_source.setdefault(one.source.key, deque()).append(one)
    with alone_with(by_source), _workers(grant, processes) as workers:
        waiting = sorted(by_source.values(), key=lambda queue: -sum(one.size for one in queue))
        ready: deque[tuple[_File, int]] = deque()
        busy: dict[Any, tuple[_File, int]] = {}
        idle = list(workers)
        seen_bytes: dict[tuple[int, int], int] = {}

        def begin_next(queue: deque[_File]) -> None:
            while queue:
                one = queue.popleft()
                shards = max(1, processes) if one.size >= LARGE_BYTES else 1
                one.delivery = ledger.begin(
                    one.source.key, name=one.path.name, sha256=_sha256(one.path), size=one.size,
                    channel=channel, shards=shards, message_id=message_id,
                )  # fmt: skip
                if one.delivery.is_duplicate:
                    loaded.repeated_deliveries += 1
                    progress.bytes_read += one.size
                    on_progress(progress)
                    continue
                loaded.deliveries += 1
                one.shards_left = one.delivery.shards
                ready.extend((one, shard) for shard in range(one.delivery.shards))
                return

        def took(one: _File, shard: int, said: tuple[str, Any]) -> bool:
            """Note what a reader said; answers whether its shard is done."""
            kind, value = said
            key = (one.delivery.id, shard)
            if kind == "batch":
                loaded.add(value)
                progress.added += value["added"]
                progress.file = one.path.name
                share = value["bytes_read"] / one.delivery.shards
                progress.bytes_read += int(share) - seen_bytes.get(key, 0)
                seen_bytes[key] = int(share)
                on_progress(progress)
                return False
            if kind == "refused":
                one.failed = value
            elif kind == "unavailable":
                raise Unavailable(value)
            one.shards_left -= 1
            progress.bytes_read += one.size // one.delivery.shards - seen_bytes.pop(key, 0)
            on_progress(progress)
            if one.shards_left == 0:
                if one.failed:
                    ledger.refuse(one.delivery.id, one.failed)
                    loaded.refused[one.path.name] = one.failed
                else:
                    with transaction.atomic():
                        loaded.merges += merge_what_waits(grant, one.source, one.delivery.id)
                        ledger.finish(one.delivery.id)
                begin_next(by_source[one.source.key])
            return True

        for queue in waiting:
            begin_next(queue)
        while ready or busy:
            if not workers:
                one, shard = ready.popleft()
                for said in read_shard(grant, one.source, one.path, one.delivery, shard):
                    took(one, shard, said)
                continue
            while ready and idle:
                worker = idle.pop()
                busy[worker] = ready.popleft()
                one, shard = busy[worker]
                worker.send((one.source, one.path, one.delivery, shard))
            for worker in wait(list(busy)):
                try:
                    said = worker.recv()  # type: ignore[union-attr]
                except EOFError:
                    raise Unavailable(
                        "A reading process ended unexpectedly; what it had stored is kept. Load again to go on."
                    ) from None
                if took(*busy[worker], said):
                    del busy[worker]
                    idle.append(worker)
    loaded.seconds = time.monotonic() - began
    return loaded


def read_shard(grant: Grant, source: Source, path: Path, delivery: Any, shard: int) -> Iterator[tuple[str, Any]]:
    """Read and store one shard of a delivery from where the ledger says; yields what each batch did, then the end.

    The end is "done", or "refused" with the reason: the file's fault, or one of ours that would come again.
    """
    from joinedup.feeds import ledger, read_delivery

    try:
        batches = read_delivery(
            path,
            source,
            shard=shard,
            shards=delivery.shards,
            after=ledger.positions(delivery.id).get(shard, 0),
            is_known_organisation=is_known_organisation,
        )
        for number, batch in enumerate(batches, 1):
            kept = store(grant, delivery, source, shard, batch, path)
            if number % _COLLECT_EVERY == 0:
                gc.collect()
            said = {**kept.counts(), "reasons": kept.reasons, "warnings": kept.warnings}
            yield "batch", {**said, "bytes_read": batch.bytes_read}
    except FileError as error:
        yield "refused", str(error)
    except Exception as error:
        if not comes_again(error):
            raise
        yield "refused", f"met an error that was not expected: {where(error)}. See the server's log, then load again."
    else:
        yield "done", None


def comes_again(error: Exception) -> bool:
    """Answer whether an error is of what is stored, and no failure of the machine that may be gone the next time."""
    if isinstance(error, OperationalError):
        # 54: a value too large for an index, and the like; 55000: a rule of the table itself.
        state = getattr(error.__cause__, "sqlstate", None) or ""
        return state.startswith("54") or state == "55000"
    return not isinstance(error, (JoinedupError, InterfaceError, OSError, EOFError, MemoryError))


def store(grant: Grant, delivery: ledger.Delivery, source: Source, shard: int, batch: Batch, path: Path) -> Kept:
    """Store a batch in one transaction; where that meets an error that was not expected, item by item.

    An item that meets it by itself is set aside as `gave-up`, with what stands in the file at `path`, and the others
    are stored: one item must not keep all that come after it waiting.
    """
    from django.db import transaction

    from joinedup.record.intake import settle_batch, store_batch

    try:
        return store_batch(grant, delivery, source, shard, batch)
    except Exception as error:
        if not comes_again(error):
            raise
        log.error("a batch of source %s is stored item by item: %s", source.key, where(error))
    # One transaction all the same: killed between two items, the ledger's sums would not tell where.
    with transaction.atomic():
        kept = _keep_each(grant, delivery, source, batch, path)
        settle_batch(grant, delivery, source, shard, batch, kept)
    return kept


def _keep_each(grant: Grant, delivery: ledger.Delivery, source: Source, batch: Batch, path: Path) -> Kept:
    """Keep the items of a batch one by one, in the caller's transaction; answers their counts together."""
    from django.db import connection, transaction

    from joinedup.record.intake import Kept, keep

    items: dict[int, Batch] = {}
    for name in ("resources", "events", "merges", "messages"):
        for one in getattr(batch, name):
            position = one[2] if name == "messages" else one.position
            getattr(items.setdefault(position, Batch(position, read=1)), name).append(one)
    kept = Kept(read=batch.read, not_mapped=batch.not_mapped, warnings=dict(batch.warnings))
    kept.refused = list(batch.set_aside)
    failed: dict[int, str] = {}
    for position, item in sorted(items.items()):
        try:
            with transaction.atomic():
                one = keep(grant, delivery, source, item)
                with connection.cursor() as cursor:
                    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # what would only fail when all is committed
        except Exception as error:
            if not comes_again(error):
                raise
            failed[position] = where(error)
            continue
        for count in ("added", "unchanged", "repeated", "late", "merges"):
            setattr(kept, count, getattr(kept, count) + getattr(one, count))
        for word, number in one.warnings.items():
            kept.warnings[word] = kept.warnings.get(word, 0) + number
        kept.refused += one.refused
    if failed:
        raws = raw_items(path, source, failed)
        for position, place in failed.items():
            log.error("item %s of delivery %s could not be stored: %s", position, delivery.id, place)
            kept.refused.append(SetAside(position, "gave-up", "item", "expected to be stored", raws[position]))
    kept.set_aside = len(kept.refused)
    for refused in kept.refused:
        kept.reasons[refused.reason] = kept.reasons.get(refused.reason, 0) + 1
    return kept


def where(error: Exception) -> str:
    """Answer the kind of an error and its place, without its own words: they may quote what a partner sent."""
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    at = f" at {Path(place.tb_frame.f_code.co_filename).name}:{place.tb_lineno}" if place else ""
    return f"{type(error).__name__}{at}"


@lru_cache(maxsize=50_000)
def is_known_organisation(code: str, on: date) -> bool:
    """Answer whether an ODS code is in use on a day, as far as the loaded systems and published files say."""
    from joinedup.system import is_code_in_use

    return is_code_in_use(code, on)


def _sha256(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


@contextmanager
def alone_with(sources: Iterable[str], *, seconds: float = 0) -> Iterator[None]:
    """Hold these sources for this process alone: whoever numbers versions of what a source says must be the only one.

    Within a transaction they are held until its end, else to the end of the `with`. Raises Unavailable when another
    load, message or retry holds one of them and does not let go within so many seconds.
    """
    from django.db import connection

    ends = time.monotonic() + seconds
    is_within = connection.in_atomic_block
    take = "pg_try_advisory_xact_lock" if is_within else "pg_try_advisory_lock"
    held: list[str] = []
    try:
        for source in sorted(set(sources)):
            while not _asked(f"SELECT {take}(hashtextextended(%s, 7))", source):
                if time.monotonic() >= ends:
                    raise Unavailable(f"The source '{source}' is being loaded already. Wait until that has ended.")
                time.sleep(0.01)
            held.append(source)
        yield
    finally:
        if not is_within:
            with suppress(DatabaseError, InterfaceError):  # a connection that is gone holds nothing
                for source in held:
                    _asked("SELECT pg_advisory_unlock(hashtextextended(%s, 7))", source)


def _asked(statement: str, source: str) -> bool:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(statement, [f"joinedup intake {source}"])
        return bool(cursor.fetchone()[0])


@contextmanager
def _workers(grant: Grant, number: int) -> Iterator[list[Connection]]:
    """Start reading processes and answer the pipe to each; they end with this process, however it ends."""
    context = multiprocessing.get_context("spawn")
    pipes, started = [], []
    try:
        for _ in range(number):
            ours, theirs = context.Pipe()
            process = context.Process(target=_work, args=(theirs, grant), daemon=True)
            process.start()
            theirs.close()
            pipes.append(ours)
            started.append(process)
        yield pipes
    finally:
        for pipe in pipes:
            pipe.close()
        for process in started:
            process.join(timeout=30)
            if process.is_alive():
                process.kill()


def _work(pipe: Connection, grant: Grant) -> None:
    """Do shards as they are handed over, until the other end of the pipe is gone."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "joinedup.settings")
    import django

    django.setup()
    gc.disable()
    from django.db import connection

    try:
        while True:
            source, path, delivery, shard = pipe.recv()
            try:
                for said in read_shard(grant, source, path, delivery, shard):
                    pipe.send(said)
            except JoinedupError as error:
                pipe.send(("unavailable", str(error)))
            except (OSError, EOFError):
                raise
            except Exception as error:
                pipe.send(("unavailable", f"{path.name} met an error that was not expected: {where(error)}."))
    except (EOFError, OSError):
        pass  # Whoever led us is gone; what was committed stays, the rest is read again.
    finally:
        connection.close()
