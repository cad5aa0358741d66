"""Where snapshots are made and kept: written aside, then renamed whole, so that a kill leaves none by half.

`.making` below the folder of snapshots holds what is being made; what a killed run left there is removed by the next.
A revision is written whole beside its snapshot and takes its place; killed between the two renames, the next run puts
the new one in the place of the old.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from joinedup.errors import Unavailable
from joinedup.population.snapshot import snapshots_folder

MAKING = ".making"
REVISED = "revised"


@contextmanager
def alone() -> Iterator[Path]:
    """Hold the folder of snapshots for one writer, tidied up; answers an empty folder to make something in.

    Raises Unavailable while another process makes a snapshot.
    """
    root = snapshots_folder()
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    root.chmod(0o700)
    with (root / ".lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Unavailable("Another process makes a snapshot. Try again when it has ended.") from None
        _tidy(root)
        making = root / MAKING
        making.mkdir(mode=0o700)
        try:
            yield making
        finally:
            shutil.rmtree(making, ignore_errors=True)


def put_in_place(made: Path, id_: str) -> Path:
    """Give a snapshot its name: from now on it is there. Its files are on the disk before its name is."""
    root = snapshots_folder()
    _sync(made)
    target = root / id_
    made.rename(target)
    _sync_folder(root)
    return target


def put_in_place_of(revised: Path, id_: str) -> None:
    """Put a revision in the place of its snapshot. `revised` lies in the folder that `alone` answers."""
    root = snapshots_folder()
    _sync(revised)
    waiting = root / MAKING / REVISED / id_
    waiting.parent.mkdir(exist_ok=True, mode=0o700)
    revised.rename(waiting)  # From here on the revision will stand, also after a kill.
    _sync_folder(waiting.parent)
    _swap(root, waiting)


def _tidy(root: Path) -> None:
    """Finish what a killed run had decided, and remove what it had not."""
    for waiting in sorted((root / MAKING / REVISED).glob("*")):
        if (waiting / "manifest.json").is_file():
            _swap(root, waiting)
    shutil.rmtree(root / MAKING, ignore_errors=True)


def _swap(root: Path, waiting: Path) -> None:
    gone = root / MAKING / "replaced" / waiting.name
    gone.parent.mkdir(exist_ok=True, mode=0o700)
    target = root / waiting.name
    if target.exists():
        target.rename(gone)
    waiting.rename(target)
    _sync_folder(root)
    shutil.rmtree(gone, ignore_errors=True)


def _sync(folder: Path) -> None:
    for where, _, files in os.walk(folder):
        os.chmod(where, 0o700)
        for name in files:
            path = Path(where) / name
            # Linked from the snapshot before, a file is on the disk already and has its mode.
            if path.stat().st_nlink == 1:
                path.chmod(0o600)
                descriptor = os.open(path, os.O_RDONLY)
                try:
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)
        _sync_folder(Path(where))


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
