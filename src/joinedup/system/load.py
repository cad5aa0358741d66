"""Storing a checked system file: things, small areas, facts and events, in the order in which they became known."""

from __future__ import annotations

import hashlib
import uuid
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.db import IntegrityError, connection
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import F, ForeignKey, Func, Q, Value

from joinedup.errors import FileError, JoinedupError, RuleError
from joinedup.moment import start_of_day
from joinedup.system.change import CLOSING
from joinedup.system.events import believe, small_areas_of
from joinedup.system.facts import Basis, Days, end, matching, state, state_all
from joinedup.system.models import (
    FACTS,
    PARTITIONS,
    Area,
    Body,
    ChangeEvent,
    EventBelief,
    Function,
    Identifier,
    Part,
    Person,
    Post,
    Serving,
    SmallArea,
    Source,
)
from joinedup.system.periods import PartialDate
from joinedup.system.simulated import small_areas_of_cell
from joinedup.system.system_file import MEND, EventEntry, Stated, SystemFile, read_system_file

_MODELS = {model.__name__: model for model in FACTS}
_THINGS = uuid.uuid5(uuid.NAMESPACE_URL, "urn:joinedup:thing")


@dataclass(slots=True)
class Loaded:
    """What a load did: how many of each were added; nothing when the file was loaded before."""

    system: str
    is_unchanged: bool = False
    added: Counter[str] = field(default_factory=Counter)


def thing_id(kind: str, key: str) -> uuid.UUID:
    """Answer the identity that a thing of this kind and key has in every database."""
    return uuid.uuid5(_THINGS, f"{kind}:{key}")


def store_system_file(path: Path, recorded_by: str) -> Loaded:
    """Read, check and store a system file inside the caller's transaction; a file loaded before changes nothing.

    Raises FileError with the line for anything wrong; the caller's transaction then keeps nothing.
    """
    file = read_system_file(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    key = f"system-file:{file.key}"
    before = Source.objects.filter(key=key).first()
    if before is not None:
        if before.digest == digest:
            return Loaded(file.key, is_unchanged=True)
        raise FileError(
            path.name,
            f"the system '{file.key}' is loaded already, from another version of this file.",
            "Correct single facts with `joinedup system correct`; or load into an empty database.",
            line=1,
        )
    Source.objects.create(key=key, title=f"{file.name} ({path.name})", digest=digest)
    return _Store(path, file, recorded_by).store()


def overlap(file: str, error: IntegrityError, line: int | None = None) -> FileError:
    """Say in the words of the field which constraint of the database a file has hit."""
    name = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None) or "a constraint"
    return FileError(
        file,
        f"two facts overlap where only one can hold ({name.replace('_', ' ')}).",
        "Correct the periods and load it again.",
        line=line,
    )


