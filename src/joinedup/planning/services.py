"""The acts of planning: hand in a plan, submit it, compare two, settle what they disagree on, waive, sign; documents.

Each checks its grant, works in one transaction, and records the act in it. Whoever holds a role in one body acts for
that body only.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.db import transaction

from joinedup import __version__
from joinedup.access import record
from joinedup.errors import NotFound, Refused, RuleError
from joinedup.moment import now
from joinedup.planning.models import (
    Comparison,
    ComparisonGap,
    Gap,
    GapStep,
    Plan,
    Version,
    VersionStep,
)
from joinedup.planning.parameters import ParameterSet
from joinedup.planning.plans import kept_plans, templates_in
from joinedup.planning.plans.dated_codes import DatedCodes
from joinedup.planning.plans.deadlines import bank_holidays
from joinedup.planning.plans.plan_lines import Code, PlanLine, first_day
from joinedup.planning.plans.versions import Person, PlanVersion, content_hash, edit, move
from joinedup.planning.system_parameters import system_parameters
from joinedup.planning.triangulation.crosswalks import Crosswalks, planning_crosswalks
from joinedup.planning.triangulation.disagreements import Disagreement, TriangulationReport, triangulate as compare
from joinedup.planning.triangulation.pairing import pair_lines
from joinedup.planning.triangulation.resolution import (
    ADJUSTMENTS,
    PROPOSALS,
    Gap as OpenGap,
    gap_id,
    is_settled,
    open_gap,
    resolve,
)
from joinedup.planning.triangulation.tolerances import tolerance_set

if TYPE_CHECKING:
    from joinedup.access import Grant

SUBMIT, RESOLVE, SIGN = "planning.submit", "planning.resolve", "planning.sign"
_TOLERANCES = ("abs_tol", "rel_tol", "money_p", "rel_year", "points")


def import_plan(
    grant: Grant,
    path: Path | str,
    *,
    template: str,
    owner: Code,
    codes: DatedCodes,
    year: str | None = None,
    blank: str = "error",
) -> Version:
    """Take a filled template in as the next version of its owner's plan, a draft. TemplateError keeps nothing of it."""
    grant.must_be_for(SUBMIT)
    must_act_for(grant, owner)
    plan = templates_in.import_plan(path, template=template, owner=owner, codes=codes, year=year, blank=blank)
    return store_plan(grant, plan, file=Path(path).name)


def store_plan(grant: Grant, plan: PlanVersion, *, file: str = "") -> Version:
    """Keep a draft as the next version of its owner's plan; LineError or DuplicateLine for lines that cannot be."""
    grant.must_be_for(SUBMIT)
    must_act_for(grant, plan.owner)
    draft = edit(plan, plan.lines)
    with transaction.atomic():
        kept, _ = Plan.objects.get_or_create(
            owner=draft.owner, side=draft.side, year=draft.year,
            defaults={"by": grant.actor_id, "at": datetime.now(UTC)},
        )  # fmt: skip
        return keep_version(
            grant, kept, draft.lines, template=draft.template, template_version=draft.template_version, file=file
        )


def submit(grant: Grant, version_id: int) -> Version:
    """Say a draft to all partners; from then on it does not change, and earlier versions are superseded.

    RuleError for a draft that is older than what was submitted since.
    """
    grant.must_be_for(SUBMIT)
    version = kept_plans.version_of(version_id)
    must_act_for(grant, version.plan.owner)
    with transaction.atomic():
        Plan.objects.select_for_update().get(pk=version.plan_id)
        put_submitted(grant, version)
    return version


def triangulate(
    grant: Grant,
    commissioner_version: int,
    provider_version: int,
    *,
    as_of: date | None = None,
    parameters: ParameterSet | None = None,
    crosswalks: Crosswalks | None = None,
) -> tuple[Comparison, TriangulationReport]:
    """Compare two submitted versions and keep what came; a gap with the same figures as before stays the same gap.

    `as_of` (today) is the day for codes and crosswalks; tolerances hold on the first day of the plans' year. A gap
    whose figures changed while it was open keeps its dates: changing a figure does not win time.
    """
    grant.must_be_for(RESOLVE)
    today = now().valid_on
    versions = [kept_plans.version_of(one) for one in (commissioner_version, provider_version)]
    with transaction.atomic():
        for one in sorted({one.plan_id for one in versions}):
            Plan.objects.select_for_update().get(pk=one)
        holding = parameters or system_parameters()
        with _no_collection():
            ours, theirs = (kept_plans.plan_version(one) for one in versions)
            for one in (ours, theirs):
                if one.state not in kept_plans.HANDED_IN:
                    raise RuleError(f"MD3: {one.name} is {one.state}; only what was submitted is compared.")
            tol = tolerance_set(holding, first_day(ours.year))
            pairs = pair_lines(ours, theirs, crosswalks or planning_crosswalks(), as_of=as_of or today)
            report = compare(pairs, tol)
        at = datetime.now(UTC)
        comparison = Comparison.objects.create(
            commissioner_version=versions[0], provider_version=versions[1], as_of=as_of or today,
            inputs_hash=report.hash, parameter_ids=list(tol.parameter_ids), code_version=__version__,
            tolerances={name: str(getattr(tol, name)) for name in _TOLERANCES},
            counts=_counts(report), by=grant.actor_id, at=at,
        )  # fmt: skip
        _keep_gaps(grant, comparison, report.disagreements, ours.year, today, at, holding)
        for version in versions:
            if kept_plans.state_of(version) in ("submitted", "agreed"):
                put_step(grant, version, "reconciling")
        details = {"hash": report.hash, **_counts(report)}
        record(grant, "planning.triangulate", f"comparison:{comparison.pk}", details=details)
    return comparison, report


