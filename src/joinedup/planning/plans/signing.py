"""Waiving, reconciling and signing; and the documents that a system owes. Acts, audited as those of `services`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from django.db import transaction

from joinedup.access import record
from joinedup.errors import RuleError
from joinedup.moment import now, parse_day
from joinedup.planning.models import (
    CheckWaiver,
    Comparison,
    Document,
    DocumentEntry,
    Plan,
    Version,
    VersionSignature,
)
from joinedup.planning.parameters import ParameterSet
from joinedup.planning.planning_systems import is_a_system
from joinedup.planning.plans import kept_plans
from joinedup.planning.plans.documents import Owed, document_kind, owed_for
from joinedup.planning.plans.plan_lines import Code, first_day
from joinedup.planning.plans.sign_off import (
    LEAST_REASON,
    SYSTEM,
    Reconciliation,
    Waiver,
    reconcile,
    sign as sign_version,
)
from joinedup.planning.plans.versions import Person, move
from joinedup.planning.services import SIGN, SUBMIT, must_act_for, put_step
from joinedup.planning.system_parameters import system_parameters
from joinedup.planning.triangulation.resolution import is_settled
from joinedup.planning.triangulation.standing import checks_of

if TYPE_CHECKING:
    from joinedup.access import Grant


def waive(grant: Grant, version_id: int, check: str, reason: str) -> CheckWaiver:
    """Let a failed check of a version pass, by name and with a reason that all partners read."""
    grant.must_be_for(SIGN)
    version = kept_plans.version_of(version_id)
    if len(reason.strip()) < LEAST_REASON:
        raise RuleError(f"MD7: a check is waived with a reason of at least {LEAST_REASON} characters.")
    with transaction.atomic():
        made = CheckWaiver.objects.create(
            version=version, check_name=check, reason=reason.strip(), by=grant.actor_id, at=datetime.now(UTC)
        )
        record(grant, "planning.waive", f"plan:{version.pk}", details={"check": check})
    return made


def reconciliation(
    comparison: Comparison,
    *,
    parameters: ParameterSet | None = None,
) -> Reconciliation:
    """Answer what a comparison came to today, and what stands in the way of signing it.

    `parameters` are those that hold in this installation, unless given: joinedup's own and the system's assumptions.
    The documents that the commissioner owes as a system stand in the way, too, while a section is empty or a hard
    deadline has passed with nothing sent.
    """
    ours, theirs = (
        kept_plans.plan_version(one) for one in (comparison.commissioner_version, comparison.provider_version)
    )
    gaps = [gap for _, gap in kept_plans.gaps_of(comparison)]
    checks = checks_of(comparison, parameters or system_parameters())
    owed = owed_by(comparison)
    rows = CheckWaiver.objects.filter(version__in=(comparison.commissioner_version, comparison.provider_version))
    waivers = [Waiver(row.check_name, row.by, row.reason) for row in rows]
    return reconcile(
        ours, theirs, comparison.inputs_hash, gaps, on=now().valid_on, checks=checks, waivers=waivers,
        missing_sections=[f"{one.title}: {section}" for one in owed for section in one.empty],
        missed_deadlines=[
            f"{one.title}, {deadline.scope} {deadline.stage} (due on {deadline.due}, nothing sent)"
            for one in owed for deadline in one.missed
        ],
    )  # fmt: skip


def owed_by(comparison: Comparison) -> list[Owed]:
    """Answer what the commissioner's documents lack today, where it is a system; nothing of any other commissioner."""
    plan = comparison.commissioner_version.plan
    if not is_a_system(plan.owner):
        return []
    return owed_for(first_day(plan.year), kept_plans.documents_of(plan.owner), now().valid_on)


