"""Plans as they are kept: versions, comparisons, gaps and documents read back as the rules' own values."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from sys import intern
from typing import Any

from django.db import connection

from joinedup.errors import NotFound, RuleError, Unavailable
from joinedup.planning.models import (
    Comparison,
    ComparisonGap,
    Document,
    Gap,
    GapStep,
    Plan,
    Version,
    VersionSignature,
    VersionStep,
)
from joinedup.planning.plans.documents import PlanDocument, Section, document_kind, document_kinds
from joinedup.planning.plans.plan_lines import Code, Number, PlanLine, year_before
from joinedup.planning.plans.versions import Person, PlanVersion, Signature, content_hash, plain
from joinedup.planning.triangulation.disagreements import Disagreement
from joinedup.planning.triangulation.pairing import Pair
from joinedup.planning.triangulation.resolution import Gap as OpenGap, resolve

HANDED_IN = ("submitted", "reconciling", "agreed", "signed")
_COLUMNS = "kind, commissioner, provider, service, pod, period, measure, unit, value, place, of"
_AMOUNTS = ("commissioner_value", "provider_value", "commissioner_of", "provider_of")


def write_lines(version: Version, lines: Sequence[PlanLine]) -> None:
    """Write a new version's lines by COPY, in the open transaction, in the order of their keys: so they are read again.

    What comes sorted is sorted in no time, and comparing plans sorts all their lines, four times.
    """
    lines = sorted(lines, key=lambda line: line[:8])
    with connection.cursor() as cursor, cursor.copy(f"COPY planning_line (version_id, {_COLUMNS}) FROM STDIN") as copy:  # type: ignore[attr-defined]
        for line in lines:
            copy.write_row((version.pk, *line))


def lines_of(version: Version) -> list[PlanLine]:
    """Answer the lines of a version; whole figures are ints."""
    with connection.cursor() as cursor:
        # Trimmed by the server: a figure without decimals comes back as the whole number that was written.
        cursor.execute(
            "SELECT kind, commissioner, provider, service, pod, period, measure, unit, trim_scale(value)::text, place, "
            "trim_scale(of)::text FROM planning_line WHERE version_id = %s",
            [version.pk],
        )
        rows = cursor.fetchall()
    # A plan says the same few codes on every line: as one text each they are compared and kept a good deal faster.
    return [
        PlanLine._make((*map(intern, row[:8]), _number(row[8]), intern(row[9]), row[10] and _number(row[10])))
        for row in rows
    ]


def state_of(version: Version, known_at: datetime | None = None) -> str:
    """Answer the state of a version, now or as it was known at an instant."""
    return states_of([version], known_at)[version.pk]


def states_of(versions: Iterable[Version], known_at: datetime | None = None) -> dict[int, str]:
    """Answer what `state_of` answers for each of these versions, by its id."""
    found = {one.pk: "draft" for one in versions}
    steps = VersionStep.objects.filter(version__in=found)
    if known_at is not None:
        steps = steps.filter(at__lte=known_at)
    return found | dict(steps.order_by("pk").values_list("version", "state"))


def version_of(number: int) -> Version:
    """Answer a kept version by its id; NotFound where there is none."""
    found = Version.objects.select_related("plan").filter(pk=number).first()
    if found is None:
        raise NotFound(f"There is no version {number} of any plan. joinedup plan list shows them.")
    return found


def latest(owner: Code, side: str, year: str, *, states: Sequence[str] = ()) -> Version:
    """Answer the newest version of a plan, of those in the states asked for; NotFound where there is none."""
    for version in newest_of(Plan.objects.filter(owner=owner, side=side, year=year), states=states).values():
        return version
    said = f" that is {' or '.join(states)}" if states else ""
    raise NotFound(f"There is no plan of {owner} as the {side} for {year}{said}. joinedup plan list shows them.")


def newest_of(
    plans: Iterable[Plan], *, states: Sequence[str] = (), known_at: datetime | None = None
) -> dict[int, Version]:
    """Answer the newest version of each of these plans, by the plan's id, of those in the states asked for.

    With `known_at` the versions and states are those that were known then. A plan without one is left out.
    """
    kept = Version.objects.select_related("plan").filter(plan__in=plans).order_by("-number")
    versions = list(kept if known_at is None else kept.filter(at__lte=known_at))
    states_then = states_of(versions, known_at)
    found: dict[int, Version] = {}
    for version in versions:
        if not states or states_then[version.pk] in states:
            found.setdefault(version.plan_id, version)
    return found


def first_sent(plan: Plan) -> datetime | None:
    """Answer when a plan was first handed in: what a settlement or a correction changes later does not make it late."""
    step = VersionStep.objects.filter(version__plan=plan, state="submitted").order_by("pk").first()
    return step.at if step else None


def plan_version(version: Version, *, check: bool = True) -> PlanVersion:
    """Answer a kept version with its lines. Unavailable when the lines are not those that were handed in."""
    lines = lines_of(version)
    plan = version.plan
    if check and content_hash(lines) != version.content_hash:
        raise Unavailable(f"The lines of version {version.pk} are not those that were handed in. Restore a backup.")
    return PlanVersion(
        plan.owner, plan.side, plan.year, version.number, tuple(lines), version.template, version.template_version,
        state_of(version),
    )  # fmt: skip


def plan_before(version: Version) -> Version | None:
    """Answer the newest version that was handed in of the same body's plan of the year before; None without one."""
    return plans_before([version]).get(version.pk)


