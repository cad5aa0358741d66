"""Jobs of access, run by `joinedup serve`: each minute the audit is sealed, each hour what is over is forgotten."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from procrastinate.contrib.django import app

from joinedup.access.sealing import seal
from joinedup.access.sessions import forget_sessions
from joinedup.access.sign_in import forget_tries

logger = logging.getLogger("joinedup.access")


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="access.seal", lock="access.seal", pass_context=False)
def seal_audit(timestamp: int) -> None:
    """Seal what was written to the audit since the last minute."""
    sealed = seal("audit")
    if sealed.entries or sealed.unsigned:
        counts = {"segments": sealed.segments, "entries": sealed.entries, "unsigned": len(sealed.unsigned)}
        logger.info("audit.sealed", extra={"counts": counts})


@app.periodic(cron="17 * * * *")
@app.task(queueing_lock="access.forget", lock="access.forget", pass_context=False)
def forget(timestamp: int) -> None:
    """Delete tries to sign in that can lock nobody any more, and sessions that have run out."""
    at = datetime.now(UTC)
    forget_tries(at)
    forget_sessions(at)