def sign(
    grant: Grant,
    comparison_id: int,
    *,
    body: Code,
    as_system: bool = False,
    parameters: ParameterSet | None = None,
) -> VersionSignature:
    """Sign a comparison for one of its bodies, or last for the system (the commissioner's own system).

    SignOffBlocked names all that stands in the way, HashMismatch and StaleSignature as the rule says.
    """
    grant.must_be_for(SIGN)
    must_act_for(grant, body)
    with transaction.atomic():
        comparison = kept_plans.comparison_of(comparison_id)
        kept = (comparison.commissioner_version, comparison.provider_version)
        for plan in sorted({one.plan_id for one in kept}):
            Plan.objects.select_for_update().get(pk=plan)
        newer = Comparison.objects.filter(
            commissioner_version__plan=kept[0].plan, provider_version__plan=kept[1].plan, pk__gt=comparison.pk
        ).exists()
        what = reconciliation(comparison, parameters=parameters)
        if newer:
            raise RuleError("MD7: these plans were compared again since; sign the newest comparison.")
        if not what.blocks:
            for version in kept:
                if kept_plans.state_of(version) == "reconciling" and _all_settled(version):
                    put_step(grant, version, "agreed")
        mine = kept[0] if body == what.commissioner or as_system else kept[1]
        version = kept_plans.plan_version(mine)
        if not what.blocks and version.state == "reconciling":
            version = move(version, "agreed")  # Another pair of this plan still has gaps; this pair has none.
        at = datetime.now(UTC)
        role = SYSTEM if as_system else grant.role or "service"
        made = sign_version(
            version, body, role, Person(grant.actor_id, body, role), reconciliation=what, at=at,
            signatures=kept_plans.signatures_of(comparison), system=body if as_system else None,
            versions={version.name: version},
        )  # fmt: skip
        row = VersionSignature.objects.create(
            version=mine, comparison=comparison, body=body, role=made.role, content_hash=made.hash,
            reconciliation=made.reconciliation, by=grant.actor_id, at=at,
        )  # fmt: skip
        if as_system:
            for one in kept:
                if kept_plans.state_of(one) == "agreed" and _all_signed(one):
                    put_step(grant, one, "signed")
        details = {"body": body, "role": made.role, "hash": made.reconciliation}
        record(grant, "planning.sign", f"comparison:{comparison.pk}", details=details)
    return row


def write_document(
    grant: Grant, kind: str, system: Code, what: str, key: str, *, text: str = "", owner: str = ""
) -> None:
    """Write a section (text or owner), an approval (its day), a partner's adoption, or that a stage was sent now.

    RuleError for a section, approval or stage that the kind does not have.
    """
    grant.must_be_for(SUBMIT)
    wanted = document_kind(kind)
    known = {
        "section": {one.key for one in wanted.sections},
        "approval": set(wanted.approvals),
        "sent": {one.stage for one in wanted.deadlines},
        "adoption": {key},
    }
    if what not in known or key not in known[what]:
        said = ", ".join(sorted(known.get(what, known)))
        raise RuleError(f"The {wanted.title.lower()} has no {what} '{key}'; known: {said}.")
    if what == "approval":
        text = (parse_day(text) if text else now().valid_on).isoformat()
    if what == "adoption":
        must_act_for(grant, key)
    at = datetime.now(UTC)
    with transaction.atomic():
        document, _ = Document.objects.get_or_create(
            kind=kind, system=system, defaults={"by": grant.actor_id, "at": at}
        )
        DocumentEntry.objects.create(
            document=document, what=what, key=key, text=text, owner=owner, by=grant.actor_id, at=at
        )
        record(grant, "planning.document", f"document:{document.pk}", details={"what": what, "key": key})


def _all_settled(version: Version) -> bool:
    today = now().valid_on
    every = kept_plans.latest_comparisons()
    mine = [one for one in every if version.pk in (one.commissioner_version_id, one.provider_version_id)]
    return all(is_settled(gap, today) for one in mine for _, gap in kept_plans.gaps_of(one))


def _all_signed(version: Version) -> bool:
    every = kept_plans.latest_comparisons()
    mine = [one for one in every if version.pk in (one.commissioner_version_id, one.provider_version_id)]
    return all(one.signatures.filter(role=SYSTEM).exists() for one in mine)
