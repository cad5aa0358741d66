"""The MESH mailbox: what partners send through it is collected and acknowledged only when it is held (rules: R2, R17).

A message is downloaded whole into a file, handed to `apply`, and acknowledged, which removes it from the mailbox, only
after `apply` has returned. Cut off anywhere before, it is still in the mailbox; cut off between, it comes once more and
the ledger sees that it was held. The collector knows no database.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from joinedup.feeds.mllp import Outcome


@dataclass(frozen=True, slots=True)
class Message:
    """A message that is whole on this machine, in the file `path`. `sender` is a mailbox, `workflow` its workflow id."""

    id: str
    sender: str
    workflow: str
    path: Path


Apply = Callable[[Message], Outcome]


class Mailbox(Protocol):
    """A mailbox at MESH, or a folder with the same contract."""

    def waiting(self) -> list[str]: ...
    def download(self, message_id: str, folder: Path) -> Message: ...
    def acknowledge(self, message_id: str) -> None: ...