def assign(grant: Grant, gap: int, *, acting_for: Code, owner: Code = "", due: date | None = None) -> Gap:
    """Say who settles a gap, and by when."""
    values = ({"owner": owner} if owner else {}) | ({"due": due} if due else {})
    return _act(grant, gap, "assign", acting_for, values)


def propose(
    grant: Grant,
    gap: int,
    proposal: str,
    *,
    acting_for: Code,
    values: Mapping[str, Any] | None = None,
    reason: str = "",
    expires: date | None = None,
) -> Gap:
    """Propose how a gap is settled; it counts as accepted by the proposer's side.

    New figures are tried on the plans: RuleError where one is already what is proposed, LineError for one that no line
    can have.
    """
    if proposal not in PROPOSALS:
        raise RuleError(f"MD6: '{proposal}' is no proposal; expected one of {', '.join(PROPOSALS)}.")
    return _act(grant, gap, proposal, acting_for, values, reason, expires)


def accept(grant: Grant, gap: int, *, acting_for: Code) -> Gap:
    """Accept what the other side proposed. Where both have, figures are adjusted as agreed, and the gap is closed.

    Each side whose figure changes gets a new version of its plan, submitted, and compared at once (`adjusting`).
    """
    return _act(grant, gap, "accept", acting_for)


def reject(grant: Grant, gap: int, *, acting_for: Code, reason: str) -> Gap:
    """Reject what the other side proposed, and say why."""
    return _act(grant, gap, "reject", acting_for, reason=reason)


def escalate(grant: Grant, gap: int, *, acting_for: Code, reason: str) -> Gap:
    """Hand a gap up to the system to decide."""
    return _act(grant, gap, "escalate", acting_for, reason=reason)


def arbitrate(grant: Grant, gap: int, *, acting_for: Code, decision_id: str, reason: str) -> Gap:
    """Settle an escalated gap by a decision. It needs leave to sign.

    Raises NoPlanAuthority for a decision of which planning was given another authority than for this gap.
    """
    from joinedup.planning.plans.decided import check_plan_authority

    grant.must_be_for(SIGN)
    check_plan_authority(decision_id, gap, now().valid_on)
    return _act(grant, gap, "arbitrate", acting_for, {"decision_id": decision_id}, reason, permission=SIGN)


def close(grant: Grant, gap: int, *, acting_for: Code) -> Gap:
    """Say that what was agreed has been done."""
    return _act(grant, gap, "close", acting_for)


# --- parts of acts, for those who checked the grant and opened the transaction ----------------------------------------


def keep_version(
    grant: Grant,
    plan: Plan,
    lines: Sequence[PlanLine],
    *,
    template: str = "",
    template_version: int = 0,
    file: str = "",
    act: str = "planning.import",
    details: Mapping[str, Any] | None = None,
) -> Version:
    """Keep lines as the next version of a plan, a draft; `file` says where they come from."""
    Plan.objects.select_for_update().get(pk=plan.pk)  # One version after the other.
    at = datetime.now(UTC)
    last = plan.versions.order_by("-number").first()
    version = Version.objects.create(
        plan=plan, number=last.number + 1 if last else 1, template=template, template_version=template_version,
        content_hash=content_hash(lines), lines_count=len(lines), file=file, by=grant.actor_id, at=at,
    )  # fmt: skip
    VersionStep.objects.create(version=version, state="draft", by=grant.actor_id, at=at)
    kept_plans.write_lines(version, lines)
    said = {"number": version.number, "lines": version.lines_count, "hash": version.content_hash}
    record(grant, act, f"plan:{version.pk}", details={**said, **(details or {})})
    return version


def put_submitted(grant: Grant, version: Version) -> None:
    """Move a draft to submitted, and what was submitted of its plan before to superseded."""
    others = version.plan.versions.exclude(pk=version.pk).order_by("number")
    newer = next((one for one in others if one.number > version.number and kept_plans.state_of(one) != "draft"), None)
    if newer is not None:
        raise RuleError(
            f"MD3: version {newer.number} of this plan was submitted since version {version.number} was made. Take "
            "that one as a filled template, change it, and hand it in."
        )
    move(kept_plans.plan_version(version), "submitted")
    for earlier in others:
        if kept_plans.state_of(earlier) in kept_plans.HANDED_IN:
            put_step(grant, earlier, "superseded")
    put_step(grant, version, "submitted")
    record(grant, "planning.submit", f"plan:{version.pk}", details={"hash": version.content_hash})


