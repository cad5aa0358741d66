"""Letters with a link: sent once the act is kept, by a mail server or into a folder that only its owner may read."""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.mail import send_mail
from django.core.mail.backends.filebased import EmailBackend
from django.db import transaction
from django.urls import reverse

from joinedup.errors import JoinedupError

logger = logging.getLogger("joinedup.letters")


class LetterNotSent(JoinedupError):
    """The act is kept, but its letter could not be sent: the mail server does not answer or refused it."""

    status = 502


class Outbox(EmailBackend):
    """Writes letters into a folder. Whoever reads a letter can choose its receiver's password, so nobody else may."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        folder = Path(settings.EMAIL_FILE_PATH)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.chmod(0o700)
        super().__init__(*args, **kwargs)


def send_when_done(
    to: str, subject: str, text: str, route: str, token: str, *, asked_by_stranger: bool = False
) -> None:
    """Send a letter with a link when the transaction commits; an act that is rolled back sends none.

    Raises LetterNotSent after the commit when it cannot be sent. A stranger who asks for a letter must not learn from
    the answer, or from the time it takes, whether there is such an account: theirs is sent beside, and a failure goes
    to the log only.
    """
    address = settings.PUBLIC_URL + reverse(f"access:{route}", args=[token])

    def send() -> None:
        try:
            send_mail(subject, f"{text}\n\n{address}\n", None, [to])
        except OSError as error:  # Also every error of SMTP.
            logger.error("letter.not_sent", exc_info=error)
            raise LetterNotSent(
                "It is done, but the letter could not be sent: the mail server does not answer or refused it. "
                "Correct JOINEDUP_MAIL_HOST and send it again."
            ) from error

    def send_beside() -> None:
        try:
            send()
        except LetterNotSent:
            return  # It is in the log.

    if asked_by_stranger:
        transaction.on_commit(lambda: threading.Thread(target=send_beside, name="letter").start())
    else:
        transaction.on_commit(send)
