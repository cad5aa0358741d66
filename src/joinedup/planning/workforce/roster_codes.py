"""What a roster may name besides bodies, places and professions: sectors without a body of their own, and skills."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from pathlib import Path

from joinedup.planning.plans.plan_lines import Code

CODES = Path(__file__).with_name("roster_codes.toml")


def sectors() -> dict[Code, str]:
    """Answer the names of sectors, such as general practice, whose rosters come together and by place."""
    return _tables()["sectors"]


def skills() -> dict[Code, str]:
    """Answer the names of the skills that a roster may name."""
    return _tables()["skills"]


@lru_cache(maxsize=1)
def _tables() -> dict[str, dict[Code, str]]:
    return tomllib.loads(CODES.read_text(encoding="utf-8"))
