"""The acts of the scheme of delegation: functions reserved, delegated, handed on, taken back (rules: D1, D2, D5)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING

from django.db import transaction

from joinedup.access import record
from joinedup.errors import NotFound, RuleError
from joinedup.governance import models
from joinedup.governance.acts.boards import must_exist, one_of
from joinedup.governance.delegation.deciding_alone import RESERVED
from joinedup.governance.delegation.scheme import Delegation, check_handing_on
from joinedup.governance.kept.boards import board_of
from joinedup.governance.kept.delegations import as_delegation, check_powers
from joinedup.governance.kept.registers import believed, known_from, lock, open_days, said, state

if TYPE_CHECKING:
    from joinedup.access import Grant

KEEP = "governance.keep"


def reserve(
    grant: Grant,
    key: str,
    function: str,
    board: str,
    *,
    since: date,
    until: date | None = None,
    reserved_type: str = "",
    reason: str,
    known_at: datetime | None = None,
) -> None:
    """Reserve a function to a board for the days [since, until): nobody below decides about it."""
    if reserved_type:
        one_of(reserved_type, RESERVED, "reserved type")
    line = Delegation(key, function, board, "board", board, since, until, reserved=True)
    _keep(grant, line, reserved_type, reason, "governance.reserve", known_at)


def delegate(
    grant: Grant,
    line: Delegation,
    *,
    reason: str,
    signatures: Sequence[str] = (),
    is_interim: bool = False,
    known_at: datetime | None = None,
) -> None:
    """Delegate a function, with its limit in pence; a later line of the same key takes its place from its first day.

    A line with a `parent` is handed on: that needs what rule D5 asks for. Raises HandingOnRefused, DelegationError.
    """
    if line.reserved:
        raise RuleError("D1: a function is reserved by `reserve`.")
    with transaction.atomic():
        lock(*(f"delegation {key}" for key in (line.key, line.parent) if key))
        at = known_from(grant, known_at)
        parent = line.parent
        if parent:
            above = [as_delegation(one) for one in believed(models.Delegation, at, key=parent)]
            on = [one for one in above if one.is_on(line.start)]
            if not on:
                raise NotFound(f"D5: there is no delegation '{parent}' on {line.start} that could be handed on.")
            check_handing_on(on[0], line, signatures=signatures, is_interim=is_interim)
        if line.to_kind == "body":
            must_exist(line.to, line.start, at)
        elif line.to_kind in {"board", "committee"}:
            board_of(line.to)
        _keep(grant, line, "", reason, "governance.delegate", known_at)


def keep_power(
    grant: Grant,
    power: str,
    law: str,
    *,
    law_from: date,
    law_to: date | None = None,
    reason: str,
    known_at: datetime | None = None,
) -> None:
    """Say on which days [law_from, law_to) which law allows a function, or a joint committee by its key (G6)."""
    grant.must_be_for(KEEP)
    why = said(reason, "G6: a power in law")
    if law_to is not None and law_to <= law_from:
        raise RuleError(f"G6: the law would allow it until {law_to}, not after {law_from}.")
    with transaction.atomic():
        lock(f"power {power}")
        at = known_from(grant, known_at)
        says = {"law": said(law, "G6: a power (its law)")}
        if state(
            models.PowerInLaw, {"power": said(power, "G6: a power")}, says, open_days(law_from, law_to), grant, at, why
        ):
            details = {"law_from": str(law_from), "law_to": str(law_to or "")}
            record(grant, "governance.keep-power", f"power:{power}", details=details)


def end_delegation(grant: Grant, key: str, *, on: date, reason: str, known_at: datetime | None = None) -> None:
    """Take a delegation back, or end a reservation, from a day on."""
    grant.must_be_for(KEEP)
    why = said(reason, "D5: the end of a delegation")
    with transaction.atomic():
        lock(f"delegation {key}")
        at = known_from(grant, known_at)
        if not state(models.Delegation, {"key": key}, None, open_days(on), grant, at, why):
            raise NotFound(f"There is no delegation '{key}' on any day from {on} on.")
        record(grant, "governance.end-delegation", f"delegation:{key}", details={"on": str(on)})


def _keep(
    grant: Grant, line: Delegation, reserved_type: str, reason: str, action: str, known_at: datetime | None
) -> None:
    grant.must_be_for(KEEP)
    why = said(reason, "D1: a line of the scheme")
    with transaction.atomic():
        lock(f"delegation {line.key}")
        at = known_from(grant, known_at)
        powers = {line.function, line.to} if line.to_kind in {"board", "committee"} else {line.function}
        check_powers(powers, line.start, line.end, at)
        says = {
            "function": line.function, "from_board": board_of(line.from_board), "to_kind": line.to_kind, "to": line.to,
            "limit_pence": line.limit_pence, "per": line.per, "per_population": line.per_population,
            "sub_delegation": line.sub_delegation, "reserved": line.reserved, "reserved_type": reserved_type,
            "conditions": line.conditions, "parent": line.parent, "written_approval": line.written_approval,
        }  # fmt: skip
        if state(models.Delegation, {"key": line.key}, says, open_days(line.start, line.end), grant, at, why):
            details = {"function": line.function, "to": line.to, "pence": line.limit_pence, "since": str(line.start)}
            record(grant, action, f"delegation:{line.key}", details=details)
