"""What this room adds to the site's navigation, for those who may follow it."""

from __future__ import annotations

from typing import Any

from joinedup.ui import NavigationEntry


def entries(request: Any) -> list[NavigationEntry]:
    """Answer the links into this room that whoever asks may follow."""
    return []
