"""Which inputs a result was made from, as a short digest: the same inputs give the same one (rule M0.5)."""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np


def inputs_hash(*inputs: object) -> str:
    """Answer the SHA-256 digest, in 64 hex digits, of values: dataclasses, arrays, mappings, texts, numbers, dates.

    The order of a mapping doesn't matter, that of a sequence does.
    """
    said = json.dumps(_plain(inputs), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(said.encode()).hexdigest()


def _plain(value: object) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {"is": type(value).__name__} | {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, dict):
        return {json.dumps(_plain(key), ensure_ascii=False): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return str(value)