class _Store:
    def __init__(self, path: Path, file: SystemFile, recorded_by: str) -> None:
        self.path, self.file, self.recorded_by = path, file, recorded_by
        self.loaded = Loaded(file.key)
        self.begun = datetime.now(UTC)
        self.things: dict[tuple[str, str], Any] = {}
        self.sources: dict[str, Source] = {}
        self.ends: dict[str, tuple[PartialDate, datetime]] = {}  # bodies that an event in force closes
        # Set when an import has described something of this file before: what the file says of it is then known
        # from its loading, since it replaces what was believed until now.
        self.replaces_import = False

    def store(self) -> Loaded:
        self._store_sources()
        self._store_things()
        self._store_small_areas()
        for event in self.file.events:
            last = event.beliefs[-1]
            if event.kind in CLOSING and last.certainty == "in_force":
                for body in event.originals:
                    self.ends[body] = (last.effective, last.known_at)
        steps: list[tuple[datetime, int, Any]] = []
        for fact in self.file.facts:
            steps.extend(self._steps_of(fact))
        for event in self.file.events:
            steps.extend((belief.known_at, 2, (event, belief)) for belief in event.beliefs)
        # What became known first is stored first. On one day ends come before what follows them, facts before the
        # events that change them, and a founding before a closing, so that what closes has somewhere to go.
        steps.sort(key=lambda s: (s[0], s[1], _founding_first(s[2])))
        for number, (known_at, _, step) in enumerate(steps):
            if self.replaces_import:  # One microsecond each keeps the order in which things became known.
                known_at = max(known_at, self.begun + timedelta(microseconds=number))
            self._store_step(known_at, step)
        with connection.cursor() as cursor:  # Until the server counts by itself it would read every part for each area.
            cursor.execute("ANALYZE system_part, system_smallarea, system_name, system_identifier, system_serving")
        return self.loaded

    def _store_step(self, known_at: datetime, step: Any) -> None:
        line = (step[0] if isinstance(step[0], EventEntry | Stated) else step[1]).line
        try:
            if isinstance(step[0], EventEntry):
                self._store_belief(*step, known_at)
            else:
                fact, days, ends = step
                self._store_fact(fact, days, known_at, ends)
        except FileError:
            raise
        except JoinedupError as error:
            raise FileError(self.path.name, str(error), MEND, line=line) from error
        except IntegrityError as error:
            raise overlap(self.path.name, error, line) from error

    # --- things

    def _store_sources(self) -> None:
        for key, entry in self.file.sources.items():
            fields = {name: entry.get(name, "") for name in ("title", "publisher", "published", "url", "licence")}
            self.sources[key] = Source.objects.get_or_create(key=f"{self.file.key}:{key}", defaults=fields)[0]

    def _store_things(self) -> None:
        file = self.file
        for key, kind in file.areas.items():
            self._store_thing("area", Area, key, self._codes_of("area", key), kind=kind)
        for key in file.bodies:
            self._store_thing("body", Body, key, self._codes_of("body", key))
        for key in file.people:
            self._store_thing("person", Person, key, [])
        for key in file.posts:
            self._store_thing("post", Post, key, [])
        for key, title in file.functions.items():
            self.things["function", key] = Function.objects.get_or_create(key=key, defaults={"title": title})[0]

    def _codes_of(self, of: str, key: str) -> list[tuple[str, str]]:
        return [
            (fact.about["scheme"], fact.about["code"])
            for fact in self.file.facts
            if fact.model == "Identifier" and fact.says[of] == key
        ]

    def _store_thing(self, of: str, model: type[Any], key: str, codes: list[tuple[str, str]], **fields: Any) -> None:
        """Find the thing by its key, else by a code that it bears (an import may have come first), else make it."""
        found = model.objects.filter(key=key).first()
        if found is None:
            bearers: dict[Any, None] = {}
            for scheme, code in codes:
                for bearer in Identifier.objects.filter(scheme=scheme, code=code, **{f"{of}__isnull": False}):
                    bearers.pop(getattr(bearer, of), None)
                    bearers[getattr(bearer, of)] = None
            found = next(reversed(bearers), None) or (self._imported_council(key) if of == "body" else None)
            if found is not None and ":" in found.key:
                found.key = key
                found.save(update_fields=["key"])
                self.replaces_import = True
                self._merge_imported(of, [bearer for bearer in bearers if bearer != found and ":" in bearer.key])
        if found is None:
            found = model.objects.create(id=thing_id(of, key), key=key, **fields)
            self.loaded.added[model.__name__] += 1
        self.things[of, key] = found

    def _imported_council(self, key: str) -> Body | None:
        """Answer the imported council of the one council area that a council of the file serves, if any."""
        served = [f.about["area"] for f in self.file.facts if f.model == "Serving" and f.about["body"] == key]
        areas = {self.things["area", area] for area in served if self.file.areas[area] == "council"}
        if self.file.bodies[key]["kind"] != "local_authority" or len(areas) != 1:
            return None
        imported = Serving.objects.filter(area__in=areas, role="serves", body__key__startswith="ons:")
        return next((serving.body for serving in imported.select_related("body")), None)

    def _merge_imported(self, of: str, others: list[Any]) -> None:
        """End what was believed of things that the import took for others and that the file says are the same.

        An import makes two areas of the two codes that a partnership and its board had one after the other.
        """
        ended = Func(Func(F("known"), function="lower"), Value(self.begun), function="tstzrange")
        for model in FACTS:
            for column in model._meta.get_fields():
                if isinstance(column, ForeignKey) and column.related_model in {type(other) for other in others}:
                    open_facts = model.objects.filter(**{f"{column.name}__in": others}, known__endswith__isnull=True)
                    open_facts.update(known=ended)

    def _store_small_areas(self) -> None:
        """Make simulated small areas for each cell whose published ones are not there."""
        column = 0
        for cell in self.file.cells.values():
            if SmallArea.objects.filter(small_areas_of([cell])).exists():
                continue
            simulated = small_areas_of_cell(cell, first_column=column)
            column = max(tile.outline["column"] for tile in simulated) + 2
            SmallArea.objects.bulk_create(simulated)
            self.loaded.added["SmallArea"] += len(simulated)

    # --- facts

    def _steps_of(self, fact: Stated) -> list[tuple[datetime, int, Any]]:
        """Answer the steps in which a fact became known: an end that lay ahead became known when it came."""
        to, known_at = fact.to, fact.known_at
        body = fact.about.get("body") or fact.says.get("body") or fact.about.get("works_for")
        closed = self.ends.get(str(body))
        if closed and fact.model != "Name" and to is None:
            # The import has told of the time after a body's end already, so it's not said to go on and ended later.
            is_told = self.replaces_import and fact.model in {"Standing", "Identifier"}
            if known_at >= closed[1] or is_told:
                to = closed[0]
        if self.replaces_import:  # All of it becomes known now, so no end lies ahead.
            return [(known_at, 1, (fact, Days(fact.start, to), False))]
        if to is None:
            return [(known_at, 1, (fact, Days(fact.start), False))]
        if start_of_day(to.earliest) <= known_at:
            return [(known_at, 1, (fact, Days(fact.start, to), False))]
        return [
            (known_at, 1, (fact, Days(fact.start), False)),
            (start_of_day(to.earliest), 0, (fact, Days(to), True)),
        ]

    def _store_fact(self, fact: Stated, days: Days, known_at: datetime, ends: bool) -> None:
        basis = Basis(known_at, self.sources[fact.source], self.recorded_by, None, fact.to_confirm, fact.note)
        if fact.model == "Part":
            area = self.things["area", fact.about["area"]]
            cells = [self.file.cells[key] for key in fact.about["cells"]]
            small_areas = SmallArea.objects.filter(small_areas_of(cells))
            if ends:
                changed = len(end(Part, Q(area=area, small_area__in=small_areas), days.start, basis))
            else:
                says = {"weight": 1, "partition": PARTITIONS.get(area.kind)}
                changed = state_all(Part, [({"area": area, "small_area": s}, says, days) for s in small_areas], basis)
        else:
            model, about, says = _MODELS[fact.model], self._resolved(fact.about), self._resolved(fact.says)
            if ends:  # Only what this fact said: something else may have become known in the meantime.
                changed = len(end(model, matching(about | says), days.start, basis))
            else:
                changed = int(state(model, about, says, days, basis))
        self.loaded.added[fact.model] += changed

    def _resolved(self, values: Mapping[str, Any]) -> dict[str, Any]:
        of = {"to": "body", "parent": "area", "employer": "body", "works_for": "body"}
        return {name: self.things.get((of.get(name, name), value), value) for name, value in values.items()}

    # --- events

    def _store_belief(self, entry: EventEntry, belief: Any, known_at: datetime) -> None:
        event, is_new = ChangeEvent.objects.get_or_create(
            key=entry.key, defaults={"id": thing_id("event", entry.key), "kind": entry.kind}
        )
        if event.kind != entry.kind:
            raise RuleError(f"The event {entry.key} is stored as a {event.kind}; an event keeps its kind.")
        self.loaded.added["ChangeEvent"] += int(is_new)
        detail = {k: v for k, v in entry.detail.items() if k != "functions"}
        if "functions" in entry.detail:
            detail["functions"] = list(entry.detail["functions"])
        if "results" in detail:
            detail["results"] = {self.things["body", k].key: v for k, v in detail["results"].items()}
        for name in ("to_area", "from_area"):
            if name in detail:
                detail[name] = self.things["area", detail[name]].key
        if self.replaces_import and entry.kind in CLOSING:
            self._end_imported_events(entry, known_at)
        believe(
            event,
            belief.certainty,
            belief.effective,
            [self.things["body", key] for key in entry.originals],
            [self.things["body", key] for key in entry.results],
            Basis(belief.known_at, self.sources[belief.source], self.recorded_by, None, belief.to_confirm, belief.note),
            shares=entry.shares,
            instrument=entry.instrument,
            detail=detail,
            carried_out_at=known_at,
        )

    def _end_imported_events(self, entry: EventEntry, known_at: datetime) -> None:
        """Of a change that closes a body the file speaks alone: an imported event of the same is believed no longer."""
        originals = [self.things["body", key] for key in entry.originals]
        imported = EventBelief.objects.filter(
            source__key__startswith="published:", known__endswith__isnull=True,
            parties__side="original", parties__body__in=originals,
        )  # fmt: skip
        for belief in imported.distinct():
            belief.known = DateTimeTZRange(belief.known.lower, known_at)
            belief.save(update_fields=["known"])


def _founding_first(step: Any) -> int:
    order = {"found": 0, "boundary_change": 2, "transfer_function": 3}
    return order.get(step[0].kind, 4) if isinstance(step[0], EventEntry) else 1
