"""Runs a simulation: blocks are made and written by several processes, and put on disk in the order of blocks.

The bytes depend on system, residents, seed and reference files alone, not on the number of processes: each block has
seeds of its own, and its texts are added to the files when its turn comes.
"""

from __future__ import annotations

import gc
import gzip
import io
import multiprocessing
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from joinedup.errors import RuleError
from joinedup.simulation import truth
from joinedup.simulation.days import ISO, LAST_DAY
from joinedup.simulation.making import make_block
from joinedup.simulation.people import blocks_of
from joinedup.simulation.place import make_world, postcodes_of
from joinedup.simulation.world import Declared, World
from joinedup.simulation.writing import FEEDS, Out

PROGRESS = Callable[[int, int], None]
COMPRESSED: Final = (".gz", ".zst")
HELD: Final = 32_000_000
"""Bytes that are gathered before they are put on disk."""


@dataclass(frozen=True, slots=True)
class Simulated:
    """What a simulation wrote: residents, sources, files, bytes, and what the feeds counted."""

    system: str
    seed: int
    residents: int
    sources: int
    files: int
    bytes: int
    counted: dict[str, int]


@dataclass(slots=True)
class _Written:
    """One block as text, on its way from the process that made it."""

    people: int
    files: dict[str, bytes]
    truth: dict[str, str]
    counts: dict[tuple[str, str], int]
    candidates: dict[str, tuple[float, str, str]]
    subjects: dict[str, list[tuple[str, str]]]


_world: World | None = None  # That of a process which makes blocks.


