"""The web server's own log, in the same lines as ours: its words may hold an address with its query, or a value."""

from __future__ import annotations

from typing import Any

from gunicorn.glogging import Logger

from joinedup.ui.logs import AllowListedLine


class ServerLog(Logger):  # type: ignore[misc]  # gunicorn has no types
    """What gunicorn is told to log with (rules: trust T58)."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(AllowListedLine())
