"""The acts of this room. Each checks its grant, works in one transaction, and records the act in it."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.module_loading import import_string

from joinedup.access import Grant, record
from joinedup.errors import NotFound, RuleError, did_you_mean
from joinedup.moment import LONDON
from joinedup.system.change import KINDS, Share
from joinedup.system.events import believe
from joinedup.system.facts import Basis, Days, state
from joinedup.system.kinds import BODY_KINDS, LEGAL_FORMS
from joinedup.system.load import Loaded, overlap, store_system_file, thing_id
from joinedup.system.models import FACTS, Body, ChangeEvent, Fact, Part, Source
from joinedup.system.periods import PartialDate
from joinedup.system.practice_import import PracticesLoaded, store_practices
from joinedup.system.published_import import Imported, OnStep, store_published
from joinedup.system.system_file import read_system_file

SYSTEMS = Path(__file__).with_name("systems")
# What a person may correct one by one, and the columns the form fills. Small areas move by a boundary change.
CORRECTABLE: dict[str, tuple[str, ...]] = {
    "Name": ("name",),
    "ContactPoint": ("value",),
    "Standing": ("kind", "legal_form", "sector"),
    "Serving": ("share",),
    "Link": ("share",),
    "PostStanding": ("title", "category"),
    "Site": ("postcode", "registered_patients"),
}


def systems() -> list[str]:
    """Answer the keys of the systems that joinedup brings along."""
    return sorted(path.stem for path in SYSTEMS.glob("*.toml"))


def is_loaded(key: str) -> bool:
    """Answer whether a system is loaded already, from this or another version of its file."""
    return Source.objects.filter(key=f"system-file:{key}").exists()


def system_file(key_or_path: str) -> Path:
    """Answer the file of a system, by the key of one that comes along or by the path of any; NotFound otherwise."""
    own = SYSTEMS / f"{key_or_path}.toml"
    if own.is_file() and "/" not in key_or_path:
        return own
    path = Path(key_or_path)
    if path.is_file():
        return path
    raise NotFound(
        f"There is no system and no file '{key_or_path}'.{did_you_mean(key_or_path, systems())} "
        f"Give one of {', '.join(systems())}, or the path of a TOML file."
    )


def load_system(path: Path, grant: Grant) -> Loaded:
    """Load a system's TOML file; the same file twice changes nothing. FileError names the line; nothing is kept."""
    grant.must_be_for("system.import")
    with transaction.atomic():
        try:
            loaded = store_system_file(path, grant.actor_id)
        except IntegrityError as error:
            raise overlap(path.name, error) from error
        record(grant, "system.load", f"system:{loaded.system}", details={"added": dict(loaded.added)})
    return loaded


def load_systems_of(codes: Iterable[str], grant: Grant) -> list[str]:
    """Load the systems that joinedup brings along and that name one of these codes; answers their keys."""
    wanted = set(codes)
    loaded = []
    for key in systems():
        file = read_system_file(system_file(key))
        if wanted & {fact.about["code"] for fact in file.facts if fact.model == "Identifier"}:
            load_system(system_file(key), grant)
            loaded.append(key)
    return loaded


def import_published(folder: Path, grant: Grant, on_step: OnStep = lambda what, number, of: None) -> Imported:
    """Import the published files below a folder; the same files twice change nothing. All of it or nothing.

    `on_step` hears of each step as it begins, for a progress bar.
    """
    grant.must_be_for("system.import")
    with transaction.atomic():
        try:
            imported = store_published(folder, grant.actor_id, on_step)
        except IntegrityError as error:
            raise overlap(str(folder), error) from error
        record(grant, "system.import", "system:england", details={"added": dict(imported.added)})
    return imported


def keep_elsewhere(folder: Path, grant: Grant) -> list[str]:
    """Let the rooms that keep more of the published files (weighted populations) take it; answers what they tell.

    Each is registered in settings.KEEPS_PUBLISHED_FILES. None of them stops the import of bodies and areas.
    """
    grant.must_be_for("system.import")
    return [line for path in settings.KEEPS_PUBLISHED_FILES for line in import_string(path)(folder, grant)]


