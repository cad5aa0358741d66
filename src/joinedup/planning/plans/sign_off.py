"""Signing off: both sides sign the same reconciliation, and the system signs last (rule MD7)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from joinedup.errors import RuleError
from joinedup.moment import LONDON
from joinedup.planning.plans.deadlines import NaiveDatetime
from joinedup.planning.plans.plan_lines import Code
from joinedup.planning.plans.versions import Person, PlanVersion, Signature, StaleSignature, check_signature
from joinedup.planning.triangulation.resolution import Gap, is_settled, resolutions_hash

if TYPE_CHECKING:
    from joinedup.planning.triangulation.consistency_checks import CheckResult

SYSTEM = "system"  # the role of the signature that comes last
LEAST_REASON = 10  # characters of a waiver's reason


class SignOffBlocked(RuleError):
    """Nothing can be signed yet. `reasons` say each thing that stands in the way."""

    def __init__(self, reasons: Sequence[str]) -> None:
        self.reasons = tuple(reasons)
        super().__init__("MD7: this cannot be signed yet.\n" + "\n".join(f"- {one}" for one in reasons))


class HashMismatch(RuleError):
    """Two signatures would be for different reconciliations."""


@dataclass(frozen=True, slots=True)
class Waiver:
    """That a named person lets a failed check pass, with the reason that all partners read."""

    check: str
    person: str
    reason: str


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What two plans came to: the hashes of both versions, of their pairs and of the resolutions, and of it all.

    `blocks` are the reasons for which it may not be signed yet, in words.
    """

    commissioner_version: str
    provider_version: str
    commissioner: Code
    provider: Code
    commissioner_hash: str
    provider_hash: str
    pairs_hash: str
    resolutions_hash: str
    blocks: tuple[str, ...] = ()

    @property
    def hash(self) -> str:
        """The SHA-256 of both versions' hashes, the pairs' and the resolutions'; what every signature binds."""
        parts = (self.commissioner_hash, self.provider_hash, self.pairs_hash, self.resolutions_hash)
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def reconcile(
    c: PlanVersion,
    p: PlanVersion,
    pairs_hash: str,
    gaps: Iterable[Gap],
    *,
    on: date,
    checks: Iterable[CheckResult] = (),
    waivers: Iterable[Waiver] = (),
    missing_sections: Iterable[str] = (),
    missed_deadlines: Iterable[str] = (),
) -> Reconciliation:
    """Answer the reconciliation of two versions, with what stands in the way of signing it on a day.

    In the way stand: a gap that is not closed (or whose explanation has expired), a consistency check that fails or
    could not be made and that nobody waived by name, a mandatory section that is empty, a hard deadline that was
    missed. RuleError for a waiver without a name or a reason of at least 10 characters.
    """
    every = list(gaps)
    waived = {one.check for one in map(_checked, waivers)}
    blocks = [f"the gap {gap.id} ({_about(gap)}) is {gap.state}" for gap in every if not is_settled(gap, on)]
    blocks += [f"the check '{one.check}' {one.status}: {one.says}" for one in checks
               if one.status not in ("passes", "not applicable") and one.check not in waived]  # fmt: skip
    blocks += [f"the section '{one}' is empty" for one in missing_sections]
    blocks += [f"the deadline {one} was missed" for one in missed_deadlines]
    return Reconciliation(
        c.name, p.name, c.owner, p.owner, c.content_hash, p.content_hash, pairs_hash, resolutions_hash(every),
        tuple(blocks),
    )  # fmt: skip


def sign(
    version: PlanVersion,
    body: Code,
    role: str,
    person: Person,
    *,
    reconciliation: Reconciliation,
    at: datetime,
    signatures: Sequence[Signature] = (),
    system: Code | None = None,
    versions: Mapping[str, PlanVersion] | None = None,
) -> Signature:
    """Answer the signature of a person for a body under a version and the reconciliation it went into.

    `signatures` are those already given for this reconciliation; `system` is the body that signs last, in the
    role "system". `versions` are the versions, by name, that earlier signatures are checked against.

    SignOffBlocked names all that stands in the way, also when the version is not agreed, when the body has no part in
    it or has signed, and when the system would sign before both sides. HashMismatch when an earlier signature is for
    another reconciliation; StaleSignature when it is for other content, or the version is not the reconciled one.
    """
    if at.tzinfo is None:
        raise NaiveDatetime("MD7: a signature needs an instant with its time zone.")
    names = {
        reconciliation.commissioner_version: reconciliation.commissioner_hash,
        reconciliation.provider_version: reconciliation.provider_hash,
    }
    if names.get(version.name) != version.content_hash:
        raise StaleSignature(
            f"MD7: {version.name} ({version.content_hash[:12]}) is not what was reconciled. Compare the plans again."
        )
    for earlier in signatures:
        if earlier.reconciliation != reconciliation.hash:
            raise HashMismatch(
                f"MD7: {earlier.body} signed the reconciliation {earlier.reconciliation[:12]}; this one is "
                f"{reconciliation.hash[:12]}. All must sign the same: ask {earlier.body} to sign this one."
            )
        if versions and earlier.version in versions:
            check_signature(earlier, versions[earlier.version])
    blocks = [*reconciliation.blocks, *_out_of_turn(version, body, role, reconciliation, signatures, system)]
    if blocks:
        raise SignOffBlocked(blocks)
    return Signature(version.name, body, role, person.id, version.content_hash, reconciliation.hash, at)


def _out_of_turn(
    version: PlanVersion,
    body: Code,
    role: str,
    reconciliation: Reconciliation,
    signatures: Sequence[Signature],
    system: Code | None,
) -> list[str]:
    sides = {reconciliation.commissioner, reconciliation.provider}
    # A system's body may also be the commissioner: it signs for its side first, and as the system last.
    signed = {one.body for one in signatures if one.role != SYSTEM}
    blocks = []
    if version.state not in ("agreed", "signed"):
        blocks.append(f"{version.name} is {version.state}; it is agreed first")
    if role == SYSTEM:
        if body != system:
            blocks.append(f"{body} is not the system, {system or 'which was not named'}")
        if any(one.role == SYSTEM for one in signatures):
            blocks.append("the system has signed")
        blocks += [f"{side} has not signed, and the system signs last" for side in sorted(sides - signed)]
    elif body != version.owner:
        blocks.append(f"{body} does not own {version.name}; {version.owner} signs it")
    elif body in signed:
        blocks.append(f"{body} has signed")
    return blocks


def _checked(waiver: Waiver) -> Waiver:
    if not waiver.person or len(waiver.reason.strip()) < LEAST_REASON:
        raise RuleError(
            f"MD7: the check '{waiver.check}' is waived by name and with a reason of {LEAST_REASON} characters or more."
        )
    return waiver


def _about(gap: Gap) -> str:
    return " ".join(part for part in gap.disagreement.pair[:7] if part)


def day_of(at: datetime) -> date:
    """Answer the day in London of an instant."""
    return at.astimezone(LONDON).date()
