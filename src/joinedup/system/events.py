"""Recording what is believed of a change event, and carrying out one that is in force.

What an event does follows from its kind (rules: governance C1, C2): bodies close and open, names, codes and legal
forms change, functions and small areas move. Nothing else closes or opens a body.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Q

from joinedup.errors import RuleError
from joinedup.system.change import CERTAINTIES, CLOSING, OPENING, Share, check_event
from joinedup.system.facts import Basis, Days, end, state, state_all
from joinedup.system.models import (
    PARTITIONS,
    Area,
    Body,
    ChangeEvent,
    ContactPoint,
    EventBelief,
    EventParty,
    EventShare,
    FunctionOwner,
    Identifier,
    Link,
    Name,
    Part,
    PostStanding,
    Serving,
    Site,
    SmallArea,
    Standing,
)
from joinedup.system.periods import PartialDate

# What ends with a body. Its names stay: that is what it was called. Its people are placed by the transition's own act.
ENDS_WITH_A_BODY = (Standing, Identifier, ContactPoint, Site, PostStanding)


def believe(
    event: ChangeEvent,
    certainty: str,
    effective: PartialDate,
    originals: Sequence[Body],
    results: Sequence[Body],
    basis: Basis,
    *,
    shares: Sequence[Share] = (),
    instrument: str = "",
    detail: Mapping[str, Any] | None = None,
    carried_out_at: datetime | None = None,
) -> EventBelief:
    """Record what is believed of an event from `basis.known_at` on; carry it out when that is `in_force`.

    What it changes is known from `carried_out_at` on, where that is given. The belief held until then stays readable.
    Raises RuleError for a wrong arity, shares that do not sum to 1, an unknown certainty, an event already in force,
    or knowledge older than what is stored.
    """
    if certainty not in CERTAINTIES:
        raise RuleError(f"'{certainty}' is no certainty; expected one of {', '.join(CERTAINTIES)}.")
    by_key = {body.key: body for body in (*originals, *results)}
    check_event(event.kind, [b.key for b in originals], [b.key for b in results], shares)
    held = event.beliefs.select_for_update().filter(known__endswith__isnull=True).first()
    if held is not None:
        if held.certainty == "in_force":
            raise RuleError(f"{event.key} is in force already; a further change is an event of its own.")
        if held.known.lower >= basis.known_at:
            raise RuleError(f"{event.key}: something later is known already, since {held.known.lower:%Y-%m-%d}.")
        held.known = DateTimeTZRange(held.known.lower, basis.known_at)
        held.save(update_fields=["known"])
    belief = EventBelief.objects.create(
        event=event,
        known=DateTimeTZRange(basis.known_at, None),
        effective_on=effective.earliest,
        precision=effective.precision,
        certainty=certainty,
        instrument=instrument,
        detail=dict(detail or {}),
        source=basis.source,
        to_confirm=basis.to_confirm,
        note=basis.note,
        recorded_by=basis.recorded_by,
    )
    EventParty.objects.bulk_create(
        [EventParty(belief=belief, body=body, side="original") for body in originals]
        + [EventParty(belief=belief, body=body, side="result") for body in results]
    )
    EventShare.objects.bulk_create(
        EventShare(
            belief=belief,
            original=by_key[s.original],
            result=by_key[s.result],
            basis=s.basis,
            weight=s.weight,
        )
        for s in shares
    )
    if certainty == "in_force":
        _carry_out(
            event, belief, originals, results, effective, replace(basis, known_at=carried_out_at or basis.known_at)
        )
    return belief


def _carry_out(
    event: ChangeEvent,
    belief: EventBelief,
    originals: Sequence[Body],
    results: Sequence[Body],
    effective: PartialDate,
    basis: Basis,
) -> None:
    basis = Basis(basis.known_at, basis.source, basis.recorded_by, event, basis.to_confirm)
    detail, days = belief.detail, Days(effective)
    if event.kind in OPENING:
        for body in results:
            form = detail.get("results", {}).get(body.key)
            if form is None:
                raise RuleError(f"{event.key}: the kind and legal form of {body.key} are missing from the event.")
            state(Standing, {"body": body}, form, days, basis)
    if event.kind in CLOSING:
        _close(event, originals, results, effective, basis)
    match event.kind:
        case "rename":
            _rename(results[0], detail["name"], days, basis)
        case "recode":
            state(Identifier, {"scheme": detail["scheme"], "code": detail["old"]}, None, days, basis)
            about = {"scheme": detail["scheme"], "code": detail["new"]}
            state(Identifier, about, {"body": results[0], "area": None}, days, basis)
        case "redesignate":
            _redesignate(results[0], detail, effective, days, basis)
        case "transfer_function":
            owned = FunctionOwner.objects.filter(
                body=originals[0], known__contains=basis.known_at, valid__contains=effective.earliest
            )
            _move_functions(event, owned.filter(function__in=detail["functions"]), results, detail, days, basis)
        case "boundary_change":
            _move_boundary(detail, days, basis)


def _rename(body: Body, name: str, days: Days, basis: Basis) -> None:
    state(Name, {"body": body, "area": None, "person": None, "role": "official"}, {"name": name}, days, basis)


def _redesignate(body: Body, detail: Mapping[str, Any], effective: PartialDate, days: Days, basis: Basis) -> None:
    before = Standing.objects.filter(
        body=body, known__contains=basis.known_at, valid__contains=effective.earliest
    ).first()
    if before is None:
        raise RuleError(f"{body.key} does not exist on {effective}; it cannot be given another standing.")
    form = {"sector": before.sector, "legal_form": before.legal_form, **detail["becomes"]}
    state(Standing, {"body": body}, form, days, basis)
    if detail.get("name"):
        _rename(body, detail["name"], days, basis)


def _close(
    event: ChangeEvent, originals: Sequence[Body], results: Sequence[Body], effective: PartialDate, basis: Basis
) -> None:
    days = Days(effective)
    moving = FunctionOwner.objects.filter(
        body__in=originals, known__contains=basis.known_at, valid__contains=effective.earliest
    )
    _move_functions(event, moving, results, {}, days, basis)
    for model in ENDS_WITH_A_BODY:
        end(model, Q(body__in=originals), effective, basis)
    served = end(Serving, Q(body__in=originals), effective, basis)
    end(Link, Q(body__in=originals) | Q(to__in=originals), effective, basis)
    if len(results) == 1 and event.kind in {"merge", "absorb"}:  # The area of a merged body is the union (V4).
        heirs = {(serving.area_id, serving.role): serving for serving in served}.values()
        wanted = [({"body": results[0], "area": s.area, "role": s.role}, {"share": None}, days) for s in heirs]
        state_all(Serving, wanted, basis)


def _move_functions(
    event: ChangeEvent, owned: Any, results: Sequence[Body], detail: Mapping[str, Any], days: Days, basis: Basis
) -> None:
    """Give each function a new owner: the only receiver, else the receiver that serves the function's area."""
    for ownership in owned.select_related("function", "area", "body"):
        receivers = list(results)
        if len(receivers) > 1:
            serving = Serving.objects.filter(
                body__in=results, area=ownership.area, known__contains=basis.known_at,
                valid__contains=days.start.earliest,
            )  # fmt: skip
            receivers = [serving_row.body for serving_row in serving.select_related("body")]
        if len(receivers) != 1:
            raise RuleError(
                f"{event.key} leaves the function '{ownership.function.title}' of {ownership.body.key} "
                f"{'without an owner' if not receivers else 'with several owners'}. "
                "Transfer it by an event of its own before this one is in force."
            )
        about = {"function": ownership.function, "area": ownership.area}
        state(FunctionOwner, about, {"body": receivers[0]}, days, basis)