def load_practices(path: Path, grant: Grant, *, is_simulated: bool = False, of: str = "epraccur") -> PracticesLoaded:
    """Load GP practices from a list in the published layout of `epraccur.csv`; what is known already stays as it is.

    `of` names the list: `enonnhs` is that of organisations outside the NHS, in the same layout. They become bodies with
    code, name, site and commissioner from their own dates; the same list again changes nothing. Raises FileError with
    line and field; nothing is then kept.
    """
    grant.must_be_for("system.import")
    with transaction.atomic():
        try:
            loaded = store_practices(path, grant.actor_id, is_simulated=is_simulated, of=of)
        except IntegrityError as error:
            raise overlap(path.name, error) from error
        details = {"added": dict(loaded.added), "listed": loaded.listed, "known": loaded.known}
        record(grant, "system.load-practices", "system:practices", details=details)
    return loaded


def correct(
    grant: Grant,
    fact: str,
    fact_id: int,
    says: Mapping[str, str],
    start: PartialDate,
    to: PartialDate | None,
    reason: str,
) -> None:
    """Say from now on that a fact held otherwise: another value, other days, or both.

    What was believed until now stays readable at its time. `says` holds the columns of `CORRECTABLE[fact]` as text.
    Raises NotFound for a fact that is no longer believed, RuleError for an empty reason or a value that cannot be.
    """
    _change(grant, fact, fact_id, _values(fact, says), Days(start, to), reason)


def withdraw(grant: Grant, fact: str, fact_id: int, reason: str) -> None:
    """Say from now on that a fact never held. What was believed until now stays readable at its time."""
    _change(grant, fact, fact_id, None, None, reason)


def record_event(
    grant: Grant,
    kind: str,
    originals: Sequence[str],
    results: Sequence[str],
    certainty: str,
    effective: PartialDate,
    reason: str,
    *,
    key: str = "",
    shares: Sequence[Share] = (),
    instrument: str = "",
    detail: Mapping[str, Any] | None = None,
) -> ChangeEvent:
    """Record what is believed of a change from now on; an event in force is carried out at once.

    Bodies are named by key. With the `key` of a stored event its belief is renewed: a date that slips, a plan that is
    withdrawn, a change that came. Raises RuleError for a form or shares that the kind does not allow.
    """
    grant.must_be_for("system.correct")
    if kind not in KINDS:
        raise RuleError(
            f"'{kind}' is no kind of change; expected one of {', '.join(KINDS)}.{did_you_mean(kind, KINDS)}"
        )
    with transaction.atomic():
        key = key or f"{kind}-{effective}-{uuid.uuid4().hex[:8]}"
        event, _ = ChangeEvent.objects.get_or_create(key=key, defaults={"id": thing_id("event", key), "kind": kind})
        if event.kind != kind:
            raise RuleError(f"The event {key} is stored as a {event.kind}; an event keeps its kind.")
        if certainty == "in_force":  # Rooms below refuse a change for which somebody prepares and is not ready.
            for path in settings.BEFORE_IN_FORCE:
                import_string(path)(key)
        basis = _basis(grant, reason)
        believe(
            event,
            certainty,
            effective,
            [_body(name) for name in originals],
            [_body(name) for name in results],
            basis,
            shares=shares,
            instrument=instrument,
            detail=detail,
        )
        record(grant, "system.event", f"event:{key}", details={"kind": kind, "certainty": certainty})
    return event