def simulate(
    system: str, residents: int, seed: int, out: Path, *, reference: Path | None = None, processes: int | None = None,
    on_progress: PROGRESS | None = None,
) -> Simulated:  # fmt: skip
    """Write what the partners of a made-up system would send into an empty or new folder, with the truth beside it.

    `processes` is how many work at once, by default as many as there are cores; it changes no byte. `on_progress` is
    told residents done and residents in all. Raises RuleError for a folder that holds something, NotFound for an
    unknown system, FileError for reference files that are not as published.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise RuleError(f"{out} is not empty, and a simulation overwrites nothing. Name a new or an empty folder.")
    world = make_world(system, residents, seed, reference)
    (out / "truth").mkdir(parents=True)
    feeds = [import_module(f"joinedup.simulation.{name}") for name in FEEDS]
    declared = [one for feed in feeds for one in feed.declare(world)]
    headers: dict[str, str] = {}
    for feed in feeds:
        headers.update(feed.headers(world))
    _put(out / "sources.toml", _declaration(world, declared))
    _put(out / "epraccur.csv", _practice_list(world))
    _put(out / "enonnhs.csv", _other_list(world))
    _put(out / "postcodes.csv", _postcode_list(world))
    blocks = blocks_of(world)
    many = min(processes or os.cpu_count() or 1, blocks)
    disk = _Disk(out, headers)
    if many == 1:
        _begin(world)
        _gather(map(_written, range(blocks)), disk, world, on_progress)
        disk.compress(map)
    else:
        # Forked, so that the world is not sent to each; nothing else runs in this process.
        with multiprocessing.get_context("fork").Pool(many, _begin, (world,)) as pool:
            _gather(pool.imap(_written, range(blocks)), disk, world, on_progress)
            disk.compress(pool.imap)
    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    return Simulated(system, seed, residents, len(declared), len(disk.names), size, dict(sorted(disk.totals.items())))


def _begin(world: World) -> None:
    global _world
    _world = world
    # A block is made of some hundred thousand tuples that refer to nothing in circles.
    gc.disable()


def _written(number: int) -> _Written:
    assert _world is not None
    world = _world
    block = make_block(world, number)
    out = Out()
    for name in FEEDS:
        import_module(f"joinedup.simulation.{name}").write(world, block, out)
    chosen = truth.candidates(block, out)
    wanted = {person for _, person, _ in chosen.values()}
    subjects: dict[str, list[tuple[str, str]]] = {person: [] for person in wanted}
    for (source, source_id), (person, _) in out.subjects.items():
        if person in wanted:
            subjects[person].append((source, source_id))
    rows = {
        "people.csv": truth.people_rows(world, block), "subjects.csv": truth.subject_rows(out),
        "merges.csv": truth.merge_rows(block), "same_events.csv": truth.event_rows(out),
    }  # fmt: skip
    files = {name: "".join(texts).encode() for name, texts in out.files.items()}
    return _Written(len(block.people), files, rows, out.counts, chosen, subjects)


class _Disk:
    """The files of a simulation: texts are added in the order of blocks, headers when a file begins."""

    def __init__(self, out: Path, headers: Mapping[str, str]) -> None:
        self.out, self.headers = out, headers
        self.names: dict[str, None] = {}
        self.totals: dict[str, int] = {}
        self.held: dict[str, list[bytes]] = {}
        self.holds = 0

    def add(self, name: str, text: bytes) -> None:
        if name not in self.names:
            self.names[name] = None
            (self.out / name).parent.mkdir(parents=True, exist_ok=True)
            text = self.headers.get(name, "").encode() + text
        self.held.setdefault(name, []).append(text)
        self.holds += len(text)
        if self.holds > HELD:
            self.flush()

    def flush(self) -> None:
        """Put on disk what is held; some hundred files are opened once in a while, not for every block."""
        for name, texts in self.held.items():
            with (self.out / self._while_growing(name)).open("ab") as file:
                file.writelines(texts)
        self.held, self.holds = {}, 0

    @staticmethod
    def _while_growing(name: str) -> str:
        return f"{name}.growing" if name.endswith(COMPRESSED) else name

    def compress(self, spread: Callable[..., Iterable[Any]]) -> None:
        """Compress what is sent compressed; `spread` is map, or that of a pool."""
        growing = [str(self.out / name) for name in self.names if name.endswith(COMPRESSED)]
        for _ in spread(_compress, growing):
            pass


def _compress(name: str) -> None:
    path, growing = Path(name), Path(f"{name}.growing")
    if name.endswith(".gz"):
        held = io.BytesIO()
        with gzip.GzipFile(filename="", mode="wb", compresslevel=1, fileobj=held, mtime=0) as packed:
            packed.write(growing.read_bytes())
        path.write_bytes(held.getvalue())
    else:
        import zstandard

        path.write_bytes(zstandard.ZstdCompressor(level=3).compress(growing.read_bytes()))
    growing.unlink()


def _gather(blocks: Iterable[_Written], disk: _Disk, world: World, on_progress: PROGRESS | None) -> None:
    done = 0
    best: dict[str, tuple[float, str, str]] = {}
    subjects: dict[str, list[tuple[str, str]]] = {}
    counts: dict[tuple[str, str], int] = {}
    grown = {name: (disk.out / "truth" / name).open("a", encoding="utf-8") for name in truth.HEADERS}
    try:
        for name, file in grown.items():
            file.write(truth.HEADERS[name])
        for block in blocks:
            for name, text in block.files.items():
                disk.add(name, text)
            for name, rows in block.truth.items():
                grown[name].write(rows)
            for what, many in block.counts.items():
                counts[what] = counts.get(what, 0) + many
            for kind, candidate in block.candidates.items():
                if candidate[0] > best.get(kind, (-1.0,))[0]:
                    best[kind] = candidate
                    subjects[candidate[1]] = block.subjects[candidate[1]]
            done += block.people
            if on_progress:
                on_progress(done, world.residents)
        disk.flush()
        grown["counts.csv"].writelines(f"{source},{what},{many}\n" for (source, what), many in sorted(counts.items()))
        grown["worth_opening.csv"].write(truth.worth_rows(best, subjects))
    finally:
        for file in grown.values():
            file.close()
    for (_, counted), many in counts.items():
        disk.totals[counted] = disk.totals.get(counted, 0) + many


def _put(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def _declaration(world: World, declared: list[Declared]) -> str:
    """Answer sources.toml: every source says that its people are simulated."""
    texts = [
        f"# What the partners of {world.name} would send, simulated with seed {world.seed} up to {ISO[LAST_DAY]}.\n"
        "# Nobody in it is real.\n"
    ]
    for one in declared:
        texts.append("\n[[source]]\n")
        for name, value in one._asdict().items():
            if value == "" or (name, value) in (("id_unique", True), ("charset", "utf-8"), ("duplicate_free", False)):
                continue
            shown = str(value).lower() if isinstance(value, bool | int) else '"' + value.replace('"', '\\"') + '"'
            texts.append(f"{name} = {shown}\n")
        texts.append("simulated = true\n")
    return "".join(texts)


def _practice_list(world: World) -> str:
    """Answer the practices in the layout of the published epraccur.csv: 27 columns, no header."""
    return "".join(
        _listed(world, one.ods, one.name, f"{one.name} premises", one.postcode, one.sub_icb, one.phone, "4")
        for one in world.practices
    )


def _other_list(world: World) -> str:
    """Answer the voluntary organisations in the layout of the published enonnhs.csv, which is the same."""
    return "".join(_listed(world, one.ods, one.name, "", "", world.icb, "", "") for one in world.voluntary)


def _listed(world: World, *said: str) -> str:
    ods, name, premises, postcode, commissioner, phone, prescribing = said
    columns = [""] * 27
    columns[0], columns[1], columns[3] = ods, name.upper(), world.icb
    columns[4], columns[7] = premises.upper(), world.name.upper()
    columns[9], columns[10], columns[12], columns[13] = postcode, "20000401", "A", "B"
    columns[14], columns[15], columns[17], columns[21] = commissioner, "20220701", phone, "0"
    columns[23], columns[25] = commissioner, prescribing
    return ",".join(f'"{value}"' for value in columns) + "\n"


def _postcode_list(world: World) -> str:
    """Answer the made-up postcodes with the columns of the ONS Postcode Directory that say where they are."""
    rows = ["pcds,dointr,doterm,oslaua,lsoa11,sicbl\n"]
    for index, area in enumerate(world.areas):
        rows += [f"{code},200001,,{area.council},{area.code},{area.sub_icb}\n" for code in postcodes_of(index, area)]
    return "".join(rows)
