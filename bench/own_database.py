"""A data folder and a database server of a benchmark's own, both gone when it ends."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def own_database() -> Iterator[Path]:
    """Answer an empty folder to work in; inside the block Django is set up and every table is there."""
    folder = Path(tempfile.mkdtemp(prefix="joinedup-bench-"))
    os.environ["JOINEDUP_DATA"] = str(folder / "data")
    os.environ["DJANGO_SETTINGS_MODULE"] = "joinedup.settings"
    os.environ.pop("DATABASE_URL", None)
    from joinedup import database

    try:
        database.ready()
        yield folder
    finally:
        database.stop()
        shutil.rmtree(folder, ignore_errors=True)