def renew_belief(grant: Grant, key: str, certainty: str, effective: PartialDate, reason: str) -> ChangeEvent:
    """Say from now on how certain a stored event is and when it takes effect; between whom stays as believed.

    A date that slips, a plan that is withdrawn, a change that came: in force, it is carried out at once. What was
    believed until now stays readable. Raises NotFound for an unknown event, RuleError as `record_event` does.
    """
    event = ChangeEvent.objects.filter(key=key).first()
    if event is None:
        keys = ChangeEvent.objects.values_list("key", flat=True)
        raise NotFound(f"There is no change '{key}'.{did_you_mean(key, keys)} joinedup system events --json lists all.")
    held = event.beliefs.get(known__endswith__isnull=True)
    parties = held.parties.select_related("body").order_by("pk")
    return record_event(
        grant,
        event.kind,
        [party.body.key for party in parties if party.side == "original"],
        [party.body.key for party in parties if party.side == "result"],
        certainty,
        effective,
        reason,
        key=key,
        shares=[Share(s.original.key, s.result.key, s.basis, s.weight) for s in held.shares.all()],
        instrument=held.instrument,
        detail=held.detail,
    )


def _change(
    grant: Grant, fact: str, fact_id: int, says: Mapping[str, Any] | None, days: Days | None, reason: str
) -> None:
    grant.must_be_for("system.correct")
    model = _model(fact)
    with transaction.atomic():
        stored = model.objects.select_for_update().filter(pk=fact_id, known__endswith__isnull=True).first()
        if stored is None:
            raise NotFound("This fact is no longer believed: somebody has corrected it. Open the body again.")
        about = {name: getattr(stored, name) for name in model.about}
        held = Days(
            PartialDate(stored.valid.lower, stored.from_precision),
            PartialDate(stored.valid.upper, stored.to_precision) if stored.valid.upper else None,
        )
        basis = _basis(grant, reason)
        if days is None or held.period != days.period:  # Days on which it is no longer said to hold.
            state(model, about, None, held, basis)
        if says is not None and days is not None:
            kept = {name: getattr(stored, name) for name in model.says}
            state(model, about, kept | dict(says), days, basis)
        action = "system.withdraw" if says is None else "system.correct"
        record(grant, action, f"{fact}:{fact_id}", details={"source": basis.source.key})


def _basis(grant: Grant, reason: str) -> Basis:
    if len(reason.strip()) < 10:
        raise RuleError("Give the reason in at least 10 characters: which source says so?")
    at = datetime.now(UTC)
    source = Source.objects.create(
        key=f"correction:{uuid.uuid4()}",
        title=reason.strip(),
        publisher="Correction in joinedup",
        published=at.astimezone(LONDON).date().isoformat(),
    )
    return Basis(at, source, grant.actor_id)


def _model(fact: str) -> type[Fact]:
    models = {model.__name__: model for model in FACTS if model is not Part}
    if fact not in CORRECTABLE:
        raise NotFound(f"'{fact}' is nothing that can be corrected; expected one of {', '.join(CORRECTABLE)}.")
    return models[fact]


def _values(fact: str, says: Mapping[str, str]) -> dict[str, Any]:
    model, values = _model(fact), {}
    for name, text in says.items():
        if name not in CORRECTABLE[fact]:
            raise RuleError(f"{fact} has no '{name}' to correct; expected {', '.join(CORRECTABLE[fact])}.")
        field = model._meta.get_field(name)
        text = (text or "").strip()
        known = {"kind": BODY_KINDS, "legal_form": LEGAL_FORMS}.get(name)
        if known and text not in known:
            raise RuleError(f"'{text}' is no {name}; expected one of {', '.join(known)}.{did_you_mean(text, known)}")
        if not text and not (field.null or field.blank):
            raise RuleError(f"The {name} is empty. To say that the fact never held, withdraw it.")
        try:
            values[name] = field.clean(text, None) if text else (None if field.null else "")
        except ValidationError as error:
            raise RuleError(f"{name}: {' '.join(error.messages)}") from None
        if name == "share" and values[name] is not None and not 0 <= values[name] <= 1:
            raise RuleError(f"A share lies between 0 and 1; given {text}.")
    return values


def _body(key: str) -> Body:
    found = Body.objects.filter(key=key).first()
    if found is None:
        keys = Body.objects.values_list("key", flat=True)
        raise NotFound(f"There is no body '{key}'.{did_you_mean(key, keys)}")
    return found