def plans_before(versions: Sequence[Version]) -> dict[int, Version]:
    """Answer what `plan_before` answers for each of these versions, by its id; those without one are left out."""
    wanted = {one.pk: (one.plan.owner, one.plan.side, year_before(one.plan.year)) for one in versions}
    plans = Plan.objects.filter(
        owner__in={owner for owner, _, _ in wanted.values()}, year__in={year for _, _, year in wanted.values()}
    )
    newest = newest_of(plans, states=HANDED_IN).values()
    of_plan = {(one.plan.owner, one.plan.side, one.plan.year): one for one in newest}
    return {number: of_plan[plan] for number, plan in wanted.items() if plan in of_plan}


def comparison_of(number: int) -> Comparison:
    """Answer a kept comparison by its id; NotFound where there is none."""
    found = (
        Comparison.objects.select_related("commissioner_version__plan", "provider_version__plan")
        .filter(pk=number)
        .first()
    )
    if found is None:
        raise NotFound(f"There is no comparison {number}. joinedup plan check makes one.")
    return found


def latest_comparisons(year: str | None = None) -> list[Comparison]:
    """Answer the newest comparison of each pair of plans, of a year or of all."""
    every = Comparison.objects.select_related("commissioner_version__plan", "provider_version__plan").order_by("pk")
    if year is not None:
        every = every.filter(provider_version__plan__year=year)
    found = {(one.commissioner_version.plan_id, one.provider_version.plan_id): one for one in every}
    return sorted(found.values(), key=lambda one: one.pk)


def gaps_of(comparison: Comparison, *, known_at: datetime | None = None) -> list[tuple[Gap, OpenGap]]:
    """Answer the gaps that a comparison found, each as kept and as it stands now or stood by what was known then."""
    return gaps_of_each([comparison], known_at=known_at)[comparison.pk]


def gaps_of_each(
    comparisons: Iterable[Comparison], *, known_at: datetime | None = None
) -> dict[int, list[tuple[Gap, OpenGap]]]:
    """Answer what `gaps_of` answers for each of these comparisons, by its id."""
    found: dict[int, list[tuple[Gap, OpenGap]]] = {one.pk: [] for one in comparisons}
    rows = ComparisonGap.objects.filter(comparison__in=found).select_related("gap").prefetch_related("gap__steps")
    for row in rows.order_by("gap_id"):
        found[row.comparison_id].append((row.gap, standing(row.gap, known_at=known_at)))
    return found


def standing(row: Gap, *, known_at: datetime | None = None) -> OpenGap:
    """Answer a kept gap after all its acts, or after those known at an instant."""
    gap = OpenGap(
        str(row.pk), disagreement_of(row), row.owner, row.opened, row.due, row.escalate_on,
    )  # fmt: skip
    for step in sorted(row.steps.all(), key=lambda one: one.pk):
        if known_at is None or step.at <= known_at:
            person = Person(step.by, step.body, step.role)
            values = values_in(step)
            gap = resolve(
                gap, step.action, by=person, on=step.on, values=values, reason=step.reason, expires=step.expires
            )
    return gap