def small_areas_of(cells: Sequence[Mapping[str, str]]) -> Q:
    """Answer the condition that picks the small areas of cells, each a council × sub-ICB location × CCG of 2021."""
    where = Q(pk__in=[])
    for cell in cells:
        where |= Q(council=cell["council"], sub_icb=cell["sub_icb"], ccg_2021=cell["ccg_2021"])
    return where & Q(retired_at__isnull=True)


def _move_boundary(detail: Mapping[str, Any], days: Days, basis: Basis) -> None:
    small_areas = list(SmallArea.objects.filter(small_areas_of(detail["cells"])))
    if not small_areas:
        raise RuleError("The boundary change names no small area that is loaded.")
    for area in Area.objects.filter(key__in=[detail["from_area"]] if detail.get("from_area") else []):
        end(Part, Q(area=area, small_area__in=small_areas), days.start, basis)
    for area in Area.objects.filter(key=detail["to_area"]):
        partition = PARTITIONS.get(area.kind)
        if partition is not None:  # In its old area of the same kind each small area ends as it enters the new one.
            elsewhere = Q(partition=partition, small_area__in=small_areas) & ~Q(area=area)
            end(Part, elsewhere, days.start, basis)
        says = {"weight": 1, "partition": partition}
        state_all(Part, [({"area": area, "small_area": s}, says, days) for s in small_areas], basis)
