"""Boards, papers, decisions, delegations, interests, risks and the transition between legal forms."""

from __future__ import annotations

from importlib import import_module
from typing import Any

# A module never has the name of one of these: importing it would put it in the name's place.
_WHERE: dict[str, str] = {}

__all__ = sorted(_WHERE)


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"joinedup.governance has no public name '{name}'")
    return getattr(import_module(f"joinedup.governance.{_WHERE[name]}"), name)