# --- inside ---------------------------------------------------------------------------------------------------------


def _act(
    grant: Grant,
    gap: int,
    action: str,
    acting_for: Code,
    values: Mapping[str, Any] | None = None,
    reason: str = "",
    expires: date | None = None,
    *,
    permission: str = RESOLVE,
) -> Gap:
    grant.must_be_for(permission)
    must_act_for(grant, acting_for)
    from joinedup.planning.triangulation import adjusting

    with transaction.atomic():
        found = Gap.objects.filter(pk=gap).first()
        if found is None:
            raise NotFound(f"There is no gap {gap}. joinedup plan check lists them.")
        if action == "accept":
            adjusting.lock_plans(found)  # Before the gap, as whoever compares plans does.
        row = Gap.objects.select_for_update().get(pk=gap)
        person = Person(grant.actor_id, acting_for, grant.role or "")
        after = _step(grant, row, kept_plans.standing(row), action, person, dict(values or {}), reason, expires)
        if action in ADJUSTMENTS:
            adjusting.changed_lines(row, action, dict(values or {}))
        proposal = after.proposal
        if action == "accept" and after.state == "accepted" and proposal and proposal.action in ADJUSTMENTS:
            made = adjusting.carry_out(grant, row, proposal.action, dict(proposal.values))
            _step(grant, row, after, "close", person, made)
    return row


def _step(
    grant: Grant,
    row: Gap,
    gap: OpenGap,
    action: str,
    person: Person,
    values: dict[str, Any],
    reason: str = "",
    expires: date | None = None,
) -> OpenGap:
    on = now().valid_on
    after = resolve(gap, action, by=person, on=on, values=values, reason=reason, expires=expires)
    GapStep.objects.create(
        gap=row, action=action, body=person.body, role=person.role, on=on, reason=reason.strip(),
        values=kept_plans.values_out(values), expires=expires, by=grant.actor_id, at=datetime.now(UTC),
    )  # fmt: skip
    record(grant, f"planning.{action}", f"gap:{row.pk}", details={"state": after.state, "body": person.body})
    return after


@contextmanager
def _no_collection() -> Iterator[None]:
    """Let Python not look for garbage meanwhile: half a million lines and pairs hold none, and it would ask each."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _keep_gaps(
    grant: Grant,
    comparison: Comparison,
    found: tuple[Disagreement, ...],
    year: str,
    today: date,
    at: datetime,
    parameters: ParameterSet,
) -> None:
    threads = {kept_plans.thread_of(one, year): one for one in found}
    kept = {row.thread: row for row in Gap.objects.filter(thread__in=threads)}
    opened_before: dict[str, Gap] = {}
    keys = [gap_id(one) for one in found]
    for row in Gap.objects.filter(key__in=keys).prefetch_related("steps").order_by("pk"):
        if not is_settled(kept_plans.standing(row), today):
            opened_before.setdefault(row.key, row)
    days = [int(parameters.number(name, today)) for name in ("resolution.due", "resolution.escalate")]
    holidays = bank_holidays()
    new = []
    for thread, one in threads.items():
        if thread in kept:
            continue
        gap = open_gap(one, on=today, holidays=holidays, due_days=days[0], escalate_days=days[1])
        before = opened_before.get(gap.id)
        source = before or gap
        new.append(
            Gap(
                thread=thread,
                key=gap.id,
                reason=one.reason,
                pair=kept_plans.pair_out(one.pair),
                gap=one.gap,
                tolerance=one.tolerance,
                money_pence=one.money_p,
                is_material=one.is_material,
                owner=gap.owner,
                opened=source.opened,
                due=source.due,
                escalate_on=source.escalate_on,
                by=grant.actor_id,
                at=at,
            )
        )
    made = Gap.objects.bulk_create(new, batch_size=5_000)
    ComparisonGap.objects.bulk_create(
        [ComparisonGap(comparison=comparison, gap=row) for row in (*kept.values(), *made)], batch_size=5_000
    )


def _counts(report: TriangulationReport) -> dict[str, int]:
    return {
        "within": len(report.within),
        "outside": len(report.outside),
        "material": len(report.material),
        "one_sided": len(report.one_sided),
        "year": len(report.year),
        "to_settle": len(report.disagreements),
    }


def put_step(grant: Grant, version: Version, state: str) -> None:
    VersionStep.objects.create(version=version, state=state, by=grant.actor_id, at=datetime.now(UTC))


def must_act_for(grant: Grant, body: Code) -> None:
    """Raise Refused when the role behind the grant is held in another body. A role of the system acts for all."""
    if grant.is_service or grant.body_id is None:
        return
    from joinedup.system import as_of

    moment = now()
    if as_of(moment.valid_on, moment.known_at).find(body) != ("body", grant.body_id):
        raise Refused(f"Your role is held in another body than {body}. Ask somebody of {body}.")
