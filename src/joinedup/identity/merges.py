"""Merges that a source sends (A40): applied at once, or put before a person when something speaks against them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from joinedup.identity.values import MergeApplied

if TYPE_CHECKING:
    from joinedup.access import Grant
    from joinedup.feeds import Merge


def apply_merges(grant: Grant, source_key: str, merges: Sequence[Merge]) -> list[MergeApplied]:
    """Honour a source's merges in the open transaction."""
    raise NotImplementedError


def merge_links(subject_ids: Iterable[UUID]) -> dict[UUID, list[tuple[str, str]]]:
    """Answer what each Patient must say of its merges: (`replaced-by` or `replaces`, the source's other id).

    Only subjects that a merge ever named are in the answer; an empty list says that every merge of it is undone.
    """
    return {}
