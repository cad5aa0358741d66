"""Jobs of boards, run by `joinedup serve`: what members may no longer adopt is settled each night (rule G2)."""

from __future__ import annotations

import logging

from procrastinate.contrib.django import app

from joinedup.access import service_grant
from joinedup.governance.acts.adopting import settle_adoptions
from joinedup.moment import now

logger = logging.getLogger("joinedup.governance")


@app.periodic(cron="7 3 * * *")
@app.task(queueing_lock="governance.adoptions", lock="governance.adoptions", pass_context=False)
def settle(timestamp: int) -> None:
    """Settle the decisions whose days to adopt are over; money acts on those that stand by that."""
    grant = service_grant("governance.settle", "settle what members may no longer adopt", "joinedup's own timetable")
    settled = settle_adoptions(grant, on=now().valid_on)
    if settled:
        logger.info("governance.settled", extra={"counts": {"decisions": len(settled)}})
