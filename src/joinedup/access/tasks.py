"""Jobs of access, run by `joinedup serve`: logs are sealed and proved, alerts are sent, what is over is forgotten."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from uuid import UUID

from django.conf import settings
from django.db import transaction
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from joinedup.access import alerts
from joinedup.access.audit import record
from joinedup.access.grant import service_grant
from joinedup.access.proof import verify
from joinedup.access.sealing import seal
from joinedup.access.sessions import forget_sessions
from joinedup.access.sign_in import forget_tries

logger = logging.getLogger("joinedup.access")
NAMED = 20  # findings that the audit entry of a night names; `joinedup audit verify` names all


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="access.seal", lock="access.seal", pass_context=False)
def seal_audit(timestamp: int) -> None:
    """Seal what was written to the audit, and to the logs of other rooms, since the last minute."""
    for log in ("audit", *settings.SEALED_LOGS):
        sealed = seal(log)
        if sealed.entries or sealed.unsigned:
            counts = {"segments": sealed.segments, "entries": sealed.entries, "unsigned": len(sealed.unsigned)}
            logger.info(f"{log}.sealed", extra={"counts": counts})


@app.periodic(cron="41 2 * * *")
@app.task(queueing_lock="access.verify", lock="access.verify", pass_context=False)
def verify_logs(timestamp: int) -> None:
    """Each night, prove every sealed log; what was found is in the server's log, and that it was found in the audit."""
    for log in ("audit", *settings.SEALED_LOGS):
        report = verify(log)
        counts = {"entries": report.entries, "findings": len(report.findings)}
        with transaction.atomic():
            says = [finding.says for finding in report.findings[:NAMED]]
            record(
                service_grant("access.verify", "prove that logs are as they were sealed", "joinedup's own timetable"),
                f"{log}.verify",
                f"log:{log}",
                details={**counts, "holds": report.holds, "says": says},
            )
        logger.log(
            logging.INFO if report.holds else logging.ERROR,
            f"{log}.verified" if report.holds else f"{log}.broken",
            extra={"counts": counts},
        )


@app.periodic(cron="17 * * * *")
@app.task(queueing_lock="access.forget", lock="access.forget", pass_context=False)
def forget(timestamp: int) -> None:
    """Delete tries to sign in that can lock nobody any more, and sessions that have run out."""
    at = datetime.now(UTC)
    forget_tries(at)
    forget_sessions(at)


@app.task(retry=RetryStrategy(max_attempts=5, wait=5))
def send_alert(reference: str) -> None:
    """Send the letter of an alert to the privacy officers of its organisation."""
    alerts.send(UUID(reference), datetime.now(UTC))


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="access.alerts", lock="access.alerts", pass_context=False)
def send_alerts(timestamp: int) -> None:
    """Send the letters of alerts that should have gone out and have not, such as after a mail server was away."""
    at = datetime.now(UTC)
    for reference in alerts.unsent(at):
        alerts.send(reference, at)
