"""Pounds that somebody typed into a form of this room, read as whole pence."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext as _

from joinedup.errors import RuleError
from joinedup.money import pot_of_pounds

MOST_PENCE = 10**15


def pence_sent(sent: Mapping[str, str], name: str, what: str, errors: dict[str, str], *, signed: bool = False) -> int:
    """Answer the pence that were typed as pounds, 0 or more; what is wrong goes to `errors` under the field's name."""
    del signed  # No form of this room asks for less than nothing.
    text = sent.get(name, "").strip().removeprefix("£")
    if text in {"0", "0.00"}:
        return 0
    try:
        pence = pot_of_pounds(text) if text else None
    except RuleError:
        pence = None
    if pence is None or not 0 <= pence <= MOST_PENCE:
        errors[name] = _("%(what)s must be pounds and pence, such as 1234.56") % {"what": what}
        return 0
    return pence
