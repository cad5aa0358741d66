"""Jobs of access, run by `joinedup serve`: the audit is sealed each minute."""

from __future__ import annotations

import logging

from procrastinate.contrib.django import app

from joinedup.access.sealing import seal

logger = logging.getLogger("joinedup.access")


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="access.seal", lock="access.seal", pass_context=False)
def seal_audit(timestamp: int) -> None:
    """Seal what was written to the audit since the last minute."""
    sealed = seal("audit")
    if sealed.entries or sealed.unsigned:
        counts = {"segments": sealed.segments, "entries": sealed.entries, "unsigned": len(sealed.unsigned)}
        logger.info("audit.sealed", extra={"counts": counts})
