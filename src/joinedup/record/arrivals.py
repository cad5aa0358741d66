"""What arrives by itself: one message by MLLP, one by MESH. Acknowledged when it is stored, or set aside (rules: R2)."""

from __future__ import annotations

import hashlib
from pathlib import Path
from tempfile import TemporaryDirectory

from django.db import close_old_connections, transaction

from joinedup.access import service_grant
from joinedup.errors import FileError
from joinedup.feeds import Outcome, Source, ledger, read_delivery
from joinedup.record.intake import keep, settle_batch
from joinedup.record.loading import is_known_organisation


def apply_message(raw: bytes, source: Source, *, channel: str = "mllp", message_id: str = "") -> Outcome:
    """Take in one message in one transaction with its place in the ledger; answers how it is acknowledged.

    The same bytes again are held already and acknowledged as the first time. What cannot be read is set aside and
    acknowledged all the same, or its sender would stand still. Raises what the database raises: send it again.
    """
    close_old_connections()
    grant = service_grant("record.intake", "take in what partners send", "whoever runs this machine")
    with TemporaryDirectory(prefix="joinedup-") as folder:
        path = Path(folder) / "message"
        path.write_bytes(raw)
        with transaction.atomic():
            sha256 = hashlib.sha256(raw).digest()
            delivery = ledger.begin(source.key, "message", sha256, len(raw), channel, message_id=message_id)
            if delivery.is_duplicate:
                return Outcome.HELD
            try:
                batches = list(read_delivery(path, source, is_known_organisation=is_known_organisation))
            except FileError as error:
                ledger.refuse(delivery.id, str(error))
                return Outcome.REFUSED
            for batch in batches:
                settle_batch(grant, delivery, source, 0, batch, keep(grant, delivery, source, batch))
            ledger.finish(delivery.id)
    return Outcome.HELD