def values_in(step: GapStep) -> dict[str, Any]:
    """Answer the values of a kept act with their types: days are days, figures are numbers."""
    found: dict[str, Any] = {}
    for name, text in step.values.items():
        if name == "due":
            found[name] = date.fromisoformat(text)
        elif name in ("value", "commissioner", "provider"):
            found[name] = _number(text)
        else:
            found[name] = text
    return found


def values_out(values: Mapping[str, Any]) -> dict[str, str]:
    """Answer the values of an act as text, for keeping; RuleError for a figure that is no exact number."""
    found = {}
    for name, value in values.items():
        if isinstance(value, date | str):
            found[name] = str(value)
        elif isinstance(value, int | Decimal) and not isinstance(value, bool):
            found[name] = plain(value)
        else:
            raise RuleError(f"MD6: {name} is {value!r}; expected an int, a Decimal, a day or a text.")
    return found


def documents_of(system: Code) -> list[PlanDocument]:
    """Answer every document that a system owes, as it stands now."""
    return [document_of(kind, system) for kind in document_kinds()]


def thread_of(disagreement: Disagreement, year: str) -> str:
    """Answer a digest of what is disagreed on and of both figures."""
    pair = disagreement.pair
    reason = disagreement.reason if disagreement.reason in ("year", "material") else "line"
    parts = [reason, year, *map(str, pair[:8]), *(_said(getattr(pair, name)) for name in _AMOUNTS)]
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


def pair_out(pair: Pair) -> dict[str, Any]:
    """Answer a pair for keeping, numbers as text."""
    return pair._asdict() | {
        name: None if getattr(pair, name) is None else plain(getattr(pair, name)) for name in _AMOUNTS
    }


def disagreement_of(row: Gap) -> Disagreement:
    """Answer what a kept gap is about."""
    said = dict(row.pair)
    for name in _AMOUNTS:
        said[name] = None if said[name] is None else _number(said[name])
    return Disagreement(
        row.reason, Pair(**said), _number(plain(row.gap)), _number(plain(row.tolerance)), row.money_pence,
        row.is_material,
    )  # fmt: skip


def signatures_of(comparison: Comparison) -> list[Signature]:
    """Answer the signatures given for a comparison, the first first."""
    rows: Iterable[VersionSignature] = comparison.signatures.select_related("version__plan").order_by("pk")
    return [
        Signature(name_of(one.version), one.body, one.role, one.by, one.content_hash, one.reconciliation, one.at)
        for one in rows
    ]


def name_of(version: Version) -> str:
    """Answer the name that a version bears in signatures and messages."""
    plan = version.plan
    return PlanVersion(plan.owner, plan.side, plan.year, version.number, ()).name


def document_of(kind: str, system: Code, *, known_at: datetime | None = None) -> PlanDocument:
    """Answer a document as it stands now, or as it was known at an instant; an empty one when nothing was written."""
    document_kind(kind)
    found = Document.objects.filter(kind=kind, system=system).first()
    sections: dict[str, Section] = {}
    approvals: dict[str, date] = {}
    adopted: set[Code] = set()
    sent: dict[str, datetime] = {}
    for entry in found.entries.order_by("pk") if found else ():
        if known_at is not None and entry.at > known_at:
            continue
        if entry.what == "section":
            before = sections.get(entry.key, Section())
            sections[entry.key] = Section(entry.text or before.text, entry.owner or before.owner)
        elif entry.what == "approval":
            approvals[entry.key] = date.fromisoformat(entry.text)
        elif entry.what == "adoption":
            adopted.add(entry.key)
        else:
            sent.setdefault(entry.key, entry.at)
    return PlanDocument(kind, system, sections, approvals, frozenset(adopted), sent)


def _number(text: str) -> Number:
    return Decimal(text) if "." in text else int(text)


def _said(value: Number | None) -> str:
    return "" if value is None else plain(value)
